//! Compares the parser with `feed-rs`: wherever that finds entries in a captured feed, both find the same ones at the same
//! times.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    reason = "a test: it reads files, says when it is skipped and fails by panicking"
)]

use std::path::PathBuf;

use bytes::Bytes;
use edgefold::config::{Limits, Source, SourceKind};
use edgefold::fetch::{Document, Validators};
use edgefold::parse::{Parsed, parse};
use url::Url;

const DOCUMENT_URL: &str = "http://captures.example/feeds/feed.xml";

fn ours(body: &[u8]) -> Parsed {
    let document = Document {
        body: Bytes::copy_from_slice(body),
        content_type: None,
        url: Url::parse(DOCUMENT_URL).unwrap(),
        validators: Validators::default(),
    };
    let source = Source {
        id: "yardstick".to_owned(),
        title: "Yardstick".to_owned(),
        url: DOCUMENT_URL.to_owned(),
        kind: SourceKind::Feed,
        category: "all".to_owned(),
        tags: Vec::new(),
        every_s: 900,
        headers: std::collections::BTreeMap::new(),
        include: Vec::new(),
        mute: Vec::new(),
        timeout_ms: None,
        body_bytes_max: None,
    };
    let limits = Limits {
        concurrency: 6,
        requests_per_run: 50,
        timeout_ms: 10_000,
        body_bytes_max: 5 << 20,
        items_per_source: 1000,
        redirects: 5,
    };
    parse(&document, &source, &limits).unwrap()
}

#[test]
fn both_parsers_agree_on_count_and_dates() {
    let given = std::env::var_os("EDGEFOLD_TESTDATA").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/testdata"));
    let Some(data) = given
        .into_iter()
        .chain([beside])
        .find(|p| p.join("feeds/files").is_dir())
    else {
        println!("skipped: no test data (set EDGEFOLD_TESTDATA)");
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(data.join("feeds/files"))
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    files.sort();
    let (mut agreed, mut dates, mut unread, mut differ) = (0, 0, Vec::new(), Vec::new());
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let body = std::fs::read(path).unwrap();
        let parsed = ours(&body);
        let theirs = feed_rs::parser::parse(&body[..])
            .map(|feed| feed.entries)
            .unwrap_or_default();
        if theirs.is_empty() {
            unread.push(name);
            continue;
        }
        let before = differ.len();
        if theirs.len() != parsed.entries.len() {
            differ.push(format!(
                "{name}: {} entries, feed-rs {}",
                parsed.entries.len(),
                theirs.len()
            ));
        }
        for (entry, other) in parsed.entries.iter().zip(&theirs) {
            let Some(at) = other.published.map(|at| at.timestamp_millis()) else {
                continue;
            };
            dates += 1;
            if entry.published.map(edgefold::time::Timestamp::as_millis) != Some(at) {
                differ.push(format!(
                    "{name} {:?}: {:?}, feed-rs {:?}",
                    entry.title, entry.published, other.published
                ));
            }
        }
        agreed += usize::from(differ.len() == before);
    }
    println!("{agreed} agree, {dates} dates compared; feed-rs finds no entry in {unread:?}");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert_eq!(agreed + unread.len(), files.len());
    assert!(agreed > 35 && dates > 600, "{agreed} files, {dates} dates");
}
