//! The share of the day's writes is never exceeded, and what happens when it runs short.

use std::future::Future;
use std::pin::Pin;

use super::world::{World, config, proxy};
use crate::cache::{Purge, PurgeError, purge};
use crate::config::Config;
use crate::tenant::TenantHost;

const DAY_MS: i64 = 86_400_000;

fn with_share(writes: u32, proxies: &[&str]) -> Config {
    let mut config = config();
    config.budget.cache_writes_per_day = writes;
    config.proxies = proxies.iter().map(|id| proxy(id)).collect();
    config
}

/// Readers at several places ask every `every_ms` until the next UTC day begins.
fn read_until_midnight(world: &World, config: &Config, places: usize, every_ms: i64) -> u32 {
    // The world begins at some moment of a day.
    let rest_ms = DAY_MS - (1_790_000_000_000 + world.now_ms.get()).rem_euclid(DAY_MS);
    let end_ms = world.now_ms.get() + rest_ms - 60_000;
    let reader = |id: usize| {
        let task = async move {
            let mut answers = 0_u32;
            while world.now_ms.get() < end_ms {
                world.pop(id).ask(config).await.unwrap();
                answers += 1;
                world
                    .sleep(every_ms + i64::try_from(id).unwrap() * 31)
                    .await;
            }
            answers
        };
        Box::pin(task) as Pin<Box<dyn Future<Output = u32> + '_>>
    };
    world.run((0..places).map(reader)).into_iter().sum()
}

#[test]
fn a_small_share_lasts_the_day_and_is_not_exceeded() {
    for (seed, lose) in [(1, 0), (2, 3)] {
        let world = World::new(seed, 3);
        world.lose_one_in.set(lose);
        let config = with_share(20, &["prices"]);
        let answers = read_until_midnight(&world, &config, 3, 90_000);
        assert!(answers > 500, "{answers}");
        assert!(world.applied.get() <= 20, "{}", world.applied.get());
        // It was spread over the day: more than the half that may go at once.
        assert!(world.applied.get() >= 10, "{}", world.applied.get());
        // What could not be stored was fetched, so that nobody saw an answer older than the policy allows.
        assert!(world.asked.get() > 100, "{}", world.asked.get());
        // The next day has writes again.
        let before = world.applied.get();
        world.lose_one_in.set(0);
        world.pass(1_000);
        world.ask(&config).unwrap();
        assert_eq!(world.applied.get(), before + 2);
    }
}

#[test]
fn what_may_be_stale_is_served_when_writes_are_used_up() {
    let world = World::new(1, 1);
    let mut config = with_share(4, &["prices"]);
    config.proxies[0].stale_while_revalidate_s = 7 * 86_400;
    world.ask(&config).unwrap();
    for _ in 0..20 {
        world.pass(600);
        world.ask(&config).unwrap();
    }
    assert!(world.applied.get() <= 4);
    assert!(world.asked.get() <= 2, "{}", world.asked.get());
}

#[test]
fn refreshes_leave_purges_their_writes() {
    let world = World::new(1, 1);
    let config = with_share(20, &["prices"]);
    for _ in 0..40 {
        world.pass(150);
        world.ask(&config).unwrap();
    }
    assert!(world.applied.get() <= 18, "{}", world.applied.get());
    let all = Purge {
        all: true,
        ..Purge::default()
    };
    let mut purged = 0;
    let refused = loop {
        match world.alone(purge(&TenantHost::main(&world.pop(0)), &config, &all)) {
            Ok(_) => purged += 1,
            Err(error) => break error,
        }
    };
    assert!(purged >= 2, "{purged}");
    assert!(matches!(refused, PurgeError::NoWrites(ms) if ms > 0 && ms <= DAY_MS));
    assert_eq!(world.applied.get(), 20);
    // Voided and not to be stored: fetched for each request.
    let before = world.asked.get();
    world.ask(&config).unwrap();
    world.ask(&config).unwrap();
    assert_eq!(world.asked.get(), before + 2);
    assert_eq!(world.applied.get(), 20);
}

#[test]
fn a_store_that_takes_nothing_stops_no_answer() {
    let world = World::new(1, 1);
    world.refuse_writes.set(true);
    let config = config();
    for _ in 0..3 {
        assert!(world.ask(&config).is_ok());
    }
    assert_eq!((world.asked.get(), world.applied.get()), (3, 0));
}
