use std::collections::BTreeSet;

use edgefold::config::SourceKind;
use edgefold::config::authoring::{compile, render};
use edgefold::fetch::{Document, Validators};

use super::*;

const BASE: &str = "http://127.0.0.1:1";

fn noon() -> Timestamp {
    Timestamp::parse("2026-11-21T12:00:00Z").unwrap()
}

fn body(reply: &Reply) -> Option<(Document, u16)> {
    let Reply::Document(document) = reply else {
        return None;
    };
    let mut body = document.body.clone();
    if document.headers.contains_key("content-encoding") {
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&body[..]), &mut plain)
            .unwrap();
        body = plain.into();
    }
    let content_type = document.headers.get("content-type");
    let document_read = Document {
        body,
        content_type: content_type.map(|value| value.to_str().unwrap().to_owned()),
        url: BASE.parse().unwrap(),
        validators: Validators::default(),
    };
    Some((document_read, document.status.as_u16()))
}

#[test]
fn the_configuration_has_no_mistake() {
    let text = config(BASE);
    let config =
        compile(&text).unwrap_or_else(|mistakes| panic!("{}", render("demo", &text, &mistakes)));
    assert_eq!(config.sources.len(), 12);
    assert_eq!(config.views.len(), 2);
    let categories: BTreeSet<_> = config
        .sources
        .iter()
        .map(|source| &source.category)
        .collect();
    assert_eq!(categories.len(), 6);
}

#[test]
fn every_source_is_read_whole_and_nothing_is_left_unfilled() {
    let config = compile(&config(BASE)).unwrap();
    for listing in listings(7, noon()) {
        let source = config
            .sources
            .iter()
            .find(|source| source.id == listing.source)
            .unwrap();
        let (document, status) = body(&answer(listing.source, 7, noon(), BASE)).unwrap();
        if listing.down {
            assert_eq!(status, 503);
            continue;
        }
        let text = String::from_utf8(document.body.to_vec()).unwrap();
        assert!(
            !text.contains("<no list") && !text.contains("&lt;no list"),
            "{}: {text}",
            source.id
        );
        let parsed = edgefold::parse::parse(&document, source, &config.limits).unwrap();
        let titles: BTreeSet<_> = parsed.entries.iter().map(|entry| &entry.title).collect();
        assert!(
            titles.len() * 10 >= parsed.entries.len() * 8,
            "{} repeats itself: {titles:?}",
            source.id
        );
        assert!(
            parsed
                .entries
                .iter()
                .all(|entry| entry.url.is_some() && !entry.summary.is_empty())
        );
        // The mapping of the earthquakes leaves the small ones out.
        let filtered = matches!(&source.kind, SourceKind::Json(map) if map.items.contains('?'));
        if !filtered {
            assert_eq!(parsed.entries.len(), listing.numbers.len(), "{}", source.id);
        }
    }
}

#[test]
fn the_same_moment_gives_the_same_bytes_and_a_later_one_news() {
    for voice in &VOICES {
        let at = |now| format!("{:?}", answer(voice.id, 7, now, BASE));
        assert_eq!(at(noon()), at(noon()));
        assert_ne!(
            at(noon()),
            at(noon().plus_millis(6 * 3_600_000)),
            "{}",
            voice.id
        );
    }
}

#[test]
fn numbers_only_ever_move_forward() {
    let mut before = listings(7, noon());
    for step in 1..60 {
        let after = listings(7, noon().plus_millis(step * 7 * 60_000));
        for (old, new) in before.iter().zip(&after) {
            assert!(new.numbers.is_sorted_by(|a, b| a > b));
            assert!(new.numbers.first() >= old.numbers.first(), "{}", old.source);
        }
        before = after;
    }
}

#[test]
fn upstreams_fail_and_recover_and_titles_are_edited() {
    let moments = || (0..100).map(|step| noon().plus_millis(step * 6 * 60_000));
    let down = moments()
        .filter(|now| listings(7, *now).iter().any(|listing| listing.down))
        .count();
    assert!(
        (5..60).contains(&down),
        "{down} of 100 moments with a failing source"
    );
    let status = VOICES
        .iter()
        .find(|voice| voice.id == "nimbus-status")
        .unwrap();
    let first = |now| {
        timeline::stories(status, 7, now)
            .into_iter()
            .find(|story| story.updated > story.published)
    };
    assert!(
        moments().any(|now| first(now).is_some_and(|story| story.title.starts_with("Resolved")))
    );
}
