//! The small ports: clocks, randomness, variables, log.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edgefold::cache::InFlight;
use edgefold::host::{Clock, Host, Level, Log, Random, Variables};
use edgefold::time::Timestamp;
use wasip3::clocks::{monotonic_clock, system_clock};

use crate::bindings::wasi::config;
use crate::outgoing::WasiHttp;
use crate::store::HostKv;

/// Set by a host that gives answers again by itself: see `wit/world.wit`.
const KEEPS_ANSWERS: &str = "keeps_answers";

thread_local! {
    /// What the requests of this instance are asking upstreams for at the moment.
    static IN_FLIGHT: Rc<InFlight> = Rc::default();
    /// What the host has said: the same for as long as the instance lives (`wit/world.wit`).
    static VARIABLES: RefCell<BTreeMap<String, Option<String>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Everything the logic needs, from WASI and `edgefold:host`.
#[derive(Default)]
pub(crate) struct Wasi {
    kv: HostKv,
    http: WasiHttp,
}

impl Host for Wasi {
    type Kv = HostKv;
    type Http = WasiHttp;

    fn kv(&self) -> &HostKv {
        &self.kv
    }

    fn http(&self) -> &WasiHttp {
        &self.http
    }

    fn keeps_answers(&self) -> bool {
        variable(self, KEEPS_ANSWERS).is_some()
    }

    fn in_flight(&self) -> Option<Rc<InFlight>> {
        Some(IN_FLIGHT.with(Rc::clone))
    }
}

impl Clock for Wasi {
    fn now(&self) -> Timestamp {
        let now = system_clock::now();
        Timestamp::from_secs(now.seconds).plus_millis(i64::from(now.nanoseconds / 1_000_000))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_nanos(monotonic_clock::now())
    }

    async fn pause(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        monotonic_clock::wait_for(nanos).await;
    }
}

impl Random for Wasi {
    fn random_u64(&self) -> u64 {
        wasip3::random::random::get_random_u64()
    }
}

impl Variables for Wasi {
    async fn variable(&self, name: &str) -> Option<String> {
        variable(self, name)
    }
}

fn variable(log: &impl Log, name: &str) -> Option<String> {
    let known = VARIABLES.with_borrow(|known| known.get(name).cloned());
    if let Some(value) = known {
        return value;
    }
    match config::store::get(name) {
        Ok(value) => {
            VARIABLES.with_borrow_mut(|known| known.insert(name.to_owned(), value.clone()));
            value
        }
        Err(error) => {
            log.log(Level::Error, &format!("variable {name}: {error:?}"));
            None
        }
    }
}

impl Log for Wasi {
    #[expect(
        clippy::disallowed_macros,
        reason = "standard error is this host's log"
    )]
    fn log(&self, level: Level, line: &str) {
        let level = match level {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        };
        eprintln!("{level} {line}");
    }
}
