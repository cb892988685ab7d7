//! Collects the items of a page from what it is read of.

use bytes::Bytes;

use super::{Arrival, Cursor, Page, ReadError};
use crate::slice::{Items, Position, SliceRef};

/// Collects runs of items.
pub(super) struct Taker {
    pub(super) page: Page,
    /// Items that the page still has room for.
    pub(super) left: usize,
    /// Items to pass over before the first one.
    pub(super) skip: u64,
    /// What is lost by this is passed over.
    pub(super) arrival: Option<Arrival>,
    /// What is lost keeps its place: so no numbered page shows what another has shown.
    pub(super) counts_places: bool,
    /// Everything newer, and this place itself, has been looked at.
    pub(super) after: Position,
    /// The last range of JSON, with its last comma.
    pub(super) pending: Option<Bytes>,
}

impl Taker {
    /// `None` for what can't be read and is to be passed over: it holds `items` that this page would have.
    pub(super) fn found<T>(
        &mut self,
        reference: SliceRef,
        items: u64,
        read: Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        let is_lost = |error: &ReadError| {
            let arrival = self.arrival.as_ref();
            arrival.is_some_and(|arrival| arrival.has_lost(error))
        };
        match read {
            Err(error) if is_lost(&error) => {
                let mut items = items;
                if self.counts_places {
                    let places = usize::try_from(items).unwrap_or(usize::MAX).min(self.left);
                    self.left -= places;
                    items = places as u64;
                }
                self.page.lost += items;
                self.after = reference.oldest;
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// Takes what is wanted of `items` behind the place that was looked at last.
    pub(super) fn take(&mut self, items: &Items, view: u16, source: Option<u16>) {
        let wanted = |index: usize| {
            items.in_view(index, view) && source.is_none_or(|source| items.source(index) == source)
        };
        let mut index = items.first_below(self.after);
        while index < items.len() && self.left > 0 {
            let skipped = wanted(index) && self.skip > 0;
            if skipped || !wanted(index) {
                self.skip -= u64::from(skipped);
                self.after = items.position(index);
                index += 1;
                continue;
            }
            let from = index;
            while index < items.len() && index - from < self.left && wanted(index) {
                index += 1;
            }
            self.take_run(items, from, index);
        }
    }

    /// Takes the items `from..to`, of which there is at least one, and no more than there is room for.
    pub(super) fn take_run(&mut self, items: &Items, from: usize, to: usize) {
        self.left -= to - from;
        self.page.items += to - from;
        self.after = items.position(to - 1);
        self.page
            .json
            .extend(self.pending.replace(items.json_with_comma(from, to)));
        self.page.html.push(items.html(from, to));
    }

    pub(super) fn finish(mut self, older_exist: impl Fn(Position) -> bool) -> Page {
        if let Some(last) = self.pending.take() {
            let end = last.len().saturating_sub(1);
            self.page.json.push(last.slice(..end));
        }
        self.page.next = older_exist(self.after).then(|| Cursor::from(self.after));
        self.page
    }
}
