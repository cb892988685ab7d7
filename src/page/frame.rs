//! What stands around the items, cut where a read puts something in.

use askama::Template;

use super::assets::{script_path, stylesheet_path};
use super::dates::{self, Shown};
use super::item::{hue, is_web_address};
use super::selection::{Kind, Selection, push_line};
use super::sparkline;
use super::{Model, SourceHealth, ViewCount};
use crate::search::QUERY_CHARS_MAX;
use crate::slice::{Section, activity::VIEW_HOURS};

/// Marks a link as the selected one.
pub(super) const CURRENT: &str = r#" aria-current="page""#;

/// Pieces of [`Section::PageTop`]: to where the links to feeds and the page's title are; …
pub(super) const TOP_OPEN: usize = 0;
/// … to where "3 minutes ago" stands; …
pub(super) const TOP_BAR: usize = 1;
/// … to where the search box's content stands; …
pub(super) const TOP_SEARCH: usize = 2;
/// … to where the link to everything is marked as current; …
pub(super) const TOP_ALL: usize = 3;
/// … the other views' links; …
pub(super) const TOP_VIEWS: usize = 4;
/// … to where the content begins.
pub(super) const TOP_MAIN: usize = 5;
/// How many there are.
pub(super) const TOP_PIECES: usize = 6;

/// Pieces of [`Section::PageBottom`]: the content's end and the sources' links; …
pub(super) const BOTTOM_SOURCES: usize = 0;
/// … to the end.
pub(super) const BOTTOM_END: usize = 1;
/// How many there are.
pub(super) const BOTTOM_PIECES: usize = 2;

/// Sites with more sources than this have no cards for them: they would be most of the head.
const CARDS_MAX: usize = 100;

/// Counts up by one where the pieces change, so that stored heads are rendered anew.
const LAYOUT: u32 = 4;

/// What a head was rendered with: another one is rendered anew.
#[must_use]
pub fn rendering() -> String {
    format!("{LAYOUT} {} {}", stylesheet_path(), script_path())
}

#[derive(Template)]
#[template(path = "top_open.html")]
struct TopOpen<'a> {
    language: &'a str,
    description: &'a str,
    stylesheet: &'a str,
    script: &'a str,
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
#[template(path = "top_search.html")]
struct TopSearch {
    failing: usize,
    chars_max: usize,
}

/// What follows the search box.
const AFTER_SEARCH: &str =
    r#"></form></header><nav class="views" aria-label="Views"><ul><li><a href="/""#;

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
#[template(
    source = r#">{{ title }} <b>{{ items }}</b>{{ chart|safe }}</a></li>"#,
    ext = "html"
)]
struct LinkText<'a> {
    title: &'a str,
    items: String,
    chart: String,
}

#[derive(Template)]
#[template(path = "top_main.html")]
struct TopMain {
    charts: bool,
    hours: usize,
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
    strip: String,
    since: Option<Shown>,
}

#[derive(Template)]
#[template(path = "source_card.html")]
struct SourceCard<'a> {
    source: &'a SourceHealth,
    link: Option<&'a str>,
    place: &'a str,
    category: &'a str,
    changed: Option<Shown>,
    since: Option<Shown>,
}

#[derive(Template)]
#[template(path = "bottom_sources.html")]
struct BottomSources {
    sources: usize,
    failing: usize,
}

#[derive(Template)]
#[template(path = "bottom_end.html")]
struct BottomEnd {
    version: &'static str,
    strips: bool,
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
        (Section::SourceCards, cards(model)),
        (Section::Site, super::site::pieces(model.site)),
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
        script: script_path(),
    });
    pieces[TOP_OPEN].push_str(&super::alternate::links(""));
    pieces[TOP_BAR] = html(&TopBar {
        title: &site.title,
        description: &site.description,
        updated: &Shown::new(model.updated),
        machine: model.updated.to_string(),
    });
    pieces[TOP_SEARCH] = html(&TopSearch {
        failing: failing(model.sources),
        chars_max: QUERY_CHARS_MAX,
    });
    AFTER_SEARCH.clone_into(&mut pieces[TOP_ALL]);
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
            chart: model
                .activity
                .views
                .get(index)
                .map_or_else(String::new, |counts| sparkline::bars(counts)),
        }));
    }
    pieces[TOP_VIEWS] = views;
    pieces[TOP_MAIN] = html(&TopMain {
        charts: !model.activity.views.is_empty(),
        hours: VIEW_HOURS,
    });
    pieces
}

fn bottom(model: &Model<'_>, lines: &mut String) -> [String; BOTTOM_PIECES] {
    let mut pieces = <[String; BOTTOM_PIECES]>::default();
    let mut sources = html(&BottomSources {
        sources: model.sources.len(),
        failing: failing(model.sources),
    });
    for (index, source) in model.sources.iter().enumerate() {
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
            strip: model
                .activity
                .sources
                .get(index)
                .map_or_else(String::new, sparkline::strip),
            since: source.since.map(Shown::new),
        }));
    }
    pieces[BOTTOM_SOURCES] = sources;
    pieces[BOTTOM_END] = html(&BottomEnd {
        version: env!("CARGO_PKG_VERSION"),
        strips: !model.activity.sources.is_empty(),
    });
    pieces
}

/// What a source's page says about it.
fn cards(model: &Model<'_>) -> Vec<Vec<u8>> {
    if model.sources.len() > CARDS_MAX {
        return Vec::new();
    }
    let card = |source: &SourceHealth| {
        let link = Some(source.link.as_str()).filter(|link| is_web_address(link));
        let category = model.views.iter().find(|view| view.id == source.category);
        let card = SourceCard {
            source,
            link,
            place: link.map_or("", place),
            category: category.map_or(source.category.as_str(), |view| &view.title),
            changed: source.changed.map(Shown::new),
            since: source.since.map(Shown::new),
        };
        html(&card).into_bytes()
    };
    model.sources.iter().map(card).collect()
}

/// The host of a web address, as people know the site.
fn place(link: &str) -> &str {
    let after = link.split_once("://").map_or(link, |(_, rest)| rest);
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    after.get(..end).unwrap_or(after)
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
