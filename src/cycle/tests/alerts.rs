//! What a webhook is told, how often, and what that costs.

use std::collections::BTreeSet;
use std::pin::Pin;

use serde_json::Value;

use super::concurrent::interleave;
use super::world::{FAULTS, World, block_on, config, post};
use crate::config::{ALERT_KINDS, ALERTS_PER_RUN, Alerts, Config};
use crate::cycle::{Report, RunOutcome, Scope, run, status};
use crate::signature::Key;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const HOUR: i64 = 3600;
const RHYTHM: i64 = 900;

pub(super) fn site(sources: &[&str]) -> Config {
    let mut config = config(sources);
    config.alerts = Some(Alerts {
        webhook: Some("https://hooks.example/in?token=hidden".into()),
        failing_after_s: 7200,
        cycles_every_s: None,
        on: ALERT_KINDS.map(str::to_owned).to_vec(),
    });
    config
}

fn with_rhythm(sources: &[&str]) -> Config {
    let mut config = site(sources);
    if let Some(alerts) = &mut config.alerts {
        alerts.cycles_every_s = Some(RHYTHM.unsigned_abs());
    }
    config
}

/// A site with some posts, published.
pub(super) fn start(site: &Config) -> World {
    let world = World::new();
    let secrets = format!("{SECRET} {OTHER}\n");
    world.variables.borrow_mut().insert("alert_secret", secrets);
    for source in &site.sources {
        world.set(&source.id, vec![post(&source.id, 1), post(&source.id, 2)]);
    }
    world.cycle(site);
    world
}

/// Cycles at the usual rhythm.
fn cycles(world: &World, site: &Config, seconds: i64) -> Vec<Report> {
    let cycle = |_| {
        world.pass(RHYTHM);
        world.cycle(site)
    };
    (0..seconds / RHYTHM).map(cycle).collect()
}

fn writes(reports: &[Report]) -> u32 {
    reports.iter().map(|report| report.kv.writes).sum()
}

/// Types and ids of what was posted since; every signature is looked at.
fn told(world: &World) -> Vec<(String, String)> {
    let posted = std::mem::take(&mut *world.posted.borrow_mut());
    let read = |request: &crate::host::Outgoing| {
        let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
        let (id, seconds) = (header("webhook-id"), header("webhook-timestamp"));
        assert!(seconds.parse::<i64>().unwrap() <= world.now.get());
        let signed = [SECRET, OTHER].map(|secret| {
            let key = Key::read(secret).unwrap();
            format!("v1,{}", key.sign(&id, &seconds, &request.body))
        });
        assert_eq!(header("webhook-signature"), signed.join(" "));
        assert_eq!(header("content-type"), "application/json");
        let text = std::str::from_utf8(&request.body).unwrap();
        for secret in ["hidden", "whsec", "503"] {
            assert!(!text.contains(secret), "{text}");
        }
        let body: Value = serde_json::from_str(text).unwrap();
        assert!(id.starts_with(body["data"]["incident"].as_str().unwrap()));
        (body["type"].as_str().unwrap().to_owned(), id)
    };
    posted.iter().map(read).collect()
}

pub(super) fn types(world: &World) -> Vec<String> {
    told(world).into_iter().map(|(what, _)| what).collect()
}

