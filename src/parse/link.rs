//! Addresses: made absolute, only `http` and `https`, within the limit.

use url::Url;

use super::attribute::attribute;
use super::markup::{Token, Tokens};
use crate::item::URL_BYTES_MAX;

/// Tags of one text searched for a picture.
const IMAGE_TAGS_MAX: usize = 200;

/// `text` as an absolute address. What is absolute already stays as written, so that it compares equal to other mentions.
pub(super) fn absolute(text: &str, base: &Url) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if text.is_empty() || text.len() > URL_BYTES_MAX {
        return None;
    }
    let url = base.join(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    let kept = is_absolute(text) && text.bytes().all(is_written_plainly);
    let written = if kept { text.to_owned() } else { url.into() };
    (written.len() <= URL_BYTES_MAX).then_some(written)
}

/// Whether `text` is an `http` or `https` address by itself.
pub(super) fn is_absolute(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// RFC 3986 §2: what may stand in an address unescaped.
fn is_written_plainly(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// The first picture in a piece of HTML that is no tracking pixel.
pub(super) fn first_image(html: &str, base: &Url) -> Option<String> {
    let tags = Tokens::new(html).filter_map(|token| match token {
        Token::Open {
            name, attributes, ..
        } => Some((name, attributes)),
        _ => None,
    });
    tags.take(IMAGE_TAGS_MAX)
        .filter(|(name, _)| name.eq_ignore_ascii_case("img"))
        .filter(|(_, attributes)| !is_pixel(attributes))
        .find_map(|(_, attributes)| absolute(&attribute(attributes, "src")?, base))
}

fn is_pixel(attributes: &str) -> bool {
    ["width", "height"].iter().any(|side| {
        matches!(
            attribute(attributes, side).as_deref(),
            Some("0" | "1" | "1px")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_and_refuses() {
        let base = Url::parse("https://e.org/a/feed.xml").unwrap();
        for (text, expected) in [
            ("b", Some("https://e.org/a/b")),
            (" /c?x=1 ", Some("https://e.org/c?x=1")),
            ("//cdn.e.org/x", Some("https://cdn.e.org/x")),
            ("http://e.org", Some("http://e.org")),
            ("HTTP://E.org/ä b", Some("http://e.org/%C3%A4%20b")),
            ("http://e.org/a\n b", Some("http://e.org/a%20b")),
            ("javascript:alert(1)", None),
            ("java\tscript:alert(1)", None),
            ("data:text/html,x", None),
            ("mailto:a@e.org", None),
            ("http://", None),
            ("", None),
        ] {
            assert_eq!(absolute(text, &base).as_deref(), expected, "{text:?}");
        }
        assert_eq!(absolute(&format!("/{}", "x".repeat(3000)), &base), None);
    }

    #[test]
    fn finds_a_picture() {
        let base = Url::parse("https://e.org/a/").unwrap();
        let html = "<p><img src='/pixel' width=1><img src=data:x><IMG alt='' SRC='i.png'>";
        assert_eq!(
            first_image(html, &base).as_deref(),
            Some("https://e.org/a/i.png")
        );
    }
}
