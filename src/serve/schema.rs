//! The schemas of `/openapi.json` (JSON Schema 2020-12), each with an example.

use serde_json::{Value, json};

use crate::cache::PURGE_NAMES_MAX;
use crate::item::{AUTHOR_CHARS_MAX, SUMMARY_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, TITLE_CHARS_MAX};
use crate::search::QUERY_CHARS_MAX;
use crate::slice::{ENGAGEMENT_ITEMS_MAX, ID_CHARS, PAGE_ITEMS_MAX};

/// Ids of the configuration.
const NAME_PATTERN: &str = "^[a-z0-9-]+$";

/// The schema of a parameter.
pub(super) fn parameter(name: &str) -> Value {
    match name {
        "limit" => json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ITEMS_MAX }),
        "all" => json!({ "type": "string", "enum": ["1"] }),
        "round" => json!({ "type": "string", "pattern": "^(new|[0-9a-f]+-[0-9a-f]+-[0-9a-f]*)$" }),
        "category" | "source" => json!({ "type": "string", "pattern": NAME_PATTERN }),
        // The page takes an empty one, which an empty form sends, for none.
        "q" => json!({ "type": "string", "maxLength": QUERY_CHARS_MAX }),
        _ => json!({ "type": "string", "minLength": 1 }),
    }
}

/// All named schemas.
pub(super) fn schemas() -> Value {
    json!({
        "Item": item(),
        "Hit": hit(),
        "ItemPage": page(),
        "Source": source(),
        "SourceList": list("sources", "Source", &example_source()),
        "View": view(),
        "ViewList": list("views", "View", &example_view()),
        "Engagement": engagement(),
        "Health": health(),
        "Report": report(),
        "Status": status(),
        "Purge": purge(),
        "Purged": purged(),
        "Problem": problem(),
    })
}

fn example_item() -> Value {
    json!({
        "id": "8000019aa59b80400000000000000001",
        "title": "A title",
        "url": "https://example.org/a",
        "source": "kernel-news",
        "category": "linux",
        "tags": ["kernel"],
        "author": null,
        "published": "2026-11-21T08:39:00Z",
        "updated": null,
        "summary": "What it is about.",
        "image": null,
    })
}

fn item() -> Value {
    object(
        &json!({
            "id": {
                "type": "string", "minLength": ID_CHARS, "maxLength": ID_CHARS,
                "description": "Stable for the item's life; URL-safe.",
            },
            "title": { "type": "string", "minLength": 1, "maxLength": TITLE_CHARS_MAX },
            "url": address("Where the item leads, if anywhere."),
            "source": name("The id of its source."),
            "category": name("The category of its source."),
            "tags": {
                "type": "array", "maxItems": TAGS_MAX,
                "items": { "type": "string", "maxLength": TAG_CHARS_MAX },
            },
            "author": { "type": ["string", "null"], "maxLength": AUTHOR_CHARS_MAX },
            "published": time("Never in the future; the time of first sight where the source gives none."),
            "updated": maybe_time("When its source says that it was changed."),
            "summary": { "type": "string", "maxLength": SUMMARY_CHARS_MAX, "description": "Plain text." },
            "image": address("A picture."),
        }),
        &example_item(),
    )
}

fn example_hit() -> Value {
    json!({
        "id": "8000019aa59b80400000000000000001",
        "title": "A title",
        "url": "https://example.org/a",
        "source": "kernel-news",
        "category": "linux",
        "published": "2026-11-21T08:39:00Z",
    })
}

fn hit() -> Value {
    object(
        &json!({
            "id": {
                "type": "string", "minLength": ID_CHARS, "maxLength": ID_CHARS,
                "description": "As in `/api/items/{id}`, which has the whole item.",
            },
            "title": { "type": "string", "minLength": 1, "maxLength": TITLE_CHARS_MAX },
            "url": address("Where the item leads, if anywhere."),
            "source": name("The id of its source."),
            "category": name("The category of its source."),
            "published": time("As of the item."),
        }),
        &example_hit(),
    )
}

