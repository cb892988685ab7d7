//! Which redirects are followed, and how far.

use super::*;

fn to(status: u16, location: &str) -> Answer {
    say(status, &[("location", location)], b"")
}

#[test]
fn every_status_and_relative_addresses_are_followed() {
    for status in [301, 302, 303, 307, 308] {
        let host = Script::default()
            .on(START, [to(status, "../other/feed.xml#top")])
            .on("https://a.example/other/feed.xml", [say(200, &[], FEED)]);
        let Outcome::Fresh(document) = host.one(Validators::default()) else {
            panic!("no document");
        };
        assert_eq!(document.url.as_str(), "https://a.example/other/feed.xml");
    }
}

#[test]
fn loops_are_named() {
    let host = Script::default()
        .on(START, [to(302, "/b")])
        .on("https://a.example/b", [to(302, "/feed")]);
    let error = host.error();
    assert_eq!(error.kind, "redirects");
    assert_eq!(
        error.message,
        "redirects in a loop, back to https://a.example/feed"
    );
    assert_eq!(host.asked.borrow().len(), 2);
}

#[test]
fn only_so_many_are_followed() {
    let mut host = Script::default().on(START, [to(302, "/1")]);
    for n in 1..10 {
        let next = format!("/{}", n + 1);
        host = host.on(&format!("https://a.example/{n}"), [to(302, &next)]);
    }
    let error = host.error();
    assert_eq!(
        error.message,
        "redirects more than 3 times, last to https://a.example/4"
    );
    assert_eq!(host.asked.borrow().len(), 4);
}

#[test]
fn other_schemes_and_nonsense_are_refused() {
    for location in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://[bad",
        "ftp://a.example/",
    ] {
        let host = Script::default().on(START, [to(302, location)]);
        assert_eq!(host.error().kind, "redirects", "{location}");
        assert_eq!(host.asked.borrow().len(), 1);
    }
    let host = Script::default().on(START, [say(302, &[], b"")]);
    assert_eq!(
        host.error().message,
        "redirects (302) without saying where to"
    );
}

#[test]
fn the_time_out_is_over_all_requests() {
    let slow = |said: Answer| Answer {
        took: Duration::from_secs(6),
        ..said
    };
    let host = Script::default()
        .on(START, [slow(to(302, "/b"))])
        .on("https://a.example/b", [slow(say(200, &[], FEED))]);
    let error = host.error();
    assert_eq!(error.kind, "timeout");
    assert_eq!(host.asked.borrow()[1].timeout, Duration::from_secs(4));
    assert_eq!(
        error.message,
        "no whole answer within 10 s; redirected to https://a.example/b"
    );
}

#[test]
fn a_stalled_neighbour_does_not_fail_a_redirected_source() {
    let stalled = Answer {
        took: Duration::from_secs(60),
        ..say(200, &[], FEED)
    };
    let host = Script::default()
        .on("https://slow.example/", [stalled])
        .on(START, [to(302, "/b")])
        .on("https://a.example/b", [say(200, &[], FEED)]);
    let (slow, moved) = (source("slow", "https://slow.example/"), source("a", START));
    let jobs = [&slow, &moved].map(|source| Job {
        source,
        validators: Validators::default(),
    });
    let (sent, outcomes) = host.run(&jobs, &config(), 100);
    assert_eq!(sent, 3);
    assert!(matches!(&outcomes[0], (0, Outcome::Failed(error)) if error.kind == "timeout"));
    assert!(matches!(&outcomes[1], (1, Outcome::Fresh(_))));
}
