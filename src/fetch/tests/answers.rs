//! What becomes of an answer: validators, statuses, when to come back.

use super::*;

#[test]
fn the_first_request_negotiates_and_names_the_site() {
    let host = Script::default().on(START, [say(200, &[("etag", "\"1\"")], FEED)]);
    let Outcome::Fresh(document) = host.one(Validators::default()) else {
        panic!("no document");
    };
    assert_eq!(document.validators.etag.as_deref(), Some("\"1\""));
    assert!(document.validators.body_hash != 0);
    assert!(
        host.header(0, "accept")
            .unwrap()
            .contains("application/atom+xml")
    );
    assert_eq!(
        host.header(0, "accept-encoding").unwrap(),
        "gzip, deflate, br"
    );
    let agent = host.header(0, "user-agent").unwrap();
    assert!(agent.starts_with("edgefold/") && agent.ends_with(" (+https://site.example)"));
    assert_eq!(host.header(0, "if-none-match"), None);
}

#[test]
fn validators_are_sent_and_a_304_keeps_what_it_does_not_renew() {
    let host = Script::default().on(START, [say(304, &[("etag", "\"2\"")], b"")]);
    let known = Validators {
        etag: Some("\"1\"".into()),
        last_modified: Some("Sat, 21 Nov 2026 08:00:00 GMT".into()),
        body_hash: 7,
    };
    let Outcome::Unchanged { validators } = host.one(known.clone()) else {
        panic!("not unchanged");
    };
    assert_eq!(host.header(0, "if-none-match"), known.etag);
    assert_eq!(host.header(0, "if-modified-since"), known.last_modified);
    assert_eq!(validators.etag.as_deref(), Some("\"2\""));
    assert_eq!(validators.last_modified, known.last_modified);
    assert_eq!(validators.body_hash, 7);
}

#[test]
fn a_304_that_was_not_asked_for_is_an_error() {
    let host = Script::default().on(START, [say(304, &[], b"")]);
    assert_eq!(host.error().kind, "status");
}

#[test]
fn the_same_bytes_are_unchanged_even_without_validators() {
    let host = Script::default().on(START, [say(200, &[], FEED)]);
    let Outcome::Fresh(document) = host.one(Validators::default()) else {
        panic!("no document");
    };
    let again = host.one(document.validators.clone());
    let Outcome::Unchanged { validators } = again else {
        panic!("not unchanged");
    };
    assert_eq!(validators, document.validators);
}

#[test]
fn nothing_is_an_error() {
    for said in [
        say(204, &[], b""),
        say(200, &[], b""),
        say(200, &[], b" \r\n"),
    ] {
        assert_eq!(Script::default().on(START, [said]).error().kind, "empty");
    }
}

#[test]
fn plain_words_for_people() {
    let of = |status| {
        Script::default()
            .on(START, [say(status, &[], b"x")])
            .error()
    };
    assert_eq!(of(404).message, "not found (404)");
    assert_eq!(
        of(403).message,
        "refused (403): does it need a header with a token?"
    );
    assert_eq!(of(500).message, "the server fails (500)");
    assert_eq!(of(418).message, "answered 418 I'm a teapot");
}

#[test]
fn retry_after_holds_for_429_and_503() {
    for status in [429, 503] {
        let host = Script::default().on(START, [say(status, &[("retry-after", "120")], b"")]);
        assert_eq!(
            host.error().not_before,
            Timestamp::parse("2026-11-21T09:02:00Z")
        );
    }
    let host = Script::default().on(START, [say(500, &[("retry-after", "120")], b"")]);
    assert_eq!(host.error().not_before, None);
}

#[test]
fn the_hosts_errors_keep_their_kind_and_lose_their_queries() {
    let of = |error| {
        Script::default()
            .on(START, [Answer::failure(error)])
            .error()
    };
    assert_eq!(
        of(HttpError::Timeout).message,
        "no whole answer within 10 s"
    );
    assert_eq!(
        of(HttpError::TooLarge).message,
        "the answer is over 1000 bytes"
    );
    let denied = of(HttpError::Denied(
        "10.0.0.1 for https://a.example/x?key=s3cret".into(),
    ));
    assert_eq!(denied.kind, "denied");
    assert!(!denied.message.contains("s3cret"), "{denied:?}");
    assert_eq!(of(HttpError::Connect("x".into())).kind, "connect");
    assert_eq!(of(HttpError::Protocol("x".into())).kind, "protocol");
}
