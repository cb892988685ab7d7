//! What else readers may ask for: sources, views, engagement, health.

use serde_json::{Value, json};

use super::forms::{count, generation, maybe_time, name, object};
use crate::slice::ENGAGEMENT_ITEMS_MAX;

pub(super) fn example_source() -> Value {
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

pub(super) fn source() -> Value {
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

pub(super) fn example_view() -> Value {
    json!({ "id": "linux", "title": "Linux", "items": 128 })
}

pub(super) fn view() -> Value {
    object(
        &json!({
            "id": name("As in `category=`."),
            "title": { "type": "string" },
            "items": count("All its items."),
        }),
        &example_view(),
    )
}

pub(super) fn list(member: &str, schema: &str, example: &Value) -> Value {
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

pub(super) fn engagement() -> Value {
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

pub(super) fn health() -> Value {
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
