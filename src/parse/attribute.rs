//! The attributes of a tag, in every spelling that occurs.

use std::borrow::Cow;

use super::entity::decode_entities;

/// Attributes looked at in one tag; what follows is ignored.
const ATTRIBUTES_MAX: usize = 64;

/// The attributes of a tag as name and undecoded value.
pub(super) fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    let each = std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        // A stray `=` counts as part of the name, so that each step goes on.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let len = rest[first..]
            .find(|c: char| c.is_ascii_whitespace() || c == '=')
            .map_or(rest.len(), |i| i + first);
        let (name, after) = rest.split_at(len);
        let Some(value) = after.trim_start().strip_prefix('=') else {
            rest = after;
            return Some((name, ""));
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let value = &value[1..];
                match value.find(quote) {
                    Some(end) => (&value[..end], &value[end + 1..]),
                    None => (value, ""),
                }
            }
            _ => value.split_at(
                value
                    .find(|c: char| c.is_ascii_whitespace())
                    .unwrap_or(value.len()),
            ),
        };
        rest = after;
        Some((name, value))
    });
    each.take(ATTRIBUTES_MAX)
}

/// The decoded value of the attribute `name` (without regard to case).
pub(super) fn attribute<'a>(text: &'a str, name: &str) -> Option<Cow<'a, str>> {
    attributes(text)
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| decode_entities(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_attributes_of_every_spelling() {
        let all: Vec<_> = attributes(" a=\"1\" b='2' c=3 d e = \"5\" =x f=\"un").collect();
        assert_eq!(
            all,
            [
                ("a", "1"),
                ("b", "2"),
                ("c", "3"),
                ("d", ""),
                ("e", "5"),
                ("=x", ""),
                ("f", "un")
            ]
        );
        assert_eq!(attribute(" HREF='a&amp;b'", "href").as_deref(), Some("a&b"));
    }
}
