//! A host in memory, for tests of whoever builds on this crate, and its own: the feature `testing`, never on in a guest.
//!
//! [`TestHost`] is a site's whole outside: a store ([`TestKv`]), upstreams that answer as they are told to ([`Answer`]), a clock that stands
//! still unless it is moved, variables, a log; [`TestConfig`] makes the configuration that goes with it. All that is stored, asked and counted is in plain fields, to be set and looked at. Nothing is
//! random and nothing waits for anything but a second poll, so [`block_on`] runs it without an executor.
//!
//! ```
//! use edgefold::host::KvError;
//! use edgefold::store::write_through;
//! use edgefold::testing::{Fault, TestHost, block_on};
//!
//! let host = TestHost::default();
//! // The first write takes place, but its answer is lost.
//! let lost = Fault::Late(KvError::Ambiguous("no answer".into()));
//! host.kv.faults.borrow_mut().push_back(Some(lost));
//! block_on(write_through(&host.kv, "key", &"value".into())).unwrap();
//! assert_eq!(host.kv.value("key").unwrap(), "value");
//! assert_eq!((host.kv.reads.get(), host.kv.writes.get()), (1, 1));
//! ```

mod host;
mod kv;
mod site;
#[cfg(test)]
mod testdata;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub use host::{Answer, TestHost};
pub use kv::{Fault, KEYS_PER_PAGE, TestKv};
pub use site::{TestConfig, test_source};
#[cfg(test)]
pub(crate) use testdata::testdata;

/// Polls of one [`block_on`]: more than any test needs.
const POLLS_MAX: usize = 10_000_000;

/// Polls `future` until it is ready.
///
/// # Panics
/// Where it never is.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..POLLS_MAX {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("not ready after {POLLS_MAX} polls");
}

/// Lets others have their turn. Whatever [`TestHost`] answers, it answers after this: what goes wrong between an await and
/// the next one shows only so.
pub async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}
