//! What the admin routes take and answer, but for the status.

use serde_json::{Value, json};

use super::forms::{count, generation, maybe_time, name, object, object_but, time};
use crate::cache::PURGE_NAMES_MAX;

pub(super) fn purge() -> Value {
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

pub(super) fn purged() -> Value {
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

pub(super) fn report() -> Value {
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
            "kv": operations(),
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

pub(super) fn repair() -> Value {
    let keys = |of: &str| json!({ "type": "array", "items": name("A key."), "description": of });
    let ids = json!({
        "type": "array", "items": name("An id."),
        "description": "Sources that are asked for their whole documents when they are due next.",
    });
    object_but(
        &["notes"],
        &json!({
            "outcome": { "type": "string", "enum": ["published", "unchanged", "conflict", "deferred"] },
            "generation": generation(),
            "looked_at": count("Segments and directories read."),
            "lost": keys("Those that are gone or damaged."),
            "waiting": keys("Those that may be on their way, or wait for others to be mended: look again later."),
            "restored": count("Items that are where they were again, counted in each view."),
            "gone": count("Items that no view has any more and that left the lists, counted in each view."),
            "sources": ids,
            "next": {
                "type": ["string", "null"],
                "description": "Where there is more to look at: pass it on as `from=`.",
            },
            "kv": operations(),
            "today": today(),
            "notes": {
                "type": "array", "items": { "type": "string" },
                "description": "What somebody should look at.",
            },
        }),
        &json!({
            "outcome": "published", "generation": 9, "looked_at": 31,
            "lost": ["seg/354c2672b3d515cea58007029397a367"], "waiting": [],
            "restored": 250, "gone": 0, "sources": [], "next": null,
            "kv": { "reads": 41, "writes": 4, "deletes": 0, "bytes_written": 268_441 },
            "today": example_today(),
        }),
    )
}

fn operations() -> Value {
    json!({
        "type": "object",
        "required": ["reads", "writes", "deletes", "bytes_written"],
        "properties": {
            "reads": count("Keys read."),
            "writes": count("Keys written."),
            "deletes": count("Keys deleted."),
            "bytes_written": count("Bytes of the values written."),
        },
    })
}

pub(super) fn example_today() -> Value {
    json!({ "writes": 12, "reads": 51, "requests": 170 })
}

pub(super) fn today() -> Value {
    object(
        &json!({
            "writes": count("Store writes of the current UTC day, as far as known; never too few."),
            "reads": count("Store reads by cycles, at least: runs that write nothing are not remembered."),
            "requests": count("Requests to sources, at least."),
        }),
        &example_today(),
    )
}
