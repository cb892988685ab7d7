//! The routes of feeds out, spliced into the table.

use super::answers::{
    BAD_CONFIGURATION, CURSOR_GONE, NO_HOST, UNAVAILABLE, UNKNOWN_SELECTION, content,
};
use super::parameters::{CATEGORY, CURSOR, LIMIT, SOURCE, SUBSCRIBED};
use super::{Action, Answer, Operation, Verb};
use crate::serve::feeds::OPML;
use crate::serve::policy::Class;
use crate::syndicate::Format;

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
