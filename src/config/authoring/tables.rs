//! The one table of everything that can be written in `edgefold.toml`. The checker, the JSON Schema and the
//! tables of the documentation are all driven by it: a key that is not in it does not exist. What has a file of its own here has its
//! part of the table there.

use super::alerting::ALERTS;
use super::caching::CACHE;
use super::keys::{Default, Key, Kind, PROXIES_MAX, SOURCES_MAX, Table, VIEWS_MAX};
use super::proxies::PROXY;
use super::sources::SOURCE;
use super::tenants::TENANT;
use super::views::VIEW;
use crate::slice::PAGE_ITEMS_MAX;
use crate::tenant::TENANTS_MAX;

pub(super) const fn key(
    name: &'static str,
    kind: Kind,
    default: Default,
    doc: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        doc,
    }
}

// What several tables have.

/// `url`
pub(super) const URL: Key = key(
    "url",
    Kind::Url,
    Default::Required,
    "Where it is fetched: an absolute http or https address.",
);

/// `include`
pub(super) const INCLUDE: Key = key(
    "include",
    Kind::Words,
    Default::Derived,
    "Only items that contain one of these in title, summary or tags, in upper or lower case.",
);

/// `mute`
pub(super) const MUTE: Key = key(
    "mute",
    Kind::Words,
    Default::Derived,
    "Leaves out items that contain one of these in title, summary or tags, in upper or lower case.",
);

/// The file.
pub(super) static FILE: Table = Table {
    path: "",
    doc: "What an edgefold site shows and how it fetches it.",
    keys: &[
        key("site", Kind::Table(&SITE), Default::Derived, SITE.doc),
        key("budget", Kind::Table(&BUDGET), Default::Derived, BUDGET.doc),
        key("limits", Kind::Table(&LIMITS), Default::Derived, LIMITS.doc),
        key(
            "retention",
            Kind::Table(&RETENTION),
            Default::Derived,
            RETENTION.doc,
        ),
        key("cache", Kind::Table(&CACHE), Default::Derived, CACHE.doc),
        key("alerts", Kind::Table(&ALERTS), Default::Derived, ALERTS.doc),
        key(
            "source",
            Kind::Tables(&SOURCE, SOURCES_MAX),
            Default::Required,
            SOURCE.doc,
        ),
        key(
            "proxy",
            Kind::Tables(&PROXY, PROXIES_MAX),
            Default::Derived,
            PROXY.doc,
        ),
        key(
            "view",
            Kind::Tables(&VIEW, VIEWS_MAX),
            Default::Derived,
            VIEW.doc,
        ),
        key(
            "tenant",
            Kind::Tables(&TENANT, TENANTS_MAX),
            Default::Derived,
            TENANT.doc,
        ),
    ],
};

pub(super) static SITE: Table = Table {
    path: "site",
    doc: "What the site calls itself.",
    keys: &[
        key(
            "title",
            Kind::Text(100),
            Default::Text("edgefold"),
            "The heading of the page.",
        ),
        key(
            "description",
            Kind::Text(300),
            Default::Derived,
            "One sentence below the heading.",
        ),
        key(
            "language",
            Kind::Language,
            Default::Text("en"),
            "The language of the page as a BCP 47 tag.",
        ),
        key(
            "url",
            Kind::Url,
            Default::Derived,
            "Where the site is reached, without query and fragment. Feeds, OPML and the sitemap begin their addresses with it; without it with the request's host. Pages need none.",
        ),
        key(
            "page_items",
            Kind::Integer(1, PAGE_ITEMS_MAX as u64),
            Default::Number(30),
            "Items on a page.",
        ),
    ],
};

pub(super) static BUDGET: Table = Table {
    path: "budget",
    doc: "What the platform allows a day.",
    keys: &[
        key(
            "writes_per_day",
            Kind::Integer(24, 10_000_000),
            Default::Number(1000),
            "Key-value writes per UTC day. They are spread over the day and never exceeded.",
        ),
        key(
            "reads_per_day",
            Kind::Integer(1, 10_000_000_000),
            Default::Derived,
            "Key-value reads per UTC day, where the platform counts them. For the report: nothing is refused.",
        ),
        key(
            "requests_per_day",
            Kind::Integer(1, 10_000_000_000),
            Default::Derived,
            "Requests to sources per UTC day, where the platform counts them. For the report: nothing is refused.",
        ),
        key(
            "engagement_every",
            Kind::Duration(60, 86_400),
            Default::Text("1h"),
            "Points and comments are stored at most this often, and with at most an eighth of `writes_per_day`.",
        ),
        key(
            "cache_writes_per_day",
            Kind::Integer(2, 9_000_000),
            Default::Derived,
            "How many of `writes_per_day` are for the answers of `[[proxy]]` and for purges; cycles have the rest. Without it a tenth, or a hundredth where there is no `[[proxy]]`.",
        ),
    ],
};

pub(super) static RETENTION: Table = Table {
    path: "retention",
    doc: "How much history is kept; everything where this is not written. Older items leave in groups of up to 250.",
    keys: &[
        key(
            "items",
            Kind::Integer(100, 100_000_000),
            Default::Derived,
            "The newest items of the site that are kept at least.",
        ),
        key(
            "days",
            Kind::Integer(1, 36_500),
            Default::Derived,
            "Items are kept at least this long. With `items` too, what either gives up leaves.",
        ),
    ],
};

pub(super) static LIMITS: Table = Table {
    path: "limits",
    doc: "What one run, and one source in it, may take.",
    keys: &[
        key(
            "concurrency",
            Kind::Integer(1, 64),
            Default::Number(6),
            "Requests to sources under way at once.",
        ),
        key(
            "requests_per_run",
            Kind::Integer(1, 1000),
            Default::Number(25),
            "Requests to sources in one run, redirects included. The next run goes on with what is left. Platforms allow 32 to 50, trial accounts 10.",
        ),
        key(
            "run_time",
            Kind::Duration(1, 600),
            Default::Text("20s"),
            "How long one run asks sources. Then it publishes what it has, and the next run goes on with what is left. Platforms stop a run after 30 seconds to 2 minutes.",
        ),
        key(
            "timeout",
            Kind::Duration(1, 60),
            Default::Text("10s"),
            "How long one source may take, redirects included.",
        ),
        key(
            "body",
            Kind::Size(1024, 16 * 1024 * 1024),
            Default::Text("5MiB"),
            "How large one source's answer may be, before and after decompression.",
        ),
        key(
            "items_per_source",
            Kind::Integer(1, 10_000),
            Default::Number(500),
            "Items taken from one answer; the newest win, and the source shows how many were left out.",
        ),
        key(
            "redirects",
            Kind::Integer(0, 10),
            Default::Number(5),
            "Redirects followed for one source.",
        ),
    ],
};
