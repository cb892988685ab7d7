//! The committed files agree with the table of keys: the schema, the documentation, the default and the examples.
//!
//! After a change of the table: `EDGEFOLD_BLESS=1 cargo test -p edgefold --features authoring committed` writes the
//! schema and the tables of the documentation anew.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::authoring::keys::{Default, Key, Kind, Table};
use crate::config::authoring::tables::FILE;
use crate::config::authoring::units::{self, DURATION_UNITS, SIZE_UNITS};
use crate::config::authoring::value::{allowed, default_number};
use crate::config::authoring::{SCHEMA_FILE, compile, import_opml, render, schema};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "asked for by whoever runs the tests"
)]
fn bless() -> bool {
    std::env::var("EDGEFOLD_BLESS").is_ok()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_committed_schema_is_what_is_generated() {
    let file = root().join(SCHEMA_FILE);
    let mut text = serde_json::to_string_pretty(&schema()).unwrap();
    text.push('\n');
    if bless() {
        fs::write(&file, &text).unwrap();
    }
    let committed: Value = serde_json::from_str(&read(&file)).unwrap();
    assert!(
        committed == schema(),
        "{SCHEMA_FILE} is out of date: see the top of this file"
    );
}

fn toml_files() -> Vec<PathBuf> {
    let mut files = vec![root().join("edgefold.toml")];
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    assert!(files.len() >= 4, "{files:?}");
    files
}

#[test]
fn the_committed_files_compile_and_name_the_schema() {
    for file in toml_files() {
        let text = read(&file);
        let name = file.display().to_string();
        compile(&text).unwrap_or_else(|mistakes| panic!("{}", render(&name, &text, &mistakes)));
        let named = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("#:schema "))
            .unwrap();
        let folder = file.parent().unwrap();
        let found = folder.join(named).canonicalize().unwrap();
        assert_eq!(
            found,
            root().join(SCHEMA_FILE).canonicalize().unwrap(),
            "{name}"
        );
    }
}

#[test]
fn the_committed_subscriptions_are_imported() {
    let imported = import_opml(&read(&root().join("examples/subscriptions.opml"))).unwrap();
    assert!(imported.sources >= 5);
    assert!(compile(&imported.toml).is_ok());
}

/// All tables with keys of their own, the file itself left out.
fn tables() -> Vec<&'static Table> {
    fn add(table: &'static Table, all: &mut Vec<&'static Table>) {
        for key in table.keys {
            if let Kind::Table(inner) | Kind::Tables(inner, _) = key.kind {
                all.push(inner);
                add(inner, all);
            }
        }
    }
    let mut all = Vec::new();
    add(&FILE, &mut all);
    all
}

#[test]
fn every_default_passes_its_own_check() {
    for table in tables() {
        for key in table.keys {
            if let (
                Kind::Duration(least, most) | Kind::Size(least, most) | Kind::Integer(least, most),
                Default::Text(_) | Default::Number(_),
            ) = (key.kind, key.default)
            {
                let number = default_number(key).unwrap();
                assert!(
                    (least..=most).contains(&number),
                    "{}.{}",
                    table.path,
                    key.name
                );
            }
        }
    }
}

fn row(key: &Key) -> String {
    let default = match (key.default, key.kind) {
        (Default::Required, _) => "**required**".to_owned(),
        (Default::Text(text), _) => format!("`\"{text}\"`"),
        (Default::Number(number), _) => format!("`{number}`"),
        (Default::Derived, _) => "–".to_owned(),
    };
    let allowed = allowed(key).replace('|', "\\|");
    format!(
        "| `{}` | {} | {} | {} |\n",
        key.name, key.doc, allowed, default
    )
}

fn documented(table: &Table) -> String {
    let mut text = "| key | what | allowed | default |\n| --- | --- | --- | --- |\n".to_owned();
    for key in table.keys {
        text.push_str(&row(key));
    }
    text
}

#[test]
fn the_committed_documentation_names_every_key() {
    let file = root().join("docs/configuration.md");
    let mut text = read(&file);
    for table in tables() {
        let open = format!("<!-- keys of {} -->\n", table.path);
        let start = text.find(&open).unwrap_or_else(|| panic!("no {open}")) + open.len();
        let end = start + text[start..].find("<!-- end -->").unwrap();
        let wanted = documented(table);
        if bless() {
            text.replace_range(start..end, &wanted);
            fs::write(&file, &text).unwrap();
        } else {
            assert!(
                text[start..end] == wanted,
                "docs/configuration.md is out of date at {}: see the top of this file",
                table.path
            );
        }
    }
}

#[test]
fn units_in_the_documentation_exist() {
    let text = read(&root().join("docs/configuration.md"));
    for (unit, factor) in DURATION_UNITS.iter().chain(SIZE_UNITS) {
        assert!(text.contains(&format!("`{unit}`")), "{unit}");
        assert!(*factor > 0);
    }
    assert_eq!(units::show(0, SIZE_UNITS), "0B");
}
