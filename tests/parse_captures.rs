//! What captured feeds and API answers must yield. Reads the shared test data in place and skips where it is absent.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    reason = "a test: it reads files, says when it is skipped and fails by panicking"
)]

use std::path::PathBuf;

use bytes::Bytes;
use edgefold::config::{JsonMapping, Limits, Source, SourceKind};
use edgefold::fetch::{Document, Validators};
use edgefold::item::{SUMMARY_CHARS_MAX, TITLE_CHARS_MAX};
use edgefold::parse::{ParseError, Parsed, parse};
use edgefold::time::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use url::Url;

/// The address captures are read under, where the manifest names none.
const DOCUMENT_URL: &str = "http://captures.example/feeds/feed.xml";

fn testdata() -> Option<PathBuf> {
    let given = std::env::var_os("EDGEFOLD_TESTDATA").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/testdata"));
    let found = given
        .into_iter()
        .chain([beside])
        .find(|path| path.join("README.md").is_file());
    if found.is_none() {
        println!("skipped: no test data (set EDGEFOLD_TESTDATA)");
    }
    found
}

fn limits() -> Limits {
    Limits {
        concurrency: 6,
        requests_per_run: 50,
        timeout_ms: 10_000,
        body_bytes_max: 5 << 20,
        items_per_source: 1000,
        redirects: 5,
    }
}

fn source(kind: SourceKind) -> Source {
    Source {
        id: "capture".to_owned(),
        title: "Capture".to_owned(),
        url: DOCUMENT_URL.to_owned(),
        kind,
        category: "all".to_owned(),
        tags: Vec::new(),
        every_s: 900,
        headers: std::collections::BTreeMap::new(),
        include: Vec::new(),
        mute: Vec::new(),
        timeout_ms: None,
        body_bytes_max: None,
    }
}

fn read(
    body: &[u8],
    content_type: Option<&str>,
    url: &str,
    kind: SourceKind,
) -> Result<Parsed, ParseError> {
    let document = Document {
        body: Bytes::copy_from_slice(body),
        content_type: content_type.map(str::to_owned),
        url: Url::parse(url).unwrap(),
        validators: Validators::default(),
    };
    parse(&document, &source(kind), &limits())
}

fn manifest(folder: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("manifest.jsonl")).unwrap();
    text.lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

