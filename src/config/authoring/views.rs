//! `[[view]]`: ids that clash with nothing, filters that name what exists.

use std::collections::BTreeMap;

use super::keys::{Default, Kind, Table};
use super::nearest::nearest;
use super::read::{Checker, Fields};
use super::slug::slugify;
use super::sources::{ALL, Known};
use super::tables::{INCLUDE, MUTE, key};
use crate::config::View;

pub(super) static VIEW: Table = Table {
    path: "view",
    doc: "A declared view: the items that pass all of its filters, of which it needs at least one.",
    keys: &[
        key(
            "id",
            Kind::Slug,
            Default::Derived,
            "Asked for as `category=`; no category's id. Derived from `title`.",
        ),
        key(
            "title",
            Kind::Text(100),
            Default::Required,
            "What the page calls it.",
        ),
        key(
            "categories",
            Kind::Slugs,
            Default::Derived,
            "Categories it takes items from; without it all.",
        ),
        key(
            "sources",
            Kind::Slugs,
            Default::Derived,
            "Sources (their ids) it takes items from; without it all.",
        ),
        key(
            "tags",
            Kind::Words,
            Default::Derived,
            "Only items that have one of these tags.",
        ),
        INCLUDE,
        MUTE,
    ],
};

/// A view needs one of these.
pub(super) const FILTERS: &[&str] = &["categories", "sources", "tags", "include", "mute"];

/// All views, `None` where a mistake was noted.
pub(super) fn views(checker: &mut Checker<'_>, file: &Fields, known: &Known) -> Option<Vec<View>> {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut views = Some(Vec::new());
    for fields in file.list("view") {
        let id = id(checker, fields, known, &mut lines);
        let names_exist = names_exist(checker, fields, known);
        let filtered = is_filtered(checker, fields);
        match (id.and_then(|id| view(fields, id)), &mut views) {
            (Some(view), Some(views)) if names_exist && filtered => views.push(view),
            _ => views = None,
        }
    }
    views
}

fn id(
    checker: &mut Checker<'_>,
    fields: &Fields,
    known: &Known,
    lines: &mut BTreeMap<String, usize>,
) -> Option<String> {
    let written = fields.is_written("id");
    let name = if written { "id" } else { "title" };
    let text = fields.text(name)?;
    let id = if written { text } else { slugify(&text) };
    let at = fields.place(name);
    let clash = if id.is_empty() {
        Some("no id can be derived from this title: write `id`".to_owned())
    } else if id == ALL {
        Some("`all` is the view of everything: choose another id".to_owned())
    } else if known.categories.contains(&id) {
        Some(format!(
            "`{id}` is a category, which has a view of its own: choose another id"
        ))
    } else {
        lines
            .get(&id)
            .map(|line| format!("the view on line {line} is called `{id}` too: choose another id"))
    };
    if let Some(message) = clash {
        checker.say(&at, "view.id", message);
        return None;
    }
    lines.insert(id.clone(), checker.line(&at));
    Some(id)
}

/// Whether all categories and sources that the view names exist.
fn names_exist(checker: &mut Checker<'_>, fields: &Fields, known: &Known) -> bool {
    if !known.complete {
        return true;
    }
    let mut exist = true;
    let lists = [
        ("categories", "category", &known.categories),
        ("sources", "source", &known.sources),
    ];
    for (key, what, names) in lists {
        for (at, word) in fields.words(key) {
            if names.contains(word) {
                continue;
            }
            exist = false;
            let near = nearest(word, names.iter().map(String::as_str)).map(str::to_owned);
            let message = format!("there is no {what} `{word}`");
            let mistake = checker.say(at, &format!("view.{key}"), message);
            mistake.nearest = near;
            mistake.allowed = Some(some_of(names.iter().map(String::as_str)));
        }
    }
    exist
}

/// The first few names, and how many more there are.
fn some_of<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN_MAX: usize = 12;
    let more = names.len().saturating_sub(SHOWN_MAX);
    let shown: Vec<_> = names.take(SHOWN_MAX).map(|n| format!("`{n}`")).collect();
    let shown = shown.join(", ");
    if more == 0 {
        shown
    } else {
        format!("{shown} and {more} more")
    }
}

fn is_filtered(checker: &mut Checker<'_>, fields: &Fields) -> bool {
    let flawed = |name: &&&str| fields.is_written(name) && !fields.has(name);
    let used = FILTERS.iter().any(|name| !fields.words(name).is_empty());
    if used || FILTERS.iter().any(|name| flawed(&name)) {
        return true;
    }
    let message = "this view filters nothing: it would show what the view of everything shows";
    let filters: Vec<_> = FILTERS.iter().map(|name| format!("`{name}`")).collect();
    let mistake = checker.say(&fields.at, "view", message);
    mistake.allowed = Some(format!("at least one of {}", filters.join(", ")));
    false
}

fn view(fields: &Fields, id: String) -> Option<View> {
    Some(View {
        id,
        title: fields.text("title")?,
        categories: fields.texts("categories"),
        sources: fields.texts("sources"),
        tags: fields.texts("tags"),
        include: fields.texts("include"),
        mute: fields.texts("mute"),
    })
}
