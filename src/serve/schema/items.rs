//! Items, what searches find of them, and pages of both.

use serde_json::{Value, json};

use super::forms::{address, count, generation, maybe_time, name, object, object_but, time};
use crate::item::{AUTHOR_CHARS_MAX, SUMMARY_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, TITLE_CHARS_MAX};
use crate::slice::{ID_CHARS, PAGE_ITEMS_MAX};

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

pub(super) fn item() -> Value {
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

pub(super) fn hit() -> Value {
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

pub(super) fn page() -> Value {
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