/// Titles are compared as readers see them: markup and white space are ours to remove.
fn as_shown(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        match rest[start..].find('>') {
            Some(end) => rest = &rest[start + end + 1..],
            None => break,
        }
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Our addresses are absolute where the manifest's are as written.
fn same_address(expected: &str, found: &str, base: &Url) -> bool {
    let absolute = |text: &str| base.join(text.trim()).map(String::from).unwrap_or_default();
    absolute(expected) == absolute(found)
}

#[derive(Default)]
struct Tally {
    checked: usize,
    misses: Vec<String>,
}

impl Tally {
    fn check(
        &mut self,
        what: &str,
        expected: &Value,
        found: Option<&str>,
        same: impl Fn(&str, &str) -> bool,
    ) {
        let expected = match expected {
            Value::Null => return,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.checked += 1;
        if !found.is_some_and(|found| same(&expected, found)) {
            self.misses
                .push(format!("{what}: expected {expected:?}, found {found:?}"));
        }
    }
}

fn same_title(expected: &str, found: &str) -> bool {
    let expected = as_shown(expected);
    let cut = found.strip_suffix('…').is_some_and(|head| {
        expected.starts_with(head) && found.chars().count() > TITLE_CHARS_MAX / 2
    });
    found == expected || cut
}

/// The instant to the second; the manifest's dates are `published`, else `updated`.
fn same_date(expected: &str, found: &str) -> bool {
    let at = |text: &str| Timestamp::parse(text).map(Timestamp::as_secs);
    at(expected).is_some() && at(expected) == at(found)
}

fn check_capture(row: &Value, body: &[u8]) -> Tally {
    let mut tally = Tally::default();
    let name = row["file"].as_str().unwrap();
    let content_type = row["http_headers"]["content-type"]
        .as_str()
        .or(row["media_type"].as_str());
    let parsed = match read(body, content_type, DOCUMENT_URL, SourceKind::Feed) {
        Ok(parsed) => parsed,
        Err(error) => {
            tally.checked += 1;
            tally
                .misses
                .push(format!("{name}: {}: {error}", error.kind));
            return tally;
        }
    };
    let base = parsed.link.as_deref().and_then(|l| Url::parse(l).ok());
    let base = base.unwrap_or_else(|| Url::parse(DOCUMENT_URL).unwrap());
    let expect = &row["expect"];
    tally.check(
        &format!("{name} count"),
        &expect["count"],
        Some(&parsed.entries.len().to_string()),
        |a, b| a == b,
    );
    tally.check(
        &format!("{name} title"),
        &expect["title"],
        parsed.title.as_deref(),
        same_title,
    );
    tally.check(
        &format!("{name} link"),
        &expect["link"],
        parsed.link.as_deref(),
        |a, b| same_address(a, b, &base),
    );
    for (i, item) in expect["items"].as_array().unwrap().iter().enumerate() {
        let Some(entry) = parsed.entries.get(i) else {
            break;
        };
        let what = |field: &str| format!("{name} [{i}].{field}");
        tally.check(
            &what("title"),
            &item["title"],
            Some(&entry.title),
            same_title,
        );
        tally.check(
            &what("link"),
            &item["link"],
            entry.url.as_deref(),
            |a, b| same_address(a, b, &base),
        );
        tally.check(&what("id"), &item["id"], entry.guid.as_deref(), |a, b| {
            a.trim() == b
        });
        let [published, updated] =
            [entry.published, entry.updated].map(|at| at.map(|at| at.to_string()));
        let either = published.as_deref().or(updated.as_deref());
        tally.check(
            &what("date"),
            item.get("date").unwrap_or(&Value::Null),
            either,
            same_date,
        );
        for (field, found) in [("published", &published), ("updated", &updated)] {
            tally.check(
                &what(field),
                item.get(field).unwrap_or(&Value::Null),
                found.as_deref(),
                same_date,
            );
        }
    }
    tally
}

#[test]
fn captured_feeds_yield_what_the_manifest_expects() {
    let Some(data) = testdata() else { return };
    let folder = data.join("feeds");
    let rows = manifest(&folder);
    let (mut checked, mut conforming, mut misses) = (0, 0, Vec::new());
    for row in &rows {
        let body = std::fs::read(folder.join(row["file"].as_str().unwrap())).unwrap();
        let tally = check_capture(row, &body);
        checked += tally.checked;
        conforming += usize::from(tally.misses.is_empty());
        misses.extend(tally.misses);
    }
    println!(
        "{conforming} of {} captures conform, {checked} values checked",
        rows.len()
    );
    assert!(
        misses.is_empty(),
        "{} misses:\n{}",
        misses.len(),
        misses.join("\n")
    );
    assert_eq!(conforming, rows.len());
    assert!(checked > 2000, "only {checked} values were checked");
}

/// RFC 6901 to RFC 9535: each reference token becomes a quoted member, or an index where it is a number.
fn json_path(pointer: &str) -> String {
    let mut path = "$".to_owned();
    for token in pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        match name.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) => path.push_str(&format!(
                "['{}']",
                name.replace('\\', "\\\\").replace('\'', "\\'")
            )),
        }
    }
    path
}

fn mapping(row: &Value) -> JsonMapping {
    let field = |name: &str| row["fields"][name].as_str().map(json_path);
    JsonMapping {
        items: json_path(row["items"].as_str().unwrap()),
        title: field("title").unwrap(),
        url: field("link"),
        id: field("id"),
        published: field("date"),
        author: field("author"),
        summary: field("summary"),
        ..JsonMapping::default()
    }
}

