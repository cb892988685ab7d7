//! The routes of what crawlers are told, spliced into the table.

use super::answers::{BAD_QUERY, NO_HOST, UNAVAILABLE, content, problem};
use super::parameters::{INDEX, PART};
use super::{Action, Operation, Verb};
use crate::serve::crawlers::{TEXT, XML};
use crate::serve::policy::Class;

pub(super) static SITEMAP: [Operation; 1] = [Operation {
    verb: Verb::Get,
    cache: Class::Api,
    action: Action::Sitemap,
    id: "getSitemap",
    summary: "The pages of views, sources and all items, for search engines",
    parameters: &[PART, INDEX],
    answers: &[
        content(
            XML,
            "Without `part` a sitemap index, protocol 0.9, of the parts; with it the addresses of one. `/robots.txt` names every index.",
        ),
        NO_HOST,
        problem(
            404,
            "No such part or index (any more): the present ones are in `/sitemap.xml` and `/robots.txt`.",
        ),
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
