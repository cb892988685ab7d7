//! The query language: words, `"phrases"`, `-without`, `source:` `category:` `tag:` `before:` `after:`.

use super::document::Label;
use super::query::{Clause, Query, What};
use super::words::{folded, words};
use crate::fold::ALL;
use crate::time::Timestamp;

/// Longest query, in characters.
pub const QUERY_CHARS_MAX: usize = 200;
/// Words, phrases and conditions of one query.
pub const CLAUSES_MAX: usize = 12;
/// Words of one query, those of phrases included.
pub const QUERY_WORDS_MAX: usize = 16;
/// A last word of fewer characters is no beginning of others: those would be most of what there is.
pub const PREFIX_CHARS_MIN: usize = 2;

/// Why a query can't be answered, in a sentence for the one who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QueryError(pub String);

impl Query {
    /// Reads `text`.
    ///
    /// # Errors
    /// Where it is over a limit, says nothing that can be searched, or a condition can't be understood.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(QueryError(format!(
                "`q` may have {QUERY_CHARS_MAX} characters."
            )));
        }
        let mut query = Self::default();
        let mut last_word = None;
        for part in parts(text) {
            if query.condition(&part)? {
                continue;
            }
            let mut found = Vec::new();
            words(part.text, |word| found.push(word.to_owned()));
            if found.is_empty() {
                continue;
            }
            last_word = (!part.negated && !part.quoted).then_some(query.clauses.len());
            let what = What::Words {
                words: found,
                prefix: false,
            };
            query.push(part.negated, what)?;
        }
        let last = last_word.and_then(|last| query.clauses.get_mut(last));
        if let Some(What::Words { words, prefix }) = last.map(|clause| &mut clause.what) {
            let letters = words.last().map_or(0, |word| word.chars().count());
            *prefix = letters >= PREFIX_CHARS_MIN;
        }
        if query == Self::default() {
            return Err(QueryError(
                "`q` has no word to search for: letters or digits are needed.".to_owned(),
            ));
        }
        query.check_words()?;
        Ok(query)
    }

    /// Takes a part that names what it is about. `false` where it is plain words.
    fn condition(&mut self, part: &Part<'_>) -> Result<bool, QueryError> {
        let Some(name) = part.name else {
            return Ok(false);
        };
        let value = part.text.trim();
        if value.is_empty() {
            return Err(QueryError(format!(
                "`{name}:` needs a value right after the colon, such as `{name}:{}`.",
                example(name)
            )));
        }
        let label = match name {
            "before" | "after" => {
                self.time(name, value, part.negated)?;
                return Ok(true);
            }
            "source" => Label::Source,
            "tag" => Label::Tag,
            _ => Label::View,
        };
        if label == Label::View && value == ALL {
            if part.negated {
                return Err(QueryError(
                    "`-category:all` leaves nothing to find.".to_owned(),
                ));
            }
            return Ok(true);
        }
        let id = match label {
            Label::Tag => folded(value),
            _ => value.to_owned(),
        };
        if id.is_empty() {
            return Err(QueryError(format!(
                "`{name}:` needs letters or digits, such as `{name}:{}`.",
                example(name)
            )));
        }
        self.push(part.negated, What::Label { label, id })?;
        Ok(true)
    }

    fn time(&mut self, name: &str, value: &str, negated: bool) -> Result<(), QueryError> {
        let other = if name == "before" { "after" } else { "before" };
        if negated {
            return Err(QueryError(format!(
                "`-{name}:` is not understood; `{other}:{}` says it.",
                super::shown(value)
            )));
        }
        let at = date(value).ok_or_else(|| {
            QueryError(format!(
                "`{name}:{}` names no day: write `{name}:2026-11-21`, `{name}:2026-11`, `{name}:2026`, or a time as \
                 `2026-11-21T08:00:00Z`.",
                super::shown(value)
            ))
        })?;
        if name == "before" {
            self.before = Some(self.before.map_or(at, |known| known.min(at)));
        } else {
            self.after = Some(self.after.map_or(at, |known| known.max(at)));
        }
        Ok(())
    }

    fn push(&mut self, negated: bool, what: What) -> Result<(), QueryError> {
        if self.clauses.len() == CLAUSES_MAX {
            return Err(QueryError(format!(
                "`q` may have {CLAUSES_MAX} words, phrases and conditions."
            )));
        }
        self.clauses.push(Clause { negated, what });
        Ok(())
    }

    fn check_words(&self) -> Result<(), QueryError> {
        let count = |clause: &Clause| match &clause.what {
            What::Words { words, .. } => words.len(),
            What::Label { .. } => 0,
        };
        if self.clauses.iter().map(count).sum::<usize>() > QUERY_WORDS_MAX {
            return Err(QueryError(format!(
                "`q` may have {QUERY_WORDS_MAX} words, those of phrases included."
            )));
        }
        Ok(())
    }
}

