//! RSS 2.0 with Atom's links (as the RSS advisory board's profile has it), Dublin Core's author and Media RSS's picture.

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

/// RFC 822 with a year of four digits: `Sat, 21 Nov 2026 08:39:00 GMT`. From the RFC 3339 form, whose parts it has in another
/// order: the calendar library's own printer takes 28 kB of a guest.
fn date(at: Timestamp) -> Option<String> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = at.to_string();
    // 1970 began with a Thursday.
    let weekday = at.as_secs().div_euclid(86_400).rem_euclid(7);
    let weekday = DAYS.get(usize::try_from(weekday).ok()?)?;
    let month: usize = text.get(5..7)?.parse().ok()?;
    let month = MONTHS.get(month.checked_sub(1)?)?;
    let (year, day, time) = (text.get(..4)?, text.get(8..10)?, text.get(11..19)?);
    Some(format!("{weekday}, {day} {month} {year} {time} GMT"))
}

#[cfg(test)]
mod tests {
    use super::date;
    use crate::time::Timestamp;

    #[test]
    fn dates_are_those_of_rfc_822() {
        for (rfc_3339, rfc_822) in [
            ("2026-11-21T08:39:00Z", "Sat, 21 Nov 2026 08:39:00 GMT"),
            ("2000-02-29T23:59:59Z", "Tue, 29 Feb 2000 23:59:59 GMT"),
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("1969-07-20T20:17:40Z", "Sun, 20 Jul 1969 20:17:40 GMT"),
            ("0001-01-01T00:00:00Z", "Mon, 01 Jan 0001 00:00:00 GMT"),
        ] {
            let at = Timestamp::parse(rfc_3339).unwrap();
            assert_eq!(date(at).as_deref(), Some(rfc_822));
        }
    }
}
