//! Bad input, as data: one table for the native cycle and for the compiled component in every host.
//!
//! [`mount`] serves every scenario and a healthy neighbour, [`config`] configures them as sources of one site, and [`mismatches`]
//! compares what the site then shows with what it should.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::reply::gzip;
use super::{Misbehaviour, Reply, Upstream};

/// What the site must show of a scenario.
#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// The source fails, with an error that contains one of these.
    Error(&'static [&'static str]),
    /// The source is well and has at least this many items and at most that many.
    Items(usize, usize),
    /// Either: how much is made of it is the parser's choice, or depends on where the host notices.
    Bounded,
}

/// One bad upstream.
pub struct Scenario {
    /// Its source's id.
    pub name: &'static str,
    /// Lines of its `[[source]]` beyond id, url and category.
    pub toml: &'static str,
    /// What it answers.
    pub reply: fn(&Upstream) -> Reply,
    /// What the site must show.
    pub expect: Expect,
}

/// The source that must be published whatever the others do.
pub const NEIGHBOUR: &str = "healthy-neighbour";
/// Items of the neighbour.
pub const NEIGHBOUR_ITEMS: usize = 3;
/// Items kept of one answer, as configured here.
pub const ITEMS_PER_SOURCE: usize = 50;
/// The cap of one answer, as configured here, in bytes.
pub const BODY_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Requests under way at once, as configured here.
pub const CONCURRENCY: usize = 6;

const BROKEN: &[&str] = &["broken answer", "can't connect", "no whole answer"];
const LATE: &[&str] = &["no whole answer within 1 s"];
const JSON: &str = "kind = \"json\"\n[source.map]\nitems = \"$.items[*]\"\ntitle = \"$.title\"\n";

const fn scenario(
    name: &'static str,
    toml: &'static str,
    reply: fn(&Upstream) -> Reply,
    expect: Expect,
) -> Scenario {
    Scenario {
        name,
        toml,
        reply,
        expect,
    }
}

fn bad(how: Misbehaviour) -> Reply {
    Reply::Misbehave(how)
}

fn rss_reply(body: impl Into<Bytes>) -> Reply {
    Reply::document("application/rss+xml", body)
}

