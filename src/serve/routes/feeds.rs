//! The routes of feeds out, spliced into the table.

use super::answers::{
    BAD_CONFIGURATION, BAD_QUERY, CURSOR_GONE, UNAVAILABLE, UNKNOWN_SELECTION, problem,
};
use super::parameters::{CATEGORY, CURSOR, LIMIT, SOURCE, SUBSCRIBED};
use super::{Action, Answer, Operation, Verb};
use crate::serve::feeds::{OPML, TEXT, XML};
use crate::serve::policy::Class;
use crate::syndicate::Format;

const NO_HOST: Answer = problem(
    400,
    "A bad query parameter; or no usable `Host`, where the configuration has no `[site] url`.",
);

const fn content(media_type: &'static str, description: &'static str) -> Answer {
    Answer {
        status: 200,
        media_type,
        schema: "",
        description,
    }
}

const fn answers(format: Format) -> [Answer; 5] {
    [
        content(
            format.media_type(),
            "One page of the list or search, newest first, with a link to the next. Before the first publish it is empty.",
        ),
        NO_HOST,
        UNKNOWN_SELECTION,
        CURSOR_GONE,
        UNAVAILABLE,
    ]
}

static RSS_ANSWERS: [Answer; 5] = answers(Format::Rss);
static ATOM_ANSWERS: [Answer; 5] = answers(Format::Atom);
static JSON_ANSWERS: [Answer; 5] = answers(Format::JsonFeed);

const fn feed(
    format: Format,
    id: &'static str,
    summary: &'static str,
    answers: &'static [Answer],
) -> [Operation; 1] {
    [Operation {
        verb: Verb::Get,
        cache: Class::Api,
        action: Action::Feed(format),
        id,
        summary,
        parameters: &[SUBSCRIBED, CATEGORY, SOURCE, CURSOR, LIMIT],
        answers,
    }]
}

pub(super) static RSS: [Operation; 1] =
    feed(Format::Rss, "getRssFeed", "Items as RSS 2.0", &RSS_ANSWERS);
pub(super) static RSS_TOO: [Operation; 1] = feed(
    Format::Rss,
    "getRssFeedToo",
    "The same as `/feed.xml`, for those who guess this address",
    &RSS_ANSWERS,
);
pub(super) static ATOM: [Operation; 1] = feed(
    Format::Atom,
    "getAtomFeed",
    "Items as Atom (RFC 4287)",
    &ATOM_ANSWERS,
);
pub(super) static JSON_FEED: [Operation; 1] = feed(
    Format::JsonFeed,
    "getJsonFeed",
    "Items as JSON Feed 1.1",
    &JSON_ANSWERS,
);

pub(super) static OUTLINES: [Operation; 1] = [Operation {
    verb: Verb::Get,
    cache: Class::Api,
    action: Action::Opml,
    id: "getSourcesOpml",
    summary: "The sources as OPML 2.0, to be imported by another reader",
    parameters: &[],
    answers: &[
        content(
            OPML,
            "Where a source is no feed, or its address may be a secret, that of its feed on this site stands in its place.",
        ),
        NO_HOST,
        BAD_CONFIGURATION,
        UNAVAILABLE,
    ],
}];

pub(super) static SITEMAP: [Operation; 1] = [Operation {
    verb: Verb::Get,
    cache: Class::Api,
    action: Action::Sitemap,
    id: "getSitemap",
    summary: "The pages of views, sources and the newest items, for search engines",
    parameters: &[],
    answers: &[
        content(XML, "A sitemap, protocol 0.9."),
        NO_HOST,
        UNAVAILABLE,
    ],
}];

pub(super) static ROBOTS: [Operation; 1] = [Operation {
    verb: Verb::Get,
    cache: Class::Api,
    action: Action::Robots,
    id: "getRobots",
    summary: "What crawlers may ask for (RFC 9309)",
    parameters: &[],
    answers: &[
        content(TEXT, "Pages, but not the API and the admin routes."),
        BAD_QUERY,
        UNAVAILABLE,
    ],
}];
