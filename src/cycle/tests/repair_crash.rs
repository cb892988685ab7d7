//! A crash, a refusal or a lost answer at every operation of a repair, and a budget that is too short for it.

use super::repair::{look, mend};
use super::world::{FAULTS, Fault, World, at, config, post};
use crate::config::Config;
use crate::cycle::RunOutcome;
use crate::slice::keys;

const VIEWS: [&str; 4] = ["all", "alpha", "beta", "sevens"];

/// A site whose oldest items are lost in every view but that of source `b`.
fn scenario(claims: bool) -> (World, Config) {
    let (world, site) = (World::new(), config(&["a", "b"]));
    world.kv.without_swap.set(claims);
    world.kv.staleness_ms.set(Some(0));
    world.set("a", (0..220).map(|number| post("a", number)).collect());
    world.set("b", (0..90).map(|number| post("b", number * 2)).collect());
    world.cycle(&site);
    world.edit("a", |posts| {
        posts.extend((220..300).map(|number| post("a", number)))
    });
    world.pass(900);
    world.cycle(&site);
    let head = world.head();
    let of = |view: &str| head.view(view).unwrap();
    let oldest = |view: &str| head.segments(of(view)).next_back().unwrap();
    for view in ["all", "alpha", "sevens"] {
        let lost = keys::segment(oldest(view).name);
        world.kv.values.borrow_mut().remove(&at(&lost));
    }
    (world, site)
}

fn sorted(world: &World, view: &str) -> Vec<String> {
    let mut titles = world.titles(view);
    titles.sort();
    titles
}

fn survives(claims: bool, fault: Fault, index: u32, clean: &World) {
    let case = format!("claims {claims}, {fault:?} at operation {index}");
    let (world, site) = scenario(claims);
    let operation = world.kv.operations.get() + index;
    world.kv.fault.set(Some((operation, fault)));
    let compiled = site.to_compiled();
    let _crashed = super::world::block_on(crate::cycle::repair(&world, &compiled, None));
    world.kv.fault.set(None);
    let (counted, applied) = (world.writes_counted(&site), world.kv.applied.get());
    let slack = u32::from(claims);
    assert!(counted + slack >= applied, "{case}: {counted} of {applied}");
    // A claim is taken over in the next term.
    world.pass(480);
    if index.is_multiple_of(2) {
        // A cycle may come first.
        world.cycle(&site);
        world.pass(480);
    }
    mend(&world, &site);
    world.pass(900);
    world.cycle(&site);
    for view in VIEWS {
        assert!(
            sorted(&world, view) == sorted(clean, view),
            "{case}: {view}"
        );
    }
    world.pass(900);
    world.cycle(&site);
    world.pass(900);
    let idle = world.cycle(&site);
    assert_eq!(
        (idle.outcome, idle.added),
        (RunOutcome::Unchanged, 0),
        "{case}"
    );
    let (counted, applied) = (world.writes_counted(&site), world.kv.applied.get());
    assert!(counted >= applied, "{case}: {counted} of {applied}");
}

fn at_any_operation(claims: bool) {
    let (clean, site) = scenario(claims);
    let before = clean.kv.operations.get();
    let one = look(&clean, &site, None);
    assert!(one.restored > 0 && one.gone > 0, "{one:?}");
    assert_eq!(one.next, None);
    let operations = clean.kv.operations.get() - before;
    clean.pass(900);
    clean.cycle(&site);
    assert_eq!(clean.walk("all", 50).len(), 390);
    assert_eq!(clean.walk("alpha", 50).len(), 300);
    for fault in FAULTS {
        (0..operations).for_each(|index| survives(claims, fault, index, &clean));
    }
}

#[test]
fn a_fault_at_any_operation_loses_and_doubles_nothing() {
    at_any_operation(false);
}

#[test]
fn nor_where_runs_claim() {
    at_any_operation(true);
}

#[test]
fn it_waits_for_the_write_budget() {
    let (world, site) = scenario(false);
    let short = Config {
        budget: crate::config::Budget {
            writes_per_day: world.writes_counted(&site) + 2,
            ..site.budget.clone()
        },
        ..site.clone()
    };
    // Only the budget is another one: a new configuration would be published first.
    world.cycle(&short);
    let applied = world.kv.applied.get();
    let waits = look(&world, &short, None);
    assert_eq!(
        (waits.outcome, waits.restored, waits.gone),
        (RunOutcome::Deferred, 0, 0)
    );
    assert!(waits.next.is_some(), "{waits:?}");
    assert_eq!(world.kv.applied.get(), applied);
    // The next day there is room.
    world.pass(24 * 3_600);
    let later = look(&world, &site, waits.next.as_deref());
    assert!(
        later.outcome == RunOutcome::Published && later.restored > 0,
        "{later:?}"
    );
}
