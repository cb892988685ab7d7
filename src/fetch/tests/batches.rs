//! How many are asked at once, and when a run ends.

use super::*;

fn many(n: usize) -> (Script, Vec<Source>) {
    let mut host = Script::default();
    let mut sources = Vec::new();
    for i in 0..n {
        let url = format!("https://s{i}.example/");
        host = host.on(&url, [say(200, &[], FEED)]);
        sources.push(source(&format!("s{i}"), &url));
    }
    (host, sources)
}

fn jobs(sources: &[Source]) -> Vec<Job<'_>> {
    let job = |source| Job {
        source,
        validators: Validators::default(),
    };
    sources.iter().map(job).collect()
}

#[test]
fn batches_keep_to_the_concurrency_and_the_order() {
    let (host, sources) = many(5);
    let (sent, outcomes) = host.run(&jobs(&sources), &config(), 100);
    assert_eq!(sent, 5);
    assert_eq!(*host.batches.borrow(), [2, 2, 1]);
    let order: Vec<usize> = outcomes.iter().map(|(index, _)| *index).collect();
    assert_eq!(order, [0, 1, 2, 3, 4]);
}

/// A source that takes `took_ms` and has a time-out of its own.
fn slow(host: Script, name: &str, took_ms: u64) -> (Script, Source) {
    let url = format!("https://{name}.example/");
    let answer = Answer {
        took: Duration::from_millis(took_ms),
        ..say(200, &[], FEED)
    };
    (host.on(&url, [answer]), source(name, &url))
}

#[test]
fn a_run_stops_at_its_time_and_caps_what_it_still_begins() {
    let mut config = config();
    config.limits.concurrency = 1;
    config.limits.timeout_ms = 10_000;
    config.limits.run_time_ms = 20_000;
    let mut host = Script::default();
    let mut sources = Vec::new();
    for (name, took_ms) in [("a", 9_000), ("b", 8_000), ("c", 4_000), ("d", 0)] {
        let (next, source) = slow(host, name, took_ms);
        host = next;
        sources.push(source);
    }
    let (sent, outcomes) = host.run(&jobs(&sources), &config, 100);
    let done: Vec<usize> = outcomes.iter().map(|(index, _)| *index).collect();
    assert_eq!(
        (sent, done),
        (3, vec![0, 1]),
        "c was cut short, d not begun"
    );
    let asked: Vec<u64> = host
        .asked
        .borrow()
        .iter()
        .map(|asked| asked.timeout.as_secs())
        .collect();
    assert_eq!(asked, [10, 10, 3]);
    let (_, outcomes) = host.run(&jobs(&sources[2..]), &config, 100);
    assert!(
        matches!(outcomes[0], (0, Outcome::Fresh(_))),
        "the next run"
    );
}

#[test]
fn what_no_run_has_time_for_fails() {
    let mut config = config();
    config.limits.timeout_ms = 60_000;
    config.limits.run_time_ms = 20_000;
    let (host, source) = slow(Script::default(), "a", 30_000);
    let sources = [source];
    let (_, outcomes) = host.run(&jobs(&sources), &config, 100);
    let Outcome::Failed(error) = &outcomes[0].1 else {
        panic!("{outcomes:?}")
    };
    assert_eq!(error.kind, "timeout");
    assert!(error.message.contains("20 s"), "{}", error.message);
}

#[test]
fn what_does_not_fit_into_the_run_is_left() {
    let (host, sources) = many(5);
    let (sent, outcomes) = host.run(&jobs(&sources), &config(), 3);
    assert_eq!((sent, outcomes.len()), (3, 3));
    let (sent, outcomes) = host.run(&jobs(&sources), &config(), 0);
    assert_eq!((sent, outcomes.len()), (0, 0));
}

#[test]
fn where_it_is_enough_nothing_more_is_asked_or_handed_over() {
    for (enough, sent, batches) in [(1, 2, vec![2]), (2, 2, vec![2]), (3, 4, vec![2, 2])] {
        let (mut host, sources) = many(5);
        host.enough = Some(enough);
        let (asked, outcomes) = host.run(&jobs(&sources), &config(), 100);
        assert_eq!((asked, outcomes.len()), (sent, enough));
        assert_eq!(*host.batches.borrow(), batches);
    }
}

#[test]
fn a_redirect_cut_off_by_the_runs_end_is_left_unless_no_run_could_finish_it() {
    let hop = |location| say(302, &[("location", location)], b"");
    let (host, mut sources) = many(1);
    let host = host
        .on(START, [hop("/b")])
        .on("https://a.example/b", [hop("/c")]);
    sources.push(source("a", START));
    let (sent, outcomes) = host.run(&jobs(&sources), &config(), 3);
    assert_eq!(sent, 3);
    assert_eq!(outcomes.len(), 1, "the redirected one stays due");
    let (sent, outcomes) = host.run(&jobs(&sources[1..]), &config(), 2);
    assert_eq!(sent, 2);
    assert!(matches!(&outcomes[0].1, Outcome::Failed(error) if error.kind == "redirects"));
}
