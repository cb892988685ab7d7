//! Splits markup into tokens as leniently as a browser does, for XML and for the HTML inside of feeds.
//!
//! Nothing is copied and nothing is refused: what can't be a tag is text. One pass, no recursion, each byte is looked at a
//! bounded number of times.

/// A piece of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<name attributes>`, or with `empty` set `<name attributes/>`.
    Open {
        name: &'a str,
        attributes: &'a str,
        empty: bool,
    },
    /// `</name>`
    Close { name: &'a str },
    /// Text in which entities are not yet decoded.
    Text(&'a str),
    /// Text that holds no entities.
    Cdata(&'a str),
    /// A comment, processing instruction or document type.
    Other(&'a str),
}

/// The tokens of a text, each with its place.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// The text ended inside of a tag, comment or CDATA section.
    pub(super) truncated: bool,
    /// No internal subset ends after here: not to be searched again, so that the cost stays linear.
    no_subset_end: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self::starting_at(text, 0)
    }

    /// Begins at byte `at` of `text`, which must lie on a token's start.
    pub(super) fn starting_at(text: &'a str, at: usize) -> Self {
        Self {
            text,
            at,
            truncated: false,
            no_subset_end: false,
        }
    }

    /// Where the next token starts.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Takes all up to the closing tag of a raw-text element such as `script`.
    pub(super) fn skip_raw_text(&mut self, name: &str) {
        let rest = &self.text[self.at..];
        let end = rest.match_indices("</").map(|(i, _)| i).find(|i| {
            let after = &rest.as_bytes()[i + 2..];
            after.len() >= name.len() && after[..name.len()].eq_ignore_ascii_case(name.as_bytes())
        });
        self.at += end.unwrap_or(rest.len());
    }

    fn take(&mut self, len: usize) -> &'a str {
        let start = self.at;
        self.at = self.text.len().min(start + len);
        &self.text[start..self.at]
    }

    /// Takes up to and including `end`; all that is left where it does not occur.
    fn take_until(&mut self, end: &str) -> &'a str {
        match self.text[self.at..].find(end) {
            Some(i) => self.take(i + end.len()),
            None => {
                self.truncated = true;
                self.take(usize::MAX - self.at)
            }
        }
    }

    /// Length of a `<!…>` that is no comment. An internal subset in brackets belongs to it; its entities are never expanded.
    fn document_type_len(&mut self, text: &str) -> usize {
        let Some(end) = text.find('>') else {
            return text.len();
        };
        if !text[..end].contains('[') || self.no_subset_end {
            return end + 1;
        }
        let subset_end = subset_end(text);
        self.no_subset_end = subset_end.is_none();
        subset_end.unwrap_or(end + 1)
    }

    fn declaration(&mut self) -> Token<'a> {
        let rest = &self.text[self.at..];
        if rest.starts_with("<!--") {
            return Token::Other(self.take_until("-->"));
        }
        if rest.starts_with("<![CDATA[") {
            let whole = self.take_until("]]>");
            let inner = &whole["<![CDATA[".len()..];
            return Token::Cdata(inner.strip_suffix("]]>").unwrap_or(inner));
        }
        if rest.starts_with("<?") {
            let php_or_xml = self.take_until(">");
            return Token::Other(php_or_xml);
        }
        let len = self.document_type_len(rest);
        Token::Other(self.take(len))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        if !starts_markup(rest.as_bytes()) {
            let len = text_len(rest.as_bytes());
            return Some(Token::Text(self.take(len)));
        }
        if matches!(rest.as_bytes().get(1), Some(b'!' | b'?')) {
            return Some(self.declaration());
        }
        let Some(len) = tag_len(rest.as_bytes()) else {
            self.truncated = true;
            let tail = self.take(rest.len());
            return Some(Token::Other(tail));
        };
        let tag = self.take(len);
        let inner = tag[1..].strip_suffix('>').unwrap_or(&tag[1..]);
        if let Some(name) = inner.strip_prefix('/') {
            return Some(Token::Close { name: name.trim() });
        }
        let (inner, empty) = match inner.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let name_len = inner
            .find(|c: char| c.is_ascii_whitespace() || c == '/')
            .unwrap_or(inner.len());
        let (name, attributes) = inner.split_at(name_len);
        Some(Token::Open {
            name,
            attributes,
            empty,
        })
    }
}