fn page() -> Value {
    object_but(
        &["lost", "searched_to", "total_is"],
        &json!({
            "items": {
                "type": "array", "maxItems": PAGE_ITEMS_MAX,
                "items": { "anyOf": [
                    { "$ref": "#/components/schemas/Item" },
                    { "$ref": "#/components/schemas/Hit" },
                ] },
                "description": "Whole items; with `q`, results.",
            },
            "next": {
                "type": ["string", "null"],
                "description": "The `cursor` of the next page, if there is one.",
            },
            "total": count("Items on all pages; with `q` counted up to 10,000."),
            "total_is": {
                "type": "string", "enum": ["exact", "at_least"],
                "description": "With `q`: `at_least` where there are more than `total`.",
            },
            "searched_to": maybe_time("With `q`: what is older was not looked at, or not all of it (yet); null where all of the history was."),
            "lost": count("Items passed over here because the store has lost them or they are damaged; with `source`, those of others beside them too."),
            "generation": generation(),
            "updated": maybe_time("When this was published; null before the first time."),
        }),
        &json!({
            "items": [example_item()], "next": null, "total": 1, "generation": 7,
            "updated": "2026-11-21T08:40:00Z",
        }),
    )
}

fn example_source() -> Value {
    json!({
        "id": "kernel-news",
        "title": "Kernel news",
        "link": "https://example.org/",
        "category": "linux",
        "status": "failing",
        "error": "It answered 503.",
        "notes": [],
        "since": "2026-11-21T08:00:00Z",
        "changed": "2026-11-20T19:05:00Z",
        "items": 42,
    })
}

fn source() -> Value {
    object(
        &json!({
            "id": name("As in `source=`."),
            "title": { "type": "string" },
            "link": { "type": "string", "description": "The site it belongs to, or the feed's own address." },
            "category": name("Its category."),
            "status": { "type": "string", "enum": ["new", "ok", "failing"], "description": "`new`: never asked." },
            "error": { "type": ["string", "null"], "description": "One sentence, where failing." },
            "notes": {
                "type": "array", "items": { "type": "string" },
                "description": "What was mended or left out at the last reading.",
            },
            "since": maybe_time("Since when it has this status."),
            "changed": maybe_time("When it last brought something new."),
            "items": count("Items of it that are published."),
        }),
        &example_source(),
    )
}

fn example_view() -> Value {
    json!({ "id": "linux", "title": "Linux", "items": 128 })
}

fn view() -> Value {
    object(
        &json!({
            "id": name("As in `category=`."),
            "title": { "type": "string" },
            "items": count("All its items."),
        }),
        &example_view(),
    )
}

fn list(member: &str, schema: &str, example: &Value) -> Value {
    object(
        &json!({
            member: {
                "type": "array",
                "items": { "$ref": format!("#/components/schemas/{schema}") },
            },
            "generation": generation(),
            "updated": maybe_time("When this was published; null before the first time."),
        }),
        &json!({ member: [example], "generation": 7, "updated": "2026-11-21T08:40:00Z" }),
    )
}

fn engagement() -> Value {
    let number = |description: &str| json!({ "type": "integer", "description": description });
    let counts = json!({
        "type": "object",
        "properties": {
            "points": number("Votes, likes, stars; may be negative."),
            "comments": number("Comments."),
        },
        "additionalProperties": false,
    });
    object(
        &json!({
            "items": {
                "type": "object",
                "maxProperties": ENGAGEMENT_ITEMS_MAX,
                "additionalProperties": counts,
                "description": "By item id; those that are known.",
            },
            "updated": maybe_time("When they were stored; null before the first time."),
        }),
        &json!({
            "items": { "8000019aa59b80400000000000000001": { "points": 128, "comments": 31 } },
            "updated": "2026-11-21T08:40:00Z",
        }),
    )
}

fn health() -> Value {
    object(
        &json!({
            "status": { "type": "string", "enum": ["ok", "starting"] },
            "generation": generation(),
            "updated": maybe_time("When the last change was published."),
            "age_s": { "type": ["integer", "null"], "minimum": 0, "description": "Seconds since then." },
        }),
        &json!({ "status": "ok", "generation": 7, "updated": "2026-11-21T08:40:00Z", "age_s": 44 }),
    )
}

fn purge() -> Value {
    let names = |of: &str| {
        json!({
            "type": "array", "maxItems": PURGE_NAMES_MAX, "items": { "type": "string" },
            "description": of,
        })
    };
    object_but(
        &["keys", "tags", "all"],
        &json!({
            "keys": names("Ids of proxies and sources."),
            "tags": names("Tags of proxies and sources."),
            "all": { "type": "boolean", "description": "Everything." },
        }),
        &json!({ "keys": ["prices"], "tags": ["shop"] }),
    )
}

