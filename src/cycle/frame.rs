//! The next head's frame: views with their sealed history, counts, rendering.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Config;
use crate::fold::{self, config_digest};
use crate::page::SourceHealth;
use crate::slice::{Head, HeadParts, Row, ViewParts, activity, keys};
use crate::time::Timestamp;

/// Items by the names of view and source.
pub(super) type Counts = BTreeMap<(String, String), u64>;

/// What the next head is made against.
pub(super) struct Frame<'a> {
    pub(super) config: &'a Config,
    pub(super) head: Option<&'a Head>,
    pub(super) now: Timestamp,
}

impl Frame<'_> {
    /// The frame of the next head: everything but items and counts.
    pub(super) fn parts(&self, health: Vec<SourceHealth>) -> HeadParts {
        let head = self.head;
        let view = |def: &fold::ViewDef<'_>| {
            let mut parts = ViewParts {
                id: def.id.to_owned(),
                ..ViewParts::default()
            };
            if let Some((head, index)) =
                head.and_then(|head| head.view(def.id).map(|index| (head, index)))
            {
                parts.segments = head.segments(index).collect();
                parts.directories = head.directories(index).collect();
            }
            parts
        };
        HeadParts {
            generation: self.head.map_or(0, Head::generation) + 1,
            updated: self.now,
            config_digest: config_digest(self.config),
            sealed_upto: head.and_then(Head::sealed_upto),
            search: head.map(Head::index).unwrap_or_default(),
            views: fold::views(self.config).iter().map(view).collect(),
            sources: self
                .config
                .sources
                .iter()
                .map(|source| source.id.clone())
                .collect(),
            health,
            ..HeadParts::default()
        }
    }

    /// What happened lately, for `parts`: `rows` is everything unsealed, `news` are the new and changed items of this cycle.
    pub(super) fn activity(
        &self,
        parts: &HeadParts,
        rows: &[Row],
        news: (usize, usize),
    ) -> activity::Activity {
        let sources = &self.config.sources;
        activity::Fold {
            before: self.head,
            now: self.now,
            views: parts.views.iter().map(|view| view.id.as_str()).collect(),
            sources: sources.iter().map(|source| source.id.as_str()).collect(),
            rows,
            health: &parts.health,
            news,
        }
        .activity()
    }

    /// What only views that are no longer configured name.
    pub(super) fn removed_views(&self) -> Vec<String> {
        let views = fold::views(self.config);
        let Some(head) = self.head else {
            return Vec::new();
        };
        let indexes = (0..head.views_len()).filter_map(|index| u16::try_from(index).ok());
        let removed =
            indexes.filter(|index| views.iter().all(|view| view.id != head.view_id(*index)));
        removed
            .flat_map(|index| {
                let segments = head
                    .segments(index)
                    .map(|listed| keys::segment(listed.name));
                let directories = head.directories(index);
                segments.chain(directories.map(|listed| keys::directory(listed.name)))
            })
            .collect()
    }

    /// Counts of what was sealed before, by the names of view and source.
    pub(super) fn sealed_counts(&self) -> Counts {
        let Some(head) = self.head else {
            return Counts::new();
        };
        let sources = head.sources();
        let name = |index: u16| sources.get(usize::from(index)).cloned().unwrap_or_default();
        head.sealed_counts()
            .into_iter()
            .map(|((view, source), items)| ((head.view_id(view).to_owned(), name(source)), items))
            .collect()
    }

    pub(super) fn add_sealed(&self, mut counts: Counts, sealed: &[Arc<Row>]) -> Counts {
        let views = fold::views(self.config);
        for row in sealed {
            for view in row
                .views
                .iter()
                .filter_map(|index| views.get(usize::from(*index)))
            {
                *counts
                    .entry((view.id.to_owned(), row.source.clone()))
                    .or_default() += 1;
            }
        }
        counts
    }

    /// Counts, renders and hashes.
    pub(super) fn lay_out(&self, parts: &mut HeadParts, sealed: Counts) {
        let mut by_index = BTreeMap::new();
        for ((view, source), items) in sealed.into_iter().filter(|(_, items)| *items > 0) {
            let Some(view) = parts.views.iter().position(|parts| parts.id == view) else {
                continue;
            };
            let known = parts.sources.iter().position(|id| *id == source);
            let source = known.unwrap_or_else(|| {
                parts.sources.push(source);
                parts.sources.len() - 1
            });
            if let (Ok(view), Ok(source)) = (u16::try_from(view), u16::try_from(source)) {
                by_index.insert((view, source), items);
            }
        }
        fold::count(parts, &by_index);
        fold::render(parts, self.config);
    }
}