#[test]
fn a_failing_source_is_told_once_and_its_recovery_once() {
    let (site, mut silent) = (site(&["a", "b"]), site(&["a", "b"]));
    silent.alerts = None;
    let (world, twin) = (start(&site), start(&silent));
    let both = |seconds: i64| {
        let (reports, others) = (
            cycles(&world, &site, seconds),
            cycles(&twin, &silent, seconds),
        );
        (writes(&reports), writes(&others), reports)
    };
    for world in [&world, &twin] {
        world.fail("a", 503);
    }
    let (wrote, without, _) = both(2 * HOUR);
    assert_eq!(
        types(&world),
        Vec::<String>::new(),
        "it has not failed for long"
    );
    assert_eq!(wrote, without);
    let (wrote, without, reports) = both(12 * HOUR);
    let alert = told(&world);
    assert_eq!(alert.len(), 1, "{alert:?}");
    assert_eq!(alert[0].0, "source.failing");
    assert!(alert[0].1.ends_with("-a-begin"), "{alert:?}");
    assert!((1..=2).contains(&(wrote - without)), "{wrote} {without}");
    let sent = reports
        .iter()
        .find(|report| report.alerts.is_some())
        .unwrap();
    assert_eq!(sent.outcome, RunOutcome::Unchanged);
    assert_eq!(
        sent.kv.writes, 2,
        "one to claim it, one that says it arrived"
    );
    let known = block_on(status(&world, &site.to_compiled())).unwrap();
    let known = known.alerts.unwrap();
    assert!(known.sends && known.incidents.len() == 1 && known.incidents[0].told);

    for world in [&world, &twin] {
        world.set("a", vec![post("a", 1), post("a", 2)]);
    }
    let (wrote, without, _) = both(6 * HOUR);
    let over = told(&world);
    assert_eq!(over.len(), 1, "{over:?}");
    assert_eq!(over[0].0, "source.recovered");
    assert_eq!(over[0].1, alert[0].1.replace("-begin", "-end"));
    assert!((1..=2).contains(&(wrote - without)), "{wrote} {without}");
    let known = block_on(status(&world, &site.to_compiled())).unwrap();
    assert!(known.alerts.unwrap().incidents.is_empty());
}

#[test]
fn what_was_over_before_anybody_was_told_is_not_told() {
    let site = site(&["a", "b"]);
    let world = start(&site);
    world.fail("a", 503);
    cycles(&world, &site, HOUR);
    world.set("a", vec![post("a", 1)]);
    cycles(&world, &site, 6 * HOUR);
    assert_eq!(types(&world), Vec::<String>::new());
}

#[test]
fn a_receiver_that_is_down_is_tried_six_times_under_one_id() {
    for answer in [None, Some(500), Some(302)] {
        let site = site(&["a", "b"]);
        let world = start(&site);
        world.receiver.set(answer);
        world.fail("a", 503);
        let reports = cycles(&world, &site, 40 * HOUR);
        let sent = |request: &crate::host::Outgoing| {
            let seconds = request.headers["webhook-timestamp"].to_str().unwrap();
            seconds.parse::<i64>().unwrap() / HOUR
        };
        let hours: Vec<i64> = world.posted.borrow().iter().map(sent).collect();
        let apart: Vec<i64> = hours.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(apart, [1, 2, 4, 8, 16], "{answer:?}");
        let tried = told(&world);
        assert_eq!(tried.len(), 6, "{answer:?}");
        let ids: BTreeSet<_> = tried.iter().map(|(_, id)| id).collect();
        assert_eq!(ids.len(), 1);
        let failed = reports.iter().filter_map(|report| report.alerts);
        assert_eq!(failed.map(|run| run.failed).sum::<usize>(), 6);
        let notes = reports.iter().flat_map(|report| &report.notes);
        assert!(notes.filter(|note| note.contains("not taken")).count() == 6);
        // It is back when it is over: that it is over is told, and since when it was.
        world.receiver.set(Some(200));
        world.set("a", vec![post("a", 1), post("a", 2)]);
        cycles(&world, &site, 3 * HOUR);
        assert_eq!(types(&world), ["source.recovered"], "{answer:?}");
    }
}

#[test]
fn a_receiver_that_comes_back_is_told_by_a_later_cycle() {
    let site = site(&["a", "b"]);
    let world = start(&site);
    world.receiver.set(None);
    world.fail("a", 503);
    cycles(&world, &site, 5 * HOUR);
    assert!(!told(&world).is_empty());
    world.receiver.set(Some(200));
    cycles(&world, &site, 24 * HOUR);
    assert_eq!(types(&world), ["source.failing"]);
}

#[test]
fn all_sources_failing_is_one_incident() {
    let names = ["a", "a2", "b", "b2", "b3"];
    let site = site(&names);
    let world = start(&site);
    for name in names {
        world.fail(name, 503);
    }
    cycles(&world, &site, 12 * HOUR);
    assert_eq!(types(&world), ["sources.failing"]);
    for name in names {
        world.set(name, vec![post(name, 1), post(name, 2)]);
    }
    cycles(&world, &site, 12 * HOUR);
    assert_eq!(types(&world), ["sources.recovered"]);
}

