//! The simulated host: every port of [`edgefold::host`] natively, deterministic and seeded.
//!
//! - [`clock`]: time that moves only when told to, and randomness from a seed.
//! - [`kv`]: handles on a store that counts every operation and can be looked into.
//! - [`store`]: what it holds, grants and refuses.
//! - [`faults`]: which operation fails or crashes, and running until the crash.
//! - [`http`]: scripted upstreams in memory.
//! - [`loopback`]: real HTTP to this machine only; the one part that needs tokio.
//! - [`host`]: all of it as one [`edgefold::host::Host`].
//! - [`world`]: many PoPs on one store that they see late, with checkers that look all the time.
//!
//! Nothing here but [`loopback`] needs an executor of its own: [`block_on`] runs a whole cycle on the spot.

pub mod clock;
pub mod faults;
pub mod host;
pub mod http;
pub mod kv;
pub mod loopback;
pub mod store;
pub mod world;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub use clock::{SimClock, SplitMix};
pub use faults::{Fault, Faults, until_crash};
pub use host::SimHost;
pub use http::{Answer, SimHttp};
pub use kv::SimKv;
pub use loopback::LoopbackHttp;
pub use store::{Counts, KvOptions};

/// Polls that [`block_on`] grants before it calls a future stuck.
pub const POLLS_MAX: usize = 10_000_000;

/// Runs `future` to its end on this thread.
///
/// # Panics
/// After [`POLLS_MAX`] polls: something waits for an event that nobody will cause.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..POLLS_MAX {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("still pending after {POLLS_MAX} polls: nothing in the simulation will wake it");
}

/// Gives way once: pending at the first poll, ready at the second. Some faults of async code show only where a store does not
/// answer at once.
pub(crate) async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
