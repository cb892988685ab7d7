//! Any bytes as a source's document, of any declared type: a value or an error.

#![no_main]

use bytes::Bytes;
use edgefold::fetch::{Document, Validators};
use edgefold::parse::parse;
use edgefold_fuzz::with_site;
use libfuzzer_sys::fuzz_target;
use url::Url;

const TYPES: [Option<&str>; 6] = [
    None,
    Some("application/rss+xml"),
    Some("application/atom+xml; charset=utf-16"),
    Some("application/feed+json"),
    Some("text/html; charset=shift_jis"),
    Some("application/json"),
];

fuzz_target!(|data: (u8, &[u8])| {
    let (declared, body) = data;
    // As promised of documents.
    if body.is_empty() {
        return;
    }
    let document = Document {
        body: Bytes::copy_from_slice(body),
        content_type: TYPES[usize::from(declared) % TYPES.len()].map(str::to_owned),
        url: Url::parse("https://a.example/feed").expect("a good address"),
        validators: Validators::default(),
    };
    with_site(|_, config| {
        if let Err(error) = parse(&document, &config.sources[0], &config.limits) {
            assert!(error.message.chars().count() <= 300, "{error}");
        }
    });
});
