//! Writes XML 1.0: well-formed whatever the text holds.

/// A document in the making.
pub(super) struct Xml {
    out: String,
}

impl Xml {
    pub(super) fn new() -> Self {
        Self {
            out: "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned(),
        }
    }

    /// `<name a="…">`
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.out.push('>');
    }

    /// `</name>`, and a line's end: feeds are read by people too.
    pub(super) fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
    }

    /// `<name a="…"/>`
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.out.push_str("/>\n");
    }

    /// `<name>text</name>`
    pub(super) fn element(&mut self, name: &str, text: &str) {
        self.open(name, &[]);
        escape(text, &mut self.out);
        self.close(name);
    }

    /// What stands in an element that is open.
    pub(super) fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape(value, &mut self.out);
            self.out.push('"');
        }
    }
}

/// Adds `text` so that a reader gets it back as it is, in content and in attributes; without what XML 1.0 (§2.2) can't hold at all.
///
/// References are hexadecimal: what the RSS profile asks of titles, as some readers undo `&lt;` twice.
fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        // Most of a text stands as it is, and is copied run by run.
        let (plain, special) =
            rest.split_at(rest.bytes().position(is_special).unwrap_or(rest.len()));
        out.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            None => return,
            Some('&') => out.push_str("&#x26;"),
            Some('<') => out.push_str("&#x3C;"),
            Some('>') => out.push_str("&#x3E;"),
            Some('"') => out.push_str("&#x22;"),
            // As they are, they would be made spaces in attributes, and `\r` a line's end everywhere.
            Some('\t') => out.push_str("&#x9;"),
            Some('\n') => out.push_str("&#xA;"),
            Some('\r') => out.push_str("&#xD;"),
            Some('\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}') => {}
            Some(c) => out.push(c),
        }
        rest = chars.as_str();
    }
}

/// Whether a character that begins with this byte may not stand as it is: U+FFFE and U+FFFF begin with 0xEF.
const fn is_special(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | b'"' | 0..=0x1f | 0xef)
}
