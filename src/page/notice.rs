//! Pages that are no list of items: errors, and the page before the first cycle. Rendered per request; they are rare.

use askama::Template;

use super::assets::{script_path, stylesheet_path};

/// A page with a message.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    /// The HTTP status, where it is an error.
    pub status: Option<u16>,
    /// In a few words.
    pub title: &'a str,
    /// In a sentence or two.
    pub detail: &'a str,
    /// Commands that help, one a line.
    pub commands: &'a [&'a str],
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Page<'a> {
    notice: &'a Notice<'a>,
    stylesheet: &'a str,
    script: &'a str,
}

/// The whole page.
#[must_use]
pub fn notice_html(notice: &Notice<'_>) -> String {
    // Rendering fails only where a template calls something that fails; this one calls nothing.
    Page {
        notice,
        stylesheet: stylesheet_path(),
        script: script_path(),
    }
    .render()
    .unwrap_or_default()
}
