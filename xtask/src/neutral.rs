//! The neutrality check: no name of a concrete host occurs in `src/`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::root;

/// Names of hosts, runtimes and their SDKs. Found as whole words or as a part of `snake_case` and versioned words, in any case.
const NAMES: [&str; 8] = [
    "wasi", "wasip1", "wasip2", "wasip3", "spin", "fastly", "wasmtime", "viceroy",
];

/// Fails with every place in `src/` that names a host.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files)?;
    let mut found = Vec::new();
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
        let shown = file.strip_prefix(root()).unwrap_or(&file);
        for (number, name) in places(&String::from_utf8_lossy(&bytes)) {
            found.push(format!("{}:{number}: `{name}`", shown.display()));
        }
    }
    if !found.is_empty() {
        bail!(
            "the logic names a concrete host; move what needs it to adapters/, or say it without the name:\n  {}",
            found.join("\n  ")
        );
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let mut entries = fs::read_dir(folder)
        .with_context(|| format!("can't read {}", folder.display()))?
        .collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Line numbers and names, in order.
fn places(text: &str) -> Vec<(usize, String)> {
    let mut places = Vec::new();
    for (index, line) in text.lines().enumerate() {
        // `_` separates words: `spin_sdk` names Spin as well.
        for word in line.split(|c: char| !c.is_ascii_alphanumeric()) {
            if NAMES.iter().any(|name| word.eq_ignore_ascii_case(name)) {
                places.push((index + 1, word.to_owned()));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn names_are_found_as_words_in_any_case() {
        let text = "// fine\nuse spin_sdk::http;\n// as Fastly does; `wasi:http`\n";
        let expected = [(2, "spin"), (3, "Fastly"), (3, "wasi")];
        assert_eq!(
            places(text),
            expected.map(|(line, name)| (line, name.to_owned()))
        );
    }

    #[test]
    fn parts_of_other_words_are_no_names() {
        assert_eq!(
            places("spinning a spinner, steadfastly; quasi wasiland"),
            []
        );
    }
}
