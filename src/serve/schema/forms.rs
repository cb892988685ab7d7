//! What schemas are made of.

use serde_json::{Value, json};

/// Ids of the configuration.
pub(super) const NAME_PATTERN: &str = "^[a-z0-9-]+$";

/// An object that always has all of its members, and no others.
pub(super) fn object(properties: &Value, example: &Value) -> Value {
    object_but(&[], properties, example)
}

/// An object that has all of its members but perhaps those of `optional`, and no others.
pub(super) fn object_but(optional: &[&str], properties: &Value, example: &Value) -> Value {
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

pub(super) fn name(description: &str) -> Value {
    json!({ "type": "string", "pattern": NAME_PATTERN, "description": description })
}

pub(super) fn address(description: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "uri", "pattern": "^https?://", "description": description })
}

pub(super) fn time(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}

pub(super) fn maybe_time(description: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "date-time", "description": description })
}

pub(super) fn count(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

pub(super) fn generation() -> Value {
    count("Grows by one with each publish; 0 before the first.")
}
