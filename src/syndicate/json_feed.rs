//! JSON Feed 1.1.

use serde::Serialize;

use super::{Entry, Feed};
use crate::time::Timestamp;

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: &'a str,
    feed_url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    language: &'a str,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: String,
    url: String,
    title: &'a str,
    content_text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    date_published: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<Timestamp>,
    authors: [Author<'a>; 1],
    tags: Vec<&'a str>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
}

pub(super) fn write(feed: &Feed<'_>) -> String {
    let document = Document {
        version: "https://jsonfeed.org/version/1.1",
        title: feed.title,
        home_page_url: feed.home,
        feed_url: feed.this,
        description: feed.description,
        next_url: feed.next,
        language: feed.language,
        items: feed.entries.iter().map(|entry| item(feed, entry)).collect(),
    };
    // Serialising structs of text does not fail.
    serde_json::to_string(&document).unwrap_or_default()
}

fn item<'a>(feed: &'a Feed<'_>, entry: &'a Entry<'_>) -> Item<'a> {
    Item {
        id: entry.urn(),
        url: feed.link(entry),
        title: &entry.title,
        // Content is required; where there is none, the title is all there is to read.
        content_text: Some(entry.summary.as_ref())
            .filter(|text| !text.is_empty())
            .unwrap_or(&entry.title),
        image: entry.picture(),
        date_published: entry.published,
        date_modified: entry.updated,
        authors: [Author {
            name: feed.by(entry),
        }],
        tags: entry.terms().collect(),
    }
}
