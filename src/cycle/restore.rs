//! A head that is damaged or lost, restored from what the last state says of it.
//!
//! It lists all that is sealed; the items that the head itself held come back from the sources, which all count as not asked.
//! The next publish stores it over the damaged one, by the same swap or claim as any other.

use super::CycleError;
use crate::fold::State;
use crate::host::{Kv, Version};
use crate::read::{ReadError, is_over};
use crate::slice::{Corrupt, Head, keys};
use crate::time::Timestamp;

/// Why the stored head can't be built upon.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is there.
    Damaged(Corrupt),
    /// Nothing is there: nothing was ever published, or it has not arrived here yet, or it is lost.
    Missing,
}

/// What a run goes on with.
pub(super) struct Again {
    /// `None`: nothing was published yet.
    pub(super) head: Option<Head>,
    /// What the next head replaces.
    pub(super) version: Option<Version>,
    /// What was restored and why, for people.
    pub(super) note: Option<String>,
}

/// Looks once more, in case the read was at fault, and restores the head from `state` where it is really damaged or lost.
///
/// # Errors
/// Where the store fails; where a damaged head can't be restored; where one is missing that may be on its way.
pub(super) async fn restore<K: Kv>(
    kv: &K,
    state: &State,
    why: Unreadable,
    now: Timestamp,
) -> Result<Again, CycleError> {
    let backup = Head::open(state.backup.clone()).ok();
    let lost = match &why {
        // Somebody else's is never written over.
        Unreadable::Damaged(damage) if *damage == Corrupt::OF_ANOTHER_VERSION => {
            return Err(damage.clone().into());
        }
        Unreadable::Damaged(_) => true,
        // A state is stored before the first head of all: that one may never have been.
        Unreadable::Missing => backup.as_ref().is_some_and(Head::follows_another),
    };
    if !lost {
        return Ok(Again {
            head: None,
            version: None,
            note: None,
        });
    }
    let stored = kv.get(keys::HEAD).await?;
    let version = stored.as_ref().map(|entry| entry.version.clone());
    if let Some(Ok(head)) = stored.map(|entry| Head::open(entry.value)) {
        return Ok(Again {
            head: Some(head),
            version,
            note: None,
        });
    }
    let (what, error) = match why {
        Unreadable::Damaged(damage) => ("damaged", ReadError::Corrupt(damage)),
        Unreadable::Missing => ("lost", ReadError::Missing(keys::HEAD.to_owned())),
    };
    let Some(backup) = backup else {
        return Err(error.into());
    };
    // A swap with what is there after all fails. Without one, a head that is on its way must not be written over.
    let store = kv.capabilities();
    if version.is_none() && !store.swap && !is_over(store, now, || state.saved_at) {
        return Err(error.into());
    }
    let note = format!(
        "the stored head is {what} and restored: what is sealed from the state, its newest items from what the sources offer \
         now; publishes since {} may not be in today's count of writes",
        backup.updated()
    );
    Ok(Again {
        head: Some(backup),
        version,
        note: Some(note),
    })
}
