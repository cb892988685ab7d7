//! From items to a head: membership, counts, fragments, order.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::views::{ViewDef, views, views_of};
use crate::config::Config;
use crate::item::Item;
use crate::page::{self, Model, SourceHealth, ViewCount};
use crate::slice::{Activity, HeadParts, ITEM_BYTES_MAX, Position, Row, Section, ViewParts};
use crate::time::Timestamp;

/// Hash of the configuration and of the version that renders: when it differs, a head is rendered anew.
#[must_use]
pub fn config_digest(config: &Config) -> u64 {
    let text = format!(
        "{} {} {}",
        env!("CARGO_PKG_VERSION"),
        page::rendering(),
        config.to_compiled()
    );
    xxh3_64(text.as_bytes())
}

/// The row of an item: its fragments and membership.
#[must_use]
pub(crate) fn row(item: &Item, position: Position, config: &Config, views: &[ViewDef<'_>]) -> Row {
    let title = config
        .sources
        .iter()
        .find(|source| source.id == item.source);
    let title = title.map_or(item.source.as_str(), |source| source.title.as_str());
    let row = Row {
        position,
        source: item.source.clone(),
        views: views_of(item, views),
        address: 0,
        content: 0,
        seen: Timestamp(0),
        json: exact(serde_json::to_string(item).unwrap_or_default()),
        html: exact(page::item_html(item, title)),
    };
    let can_be_shorter = item.image.is_some() || !item.summary.is_empty() || !item.tags.is_empty();
    if row.bytes() > ITEM_BYTES_MAX && can_be_shorter {
        let shorter = Item {
            summary: String::new(),
            image: None,
            tags: Vec::new(),
            ..item.clone()
        };
        return self::row(&shorter, position, config, views);
    }
    row
}

/// Without the room to grow that it was written with: a first cycle holds very many.
fn exact(mut text: String) -> String {
    text.shrink_to_fit();
    text
}

/// `edit` of the sealed item `held`, dated as `held` is: an item is never re-dated.
pub(crate) fn keep_date(held: &Row, edit: &Row, config: &Config) -> Row {
    let read = |row: &Row| serde_json::from_str::<Item>(&row.json);
    let (Ok(before), Ok(after)) = (read(held), read(edit)) else {
        return edit.clone();
    };
    if before.published == after.published {
        return edit.clone();
    }
    let dated = Item {
        published: before.published,
        ..after
    };
    Row {
        address: edit.address,
        content: edit.content,
        seen: edit.seen,
        ..row(&dated, edit.position, config, &views(config))
    }
}

/// A head of `items` alone, with no sealed history: where a cycle starts from, and what tests serve from. An item whose
/// id is none that a fold gives gets one from its time and the hash of its id.
#[must_use]
pub fn head_of(config: &Config, items: &[Item], updated: Timestamp, generation: u64) -> HeadParts {
    let defs = views(config);
    let mut rows: Vec<Row> = items
        .iter()
        .map(|item| {
            let mut item = item.clone();
            let position = Position::from_id(&item.id).unwrap_or_else(|| Position {
                rank: item.published.0,
                hash: xxh3_64(item.id.as_bytes()),
            });
            item.id = position.to_string();
            row(&item, position, config, &defs)
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.position));
    rows.dedup_by_key(|row| row.position);
    let mut parts = HeadParts {
        generation,
        updated,
        config_digest: config_digest(config),
        views: defs
            .iter()
            .map(|view| ViewParts {
                id: view.id.to_owned(),
                ..ViewParts::default()
            })
            .collect(),
        sources: config
            .sources
            .iter()
            .map(|source| source.id.clone())
            .collect(),
        health: config.sources.iter().map(new_source).collect(),
        rows,
        ..HeadParts::default()
    };
    count(&mut parts, &BTreeMap::new());
    render(&mut parts, config);
    parts
}

/// A source that was never asked.
pub(crate) fn new_source(source: &crate::config::Source) -> SourceHealth {
    SourceHealth {
        id: source.id.clone(),
        title: source.title.clone(),
        link: source.url.clone(),
        category: source.category.clone(),
        status: "new".to_owned(),
        error: None,
        notes: Vec::new(),
        since: None,
        changed: None,
        items: 0,
    }
}

/// Counts what the head holds on top of what is `sealed`, by (view, source).
pub(crate) fn count(parts: &mut HeadParts, sealed: &BTreeMap<(u16, u16), u64>) {
    let mut counts = sealed.clone();
    for row in &parts.rows {
        let source = parts
            .sources
            .iter()
            .position(|source| *source == row.source);
        let Some(source) = source.and_then(|index| u16::try_from(index).ok()) else {
            continue;
        };
        for view in &row.views {
            *counts.entry((*view, source)).or_default() += 1;
        }
    }
    for (index, view) in parts.views.iter_mut().enumerate() {
        view.items = counts
            .iter()
            .filter(|((of, _), _)| usize::from(*of) == index)
            .map(|(_, items)| items)
            .sum();
    }
    for health in &mut parts.health {
        let index = parts.sources.iter().position(|source| *source == health.id);
        let index = index.and_then(|index| u16::try_from(index).ok());
        health.items = index
            .and_then(|index| counts.get(&(0, index)).copied())
            .unwrap_or(0);
    }
    parts.counts = counts;
}

/// Renders the sections and sets the hash that tells an unchanged fold.
pub(crate) fn render(parts: &mut HeadParts, config: &Config) {
    let defs = views(config);
    let title = |id: &str| {
        defs.iter()
            .find(|view| view.id == id)
            .map_or_else(|| id.to_owned(), |view| view.title.clone())
    };
    let counts: Vec<ViewCount> = parts
        .views
        .iter()
        .map(|view| ViewCount {
            id: view.id.clone(),
            title: title(&view.id),
            items: view.items,
        })
        .collect();
    parts.sections = page::sections(&Model {
        site: &config.site,
        updated: parts.updated,
        views: &counts,
        sources: &parts.health,
        activity: &parts.activity,
    });
    let policies = (Section::CachePolicies, vec![config.cache.to_bytes()]);
    parts.sections.push(policies);
    parts.fold_hash = fold_hash(parts);
}

/// Over everything that a reader or the next fold would miss; not over generation, time, ledger and what is rendered
/// from the rest.
fn fold_hash(parts: &HeadParts) -> u128 {
    let stable = HeadParts {
        generation: 0,
        updated: Timestamp(0),
        fold_hash: 0,
        ledger: crate::slice::Ledger::default(),
        usage: crate::slice::Usage::default(),
        lineage: crate::slice::Lineage::default(),
        checks: Vec::new(),
        activity: Activity::default(),
        claims: Vec::new(),
        search: crate::search::Index::default(),
        sections: Vec::new(),
        ..parts.clone()
    };
    xxh3_128(&stable.encode())
}
