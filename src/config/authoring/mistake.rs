//! A mistake in the file, and how it is shown.

use std::fmt;
use std::ops::Range;

/// Source lines are shown up to this many characters around the mistake.
const LINE_CHARS_MAX: usize = 160;

/// One mistake in `edgefold.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// How many characters of the line it is about, at least 1.
    pub width: usize,
    /// The key it is about, with its tables: `source.map.title`. Empty where it is about the file itself.
    pub key: String,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What would be right.
    pub allowed: Option<String>,
    /// The known word that is nearest to what was written.
    pub nearest: Option<String>,
}

impl Mistake {
    pub(super) fn new(text: &str, at: &Range<usize>, key: &str, message: String) -> Self {
        let start = floor_char(text, at.start);
        let end = floor_char(text, at.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..]
            .find('\n')
            .map_or(text.len(), |length| start + length);
        let marked = &text[start..end.min(line_end).max(start)];
        Self {
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            width: marked.trim_end().chars().count().max(1),
            key: key.to_owned(),
            message,
            allowed: None,
            nearest: None,
        }
    }
}

fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One paragraph: key, what is wrong, what is allowed, the nearest known word.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}.", self.message)?;
        if let Some(nearest) = &self.nearest {
            write!(f, " Did you mean `{nearest}`?")?;
        }
        if let Some(allowed) = &self.allowed {
            write!(f, " Allowed: {allowed}.")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistake {}

/// All `mistakes` in `text` for a terminal, each with its place and its line, and how many there are.
#[must_use]
pub fn render(file_name: &str, text: &str, mistakes: &[Mistake]) -> String {
    let mut out = String::new();
    for mistake in mistakes {
        let (line, column) = (mistake.line, mistake.column);
        out.push_str(&format!("{file_name}:{line}:{column}: {mistake}\n"));
        if let Some(source) = text.split('\n').nth(line - 1) {
            out.push_str(&excerpt(source, mistake));
        }
        out.push('\n');
    }
    let many = if mistakes.len() == 1 { "" } else { "s" };
    out.push_str(&format!("{file_name}: {} mistake{many}\n", mistakes.len()));
    out
}

/// The line with a caret below the mistake. Control characters become spaces, so that a file can't steer a terminal.
fn excerpt(line: &str, mistake: &Mistake) -> String {
    let skip = mistake.column.saturating_sub(LINE_CHARS_MAX / 2);
    let shown: String = line
        .chars()
        .skip(skip)
        .take(LINE_CHARS_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let before = mistake.column - 1 - skip.min(mistake.column - 1);
    let room = shown.chars().count().saturating_sub(before).max(1);
    let number = mistake.line.to_string();
    let gutter = " ".repeat(number.len());
    let shown = shown.trim_end();
    let carets = "^".repeat(mistake.width.min(room));
    format!(
        "  {number} | {shown}\n  {gutter} | {}{carets}\n",
        " ".repeat(before)
    )
}
