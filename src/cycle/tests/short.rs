//! A write budget that is used up at once: the writes that tell it are kept back, and it is never exceeded.

use super::alerts::{site, start, types};
use super::world::post;
use crate::cycle::RunOutcome;

const RHYTHM: i64 = 900;

/// Days of news in every cycle, with so many writes a day. Returns what was told on each.
fn days(writes_per_day: u32, claims: bool) -> Vec<Vec<String>> {
    let mut site = site(&["a", "b"]);
    site.budget.writes_per_day = writes_per_day;
    let world = start(&site);
    world.kv.without_swap.set(claims);
    let midnight = (world.now.get() / 86_400 + 1) * 86_400;
    world.now.set(midnight + 100);
    let mut all = Vec::new();
    for _ in 0..3 {
        let before = world.kv.applied.get();
        let mut published = 0;
        for step in 0..95 {
            world.edit("a", |posts| {
                posts.push(post("a", world.now.get() / 60 + step));
                posts.drain(..posts.len().saturating_sub(10));
            });
            published += u32::from(world.cycle(&site).outcome == RunOutcome::Published);
            world.pass(RHYTHM);
        }
        let applied = world.kv.applied.get() - before;
        let case = format!("{writes_per_day} writes, claims {claims}");
        assert!(applied <= writes_per_day, "{case}: {applied}");
        assert!(published > 0, "{case}");
        all.push(types(&world));
        world.pass(RHYTHM);
    }
    all
}

#[test]
fn a_budget_that_is_used_up_at_once_is_told_once_a_day() {
    for claims in [false, true] {
        for writes_per_day in [8, 12, 16, 24, 40] {
            let told = days(writes_per_day, claims);
            let case = format!("{writes_per_day} writes, claims {claims}");
            assert_eq!(told[0], ["budget.short"], "{case}");
            let again = ["budget.renewed", "budget.short"];
            assert_eq!(told[1], again, "{case}");
            assert_eq!(told[2], again, "{case}");
        }
    }
}
