//! Three processes on three NATS servers, while one thing after the other breaks. Skipped where a program is missing.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "tests; and those are rules of the host-neutral logic"
)]

use std::time::Duration;

use host_tests::arms::Host;
use host_tests::cluster::Cluster;
use host_tests::cluster::drive::{self, Plan};
use host_tests::cluster::faults::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn a_site_answers_while_its_parts_break_and_loses_nothing() {
    let component = Host::Component.artefact().unwrap();
    let Some(mut cluster) = Cluster::start(&component, false).await.unwrap() else {
        return;
    };
    let plan = Plan {
        faults: vec![
            Fault::SiteKilled(0),
            Fault::ServerKilled(1),
            Fault::Partition(2),
            Fault::AllServersKilled,
        ],
        broken: Duration::from_secs(5),
        whole: Duration::from_secs(2),
    };
    let outcome = drive::run(&mut cluster, &plan, |_| {}).await;
    let logs = || {
        let sites = cluster.sites.iter();
        sites
            .map(|site| site.log_tail())
            .collect::<Vec<_>>()
            .join("\n---\n")
    };
    let outcome = outcome.unwrap_or_else(|error| panic!("{error:#}\n{}", logs()));
    for episode in &outcome.episodes {
        println!("{episode:?}");
    }
    for episode in &outcome.episodes {
        for (when, tally) in [("broken", &episode.broken), ("whole", &episode.after)] {
            assert_eq!(tally.wrong, 0, "{when}: {episode:?}");
            let awaited = when == "whole" || episode.fault.is_some();
            assert!(
                !awaited || tally.good > 0,
                "{when}: nobody answers: {episode:?}"
            );
        }
        // Whoever runs answers: old where it must be, and saying so.
        assert!(
            episode.broken.errors.is_empty() && episode.after.errors.is_empty(),
            "{episode:?}\n{}",
            logs()
        );
        let down = episode.fault.and_then(Fault::takes_down).is_some();
        assert!(down || episode.broken.none == 0, "{episode:?}");
        assert_eq!(episode.after.none, 0, "{episode:?}");
        if matches!(
            episode.fault,
            Some(Fault::Partition(_) | Fault::AllServersKilled)
        ) {
            assert!(episode.broken.said_stale > 0, "{episode:?}");
        }
    }
    assert_eq!(outcome.lost, [""; 0]);
}
