//! What is served when: fresh, stale, in place of an error, or not at all.

use super::world::{World, config};
use crate::config::HeaderText;

#[test]
fn a_hit_is_two_reads_and_no_write() {
    let world = World::new(1, 1);
    let config = config();
    world.ask(&config).unwrap();
    // The control value, and the answer.
    assert_eq!(world.applied.get(), 2);
    world.pass(10);
    world.reads.set(0);
    let answer = world.ask(&config).unwrap();
    assert_eq!((world.reads.get(), world.applied.get()), (2, 2));
    assert_eq!(world.asked.get(), 1);
    assert_eq!(answer.media_type, "application/json");
    assert_eq!(&answer.body[..], br#"{"price":1}"#);
    assert!(!answer.stale);
}

#[test]
fn what_is_unchanged_is_confirmed() {
    let world = World::new(1, 1);
    let config = config();
    let first = world.ask(&config).unwrap();
    world.pass(200);
    let second = world.ask(&config).unwrap();
    assert_eq!((world.asked.get(), world.conditional.get()), (2, 1));
    assert_eq!((&second.body, &second.etag), (&first.body, &first.etag));
    assert!(second.fetched > first.fetched && !second.stale);
    // Changed: another entity tag.
    *world.body.borrow_mut() = "{}".into();
    world.pass(200);
    assert_ne!(world.ask(&config).unwrap().etag, first.etag);
}

#[test]
fn an_error_is_stood_in_for_and_not_asked_for_again_at_once() {
    let world = World::new(1, 1);
    let config = config();
    world.ask(&config).unwrap();
    world.status.set(500);
    world.pass(300);
    for _ in 0..5 {
        assert!(world.ask(&config).unwrap().stale);
    }
    assert_eq!(world.asked.get(), 2);
    // After 10 s again, then after 20.
    world.pass(11);
    world.ask(&config).unwrap();
    world.pass(11);
    world.ask(&config).unwrap();
    assert_eq!(world.asked.get(), 3);
    world.pass(10);
    world.ask(&config).unwrap();
    assert_eq!(world.asked.get(), 4);
    // Past all stand-ins the failure shows, with a time to come back at.
    world.pass(400);
    let failure = world.ask(&config).unwrap_err();
    assert_eq!(failure.kind, "status");
    assert!(failure.retry_at.is_some());
    assert_eq!(world.ask(&config).unwrap_err().kind, "failing");
    // It answers again: nothing is left of the failures.
    world.status.set(200);
    world.pass(601);
    assert!(!world.ask(&config).unwrap().stale);
}

#[test]
fn another_definition_is_another_answer() {
    let world = World::new(1, 1);
    let mut config = config();
    world.ask(&config).unwrap();
    config.proxies[0].version = 2;
    world.ask(&config).unwrap();
    assert_eq!((world.asked.get(), world.conditional.get()), (2, 0));
    config.proxies[0].url = "https://origin.example/other".into();
    world.ask(&config).unwrap();
    config.proxies[0].headers.insert(
        "accept".to_owned(),
        HeaderText::Literal("text/plain".to_owned()),
    );
    world.ask(&config).unwrap();
    assert_eq!(world.asked.get(), 4);
    // Policy is no part of it, and holds at once.
    config.proxies[0].ttl_s = 5;
    config.proxies[0].stale_while_revalidate_s = 0;
    config.proxies[0].stale_if_error_s = 0;
    world.pass(6);
    world.ask(&config).unwrap();
    assert_eq!(world.asked.get(), 5);
}

#[test]
fn only_data_is_passed_on() {
    for (content_type, passed) in [
        ("application/json", true),
        ("Text/CSV; header=present", true),
        ("text/html", false),
        ("text/javascript", false),
        ("application/json-seq", false),
        ("", false),
    ] {
        let world = World::new(1, 1);
        world.content_type.set(content_type);
        let answer = world.ask(&config());
        assert_eq!(answer.is_ok(), passed, "{content_type}");
        if let Err(failure) = answer {
            assert_eq!(failure.kind, "type");
            let lines = world.lines.borrow();
            assert!(
                lines.iter().all(|line| !line.contains("hidden")),
                "{lines:?}"
            );
        }
    }
    let world = World::new(1, 1);
    let mut narrow = config();
    narrow.proxies[0].types = vec!["text/csv".to_owned()];
    assert_eq!(world.ask(&narrow).unwrap_err().kind, "type");
}

#[test]
fn a_clock_that_is_ahead_makes_no_answer_fresh_for_ever() {
    let world = World::new(1, 1);
    let config = config();
    world.pass(3_600);
    world.ask(&config).unwrap();
    world.pass(-3_600);
    // Said to be from an hour ahead: served, and asked for again by somebody with the right time.
    let answer = world.ask(&config).unwrap();
    assert_eq!(&answer.body[..], br#"{"price":1}"#);
    assert!(world.asked.get() <= 2);
}
