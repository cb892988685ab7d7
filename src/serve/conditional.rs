//! Entity tags and `If-None-Match` (RFC 9110 §8.8.3, §13.1.2).

use http::{HeaderMap, header};
use xxhash_rust::xxh3::xxh3_128;

use crate::page::{script_path, stylesheet_path};

/// All that an answer depends on that is made from a head of this content hash and these parts: the version of what renders
/// is in it. Its [`content_etag`] is the answer's strong entity tag.
pub(super) fn basis(content_hash: u128, parts: &[&str]) -> String {
    let mut basis = format!(
        "{}\n{}\n{}\n{content_hash:032x}",
        env!("CARGO_PKG_VERSION"),
        stylesheet_path(),
        script_path(),
    );
    for part in parts {
        basis.push('\n');
        basis.push_str(part);
    }
    basis
}

/// The strong entity tag of what is made from a head: see [`basis`].
pub(super) fn head_etag(content_hash: u128, parts: &[&str]) -> String {
    content_etag(basis(content_hash, parts).as_bytes())
}

/// The strong entity tag of `content`.
pub(super) fn content_etag(content: &[u8]) -> String {
    format!("\"{:032x}\"", xxh3_128(content))
}

/// Whether `If-None-Match` names `etag` (weak comparison) or is `*`, so that the answer is 304.
pub(super) fn none_match_fails(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.trim() == "*" || lists(value, etag))
}

/// Whether the list `value` holds `etag`. An opaque tag may hold commas, so the list is read tag by tag; what is no tag ends it.
fn lists(value: &str, etag: &str) -> bool {
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let tag = rest.strip_prefix("W/").unwrap_or(rest);
        let Some(end) = tag
            .strip_prefix('"')
            .and_then(|opaque| opaque.find('"'))
            .map(|at| at + 2)
        else {
            return false;
        };
        let (tag, after) = tag.split_at(end);
        if tag == etag {
            return true;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_tag_by_tag() {
        for (value, named) in [
            (r#""a""#, true),
            (r#"W/"a""#, true),
            (r#""b", "a""#, true),
            (r#""x,y" ,, W/"a""#, true),
            ("*", true),
            (r#""b""#, false),
            (r#""b, "a"#, false),
            ("a", false),
            (r#"w/"a""#, false),
            ("", false),
            ("\"", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, value.parse().unwrap());
            assert_eq!(none_match_fails(&headers, r#""a""#), named, "{value}");
        }
    }

    #[test]
    fn tags_differ_by_every_part() {
        assert_ne!(head_etag(1, &["ab", "c"]), head_etag(1, &["a", "bc"]));
        assert_ne!(head_etag(1, &[]), head_etag(2, &[]));
        assert_eq!(head_etag(1, &["a"]), head_etag(1, &["a"]));
    }
}
