//! Once nothing goes wrong any more, everything that the upstreams list is published, once, on every PoP, as it is now.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use edgefold::cycle::{RunOutcome, Scope};

use super::super::Shared;
use super::super::run::{HEALING_CYCLE_S, run_cycle};
use super::pages::{Known, Reader};
use crate::sim::SplitMix;
use crate::sim::clock::mix;

/// Runs cycles until one has nothing left to do, then looks on every PoP.
pub(in super::super) async fn heal(world: Rc<Shared>) {
    world.timeline.sleep(world.settling()).await;
    if !run_until_idle(&world).await {
        return world.find(
            "convergence",
            "cycles still have something to do at the end",
        );
    }
    world.timeline.sleep(world.settling()).await;
    for pop in 0..world.options.pops {
        check(&world, pop).await;
    }
}

async fn run_until_idle(world: &Rc<Shared>) -> bool {
    for _ in 0..world.options.heal_s / HEALING_CYCLE_S {
        match run_cycle(world, 0, Scope::All).await {
            Some(Ok(report)) => {
                let all_well = report.left == 0
                    && report
                        .sources
                        .iter()
                        .all(|source| source.outcome != "failed");
                if report.outcome == RunOutcome::Unchanged && report.kv.writes == 0 && all_well {
                    return true;
                }
            }
            other => world.find("convergence", format!("a healthy cycle: {other:?}")),
        }
        let wait = Duration::from_secs(HEALING_CYCLE_S);
        world.timeline.sleep(wait).await;
    }
    false
}

async fn check(world: &Rc<Shared>, pop: usize) {
    let known = RefCell::new(Known::default());
    let reader = Reader {
        world,
        pop,
        known: &known,
    };
    let random = SplitMix::new(mix(world.seed ^ pop as u64));
    let find = |text: String| world.find("convergence", format!("PoP {pop}: {text}"));
    let want = world.upstreams.borrow().published();
    let Some(all) = reader.walk("all", 100, &random).await else {
        return find("no walk over all pages succeeds".into());
    };
    let have: BTreeSet<_> = all.iter().copied().collect();
    if let Some(keep) = world.options.retention_items {
        if (have.len() as u64) < keep.min(want.len() as u64) {
            find(format!("{} items, {keep} are to be kept", have.len()));
        }
        return;
    }
    let lost: Vec<_> = want.difference(&have).take(5).collect();
    if !lost.is_empty() {
        find(format!(
            "{} of {} posts are published, missing are {lost:?}",
            have.len(),
            want.len()
        ));
    }
    let mut stale = reader.stale();
    if !stale.is_empty() {
        stale.truncate(5);
        find(format!("old titles: {}", stale.join(", ")));
    }
    for (view, belongs) in [("even", 0), ("odd", 1)] {
        let Some(walked) = reader.walk(view, 100, &random).await else {
            find(format!("no walk over `{view}` succeeds"));
            continue;
        };
        // What the last source repeats may be in either category.
        let last = world.options.upstreams.sources - 1;
        let own = |post: &&(usize, u64)| post.0 != 0 && post.0 != last && post.0 % 2 == belongs;
        let (want, have) = (want.iter().filter(own), walked.iter().filter(own));
        if want.count() != have.count() {
            find(format!("`{view}` does not have its posts"));
        }
    }
}
