//! What captured feeds and API answers must yield.

use edgefold::config::{JsonMapping, SourceKind};
use edgefold::item::TITLE_CHARS_MAX;
use edgefold::time::Timestamp;
use serde_json::Value;
use url::Url;

use super::{DOCUMENT_URL, manifest, read_all, testdata};

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
    let parsed = match read_all(body, content_type, DOCUMENT_URL, SourceKind::Feed, 1000) {
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
        let parsed = read_all(
            &body,
            row["media_type"].as_str(),
            url,
            SourceKind::Json(mapping(row)),
            1000,
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
