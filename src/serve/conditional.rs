//! Entity tags, dates and preconditions (RFC 9110 §8.8, §13).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, header};
use xxhash_rust::xxh3::xxh3_128;

use crate::page::{script_path, stylesheet_path};
use crate::time::Timestamp;

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

/// What a request's preconditions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// The answer is wanted.
    Holds,
    /// The client has the form of this index: 304.
    Unchanged(usize),
    /// The client wants another one than there is: 412.
    Failed,
}

/// Evaluates preconditions in the order of RFC 9110 §13.2.2: entity tags go before dates, what is expected before what is
/// known. `tags` are the strong tags of the forms that the request may be answered with; `modified` is known where the answer
/// says `Last-Modified`.
pub(super) fn evaluate(
    headers: &HeaderMap,
    tags: &[String],
    modified: Option<Timestamp>,
) -> Condition {
    let modified_after = |name| {
        let date = date(headers, name)?;
        Some(modified?.as_secs() > date)
    };
    if headers.contains_key(header::IF_MATCH) {
        if named(headers, header::IF_MATCH, tags, Comparison::Strong).is_none() {
            return Condition::Failed;
        }
    } else if modified_after(header::IF_UNMODIFIED_SINCE) == Some(true) {
        return Condition::Failed;
    }
    let unchanged = if headers.contains_key(header::IF_NONE_MATCH) {
        named(headers, header::IF_NONE_MATCH, tags, Comparison::Weak)
    } else {
        (modified_after(header::IF_MODIFIED_SINCE) == Some(false)).then_some(0)
    };
    unchanged.map_or(Condition::Holds, Condition::Unchanged)
}

/// RFC 9110 §8.8.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Weak,
    Strong,
}

/// The first of `tags` that the field `name` names; 0 where it is `*`.
fn named(
    headers: &HeaderMap,
    name: HeaderName,
    tags: &[String],
    comparison: Comparison,
) -> Option<usize> {
    let values = || {
        let all = headers.get_all(&name).iter();
        all.filter_map(|value| value.to_str().ok())
    };
    if values().any(|value| value.trim() == "*") {
        return Some(0);
    }
    tags.iter()
        .position(|etag| values().any(|value| lists(value, etag, comparison)))
}

/// The date of the field `name`, in seconds; `None` where there is none, more than one, or one that can't be read: it is
/// ignored then (RFC 9110 §13.1.3).
fn date(headers: &HeaderMap, name: HeaderName) -> Option<i64> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let date = httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// `time` as `Last-Modified` has it, in whole seconds.
pub(super) fn http_date(time: Timestamp) -> String {
    let since = Duration::from_secs(u64::try_from(time.as_secs()).unwrap_or(0));
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since)
}

/// Whether the list `value` holds `etag`. An opaque tag may hold commas, so the list is read tag by tag; what is no tag ends it.
fn lists(value: &str, etag: &str, comparison: Comparison) -> bool {
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let weak = rest.strip_prefix("W/");
        let tag = weak.unwrap_or(rest);
        let Some(end) = tag
            .strip_prefix('"')
            .and_then(|opaque| opaque.find('"'))
            .map(|at| at + 2)
        else {
            return false;
        };
        let (tag, after) = tag.split_at(end);
        if tag == etag && (weak.is_none() || comparison == Comparison::Weak) {
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
            let headers = with(&[("if-none-match", value)]);
            let expected = if named {
                Condition::Unchanged(0)
            } else {
                Condition::Holds
            };
            let condition = evaluate(&headers, &[r#""a""#.to_owned()], None);
            assert_eq!(condition, expected, "{value}");
        }
    }

    fn with(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn preconditions_are_looked_at_in_the_order_of_the_standard() {
        use Condition::{Failed, Holds};
        const UNCHANGED: Condition = Condition::Unchanged(0);
        let tag = [r#""a""#.to_owned()];
        const BEFORE: &str = "Sat, 21 Nov 2026 09:24:04 GMT";
        const THEN: &str = "Sat, 21 Nov 2026 09:24:05 GMT";
        const RFC_850: &str = "Saturday, 21-Nov-26 09:24:05 GMT";
        let (inm, ims) = ("if-none-match", "if-modified-since");
        let (im, ius) = ("if-match", "if-unmodified-since");
        for (fields, expected) in [
            (&[(ims, BEFORE)][..], Holds),
            (&[(ims, THEN)], UNCHANGED),
            (&[(ims, RFC_850)], UNCHANGED),
            (&[(ims, "yesterday")], Holds),
            (&[(ims, THEN), (ims, THEN)], Holds),
            // An entity tag goes before a date, whatever it says.
            (&[(ims, THEN), (inm, "\"b\"")], Holds),
            (&[(ims, BEFORE), (inm, "\"a\"")], UNCHANGED),
            (&[(im, "\"a\"")], Holds),
            (&[(im, "*")], Holds),
            (&[(im, "\"b\"")], Failed),
            // Weak tags never match strongly.
            (&[(im, "W/\"a\"")], Failed),
            (&[(im, "\"a\""), (inm, "\"a\"")], UNCHANGED),
            (&[(ius, THEN)], Holds),
            (&[(ius, BEFORE)], Failed),
            (&[(ius, BEFORE), (im, "\"a\"")], Holds),
        ] {
            // Half a second more than the date can say.
            let modified = Timestamp(1_795_253_045_500);
            let found = evaluate(&with(fields), &tag, Some(modified));
            assert_eq!(found, expected, "{fields:?}");
        }
        assert_eq!(http_date(Timestamp(1_795_253_045_500)), THEN);
        // Where nothing is said there is nothing to compare with.
        for fields in [(ims, THEN), (ius, BEFORE), (inm, "\"a\"")] {
            assert_eq!(evaluate(&with(&[fields]), &[], None), Holds, "{fields:?}");
        }
    }

    #[test]
    fn tags_differ_by_every_part() {
        assert_ne!(head_etag(1, &["ab", "c"]), head_etag(1, &["a", "bc"]));
        assert_ne!(head_etag(1, &[]), head_etag(2, &[]));
        assert_eq!(head_etag(1, &["a"]), head_etag(1, &["a"]));
    }
}
