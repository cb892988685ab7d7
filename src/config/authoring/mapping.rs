//! `[source.map]`: where the items of a JSON API and their fields are.

use super::keys::{Default, Kind, Table};
use super::read::Fields;
use super::tables::key;
use crate::config::JsonMapping;

pub(super) static MAP: Table = Table {
    path: "source.map",
    doc: "For `kind = \"json\"`: where the items and their fields are, as RFC 9535 JSONPath queries. In all but `items`, `$` is the item.",
    keys: &[
        key(
            "items",
            Kind::Query,
            Default::Text("$"),
            "Selects the items in the document; a selected array stands for its elements.",
        ),
        key(
            "title",
            Kind::Query,
            Default::Required,
            "The item's title, as text or HTML.",
        ),
        key("url", Kind::Query, Default::Derived, "The item's address."),
        key(
            "id",
            Kind::Query,
            Default::Derived,
            "The item's own id. Without it: its address.",
        ),
        key(
            "published",
            Kind::Query,
            Default::Derived,
            "When it was published: RFC 3339, RFC 2822, or unix seconds or milliseconds. Without it: when it was seen first.",
        ),
        key(
            "updated",
            Kind::Query,
            Default::Derived,
            "When it was changed last, as `published`.",
        ),
        key("author", Kind::Query, Default::Derived, "Who wrote it."),
        key("summary", Kind::Query, Default::Derived, "Text or HTML."),
        key(
            "image",
            Kind::Query,
            Default::Derived,
            "A picture's address.",
        ),
        key(
            "tags",
            Kind::Query,
            Default::Derived,
            "Each selected text is a tag.",
        ),
        key(
            "points",
            Kind::Query,
            Default::Derived,
            "Its points (votes, likes, stars), as a number. Served by `GET /api/engagement`.",
        ),
        key(
            "comments",
            Kind::Query,
            Default::Derived,
            "How many comments it has, as a number. Served by `GET /api/engagement`.",
        ),
    ],
};

/// The mapping, `None` where a mistake was noted.
pub(super) fn mapping(map: &Fields) -> Option<JsonMapping> {
    Some(JsonMapping {
        items: map.text("items")?,
        title: map.text("title")?,
        url: map.text("url"),
        id: map.text("id"),
        published: map.text("published"),
        updated: map.text("updated"),
        author: map.text("author"),
        summary: map.text("summary"),
        image: map.text("image"),
        tags: map.text("tags"),
        points: map.text("points"),
        comments: map.text("comments"),
    })
}