fn purged() -> Value {
    let ids = |of: &str| json!({ "type": "array", "items": name("An id."), "description": of });
    object(
        &json!({
            "proxies": ids("Proxies whose stored answers are not served any more."),
            "sources": ids("Sources that the next cycle asks for their whole documents."),
            "purged": time("What was asked for before this is void."),
            "writes_left": count("Writes of cached answers and purges that the day has left."),
        }),
        &json!({
            "proxies": ["prices"], "sources": [], "purged": "2026-11-21T08:40:00Z", "writes_left": 97,
        }),
    )
}

fn report() -> Value {
    let run = json!({
        "type": "object",
        "required": ["id", "outcome", "entries"],
        "properties": {
            "id": name("The source."),
            "outcome": { "type": "string", "enum": ["fresh", "unchanged", "failed"] },
            "entries": count("Entries read from its answer."),
            "error": { "type": "string", "description": "One sentence, where failed." },
        },
    });
    object_but(
        &["alerts", "engagement", "notes", "round"],
        &json!({
            "notes": {
                "type": "array", "items": { "type": "string" },
                "description": "What somebody should look at.",
            },
            "outcome": { "type": "string", "enum": ["published", "unchanged", "conflict", "deferred"] },
            "generation": generation(),
            "added": count("Items not seen before."),
            "changed": count("Items that changed in place."),
            "sources": { "type": "array", "items": run },
            "left": count("Due sources left for the next run."),
            "round": {
                "type": "string",
                "description": "Where sources are left: pass it on as `round=`, and the next run goes on after this one.",
            },
            "next_due": maybe_time("When the next source is due."),
            "requests": count("Requests sent to sources."),
            "engagement": {
                "type": "string", "enum": ["stored", "unchanged", "waiting"],
                "description": "What became of points and comments, where sources of this run have some.",
            },
            "alerts": object(
                &json!({
                    "sent": count("Confirmed by the receiver."),
                    "failed": count("Not confirmed; sent again later."),
                    "waiting": count("To be sent, now or later; those that failed are among them."),
                }),
                &json!({ "sent": 1, "failed": 0, "waiting": 0 }),
            ),
            "today": today(),
            "kv": {
                "type": "object",
                "required": ["reads", "writes", "deletes", "bytes_written"],
                "properties": {
                    "reads": count("Keys read."),
                    "writes": count("Keys written."),
                    "deletes": count("Keys deleted."),
                    "bytes_written": count("Bytes of the values written."),
                },
            },
        }),
        &json!({
            "outcome": "published", "generation": 8, "added": 3, "changed": 0,
            "sources": [{ "id": "kernel-news", "outcome": "fresh", "entries": 20 }],
            "left": 0, "next_due": "2026-11-21T09:10:00Z", "requests": 1,
            "today": example_today(),
            "kv": { "reads": 3, "writes": 1, "deletes": 0, "bytes_written": 41_216 },
        }),
    )
}

fn example_today() -> Value {
    json!({ "writes": 12, "reads": 51, "requests": 170 })
}

fn today() -> Value {
    object(
        &json!({
            "writes": count("Store writes of the current UTC day, as far as known; never too few."),
            "reads": count("Store reads by cycles, at least: runs that write nothing are not remembered."),
            "requests": count("Requests to sources, at least."),
        }),
        &example_today(),
    )
}

