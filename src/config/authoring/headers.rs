//! Request headers of a source: names, values, and secrets that are named but never written.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::Item;

use super::keys::{HEADER_BYTES_MAX, HEADERS_MAX, Key};
use super::read::Checker;
use super::scalar::shorten;
use super::value::{allowed, type_of};
use crate::config::HeaderText;
use crate::host::OWN_VARIABLES;

/// Set by the host or meaningless for a single request (RFC 9110 §7.6.1).
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Set by edgefold itself.
const OWN: &[&str] = &[
    "accept-encoding",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
];

/// Their values are secrets: refused as plain text.
const SECRET: &[&str] = &["authorization", "cookie"];

/// Longest name of a host variable.
const VARIABLE_CHARS_MAX: usize = 64;

/// Reads the table of headers, or notes each mistake in it.
pub(super) fn check(
    checker: &mut Checker<'_>,
    item: &Item,
    at: &Range<usize>,
    path: &str,
    key: &Key,
) -> Option<BTreeMap<String, HeaderText>> {
    let Some(table) = item.as_table_like() else {
        let message = format!("{} where a table is expected", type_of(item));
        checker.say(at, path, message).allowed = Some(allowed(key));
        return None;
    };
    let before = checker.mistakes.len();
    let mut headers = BTreeMap::new();
    for (name, value) in table.iter() {
        let name_at = table
            .key(name)
            .and_then(toml_edit::Key::span)
            .unwrap_or_else(|| at.clone());
        let value_at = value.span().unwrap_or_else(|| name_at.clone());
        let path = format!("{path}.{}", shorten(name));
        let lower = match header_name(name) {
            Ok(lower) => lower,
            Err(message) => {
                checker.say(&name_at, &path, message);
                continue;
            }
        };
        match header_text(&lower, value) {
            Ok(text) => {
                if headers.insert(lower, text).is_some() {
                    checker.say(
                        &name_at,
                        &path,
                        "this header is given twice (upper and lower case are the same)",
                    );
                }
            }
            Err(message) => {
                checker.say(&value_at, &path, message).allowed = Some(value_allowed());
            }
        }
    }
    if headers.len() > HEADERS_MAX {
        let message = format!("{} headers are too many", headers.len());
        checker.say(at, path, message).allowed = Some(format!("at most {HEADERS_MAX}"));
    }
    (checker.mistakes.len() == before).then_some(headers)
}

fn value_allowed() -> String {
    format!(
        "visible ASCII text of at most {HEADER_BYTES_MAX} bytes, or {{ secret = \"Bearer {{name}}\" }} in which {{name}} stands for a host variable"
    )
}

fn header_name(name: &str) -> Result<String, String> {
    let lower = name.to_ascii_lowercase();
    if http::HeaderName::from_bytes(lower.as_bytes()).is_err() {
        return Err(format!("\"{}\" is no header name", shorten(name)));
    }
    if HOP_BY_HOP.contains(&lower.as_str()) {
        return Err(format!("`{lower}` is up to the host and can't be set here"));
    }
    if OWN.contains(&lower.as_str()) {
        return Err(format!("`{lower}` is set by edgefold itself"));
    }
    Ok(lower)
}

fn header_text(name: &str, value: &Item) -> Result<HeaderText, String> {
    if let Some(text) = value.as_str() {
        if SECRET.contains(&name) {
            return Err(format!(
                "`{name}` is a secret: name a host variable instead of writing it into the file"
            ));
        }
        header_value(text)?;
        return Ok(HeaderText::Literal(text.to_owned()));
    }
    let Some(table) = value.as_table_like() else {
        return Err(format!(
            "{} where text or {{ secret = … }} is expected",
            type_of(value)
        ));
    };
    if let Some((other, _)) = table.iter().find(|(name, _)| *name != "secret") {
        return Err(format!(
            "there is no key `{}`, only `secret`",
            shorten(other)
        ));
    }
    match table.get("secret").and_then(Item::as_str) {
        Some(text) => template(text).map(HeaderText::Secret),
        None => Err("`secret` is missing or is not text".to_owned()),
    }
}

fn header_value(text: &str) -> Result<(), String> {
    let visible = text.bytes().all(|b| (0x20..0x7f).contains(&b));
    if text.is_empty() || !visible || text.trim() != text {
        return Err("this is no header value".to_owned());
    }
    if text.len() > HEADER_BYTES_MAX {
        return Err(format!("the value has {} bytes", text.len()));
    }
    Ok(())
}

/// The name of a variable alone stands for its whole value: `github_token` is `{github_token}`.
fn template(text: &str) -> Result<String, String> {
    if !text.contains(['{', '}']) {
        variable(text)
            .map_err(|why| format!("{why}; a text needs the name of a host variable in braces"))?;
        return Ok(format!("{{{text}}}"));
    }
    header_value(text)?;
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let Some(close) = rest[open..].find('}').filter(|length| *length > 0) else {
            return Err("a brace is left open, or closed without being opened".to_owned());
        };
        variable(&rest[open + 1..open + close])?;
        rest = &rest[open + close + 1..];
    }
    Ok(text.to_owned())
}

/// The names that every host takes: lower-case letters, digits and underscores, a letter first.
fn variable(name: &str) -> Result<(), String> {
    let shape = name.len() <= VARIABLE_CHARS_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !shape {
        return Err(format!(
            "\"{}\" is no name of a host variable (a to z, 0 to 9 and _, a letter first, at most {VARIABLE_CHARS_MAX})",
            shorten(name)
        ));
    }
    if OWN_VARIABLES.contains(&name) {
        return Err(format!(
            "`{name}` is edgefold's own and never sent to a source"
        ));
    }
    Ok(())
}
