//! Query parameters: known ones, once each, within limits.

use url::form_urlencoded;

use super::problem::Problem;
use super::routes::Parameter;

/// How much of what a client sent is repeated in a message, in characters.
const ECHO_CHARS_MAX: usize = 60;

/// The parameters of one request.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    values: Vec<(&'static str, String)>,
}

impl Parameters {
    /// Reads a query string. With `of_form`, a search box that was left empty counts as not given: browsers send it.
    ///
    /// # Errors
    /// Unknown, repeated and empty parameters are 400.
    pub(super) fn parse(query: &str, known: &[Parameter], of_form: bool) -> Result<Self, Problem> {
        let mut values: Vec<(&'static str, String)> = Vec::new();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(parameter) = known
                .iter()
                .find(|parameter| parameter.in_query && parameter.name == key)
            else {
                return Err(Problem::unknown_parameter(&key, known));
            };
            if of_form && parameter.name == "q" && value.trim().is_empty() {
                continue;
            }
            if values.iter().any(|(name, _)| *name == parameter.name) {
                return Err(Problem::bad_parameter(
                    parameter.name,
                    format!("`{}` may be given once only.", parameter.name),
                ));
            }
            if value.is_empty() {
                return Err(Problem::bad_parameter(
                    parameter.name,
                    format!("`{}` is empty; leave it out instead.", parameter.name),
                ));
            }
            values.push((parameter.name, value.into_owned()));
        }
        Ok(Self { values })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What a client sent, shortened and without control characters, for a message.
pub(super) fn echo(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(ECHO_CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(ECHO_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

/// The known word most like `word`, if one is like it.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word
        .chars()
        .take(ECHO_CHARS_MAX)
        .flat_map(char::to_lowercase)
        .collect();
    known
        .map(|candidate| (strsim::osa_distance(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1) + 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_nearest_word() {
        let known = ["category", "source", "cursor", "limit"];
        let nearest = |word| nearest(word, known.into_iter());
        assert_eq!(nearest("catgory"), Some("category"));
        assert_eq!(nearest("Limits"), Some("limit"));
        assert_eq!(nearest("sorce"), Some("source"));
        assert_eq!(nearest("utm_campaign"), None);
    }

    #[test]
    fn repeats_little() {
        assert_eq!(echo("a\r\nb"), "a\u{fffd}\u{fffd}b");
        assert_eq!(echo(&"x".repeat(100)).chars().count(), 61);
    }
}
