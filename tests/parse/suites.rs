//! Other people's vectors: JSON that must parse or must not, and texts that attack what shows them.

use std::path::Path;

use edgefold::config::{JsonMapping, SourceKind};
use serde_json::Value;

use super::{DOCUMENT_URL, assert_within_limits, read_all, testdata};

/// JSONTestSuite: `y_` must be accepted, `n_` refused, `i_` is free; none may panic.
#[test]
fn the_json_test_suite_is_read_as_it_asks() {
    let Some(data) = testdata() else { return };
    let kind = SourceKind::Json(JsonMapping {
        items: "$".to_owned(),
        title: "$.title".to_owned(),
        ..JsonMapping::default()
    });
    let (mut accepted, mut refused, mut wrong) = (0, 0, Vec::new());
    for file in std::fs::read_dir(data.join("security/json/test_parsing")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let result = read_all(
            &std::fs::read(&path).unwrap(),
            None,
            DOCUMENT_URL,
            kind.clone(),
            1000,
        );
        // What parses has no titles: that is the mapping's complaint, not the parser's.
        let parses = match &result {
            Ok(_) => true,
            Err(error) => error.kind == "mapping",
        };
        match name.get(..2) {
            Some("y_") if parses => accepted += 1,
            Some("n_") if !parses => refused += 1,
            Some("i_") => {}
            _ => wrong.push(format!("{name}: {result:?}")),
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        accepted > 90 && refused > 180,
        "{accepted} accepted, {refused} refused"
    );
}

/// Hostile texts: as title, text and link of every kind of feed.
fn hostile_texts(data: &Path) -> Vec<String> {
    let read = |name: &str| -> Vec<Value> {
        serde_json::from_slice(&std::fs::read(data.join("security/sanitize").join(name)).unwrap())
            .unwrap()
    };
    let vectors = read("html5lib_sanitizer_tests1.json");
    let vectors = vectors
        .iter()
        .filter_map(|v| v["input"].as_str().map(str::to_owned));
    let strings = read("blns.json");
    vectors
        .chain(strings.iter().filter_map(|v| v.as_str().map(str::to_owned)))
        .collect()
}

/// Whether `text` holds what a browser takes for a tag.
fn has_tag(text: &str) -> bool {
    text.match_indices('<').any(|(i, _)| {
        let rest = text[i + 1..].trim_start_matches('/');
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '?')
            && rest.contains('>')
    })
}

#[test]
fn hostile_texts_come_out_plain() {
    let Some(data) = testdata() else { return };
    let texts = hostile_texts(&data);
    for text in &texts {
        let json = serde_json::json!({"items": [{"id": "1", "title": "t", "content_html": text, "url": text, "image": text}]});
        let cdata = text.replace("]]>", "");
        let rss = format!(
            "<rss><channel><item><title><![CDATA[x {cdata}]]></title><link><![CDATA[{cdata}]]></link><description><![CDATA[{cdata}]]></description></item></channel></rss>"
        );
        for body in [json.to_string(), rss] {
            let parsed = super::read(body.as_bytes()).unwrap();
            assert_eq!(parsed.entries.len(), 1, "{text:?}");
            for entry in &parsed.entries {
                assert!(
                    entry
                        .url
                        .iter()
                        .chain(&entry.image)
                        .all(|u| u.starts_with("http://") || u.starts_with("https://")),
                    "{entry:?}"
                );
                let escaped = text.contains("&lt;") || text.contains("&#") || text.contains("&LT;");
                assert!(
                    escaped || !has_tag(&entry.summary) && !has_tag(&entry.title),
                    "{text:?} gave {entry:?}"
                );
            }
            assert_within_limits(&parsed);
        }
    }
    assert!(texts.len() > 500, "only {} texts", texts.len());
}
