//! The ledger never counts less than the store charges, and no day's budget is exceeded.

use std::rc::Rc;

use edgefold::cycle;
use edgefold::time::Timestamp;

use super::super::Shared;
use super::super::execution::Execution;
use super::super::origin::Kind;
use crate::sim::block_on;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// After a write of a head or state: compares what the status counts today with what the store has charged.
pub(in super::super) fn audit_if_due(world: &Rc<Shared>) {
    if !world.audit_due.replace(false) {
        return;
    }
    let now = world.true_time();
    // So near to midnight the clocks do not agree which day the status is asked for.
    let in_day = now.as_millis().rem_euclid(DAY_MS);
    let around = world.options.clock_skew_max_ms.cast_signed();
    if in_day < around || in_day >= DAY_MS - around {
        return;
    }
    world.tally.borrow_mut().audits += 1;
    let at_origin = Execution::at_origin(world);
    let status = match block_on(cycle::status(&at_origin, &world.config)) {
        Ok(status) => status,
        Err(error) => return world.find("budget", format!("the status can't be read: {error}")),
    };
    let charged = world.origin().charged_on(now);
    let counted = status.writes_today;
    if counted + uncounted_claims(world, now) < charged {
        world.find(
            "budget",
            format!("the ledger counts {counted} writes today, the store charged {charged}"),
        );
    }
    check_day(world, now);
}

/// A publish counts two claims of its generation, its own and one in vain, and no claim is counted without one: what goes beyond
/// that is a limit of stores without compare-and-swap.
fn uncounted_claims(world: &Shared, now: Timestamp) -> u32 {
    let origin = world.origin();
    let claims = origin.charged_for(Kind::Counter, now);
    claims.saturating_sub(2 * origin.charged_for(Kind::Head, now))
}

/// At the end: every day's charges.
pub(in super::super) fn check_days(world: &Rc<Shared>) {
    let days: std::collections::BTreeSet<i64> = world
        .origin()
        .charges()
        .iter()
        .map(|charge| charge.at.as_millis().div_euclid(DAY_MS))
        .collect();
    for day in days {
        check_day(world, Timestamp(day * DAY_MS));
    }
}

fn check_day(world: &Rc<Shared>, at: Timestamp) {
    let budget = world.options.writes_per_day;
    let charged = world.origin().charged_on(at);
    if charged > budget {
        world.find(
            "budget",
            format!("{charged} writes on one day, the budget is {budget}"),
        );
    }
}
