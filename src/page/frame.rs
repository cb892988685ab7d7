//! What stands around the items, cut where a read puts something in.

use askama::Template;

use super::assets::stylesheet_path;
use super::dates::{self, Shown};
use super::item::hue;
use super::selection::{Kind, Selection, push_line};
use super::{Model, SourceHealth, ViewCount};
use crate::slice::Section;

/// Marks a link as the selected one.
pub(super) const CURRENT: &str = r#" aria-current="page""#;

/// Pieces of [`Section::PageTop`]: to where the page's title begins; …
pub(super) const TOP_OPEN: usize = 0;
/// … to where "3 minutes ago" and the generation stand; …
pub(super) const TOP_BAR: usize = 1;
/// … to where the link to everything is marked as current; …
pub(super) const TOP_ALL: usize = 2;
/// … the other views' links; …
pub(super) const TOP_VIEWS: usize = 3;
/// … to where the heading of the list stands; the list's start.
pub(super) const TOP_MAIN: usize = 4;
/// How many there are.
pub(super) const TOP_PIECES: usize = 5;

/// Pieces of [`Section::PageBottom`]: the list's end, before the paging links; …
pub(super) const BOTTOM_LIST: usize = 0;
/// … to the sources' links; …
pub(super) const BOTTOM_SOURCES: usize = 1;
/// … to the end.
pub(super) const BOTTOM_END: usize = 2;
/// How many there are.
pub(super) const BOTTOM_PIECES: usize = 3;

#[derive(Template)]
#[template(path = "top_open.html")]
struct TopOpen<'a> {
    language: &'a str,
    description: &'a str,
    stylesheet: &'a str,
}

#[derive(Template)]
#[template(path = "top_bar.html")]
struct TopBar<'a> {
    title: &'a str,
    description: &'a str,
    updated: &'a Shown,
    machine: String,
}

#[derive(Template)]
#[template(path = "top_all.html")]
struct TopAll {
    failing: usize,
}

#[derive(Template)]
#[template(
    source = r#"<li><a class="c{{ hue }}" href="/?category={{ view.id }}""#,
    ext = "html"
)]
struct ViewLink<'a> {
    view: &'a ViewCount,
    hue: u64,
}

#[derive(Template)]
#[template(source = r#">{{ title }} <b>{{ items }}</b></a></li>"#, ext = "html")]
struct LinkText<'a> {
    title: &'a str,
    items: String,
}

#[derive(Template)]
#[template(
    source = r#"<li class="{{ status }}"><a href="/?source={{ source.id }}""#,
    ext = "html"
)]
struct SourceLink<'a> {
    source: &'a SourceHealth,
    status: &'a str,
}

#[derive(Template)]
#[template(path = "source_text.html")]
struct SourceText<'a> {
    source: &'a SourceHealth,
    items: String,
    since: Option<Shown>,
}

#[derive(Template)]
#[template(path = "bottom_list.html")]
struct BottomList {
    sources: usize,
    failing: usize,
}

#[derive(Template)]
#[template(path = "bottom_end.html")]
struct BottomEnd {
    version: &'static str,
}

/// The pre-rendered sections of a head, each in pieces (a read may put something between two pieces).
#[must_use]
pub fn sections(model: &Model<'_>) -> Vec<(Section, Vec<Vec<u8>>)> {
    let mut lines = String::new();
    let top = top(model, &mut lines);
    let bottom = bottom(model, &mut lines);
    let site_page_items = model.site.page_items.to_string().into_bytes();
    vec![
        (Section::PageTop, pieces(top)),
        (Section::PageBottom, pieces(bottom)),
        (Section::SourcesJson, vec![json(model.sources)]),
        (Section::ViewsJson, vec![json(model.views)]),
        (
            Section::Selections,
            vec![site_page_items, lines.into_bytes()],
        ),
    ]
}

fn top(model: &Model<'_>, lines: &mut String) -> [String; TOP_PIECES] {
    let site = model.site;
    let mut pieces = <[String; TOP_PIECES]>::default();
    pieces[TOP_OPEN] = html(&TopOpen {
        language: &site.language,
        description: &site.description,
        stylesheet: stylesheet_path(),
    });
    pieces[TOP_BAR] = html(&TopBar {
        title: &site.title,
        description: &site.description,
        updated: &Shown::new(model.updated),
        machine: model.updated.to_string(),
    });
    pieces[TOP_ALL] = html(&TopAll {
        failing: failing(model.sources),
    });
    let mut views = String::new();
    for (index, view) in model.views.iter().enumerate() {
        if index > 0 {
            views.push_str(&html(&ViewLink {
                view,
                hue: hue(&view.id),
            }));
        }
        let title_html = escaped(&view.title);
        push_line(
            lines,
            &Selection {
                kind: Kind::View,
                id: &view.id,
                offset: views.len(),
                title_html: &title_html,
            },
        );
        views.push_str(&html(&LinkText {
            title: &view.title,
            items: dates::count(view.items),
        }));
    }
    pieces[TOP_VIEWS] = views;
    pieces[TOP_MAIN] = include_str!("../../templates/top_main.html")
        .trim_end()
        .to_owned();
    pieces
}

fn bottom(model: &Model<'_>, lines: &mut String) -> [String; BOTTOM_PIECES] {
    let mut pieces = <[String; BOTTOM_PIECES]>::default();
    pieces[BOTTOM_LIST] = "</ol>".to_owned();
    let mut sources = html(&BottomList {
        sources: model.sources.len(),
        failing: failing(model.sources),
    });
    for source in model.sources {
        let status = match source.status.as_str() {
            status @ ("ok" | "failing") => status,
            _ => "new",
        };
        sources.push_str(&html(&SourceLink { source, status }));
        let title_html = escaped(&source.title);
        push_line(
            lines,
            &Selection {
                kind: Kind::Source,
                id: &source.id,
                offset: sources.len(),
                title_html: &title_html,
            },
        );
        sources.push_str(&html(&SourceText {
            source,
            items: dates::count(source.items),
            since: source.since.map(Shown::new),
        }));
    }
    pieces[BOTTOM_SOURCES] = sources;
    pieces[BOTTOM_END] = html(&BottomEnd {
        version: env!("CARGO_PKG_VERSION"),
    });
    pieces
}

fn failing(sources: &[SourceHealth]) -> usize {
    sources
        .iter()
        .filter(|source| source.status == "failing")
        .count()
}

fn pieces<const N: usize>(texts: [String; N]) -> Vec<Vec<u8>> {
    texts.into_iter().map(String::into_bytes).collect()
}

/// Rendering fails only where a template calls something that fails; these templates call nothing.
fn html(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

/// `text` as HTML.
pub(super) fn escaped(text: &str) -> String {
    #[derive(Template)]
    #[template(source = "{{ text }}", ext = "html")]
    struct Text<'a> {
        text: &'a str,
    }
    html(&Text { text })
}

/// Serialising structs of text and numbers does not fail.
fn json(values: &[impl serde::Serialize]) -> Vec<u8> {
    serde_json::to_vec(values).unwrap_or_else(|_| b"[]".to_vec())
}
