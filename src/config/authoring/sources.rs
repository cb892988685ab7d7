//! `[[source]]`: derived titles and ids, and whether it is mapped.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::compile::count;
use super::keys::{CATEGORIES_MAX, Default, Kind, Table};
use super::mapping::{MAP, mapping};
use super::read::{Checker, Fields};
use super::slug::{host_of, slugify, unique};
use super::tables::{INCLUDE, MUTE, URL, key};
use crate::config::{Source, SourceKind};

pub(super) static SOURCE: Table = Table {
    path: "source",
    doc: "One upstream: a feed or a JSON API.",
    keys: &[
        key(
            "id",
            Kind::Slug,
            Default::Derived,
            "Names the source in `source=` and in views, and is part of its items' ids. Derived from `title` or, without it, from the host; write it where you may change the title later.",
        ),
        key(
            "title",
            Kind::Text(100),
            Default::Derived,
            "What the page calls it. Without it: the host of `url`.",
        ),
        URL,
        key(
            "kind",
            Kind::Word(&["feed", "json"]),
            Default::Text("feed"),
            "How its answers are read: `feed` for RSS, Atom and JSON Feed (told apart by content), `json` for any JSON API, mapped by `[source.map]`.",
        ),
        key(
            "category",
            Kind::Slug,
            Default::Text("general"),
            "The category of its items. Categories exist by being named here.",
        ),
        key(
            "tags",
            Kind::Words,
            Default::Derived,
            "Added to its items' own tags.",
        ),
        key(
            "every",
            Kind::Duration(60, 7 * 86_400),
            Default::Text("30m"),
            "How often it is fetched.",
        ),
        key(
            "headers",
            Kind::Headers,
            Default::Derived,
            "Request headers. A value is text, or `{ secret = \"Bearer {name}\" }` in which `{name}` stands for the host variable of that name.",
        ),
        INCLUDE,
        MUTE,
        key(
            "timeout",
            Kind::Duration(1, 60),
            Default::Derived,
            "For this source instead of the one in `[limits]`.",
        ),
        key(
            "body",
            Kind::Size(1024, 16 * 1024 * 1024),
            Default::Derived,
            "For this source instead of the one in `[limits]`.",
        ),
        key("map", Kind::Table(&MAP), Default::Derived, MAP.doc),
    ],
};

/// The id of the view of everything.
pub(super) const ALL: &str = "all";

/// What views may refer to.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) sources: BTreeSet<String>,
    pub(super) categories: BTreeSet<String>,
    /// Every source's id and category could be made out, so that a name that is not known is a mistake.
    pub(super) complete: bool,
}

/// All sources, `None` where a mistake was noted.
pub(super) fn sources(checker: &mut Checker<'_>, file: &Fields) -> (Option<Vec<Source>>, Known) {
    let list = file.list("source");
    let mut taken = written_ids(checker, list);
    let mut known = Known {
        complete: !list.is_empty(),
        ..Known::default()
    };
    let mut sources = Some(Vec::with_capacity(list.len()));
    for fields in list {
        let id = match fields.text("id") {
            Some(id) => Some(id),
            None => derived_id(fields).map(|wanted| unique(&wanted, &mut taken)),
        };
        note_category(checker, fields, &mut known);
        match &id {
            Some(id) => {
                known.sources.insert(id.clone());
            }
            None => known.complete = false,
        }
        let kind = kind(checker, fields);
        let source = id.zip(kind).and_then(|(id, kind)| source(fields, id, kind));
        match (source, &mut sources) {
            (Some(source), Some(sources)) => sources.push(source),
            _ => sources = None,
        }
    }
    (sources, known)
}

/// The ids that are written; derived ones make way for them.
fn written_ids(checker: &mut Checker<'_>, list: &[Fields]) -> BTreeSet<String> {
    let mut first: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for fields in list.iter().filter(|fields| fields.is_written("id")) {
        let Some(id) = fields.text("id") else {
            continue;
        };
        let at = fields.place("id");
        if let Some(earlier) = first.get(&id) {
            let line = checker.line(earlier);
            checker.say(
                &at,
                "source.id",
                format!("the source on line {line} is called `{id}` too"),
            );
        } else {
            first.insert(id, at);
        }
    }
    first.into_keys().collect()
}

fn derived_id(fields: &Fields) -> Option<String> {
    let from_title = fields.text("title").map(|title| slugify(&title));
    if let Some(id) = from_title.filter(|id| !id.is_empty()) {
        return Some(id);
    }
    if fields.is_written("title") && fields.text("title").is_none() {
        return None;
    }
    let id = slugify(&host_of(&fields.text("url")?));
    Some(if id.is_empty() {
        "source".to_owned()
    } else {
        id
    })
}

fn note_category(checker: &mut Checker<'_>, fields: &Fields, known: &mut Known) {
    let Some(category) = fields.text("category") else {
        known.complete = false;
        return;
    };
    let at = fields.place("category");
    if category == ALL {
        checker.say(
            &at,
            "source.category",
            "`all` is the view of everything: it can't be a category",
        );
    }
    let new = known.categories.insert(category);
    if new && known.categories.len() == CATEGORIES_MAX + 1 {
        let mistake = checker.say(&at, "source.category", "these are too many categories");
        mistake.allowed = Some(format!("at most {CATEGORIES_MAX}"));
    }
}

fn kind(checker: &mut Checker<'_>, fields: &Fields) -> Option<SourceKind> {
    let kind = fields.text("kind")?;
    let map = fields.inner("map");
    match (kind.as_str(), map) {
        ("json", Some(map)) => mapping(map).map(SourceKind::Json),
        ("json", None) => {
            if !fields.is_written("map") {
                let message = "a source of kind \"json\" needs `[source.map]`, which says where its items are";
                let mistake = checker.say(&fields.place("kind"), "source.map", message);
                mistake.allowed = Some(super::keys::MAP_EXAMPLE.to_owned());
            }
            None
        }
        (_, Some(map)) => {
            let message = "only a source with `kind = \"json\"` has `[source.map]`";
            checker.say(&map.at, "source.map", message);
            None
        }
        (_, None) => (!fields.is_written("map")).then_some(SourceKind::Feed),
    }
}

fn source(fields: &Fields, id: String, kind: SourceKind) -> Option<Source> {
    let url = fields.text("url")?;
    Some(Source {
        id,
        title: fields.text("title").unwrap_or_else(|| host_of(&url)),
        url,
        kind,
        category: fields.text("category")?,
        tags: fields.texts("tags"),
        every_s: fields.number("every")?,
        headers: fields.headers("headers"),
        include: fields.texts("include"),
        mute: fields.texts("mute"),
        timeout_ms: fields.number("timeout").map(|s| s.saturating_mul(1000)),
        body_bytes_max: count(fields, "body"),
    })
}
