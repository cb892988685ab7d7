//! What one document takes, up to the largest that a source may be allowed.

use std::fmt::Write as _;

use super::world::{World, config};
use super::{MIB, alone, mib};

/// The largest that `[limits] body` may be.
const BODY_BYTES_MAX: usize = 16 * MIB;

/// A document of about `bytes` in entries that `write` adds.
fn filled(bytes: usize, start: &str, end: &str, write: impl Fn(&mut String, usize)) -> String {
    let mut text = start.to_owned();
    for number in 0.. {
        write(&mut text, number);
        if text.len() >= bytes {
            break;
        }
    }
    text.push_str(end);
    text
}

fn rss(bytes: usize, text_bytes: usize) -> String {
    let words = "words ".repeat(text_bytes / 6);
    filled(
        bytes - 4_096 - text_bytes,
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>A</title>",
        "</channel></rss>",
        |text, number| {
            write!(
                text,
                "<item><guid>{number}</guid><title>Number {number}</title><link>https://a.example/{number}</link>\
                 <description>{words}</description></item>"
            )
            .unwrap();
        },
    )
}

fn json_feed(bytes: usize, text_bytes: usize) -> String {
    let words = "words ".repeat(text_bytes / 6);
    filled(
        bytes - 4_096 - text_bytes,
        "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"A\",\"items\":[{\"id\":\"first\"}",
        "]}",
        |text, number| {
            write!(
                text,
                ",{{\"id\":\"{number}\",\"title\":\"Number {number}\",\"url\":\"https://a.example/{number}\",\"content_text\":\"{words}\"}}"
            )
            .unwrap();
        },
    )
}

/// The most that a first cycle with this document as its only one allocates.
fn peak(name: &str, body: String) -> usize {
    let bytes = body.len();
    let mut world = World::of(0);
    world.document = Some(body.into());
    let mut config = config(1, 1);
    config.limits.body_bytes_max = BODY_BYTES_MAX;
    let (report, peaks) = world.run(&config);
    let peak = peaks.into_values().max().unwrap_or_default();
    println!(
        "{name} of {}: {} entries, {} added, at most {}",
        mib(bytes),
        report.sources[0].entries,
        report.added,
        mib(peak)
    );
    peak
}

#[test]
#[ignore = "figures: takes half a minute"]
fn one_document_of_the_largest_size_fits_into_a_guest() {
    let _alone = alone();
    // JSON of 8 MiB in short entries is about the most that is not refused for what it would take.
    for bytes in [5 * MIB, 8 * MIB, BODY_BYTES_MAX] {
        for (what, text_bytes) in [("short", 60), ("long", 3_000)] {
            let names = ["RSS", "JSON Feed"].map(|kind| format!("{kind}, {what} entries,"));
            for (name, body) in names
                .iter()
                .zip([rss(bytes, text_bytes), json_feed(bytes, text_bytes)])
            {
                let peak = peak(name, body);
                assert!(peak <= 128 * MIB, "{name}");
            }
        }
    }
}