/// Whether `text` begins with a tag, comment or the like rather than with a bare `<`.
fn starts_markup(text: &[u8]) -> bool {
    let starts_name =
        |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_' || *b >= 0x80);
    match text {
        [b'<', b'!' | b'?', ..] => true,
        [b'<', b'/', rest @ ..] => starts_name(rest.first()),
        [b'<', rest @ ..] => starts_name(rest.first()),
        _ => false,
    }
}

fn text_len(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at..].iter().position(|b| *b == b'<') {
            Some(i) if starts_markup(&text[at + i..]) => return at + i,
            Some(i) => at += i + 1,
            None => return text.len(),
        }
    }
    text.len()
}

/// Length of the tag that `text` begins with, its `>` included. A new `<` outside of quotes ends it too.
fn tag_len(text: &[u8]) -> Option<usize> {
    let mut quote = None;
    let mut unquoted_end = None;
    let mut before = b' ';
    for (i, b) in text.iter().enumerate().skip(1) {
        match quote {
            Some(q) => {
                if *b == q {
                    quote = None;
                } else if *b == b'>' && unquoted_end.is_none() {
                    unquoted_end = Some(i + 1);
                }
            }
            None => match b {
                b'>' => return Some(i + 1),
                b'<' => return Some(i),
                // A quote opens a value only after `=`; elsewhere it is a typing mistake.
                b'"' | b'\'' if before == b'=' => quote = Some(*b),
                _ => {}
            },
        }
        if !b.is_ascii_whitespace() {
            before = *b;
        }
        // A value of this length is a forgotten quote: end at the first `>` after it.
        if quote.is_some() && i > TAG_BYTES_MAX && unquoted_end.is_some() {
            return unquoted_end;
        }
    }
    unquoted_end
}

/// Longest tag, in bytes, before a quote in it counts as forgotten.
const TAG_BYTES_MAX: usize = 65_536;

/// Where `]>` ends, with or without white space between.
fn subset_end(text: &str) -> Option<usize> {
    let mut rest = text;
    while let Some(i) = rest.find(']') {
        rest = rest[i + 1..].trim_start();
        if let Some(tail) = rest.strip_prefix('>') {
            return Some(text.len() - tail.len());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_broken_markup() {
        let tokens: Vec<_> =
            Tokens::new("a < b<br/><p class='x>y'>&amp;<![CDATA[<i>]]></p ><!-- > --><?php ?><3")
                .collect();
        assert_eq!(
            tokens,
            [
                Token::Text("a < b"),
                Token::Open {
                    name: "br",
                    attributes: "",
                    empty: true
                },
                Token::Open {
                    name: "p",
                    attributes: " class='x>y'",
                    empty: false
                },
                Token::Text("&amp;"),
                Token::Cdata("<i>"),
                Token::Close { name: "p" },
                Token::Other("<!-- > -->"),
                Token::Other("<?php ?>"),
                Token::Text("<3"),
            ]
        );
    }

    #[test]
    fn a_tag_that_never_ends_is_truncation() {
        let mut tokens = Tokens::new("<a href=\"x");
        assert_eq!(tokens.next(), Some(Token::Other("<a href=\"x")));
        assert!(tokens.truncated);
    }

    #[test]
    fn skips_a_document_type_with_entities() {
        let text = "<!DOCTYPE x [<!ENTITY a \"b>\"> <!ENTITY c '&a;&a;'>]  ><rss>";
        let tokens: Vec<_> = Tokens::new(text).collect();
        assert_eq!(tokens.len(), 2);
        assert_eq!(
            tokens[1],
            Token::Open {
                name: "rss",
                attributes: "",
                empty: false
            }
        );
    }
}
