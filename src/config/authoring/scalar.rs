//! Checks one text or number: its shape, its bounds, what was meant.

use toml_edit::Item;

use super::keys::{Kind, QUERY_BYTES_MAX, URL_BYTES_MAX};
use super::nearest::nearest;
use super::slug::{is_slug, slugify};
use super::units::{self, DURATION_UNITS, SIZE_UNITS, UnitError};
use super::value::{Checked, Flaw, type_of};
use crate::tenant::{ANY_HOST, is_host};

/// A whole number from `least` to `most`.
pub(super) fn integer(item: &Item, least: u64, most: u64) -> Result<Checked, Flaw> {
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

/// A text of one of the kinds that are written as text.
pub(super) fn scalar(text: &str, kind: Kind) -> Result<Checked, Flaw> {
    match kind {
        Kind::Duration(least, most) => quantity(text, least, most, DURATION_UNITS),
        Kind::Size(least, most) => quantity(text, least, most, SIZE_UNITS),
        Kind::Word(words) => word(text, words),
        Kind::Language => language(text),
        Kind::Url => url(text),
        Kind::Slug => slug(text),
        Kind::Host => host(text),
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

/// A host, and what it is in the form that requests have it.
fn host(text: &str) -> Outcome {
    if text == ANY_HOST || is_host(text) {
        return Ok(None);
    }
    // What browsers make of it: lower case, ASCII, addresses in their short form.
    let written = url::Url::parse(&format!("http://{text}/")).ok();
    let meant = written
        .as_ref()
        .and_then(|url| url.host_str())
        .map(|host| host.trim_end_matches('.'))
        .filter(|host| is_host(host));
    Err(Flaw {
        message: format!("\"{}\" is no host as requests name it", shorten(text)),
        nearest: meant.map(str::to_owned),
    })
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
