//! What a cycle costs, counted.

use super::world::{World, config, post};
use crate::cycle::RunOutcome;

#[test]
fn writes_are_what_the_design_says() {
    let world = World::new();
    let config = config(&["a", "b"]);
    world.set("a", (0..20).map(|number| post("a", number)).collect());
    world.set("b", (0..20).map(|number| post("b", number)).collect());
    let first = world.cycle(&config);
    assert_eq!(
        (first.outcome, first.kv.writes),
        (RunOutcome::Published, 2),
        "head and state"
    );
    world.pass(60);
    let unchanged = world.cycle(&config);
    assert_eq!(
        (unchanged.outcome, unchanged.kv.writes, unchanged.kv.reads),
        (RunOutcome::Unchanged, 0, 3)
    );
    world.edit("a", |posts| posts.push(post("a", 30)));
    let one = world.cycle(&config);
    assert_eq!(
        (one.outcome, one.added, one.kv.writes),
        (RunOutcome::Published, 1, 1)
    );
    world.edit("a", |posts| posts[3].title = "Edited".into());
    let edit = world.cycle(&config);
    assert_eq!(
        (edit.outcome, edit.changed, edit.kv.writes),
        (RunOutcome::Published, 1, 1)
    );
    let page = world.page("all", None, 30);
    assert_eq!((page.items, page.reads), (30, 0), "the head alone");
    // Enough to seal: the state, all, alpha, beta, sevens, the head.
    world.edit("b", |posts| {
        posts.extend((100..200).map(|number| post("b", number)))
    });
    let seal = world.cycle(&config);
    assert_eq!(
        (seal.outcome, seal.added, seal.kv.writes),
        (RunOutcome::Published, 100, 6)
    );
    assert!(world.titles("all").contains(&"Edited".to_owned()));
    assert_eq!(world.walk("all", 50).len(), 141);
}
