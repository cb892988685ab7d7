//! One page of a view.

use bytes::Bytes;

use super::{Arrival, Cursor, READS_MAX, ReadError, directory, segment};
use crate::host::Kv;
use crate::slice::{Head, PAGE_ITEMS_MAX, Position, SliceRef};

/// Store reads of a page that is found by counting, beside the head's own. It must not be cut short, as the page of the next
/// number begins where this one was to end; more than four happen only where withdrawals have left small segments.
pub const NUMBERED_READS_MAX: u32 = 8;

/// What page is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// `all`, a category or a declared view.
    pub view: &'a str,
    /// Only items of this source.
    pub source: Option<&'a str>,
    /// Begin after this place; `None` begins with the newest.
    pub cursor: Option<Cursor>,
    /// Items to pass over first. Exact without a source filter only: history is counted by segments.
    pub skip: u64,
    /// Most items, capped at [`PAGE_ITEMS_MAX`].
    pub limit: usize,
}

/// One page, as ranges of stored values.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// JSON objects, joined by commas when the chunks are put together.
    pub json: Vec<Bytes>,
    /// The same items as HTML.
    pub html: Vec<Bytes>,
    /// How many.
    pub items: usize,
    /// Where the next page begins, if there is one. A page may be shorter than the limit and still have one.
    pub next: Option<Cursor>,
    /// Items of the view (under the source filter), on all pages.
    pub total: u64,
    /// Items passed over because the store has lost them, or can't be read: with a source filter, those of other sources in
    /// the same value too. Of [`page_of_the_rest`] alone.
    pub lost: u64,
    /// What the cursor led to has left by retention: there is nothing older.
    pub gone: bool,
    /// Store reads beside the head's own, at most [`READS_MAX`]. Where items are passed over, a page that crosses from one
    /// segment into the next takes one more, from one directory into the next two; at most [`NUMBERED_READS_MAX`].
    pub reads: u32,
}

/// Reads one page. `None` where the view or the source is unknown.
///
/// # Errors
/// Where a segment can't be read.
pub async fn page<K: Kv>(
    kv: &K,
    head: &Head,
    query: &Query<'_>,
) -> Result<Option<Page>, ReadError> {
    read(kv, head, query, None).await
}

/// As [`page`], but listed values that are lost by `arrival` are passed over, and their items counted in [`Page::lost`].
///
/// # Errors
/// Where the store fails, a value may be on its way, or a directory does not hold what it spans.
pub async fn page_of_the_rest<K: Kv>(
    kv: &K,
    head: &Head,
    query: &Query<'_>,
    arrival: &Arrival,
) -> Result<Option<Page>, ReadError> {
    read(kv, head, query, Some(arrival)).await
}

async fn read<K: Kv>(
    kv: &K,
    head: &Head,
    query: &Query<'_>,
    arrival: Option<&Arrival>,
) -> Result<Option<Page>, ReadError> {
    let Some(view) = head.view(query.view) else {
        return Ok(None);
    };
    let source = match query.source.map(|id| head.source(id)) {
        Some(None) => return Ok(None),
        Some(found) => found,
        None => None,
    };
    let total = source.map_or_else(
        || head.view_items(view),
        |source| head.view_source_items(view, source),
    );
    let mut taker = Taker {
        page: Page {
            total,
            ..Page::default()
        },
        left: query.limit.clamp(1, PAGE_ITEMS_MAX),
        skip: query.skip,
        arrival: arrival.cloned(),
        counts_places: query.cursor.is_none(),
        reads_max: if query.skip > 0 {
            NUMBERED_READS_MAX
        } else {
            READS_MAX
        },
        after: query.cursor.map_or(Position::MAX, |cursor| cursor.after),
        pending: None,
    };
    // One that is newer than all: `after` is exclusive, and nothing has the greatest position of all.
    taker.take(&head.items, view, source);
    if taker.left > 0 {
        walk(kv, head, view, query.source, &mut taker).await?;
    }
    let mut page = taker.finish(older_exist(head, view));
    // A cursor is given only where something older follows.
    page.gone = query.cursor.is_some()
        && page.items == 0
        && page.next.is_none()
        && head.dropped_upto().is_some();
    Ok(Some(page))
}

/// The end of a view's history: where its oldest sealed item is.
fn older_exist(head: &Head, view: u16) -> impl Fn(Position) -> bool {
    let oldest_sealed = head
        .directories(view)
        .next_back()
        .or_else(|| head.segments(view).next_back());
    let oldest_in_head = (0..head.items.len())
        .rev()
        .find(|index| head.items.in_view(*index, view));
    let oldest = oldest_sealed
        .map(|sealed| sealed.oldest)
        .or_else(|| oldest_in_head.map(|index| head.items.position(index)));
    move |position| oldest.is_some_and(|oldest| oldest < position)
}

