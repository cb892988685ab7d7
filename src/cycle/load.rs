//! What a run begins with.

use crate::cache::Control;
use crate::config::Config;
use crate::fold::{Memory, State};
use crate::host::{Host, Kv, Level, Version};
use crate::read::{Arrival, ReadError, directory, segment, usable};
use crate::slice::{Head, Position, SliceRef, keys};
use crate::time::Timestamp;

use super::CycleError;
use super::alert::kept_back;
use super::engagement::writes_per_day;
use super::ledger::Purse;
use super::restore::{Unreadable, restore};
use super::settle::settle;

/// Segments read at most to rebuild what de-duplication remembers.
const MEMORY_SEGMENTS_MAX: usize = 48;

/// The published head and the stored state, with the versions that writes are compared against.
pub(crate) struct Loaded {
    pub(crate) head: Option<Head>,
    pub(crate) head_version: Option<Version>,
    /// As far as it is true of the head.
    pub(crate) state: State,
    pub(crate) state_version: Option<Version>,
    /// Purges, for sources as for cached answers.
    pub(crate) control: Control,
    /// The head is not what is stored, but restored from the state: why, for people.
    pub(crate) restored: Option<String>,
}

/// Reads all at once, and settles the state against the head. A head that is damaged or lost is restored, to be stored by the
/// next publish; a state that can't be used is rebuilt.
///
/// # Errors
/// Where the store fails, or the head can't be used and not be restored either: it is never overwritten unread.
pub(crate) async fn load<H: Host, K: Kv>(
    host: &H,
    kv: &K,
    now: Timestamp,
) -> Result<Loaded, CycleError> {
    let wanted = [keys::HEAD, keys::STATE, keys::CACHE_CONTROL];
    let mut entries = kv.get_many(&wanted).await?.into_iter();
    let (head, state) = (entries.next().flatten(), entries.next().flatten());
    let control = entries.next().flatten();
    let control = control.as_ref().map_or_else(Control::default, Control::of);
    let state_version = state.as_ref().map(|entry| entry.version.clone());
    let state = match state.map(|entry| State::open(entry.value)) {
        Some(Ok(state)) => Some(state),
        Some(Err(error)) => {
            host.log(
                Level::Warn,
                &format!("the stored state is rebuilt: {error}"),
            );
            None
        }
        None => None,
    };
    let mut state = state.unwrap_or_default();
    let (mut head_version, mut restored) = (None, None);
    let opened = match head {
        Some(entry) => {
            head_version = Some(entry.version.clone());
            Head::open(entry.value).map_err(Unreadable::Damaged)
        }
        None => Err(Unreadable::Missing),
    };
    let opened = match opened {
        Ok(head) => Some(head),
        Err(why) => {
            let again = restore(kv, &state, why, now).await?;
            head_version = again.version;
            restored = again.note;
            again.head
        }
    };
    let Some(head) = opened else {
        // Validators without the items they stand for would hide those for ever.
        return Ok(Loaded {
            head: None,
            head_version: None,
            state: State {
                ledger: state.ledger,
                alerts: state.alerts,
                ..State::default()
            },
            state_version,
            control,
            restored: None,
        });
    };
    if let Some(note) = &restored {
        host.log(Level::Error, note);
    }
    settle(&mut state, &head);
    Ok(Loaded {
        head: Some(head),
        head_version,
        state,
        state_version,
        control,
        restored,
    })
}

impl Loaded {
    /// What may be written on the day of `now`.
    pub(super) fn purse(&self, config: &Config, now: Timestamp) -> Purse {
        let head = self.head.as_ref().map(Head::ledger);
        let purse = Purse::of(writes_per_day(config), now, head, self.state.ledger);
        purse.keeping(kept_back(config, &self.state.alerts, now))
    }
}

/// What came of reading sealed items back.
#[derive(Debug, Default)]
pub(crate) struct CaughtUp {
    /// The rank up to which something may be unknown: a bound was reached, or a segment could not be used.
    pub(crate) unread_upto: Option<i64>,
    /// Segments read.
    pub(crate) segments: usize,
    /// Segments and directories that are listed but can't be used, for people.
    pub(crate) skipped: Vec<String>,
}

impl CaughtUp {
    fn give_up(&mut self, reference: SliceRef) {
        self.unread_upto = self.unread_upto.max(Some(reference.newest.rank));
    }
}

/// Adds to `memory` what was sealed after `known_upto`, newest first, in a bounded number of reads. A listed value that is
/// missing or corrupt is noted and passed over: one lost segment must not stop every later cycle. But what may be on its way at
/// `now` is waited for: giving it up then would leave items out for good.
///
/// # Errors
/// Where the store fails, or does not show yet what the head names.
pub(crate) async fn catch_up<K: Kv>(
    kv: &K,
    head: &Head,
    known_upto: Option<Position>,
    memory: &mut Memory,
    now: Timestamp,
) -> Result<CaughtUp, ReadError> {
    let arrival = Arrival::new(head, kv.capabilities(), now);
    let unknown = |reference: &SliceRef| known_upto.is_none_or(|known| reference.newest > known);
    let mut done = CaughtUp::default();
    let mut listed: Vec<SliceRef> = head.segments(0).filter(unknown).collect();
    for reference in head.directories(0).filter(unknown) {
        if listed.len() > MEMORY_SEGMENTS_MAX {
            break;
        }
        match usable(
            arrived(directory(kv, reference).await, &arrival)?,
            &mut done.skipped,
        )? {
            Some(directory) => listed.extend(directory.segments().filter(unknown)),
            None => done.give_up(reference),
        }
    }
    for (index, reference) in listed.into_iter().enumerate() {
        if index == MEMORY_SEGMENTS_MAX {
            done.give_up(reference);
            break;
        }
        let segment = arrived(segment(kv, reference).await, &arrival)?;
        let Some(segment) = usable(segment, &mut done.skipped)? else {
            done.give_up(reference);
            continue;
        };
        done.segments += 1;
        for row in segment.items.rows() {
            if known_upto.is_none_or(|known| row.position > known) {
                memory.insert_row(&row);
            }
        }
    }
    Ok(done)
}

/// A missing value is an error while it may still arrive, and for [`usable`] to judge later.
fn arrived<T>(
    read: Result<T, ReadError>,
    arrival: &Arrival,
) -> Result<Result<T, ReadError>, ReadError> {
    match read {
        Err(error) if !arrival.has_lost(&error) => Err(error),
        other => Ok(other),
    }
}