/// All of them.
pub static SCENARIOS: &[Scenario] = &[
    scenario(
        "truncated-xml",
        "",
        |_| {
            let whole = feed("truncated-xml", 6);
            rss_reply(whole[..whole.len() * 2 / 3].to_owned())
        },
        Expect::Bounded,
    ),
    scenario(
        "wrong-content-type",
        "",
        |_| Reply::document("image/png", feed("wrong-content-type", 3)),
        Expect::Items(3, 3),
    ),
    scenario(
        "html-instead-of-a-feed",
        "",
        |_| {
            Reply::document(
                "text/html",
                "<!doctype html><html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>",
            )
        },
        Expect::Error(&["HTML", "web page"]),
    ),
    scenario(
        "ten-megabytes",
        "",
        |_| rss_reply(vec![b' '; 10_000_000]),
        Expect::Error(&["over 5 MiB"]),
    ),
    scenario(
        "endless-redirects",
        "",
        |upstream| {
            let base = upstream.base_url();
            upstream.respond("/endless/", move |asked| {
                let n: u64 = asked
                    .path()
                    .trim_start_matches("/endless/")
                    .parse()
                    .unwrap_or(0);
                Reply::redirect(302, &format!("{base}/endless/{}", n + 1))
            });
            Reply::redirect(301, "/endless/1")
        },
        Expect::Error(&["redirects more than 5 times"]),
    ),
    scenario(
        "redirect-loop",
        "",
        |_| Reply::redirect(302, "/hostile/redirect-loop"),
        Expect::Error(&["redirects in a loop"]),
    ),
    scenario(
        "redirect-to-a-private-address",
        "timeout = \"1s\"",
        |_| Reply::redirect(302, "http://10.0.0.1/latest/meta-data"),
        Expect::Error(&["refuses", "can't connect", "no whole answer"]),
    ),
    scenario(
        "redirect-to-a-file",
        "",
        |_| Reply::redirect(302, "file:///etc/passwd"),
        Expect::Error(&["only http and https"]),
    ),
    scenario(
        "stalled",
        "timeout = \"1s\"",
        |_| bad(Misbehaviour::StallBeforeHeaders),
        Expect::Error(LATE),
    ),
    scenario(
        "stalled-in-the-body",
        "timeout = \"1s\"",
        |_| bad(Misbehaviour::StallMidBody(feed("x", 2).into())),
        Expect::Error(LATE),
    ),
    scenario(
        "slow-drip",
        "timeout = \"1s\"",
        |_| {
            let body = feed("slow-drip", 2).into();
            bad(Misbehaviour::Drip {
                body,
                pause: Duration::from_millis(20),
            })
        },
        Expect::Error(LATE),
    ),
    scenario(
        "length-too-long",
        "timeout = \"2s\"",
        |_| {
            bad(Misbehaviour::LengthTooLong(
                feed("length-too-long", 2).into(),
            ))
        },
        Expect::Error(BROKEN),
    ),
    scenario(
        "length-too-short",
        "timeout = \"2s\"",
        |_| {
            bad(Misbehaviour::LengthTooShort(
                feed("length-too-short", 6).into(),
            ))
        },
        Expect::Bounded,
    ),
    scenario(
        "connection-reset",
        "timeout = \"2s\"",
        |_| bad(Misbehaviour::Reset(feed("x", 2).into())),
        Expect::Error(BROKEN),
    ),
    scenario(
        "hang-up",
        "timeout = \"2s\"",
        |_| bad(Misbehaviour::Hangup),
        Expect::Error(BROKEN),
    ),
    scenario(
        "chunked-garbage",
        "timeout = \"2s\"",
        |_| bad(Misbehaviour::ChunkedGarbage),
        Expect::Error(BROKEN),
    ),
    scenario(
        "not-http",
        "timeout = \"2s\"",
        |_| bad(Misbehaviour::NotHttp),
        Expect::Error(BROKEN),
    ),
    scenario(
        "endless-headers",
        "timeout = \"2s\"",
        |_| bad(Misbehaviour::EndlessHeaders),
        Expect::Error(BROKEN),
    ),
    scenario(
        "entity-bomb",
        "",
        |_| rss_reply(entity_bomb()),
        Expect::Bounded,
    ),
    scenario(
        "gzip-bomb",
        "",
        |_| rss_reply(gzip(&vec![b' '; 100_000_000])).header("content-encoding", "gzip"),
        Expect::Error(&["unpacks to more than 5 MiB"]),
    ),
    scenario(
        "wrong-content-encoding",
        "",
        |_| rss_reply(&b"\x01\x02 this was never packed"[..]).header("content-encoding", "gzip"),
        Expect::Error(&["can't be unpacked"]),
    ),
    scenario(
        "unknown-content-encoding",
        "",
        |_| rss_reply(feed("x", 1)).header("content-encoding", "zstd"),
        Expect::Error(&["`zstd`"]),
    ),
    scenario(
        "nul-bytes",
        "",
        |_| rss_reply(feed("nul-bytes", 3).replace("Story", "St\0ry")),
        Expect::Items(1, 3),
    ),
    scenario(
        "megabyte-titles",
        "",
        |_| rss_reply(feed("megabyte-titles", 2).replace("Story", &"Long ".repeat(200_000))),
        Expect::Items(2, 2),
    ),
    scenario(
        "hundred-thousand-items",
        "body = \"8MiB\"",
        |_| rss_reply(hundred_thousand()),
        Expect::Items(ITEMS_PER_SOURCE, ITEMS_PER_SOURCE),
    ),
    scenario(
        "duplicate-ids",
        "",
        |_| {
            let same = feed("duplicate-ids", 5);
            let guids: Vec<String> = (0..5).map(|n| format!("duplicate-ids-{n}<")).collect();
            rss_reply(guids.iter().fold(same, |text, guid| {
                text.replace(guid.as_str(), "duplicate-ids-0<")
            }))
        },
        Expect::Items(1, 5),
    ),
    scenario(
        "deeply-nested-json",
        JSON,
        |_| {
            Reply::document(
                "application/json",
                "{\"items\":".to_owned() + &"[".repeat(1_000_000),
            )
        },
        Expect::Error(&["JSON", "nested"]),
    ),
    scenario(
        "mapped-path-missing",
        JSON,
        |_| Reply::document("application/json", "{\"results\":[{\"title\":\"T\"}]}"),
        Expect::Error(&["$.items"]),
    ),
    scenario(
        "no-json-at-all",
        JSON,
        |_| Reply::document("application/json", "<html>not JSON</html>"),
        Expect::Error(&["JSON", "HTML"]),
    ),
    scenario(
        "empty-answer",
        "",
        |_| rss_reply(""),
        Expect::Error(&["empty"]),
    ),
    scenario(
        "not-found",
        "",
        |_| Reply::status(404),
        Expect::Error(&["not found (404)"]),
    ),
    scenario(
        "unavailable",
        "",
        |_| Reply::status(503).header("retry-after", "120"),
        Expect::Error(&["unavailable for now (503)"]),
    ),
];

