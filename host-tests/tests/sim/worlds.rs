//! Worlds by seeds: nothing wrong is ever answered, and in the end everything is there.

use host_tests::sim::world::{StoreFaultRates, StoreKind, Tally, UpstreamOptions, WorldOptions};

use super::seeds;

/// Three PoPs run cycles at the same time, over midnight, with faults of every kind.
#[test]
fn concurrent() {
    let tallies = seeds::run("concurrent", 8, |_| WorldOptions::default());
    let any = |of: fn(&Tally) -> u64| tallies.iter().any(|tally| of(tally) > 0);
    if tallies.len() >= 8 {
        assert!(any(|tally| tally.conflicts) && any(|tally| tally.crashed));
        assert!(any(|tally| tally.retries) && any(|tally| tally.walks));
    }
}

/// Replication takes up to five minutes, so that cycles begin from heads and states of different ages.
#[test]
fn slow_replication() {
    seeds::run("slow_replication", 6, |_| WorldOptions {
        replication_delay_mean_ms: 60_000,
        replication_delay_max_ms: 300_000,
        cycle_every_s: 240,
        ..WorldOptions::default()
    });
}

/// The budget is too small for what happens.
#[test]
fn short_budget() {
    let tallies = seeds::run("short_budget", 2, |_| WorldOptions {
        writes_per_day: 24,
        begins_at_hour: 20,
        safety_s: 6 * 60 * 60,
        ..WorldOptions::default()
    });
    assert!(tallies.iter().any(|tally| tally.deferred > 0));
}

/// Old items leave, and what they were stored in is deleted.
#[test]
fn retention() {
    let tallies = seeds::run("retention", 2, |_| WorldOptions {
        retention_items: Some(150),
        safety_s: 6 * 60 * 60,
        upstreams: UpstreamOptions {
            posts_before: 60,
            post_every_s: 240,
            ..UpstreamOptions::default()
        },
        ..WorldOptions::default()
    });
    assert!(tallies.iter().any(|tally| tally.deleted > 0));
}

/// Without compare-and-swap one PoP alone may run cycles; everything else goes wrong as before.
#[test]
fn without_swap_one_writer() {
    seeds::run("without_swap_one_writer", 2, |_| WorldOptions {
        store: StoreKind::Plain,
        cycling_pops: 1,
        cycle_every_s: 300,
        ..WorldOptions::default()
    });
}

/// Without compare-and-swap three PoPs claim what they publish.
#[test]
fn claims() {
    let tallies = seeds::run("claims", 4, |_| WorldOptions {
        store: StoreKind::Counters,
        ..WorldOptions::default()
    });
    assert!(tallies.iter().any(|tally| tally.conflicts > 0));
}

/// The same seed gives the same world, to the last poll.
#[test]
fn a_seed_replays() {
    for seed in [64, 66, 77] {
        let run = || seeds::alone(WorldOptions::default(), seed).tally;
        assert_eq!(run(), run(), "{seed}");
    }
}

/// Three hundred PoPs for a day, healthy upstreams, a store that fails now and then. `EDGEFOLD_SIM_POPS` for more or fewer.
#[test]
fn a_day() {
    let pops = std::env::var("EDGEFOLD_SIM_POPS").ok();
    let pops = pops.and_then(|pops| pops.parse().ok()).unwrap_or(12);
    seeds::run("a_day", 1, |_| WorldOptions {
        pops,
        cycling_pops: 1,
        safety_s: 24 * 60 * 60,
        begins_at_hour: 0,
        cycle_every_s: 900,
        visit_every_s: 1800,
        store_faults: StoreFaultRates {
            unavailable: 1,
            throttled: 1,
            ambiguous_applied: 1,
            ambiguous_lost: 1,
            crash: 1,
        },
        upstreams: UpstreamOptions {
            sources: 4,
            post_every_s: 1800,
            ..UpstreamOptions::default()
        },
        ..WorldOptions::default()
    });
}
