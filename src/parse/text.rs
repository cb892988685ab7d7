//! Plain text from HTML and from plain text, within a limit.

use unicode_segmentation::UnicodeSegmentation;

use super::entity::decode_entities;
use super::markup::{Token, Tokens};

/// Elements whose content is not for readers.
const RAW_TEXT: [&str; 9] = [
    "script", "style", "iframe", "noembed", "noframes", "template", "textarea", "svg", "math",
];

/// Elements that stand within a line: their tags separate no words.
const INLINE: [&str; 29] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "tt", "u",
];

/// Plain text out of HTML: tags and scripts dropped, entities decoded once, white space folded, at most `chars_max`
/// characters, the last one `…` where something was cut.
pub(super) fn from_html(html: &str, chars_max: usize) -> String {
    let mut out = Folded::new(chars_max);
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => out.push_str(&decode_entities(text)),
            Token::Cdata(text) => out.push_str(text),
            Token::Open { name, empty, .. } => {
                if !empty && RAW_TEXT.iter().any(|raw| name.eq_ignore_ascii_case(raw)) {
                    tokens.skip_raw_text(name);
                }
                out.tag(name);
            }
            Token::Close { name } => out.tag(name),
            Token::Other(_) => {}
        }
        if out.is_full() {
            break;
        }
    }
    out.finish()
}

/// Plain text as it stands, folded and cut as [`from_html`] does.
pub(super) fn from_plain(text: &str, chars_max: usize) -> String {
    let mut out = Folded::new(chars_max);
    out.push_str(text);
    out.finish()
}

/// Folds white space and stops taking text when the limit is passed, so that a huge text costs no more than a long one.
struct Folded {
    text: String,
    chars: usize,
    chars_max: usize,
    space: bool,
}

impl Folded {
    fn new(chars_max: usize) -> Self {
        Self {
            text: String::new(),
            chars: 0,
            chars_max,
            space: false,
        }
    }

    fn is_full(&self) -> bool {
        self.chars > self.chars_max
    }

    fn tag(&mut self, name: &str) {
        if !INLINE
            .iter()
            .any(|inline| name.eq_ignore_ascii_case(inline))
        {
            self.space = true;
        }
    }

    fn push_str(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() {
                self.space = true;
            } else if !is_invisible(c) {
                if self.space && self.chars > 0 {
                    self.text.push(' ');
                    self.chars += 1;
                }
                self.space = false;
                self.text.push(c);
                self.chars += 1;
                if self.is_full() {
                    return;
                }
            }
        }
    }

    /// Without room to grow: as many texts are held as there are new items.
    fn finish(mut self) -> String {
        if self.is_full() {
            return cut(&self.text, self.chars_max);
        }
        self.text.shrink_to_fit();
        self.text
    }
}

/// Control characters, overrides of the writing direction (which can disguise a text) and characters without any meaning.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// `text`, longer than `chars_max`, cut before a word where one begins in its last fifth, else between two graphemes.
fn cut(text: &str, chars_max: usize) -> String {
    let keep = chars_max.saturating_sub(1);
    let limit = text.char_indices().nth(keep).map_or(text.len(), |(i, _)| i);
    let grapheme = text
        .grapheme_indices(true)
        .map(|(i, _)| i)
        .take_while(|i| *i <= limit)
        .last()
        .unwrap_or(0);
    // One grapheme of endless combining marks: cut it all the same.
    let end = if grapheme == 0 { limit } else { grapheme };
    let head = &text[..end];
    let words_from = head
        .char_indices()
        .nth(keep - keep / 5)
        .map_or(end, |(i, _)| i);
    let at_word = text[end..].starts_with(' ');
    let head = match head.rfind(' ') {
        Some(space) if !at_word && space >= words_from => &head[..space],
        _ => head,
    };
    format!("{}…", head.trim_end_matches([' ', ',', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduces_html() {
        for (html, expected) in [
            ("<p>One<br>two</p><p>three</p>", "One two three"),
            ("<b>bo</b>ld &amp; <i>it</i>", "bold & it"),
            ("a<script>alert('</p>')</SCRIPT >b<style>x", "a b"),
            ("x<svg><a onload=1>y</svg>z", "x z"),
            ("2 < 3 &lt; 4", "2 < 3 < 4"),
            (" \u{a0}a\n\n b\u{0}\u{202e}c\u{feff} ", "a bc"),
            ("<img src=x onerror=alert(1)>", ""),
            ("AT&amp;T &#8220;q&#8221;", "AT&T “q”"),
        ] {
            assert_eq!(from_html(html, 100), expected, "{html}");
        }
    }

    #[test]
    fn cuts_at_words_and_graphemes() {
        assert_eq!(from_plain("one two three four", 14), "one two three…");
        assert_eq!(from_plain("one two three four", 16), "one two three…");
        assert_eq!(from_plain("abcdefghij", 5), "abcd…");
        assert_eq!(
            from_plain("e\u{301}e\u{301}e\u{301}e\u{301}", 4),
            "e\u{301}…"
        );
        assert_eq!(from_plain("exactly ten", 11), "exactly ten");
        let zalgo = format!("a{}", "\u{301}".repeat(5000));
        assert!(from_plain(&zalgo, 300).chars().count() <= 300);
    }
}