/// Goes on in the sealed history until the page is full or the reads are used up.
async fn walk<K: Kv>(
    kv: &K,
    head: &Head,
    view: u16,
    source: Option<&str>,
    taker: &mut Taker,
) -> Result<(), ReadError> {
    while taker.left > 0 && taker.page.reads < taker.reads_max {
        taker.skip_listed(head.segments(view).chain(head.directories(view)));
        let after = taker.after;
        if let Some(reference) = head.segments(view).find(|segment| segment.oldest < after) {
            take_segment(kv, reference, source, taker).await?;
            continue;
        }
        let Some(reference) = head
            .directories(view)
            .find(|directory| directory.oldest < after)
        else {
            return Ok(());
        };
        if taker.page.reads + 2 > taker.reads_max {
            return Ok(());
        }
        let listed = directory(kv, reference).await;
        taker.page.reads += 1;
        let Some(listed) = taker.found(reference, listed)? else {
            continue;
        };
        taker.skip_listed(listed.segments());
        let after = taker.after;
        let mut older = listed
            .segments()
            .filter(|segment| segment.oldest < after)
            .peekable();
        if older.peek().is_none() {
            return Err(ReadError::Corrupt(crate::slice::Corrupt(
                "a directory that does not hold what it spans",
            )));
        }
        for reference in older {
            if taker.left > 0 && taker.page.reads < taker.reads_max {
                take_segment(kv, reference, source, taker).await?;
            }
        }
    }
    Ok(())
}

async fn take_segment<K: Kv>(
    kv: &K,
    reference: SliceRef,
    source: Option<&str>,
    taker: &mut Taker,
) -> Result<(), ReadError> {
    let segment = segment(kv, reference).await;
    taker.page.reads += 1;
    let Some(segment) = taker.found(reference, segment)? else {
        return Ok(());
    };
    match source.map(|id| segment.items.source_index(id)) {
        // Not one item of this source in it.
        Some(None) => taker.after = taker.after.min(reference.oldest),
        found => {
            taker.take(&segment.items, 0, found.flatten());
            if taker.left > 0 {
                taker.after = taker.after.min(reference.oldest);
            }
        }
    }
    Ok(())
}

/// Collects runs of items.
struct Taker {
    page: Page,
    left: usize,
    /// Items to pass over before the first one.
    skip: u64,
    /// What is lost by this is passed over.
    arrival: Option<Arrival>,
    /// What is lost keeps its place: so no numbered page shows what another has shown.
    counts_places: bool,
    /// Store reads that this page may take.
    reads_max: u32,
    /// Everything newer, and this place itself, has been looked at.
    after: Position,
    /// The last range of JSON, with its last comma.
    pending: Option<Bytes>,
}

impl Taker {
    /// Passes over whole values, newest first, without reading them.
    fn skip_listed(&mut self, listed: impl Iterator<Item = SliceRef>) {
        for reference in listed {
            if reference.newest >= self.after {
                continue;
            }
            let items = u64::from(reference.items);
            if self.skip < items {
                return;
            }
            self.skip -= items;
            self.after = reference.oldest;
        }
    }

    /// Passes over what is lost, where that is wanted.
    fn found<T>(
        &mut self,
        reference: SliceRef,
        read: Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        let is_lost = |error: &ReadError| {
            let arrival = self.arrival.as_ref();
            arrival.is_some_and(|arrival| arrival.has_lost(error))
        };
        match read {
            Err(error) if is_lost(&error) => {
                let skipped = std::mem::take(&mut self.skip);
                let mut items = u64::from(reference.items).saturating_sub(skipped);
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

    fn take(&mut self, items: &crate::slice::Items, view: u16, source: Option<u16>) {
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
            self.left -= index - from;
            self.page.items += index - from;
            self.after = items.position(index - 1);
            self.page
                .json
                .extend(self.pending.replace(items.json_with_comma(from, index)));
            self.page.html.push(items.html(from, index));
        }
    }

    fn finish(mut self, older_exist: impl Fn(Position) -> bool) -> Page {
        if let Some(last) = self.pending.take() {
            let end = last.len().saturating_sub(1);
            self.page.json.push(last.slice(..end));
        }
        self.page.next = older_exist(self.after).then(|| Cursor::from(self.after));
        self.page
    }
}
