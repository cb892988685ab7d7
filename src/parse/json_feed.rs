//! JSON Feed 1.0 and 1.1 (<https://www.jsonfeed.org/version/1.1/>), read as leniently as the XML feeds.

use serde_json::Value;
use url::Url;

use super::collect::{Collector, Draft};
use super::{ParseError, Parsed, date, link, scalar, text};
use crate::item::{Engagement, SUMMARY_CHARS_MAX, TITLE_CHARS_MAX};
use crate::time::Timestamp;

/// Reads `document`.
///
/// # Errors
/// `not-a-feed` where it has no `items`.
pub(super) fn read(
    document: &Value,
    document_url: &Url,
    mut collector: Collector,
) -> Result<Parsed, ParseError> {
    let Some(items) = document.get("items").and_then(Value::as_array) else {
        return Err(ParseError {
            kind: "not-a-feed",
            message: "JSON without `items`, so no JSON Feed; to read another API, set kind = \"json\" and say where its items are".to_owned(),
        });
    };
    let home = string(document, "home_page_url");
    let base = home
        .as_deref()
        .and_then(|home| document_url.join(home).ok())
        .unwrap_or_else(|| document_url.clone());
    for item in items {
        if item.is_object() {
            let draft = draft(item, document, &base, &mut collector);
            collector.push(draft);
        } else {
            collector
                .notes
                .count("items left out as they are no objects", "");
        }
    }
    let title = text::from_plain(
        &string(document, "title").unwrap_or_default(),
        TITLE_CHARS_MAX,
    );
    let (entries, notes) = collector.finish_all();
    Ok(Parsed {
        title: Some(title).filter(|t| !t.is_empty()),
        link: home.and_then(|home| link::absolute(&home, document_url)),
        entries,
        withdrawn: Vec::new(),
        notes,
    })
}

fn draft(item: &Value, document: &Value, base: &Url, collector: &mut Collector) -> Draft {
    let html = string(item, "content_html");
    let address = |name: &str| string(item, name).and_then(|url| link::absolute(&url, base));
    let guid = string(item, "id").or_else(|| string(item, "guid"));
    let summary = string(item, "summary")
        .map(|t| text::from_plain(&t, SUMMARY_CHARS_MAX))
        .or_else(|| {
            html.as_deref()
                .map(|h| text::from_html(h, SUMMARY_CHARS_MAX))
                .filter(|t| !t.is_empty())
        })
        .or_else(|| string(item, "content_text").map(|t| text::from_plain(&t, SUMMARY_CHARS_MAX)));
    let from_id = || {
        guid.as_deref()
            .filter(|id| link::is_absolute(id))
            .and_then(|id| link::absolute(id, base))
    };
    let image = address("image")
        .or_else(|| address("banner_image"))
        .or_else(|| attached_image(item, base));
    Draft {
        engagement: Engagement::default(),
        title: text::from_plain(&string(item, "title").unwrap_or_default(), TITLE_CHARS_MAX),
        url: address("url")
            .or_else(from_id)
            .or_else(|| address("external_url")),
        author: author(item).or_else(|| author(document)),
        published: when(item, "date_published", collector),
        updated: when(item, "date_modified", collector),
        summary: summary.unwrap_or_default(),
        image: image.or_else(|| link::first_image(html.as_deref()?, base)),
        tags: item
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(scalar)
            .collect(),
        guid,
    }
}

fn string(value: &Value, name: &str) -> Option<String> {
    value
        .get(name)
        .and_then(scalar)
        .filter(|text| !text.trim().is_empty())
}

/// `authors` of version 1.1, `author` of 1.0.
fn author(value: &Value) -> Option<String> {
    let first = value
        .get("authors")
        .and_then(Value::as_array)
        .and_then(|all| all.first());
    let author = first.or_else(|| value.get("author"))?;
    scalar(author).or_else(|| string(author, "name"))
}

fn when(item: &Value, name: &str, collector: &mut Collector) -> Option<Timestamp> {
    let stated = string(item, name)?;
    let at = date::parse(&stated);
    if at.is_none() {
        collector.notes.count("dates that can't be read", &stated);
    }
    at
}

fn attached_image(item: &Value, base: &Url) -> Option<String> {
    let mut all = item
        .get("attachments")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let image = all.find(|a| string(a, "mime_type").is_some_and(|t| t.starts_with("image/")))?;
    link::absolute(&string(image, "url")?, base)
}