/// Serves every scenario and the neighbour.
pub fn mount(upstream: &Upstream) {
    for scenario in SCENARIOS {
        upstream.route(&path(scenario.name), (scenario.reply)(upstream));
    }
    upstream.route(
        &path(NEIGHBOUR),
        rss_reply(feed(NEIGHBOUR, NEIGHBOUR_ITEMS)).with_etag(),
    );
}

/// The `edgefold.toml` of a site with every scenario and the neighbour last. All are asked in one run.
#[must_use]
pub fn config(base_url: &str) -> String {
    let mut toml = format!(
        "[site]\ntitle = \"Hostile\"\n[limits]\nconcurrency = {CONCURRENCY}\nrequests_per_run = 100\nitems_per_source = {ITEMS_PER_SOURCE}\nbody = \"5MiB\"\n"
    );
    let neighbour = (NEIGHBOUR, "");
    for (name, lines) in SCENARIOS
        .iter()
        .map(|s| (s.name, s.toml))
        .chain([neighbour])
    {
        let url = format!("{base_url}{}", path(name));
        let _ = write!(
            toml,
            "[[source]]\nid = \"{name}\"\nurl = \"{url}\"\ncategory = \"hostile\"\n{lines}\n"
        );
    }
    toml
}

/// What is not as it should be, one line each. `sources`: the list of `GET /api/sources`; `items`: all items of the site, from
/// `GET /api/items`.
#[must_use]
pub fn mismatches(sources: &[Value], items: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let neighbour = Expect::Items(NEIGHBOUR_ITEMS, NEIGHBOUR_ITEMS);
    let rows = SCENARIOS
        .iter()
        .map(|scenario| (scenario.name, scenario.expect));
    for (name, expect) in rows.chain([(NEIGHBOUR, neighbour)]) {
        let Some(source) = sources.iter().find(|source| source["id"] == name) else {
            found.push(format!("{name}: the site does not list this source"));
            continue;
        };
        let own = items.iter().filter(|item| item["source"] == name).count();
        let error = source["error"].as_str().unwrap_or_default();
        let failing = source["status"] == "failing";
        if failing == error.is_empty() || error.chars().count() > 300 {
            found.push(format!(
                "{name}: status {} with the error {error:?}",
                source["status"]
            ));
        }
        match expect {
            Expect::Error(words) if !failing || !words.iter().any(|word| error.contains(word)) => {
                found.push(format!(
                    "{name}: expected an error with one of {words:?}, got {error:?} and {own} items"
                ));
            }
            Expect::Items(min, max) if failing || !(min..=max).contains(&own) => {
                found.push(format!(
                    "{name}: expected {min} to {max} items, got {own} and the error {error:?}"
                ));
            }
            Expect::Bounded if own > ITEMS_PER_SOURCE || (!failing && own == 0) => {
                found.push(format!("{name}: {own} items and the error {error:?}"));
            }
            _ => {}
        }
    }
    let long = items
        .iter()
        .filter(|item| item.to_string().len() > 8 * 1024)
        .count();
    if long > 0 {
        found.push(format!("{long} items of more than 8 KiB"));
    }
    found
}

fn path(name: &str) -> String {
    format!("/hostile/{name}")
}

/// A valid RSS feed with `items` items that belong to `name`.
#[must_use]
pub fn feed(name: &str, items: usize) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel><title>{name}</title><link>https://{name}.example/</link><description>d</description>\n"
    );
    for n in 0..items {
        let _ = writeln!(
            xml,
            "<item><title>Story {n} of {name}</title><link>https://{name}.example/{n}</link><guid isPermaLink=\"false\">{name}-{n}</guid><pubDate>Fri, 20 Nov 2026 10:{:02}:00 GMT</pubDate><description>Number {n}</description></item>",
            n % 60,
        );
    }
    xml + "</channel></rss>\n"
}

fn entity_bomb() -> String {
    let mut dtd = String::from("<?xml version=\"1.0\"?>\n<!DOCTYPE rss [\n<!ENTITY a0 \"lol\">\n");
    for level in 1..12 {
        let inner = format!("&a{};", level - 1).repeat(10);
        let _ = writeln!(dtd, "<!ENTITY a{level} \"{inner}\">");
    }
    let body = feed("entity-bomb", 2).replace("<?xml version=\"1.0\"?>\n", "");
    dtd + "]>\n" + &body.replace("Story", "&a11; Story")
}

fn hundred_thousand() -> String {
    let mut xml = String::from("<rss version=\"2.0\"><channel><title>Many</title>");
    for n in 0..100_000 {
        let _ = write!(xml, "<item><title>{n}</title><guid>{n}</guid></item>");
    }
    xml + "</channel></rss>"
}
