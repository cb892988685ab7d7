//! One entry onto what is known: new, edited, the same, or another source's already.

use super::canonical;
use super::dated::{Dated, UNPLACED};
use super::merge::{Edit, Fold, Fresh};
use super::sift::{News, Step};
use crate::config::Source;
use crate::item::Item;
use crate::parse::Entry;
use crate::slice::Position;
use crate::time::Timestamp;

/// What came of one entry.
pub(super) enum Merged {
    Added,
    Changed,
    Same,
    TooOld,
    Adopted,
}

impl Fold<'_> {
    pub(super) fn step(&mut self, source: &Source, step: Step) -> Merged {
        match step {
            Step::Seen(hash, dated) => {
                self.memory.seen_dated(hash, dated);
                Merged::Same
            }
            Step::Refused(hash) => self.withdraw(source, hash),
            Step::TooOld(address) if self.is_duplicate(source, address) => Merged::Same,
            Step::TooOld(_) => Merged::TooOld,
            Step::Undated { address, .. } if self.is_duplicate(source, address) => Merged::Same,
            Step::Undated {
                hash,
                address,
                content,
            } => {
                self.memory.adopt(&source.id, hash, address, content);
                Merged::Adopted
            }
            Step::News(news) => self.news(source, *news),
        }
    }

    fn news(&mut self, source: &Source, news: News) -> Merged {
        let News {
            entry,
            hash,
            address,
            content,
            index,
        } = news;
        if let Some(position) = self.by_hash.get(&hash).copied() {
            return self.update(source, entry, content, position);
        }
        let stated = entry.published.or(entry.updated);
        if let Some((position, before)) = self.memory.seen(hash) {
            self.memory.set_content(hash, content);
            let dated = Dated::of(stated, position.rank);
            self.memory.seen_dated(hash, dated);
            if position.rank == UNPLACED {
                return Merged::Same;
            }
            return self.edit_sealed(source, entry, content, (position, before));
        }
        if self.is_duplicate(source, address) {
            return Merged::Same;
        }
        // Undated entries keep the order of their document: each a millisecond below the one before.
        let undated = self.now.plus_millis(-i64::try_from(index).unwrap_or(0));
        let published = stated.map_or(undated, |stated| stated.min(self.now));
        let item = self.item(source, entry, String::new(), published);
        self.own_address(address, hash, &source.id);
        self.fresh.insert(
            hash,
            Fresh {
                item,
                address,
                content,
            },
        );
        Merged::Added
    }

    /// Another source has this address already. Two entries of one source may share an address.
    fn is_duplicate(&mut self, source: &Source, address: u64) -> bool {
        if address == 0 {
            return false;
        }
        if self
            .by_address
            .get(&address)
            .is_some_and(|(_, owner)| *owner != source.id)
        {
            return true;
        }
        let owner = self
            .memory
            .owner(address)
            .filter(|(_, owner)| owner.as_ref() != source.id)
            .map(|(hash, _)| hash);
        // As long as a second source still has it, the first must not be forgotten.
        owner.is_some_and(|hash| self.memory.seen(hash).is_some())
    }

    /// Its source takes an item back, or it no longer passes: an unsealed one leaves now, a sealed one by the publish.
    pub(super) fn withdraw(&mut self, source: &Source, hash: u64) -> Merged {
        if let Some(position) = self.by_hash.remove(&hash) {
            if let Some(row) = self.rows.remove(&position) {
                let owner = self.by_address.get(&row.address);
                if owner.is_some_and(|(owner, _)| *owner == hash) {
                    self.by_address.remove(&row.address);
                }
            }
            return Merged::Changed;
        }
        let Some((position, before)) = self.memory.seen(hash) else {
            return Merged::Same;
        };
        if position.rank == UNPLACED {
            self.memory.forget(hash);
            return Merged::Same;
        }
        self.edits.push(Edit {
            position,
            source: source.id.clone(),
            before,
            row: None,
        });
        Merged::Changed
    }

    /// An unsealed item, edited: place and publication time stay.
    fn update(
        &mut self,
        source: &Source,
        entry: Entry,
        content: u64,
        position: Position,
    ) -> Merged {
        let Some(row) = self.rows.get(&position) else {
            return Merged::Same;
        };
        let (seen, address) = (row.seen, row.address);
        let published =
            serde_json::from_str::<Item>(&row.json).map_or(self.now, |item| item.published);
        let item = self.item(source, entry, position.to_string(), published);
        let row = self.row(&item, position, address, content, seen);
        self.rows.insert(position, row);
        Merged::Changed
    }

    /// A sealed item that its source has changed: the publish seals its segments anew.
    fn edit_sealed(
        &mut self,
        source: &Source,
        entry: Entry,
        content: u64,
        (at, before): (Position, u64),
    ) -> Merged {
        let stated = entry
            .published
            .or(entry.updated)
            .unwrap_or(Timestamp(at.rank));
        let address = canonical::address(entry.url.as_deref());
        let item = self.item(source, entry, at.to_string(), stated.min(self.now));
        let row = self.row(&item, at, address, content, self.now);
        self.edits.push(Edit {
            position: at,
            source: source.id.clone(),
            before,
            row: Some(row),
        });
        Merged::Changed
    }

    fn item(&self, source: &Source, entry: Entry, id: String, published: Timestamp) -> Item {
        Item {
            id,
            title: entry.title,
            url: entry.url,
            source: source.id.clone(),
            category: source.category.clone(),
            tags: entry.tags,
            author: entry.author,
            published,
            // A time to come would have to be clamped to another value in every cycle.
            updated: entry.updated.filter(|updated| *updated <= self.now),
            summary: entry.summary,
            image: entry.image,
        }
    }
}
