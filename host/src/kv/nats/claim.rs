//! Swaps on servers that compare a revision too early: whoever swaps says so first.
//!
//! Such a server compares when a write comes in and not when it is carried out, so that two writes within the same
//! milliseconds both succeed. So a writer first sends a claim on the revision that it wants to replace. Claims have an
//! order; the first one may write, and the others conflict. A claim whose writer is gone lapses: the first claim of the
//! next slot may write then. Even where the one before comes back, its write is refused, because the server's comparison
//! holds whenever it is not made in the same moment as another's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::KvError;
use super::count::{COUNT_TIMEOUT, Place, take_place};
use super::watch::Shared;
use super::{WRITE_TIMEOUT, key};

/// Nothing has come of a claim so long after it was made: its writer is gone.
const LAPSE: Duration = Duration::from_secs(10);
/// A writer that has needed longer from its claim to its write gives up before it writes.
const WRITE_WITHIN: Duration = Duration::from_secs(4);
/// Writers of one revision that may die one after the other.
const SLOTS_MAX: u32 = 16;
/// In one token with a key, where no key of a value has a `/`.
const CLAIMS: &str = "swap/";

const _: () = assert!(WRITE_WITHIN.as_secs() + WRITE_TIMEOUT.as_secs() < LAPSE.as_secs());

/// The right to replace one revision of a key, for a moment.
pub(super) struct Claim {
    began: Instant,
    subject: String,
}

/// Claims `revision` of `name`. [`KvError::Conflict`]: another has.
pub(super) async fn take(
    shared: &Arc<Shared>,
    name: &str,
    revision: u64,
) -> Result<Claim, KvError> {
    // One token, so that a key that begins with this one has other claims.
    let name = key::encode(name).replace('.', "/");
    let claims = format!("{}{CLAIMS}{name}", shared.subjects);
    for slot in 0..SLOTS_MAX {
        let began = Instant::now();
        let subject = format!("{claims}.{revision}.{slot}");
        let place = match take_place(shared, &subject).await {
            Ok(place) => place,
            // Whatever became of the claim, nothing was written; and if it is there it lapses.
            Err(KvError::Ambiguous(text)) => return Err(KvError::Unavailable(text)),
            Err(error) => return Err(error),
        };
        match place {
            Place {
                number: 1,
                revision,
                subject,
                ..
            } => {
                sweep_later(shared, claims, revision);
                return Ok(Claim { began, subject });
            }
            Place { behind, .. } if behind < LAPSE => return Err(KvError::Conflict),
            Place { .. } => {}
        }
    }
    Err(KvError::Conflict)
}

impl Claim {
    /// Whether there is still time to write.
    pub(super) fn holds(&self) -> Result<(), KvError> {
        if self.began.elapsed() < WRITE_WITHIN {
            Ok(())
        } else {
            Err(KvError::Unavailable(
                "NATS: too slow to write in time".to_owned(),
            ))
        }
    }

    /// Gives it back: nothing was written, and nothing will be. Where that can't be done it lapses.
    pub(super) async fn release(self, shared: &Shared) {
        if let Err(error) = shared.purge(self.subject, None).await {
            tracing::debug!("a claim stays until it lapses: {error}");
        }
    }
}

/// Takes away the claims on earlier revisions, when nobody counts them any more.
fn sweep_later(shared: &Arc<Shared>, claims: String, before: u64) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        tokio::time::sleep(COUNT_TIMEOUT).await;
        if let Err(error) = shared.purge(format!("{claims}.>"), Some(before)).await {
            tracing::debug!("claims stay in the store: {error}");
        }
    });
}
