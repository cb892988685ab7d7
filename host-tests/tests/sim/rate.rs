//! A store that takes one write a second for each key, upstreams that answer at once, and cycles that follow at once: what is
//! throttled, and that nothing is lost by it.

use std::collections::BTreeMap;
use std::time::Duration;

use edgefold::cycle::{self, Report, Round, RunOutcome, Scope};
use host_tests::sim::{Answer, Fault, Faults, block_on};

use super::site::{Post, Site, post};

/// One write a second for each key.
const INTERVAL_MS: u64 = 1_000;
const SOURCES: usize = 23;
/// Requests of one run, so that a round takes five.
const CHUNK: usize = 5;
const SOON: Duration = Duration::from_secs(900);

/// What a cycle met with.
#[derive(Debug, PartialEq, Eq)]
struct Met {
    outcome: RunOutcome,
    /// Writes refused by the rate.
    throttled: u64,
    /// Time that it took, in milliseconds.
    took_ms: u128,
}

impl Met {
    fn new(outcome: RunOutcome, throttled: u64, took_ms: u128) -> Self {
        Self {
            outcome,
            throttled,
            took_ms,
        }
    }
}

fn paced(mut site: Site, timers: bool) -> Site {
    site.host.timers = timers;
    site.host
        .kv
        .set_options(|options| options.key_write_interval_ms = INTERVAL_MS);
    site
}

fn posts(numbers: std::ops::Range<u64>) -> Vec<Post> {
    numbers.map(post).collect()
}

fn met(site: &Site) -> Met {
    site.host.kv.reset_counts();
    let began = site.host.clock.elapsed();
    let report = site.cycle().unwrap().unwrap();
    Met {
        outcome: report.outcome,
        throttled: site.host.kv.counts().throttled,
        took_ms: (site.host.clock.elapsed() - began).as_millis(),
    }
}

fn source(id: &str) -> String {
    let url = format!("https://{id}.example/feed");
    format!("[[source]]\nid = \"{id}\"\ntitle = \"{id}\"\nurl = \"{url}\"\nkind = \"feed\"\n\n")
}

/// A site of many sources, of which a run asks a few.
fn many(timers: bool) -> Site {
    let mut toml = format!("[site]\ntitle = \"Rate\"\n\n[limits]\nrequests_per_run = {CHUNK}\n\n");
    for number in 0..SOURCES {
        toml += &source(&format!("s{number}"));
    }
    let site = paced(Site::with(&toml), timers);
    (0..SOURCES).for_each(|number| site.list(&format!("s{number}"), &posts(0..1)));
    site
}

/// Calls at once until nothing is left. `carries`: the caller passes on the round. Returns the reports.
fn round(site: &Site, carries: bool) -> Vec<Report> {
    let mut carried = "new".to_owned();
    let mut reports = Vec::new();
    while reports.last().is_none_or(|last: &Report| last.left > 0) {
        let round = carries.then(|| Round::parse(&carried).unwrap());
        let run = cycle::refresh(&site.host, &site.config, Scope::Due, round);
        let report = block_on(run).unwrap();
        carried = report.round.clone().unwrap_or_default();
        reports.push(report);
        assert!(reports.len() < 100, "no end");
    }
    reports
}

/// Requests by source since `from`.
fn asked(site: &Site, from: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in &site.host.http.requests()[from..] {
        *counts.entry(request.url.to_string()).or_default() += 1;
    }
    counts
}

/// What a round met with in which every source has something new, or none.
fn met_by_round(carries: bool, changed: bool, timers: bool) -> (Site, Vec<Report>, usize) {
    let site = many(timers);
    site.host
        .kv
        .set_options(|options| options.key_write_interval_ms = 0);
    round(&site, carries);
    site.host.clock.advance(4 * SOON);
    let site = paced(site, timers);
    if changed {
        (0..SOURCES).for_each(|number| site.list(&format!("s{number}"), &posts(0..2)));
    }
    site.host.kv.reset_counts();
    let asked_before = site.host.http.requests().len();
    let reports = round(&site, carries);
    (site, reports, asked_before)
}

fn published(reports: &[Report]) -> usize {
    let published = |report: &&Report| report.outcome == RunOutcome::Published;
    reports.iter().filter(published).count()
}

/// No key is written twice in one run: neither head nor state, whichever goes first.
#[test]
fn no_cycle_is_throttled_by_its_own_writes() {
    let site = paced(Site::new(None), true);
    site.list("b", &posts(0..5));
    for (name, listed) in [("first", 0..40), ("changed", 0..41), ("sealing", 0..200)] {
        site.list("a", &posts(listed));
        assert_eq!(met(&site), Met::new(RunOutcome::Published, 0, 0), "{name}");
        site.host.clock.advance(SOON);
    }
    let site = paced(Site::new(None), true);
    site.list("b", &posts(0..5));
    site.list("a", &posts(0..300));
    let first = met(&site);
    assert_eq!(
        first,
        Met::new(RunOutcome::Published, 0, 0),
        "first, sealing"
    );
}

#[test]
fn a_cycle_that_follows_at_once_waits_for_its_second() {
    let site = paced(Site::new(None), true);
    site.list("b", &posts(0..5));
    site.list("a", &posts(0..40));
    site.cycle().unwrap().unwrap();
    let waited = Met::new(RunOutcome::Published, 1, 1_000);
    site.list("a", &posts(0..41));
    assert_eq!(met(&site), waited, "its head");
    site.list("a", &posts(0..200));
    assert_eq!(met(&site), waited, "its head, after a state that was not");
    site.list("a", &posts(0..400));
    assert_eq!(met(&site), waited, "its state, then no other");
    assert_eq!(site.walk(None).len(), 405);
}

