//! `wit/` as a package: what `wkg build` puts together, with the same library.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wit_parser::{Resolve, UnresolvedPackageGroup};

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// The lines `"NAME" = { path = "PATH" }` of `wkg.toml`.
fn overrides() -> BTreeMap<String, PathBuf> {
    let text = fs::read_to_string(wit().join("wkg.toml")).unwrap();
    let lines = text.lines().filter_map(|line| {
        let (name, path) = line.split_once(r#"" = { path = ""#)?;
        let path = path.strip_suffix(r#"" }"#)?;
        Some((name.strip_prefix('"')?.to_owned(), wit().join(path)))
    });
    lines.collect()
}

#[test]
fn the_wit_package_needs_nothing_that_wkg_would_have_to_fetch() {
    let overrides = overrides();
    let root = parse(&wit());
    let mut needed: Vec<String> = names(&root);
    let mut packages = BTreeMap::new();
    while let Some(name) = needed.pop() {
        let path = overrides
            .get(&name)
            .unwrap_or_else(|| panic!("{name} would be fetched"));
        let package = parse(path);
        let found = &package.main.name;
        assert_eq!(format!("{}:{}", found.namespace, found.name), name);
        needed.extend(
            names(&package)
                .into_iter()
                .filter(|name| !packages.contains_key(name)),
        );
        packages.insert(name, package);
    }
    let unused: Vec<_> = overrides
        .keys()
        .filter(|name| !packages.contains_key(*name))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

fn parse(path: &Path) -> UnresolvedPackageGroup {
    if path.is_dir() {
        return UnresolvedPackageGroup::parse_dir(path).unwrap();
    }
    let text = fs::read_to_string(path).unwrap();
    let parsed = UnresolvedPackageGroup::parse(path, &text);
    parsed.unwrap_or_else(|(map, error)| panic!("{}", error.render(&map)))
}

fn names(package: &UnresolvedPackageGroup) -> Vec<String> {
    let names = package.main.foreign_deps.keys();
    names
        .map(|name| format!("{}:{}", name.namespace, name.name))
        .collect()
}

#[test]
fn the_wit_package_is_the_same_after_encoding() {
    let mut resolve = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    let (package, _) = resolve.push_dir(wit()).unwrap();
    let bytes = wit_component::encode(&resolve, package).unwrap();
    let decoded = wit_component::decode(&bytes).unwrap();
    let again = decoded.resolve();
    let package = &again.packages[decoded.package()];
    assert_eq!(package.name.to_string(), "edgefold:host@0.1.0");
    let worlds: Vec<&str> = package.worlds.keys().map(String::as_str).collect();
    assert_eq!(worlds, ["imports", "aggregator"]);
    let kv = &again.interfaces[package.interfaces["kv"]];
    let documented = kv
        .functions
        .values()
        .all(|function| function.docs.contents.is_some());
    assert!(documented, "the package carries what its functions mean");
}