fn status() -> Value {
    object_but(
        &["alerts", "config_problem", "paced_s", "notes"],
        &json!({
            "tenant": name("Whose status this is: `main` where no tenants are declared."),
            "config": {
                "type": "string", "enum": ["variable", "store", "baked-in"],
                "description": "Where the configuration in force came from.",
            },
            "config_problem": { "type": "string", "description": "An override that could not be used." },
            "generation": generation(),
            "updated": maybe_time("When this was published."),
            "head_bytes": count("Size of the published head."),
            "head_items": count("Items that the head holds itself."),
            "state_saved": maybe_time("When the state was stored last."),
            "remembered": count("Sealed items that de-duplication remembers."),
            "writes_today": count("Store writes of the current UTC day; those of cached answers are counted in `cache`."),
            "today": today(),
            "expected": object(
                &json!({
                    "runs": count("Runs of cycles."),
                    "reads": count("Store reads, at least."),
                    "requests": count("Requests to sources, without redirects."),
                }),
                &json!({ "runs": 48, "reads": 144, "requests": 480 }),
            ),
            "writes_left": count("What is left of the cycles' share of the day's budget."),
            "paced_s": count("Seconds between two publishes where the rest of the day's budget runs short."),
            "to_delete": count("Stored values that nothing names any more and that are to be deleted."),
            "notes": {
                "type": "array", "items": { "type": "string" },
                "description": "What the store can't promise, or a rhythm over the budget.",
            },
            "cache": status_cache(),
            "alerts": status_alerts(),
            "store": object(
                &json!({
                    "swap": { "type": "boolean", "description": "Atomic compare-and-swap." },
                    "ttl": { "type": "boolean", "description": "Expires values by itself." },
                    "list": { "type": "boolean", "description": "Lists keys." },
                    "batch": { "type": "boolean", "description": "Batches are one round trip." },
                    "staleness_ms": { "type": ["integer", "null"], "minimum": 0, "description": "Milliseconds by which a read may be behind; null where the store gives no bound." },
                    "increment": { "type": "boolean", "description": "Atomic counters: claims where there is no compare-and-swap." },
                }),
                &json!({ "swap": true, "ttl": false, "list": true, "batch": true, "increment": true }),
            ),
            "views": { "type": "array", "items": status_view() },
            "sources": { "type": "array", "items": status_source() },
        }),
        &json!({
            "tenant": "main", "config": "baked-in", "generation": 7, "updated": "2026-11-21T08:40:00Z", "head_bytes": 41_216,
            "head_items": 60, "state_saved": "2026-11-21T08:00:00Z", "remembered": 400, "writes_today": 12,
            "today": example_today(), "expected": { "runs": 48, "reads": 144, "requests": 480 },
            "writes_left": 988, "to_delete": 3, "cache": { "writes_today": 4, "writes_left": 96, "proxies": [] },
            "store": { "swap": true, "ttl": false, "list": true, "batch": true, "increment": true, "staleness_ms": 0 },
            "views": [], "sources": [],
        }),
    )
}

fn status_cache() -> Value {
    let proxy = object_but(
        &["retry_at"],
        &json!({
            "id": name("As in `/api/proxy/{id}`."),
            "claimed": maybe_time("When somebody set out to refresh it last."),
            "failures": count("Refreshes in a row that brought nothing, as far as was stored."),
            "retry_at": time("The upstream fails and is not asked before this."),
        }),
        &json!({ "id": "prices", "claimed": "2026-11-21T08:40:00Z", "failures": 0 }),
    );
    object_but(
        &["paced_s", "purged"],
        &json!({
            "writes_today": count("Writes of answers and purges of the current UTC day."),
            "writes_left": count("What is left of their share."),
            "paced_s": count("Seconds between two refreshes of one proxy where the rest of the share runs short."),
            "purged": time("When something was purged last."),
            "proxies": { "type": "array", "items": proxy },
        }),
        &json!({ "writes_today": 4, "writes_left": 96, "proxies": [] }),
    )
}

