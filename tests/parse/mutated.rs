//! Arbitrary and mutated documents: read or refused, never a panic, always within the limits.

use edgefold::config::SourceKind;
use proptest::prelude::*;

use super::{DOCUMENT_URL, assert_sound, manifest, read, read_all, testdata};

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
        assert_sound(&read(&body));
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
        assert_sound(&read(pieces.concat()));
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
            assert_sound(&read_all(&body, row["media_type"].as_str(), DOCUMENT_URL, SourceKind::Feed, 1000));
        }
    }
}
