//! From bytes to text: byte order mark, HTTP, XML declaration, else UTF-8 where the bytes are, else windows-1252.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes searched for an XML declaration.
const DECLARATION_BYTES_MAX: usize = 1024;

/// A document's text.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    /// Without a byte order mark.
    pub(super) text: Cow<'a, str>,
    /// What had to be mended.
    pub(super) note: Option<String>,
}

/// Decodes `body`. A declared character set that does not fit gives way to the next candidate.
pub(super) fn decode<'a>(body: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        let (text, bad) = encoding.decode_without_bom_handling(&body[mark..]);
        return decoded(text, bad, encoding);
    }
    let declared = [
        content_type.and_then(from_content_type),
        from_width(body),
        from_declaration(body),
    ];
    let mut candidates = declared.into_iter().flatten().chain([UTF_8]);
    let misfit = candidates.clone().next();
    // A NUL-ridden result is text of two bytes a character, or the other way round.
    let fitting =
        candidates.find_map(
            |encoding| match encoding.decode_without_bom_handling(body) {
                (text, false) => Some((text, encoding)),
                _ => None,
            },
        );
    match fitting {
        Some((text, encoding)) => {
            let note = misfit.filter(|m| *m != encoding);
            let note = note.map(|m| {
                format!(
                    "declared as {}, but the text is {}",
                    m.name(),
                    encoding.name()
                )
            });
            Decoded { text, note }
        }
        None => {
            let encoding = declared
                .into_iter()
                .flatten()
                .next()
                .unwrap_or(WINDOWS_1252);
            // Bytes that are nearly UTF-8 (a cut character, one pasted byte) are UTF-8.
            let encoding = if mostly_utf8(body) {
                UTF_8
            } else if encoding == UTF_8 {
                WINDOWS_1252
            } else {
                encoding
            };
            let (text, bad) = encoding.decode_without_bom_handling(body);
            decoded(text, bad, encoding)
        }
    }
}

fn decoded<'a>(text: Cow<'a, str>, bad: bool, encoding: &'static Encoding) -> Decoded<'a> {
    let note = bad.then(|| format!("some bytes are not {}", encoding.name()));
    Decoded { text, note }
}

fn from_content_type(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("charset") {
            return None;
        }
        Encoding::for_label(value.trim().trim_matches(['"', '\'']).as_bytes())
    })
}

/// UTF-16 without a byte order mark shows in the NUL beside the first `<` or `{`.
fn from_width(body: &[u8]) -> Option<&'static Encoding> {
    match body {
        [b'<' | b'{' | b'[', 0, ..] => Some(UTF_16LE),
        [0, b'<' | b'{' | b'[', ..] => Some(UTF_16BE),
        _ => None,
    }
}

fn from_declaration(body: &[u8]) -> Option<&'static Encoding> {
    let head = &body[..body.len().min(DECLARATION_BYTES_MAX)];
    let start = find(head, b"<?xml")?;
    let head = &head[start..];
    let head = &head[..find(head, b">").unwrap_or(head.len())];
    let value = &head[find(head, b"encoding")? + b"encoding".len()..];
    let value = value
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let quote = *value.first().filter(|q| matches!(q, b'"' | b'\''))?;
    let label = value[1..].split(|b| *b == quote).next()?;
    // The declaration could be read, so it isn't UTF-16, whatever it says.
    Encoding::for_label(label).filter(|e| *e != UTF_16LE && *e != UTF_16BE)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// At most one bad sequence in a thousand bytes, and at least as many good ones beyond ASCII.
fn mostly_utf8(body: &[u8]) -> bool {
    let (mut bad, mut good) = (0_usize, 0_usize);
    for chunk in body.utf8_chunks() {
        bad += usize::from(!chunk.invalid().is_empty());
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
    }
    bad <= 1 + body.len() / 1000 && good > bad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_character_set() {
        let rss = |declared: &str, text: &[u8]| {
            let mut body = format!("<?xml version='1.0' encoding='{declared}'?><t>").into_bytes();
            body.extend_from_slice(text);
            body
        };
        let cases: [(Vec<u8>, Option<&str>, &str); 9] = [
            (
                b"\xef\xbb\xbf\xc3\xa9".to_vec(),
                Some("text/xml; charset=iso-8859-1"),
                "é",
            ),
            (b"\xff\xfe<\0\xe9\0".to_vec(), None, "<é"),
            (b"<\0\xe9\0".to_vec(), None, "<é"),
            (b"\xe9".to_vec(), None, "é"),
            (b"\xc3\xa9".to_vec(), None, "é"),
            (rss("windows-1251", b"\xcd\xee"), None, "Но"),
            (
                rss("windows-1251", b"\xe9"),
                Some("text/xml; Charset=\"ISO-8859-1\""),
                "é",
            ),
            (rss("utf-16", b"\xc3\xa9"), None, "é"),
            (rss("utf-8", b"\xe9t\xe9"), None, "été"),
        ];
        for (body, content_type, expected) in cases {
            let decoded = decode(&body, content_type);
            assert!(
                decoded.text.ends_with(expected),
                "{:?} {expected}",
                decoded.text
            );
        }
    }

    #[test]
    fn one_bad_byte_does_not_change_the_character_set() {
        let decoded = decode("é ü ö \u{fffd}".as_bytes(), None);
        assert_eq!(decoded.note, None);
        let mut body = "naïve façade, déjà vu ".repeat(3).into_bytes();
        body.push(0x92);
        let decoded = decode(&body, Some("text/xml; charset=utf-8"));
        assert!(decoded.text.starts_with("naïve"));
        assert!(decoded.note.is_some());
    }
}