#[test]
fn runs_at_once_tell_it_once() {
    for seed in 0..12 {
        let site = site(&["a", "b"]);
        let world = start(&site);
        world.fail("a", 503);
        cycles(&world, &site, 2 * HOUR);
        world.pass(RHYTHM);
        let runs = (0..4).map(|_| {
            let run: Pin<Box<dyn Future<Output = _>>> = Box::pin(run(&world, &site, Scope::All));
            run
        });
        let before = world.kv.applied.get();
        let reports = interleave(seed, runs);
        assert!(reports.iter().all(Result::is_ok), "{seed}");
        assert_eq!(types(&world), ["source.failing"], "{seed}");
        assert_eq!(world.kv.applied.get() - before, 2, "{seed}");
        cycles(&world, &site, 12 * HOUR);
        assert_eq!(types(&world), Vec::<String>::new(), "{seed}");
    }
}

#[test]
fn where_two_writers_may_both_win_what_is_told_twice_has_one_id() {
    for seed in 0..12 {
        let site = site(&["a", "b"]);
        let world = start(&site);
        world.kv.without_swap.set(true);
        world.fail("a", 503);
        cycles(&world, &site, 2 * HOUR);
        world.pass(RHYTHM);
        let runs = (0..3).map(|_| {
            let run: Pin<Box<dyn Future<Output = _>>> = Box::pin(run(&world, &site, Scope::All));
            run
        });
        interleave(seed, runs);
        cycles(&world, &site, 12 * HOUR);
        let told = told(&world);
        assert!((1..=4).contains(&told.len()), "{seed}: {told:?}");
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 1, "{seed}");
    }
}

#[test]
fn whatever_breaks_it_is_told_and_every_write_is_counted() {
    for fault in FAULTS {
        for at in 0..9 {
            let site = site(&["a", "b"]);
            let world = start(&site);
            world.fail("a", 503);
            cycles(&world, &site, 2 * HOUR);
            world.pass(RHYTHM);
            world
                .kv
                .fault
                .set(Some((world.kv.operations.get() + at, fault)));
            let _ = world.try_cycle(&site);
            world.kv.fault.set(None);
            // The same day: so far are writes counted together.
            cycles(&world, &site, 6 * HOUR);
            let told = told(&world);
            let case = format!("{fault:?} at {at}");
            assert!((1..=2).contains(&told.len()), "{case}: {told:?}");
            assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 1, "{case}");
            let counted = world.writes_counted(&site);
            assert!(counted >= world.kv.applied.get(), "{case}: {counted}");
        }
    }
}

#[test]
fn cycles_without_news_write_nothing_unless_they_are_watched() {
    let site = site(&["a", "b"]);
    let world = start(&site);
    // The state is stored once more for what the first cycle could not know.
    cycles(&world, &site, 2 * HOUR);
    assert_eq!(writes(&cycles(&world, &site, 24 * HOUR)), 0);
    let watched = with_rhythm(&["a", "b"]);
    let world = start(&watched);
    cycles(&world, &watched, 2 * HOUR);
    let written = writes(&cycles(&world, &watched, 24 * HOUR));
    assert_eq!(written, 24, "a trace an hour");
    assert_eq!(types(&world), Vec::<String>::new());
}

#[test]
fn missed_cycles_are_recorded_shown_and_told_once() {
    let site = with_rhythm(&["a", "b"]);
    let world = start(&site);
    cycles(&world, &site, 6 * HOUR);
    world.pass(4 * HOUR);
    let silent = block_on(status(&world, &site.to_compiled())).unwrap();
    let silent = silent.alerts.unwrap().cycles.unwrap();
    assert!(silent.silent_s.unwrap() >= 3 * HOUR - RHYTHM, "{silent:?}");
    world.pass(100);
    world.cycle(&site);
    let known = block_on(status(&world, &site.to_compiled())).unwrap();
    let known = known.alerts.unwrap().cycles.unwrap();
    assert_eq!((known.gaps.len(), known.silent_s), (1, None));
    // Sixteen should have begun; up to four of them may have left no trace.
    assert!((12..=16).contains(&known.missed), "{known:?}");
    assert_eq!(known.drift_s, 100);
    cycles(&world, &site, 24 * HOUR);
    assert_eq!(types(&world), ["cycles.missed"]);
    let known = block_on(status(&world, &site.to_compiled())).unwrap();
    let known = known.alerts.unwrap().cycles.unwrap();
    assert_eq!((known.gaps.len(), known.drift_s), (1, 0));
}

