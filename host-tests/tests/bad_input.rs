//! Bad input through the whole native cycle, over real HTTP: a clear error on that source, the rest published, bodies bounded.
//! The same table runs through the compiled component in every host.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the bans are for the host-neutral logic; tests play the host"
)]

mod site;

use edgefold::config::authoring::{compile, render};
use edgefold::cycle::{self, RunOutcome, Scope};
use host_tests::sim::SimHost;
use host_tests::upstream::{Upstream, hostile};

#[tokio::test]
async fn every_bad_upstream_fails_alone_and_clearly() {
    let upstream = Upstream::start().await.unwrap();
    hostile::mount(&upstream);
    let text = hostile::config(&upstream.base_url());
    let config = compile(&text).unwrap_or_else(|all| panic!("{}", render("hostile", &text, &all)));
    let host = SimHost::loopback(1);

    let report = cycle::run(&host, &config, Scope::All).await.unwrap();
    assert_eq!(report.outcome, RunOutcome::Published);
    assert_eq!(report.left, 0);
    assert_eq!(report.sources.len(), hostile::SCENARIOS.len() + 1);

    let (sources, items) = (site::sources(&host).await, site::items(&host).await);
    let found = hostile::mismatches(&sources, &items);
    assert!(found.is_empty(), "{}", found.join("\n"));

    let peak = host.http.body_bytes_peak();
    // One source may have 8 MiB.
    let most = hostile::CONCURRENCY * hostile::BODY_BYTES_MAX + 3 * 1024 * 1024;
    println!("peak of received bodies: {peak} bytes");
    assert!(peak <= most, "{peak} bytes of bodies at once");
    assert_eq!(host.http.body_bytes_held(), 0, "bodies are let go");
}

#[tokio::test]
async fn the_next_cycle_over_the_same_trouble_writes_nothing() {
    let upstream = Upstream::start().await.unwrap();
    hostile::mount(&upstream);
    let config = compile(&hostile::config(&upstream.base_url())).unwrap();
    let host = SimHost::loopback(1);
    cycle::run(&host, &config, Scope::All).await.unwrap();
    let before = host.kv.contents();
    host.clock.advance(std::time::Duration::from_secs(60));
    host.kv.reset_counts();
    let report = cycle::run(&host, &config, Scope::All).await.unwrap();
    assert_eq!(report.outcome, RunOutcome::Unchanged);
    assert_eq!(host.kv.counts().writes, 0, "{:?}", host.kv.counts_by_key());
    assert_eq!(host.kv.contents(), before);
}
