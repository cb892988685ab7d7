//! The status.

use serde_json::{Value, json};

use super::admin::{example_today, today};
use super::forms::{count, generation, maybe_time, name, object, object_but, time};

pub(super) fn status() -> Value {
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