/// Without timers nothing is waited for: what was found is found again.
#[test]
fn where_nobody_can_wait_the_next_cycle_publishes_it() {
    let site = paced(Site::new(None), false);
    site.list("b", &posts(0..5));
    site.list("a", &posts(0..40));
    site.cycle().unwrap().unwrap();
    site.list("a", &posts(0..200));
    assert_eq!(met(&site), Met::new(RunOutcome::Deferred, 1, 0));
    site.host.clock.advance(SOON);
    assert_eq!(met(&site), Met::new(RunOutcome::Published, 0, 0));
    assert_eq!(site.walk(None).len(), 205);
}

/// A store that goes on throttling is waited for four times a second, in all of a run.
#[test]
fn a_run_waits_no_longer_than_it_may() {
    let site = Site::new(None);
    site.list("a", &posts(0..5));
    site.list("b", &posts(0..5));
    for from in 0..4 {
        site.host.kv.set_faults(Faults::from(from, Fault::Throttle));
        let began = site.host.clock.elapsed();
        let ended = site.cycle().unwrap();
        let waits = ended.is_err() || ended.unwrap().outcome == RunOutcome::Deferred;
        assert!(waits, "{from}");
        let took = site.host.clock.elapsed() - began;
        assert_eq!(took, Duration::from_secs(4), "{from}");
    }
}

/// The state of a seal was stored, its head was not: the next run rolls the state back and stores it at once.
#[test]
fn a_seal_that_is_repeated_at_once_waits_for_its_state() {
    let before = || {
        let site = paced(Site::new(None), true);
        site.list("b", &posts(0..5));
        site.list("a", &posts(0..40));
        site.cycle().unwrap().unwrap();
        site.host.clock.advance(SOON);
        site.list("a", &posts(0..200));
        site.host.kv.set_faults(Faults::none());
        site
    };
    let clean = before();
    clean.cycle().unwrap().unwrap();
    let head = clean.host.kv.operations() - 1;
    let site = before();
    site.host.kv.set_faults(Faults::at(head, Fault::Fail));
    site.cycle().unwrap().unwrap_err();
    assert_eq!(site.walk(None).len(), 45, "it was the head that failed");
    assert_eq!(met(&site), Met::new(RunOutcome::Published, 1, 1_000));
    assert_eq!(site.walk(None), clean.walk(None));
}

/// An alert writes the state twice in one run: to claim it, and that it arrived.
#[test]
fn an_alert_that_is_taken_at_once_is_told_once() {
    for (timers, told) in [(true, 1), (false, 2)] {
        let mut toml = String::from("[site]\ntitle = \"Rate\"\n\n");
        toml += "[alerts]\nwebhook = \"https://hooks.example/in\"\nfailing_after = \"1h\"\n\n";
        for id in ["a", "b"] {
            toml += &source(id);
        }
        let site = paced(Site::with(&toml), timers);
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        site.host.set_variable("alert_secret", secret);
        let hook = |_: &_| Answer::status(204);
        site.host.http.route("https://hooks.example/in", hook);
        site.list("a", &posts(0..5));
        site.list("b", &posts(0..5));
        site.cycle().unwrap().unwrap();
        let down = |_: &_| Answer::status(503);
        site.host.http.route("https://a.example/feed", down);
        site.host.kv.reset_counts();
        for _ in 0..12 {
            site.host.clock.advance(SOON);
            site.cycle().unwrap().unwrap();
        }
        let posted = |request: &&edgefold::host::Outgoing| request.method == http::Method::POST;
        let requests = site.host.http.requests();
        assert_eq!(requests.iter().filter(posted).count(), told, "{timers}");
        assert_eq!(site.host.kv.counts().throttled, told as u64, "{timers}");
    }
}

/// Five runs called one after another at once, each with news: each but the first waits a second for its head.
#[test]
fn rounds_called_back_to_back_finish_and_ask_each_source_once() {
    for carries in [true, false] {
        let (site, reports, from) = met_by_round(carries, true, true);
        assert_eq!((reports.len(), published(&reports)), (5, 5), "{carries}");
        assert_eq!(site.host.kv.counts().throttled, 4, "{carries}");
        assert_eq!(site.walk(None).len(), 2 * SOURCES, "{carries}");
        let asked = asked(&site, from);
        assert!(asked.len() == SOURCES && asked.values().all(|times| *times == 1));
    }
    // Nothing new: a caller that carries the round costs no write, for one that does not each run stores a checkpoint.
    for (carries, throttled) in [(true, 0), (false, 4)] {
        let (site, reports, from) = met_by_round(carries, false, true);
        assert_eq!((reports.len(), published(&reports)), (5, 0), "{carries}");
        assert_eq!(site.host.kv.counts().throttled, throttled, "{carries}");
        assert!(asked(&site, from).values().all(|times| *times == 1));
    }
}

/// Where nobody can wait, a caller that does: what the runs of a round had to leave is asked for once more.
#[test]
fn where_nobody_can_wait_a_caller_that_does_asks_twice_at_most() {
    let (site, reports, from) = met_by_round(true, true, false);
    assert_eq!((reports.len(), published(&reports)), (5, 1));
    let mut carried = "new".to_owned();
    for _ in 0..5 {
        site.host.clock.advance(Duration::from_secs(2));
        let round = Round::parse(&carried).unwrap();
        let run = cycle::refresh(&site.host, &site.config, Scope::Due, Some(round));
        let report = block_on(run).unwrap();
        carried = report.round.unwrap_or("new".to_owned());
    }
    assert_eq!(site.walk(None).len(), 2 * SOURCES);
    assert!(asked(&site, from).values().all(|times| *times <= 2));
}
