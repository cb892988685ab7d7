//! From the first cycle to the verdict.

use std::rc::Rc;
use std::time::Duration;

use edgefold::cycle::{self, CycleError, Report, RunOutcome, Scope};

use super::checkers::{budget, convergence, pages};
use super::execution::Execution;
use super::{Finding, Shared, World};
use crate::sim::SplitMix;
use crate::sim::clock::mix;

/// Two PoPs whose schedulers call them at the same moment do so this often, per thousand cycles.
const TOGETHER_PER_MILLE: u64 = 400;
/// Seconds between two cycles while the world heals.
pub(super) const HEALING_CYCLE_S: u64 = 900;

/// How a world fared.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What must never happen and did; empty where all is well.
    pub findings: Vec<Finding>,
    /// How much happened.
    pub tally: Tally,
}

/// How much happened in a world, so that a test can tell a run that proves something from an idle one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cycles that published.
    pub published: u64,
    /// Cycles that found nothing new.
    pub unchanged: u64,
    /// Cycles that lost against another.
    pub conflicts: u64,
    /// Cycles that waited for the budget or the store.
    pub deferred: u64,
    /// Cycles that failed in the store.
    pub failed: u64,
    /// Cycles that died.
    pub crashed: u64,
    /// Pages and items read.
    pub reads: u64,
    /// Requests answered with "try again".
    pub retries: u64,
    /// Walks over all pages of a view that came to their end.
    pub walks: u64,
    /// Changes that the store charged for.
    pub charged: u64,
    /// Bytes of values written.
    pub bytes_written: u64,
    /// Values deleted.
    pub deleted: u64,
    /// Audits of the ledger.
    pub audits: u64,
    /// Polls of the timeline.
    pub steps: u64,
}

impl World {
    /// Runs the safety phase, heals, and requires that everything is there.
    #[must_use]
    pub fn run(self) -> Outcome {
        let world = self.shared;
        for pop in 0..world.options.cycling_pops {
            world.timeline.spawn(cycles(Rc::clone(&world), pop));
        }
        for pop in 0..world.options.pops {
            world.timeline.spawn(pages::visits(Rc::clone(&world), pop));
        }
        let safety = Duration::from_secs(world.options.safety_s);
        world
            .timeline
            .run_until(safety, || budget::audit_if_due(&world));
        world.healed.set(true);
        world.upstreams.borrow_mut().heal();
        world.timeline.spawn(convergence::heal(Rc::clone(&world)));
        let end = safety + Duration::from_secs(world.options.heal_s) + world.settling() * 3;
        world.timeline.run_until(end, || {
            budget::audit_if_due(&world);
        });
        budget::check_days(&world);
        world.verdict()
    }
}

impl Shared {
    /// After this everything that was under way has ended and every PoP sees what is written.
    pub(super) fn settling(&self) -> Duration {
        Duration::from_millis(self.options.replication_delay_max_ms) + Duration::from_secs(120)
    }

    fn verdict(&self) -> Outcome {
        let mut tally = *self.tally.borrow();
        tally.steps = self.timeline.steps();
        for charge in self.origin().charges() {
            tally.charged += 1;
            tally.bytes_written += charge.bytes as u64;
            tally.deleted += u64::from(charge.deleted);
        }
        Outcome {
            findings: self.findings.borrow().clone(),
            tally,
        }
    }

    /// Notes what came of a cycle.
    pub(super) fn note(&self, pop: usize, ended: Option<&Result<Report, CycleError>>) {
        if self.is_loud {
            println!("{} pop {pop} {ended:?}", self.true_time());
        }
        let mut tally = self.tally.borrow_mut();
        let count = match ended {
            None => &mut tally.crashed,
            Some(Err(_)) => &mut tally.failed,
            Some(Ok(report)) => match report.outcome {
                RunOutcome::Published => &mut tally.published,
                RunOutcome::Unchanged => &mut tally.unchanged,
                RunOutcome::Conflict => &mut tally.conflicts,
                RunOutcome::Deferred => &mut tally.deferred,
            },
        };
        *count += 1;
        drop(tally);
        if let Some(Err(error @ CycleError::Read(edgefold::read::ReadError::Corrupt(_)))) = ended {
            self.find("cycles", format!("a cycle on PoP {pop} read {error}"));
        }
    }
}

/// The cycles of one PoP, one after another, until the safety phase ends.
async fn cycles(world: Rc<Shared>, pop: usize) {
    let random = SplitMix::new(mix(world.seed ^ mix(pop as u64 ^ 0xc1c1)));
    let every_ms = world.options.cycle_every_s * 1000;
    while !world.healed.get() {
        let mut wait_ms = every_ms / 2 + random.below(every_ms);
        if random.chance(TOGETHER_PER_MILLE) {
            let now_ms = u64::try_from(world.timeline.now().as_millis()).unwrap_or(0);
            wait_ms = every_ms - now_ms % every_ms;
        }
        world.timeline.sleep(Duration::from_millis(wait_ms)).await;
        if !world.healed.get() {
            run_cycle(&world, pop, Scope::Due).await;
        }
    }
}

/// One cycle on `pop`; `None` where it died.
pub(super) async fn run_cycle(
    world: &Rc<Shared>,
    pop: usize,
    scope: Scope,
) -> Option<Result<Report, CycleError>> {
    let execution = Execution::on(world, pop);
    let refresh = cycle::refresh(&execution, &world.config, scope, None);
    let ended = execution.until_crash(refresh).await;
    world.note(pop, ended.as_ref());
    ended
}
