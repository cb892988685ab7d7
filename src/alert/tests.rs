//! What an alert says, and the rhythm of cycles.

use super::rhythm::Rhythm;
use super::{Incident, Kind, letter};
use crate::signature::Key;
use crate::time::Timestamp;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The documentation shows what is really sent.
#[test]
fn the_documented_example_is_what_is_sent() {
    let mut config = crate::cycle::config_for_tests(&["kernel-news"]);
    config.site.title = "Hub".into();
    config.site.url = Some("https://hub.example".into());
    config.sources[0].title = "Kernel news".into();
    let incident = Incident {
        kind: Kind::SourceFailing,
        source: Some("kernel-news".into()),
        since: at("2026-11-21T06:10:00Z"),
        until: None,
        missed: 0,
        told: false,
        attempts: 1,
        next: at("2026-11-21T09:10:00Z"),
    };
    let letter = letter(&incident, &config);
    let key = Key::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let sent = at("2026-11-21T08:10:00Z").as_secs().to_string();
    let signature = key.sign(&letter.id, &sent, &letter.body);
    let shown = format!(
        "webhook-id: {}\nwebhook-timestamp: {sent}\nwebhook-signature: v1,{signature}\n\n{}",
        letter.id,
        String::from_utf8(letter.body).unwrap()
    );
    let documented = include_str!("../../docs/alerts.md").replace("\n \"", "\"");
    assert!(
        documented.contains(&shown),
        "docs/alerts.md must show:\n{shown}"
    );
}

#[test]
fn a_rhythm_is_judged_only_by_what_is_sure() {
    let minute = |minutes: i64| Timestamp::from_secs(1_790_000_000 + minutes * 60);
    let mut rhythm = Rhythm::default();
    assert_eq!(rhythm.begin(900, None, minute(0), true), None, "the first");
    // A cycle may have run up to an hour after the last trace.
    let mut late = rhythm.clone();
    assert_eq!(late.begin(900, None, minute(82), true), None);
    assert_eq!(late.drift_s, 7 * 60);
    let gap = rhythm.clone().begin(900, None, minute(83), true).unwrap();
    assert_eq!(
        (gap.from, gap.until, gap.missed),
        (minute(0), minute(83), 1)
    );
    let published = Some(minute(60));
    assert_eq!(rhythm.clone().begin(900, published, minute(83), true), None);
    assert_eq!(rhythm.clone().begin(900, None, minute(300), false), None);
    assert_eq!(
        rhythm.clone().begin(1800, None, minute(300), true),
        None,
        "another rhythm"
    );
    assert_eq!(
        rhythm.clone().begin(900, None, minute(-5), true),
        None,
        "a clock set back"
    );
    for _ in 0..20 {
        let next = rhythm.at.plus_millis(6 * 3_600_000);
        assert!(rhythm.begin(900, None, next, true).is_some());
    }
    assert_eq!((rhythm.gaps.len(), rhythm.missed), (8, 20 * 20));
}
