//! The JSON APIs that were captured: a `[source.map]` for each finds what its manifest says.

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::config::authoring::compile;
use crate::config::{JsonMapping, SourceKind};
use crate::fetch::{Document, Validators};
use crate::parse::parse;
use crate::testing::testdata;

/// Query of `[source.map]` for a manifest's RFC 6901 pointer; the names are the manifest's and ours.
const FIELDS: &[(&str, &str)] = &[
    ("title", "title"),
    ("link", "url"),
    ("id", "id"),
    ("date", "published"),
    ("author", "author"),
    ("summary", "summary"),
];

/// A member name as people write it: `.name`, or `['@id']` where it is no plain name.
fn query(pointer: &str) -> String {
    let mut query = "$".to_owned();
    for part in pointer.split('/').skip(1) {
        if part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            query.push_str(&format!(".{part}"));
        } else {
            query.push_str(&format!("['{part}']"));
        }
    }
    query
}

fn written(row: &Value) -> String {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let url = text(&row["url"]).replace(['{', '}'], "");
    let mut toml = format!("[[source]]\nurl = '{url}'\nkind = 'json'\n[source.map]\n");
    toml.push_str(&format!("items = \"{}\"\n", query(&text(&row["items"]))));
    for (theirs, ours) in FIELDS {
        if let Some(pointer) = row["fields"].get(theirs) {
            toml.push_str(&format!("{ours} = \"{}\"\n", query(&text(pointer))));
        }
    }
    toml
}

fn found(item: &Value, query: Option<&str>) -> Option<String> {
    let query = JsonPath::parse(query?).unwrap();
    match query.query(item).first()? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn items<'a>(document: &'a Value, map: &JsonMapping) -> Vec<&'a Value> {
    let nodes = JsonPath::parse(&map.items).unwrap().query(document).all();
    nodes
        .into_iter()
        .flat_map(|node| {
            node.as_array()
                .map_or_else(|| vec![node], |all| all.iter().collect())
        })
        .collect()
}

#[test]
fn captured_apis_can_be_mapped() {
    let Some(folder) = testdata("json-apis") else {
        return;
    };
    let manifest = std::fs::read_to_string(folder.join("manifest.jsonl")).unwrap();
    for line in manifest.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let file = row["file"].as_str().unwrap();
        let toml = written(&row);
        let config = compile(&toml).unwrap_or_else(|m| panic!("{file}: {m:?}\n{toml}"));
        let SourceKind::Json(map) = &config.sources[0].kind else {
            panic!("{file}");
        };
        let document = std::fs::read(folder.join(file)).unwrap();
        let document: Value = serde_json::from_slice(&document).unwrap();
        let items = items(&document, map);
        assert_eq!(
            items.len() as u64,
            row["expect"]["count"].as_u64().unwrap(),
            "{file}"
        );
        for (item, expected) in items.iter().zip(row["expect"]["items"].as_array().unwrap()) {
            for (name, query) in [
                ("title", Some(map.title.as_str())),
                ("link", map.url.as_deref()),
                ("id", map.id.as_deref()),
            ] {
                if let Some(wanted) = expected[name].as_str() {
                    assert_eq!(found(item, query).as_deref(), Some(wanted), "{file} {name}");
                }
            }
            assert!(found(item, map.published.as_deref()).is_some(), "{file}");
        }
    }
}

/// A quiet week: no earthquake passes the filter of `examples/alerts.toml`.
#[test]
fn a_filter_that_nothing_passes_is_no_mistake() {
    let config = compile(include_str!("../../../../examples/alerts.toml")).unwrap();
    let source = &config.sources[0];
    let quake = |magnitude: f64| {
        let title = format!("M {magnitude}");
        let properties =
            serde_json::json!({ "mag": magnitude, "title": title, "time": 1_478_198_296_000_u64 });
        serde_json::json!({ "features": [{ "id": "q", "properties": properties }] })
    };
    for (magnitude, entries) in [(4.9, 0), (5.1, 1)] {
        let document = Document {
            body: quake(magnitude).to_string().into(),
            content_type: Some("application/geo+json".to_owned()),
            url: source.url.parse().unwrap(),
            validators: Validators::default(),
        };
        let parsed = parse(&document, source, &config.limits).unwrap();
        assert_eq!(parsed.entries.len(), entries, "{magnitude}");
    }
}
