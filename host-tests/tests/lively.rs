//! Two hundred cycles over the lively upstreams: nothing lost or doubled, nothing written without news, failing sources keep
//! their items.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the bans are for the host-neutral logic; tests play the host"
)]

mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use edgefold::config::authoring::compile;
use edgefold::cycle::{self, RunOutcome, Scope};
use host_tests::sim::{KvOptions, SimClock, SimHost, block_on};
use host_tests::upstream::lively;

const SEED: u64 = 20_261_121;
const CYCLES: u32 = 200;
const BASE: &str = "http://lively.example";

#[test]
fn two_hundred_cycles_lose_and_double_nothing() {
    println!("seed {SEED}");
    let clock = SimClock::default();
    let http = lively::Direct::new(clock.clone(), SEED, BASE);
    let host = SimHost::with(http, KvOptions::default(), clock.clone(), SEED);
    let config = compile(&lively::config(BASE)).unwrap();
    let mut seen: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    let mut figures: BTreeMap<&str, u64> = BTreeMap::new();
    for _ in 0..CYCLES {
        host.kv.reset_counts();
        let report = block_on(cycle::run(&host, &config, Scope::All)).unwrap();
        let writes = host.kv.counts().writes;
        for listing in lively::listings(SEED, clock.now())
            .iter()
            .filter(|listing| !listing.down)
        {
            seen.entry(listing.source)
                .or_default()
                .extend(&listing.numbers);
        }
        if report.outcome == RunOutcome::Unchanged {
            assert_eq!(
                writes,
                0,
                "an unchanged cycle wrote {:?}",
                host.kv.counts_by_key()
            );
        }
        *figures.entry("writes").or_default() += writes;
        *figures.entry("published").or_default() +=
            u64::from(report.outcome == RunOutcome::Published);
        *figures.entry("unchanged").or_default() +=
            u64::from(report.outcome == RunOutcome::Unchanged);
        *figures.entry("added").or_default() += report.added as u64;
        *figures.entry("edited").or_default() += report.changed as u64;
        *figures.entry("failed asks").or_default() += report
            .sources
            .iter()
            .filter(|source| source.outcome == "failed")
            .count() as u64;
        clock.advance(Duration::from_secs(61));
    }
    let sources = block_on(site::sources(&host));
    assert_eq!(
        sources.len(),
        seen.len(),
        "every source answered at least once and is listed"
    );
    let items = block_on(site::items(&host));
    let ids: BTreeSet<&str> = items
        .iter()
        .filter_map(|item| item["id"].as_str())
        .collect();
    assert_eq!(ids.len(), items.len(), "an item is listed twice");
    figures.insert("items", items.len() as u64);
    println!("{figures:?}");
    for (source, numbers) in &seen {
        let own = items
            .iter()
            .filter(|item| item["source"] == *source)
            .count();
        // The mapping of the earthquakes leaves the small ones out.
        let expected = numbers.len();
        let exact = *source != "quakes";
        assert!(
            own == expected || (!exact && own > 0 && own < expected),
            "{source}: {own} items of {expected}"
        );
    }
    assert!(
        figures["failed asks"] > 0 && figures["edited"] > 0,
        "{figures:?}"
    );
}
