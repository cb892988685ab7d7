//! What a run begins with.

use crate::fold::{Memory, State};
use crate::host::{Host, Kv, Level, Version};
use crate::read::{ReadError, directory, segment};
use crate::slice::{Head, Position, SliceRef, keys};

use super::CycleError;

/// Segments read at most to rebuild what de-duplication remembers.
const MEMORY_SEGMENTS_MAX: usize = 48;

/// The published head and the stored state, with the versions that writes are compared against.
pub(crate) struct Loaded {
    pub(crate) head: Option<Head>,
    pub(crate) head_version: Option<Version>,
    pub(crate) state: State,
    pub(crate) state_version: Option<Version>,
}

/// Reads both at once.
///
/// # Errors
/// Where the store fails or the head can't be used: it is never overwritten unread. A state that can't be used is
/// rebuilt.
pub(crate) async fn load<H: Host, K: Kv>(host: &H, kv: &K) -> Result<Loaded, CycleError> {
    let mut entries = kv.get_many(&[keys::HEAD, keys::STATE]).await?.into_iter();
    let (head, state) = (entries.next().flatten(), entries.next().flatten());
    let state_version = state.as_ref().map(|entry| entry.version.clone());
    let Some(head) = head else {
        // Validators without the items they stand for would hide those for ever.
        return Ok(Loaded {
            head: None,
            head_version: None,
            state: State::default(),
            state_version,
        });
    };
    let opened = Head::open(head.value)?;
    opened.verify()?;
    let state = match state.map(|entry| State::open(entry.value)) {
        Some(Ok(state)) => state,
        Some(Err(error)) => {
            host.log(
                Level::Warn,
                &format!("the stored state is rebuilt: {error}"),
            );
            State::default()
        }
        None => State::default(),
    };
    Ok(Loaded {
        head: Some(opened),
        head_version: Some(head.version),
        state,
        state_version,
    })
}

/// Adds to `memory` what was sealed after `known_upto`, newest first, in a bounded number of reads. Returns the rank up to
/// which nothing was read, where the bound was reached, and how many segments were read.
///
/// # Errors
/// Where a segment can't be read.
pub(crate) async fn catch_up<K: Kv>(
    kv: &K,
    head: &Head,
    known_upto: Option<Position>,
    memory: &mut Memory,
) -> Result<(Option<i64>, usize), ReadError> {
    let unknown = |reference: &SliceRef| known_upto.is_none_or(|known| reference.newest > known);
    let mut read = 0;
    let mut reader = async |reference: SliceRef, memory: &mut Memory| -> Result<bool, ReadError> {
        if read == MEMORY_SEGMENTS_MAX {
            return Ok(false);
        }
        read += 1;
        for row in segment(kv, reference).await?.items.rows() {
            if known_upto.is_none_or(|known| row.position > known) {
                memory.insert_row(&row);
            }
        }
        Ok(true)
    };
    for reference in head.segments(0).filter(unknown) {
        if !reader(reference, memory).await? {
            return Ok((Some(reference.newest.rank), read));
        }
    }
    for listed in head.directories(0).filter(unknown) {
        for reference in directory(kv, listed).await?.segments().filter(unknown) {
            if !reader(reference, memory).await? {
                return Ok((Some(reference.newest.rank), read));
            }
        }
    }
    Ok((None, read))
}
