//! Checks one value against its [`Kind`].

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::Item;

use super::headers;
use super::keys::{
    Default, Key, Kind, QUERY_BYTES_MAX, SLUG_CHARS_MAX, URL_BYTES_MAX, WORD_CHARS_MAX, WORDS_MAX,
};
use super::read::{Checker, Fields};
use super::scalar::{integer, scalar};
use super::units::{self, DURATION_UNITS, SIZE_UNITS};
use crate::config::HeaderText;
use crate::tenant::HOSTS_MAX;

/// A value that has passed its own check.
#[derive(Debug)]
pub(super) enum Checked {
    Text(String),
    /// An integer, seconds or bytes.
    Number(u64),
    Words(Vec<(Range<usize>, String)>),
    Headers(BTreeMap<String, HeaderText>),
    Table(Fields),
    Tables(Vec<Fields>),
}

/// What may stand behind `key`, in words.
pub(super) fn allowed(key: &Key) -> String {
    match key.kind {
        Kind::Text(most) => format!("one line of text of 1 to {most} characters"),
        Kind::Language => "a BCP 47 language tag such as \"en\" or \"pt-BR\"".to_owned(),
        Kind::Url => format!(
            "an absolute http or https address without user name, at most {URL_BYTES_MAX} bytes"
        ),
        Kind::Slug => slug_allowed(),
        Kind::Integer(least, most) => format!("a whole number from {least} to {most}"),
        Kind::Duration(least, most) => format!(
            "a whole number and s, m, h or d, from \"{}\" to \"{}\"",
            units::show(least, DURATION_UNITS),
            units::show(most, DURATION_UNITS)
        ),
        Kind::Size(least, most) => format!(
            "a whole number and B, kB, KiB, MB or MiB, from \"{}\" to \"{}\"",
            units::show(least, SIZE_UNITS),
            units::show(most, SIZE_UNITS)
        ),
        Kind::Word(words) => quoted(words, " or "),
        Kind::Words => format!(
            "a list of at most {WORDS_MAX} texts of 1 to {WORD_CHARS_MAX} characters"
        ),
        Kind::WordsOf(words) => format!("a list of some of {}", quoted(words, ", ")),
        Kind::Slugs => format!("a list of at most {WORDS_MAX} ids"),
        Kind::Host => "a host in lower case and its ASCII form, without port, or \"*\"".to_owned(),
        Kind::Hosts => format!(
            "a list of 1 to {HOSTS_MAX} hosts in lower case and their ASCII form, without port, or \"*\""
        ),
        Kind::Query => format!(
            "an RFC 9535 JSONPath query such as \"$.{}\", at most {QUERY_BYTES_MAX} bytes",
            key.name
        ),
        Kind::Headers => {
            "a table such as { accept = \"application/json\", authorization = { secret = \"Bearer {name}\" } }".to_owned()
        }
        Kind::Table(table) => format!("a table `[{}]`", table.path),
        Kind::Tables(table, most) => format!("at most {most} tables `[[{}]]`", table.path),
    }
}

fn quoted(words: &[&str], between: &str) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(between)
}

pub(super) fn slug_allowed() -> String {
    format!(
        "lower-case letters a to z, digits and single hyphens between them, at most {SLUG_CHARS_MAX}"
    )
}

/// What TOML calls the value, with its article.
pub(super) fn type_of(item: &Item) -> String {
    match item.type_name() {
        name @ ("integer" | "array" | "inline table" | "array of tables" | "offset datetime") => {
            format!("an {name}")
        }
        name => format!("a {name}"),
    }
}

/// The default of a number, duration or size, where it has one.
pub(super) fn default_number(key: &Key) -> Option<u64> {
    match (key.default, key.kind) {
        (Default::Number(number), _) => Some(number),
        (Default::Text(text), Kind::Duration(..)) => units::parse(text, DURATION_UNITS).ok(),
        (Default::Text(text), Kind::Size(..)) => units::parse(text, SIZE_UNITS).ok(),
        _ => None,
    }
}

/// Reads `item` as `key` wants it, or notes a mistake.
pub(super) fn check(
    checker: &mut Checker<'_>,
    item: &Item,
    at: &Range<usize>,
    path: &str,
    key: &Key,
) -> Option<Checked> {
    if matches!(key.kind, Kind::Headers) {
        return headers::check(checker, item, at, path, key).map(Checked::Headers);
    }
    if matches!(
        key.kind,
        Kind::Words | Kind::WordsOf(_) | Kind::Slugs | Kind::Hosts
    ) {
        return list(checker, item, at, path, key);
    }
    let outcome = match key.kind {
        Kind::Integer(least, most) => integer(item, least, most),
        _ => match item.as_str() {
            Some(text) => scalar(text, key.kind),
            None => Err(Flaw::of(wrong_type(item, key.kind))),
        },
    };
    match outcome {
        Ok(checked) => Some(checked),
        Err(flaw) => {
            flaw.say(checker, at, path, key);
            None
        }
    }
}

fn wrong_type(item: &Item, kind: Kind) -> String {
    let found = type_of(item);
    match kind {
        Kind::Duration(..) | Kind::Size(..) if item.is_integer() => {
            "a number without a unit; write it as text, with one".to_owned()
        }
        _ => format!("{found} where text in quotes is expected"),
    }
}

/// Why a value is refused.
pub(super) struct Flaw {
    pub(super) message: String,
    pub(super) nearest: Option<String>,
}

impl Flaw {
    pub(super) fn of(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            nearest: None,
        }
    }

    fn say(self, checker: &mut Checker<'_>, at: &Range<usize>, path: &str, key: &Key) {
        let mistake = checker.say(at, path, self.message);
        mistake.nearest = self.nearest;
        mistake.allowed = Some(allowed(key));
    }
}

fn list(
    checker: &mut Checker<'_>,
    item: &Item,
    at: &Range<usize>,
    path: &str,
    key: &Key,
) -> Option<Checked> {
    let Some(array) = item.as_array() else {
        let message = format!("{} where a list is expected", type_of(item));
        Flaw::of(message).say(checker, at, path, key);
        return None;
    };
    let mut words: Vec<(Range<usize>, String)> = Vec::new();
    let mut whole = true;
    for value in array {
        let at = value.span().unwrap_or_else(|| at.clone());
        let kind = match key.kind {
            Kind::Slugs => Kind::Slug,
            Kind::Hosts => Kind::Host,
            Kind::WordsOf(words) => Kind::Word(words),
            _ => Kind::Text(WORD_CHARS_MAX),
        };
        let outcome = match value.as_str() {
            Some(text) => scalar(text, kind),
            None => Err(Flaw::of(format!(
                "a {} where text in quotes is expected",
                value.type_name()
            ))),
        };
        match outcome {
            Ok(Checked::Text(text)) if words.iter().any(|(_, word)| *word == text) => {
                Flaw::of(format!("\"{text}\" is listed twice")).say(checker, &at, path, key);
                whole = false;
            }
            Ok(Checked::Text(text)) => words.push((at, text)),
            Ok(_) => {}
            Err(flaw) => {
                flaw.say(checker, &at, path, key);
                whole = false;
            }
        }
    }
    if words.len() > WORDS_MAX {
        Flaw::of(format!("the list has {} entries", words.len())).say(checker, at, path, key);
        whole = false;
    }
    whole.then_some(Checked::Words(words))
}
