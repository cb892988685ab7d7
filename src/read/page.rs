//! One page of a view.

use bytes::Bytes;

use super::taker::Taker;
use super::{Arrival, Cursor, READS_MAX, ReadError, counted, directory, segment};
use crate::host::Kv;
use crate::slice::{Head, PAGE_ITEMS_MAX, Position, SliceRef};

/// What page is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// `all`, a category or a declared view.
    pub view: &'a str,
    /// Only items of this source.
    pub source: Option<&'a str>,
    /// Begin after this place; `None` begins with the newest.
    pub cursor: Option<Cursor>,
    /// Items to pass over first, counted from the newest. Not with `source` or `cursor`, where it is taken for 0: history is
    /// counted by segments.
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
    /// Values read beside the head: at most [`READS_MAX`] after a cursor or of one source, at most
    /// [`COUNTED_VALUES_MAX`](super::COUNTED_VALUES_MAX) where the page is found by counting, and then as a rule one or two of
    /// segments, and one or two of directories.
    pub reads: u32,
    /// Times that the store was asked for them, one after another: at most [`READS_MAX`].
    pub round_trips: u32,
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
    let counted = query.source.is_none() && query.cursor.is_none();
    let mut taker = Taker {
        page: Page {
            total,
            ..Page::default()
        },
        left: query.limit.clamp(1, PAGE_ITEMS_MAX),
        skip: if counted { query.skip } else { 0 },
        arrival: arrival.cloned(),
        counts_places: query.cursor.is_none(),
        // `after` is exclusive, and nothing has the greatest position of all.
        after: query.cursor.map_or(Position::MAX, |cursor| cursor.after),
        pending: None,
    };
    taker.take(&head.items, view, source);
    if taker.left > 0 && counted {
        counted::take(kv, head, view, &mut taker).await?;
    } else if taker.left > 0 {
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

/// Whether `view` has an item that is older than a place.
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

/// Goes on in the sealed history until the page is full or the reads are used up. How much of a value is wanted shows when it is read, so they
/// are read one after another.
async fn walk<K: Kv>(
    kv: &K,
    head: &Head,
    view: u16,
    source: Option<&str>,
    taker: &mut Taker,
) -> Result<(), ReadError> {
    while taker.left > 0 && taker.page.reads < READS_MAX {
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
        if taker.page.reads + 2 > READS_MAX {
            return Ok(());
        }
        let listed = directory(kv, reference).await;
        taker.page.reads += 1;
        taker.page.round_trips += 1;
        let items = u64::from(reference.items);
        let Some(listed) = taker.found(reference, items, listed)? else {
            continue;
        };
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
            if taker.left > 0 && taker.page.reads < READS_MAX {
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
    taker.page.round_trips += 1;
    let items = u64::from(reference.items);
    let Some(segment) = taker.found(reference, items, segment)? else {
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
