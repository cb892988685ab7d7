//! A head without its items: the copy in the state that a head is made of again where the store has lost or damaged it.
//!
//! Nothing is sealed, edited or dropped without the state being stored first. So the last state knows everything that any later
//! head lists, but for the items that the head itself holds, which the sources still offer for the most part.

use bytes::Bytes;

use super::{Head, HeadParts, Lineage, ViewParts};

/// Generations that a restored head passes over: more than there can have been since its state was stored, at a publish a
/// second for a century. So no name is used twice. A thousand restored heads later, generations are numbers of JSON still.
const GENERATIONS_PASSED_OVER: u64 = 1 << 32;

impl Head {
    /// What is left of this head without its items: what is sealed, and how many items of it each view and source has. `lineage`
    /// is that of the state it is stored in. No source counts as asked.
    pub(crate) fn backup(&self, lineage: Lineage) -> Bytes {
        let views = (0..self.views_len()).filter_map(|view| u16::try_from(view).ok());
        let mut views: Vec<ViewParts> = views
            .map(|view| ViewParts {
                id: self.view_id(view).to_owned(),
                items: self.view_items(view),
                segments: self.segments(view).collect(),
                directories: self.directories(view).collect(),
            })
            .collect();
        for view in self.items.rows().flat_map(|row| row.views) {
            if let Some(parts) = views.get_mut(usize::from(view)) {
                parts.items = parts.items.saturating_sub(1);
            }
        }
        HeadParts {
            generation: self.generation().saturating_add(GENERATIONS_PASSED_OVER),
            updated: self.updated(),
            config_digest: self.config_digest(),
            ledger: self.ledger(),
            usage: self.usage(),
            lineage,
            views,
            sources: self.sources(),
            dropped_upto: self.dropped_upto(),
            sealed_upto: self.sealed_upto(),
            counts: self.sealed_counts(),
            claims: self.claims().collect(),
            search: self.index(),
            ..HeadParts::default()
        }
        .encode()
    }

    /// For what a state has as a backup: whether the head that it was made of is one that a head was published before.
    pub(crate) fn follows_another(&self) -> bool {
        self.generation() > GENERATIONS_PASSED_OVER + 1
    }
}
