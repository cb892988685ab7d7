//! Checks one value against its [`Kind`].

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::Item;

use super::headers;
use super::keys::{
    Default, Key, Kind, QUERY_BYTES_MAX, SLUG_CHARS_MAX, URL_BYTES_MAX, WORD_CHARS_MAX, WORDS_MAX,
};
use super::nearest::nearest;
use super::read::{Checker, Fields};
use super::slug::{is_slug, slugify};
use super::units::{self, DURATION_UNITS, SIZE_UNITS, UnitError};
use crate::config::HeaderText;

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
        Kind::Word(words) => words
            .iter()
            .map(|word| format!("\"{word}\""))
            .collect::<Vec<_>>()
            .join(" or "),
        Kind::Words => format!(
            "a list of at most {WORDS_MAX} texts of 1 to {WORD_CHARS_MAX} characters"
        ),
        Kind::Slugs => format!("a list of at most {WORDS_MAX} ids"),
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
    if matches!(key.kind, Kind::Words | Kind::Slugs) {
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
struct Flaw {
    message: String,
    nearest: Option<String>,
}

impl Flaw {
    fn of(message: impl Into<String>) -> Self {
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

fn integer(item: &Item, least: u64, most: u64) -> Result<Checked, Flaw> {
    let Some(number) = item.as_integer() else {
        return Err(Flaw::of(format!(
            "{} where a whole number is expected",
            type_of(item)
        )));
    };
    match u64::try_from(number) {
        Ok(fits) if (least..=most).contains(&fits) => Ok(Checked::Number(fits)),
        _ => Err(Flaw::of(format!(
            "{number} is too {}",
            if i128::from(number) < i128::from(least) {
                "small"
            } else {
                "large"
            }
        ))),
    }
}

fn scalar(text: &str, kind: Kind) -> Result<Checked, Flaw> {
    match kind {
        Kind::Duration(least, most) => quantity(text, least, most, DURATION_UNITS),
        Kind::Size(least, most) => quantity(text, least, most, SIZE_UNITS),
        Kind::Word(words) => word(text, words),
        Kind::Language => language(text),
        Kind::Url => url(text),
        Kind::Slug => slug(text),
        Kind::Query => query(text),
        Kind::Text(most) => line(text, most),
        _ => Err(Flaw::of("text is not expected here")),
    }
    .map(|checked| checked.unwrap_or_else(|| Checked::Text(text.trim().to_owned())))
}

/// The outcome of a check: `None` where the text stands as it is.
type Outcome = Result<Option<Checked>, Flaw>;

fn quantity(text: &str, least: u64, most: u64, known: &[(&str, u64)]) -> Outcome {
    let shown = shorten(text);
    match units::parse(text, known) {
        Ok(value) if value < least => Err(Flaw::of(format!("\"{shown}\" is too small"))),
        Ok(value) if value > most => Err(Flaw::of(format!("\"{shown}\" is too large"))),
        Ok(value) => Ok(Some(Checked::Number(value))),
        Err(UnitError::NoNumber) => Err(Flaw::of(format!(
            "\"{shown}\" does not begin with a whole number"
        ))),
        Err(UnitError::NoUnit) => Err(Flaw::of(format!("\"{shown}\" has no unit"))),
        Err(UnitError::Unknown(unit)) => Err(Flaw {
            message: format!("\"{}\" is no unit", shorten(&unit)),
            nearest: unit_meant(&unit, known),
        }),
    }
}

/// Units are short, so likeness says little: the first letter does.
fn unit_meant(unit: &str, known: &[(&str, u64)]) -> Option<String> {
    let same = |(name, _): &&(&str, u64)| name.eq_ignore_ascii_case(unit);
    let first = unit.chars().next()?.to_ascii_lowercase();
    let begins = |(name, _): &&(&str, u64)| {
        name.chars()
            .next()
            .is_some_and(|c| c.to_ascii_lowercase() == first)
    };
    let found = known
        .iter()
        .find(same)
        .or_else(|| known.iter().find(begins));
    found.map(|(name, _)| (*name).to_owned())
}

fn word(text: &str, words: &[&str]) -> Outcome {
    if words.contains(&text) {
        return Ok(None);
    }
    Err(Flaw {
        message: format!("\"{}\" is not known", shorten(text)),
        nearest: nearest(text, words.iter().copied()).map(str::to_owned),
    })
}

/// The shape of RFC 5646 §2.1, without its registry: letters first, then subtags.
fn language(text: &str) -> Outcome {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let primary_fits =
        (2..=8).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    let rest_fits = parts.all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if primary_fits && rest_fits && text.len() <= 35 {
        return Ok(None);
    }
    Err(Flaw::of(format!(
        "\"{}\" is no language tag",
        shorten(text)
    )))
}

fn url(text: &str) -> Outcome {
    let shown = shorten(text);
    if text.len() > URL_BYTES_MAX {
        return Err(Flaw::of(format!("the address has {} bytes", text.len())));
    }
    let parsed = url::Url::parse(text)
        .map_err(|error| Flaw::of(format!("\"{shown}\" is no address: {error}")))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        let scheme = shorten(parsed.scheme());
        return Err(Flaw::of(format!("`{scheme}:` addresses can't be fetched")));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Flaw::of(
            "the address holds a user name or password; send a header with a secret instead",
        ));
    }
    Ok(None)
}

fn slug(text: &str) -> Outcome {
    if is_slug(text) {
        return Ok(None);
    }
    let meant = slugify(text);
    Err(Flaw {
        message: format!("\"{}\" is no id", shorten(text)),
        nearest: (!meant.is_empty()).then_some(meant),
    })
}

fn query(text: &str) -> Outcome {
    if text.len() > QUERY_BYTES_MAX {
        return Err(Flaw::of(format!("the query has {} bytes", text.len())));
    }
    match serde_json_path::JsonPath::parse(text) {
        Ok(_) => Ok(None),
        Err(error) => {
            let meant = format!("$.{text}");
            let is_name = serde_json_path::JsonPath::parse(&meant).is_ok();
            Err(Flaw {
                message: format!(
                    "\"{}\" is no JSONPath query: at character {}, {}",
                    shorten(text),
                    error.position(),
                    error.message()
                ),
                nearest: is_name.then_some(meant),
            })
        }
    }
}

fn line(text: &str, most: usize) -> Outcome {
    let length = text.trim().chars().count();
    if length > most {
        return Err(Flaw::of(format!("the text has {length} characters")));
    }
    if length == 0 {
        return Err(Flaw::of("the text is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(Flaw::of(
            "the text holds a line break or another control character",
        ));
    }
    Ok(None)
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
        let kind = if matches!(key.kind, Kind::Slugs) {
            Kind::Slug
        } else {
            Kind::Text(WORD_CHARS_MAX)
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

/// What was written, short enough for a message.
pub(super) fn shorten(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
