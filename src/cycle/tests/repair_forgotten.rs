//! Lost values of which nothing is remembered, because the state was lost as well.

use super::lost::json;
use super::repair::{look, mend};
use super::world::{World, at, config, post};
use crate::config::Config;
use crate::cycle::RunOutcome;
use crate::slice::{SliceRef, keys};

/// A site whose state was lost, and read back while a segment of `views` in the middle of the history was lost too.
fn site(views: &[&str]) -> (World, Config, SliceRef) {
    let (world, site) = (World::new(), config(&["a", "b"]));
    world.kv.staleness_ms.set(Some(0));
    world.set("a", (0..900).map(|number| post("a", number)).collect());
    world.set("b", (0..90).map(|number| post("b", number * 10)).collect());
    world.cycle(&site);
    let head = world.head();
    let span = head.segments(0).nth(1).unwrap();
    for view in views {
        let overlaps =
            |listed: &SliceRef| listed.oldest <= span.newest && span.oldest <= listed.newest;
        for listed in head.segments(head.view(view).unwrap()).filter(overlaps) {
            let lost = at(&keys::segment(listed.name));
            world.kv.values.borrow_mut().remove(&lost);
        }
    }
    world.kv.values.borrow_mut().remove(&at(keys::STATE));
    world.edit("a", |posts| {
        posts.extend((900..1_100).map(|number| post("a", number)))
    });
    world.pass(900);
    let report = world.cycle(&site);
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("a repair mends")),
        "{report:?}"
    );
    (world, site, span)
}

#[test]
fn what_is_made_again_is_remembered_again() {
    let (world, site, span) = site(&["all"]);
    let repairs = mend(&world, &site);
    assert_eq!(
        repairs.iter().map(|one| one.restored).sum::<u64>(),
        u64::from(span.items)
    );
    assert_eq!(world.walk("all", 50).len(), 1_190);
    // So an edit of it is one, and no news.
    world.edit("a", |posts| posts[500].title = "Edited after all".into());
    world.pass(900);
    let report = world.cycle(&site);
    assert_eq!((report.added, report.changed), (0, 1));
    let titles = world.titles("all");
    let edited = titles.iter().filter(|title| *title == "Edited after all");
    assert_eq!((titles.len(), edited.count()), (1_190, 1));
}

#[test]
fn what_nobody_remembers_leaves_the_counts_too() {
    let (world, site, span) = site(&["all", "alpha", "beta", "sevens"]);
    let gone: u64 = mend(&world, &site).iter().map(|one| one.gone).sum();
    assert!(gone > u64::from(span.items));
    world.pass(900);
    world.cycle(&site);
    // Each walk compares with the total of its view; those of the sources add up.
    let all = world.walk("all", 50).len() as u64;
    let sources = json(&world, &site, "/api/sources");
    let of = |source: usize| sources["sources"][source]["items"].as_u64().unwrap();
    assert_eq!(of(0) + of(1), all);
    let parts = ["alpha", "beta"].map(|view| world.walk(view, 50).len() as u64);
    assert!(
        parts.iter().sum::<u64>() == all && all < 1_190,
        "{parts:?} of {all}"
    );
    world.walk("sevens", 50);
    world.pass(900);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
    assert_eq!(look(&world, &site, None).outcome, RunOutcome::Unchanged);
}
