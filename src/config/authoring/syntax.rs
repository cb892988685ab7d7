//! TOML's own syntax: where the text is broken in a way that stays on its line, the line is mended for the rest of the
//! check, so that one forgotten quote does not hide every other mistake.

use std::collections::BTreeSet;

use toml_edit::Document;

use super::mistake::Mistake;

/// Broken lines that are mended before the check gives up.
const MENDED_LINES_MAX: usize = 20;

/// What could be read of a text.
pub(super) struct Syntax {
    /// `None` where a line could not be mended.
    pub(super) document: Option<Document<String>>,
    /// One a broken line.
    pub(super) mistakes: Vec<Mistake>,
    /// Lines whose value is not what the file says.
    pub(super) mended: BTreeSet<usize>,
    /// Whole lines were left out, so that a key that seems to be missing may be there.
    pub(super) lines_lost: bool,
}

/// Parses `text`. Places in the document are places in `text`: mending never moves a byte.
pub(super) fn parse(text: &str) -> Syntax {
    let mut syntax = Syntax {
        document: None,
        mistakes: Vec::new(),
        mended: BTreeSet::new(),
        lines_lost: false,
    };
    let mut mended = text.to_owned();
    loop {
        let error = match Document::parse(mended.clone()) {
            Ok(document) => {
                syntax.document = Some(document);
                return syntax;
            }
            Err(error) => error,
        };
        let at = error.span().unwrap_or(0..0);
        let mistake = Mistake::new(text, &at, "", said(error.message()));
        let line = mistake.line;
        let again = !syntax.mended.insert(line);
        if !again {
            syntax.mistakes.push(mistake);
        }
        if again || syntax.mended.len() > MENDED_LINES_MAX {
            return syntax;
        }
        let Some(next) = mend(&mended, line, error.message() == DUPLICATE) else {
            return syntax;
        };
        syntax.lines_lost |= next.line_lost;
        mended = next.text;
    }
}

const DUPLICATE: &str = "duplicate key";

fn said(message: &str) -> String {
    if message == DUPLICATE {
        return "this key or table is given twice".to_owned();
    }
    format!("no valid TOML: {message}")
}

struct Mended {
    text: String,
    line_lost: bool,
}

/// The text with the value on `line` made empty, or the whole line made a comment. `None` where what follows depends
/// on the line: a table's header, or a value that goes on.
fn mend(text: &str, line: usize, is_double: bool) -> Option<Mended> {
    let start = if line == 1 {
        0
    } else {
        text.match_indices('\n').nth(line - 2)?.0 + 1
    };
    let end = text[start..]
        .find(['\n', '\r'])
        .map_or(text.len(), |length| start + length);
    let written = &text[start..end];
    let (key, value) = written.split_once('=').unwrap_or((written, ""));
    let opens = |text: &str| {
        let text = text.trim_start();
        ["[", "{", "\"\"\"", "'''"]
            .iter()
            .any(|open| text.starts_with(open))
    };
    if opens(key) || opens(value) || written.is_empty() {
        return None;
    }
    let line_lost = is_double || value.len() < 2;
    let instead = if line_lost {
        format!("#{}", " ".repeat(written.len() - 1))
    } else {
        format!("{key}=\"\"{}", " ".repeat(value.len() - 2))
    };
    Some(Mended {
        text: format!("{}{instead}{}", &text[..start], &text[end..]),
        line_lost: line_lost && !is_double,
    })
}
