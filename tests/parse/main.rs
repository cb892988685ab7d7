//! Reading documents: captured ones, broken ones, hostile ones. What is shared data is read in place; a test that finds none skips.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    reason = "a test: it reads files, says when it is skipped and fails by panicking"
)]

mod captures;
mod cost;
mod mutated;
mod suites;
mod wild;
mod yardstick;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use edgefold::config::{Limits, Source, SourceKind};
use edgefold::fetch::{Document, Validators};
use edgefold::item::{
    AUTHOR_CHARS_MAX, SUMMARY_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, TITLE_CHARS_MAX, URL_BYTES_MAX,
};
use edgefold::parse::{ParseError, Parsed, parse};
use edgefold::testing::{TestConfig, test_source};
use serde_json::Value;
use url::Url;

/// The address documents are read under, where nothing else is said.
const DOCUMENT_URL: &str = "https://e.org/dir/feed.xml";

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

fn limits(items_per_source: usize) -> Limits {
    Limits {
        body_bytes_max: 5 << 20,
        items_per_source,
        ..TestConfig::new().build().limits
    }
}

fn source(kind: SourceKind) -> Source {
    Source {
        title: "Test".to_owned(),
        kind,
        ..test_source("test", DOCUMENT_URL, "all")
    }
}

fn read_all(
    body: &[u8],
    content_type: Option<&str>,
    url: &str,
    kind: SourceKind,
    items_per_source: usize,
) -> Result<Parsed, ParseError> {
    let document = Document {
        body: Bytes::copy_from_slice(body),
        content_type: content_type.map(str::to_owned),
        url: Url::parse(url).unwrap(),
        validators: Validators::default(),
    };
    parse(&document, &source(kind), &limits(items_per_source))
}

/// Reads a feed that is declared as something else.
fn read(body: impl AsRef<[u8]>) -> Result<Parsed, ParseError> {
    read_all(
        body.as_ref(),
        Some("text/plain"),
        DOCUMENT_URL,
        SourceKind::Feed,
        1000,
    )
}

fn manifest(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("manifest.jsonl")).unwrap();
    text.lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

fn assert_within_limits(parsed: &Parsed) {
    assert!(parsed.entries.len() <= 1000);
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
            entry
                .author
                .as_deref()
                .is_none_or(|a| shown(a, AUTHOR_CHARS_MAX)),
            "{entry:?}"
        );
        assert!(
            entry.tags.len() <= TAGS_MAX && entry.tags.iter().all(|t| shown(t, TAG_CHARS_MAX)),
            "{entry:?}"
        );
        assert!(
            entry
                .url
                .iter()
                .chain(&entry.image)
                .all(|u| u.len() <= URL_BYTES_MAX),
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
