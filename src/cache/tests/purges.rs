//! Purges by key, by tag, of everything.

use std::rc::Rc;

use futures_util::future::join;

use super::world::{World, config, proxy};
use crate::cache::{Purge, PurgeError, purge};
use crate::config::Config;
use crate::tenant::TenantHost;

fn two() -> Config {
    let mut config = config();
    let mut other = proxy("status");
    other.tags = vec!["ops".to_owned()];
    config.proxies.push(other);
    config
}

fn named(keys: &[&str], tags: &[&str]) -> Purge {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Purge {
        all: false,
        keys: texts(keys),
        tags: texts(tags),
    }
}

#[test]
fn a_purge_is_one_write_and_drops_what_it_names() {
    let all = Purge {
        all: true,
        ..Purge::default()
    };
    for (asked, drops) in [
        (named(&["prices"], &[]), true),
        (named(&[], &["shop"]), true),
        (named(&["status", "prices"], &["ops"]), true),
        (all, true),
        (named(&["status"], &[]), false),
        (named(&[], &["ops"]), false),
    ] {
        let world = World::new(3, 1);
        let config = two();
        world.ask(&config).unwrap();
        world.pass(20);
        let (writes, requests) = (world.applied.get(), world.asked.get());
        *world.body.borrow_mut() = "{}".into();
        let purged = world
            .alone(purge(&TenantHost::main(&world.pop(0)), &config, &asked))
            .unwrap();
        assert_eq!(world.applied.get(), writes + 1, "{asked:?}");
        assert_eq!(
            purged.proxies.contains(&"prices".to_owned()),
            drops,
            "{asked:?}"
        );
        let answer = world.ask(&config).unwrap();
        assert_eq!(&answer.body[..] == b"{}", drops, "{asked:?}");
        assert_eq!(world.asked.get(), requests + u32::from(drops), "{asked:?}");
        // What was voided is not asked for under its old validators.
        assert_eq!(world.conditional.get(), 0);
        // Purged twice is purged once.
        world
            .alone(purge(&TenantHost::main(&world.pop(0)), &config, &asked))
            .unwrap();
        assert_eq!(&world.ask(&config).unwrap().body[..] == b"{}", drops);
    }
}

#[test]
fn an_answer_asked_for_before_a_purge_is_not_served_after_it() {
    let world = World::new(3, 1);
    let config = config();
    world.origin_ms.set(2_000);
    let pop = world.pop(0);
    let asking = async { pop.ask(&config).await.map(drop).map_err(drop) };
    let purging = async {
        world.sleep(1_000).await;
        let asked = named(&["prices"], &[]);
        purge(&TenantHost::main(&world.pop(0)), &config, &asked)
            .await
            .map(drop)
            .map_err(drop)
    };
    let both = world.alone(join(asking, purging));
    assert_eq!(both, (Ok(()), Ok(())));
    *world.body.borrow_mut() = "{}".into();
    assert_eq!(&world.ask(&config).unwrap().body[..], b"{}");
    assert_eq!(world.asked.get(), 2);
}

/// Those who ask one instance at once share a request, but not with one that was under way when the purge came.
#[test]
fn nobody_joins_a_request_from_before_a_purge() {
    let world = World::new(3, 1);
    let config = config();
    world.origin_ms.set(2_000);
    let mut pop = world.pop(0);
    pop.in_flight = Some(Rc::default());
    let before = async { pop.ask(&config).await.map(drop) };
    let purging = async {
        world.sleep(1_000).await;
        let asked = named(&["prices"], &[]);
        purge(&TenantHost::main(&pop), &config, &asked)
            .await
            .unwrap();
        assert_eq!(world.asked.get(), 1, "still under way");
        join(pop.ask(&config), pop.ask(&config)).await
    };
    let (before, (one, other)) = world.alone(join(before, purging));
    assert_eq!(before, Ok(()));
    assert!(one.is_ok() && one == other);
    assert_eq!(world.asked.get(), 2, "one before it, one after it");
}

#[test]
fn unknown_names_purge_nothing() {
    let world = World::new(3, 1);
    let config = two();
    let refused = |asked: &Purge| {
        world
            .alone(purge(&TenantHost::main(&world.pop(0)), &config, asked))
            .unwrap_err()
    };
    assert_eq!(
        refused(&named(&["prices", "price"], &[])),
        PurgeError::UnknownKey("price".into())
    );
    assert_eq!(
        refused(&named(&[], &["prices"])),
        PurgeError::UnknownTag("prices".into())
    );
    assert_eq!(refused(&Purge::default()), PurgeError::Empty);
    let many = vec!["prices"; 101];
    assert_eq!(refused(&named(&many, &[])), PurgeError::TooMany);
    assert_eq!(world.applied.get(), 0);
}

#[test]
fn lost_answers_and_other_writers_do_not_lose_a_purge() {
    for seed in 0..50 {
        let world = World::new(seed, 5);
        let config = two();
        world.ask(&config).unwrap();
        world.pass(5);
        world.lose_one_in.set(3);
        let asked = named(&["prices"], &[]);
        let purged = world.alone(purge(&TenantHost::main(&world.pop(1)), &config, &asked));
        world.lose_one_in.set(0);
        world.pass(5);
        *world.body.borrow_mut() = "{}".into();
        let body = world.ask(&config).unwrap().body;
        match purged {
            Ok(_) => assert_eq!(&body[..], b"{}", "seed {seed}"),
            // It may have taken place or not, and says so.
            Err(error) => assert!(
                matches!(error, PurgeError::Store(crate::host::KvError::Ambiguous(_))),
                "seed {seed}: {error:?}"
            ),
        }
    }
}
