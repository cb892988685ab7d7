//! RSS 2.0 with Atom's links (as the RSS advisory board's profile has it), Dublin Core's author and Media RSS's picture.

use jiff::fmt::rfc2822::DateTimePrinter;

use super::xml::Xml;
use super::{Entry, Feed, Format, GENERATOR};
use crate::time::Timestamp;

pub(super) fn write(feed: &Feed<'_>) -> String {
    let mut xml = Xml::new();
    xml.open(
        "rss",
        &[
            ("version", "2.0"),
            ("xmlns:atom", "http://www.w3.org/2005/Atom"),
            ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
            ("xmlns:media", "http://search.yahoo.com/mrss/"),
        ],
    );
    xml.open("channel", &[]);
    xml.element("title", feed.title);
    xml.element("link", feed.home);
    // Required, and may not be empty in some readers.
    let description = Some(feed.description).filter(|text| !text.is_empty());
    xml.element("description", &as_html(description.unwrap_or(feed.title)));
    if !feed.language.is_empty() {
        xml.element("language", feed.language);
    }
    if let Some(date) = date(feed.updated) {
        xml.element("lastBuildDate", &date);
    }
    xml.element("generator", GENERATOR);
    let mut link = |rel: &str, address: &str| {
        let media_type = Format::Rss.link_type();
        xml.empty(
            "atom:link",
            &[("rel", rel), ("type", media_type), ("href", address)],
        );
    };
    link("self", feed.this);
    link("first", feed.id);
    if let Some(next) = feed.next {
        link("next", next);
    }
    for entry in feed.entries {
        item(&mut xml, feed, entry);
    }
    xml.close("channel");
    xml.close("rss");
    xml.finish()
}

fn item(xml: &mut Xml, feed: &Feed<'_>, entry: &Entry<'_>) {
    xml.open("item", &[]);
    xml.element("title", &entry.title);
    xml.element("link", &feed.link(entry));
    xml.open("guid", &[("isPermaLink", "false")]);
    xml.text(&entry.urn());
    xml.close("guid");
    if let Some(date) = date(entry.published) {
        xml.element("pubDate", &date);
    }
    xml.element("dc:creator", feed.by(entry));
    for term in entry.terms() {
        xml.element("category", term);
    }
    if !entry.summary.is_empty() {
        xml.element("description", &as_html(&entry.summary));
    }
    if let Some(picture) = entry.picture() {
        xml.empty("media:thumbnail", &[("url", picture)]);
    }
    xml.open("source", &[("url", &feed.source_feed(entry, Format::Rss))]);
    xml.text(feed.source_title(entry));
    xml.close("source");
    xml.close("item");
}

/// A description is HTML to readers: text becomes that first.
fn as_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            c => html.push(c),
        }
    }
    html
}

/// RFC 822 with a year of four digits; `None` for a time that it has no words for.
fn date(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_second(at.as_secs()).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}
