//! What no run has yet is looked through: the head's own items, and what was sealed last.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Hit, Label, Words, tags};
use super::query::{Clause, Query, What};
use super::run::Index;
use crate::fold::ALL;
use crate::item::Item;
use crate::slice::{Corrupt, Head, Items, Position, Segment, SliceRef, keys};

/// Segments of one view that a search looks through; what lies behind them waits for the index, and the answer says so.
const SEGMENTS_MAX: usize = 4;

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

    /// Everything found, with its points. `open` gives the segments.
    ///
    /// # Errors
    /// Where a segment can't be used.
    pub(super) fn hits<E: From<Corrupt>>(
        &self,
        open: impl Fn(SliceRef) -> Result<Segment, E>,
    ) -> Result<Vec<(u32, Hit)>, E> {
        let mut found = Vec::new();
        let items = &self.head.items;
        for index in (0..items.len()).filter(|index| items.in_view(*index, self.base)) {
            let in_view = |id: &str| {
                let view = self.head.view(id);
                view.is_some_and(|view| items.in_view(index, view))
            };
            found.extend(self.look(items, index, &in_view));
        }
        let mut members: BTreeMap<&str, BTreeSet<Position>> = BTreeMap::new();
        for (id, segments) in &self.others {
            let within = members.entry(id).or_default();
            for segment in segments {
                let segment = open(*segment)?;
                within.extend((0..segment.items.len()).map(|index| segment.items.position(index)));
            }
        }
        let base = self.head.view_id(self.base);
        for segment in &self.base_segments {
            let segment = open(*segment)?;
            let items = &segment.items;
            for index in 0..items.len() {
                let position = items.position(index);
                if position <= self.indexed_upto {
                    break;
                }
                let in_view = |id: &str| {
                    let of = members.get(id);
                    id == base || id == ALL || of.is_some_and(|of| of.contains(&position))
                };
                found.extend(self.look(items, index, &in_view));
            }
        }
        Ok(found)
    }

    /// Item `index`, if the query finds it. One that can't be read is none.
    fn look(
        &self,
        items: &Items,
        index: usize,
        in_view: &dyn Fn(&str) -> bool,
    ) -> Option<(u32, Hit)> {
        let json = items.json(index, index + 1);
        let item: Item = serde_json::from_slice(&json).ok()?;
        if !self.query.at(item.published) {
            return None;
        }
        let words = Words::of(&item);
        let mut points = 0;
        for clause in &self.query.clauses {
            let here = points_of(clause, &item, &words, in_view);
            if (here > 0) == clause.negated {
                return None;
            }
            if !clause.negated && matches!(clause.what, What::Words { .. }) {
                points += u32::from(here);
            }
        }
        Some((points, Hit::of(item, items.position(index))))
    }
}

fn points_of(clause: &Clause, item: &Item, words: &Words, in_view: &dyn Fn(&str) -> bool) -> u8 {
    match &clause.what {
        What::Words {
            words: wanted,
            prefix,
        } => Clause::points_in(wanted, *prefix, words),
        What::Label { label, id } => u8::from(match label {
            Label::Source => item.source == *id,
            Label::Tag => tags(item).any(|tag| tag == *id),
            Label::View => in_view(id),
        }),
    }
}
