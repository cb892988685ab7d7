//! What no run has yet is looked through: the head's own items, and what was sealed last.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Hit, Label};
use super::prepared::{Prepared, prepared};
use super::query::{Clause, Query, What};
use super::run::Index;
use crate::fold::ALL;
use crate::slice::{Corrupt, Head, Items, Position, Segment, SliceRef, keys};
use crate::syndicate::Entry;

/// Segments of one view that a search looks through; what lies behind them waits for the index, and the answer says so.
pub(crate) const SEGMENTS_MAX: usize = 4;

/// What is to be looked through besides the head.
pub(super) struct Scan<'a> {
    head: &'a Head,
    query: &'a Query,
    /// The view whose segments are looked through: one that every result must be in.
    base: u16,
    base_segments: Vec<SliceRef>,
    /// Other views that the query names, with their segments: they tell what is in them.
    others: BTreeMap<&'a str, Vec<SliceRef>>,
    /// What is sealed up to here is in runs.
    indexed_upto: Position,
    /// The newest place that can't be looked at.
    pub(super) unsearched: Option<Position>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(head: &'a Head, query: &'a Query, index: &Index) -> Self {
        let views = query
            .clauses
            .iter()
            .filter_map(|clause| match &clause.what {
                What::Label {
                    label: Label::View,
                    id,
                } => Some((clause.negated, id.as_str())),
                _ => None,
            });
        let wanted = views
            .clone()
            .find(|(negated, _)| !negated)
            .map(|(_, id)| id);
        let base = wanted.and_then(|id| head.view(id)).unwrap_or(0);
        let upto = index.covered.map_or(Position::MIN, |(_, upto)| upto);
        let mut scan = Self {
            head,
            query,
            base,
            base_segments: Vec::new(),
            others: BTreeMap::new(),
            indexed_upto: head
                .dropped_upto()
                .map_or(upto, |dropped| upto.max(dropped)),
            unsearched: index
                .covered
                .map(|(from, _)| from)
                .filter(|from| *from > Position::MIN),
        };
        scan.base_segments = scan.segments(base);
        for (_, id) in views {
            match head.view(id) {
                Some(view) if view == base => {}
                Some(view) => {
                    let segments = scan.segments(view);
                    scan.others.insert(id, segments);
                }
                None => drop(scan.others.insert(id, Vec::new())),
            }
        }
        scan
    }

    /// The segments of `view` that are not all in runs.
    fn segments(&mut self, view: u16) -> Vec<SliceRef> {
        let upto = self.indexed_upto;
        let mut newer: Vec<SliceRef> = self
            .head
            .segments(view)
            .take_while(|segment| segment.newest > upto)
            .collect();
        let behind = newer.get(SEGMENTS_MAX).copied();
        newer.truncate(SEGMENTS_MAX);
        let filed = self.head.directories(view).next();
        let filed = filed.filter(|directory| directory.newest > upto);
        self.unsearched = self
            .unsearched
            .max(behind.or(filed).map(|behind| behind.newest));
        newer
    }

    /// Where what it needs is stored.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        let all = self
            .base_segments
            .iter()
            .chain(self.others.values().flatten());
        all.map(|segment| keys::segment(segment.name))
    }

    /// Everything found, and the newest place of what is lost. `open` gives the segments, `None` for one that is lost.
    ///
    /// # Errors
    /// Where a segment can't be used.
    pub(super) fn hits<E>(
        &self,
        open: impl Fn(SliceRef) -> Result<Option<Segment>, E>,
    ) -> Result<(Vec<Seen>, Option<Position>), E> {
        let mut found = Vec::new();
        let mut lost = None;
        let items = &self.head.items;
        let all = prepared(items, items.len());
        for (index, one) in all.iter().enumerate() {
            let in_view = |id: &str| {
                let view = self.head.view(id);
                view.is_some_and(|view| items.in_view(index, view))
            };
            if items.in_view(index, self.base) {
                found.extend(self.look(items, index, one.as_ref(), &in_view));
            }
        }
        let mut members: BTreeMap<&str, BTreeSet<Position>> = BTreeMap::new();
        // Whether an item there is in the other view can't be told: it is none of the results.
        let mut untold: Vec<SliceRef> = Vec::new();
        for (id, segments) in &self.others {
            let within = members.entry(id).or_default();
            for listed in segments {
                let Some(segment) = open(*listed)? else {
                    lost = lost.max(Some(listed.newest));
                    untold.push(*listed);
                    continue;
                };
                within.extend((0..segment.items.len()).map(|index| segment.items.position(index)));
            }
        }
        let base = self.head.view_id(self.base);
        for listed in &self.base_segments {
            let Some(Segment { items }) = open(*listed)? else {
                lost = lost.max(Some(listed.newest));
                continue;
            };
            let count = (0..items.len())
                .take_while(|index| items.position(*index) > self.indexed_upto)
                .count();
            let all = prepared(&items, count);
            for (index, one) in all.iter().take(count).enumerate() {
                let position = items.position(index);
                if untold.iter().any(|untold| untold.spans(position)) {
                    continue;
                }
                let in_view = |id: &str| {
                    let of = members.get(id);
                    id == base || id == ALL || of.is_some_and(|of| of.contains(&position))
                };
                found.extend(self.look(&items, index, one.as_ref(), &in_view));
            }
        }
        Ok((found, lost))
    }

    /// Item `index`, if the query finds it. One that can't be read is none.
    fn look(
        &self,
        items: &Items,
        index: usize,
        prepared: Option<&Prepared>,
        in_view: &dyn Fn(&str) -> bool,
    ) -> Option<Seen> {
        let prepared = prepared.filter(|prepared| self.query.at(prepared.published))?;
        let mut points = 0;
        for clause in &self.query.clauses {
            let here = points_of(clause, prepared, items.source_id(index), in_view);
            if (here > 0) == clause.negated {
                return None;
            }
            if self.query.scores(clause) {
                points += u32::from(here);
            }
        }
        Some(Seen {
            points,
            position: items.position(index),
            items: items.clone(),
            index,
        })
    }
}

/// An item that was looked at and found.
pub(super) struct Seen {
    pub(super) points: u32,
    pub(super) position: Position,
    items: Items,
    index: usize,
}

impl Seen {
    /// As a result.
    ///
    /// # Errors
    /// Where it can't be read.
    pub(super) fn hit(&self) -> Result<Hit, Corrupt> {
        let json = self.items.json(self.index, self.index + 1);
        let entry = Entry::read(&json)?;
        Ok(Hit {
            position: self.position,
            title: entry.title.into_owned(),
            url: entry.url.map(Into::into),
            source: entry.source.into_owned(),
            category: entry.category.into_owned(),
            published: entry.published,
        })
    }
}

fn points_of(clause: &Clause, item: &Prepared, source: &str, in_view: &dyn Fn(&str) -> bool) -> u8 {
    match &clause.what {
        What::Words { words, prefix } => item.words.points_of(words, *prefix),
        What::Label { label, id } => u8::from(match label {
            Label::Source => source == id,
            Label::Tag => item.tags.iter().any(|tag| tag == id),
            Label::View => in_view(id),
        }),
    }
}