#[test]
fn captured_apis_yield_what_the_manifest_expects() {
    let Some(data) = testdata() else { return };
    let folder = data.join("json-apis");
    let rows = manifest(&folder);
    let mut tally = Tally::default();
    for row in &rows {
        let name = row["file"].as_str().unwrap();
        let url = row["url"].as_str().unwrap();
        let base = Url::parse(url).unwrap();
        let body = std::fs::read(folder.join(name)).unwrap();
        let parsed = read(
            &body,
            row["media_type"].as_str(),
            url,
            SourceKind::Json(mapping(row)),
        )
        .unwrap();
        tally.check(
            &format!("{name} count"),
            &row["expect"]["count"],
            Some(&parsed.entries.len().to_string()),
            |a, b| a == b,
        );
        for (item, entry) in row["expect"]["items"]
            .as_array()
            .unwrap()
            .iter()
            .zip(&parsed.entries)
        {
            let what = |field: &str| format!("{name} {:?} {field}", item["id"]);
            tally.check(
                &what("title"),
                &item["title"],
                Some(&entry.title),
                same_title,
            );
            tally.check(
                &what("link"),
                &item["link"],
                entry.url.as_deref(),
                |a, b| same_address(a, b, &base),
            );
            tally.check(&what("id"), &item["id"], entry.guid.as_deref(), |a, b| {
                a == b
            });
            tally.check(
                &what("author"),
                &item["author"],
                entry.author.as_deref(),
                |a, b| as_shown(a) == b,
            );
            let published = entry.published.map(|at| at.to_string());
            tally.check(
                &what("date"),
                &item["date"],
                published.as_deref(),
                same_date,
            );
            tally.check(
                &what("summary"),
                &item["summary"],
                Some(&entry.summary),
                |a, b| as_shown(a).starts_with(b.trim_end_matches('…')),
            );
        }
    }
    println!(
        "{} API answers, {} values checked",
        rows.len(),
        tally.checked
    );
    assert!(
        tally.misses.is_empty(),
        "{} misses:\n{}",
        tally.misses.len(),
        tally.misses.join("\n")
    );
    assert_eq!(rows.len(), 7);
    assert!(
        tally.checked > 500,
        "only {} values were checked",
        tally.checked
    );
}

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
        let result = read(
            &std::fs::read(&path).unwrap(),
            None,
            DOCUMENT_URL,
            kind.clone(),
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
fn hostile_texts(data: &std::path::Path) -> Vec<String> {
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
            let parsed = read(body.as_bytes(), None, DOCUMENT_URL, SourceKind::Feed).unwrap();
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

fn assert_within_limits(parsed: &Parsed) {
    assert!(parsed.entries.len() <= limits().items_per_source);
    for entry in &parsed.entries {
        let shown = |text: &str, chars_max: usize| {
            text.chars().count() <= chars_max && !text.chars().any(char::is_control)
        };
        assert!(
            !entry.title.is_empty() && shown(&entry.title, TITLE_CHARS_MAX),
            "{entry:?}"
        );
        assert!(shown(&entry.summary, SUMMARY_CHARS_MAX), "{entry:?}");
        assert!(
            entry.author.as_deref().is_none_or(|a| shown(a, 100)),
            "{entry:?}"
        );
        assert!(
            entry.tags.len() <= 10 && entry.tags.iter().all(|t| shown(t, 50)),
            "{entry:?}"
        );
        assert!(
            entry
                .url
                .iter()
                .chain(&entry.image)
                .all(|u| u.len() <= 2048),
            "{entry:?}"
        );
    }
    assert!(
        parsed.notes.len() <= 5 && parsed.notes.iter().all(|n| n.chars().count() <= 300),
        "{:?}",
        parsed.notes
    );
}

fn assert_sound(result: &Result<Parsed, ParseError>) {
    match result {
        Ok(parsed) => assert_within_limits(parsed),
        Err(error) => assert!(
            !error.message.is_empty() && error.message.chars().count() <= 300,
            "{error:?}"
        ),
    }
}

/// Cuts, flips and doubles pieces of a capture.
fn mutate(body: &mut Vec<u8>, steps: &[(u8, prop::sample::Index, prop::sample::Index, u8)]) {
    for (what, from, to, byte) in steps {
        if body.is_empty() {
            return;
        }
        let (a, b) = (from.index(body.len()), to.index(body.len()));
        let (a, b) = (a.min(b), a.max(b));
        match what % 4 {
            0 => body.truncate(b),
            1 => body[a] = *byte,
            2 => drop(body.drain(a..b)),
            _ => {
                let piece = body[a..b.min(a + 4096)].to_vec();
                body.splice(b..b, piece);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(9), ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..2000)) {
        assert_sound(&read(&body, None, DOCUMENT_URL, SourceKind::Feed));
    }

    #[test]
    fn any_markup_is_read_or_refused(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "<rss>", "<channel>", "</channel>", "<item>", "</item>", "<item/>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>",
            "</entry>", "<title>", "</title>", "<link href='/a'/>", "<link>", "text", "&amp;", "&#x;", "<![CDATA[", "]]>", "<!--", "-->",
            "<media:content url='x", "'>", "<", ">", "\"", "\0", "é", "<pubDate>2020", "</pubDate>", "<?xml", "?>", "<!DOCTYPE x [", "]>",
            "<author><name>", "</author>", "<content type='xhtml'>", "<div>", "xmlns:a=''", "/", "=",
        ]), 0..80)
    ) {
        assert_sound(&read(pieces.concat().as_bytes(), None, DOCUMENT_URL, SourceKind::Feed));
    }

    #[test]
    fn mutated_captures_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        steps in proptest::collection::vec((any::<u8>(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        if let Some(data) = testdata() {
            let rows = manifest(&data.join("feeds"));
            let row = &rows[which.index(rows.len())];
            let mut body = std::fs::read(data.join("feeds").join(row["file"].as_str().unwrap())).unwrap();
            mutate(&mut body, &steps);
            assert_sound(&read(&body, row["media_type"].as_str(), DOCUMENT_URL, SourceKind::Feed));
        }
    }
}