fn status_alerts() -> Value {
    let incident = object_but(
        &["source", "until"],
        &json!({
            "kind": {
                "type": "string", "enum": ["all-sources-failing", "cycles-missed", "budget-short", "source-failing"],
            },
            "source": name("The source that fails."),
            "since": time("When it began."),
            "until": time("When it was over. It is listed until somebody was told."),
            "missed": count("Cycles that were missed, at least."),
            "told": { "type": "boolean", "description": "The webhook has confirmed that it began." },
            "attempts": count("How often the alert that is due was sent without being confirmed."),
            "next": time("It is not sent before this."),
        }),
        &json!({
            "kind": "source-failing", "source": "kernel-news", "since": "2026-11-21T06:10:00Z", "missed": 0, "told": true,
            "attempts": 0, "next": "2026-11-21T09:10:00Z",
        }),
    );
    let gap = object(
        &json!({
            "from": time("The last trace of a cycle before it."),
            "until": time("The cycle that ended it."),
            "missed": count("Cycles that should have begun in it, at least."),
        }),
        &json!({ "from": "2026-11-21T02:00:00Z", "until": "2026-11-21T06:00:00Z", "missed": 6 }),
    );
    let cycles = object_but(
        &["silent_s"],
        &json!({
            "every_s": count("How often a cycle is meant to begin, in seconds."),
            "last": maybe_time("The last one that left a trace; those without news do so once an hour."),
            "drift_s": {
                "type": "integer",
                "description": "How many seconds its begin was off the beat of the trace before; negative: early.",
            },
            "missed": count("Cycles that did not begin since this is recorded, at least."),
            "gaps": { "type": "array", "items": gap, "description": "When, the newest first." },
            "silent_s": count("Seconds for which none has begun, at least, where that is too long."),
        }),
        &json!({ "every_s": 1800, "last": "2026-11-21T08:40:00Z", "drift_s": 4, "missed": 0, "gaps": [] }),
    );
    object_but(
        &["problem", "cycles"],
        &json!({
            "sends": { "type": "boolean", "description": "There is a webhook to tell." },
            "problem": { "type": "string", "description": "Why nothing can be sent, though a webhook is set." },
            "incidents": {
                "type": "array", "items": incident,
                "description": "What is wrong, and what is over and still to be told.",
            },
            "cycles": cycles,
        }),
        &json!({ "sends": true, "incidents": [] }),
    )
}

fn status_view() -> Value {
    object(
        &json!({
            "id": name("As in `category=`."),
            "items": count("All its items."),
            "segments": count("Its segments, those in directories included."),
            "directories": count("Its directories."),
        }),
        &json!({ "id": "all", "items": 460, "segments": 2, "directories": 0 }),
    )
}

fn status_source() -> Value {
    object(
        &json!({
            "id": name("As in `source=`."),
            "title": { "type": "string", "description": "For people." },
            "status": { "type": "string", "enum": ["new", "ok", "failing"] },
            "checked": maybe_time("When it was asked last, as far as was stored."),
            "due": maybe_time("When it is to be asked next."),
            "failures": count("Failures in a row."),
            "failing_since": maybe_time("Since when it fails."),
            "error": { "type": ["string", "null"], "description": "Why." },
            "notes": { "type": "array", "items": { "type": "string" } },
            "etag": { "type": "boolean", "description": "Whether an `ETag` is kept for it." },
            "last_modified": { "type": "boolean", "description": "Whether a `Last-Modified` is kept for it." },
            "items": count("Its published items."),
        }),
        &json!({
            "id": "kernel-news", "title": "Kernel news", "status": "ok", "checked": "2026-11-21T08:40:00Z", "due": "2026-11-21T09:10:00Z",
            "failures": 0, "failing_since": null, "error": null, "notes": [], "etag": true, "last_modified": false,
            "items": 42,
        }),
    )
}

/// RFC 9457 §3.1. Further members may come.
fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "instance": { "type": "string", "description": "The path asked for." },
            "nearest": { "type": "string", "description": "What was probably meant." },
            "allowed": { "type": "array", "items": { "type": "string" }, "description": "What is known." },
        },
        "examples": [{
            "type": concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/api.md#unknown-category"),
            "title": "Unknown category",
            "status": 404,
            "detail": "There is no category `linus`. Did you mean `linux`? Known: `all`, `linux`.",
            "instance": "/api/items",
            "nearest": "linux",
            "allowed": ["all", "linux"],
        }],
    })
}

/// An object that always has all of its members, and no others.
fn object(properties: &Value, example: &Value) -> Value {
    object_but(&[], properties, example)
}

/// An object that has all of its members but perhaps those of `optional`, and no others.
fn object_but(optional: &[&str], properties: &Value, example: &Value) -> Value {
    let required: Vec<&String> = properties
        .as_object()
        .into_iter()
        .flat_map(|members| members.keys())
        .filter(|name| !optional.contains(&name.as_str()))
        .collect();
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
        "examples": [example],
    })
}

fn name(description: &str) -> Value {
    json!({ "type": "string", "pattern": NAME_PATTERN, "description": description })
}

fn address(description: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "uri", "pattern": "^https?://", "description": description })
}

fn time(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}

fn maybe_time(description: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "date-time", "description": description })
}

fn count(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

fn generation() -> Value {
    count("Grows by one with each publish; 0 before the first.")
}
