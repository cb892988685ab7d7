//! Entities: numeric ones and those of HTML.

use std::borrow::Cow;

/// Longest name of an entity (`CounterClockwiseContourIntegral`), in bytes.
const ENTITY_BYTES_MAX: usize = 32;

/// Decodes numeric and HTML's named entities, once. Unknown ones and a bare `&` stay as they are; entities that a document
/// declares itself are never expanded.
pub(super) fn decode_entities(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = &text[first..];
    out.push_str(&text[..first]);
    while let Some(i) = rest.find('&') {
        out.push_str(&rest[..i]);
        rest = &rest[i..];
        let used = decode_one(rest, &mut out);
        rest = &rest[used..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Decodes the entity that `text` begins with into `out`; returns the bytes used.
fn decode_one(text: &str, out: &mut String) -> usize {
    let body = &text[1..];
    if let Some(number) = body.strip_prefix('#') {
        let (digits, radix) = match number.strip_prefix(['x', 'X']) {
            Some(hex) => (hex, 16),
            None => (number, 10),
        };
        let len = digits
            .find(|c: char| !c.is_digit(radix))
            .unwrap_or(digits.len());
        if len > 0 {
            out.push(u32::from_str_radix(&digits[..len], radix).map_or('\u{fffd}', code_point));
            let used = text.len() - digits.len() + len;
            return used + usize::from(text[used..].starts_with(';'));
        }
    }
    let len = body
        .bytes()
        .take(ENTITY_BYTES_MAX)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    if body[len..].starts_with(';') {
        let whole = &text[..len + 2];
        let value = html_escape::decode_html_entities(whole);
        if value != whole {
            out.push_str(&value);
            return len + 2;
        }
    }
    // `&nbsp` without semicolon: only the few that browsers take so.
    for (name, value) in [
        ("amp", "&"),
        ("nbsp", "\u{a0}"),
        ("lt", "<"),
        ("gt", ">"),
        ("quot", "\""),
    ] {
        if &body[..len] == name && !body[len..].starts_with('=') {
            out.push_str(value);
            return len + 1;
        }
    }
    out.push('&');
    1
}

/// What HTML makes of a numeric reference: 0x80 to 0x9F are windows-1252, the impossible ones U+FFFD.
fn code_point(n: u32) -> char {
    match u8::try_from(n) {
        Ok(byte @ 0x80..=0x9f) => {
            let bytes = [byte];
            let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&bytes);
            text.chars().next().unwrap_or('\u{fffd}')
        }
        _ => char::from_u32(n)
            .filter(|c| *c != '\0')
            .unwrap_or('\u{fffd}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_entities_once() {
        for (text, expected) in [
            ("a &amp;amp; b", "a &amp; b"),
            ("&nbsp;&eacute;&hellip;", "\u{a0}é…"),
            ("AT&T & &bogus; &", "AT&T & &bogus; &"),
            (
                "&#8217;&#x2019;&#146;&#0;&#xFFFFFFFFFF;",
                "’’’\u{fffd}\u{fffd}",
            ),
            ("?a=1&lt=2&amp", "?a=1&lt=2&"),
        ] {
            assert_eq!(decode_entities(text), expected);
        }
    }
}