#[test]
fn cycles_that_come_a_little_late_are_not_missed() {
    let site = with_rhythm(&["a", "b"]);
    let world = start(&site);
    for step in 0..400 {
        world.pass(RHYTHM + [0, 200, 0, -200, 420][step % 5]);
        world.cycle(&site);
    }
    assert_eq!(types(&world), Vec::<String>::new());
    // Every second one, at worst.
    let known = block_on(status(&world, &site.to_compiled())).unwrap();
    assert_eq!(known.alerts.unwrap().cycles.unwrap().missed, 0);
}

#[test]
fn a_short_budget_is_told_once_a_day_and_never_exceeded() {
    let mut site = with_rhythm(&["a", "b"]);
    site.budget.writes_per_day = 40;
    let world = start(&site);
    let midnight = (world.now.get() / 86_400 + 1) * 86_400;
    world.now.set(midnight + 100);
    world.cycle(&site);
    assert_eq!(types(&world), ["cycles.missed"], "since the site was begun");
    let mut all = Vec::new();
    for _ in 0..3 {
        let before = world.kv.applied.get();
        for step in 0..95 {
            world.edit("a", |posts| {
                posts.push(post("a", world.now.get() / 60 + step));
                posts.drain(..posts.len().saturating_sub(10));
            });
            world.cycle(&site);
            world.pass(RHYTHM);
        }
        let applied = world.kv.applied.get() - before;
        assert!(applied <= 40, "{applied}");
        all.push(types(&world));
        world.pass(RHYTHM);
    }
    assert_eq!(all[0], ["budget.short"]);
    let again = ["budget.renewed", "budget.short"];
    assert_eq!(all[1], again);
    assert_eq!(all[2], again);
}

#[test]
fn alerts_take_requests_from_those_of_the_run() {
    let names = ["a", "a2", "a3", "a4", "b", "b2", "b3", "b4"];
    let mut site = site(&names);
    site.limits.requests_per_run = 5;
    let world = World::new();
    world
        .variables
        .borrow_mut()
        .insert("alert_secret", SECRET.into());
    for name in names {
        world.set(name, vec![post(name, 1)]);
    }
    for name in &names[1..5] {
        world.fail(name, 503);
    }
    let mut most = 0;
    for _ in 0..400 {
        world.pass(60);
        world.asked.borrow_mut().clear();
        world.posted.borrow_mut().clear();
        world.due_cycle(&site);
        let posted = world.posted.borrow().len();
        assert!(posted <= ALERTS_PER_RUN);
        assert!(world.asked.borrow().len() + posted <= 5);
        most = most.max(posted);
    }
    assert_eq!(most, ALERTS_PER_RUN);
}

#[test]
fn without_a_webhook_or_a_secret_nothing_is_sent_and_the_status_says_so() {
    let site = site(&["a", "b"]);
    let world = start(&site);
    world.variables.borrow_mut().clear();
    world.fail("a", 503);
    let reports = cycles(&world, &site, 4 * HOUR);
    let notes: Vec<_> = reports.iter().flat_map(|report| &report.notes).collect();
    assert!(
        notes.iter().any(|note| note.contains("`alert_secret`")),
        "{notes:?}"
    );
    assert!(!notes.iter().any(|note| note.contains("hooks")));
    let told = |site: &Config| {
        let known = block_on(status(&world, &site.to_compiled())).unwrap();
        let known = known.alerts.unwrap();
        (known.sends, known.problem.is_some(), known.incidents.len())
    };
    assert_eq!(told(&site), (false, true, 1));
    world
        .variables
        .borrow_mut()
        .insert("alert_secret", "short".into());
    assert_eq!(told(&site), (false, true, 1));
    let mut nobody = site.clone();
    if let Some(alerts) = &mut nobody.alerts {
        alerts.webhook = None;
    }
    assert_eq!(told(&nobody), (false, false, 1));
    // A variable goes before the file, for addresses that are secrets.
    world
        .variables
        .borrow_mut()
        .insert("alert_secret", format!("{SECRET} {OTHER}"));
    world
        .variables
        .borrow_mut()
        .insert("alert_webhook", "https://elsewhere.example/hidden\n".into());
    assert_eq!(told(&nobody), (true, false, 1));
    cycles(&world, &nobody, HOUR);
    let posted = world.posted.borrow();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].url.as_str(), "https://elsewhere.example/hidden");
}
