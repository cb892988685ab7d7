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
}

/// Parses `text`. Places in the document are places in `text`: mending never moves a byte.
pub(super) fn parse(text: &str) -> Syntax {
    let mut syntax = Syntax {
        document: None,
        mistakes: Vec::new(),
        mended: BTreeSet::new(),
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
        match mend(&mended, line, error.message() == DUPLICATE) {
            Some(next) => mended = next,
            None => return syntax,
        }
    }
}

const DUPLICATE: &str = "duplicate key";

fn said(message: &str) -> String {
    if message == DUPLICATE {
        return "this key or table is given twice".to_owned();
    }
    format!("no valid TOML: {message}")
}

/// The text with the value on `line` made empty, or the whole line made a comment. `None` where the line is no `key = value`.
fn mend(text: &str, line: usize, whole: bool) -> Option<String> {
    let start = if line == 1 {
        0
    } else {
        text.match_indices('\n').nth(line - 2)?.0 + 1
    };
    let end = text[start..]
        .find(['\n', '\r'])
        .map_or(text.len(), |length| start + length);
    let (key, value) = text[start..end].split_once('=')?;
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '\t');
    let written = value.trim_start();
    let goes_on = ["[", "{", "\"\"\"", "'''"]
        .iter()
        .any(|open| written.starts_with(open));
    if key.trim().is_empty() || !key.chars().all(bare) || goes_on {
        return None;
    }
    let blank = if whole {
        format!("#{}", " ".repeat(end - start - 1))
    } else if value.len() >= 2 {
        format!("{key}=\"\"{}", " ".repeat(value.len() - 2))
    } else {
        return None;
    };
    Some(format!("{}{blank}{}", &text[..start], &text[end..]))
}