fn example(name: &str) -> &'static str {
    match name {
        "before" | "after" => "2026-11-21",
        "tag" => "kernel",
        "source" => "kernel-news",
        _ => "linux",
    }
}

/// A part of a query, as it is written.
struct Part<'t> {
    negated: bool,
    quoted: bool,
    name: Option<&'static str>,
    text: &'t str,
}

const NAMES: [&str; 5] = ["source", "category", "tag", "before", "after"];
/// As browsers and word processors like to write them.
const QUOTES: [char; 3] = ['"', '“', '”'];

/// Cuts a query at white space outside of quotes.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let negated = rest
            .strip_prefix('-')
            .filter(|after| !after.starts_with(char::is_whitespace));
        rest = negated.unwrap_or(rest);
        let named = NAMES.iter().find_map(|name| {
            let after = rest.get(name.len()..)?.strip_prefix(':')?;
            rest.get(..name.len())?
                .eq_ignore_ascii_case(name)
                .then_some((*name, after))
        });
        let name = named.map(|(name, _)| name);
        rest = named.map_or(rest, |(_, after)| after);
        let opened = rest.strip_prefix(QUOTES);
        let (part, after) = match opened {
            Some(inner) => inner.split_once(QUOTES).unwrap_or((inner, "")),
            None => {
                let end = rest.find(|c: char| c.is_whitespace() || QUOTES.contains(&c));
                rest.split_at(end.unwrap_or(rest.len()))
            }
        };
        parts.push(Part {
            negated: negated.is_some(),
            quoted: opened.is_some(),
            name,
            text: part,
        });
        rest = after.trim_start();
    }
    parts
}

/// The beginning of a year, month or day, UTC, or a time in RFC 3339.
fn date(text: &str) -> Option<Timestamp> {
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let whole = match text.len() {
        4 if digits(text) => format!("{text}-01-01T00:00:00Z"),
        7 if digits(text) => format!("{text}-01T00:00:00Z"),
        10 if digits(text) => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    Timestamp::parse(&whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let query = Query::parse(text).unwrap();
        let clause = |clause: &Clause| {
            let sign = if clause.negated { "-" } else { "" };
            match &clause.what {
                What::Words { words, prefix } => {
                    format!(
                        "{sign}{}{}",
                        words.join("_"),
                        if *prefix { "*" } else { "" }
                    )
                }
                What::Label { label, id } => format!("{sign}{label:?}={id}"),
            }
        };
        let mut all: Vec<String> = query.clauses.iter().map(clause).collect();
        all.extend(query.after.map(|at| format!(">={at}")));
        all.extend(query.before.map(|at| format!("<{at}")));
        all.join(" ")
    }

    #[test]
    fn queries_are_read() {
        for (text, want) in [
            ("rust", "rust*"),
            ("Rust  wasm ", "rust wasm*"),
            ("\"zero copy\"", "zero_copy"),
            ("“zero copy” parser", "zero_copy parser*"),
            ("node-http", "node_http*"),
            ("rust -java", "rust -java"),
            ("-\"not this\" that", "-not_this that*"),
            ("kernel source:lwn", "kernel* Source=lwn"),
            ("tag:\"Open Source\" -tag:ads", "Tag=open source -Tag=ads"),
            ("Category:linux x", "View=linux x"),
            (
                "after:2026-11 before:2026-11-21 a1",
                "a1* >=2026-11-01T00:00:00Z <2026-11-21T00:00:00Z",
            ),
            ("after:2025 after:2026", ">=2026-01-01T00:00:00Z"),
            ("before:2026-11-21T08:00:00+02:00", "<2026-11-21T06:00:00Z"),
            ("\"unclosed phrase", "unclosed_phrase"),
            ("a - b", "a b"),
            ("c++ 北京", "c 北_京"),
            ("http://example.org/x", "http_example_org_x"),
            ("foo\"bar\"", "foo bar"),
            ("ÉCOLE", "ecole*"),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn bad_queries_say_what_is_wrong() {
        let long = "x".repeat(QUERY_CHARS_MAX + 1);
        let many = "ab ".repeat(CLAUSES_MAX + 1);
        let phrase = format!("\"{}\"", "ab ".repeat(QUERY_WORDS_MAX + 1));
        for (text, part) in [
            ("", "no word"),
            ("!!! \"\"", "no word"),
            ("before:yesterday", "names no day"),
            ("before:2026-13", "names no day"),
            ("after:2026-02-30", "names no day"),
            ("-before:2026", "after:2026"),
            ("source: lwn", "right after the colon"),
            ("tag:!", "letters or digits"),
            (&long, "200 characters"),
            (&many, "12 words, phrases"),
            (&phrase, "16 words"),
        ] {
            let error = Query::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_query_is_survived(text in "\\PC{0,80}") {
            let _ = Query::parse(&text);
        }
    }
}
