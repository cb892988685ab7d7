//! The text of a field: which layer of XML to take off, and whether HTML is below it.

use std::borrow::Cow;

use super::attribute::attribute;
use super::entity::decode_entities;
use super::markup::{Token, Tokens};
use super::namespace::Namespace::{self, Atom};
use super::text;
use super::xml::Field;

/// Longest author, tag or id decoded, in bytes: far above what is kept.
const SHORT_BYTES_MAX: usize = 8192;

/// Whether `field` is the element `name` of one of `namespaces`.
pub(super) fn is(field: &Field<'_>, namespaces: &[Namespace], name: &str) -> bool {
    namespaces.contains(&field.namespace) && field.name.eq_ignore_ascii_case(name)
}

/// Whether a link, enclosure or media object says that it is a picture.
pub(super) fn is_picture(field: &Field<'_>) -> bool {
    let says = |name: &str, start: &str| {
        attribute(field.attributes, name)
            .is_some_and(|v| v.trim().to_ascii_lowercase().starts_with(start))
    };
    says("type", "image/") || says("medium", "image")
}

/// What kind of text a field holds.
#[derive(PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Html,
}

/// A field's text with one layer of XML taken off, unless markup stands in it as it is (XHTML, or a publisher's mistake).
pub(super) fn value<'a>(field: &Field<'a>) -> (Cow<'a, str>, Kind) {
    let inner = field.inner;
    if !inner.contains('<') {
        return (decode_entities(inner), kind(field));
    }
    if Tokens::new(inner).any(|token| matches!(token, Token::Open { .. } | Token::Close { .. })) {
        return (Cow::Borrowed(inner), Kind::Html);
    }
    let mut out = String::new();
    for token in Tokens::new(inner) {
        match token {
            // White space around a CDATA section is layout.
            Token::Text(text) if text.trim().is_empty() => {}
            Token::Text(text) => out.push_str(&decode_entities(text)),
            Token::Cdata(text) => out.push_str(text),
            _ => {}
        }
    }
    (Cow::Owned(out), kind(field))
}

/// Atom says whether a text is HTML and means plain text where it doesn't (RFC 4287 §3.1.1); RSS never says and often is.
fn kind(field: &Field<'_>) -> Kind {
    let stated = attribute(field.attributes, "type");
    match stated.as_deref().map(str::trim) {
        Some("text" | "text/plain" | "plain") => Kind::Plain,
        Some(_) => Kind::Html,
        None if field.namespace == Atom && !field.name.eq_ignore_ascii_case("content") => {
            Kind::Plain
        }
        None => Kind::Html,
    }
}

/// A field as readers see it.
pub(super) fn shown(field: &Field<'_>, chars_max: usize) -> String {
    match value(field) {
        (text, Kind::Plain) => text::from_plain(&text, chars_max),
        (html, Kind::Html) => text::from_html(&html, chars_max),
    }
}

/// A field whose text is no markup: an id, a date, an address.
pub(super) fn plain(field: &Field<'_>) -> String {
    let short = shortened(field, SHORT_BYTES_MAX);
    value(&short).0.trim().to_owned()
}

fn shortened<'a>(field: &Field<'a>, bytes_max: usize) -> Field<'a> {
    let inner = &field.inner[..field.inner.floor_char_boundary(bytes_max)];
    Field { inner, ..*field }
}

/// A short field that may be HTML: a tag.
pub(super) fn plain_html(field: &Field<'_>) -> String {
    text::from_html(&plain(field), SHORT_BYTES_MAX)
}

/// Longest author looked at, in bytes.
const PERSON_BYTES_MAX: usize = 1024;

/// Atom's `name` within, or RSS's `mail@example.org (Name)` and `Name <mail@example.org>`.
pub(super) fn person(field: &Field<'_>) -> String {
    let field = &shortened(field, PERSON_BYTES_MAX);
    let mut tokens = Tokens::new(field.inner);
    while let Some(token) = tokens.next() {
        if let Token::Open { name, .. } = token
            && name
                .rsplit(':')
                .next()
                .is_some_and(|n| n.eq_ignore_ascii_case("name"))
        {
            let start = tokens.position();
            let len = field.inner[start..]
                .find("</")
                .unwrap_or(field.inner.len() - start);
            let inner = &field.inner[start..start + len];
            return shown(
                &Field {
                    inner,
                    attributes: "",
                    ..*field
                },
                SHORT_BYTES_MAX,
            );
        }
    }
    let stated = plain(field);
    if let Some((address, rest)) = stated.split_once('(')
        && address.contains('@')
    {
        return text::from_plain(rest.trim_end().trim_end_matches(')'), SHORT_BYTES_MAX);
    }
    match stated.split_once('<') {
        Some((name, rest)) if rest.contains('@') && !name.trim().is_empty() => {
            text::from_plain(name, SHORT_BYTES_MAX)
        }
        _ => text::from_html(&stated, SHORT_BYTES_MAX),
    }
}
