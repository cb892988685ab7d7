//! Believable feeds of every kind that change as one watches: new items, edited titles, an upstream that fails now and then.
//!
//! All of it is invented, and a pure function of seed and time: two servers with the same seed and clock answer alike, and a
//! test can ask what was there at any moment.

mod art;
mod direct;
mod json;
mod stories;
mod timeline;
mod voices;
mod words;
mod xml;

use std::fmt::Write as _;

use edgefold::time::Timestamp;

pub use self::direct::Direct;
use self::voices::{Format, VOICES, Voice};
use super::{Reply, Upstream};

/// What one source holds at a moment: the truth that a test compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The source's id in [`config`].
    pub source: &'static str,
    /// Where [`mount`] serves it.
    pub path: &'static str,
    /// Whether it answers with 503 at that moment.
    pub down: bool,
    /// Numbers of the stories listed, newest first. A number keeps its story for ever.
    pub numbers: Vec<u64>,
}

/// Serves all sources on `upstream`. `now` is asked at each request.
pub fn mount(
    upstream: &Upstream,
    seed: u64,
    now: impl Fn() -> Timestamp + Clone + Send + Sync + 'static,
) {
    let base = upstream.base_url();
    for voice in &VOICES {
        let (base, now) = (base.clone(), now.clone());
        upstream.respond(voice.path, move |_| reply(voice, seed, now(), &base));
    }
    upstream.respond("/art/", |asked| art::picture(asked.path()));
}

/// The answer of source `id` at `now`; 404 where there is none of that name.
#[must_use]
pub fn answer(id: &str, seed: u64, now: Timestamp, base_url: &str) -> Reply {
    let voice = VOICES.iter().find(|voice| voice.id == id);
    voice.map_or_else(
        || Reply::status(404),
        |voice| reply(voice, seed, now, base_url),
    )
}

/// What every source holds at `now`.
#[must_use]
pub fn listings(seed: u64, now: Timestamp) -> Vec<Listing> {
    let listing = |voice: &Voice| Listing {
        source: voice.id,
        path: voice.path,
        down: timeline::is_down(voice, seed, now),
        numbers: timeline::stories(voice, seed, now)
            .iter()
            .map(|story| story.number)
            .collect(),
    };
    VOICES.iter().map(listing).collect()
}

fn reply(voice: &Voice, seed: u64, now: Timestamp, base: &str) -> Reply {
    if timeline::is_down(voice, seed, now) {
        return Reply::status(503).header("retry-after", "30");
    }
    let stories = timeline::stories(voice, seed, now);
    let (media_type, body) = match voice.format {
        Format::Rss20 => (
            "application/rss+xml; charset=utf-8",
            xml::rss20(voice, &stories, base),
        ),
        Format::Rss10 => ("application/rdf+xml", xml::rss10(voice, &stories)),
        Format::Rss091 => ("text/xml", xml::rss091(voice, &stories)),
        Format::Atom10 => ("application/atom+xml", xml::atom10(voice, &stories, base)),
        Format::Atom03 => ("application/xml", xml::atom03(voice, &stories)),
        Format::JsonFeed => (
            "application/feed+json",
            json::feed(voice, &stories, base).to_string(),
        ),
        Format::Packages => ("application/json", json::packages(&stories).to_string()),
        Format::Quakes => (
            "application/geo+json",
            json::quakes(voice, seed, &stories).to_string(),
        ),
        Format::Prices => (
            "application/json",
            json::prices(voice, seed, &stories).to_string(),
        ),
    };
    let reply = Reply::document(media_type, body);
    // As in life: most have validators, one has none, some compress.
    match voice.format {
        Format::Rss091 => reply,
        Format::Atom03 => reply.header("last-modified", &xml::http_date(changed(&stories))),
        Format::Rss20 | Format::Packages => reply.with_etag().gzipped(),
        _ => reply.with_etag(),
    }
}

fn changed(stories: &[timeline::Story]) -> Timestamp {
    stories
        .iter()
        .map(|story| story.updated)
        .max()
        .unwrap_or_default()
}

/// The `edgefold.toml` for all sources on a server at `base_url`. Whatever runs it must allow loopback addresses.
#[must_use]
pub fn config(base_url: &str) -> String {
    let mut toml = String::from(
        r#"# A hub of invented sources on this machine; they change as you watch.

[site]
title = "The Halden Hub"
description = "Models, releases, incidents, earthquakes and prices from twelve sources, folded into one page."
page_items = 30

[budget]
writes_per_day = 5000

[limits]
timeout = "5s"

"#,
    );
    for voice in &VOICES {
        let kind = match voice.format {
            Format::Packages | Format::Quakes | Format::Prices => "json",
            _ => "feed",
        };
        let _ = write!(
            toml,
            "[[source]]\nid = \"{}\"\ntitle = \"{}\"\nurl = \"{base_url}{}\"\nkind = \"{kind}\"\ncategory = \"{}\"\ntags = {:?}\nevery = \"1m\"\n",
            voice.id, voice.title, voice.path, voice.category, voice.tags,
        );
        toml.push_str(mapping(voice.format));
        toml.push('\n');
    }
    toml + r#"[[view]]
id = "urgent"
title = "Urgent"
categories = ["status", "earth", "releases"]
include = ["security", "red warning", "orange warning", "elevated error", "failed deployments", "M 5", "M 6", "M 7"]

[[view]]
id = "reading"
title = "Long reads"
categories = ["ai", "science"]
mute = ["raises", "v2"]
"#
}

fn mapping(format: Format) -> &'static str {
    match format {
        Format::Packages => {
            r#"
[source.map]
items = "$.updates[*]"
title = "$.headline"
url = "$.links.web"
id = "$.uid"
published = "$.released_ms" # unix milliseconds
author = "$.maintainer.handle"
summary = "$.changes"
tags = "$.keywords[*]"
"#
        }
        Format::Quakes => {
            r#"
[source.map]
items = "$.features[?@.properties.mag >= 2.5]"
title = "$.properties.title"
url = "$.properties.url"
id = "$.id"
published = "$.properties.time" # unix milliseconds
updated = "$.properties.updated"
summary = "$.properties.detail"
tags = "$.properties.alert"
"#
        }
        Format::Prices => {
            r#"
[source.map]
items = "$.data.ticks[*]"
title = "$.label"
url = "$.instrument.href"
id = "$.seq"
published = "$.ts" # unix seconds
summary = "$.note"
tags = "$.instrument.group"
"#
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests;
