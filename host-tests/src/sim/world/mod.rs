//! A world of many PoPs: one seed, one run.
//!
//! - [`timeline`](Timeline): simulated time and the tasks that wait for it; one plain struct with `step` and `run_until`.
//! - `options`: what the world is like, in nouns and units.
//! - `origin`: the store, which PoPs see late.
//! - `execution`: one run or request on one PoP, with every port of the logic.
//! - `upstreams`: sources that evolve, and the truth about them.
//! - `checkers`: what must hold, each in a file of its own. They look all the time.
//! - `run`: a safety phase with faults, then healing, then everything must be there.
//!
//! `docs/simulator.md` says how to write a scenario and how to replay one.

mod checkers;
mod component;
mod execution;
mod options;
mod origin;
mod replication;
mod run;
mod timeline;
mod upstreams;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgefold::config::authoring;
use edgefold::time::Timestamp;

pub use component::{PopKv, PopStore};
pub use options::{Lie, StoreFaultRates, StoreKind, UpstreamOptions, WorldOptions};
pub use run::{Outcome, Tally};
pub use timeline::Timeline;

use crate::sim::clock::mix;
use origin::Origin;
use upstreams::Upstreams;

/// 2026-11-21T00:00:00Z.
const DAY_ONE: Timestamp = Timestamp(1_795_219_200_000);
/// More findings than this say nothing new.
const FINDINGS_MAX: usize = 20;

/// Something that must never happen, and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// When, in simulated time.
    pub at: Timestamp,
    /// Which checker found it.
    pub checker: &'static str,
    /// What.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}] {}", self.at, self.checker, self.text)
    }
}

/// A world, ready to run.
pub struct World {
    shared: Rc<Shared>,
}

/// What all parts of a world see.
struct Shared {
    options: WorldOptions,
    seed: u64,
    timeline: Timeline,
    begins: Timestamp,
    origin: Arc<Mutex<Origin>>,
    upstreams: RefCell<Upstreams>,
    /// The site's compiled configuration.
    config: String,
    /// Nothing goes wrong any more.
    healed: Cell<bool>,
    executions: Cell<u64>,
    findings: RefCell<Vec<Finding>>,
    tally: RefCell<Tally>,
    /// The ledger changed and is to be audited.
    audit_due: Cell<bool>,
    /// Prints what runs log and report.
    is_loud: bool,
}

impl World {
    /// A world that `seed` decides. The variable `EDGEFOLD_SIM_LOUD` makes it print what happens.
    ///
    /// # Panics
    /// Where the options make no valid configuration.
    #[must_use]
    pub fn new(options: WorldOptions, seed: u64) -> Self {
        let timeline = Timeline::new(mix(seed));
        let hour_ms = 60 * 60 * 1000;
        let begins = DAY_ONE.plus_millis(i64::from(options.begins_at_hour) * hour_ms);
        let upstreams = Upstreams::new(&options.upstreams, seed, &timeline, begins);
        let toml = site(&options, &upstreams);
        let config = authoring::compile(&toml).unwrap_or_else(|mistakes| {
            panic!("{}", authoring::render("simulated.toml", &toml, &mistakes))
        });
        let shared = Shared {
            origin: Arc::new(Mutex::new(Origin::new(&options, seed))),
            upstreams: RefCell::new(upstreams),
            config: config.to_compiled(),
            options,
            seed,
            timeline,
            begins,
            healed: Cell::new(false),
            executions: Cell::new(0),
            findings: RefCell::default(),
            tally: RefCell::default(),
            audit_due: Cell::new(false),
            is_loud: std::env::var_os("EDGEFOLD_SIM_LOUD").is_some(),
        };
        Self {
            shared: Rc::new(shared),
        }
    }
}

fn site(options: &WorldOptions, upstreams: &Upstreams) -> String {
    let mut toml = format!(
        "[site]\ntitle = \"Simulated\"\npage_items = {}\n\n[budget]\nwrites_per_day = {}\n\n",
        options.page_items, options.writes_per_day
    );
    if let Some(items) = options.retention_items {
        toml += &format!("[retention]\nitems = {items}\n\n");
    }
    toml + &upstreams.toml()
}

impl Shared {
    /// True simulated time, which no PoP knows.
    fn true_time(&self) -> Timestamp {
        let passed = self.timeline.now().as_millis();
        self.begins
            .plus_millis(i64::try_from(passed).unwrap_or(i64::MAX))
    }

    /// How far the clock of `pop` is off, in milliseconds.
    fn skew_ms(&self, pop: usize) -> i64 {
        let max = self.options.clock_skew_max_ms.cast_signed();
        let drawn = mix(self.seed ^ mix(pop as u64 ^ 0x5ca1)) % (2 * max.unsigned_abs() + 1);
        drawn.cast_signed() - max
    }

    fn origin(&self) -> MutexGuard<'_, Origin> {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, checker: &'static str, text: impl Into<String>) {
        let mut findings = self.findings.borrow_mut();
        if findings.len() < FINDINGS_MAX {
            findings.push(Finding {
                at: self.true_time(),
                checker,
                text: text.into(),
            });
        }
    }
}
