//! Headers with secrets: filled, kept to their origin, never told.

use super::*;

#[test]
fn templates_are_filled() {
    let host = Script::default()
        .on(START, [say(200, &[], FEED)])
        .var("token", " s3cret\n");
    let source = with_secret("Bearer {token} {not a name} {");
    assert!(matches!(
        host.one_source(&source, Validators::default()),
        Outcome::Fresh(_)
    ));
    assert_eq!(
        host.header(0, "authorization").unwrap(),
        "Bearer s3cret {not a name} {"
    );
}

#[test]
fn a_missing_secret_is_named_and_nothing_is_sent() {
    let host = Script::default().on(START, [say(200, &[], FEED)]);
    let Outcome::Failed(error) =
        host.one_source(&with_secret("Bearer {token}"), Validators::default())
    else {
        panic!("it was sent");
    };
    assert_eq!(error.kind, "secret");
    assert!(error.message.contains("`token`"));
    assert!(host.asked.borrow().is_empty());
}

#[test]
fn a_secret_stays_with_its_origin() {
    let host = Script::default()
        .on(START, [say(302, &[("location", "/b")], b"")])
        .on(
            "https://a.example/b",
            [say(302, &[("location", "https://b.example/")], b"")],
        )
        .on(
            "https://b.example/",
            [say(302, &[("location", "https://a.example/c")], b"")],
        )
        .on("https://a.example/c", [say(401, &[], b"")])
        .var("token", "s3cret");
    let outcome = host.one_source(&with_secret("Bearer {token}"), Validators::default());
    let sent: Vec<bool> = (0..4)
        .map(|n| host.header(n, "authorization").is_some())
        .collect();
    assert_eq!(sent, [true, true, false, false]);
    let Outcome::Failed(error) = outcome else {
        panic!("not refused");
    };
    assert!(
        error.message.contains("secret headers are not sent"),
        "{error:?}"
    );
}

#[test]
fn messages_never_hold_a_secret() {
    let host = Script::default()
        .on(
            START,
            [say(302, &[("location", "https://b.example/s3cret")], b"")],
        )
        .var("token", "s3cret");
    let outcome = host.one_source(&with_secret("Bearer {token}"), Validators::default());
    let Outcome::Failed(error) = outcome else {
        panic!("no failure");
    };
    assert!(!error.message.contains("s3cret"), "{error:?}");
    assert!(error.message.contains("***"), "{error:?}");
}

#[test]
fn framing_headers_and_passwords_in_addresses_are_refused() {
    let mut framed = source("a", START);
    let text = HeaderText::Literal("chunked".into());
    framed.headers.insert("Transfer-Encoding".into(), text);
    let spoken = source("a", "https://me:hunter2@a.example/feed");
    for source in [framed, spoken] {
        let host = Script::default();
        let Outcome::Failed(error) = host.one_source(&source, Validators::default()) else {
            panic!("it was sent");
        };
        assert_eq!(error.kind, "config");
        assert!(!error.message.contains("hunter2"));
    }
}

#[test]
fn a_sources_own_header_replaces_ours() {
    let mut own = source("a", START);
    let text = HeaderText::Literal("reader/1".into());
    own.headers.insert("User-Agent".into(), text);
    let host = Script::default().on(START, [say(200, &[], FEED)]);
    host.one_source(&own, Validators::default());
    assert_eq!(host.header(0, "user-agent").unwrap(), "reader/1");
}
