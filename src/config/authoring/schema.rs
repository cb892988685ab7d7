//! The JSON Schema of `edgefold.toml`, from the same table of keys that drives the checker, so that editors complete
//! and check the file while it is written.

use serde_json::{Map, Value, json};

use super::keys::{
    Default, HEADER_BYTES_MAX, HEADERS_MAX, Key, Kind, QUERY_BYTES_MAX, SLUG_CHARS_MAX, Table,
    URL_BYTES_MAX, WORD_CHARS_MAX, WORDS_MAX,
};
use super::tables::FILE;
use super::units::{DURATION_UNITS, SIZE_UNITS};
use super::value::allowed;
use super::views::FILTERS;
use crate::tenant::{HOST_BYTES_MAX, HOSTS_MAX};

/// Where the schema is kept, from the workspace's root. The first line of `edgefold.toml` names it.
pub const SCHEMA_FILE: &str = "docs/edgefold.schema.json";

/// The pattern of [`super::slug::is_slug`], without its length.
const SLUG_PATTERN: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

/// The JSON Schema (draft 7, which TOML editors read) of `edgefold.toml`.
///
/// It knows every key, type and bound; what only shows across tables (ids that clash, names that do not exist) and
/// whether a JSONPath query compiles is left to [`compile`](super::compile).
#[must_use]
pub fn schema() -> Value {
    let mut schema = table(&FILE);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("edgefold.toml");
    schema
}

fn table(table: &Table) -> Value {
    let properties: Map<_, _> = table
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let required: Vec<_> = table
        .keys
        .iter()
        .filter(|key| matches!(key.default, Default::Required))
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": table.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    match table.path {
        "" => site_or_tenants(&mut schema),
        "source" => mapped_json(&mut schema),
        "view" => {
            let one_of: Vec<_> = FILTERS
                .iter()
                .map(|name| json!({ "required": [name] }))
                .collect();
            schema["anyOf"] = json!(one_of);
        }
        _ => {}
    }
    schema
}

/// A file describes a site, with at least one source, or declares tenants and nothing else.
fn site_or_tenants(schema: &mut Value) {
    schema["if"] = json!({ "required": ["tenant"] });
    schema["then"] = json!({ "propertyNames": { "const": "tenant" } });
    schema["else"] = json!({ "required": ["source"] });
    if let Some(object) = schema.as_object_mut() {
        object.remove("required");
    }
}

/// `map` is there where `kind` is `json`, and only there.
fn mapped_json(schema: &mut Value) {
    schema["if"] = json!({ "properties": { "kind": { "const": "json" } }, "required": ["kind"] });
    schema["then"] = json!({ "required": ["map"] });
    schema["else"] = json!({ "not": { "required": ["map"] } });
}

fn property(key: &Key) -> Value {
    let mut schema = match key.kind {
        Kind::Table(inner) => return table(inner),
        Kind::Tables(inner, most) => {
            json!({ "type": "array", "items": table(inner), "maxItems": most })
        }
        Kind::Text(most) => text(most),
        Kind::Language => {
            json!({ "type": "string", "pattern": "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", "maxLength": 35 })
        }
        Kind::Url => {
            json!({ "type": "string", "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?:", "maxLength": URL_BYTES_MAX })
        }
        Kind::Slug => slug(),
        Kind::Integer(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Duration(..) => quantity(DURATION_UNITS),
        Kind::Size(..) => quantity(SIZE_UNITS),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Words => list(&text(WORD_CHARS_MAX)),
        Kind::WordsOf(words) => list(&json!({ "enum": words })),
        Kind::Slugs => list(&slug()),
        Kind::Host => host(),
        Kind::Hosts => {
            json!({ "type": "array", "items": host(), "minItems": 1, "maxItems": HOSTS_MAX, "uniqueItems": true })
        }
        Kind::Query => json!({ "type": "string", "pattern": "^\\$", "maxLength": QUERY_BYTES_MAX }),
        Kind::Headers => headers(),
    };
    schema["description"] = json!(described(key));
    match key.default {
        Default::Text(text) => schema["default"] = json!(text),
        Default::Number(number) => schema["default"] = json!(number),
        Default::Required | Default::Derived => {}
    }
    schema
}

/// What the key is for and what is allowed, which a pattern says to nobody.
fn described(key: &Key) -> String {
    match key.kind {
        Kind::Tables(..) => key.doc.to_owned(),
        _ => format!("{} Allowed: {}.", key.doc, allowed(key)),
    }
}

fn text(most: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most })
}

fn slug() -> Value {
    json!({ "type": "string", "pattern": SLUG_PATTERN, "maxLength": SLUG_CHARS_MAX })
}

fn host() -> Value {
    json!({ "type": "string", "pattern": "^(\\*|\\[[0-9a-f:.]+\\]|[a-z0-9_.-]+)$", "maxLength": HOST_BYTES_MAX })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items, "maxItems": WORDS_MAX, "uniqueItems": true })
}

fn quantity(units: &[(&str, u64)]) -> Value {
    let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
    let pattern = format!("^ *[0-9]+ *({}) *$", names.join("|"));
    json!({ "type": "string", "pattern": pattern })
}

fn headers() -> Value {
    let secret = json!({
        "type": "object",
        "properties": { "secret": {
            "type": "string",
            "description": "The name of a host variable, or a text in which {name} stands for one.",
            "maxLength": HEADER_BYTES_MAX,
        } },
        "required": ["secret"],
        "additionalProperties": false,
    });
    let literal = json!({ "type": "string", "minLength": 1, "maxLength": HEADER_BYTES_MAX });
    json!({
        "type": "object",
        "additionalProperties": { "anyOf": [literal, secret] },
        "maxProperties": HEADERS_MAX,
    })
}
