//! Tells what a document is by its content. The declared media type is often wrong and never asked.

use url::Url;

use super::attribute::attribute;
use super::markup::{Token, Tokens};
use super::{ParseError, link, text};

/// Tags looked at before a document counts as no feed.
const TAGS_MAX: usize = 2000;
/// Characters of an unknown document that an error quotes.
const QUOTE_CHARS_MAX: usize = 40;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// RSS, RDF or Atom.
    Xml,
    /// Any JSON.
    Json,
    /// A page.
    Html,
    /// Nothing but white space.
    Empty,
    /// None of these.
    Other,
}

/// Looks at the first tags of `text`.
pub(super) fn form(text: &str) -> Form {
    let text =
        text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    match text.chars().next() {
        None => return Form::Empty,
        Some('{' | '[') => return Form::Json,
        Some(_) => {}
    }
    for token in Tokens::new(text).take(TAGS_MAX) {
        match token {
            Token::Open { name, .. } => {
                let local = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
                match local.as_str() {
                    "rss" | "rdf" | "feed" | "channel" | "item" | "entry" => return Form::Xml,
                    "html" | "head" | "body" | "meta" => return Form::Html,
                    _ => {}
                }
            }
            Token::Other(declaration) => {
                let start = declaration.get(..14).unwrap_or_default();
                if start.eq_ignore_ascii_case("<!doctype html") {
                    return Form::Html;
                }
            }
            _ => {}
        }
    }
    Form::Other
}

/// The error for a page where a feed was expected, with the feed that the page itself names.
pub(super) fn html_error(text: &str, document_url: &Url) -> ParseError {
    let mut message = "this is an HTML page, not a feed".to_owned();
    if let Some(title) = page_title(text) {
        message.push_str(&format!(" (\"{title}\")"));
    }
    if let Some(feed) = named_feed(text, document_url) {
        message.push_str(&format!("; did you mean {feed} ?"));
    }
    ParseError::new("html", &message)
}

fn page_title(html: &str) -> Option<String> {
    let mut tokens = Tokens::new(html).take(TAGS_MAX);
    tokens.find(|t| matches!(t, Token::Open { name, .. } if name.eq_ignore_ascii_case("title")))?;
    match tokens.next()? {
        Token::Text(title) => Some(text::from_html(title, 60)).filter(|t| !t.is_empty()),
        _ => None,
    }
}

/// `<link rel=alternate type=application/rss+xml href>` and its kin.
fn named_feed(html: &str, base: &Url) -> Option<String> {
    Tokens::new(html).take(TAGS_MAX).find_map(|token| {
        let Token::Open {
            name, attributes, ..
        } = token
        else {
            return None;
        };
        let is = |key: &str, words: &[&str]| {
            let value = attribute(attributes, key)
                .unwrap_or_default()
                .to_ascii_lowercase();
            words
                .iter()
                .any(|word| value.split([' ', ';']).any(|v| v == *word))
        };
        let feed = name.eq_ignore_ascii_case("link")
            && is("rel", &["alternate", "feed"])
            && is(
                "type",
                &[
                    "application/rss+xml",
                    "application/atom+xml",
                    "application/feed+json",
                    "application/rdf+xml",
                ],
            );
        feed.then(|| link::absolute(&attribute(attributes, "href")?, base))?
    })
}

/// The error for a document that is nothing known.
pub(super) fn other_error(text: &str, content_type: Option<&str>) -> ParseError {
    let begins = text::from_plain(text, QUOTE_CHARS_MAX);
    let declared = content_type
        .map(|t| format!(", declared as {}", text::from_plain(t, 60)))
        .unwrap_or_default();
    if Tokens::new(text)
        .take(TAGS_MAX)
        .any(|t| matches!(t, Token::Open { .. }))
    {
        return ParseError::new(
            "not-a-feed",
            &format!("markup without feed or entries; it begins with \"{begins}\"{declared}"),
        );
    }
    ParseError::new(
        "not-a-feed",
        &format!("neither XML nor JSON; it begins with \"{begins}\"{declared}"),
    )
}

/// The error for an empty body.
pub(super) fn empty_error() -> ParseError {
    ParseError::new("empty", "the answer is empty")
}
