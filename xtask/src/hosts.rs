//! The table of hosts in the README: every cell is `yes`, `partly` or `no`, and what it says is tested.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::root;

const PAGE: &str = "README.md";
const HEADING: &str = "## Hosts";
/// Where tests are.
const FOLDERS: [&str; 5] = [
    "examples",
    "host-tests/tests",
    "host/tests",
    "host/src",
    "src",
];
/// What a cell may say.
const WORDS: [&str; 3] = ["yes", "partly", "no"];

/// Fails with every row that names no test, or one that does not exist.
pub(crate) fn check() -> anyhow::Result<()> {
    let page = fs::read_to_string(root().join(PAGE)).context(PAGE)?;
    let mut tests = BTreeSet::new();
    for folder in FOLDERS {
        add_functions(&root().join(folder), &mut tests)?;
    }
    let wrong = mistakes(&page, &tests);
    if !wrong.is_empty() {
        bail!("{PAGE}, {HEADING}:\n  {}", wrong.join("\n  "));
    }
    Ok(())
}

/// What is wrong with the table under the heading: its last column names tests.
fn mistakes(page: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let after = page.split_once(HEADING).map_or("", |(_, after)| after);
    let section = after.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> = rows.map(cells).collect();
    let Some((head, rows)) = rows.split_first() else {
        return vec!["there is no table".to_owned()];
    };
    let mut wrong = Vec::new();
    // The first one underlines the head.
    for row in rows.iter().skip(1) {
        let feature = row.first().copied().unwrap_or_default();
        if row.len() != head.len() || row.len() < 3 {
            wrong.push(format!("{feature}: {} cells", row.len()));
            continue;
        }
        for cell in &row[1..row.len() - 1] {
            let word = cell
                .split([' ', ',', ':', '*'])
                .find(|word| !word.is_empty());
            if !word.is_some_and(|word| WORDS.contains(&word)) {
                wrong.push(format!("{feature}: {cell:?} is none of {WORDS:?}"));
            }
        }
        let named: Vec<&str> = row[row.len() - 1].split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            wrong.push(format!("{feature}: names no test"));
        }
        let missing = named.into_iter().filter(|name| !tests.contains(*name));
        wrong.extend(missing.map(|name| format!("{feature}: there is no test {name}")));
    }
    wrong
}

fn cells(row: &str) -> Vec<&str> {
    let row = row.trim().trim_matches('|');
    row.split('|').map(str::trim).collect()
}

/// Names of the functions in all Rust files of `folder`.
fn add_functions(folder: &Path, names: &mut BTreeSet<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            add_functions(&path, names)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let after = text.lines().filter_map(|line| line.split_once("fn "));
            names.extend(after.filter_map(|(_, rest)| {
                let name = rest
                    .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .next()?;
                Some(name.to_owned())
            }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{check, mistakes};

    #[test]
    fn the_table_of_hosts_names_tests_that_exist() {
        check().unwrap();
    }

    #[test]
    fn rows_without_tests_are_found() {
        let tests = ["a_test", "another"].map(str::to_owned).into();
        let page = |rows: &str| {
            format!(
                "## Hosts\n\n| | a | b | test |\n| --- | --- | --- | --- |\n{rows}\n## More\n| x |"
            )
        };
        let good = page(
            "| f | yes | no | `a_test` |\n| g | partly, two | **yes** | `a_test`, `another` |",
        );
        assert_eq!(mistakes(&good, &tests), Vec::<String>::new());
        let bad =
            page("| f | yes | maybe | `no_test` |\n| g | yes | yes | |\n| h | yes | `a_test` |");
        assert_eq!(mistakes(&bad, &tests).len(), 4);
        assert_eq!(mistakes("nothing", &tests).len(), 1);
    }
}
