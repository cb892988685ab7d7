//! The schemas of `/openapi.json` (JSON Schema 2020-12), each with an example.

mod admin;
mod forms;
mod items;
mod lists;
mod status;

use serde_json::{Value, json};

use self::forms::NAME_PATTERN;
use crate::search::QUERY_CHARS_MAX;
use crate::slice::PAGE_ITEMS_MAX;

/// The schema of a parameter.
pub(super) fn parameter(name: &str) -> Value {
    match name {
        "limit" => json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ITEMS_MAX }),
        "all" => json!({ "type": "string", "enum": ["1"] }),
        "round" => json!({ "type": "string", "pattern": "^(new|[0-9a-f]+-[0-9a-f]+-[0-9a-f]*)$" }),
        "from" => json!({ "type": "string", "pattern": "^[0-9A-Za-z_-]{23}\\.[a-z0-9-]+$" }),
        "category" | "source" => json!({ "type": "string", "pattern": NAME_PATTERN }),
        // The page takes an empty one, which an empty form sends, for none.
        "q" => json!({ "type": "string", "maxLength": QUERY_CHARS_MAX }),
        _ => json!({ "type": "string", "minLength": 1 }),
    }
}

/// All named schemas.
pub(super) fn schemas() -> Value {
    json!({
        "Item": items::item(),
        "Hit": items::hit(),
        "ItemPage": items::page(),
        "Source": lists::source(),
        "SourceList": lists::list("sources", "Source", &lists::example_source()),
        "View": lists::view(),
        "ViewList": lists::list("views", "View", &lists::example_view()),
        "Engagement": lists::engagement(),
        "Health": lists::health(),
        "Report": admin::report(),
        "Status": status::status(),
        "Purge": admin::purge(),
        "Purged": admin::purged(),
        "Repair": admin::repair(),
        "Problem": problem(),
    })
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
