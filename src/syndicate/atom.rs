//! Atom (RFC 4287), pages linked as RFC 5005 has it.

use super::xml::Xml;
use super::{Entry, Feed, Format, GENERATOR};

pub(super) fn write(feed: &Feed<'_>) -> String {
    let mut xml = Xml::new();
    let mut attributes = vec![
        ("xmlns", "http://www.w3.org/2005/Atom"),
        ("xmlns:media", "http://search.yahoo.com/mrss/"),
    ];
    if !feed.language.is_empty() {
        attributes.push(("xml:lang", feed.language));
    }
    xml.open("feed", &attributes);
    xml.element("id", feed.id);
    xml.element("title", feed.title);
    if !feed.description.is_empty() {
        xml.element("subtitle", feed.description);
    }
    xml.element("updated", &feed.updated.to_string());
    link(&mut xml, "self", Format::Atom.link_type(), feed.this);
    link(&mut xml, "first", Format::Atom.link_type(), feed.id);
    if let Some(next) = feed.next {
        link(&mut xml, "next", Format::Atom.link_type(), next);
    }
    link(&mut xml, "alternate", "text/html", feed.home);
    xml.element("generator", GENERATOR);
    for entry in feed.entries {
        write_entry(&mut xml, feed, entry);
    }
    xml.close("feed");
    xml.finish()
}

fn link(xml: &mut Xml, rel: &str, media_type: &str, address: &str) {
    xml.empty(
        "link",
        &[("rel", rel), ("type", media_type), ("href", address)],
    );
}

fn write_entry(xml: &mut Xml, feed: &Feed<'_>, entry: &Entry<'_>) {
    xml.open("entry", &[]);
    xml.element("id", &entry.urn());
    xml.element("title", &entry.title);
    xml.empty("link", &[("rel", "alternate"), ("href", &feed.link(entry))]);
    xml.element("published", &entry.published.to_string());
    xml.element("updated", &entry.changed().to_string());
    xml.open("author", &[]);
    xml.element("name", feed.by(entry));
    xml.close("author");
    for term in entry.terms() {
        xml.empty("category", &[("term", term)]);
    }
    if !entry.summary.is_empty() {
        xml.element("summary", &entry.summary);
    }
    if let Some(picture) = entry.picture() {
        xml.empty("media:thumbnail", &[("url", picture)]);
    }
    let source = feed.source_feed(entry, Format::Atom);
    xml.open("source", &[]);
    xml.element("id", &source);
    xml.element("title", feed.source_title(entry));
    link(xml, "self", Format::Atom.link_type(), &source);
    xml.close("source");
    xml.close("entry");
}
