//! The day that every strategy lives through.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgefold::host::Clock as _;

use super::entities::{ENTITIES, Entities, LISTED, address};
use crate::sim::{Answer, SimHost};

/// Cycles of the day.
pub(super) const CYCLES: usize = 96;
const APART: Duration = Duration::from_secs(15 * 60);
/// Items that an upstream lists while the history is made: edgefold takes at most this many from one answer.
const BACKFILL: usize = 500;

/// How much history there is, and how often something changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) items: usize,
    /// Cycles of a hundred in which items change.
    pub(super) changing_percent: usize,
}

/// What a strategy took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    /// Writes of the day.
    pub(super) writes: u64,
    pub(super) deletes: u64,
    pub(super) reads: u64,
    pub(super) bytes_written: u64,
    pub(super) requests: u64,
    pub(super) largest_bytes: u64,
    /// Of a default page.
    pub(super) page: Page,
}

/// What one page takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Page {
    pub(super) reads: u64,
    pub(super) bytes: u64,
    pub(super) parsed_bytes: u64,
}

/// One way to keep a site up to date.
pub(super) trait Strategy {
    /// The history is about to be made, or has been: nothing of it is counted.
    fn history(&mut self, on: bool);
    /// One cycle: all upstreams are asked.
    fn cycle(&mut self, host: &SimHost) -> anyhow::Result<()>;
    /// Reads a default page as a visitor does.
    fn page(&self, host: &SimHost) -> anyhow::Result<Page>;
}

/// A host whose store has the history that `strategy` makes of `items`, and the upstreams.
pub(super) fn with_history(
    items: usize,
    strategy: &mut dyn Strategy,
) -> anyhow::Result<(SimHost, Arc<Mutex<Entities>>)> {
    let entities = Arc::new(Mutex::new(Entities::new(1)));
    let host = SimHost::new(1);
    host.kv
        .set_options(|store| store.value_bytes_max = usize::MAX);
    serve(&host, &entities);
    history(items, &host, &entities, strategy)?;
    Ok((host, entities))
}

/// Lives through the history, then the day, and counts the day.
pub(super) fn live(plan: Plan, strategy: &mut dyn Strategy) -> anyhow::Result<Taken> {
    let (host, entities) = with_history(plan.items, strategy)?;
    host.kv.reset_counts();
    let requests_before = host.http.requests().len();
    let mut largest = 0;
    for cycle in 1..=CYCLES {
        host.clock.advance(APART);
        // Evenly spread, as many as planned and at least one.
        let until = |cycle: usize| cycle * plan.changing_percent / 100;
        let changes = until(cycle) > until(cycle - 1) || (until(CYCLES) == 0 && cycle == CYCLES);
        lock(&entities).step(host.now().as_secs(), changes);
        strategy.cycle(&host)?;
        let bytes = host.kv.contents().values().map(bytes::Bytes::len).max();
        largest = largest.max(bytes.unwrap_or(0));
    }
    let counts = host.kv.counts();
    let requests = host.http.requests().len() - requests_before;
    Ok(Taken {
        writes: counts.writes,
        deletes: counts.deletes,
        reads: counts.reads,
        bytes_written: counts.bytes_written,
        requests: requests as u64,
        largest_bytes: largest as u64,
        page: strategy.page(&host)?,
    })
}

fn lock(entities: &Mutex<Entities>) -> MutexGuard<'_, Entities> {
    entities.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers conditional requests with 304.
fn serve(host: &SimHost, entities: &Arc<Mutex<Entities>>) {
    for entity in 0..ENTITIES {
        let entities = Arc::clone(entities);
        host.http.route(&address(entity), move |request| {
            let entities = lock(&entities);
            let etag = entities.etag(entity);
            let known = request.headers.get("if-none-match");
            if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
                return Answer::status(304).header("etag", &etag);
            }
            let document = Answer::ok(entities.document(entity)).header("etag", &etag);
            document.header("content-type", "application/json")
        });
    }
}

/// Real cycles over all items, oldest first, in portions that the upstreams list one after another.
fn history(
    items: usize,
    host: &SimHost,
    entities: &Mutex<Entities>,
    strategy: &mut dyn Strategy,
) -> anyhow::Result<()> {
    lock(entities).list(BACKFILL);
    strategy.history(true);
    let begin_s = host.now().as_secs() - 60 * i64::try_from(items).unwrap_or(0);
    for portion in 0..items.div_ceil(BACKFILL * ENTITIES) {
        let from = portion * BACKFILL * ENTITIES;
        for number in from..items.min(from + BACKFILL * ENTITIES) {
            let at_s = begin_s + 60 * i64::try_from(number).unwrap_or(0);
            lock(entities).publish(number % ENTITIES, at_s);
        }
        strategy.cycle(host)?;
        host.clock.advance(APART);
    }
    lock(entities).list(LISTED);
    // Each cycle indexes some thousand items of the history for searches, until all are.
    for _ in 0..crate::bench::cycles_to_index(items) {
        host.clock.advance(APART);
        lock(entities).step(host.now().as_secs(), false);
        strategy.cycle(host)?;
    }
    strategy.history(false);
    // An ordinary evening before the day that is counted.
    for _ in 0..2 {
        host.clock.advance(APART);
        lock(entities).step(host.now().as_secs(), false);
        strategy.cycle(host)?;
    }
    Ok(())
}
