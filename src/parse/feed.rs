//! Maps the fields of RSS, RDF and Atom to entries.

use std::borrow::Cow;

use url::Url;

use super::attribute::attribute;
use super::collect::{Collector, Draft};
use super::field::{is, is_picture, person, plain, plain_html, shown, value};
use super::namespace::Namespace::{self, Atom, Content, Dc, Itunes, Media, Rss};
use super::xml::{self, Element, Field};
use super::{Parsed, Tombstone, date, link};
use crate::item::{Engagement, SUMMARY_CHARS_MAX, TITLE_CHARS_MAX};
use crate::time::Timestamp;

/// Reads an XML feed; nothing where the document holds neither a feed's root nor an entry.
pub(super) fn read(source: &str, document_url: &Url, mut collector: Collector) -> Option<Parsed> {
    let mut site = Site::default();
    let limit = collector.limit();
    let outcome = xml::read(source, document_url, limit, &mut |channel, element| {
        site.refresh(channel);
        let draft = Reading::new(&site, element, document_url).draft(&mut collector);
        collector.push(draft);
    });
    if !outcome.is_feed && collector.seen() == 0 {
        return None;
    }
    if outcome.cut_entry {
        collector.notes.add(format!(
            "the document ends inside of an entry: the {} whole ones before it were kept",
            collector.seen()
        ));
    } else if outcome.truncated {
        collector
            .notes
            .add("the document ends before its outermost element is closed");
    }
    if outcome.unclosed > 0 {
        collector.notes.add(format!(
            "entries with elements that are not closed: {}",
            outcome.unclosed
        ));
    }
    let channel = &outcome.channel;
    site.refresh(channel);
    let reading = Reading::new(&site, channel, document_url);
    let (title, link) = (reading.title(), reading.alternate_link());
    let (entries, notes) = collector.finish_all();
    Some(Parsed {
        title: Some(title).filter(|t| !t.is_empty()),
        link,
        entries,
        withdrawn: outcome.deleted.iter().filter_map(tombstone).collect(),
        notes,
    })
}

/// RFC 6721 §3: `ref` is the id of the entry, `when` the time of its removal.
fn tombstone(field: &Field<'_>) -> Option<Tombstone> {
    let guid = attribute(field.attributes, "ref")?;
    let at = attribute(field.attributes, "when").and_then(|when| date::parse(&when));
    Some(Tombstone {
        guid: guid.trim().to_owned(),
        at,
    })
}

/// What entries take from the channel, as far as that has been read. Made anew only when the channel has more fields, so
/// that a huge channel costs no more for many entries.
#[derive(Default)]
struct Site {
    fields: usize,
    /// Its `link`, against which relative ones are resolved where no `xml:base` is stated.
    base: Option<Url>,
    /// RFC 4287 §4.2.1: an entry without author has the feed's.
    author: Option<String>,
}

impl Site {
    fn refresh(&mut self, channel: &Element<'_>) {
        if self.fields == channel.fields.len() {
            return;
        }
        self.fields = channel.fields.len();
        let mut links = channel
            .fields
            .iter()
            .filter(|f| is(f, &[Rss, Atom], "link"));
        self.base = links.find_map(|field| {
            Url::parse(&plain(field))
                .ok()
                .filter(|url| link::is_absolute(url.as_str()))
        });
        let inherited = channel.fields.iter().any(|f| is(f, &[Atom], "author"));
        self.author = inherited.then(|| author(channel)).flatten();
    }
}

/// One entry, or the channel itself, being read.
struct Reading<'r, 'a> {
    site: &'r Site,
    element: &'r Element<'a>,
    base: Url,
}

impl<'r, 'a> Reading<'r, 'a> {
    fn new(site: &'r Site, element: &'r Element<'a>, document_url: &Url) -> Self {
        let base = element
            .base
            .as_ref()
            .or(site.base.as_ref())
            .unwrap_or(document_url)
            .clone();
        Self {
            site,
            element,
            base,
        }
    }

    fn draft(&self, collector: &mut Collector) -> Draft {
        let guid = self.guid();
        let content = self.content();
        Draft {
            engagement: Engagement::default(),
            title: self.title(),
            url: self
                .alternate_link()
                .or_else(|| self.other_link(guid.as_deref())),
            author: author(self.element).or_else(|| self.site.author.clone()),
            published: self.date(&PUBLISHED, collector),
            updated: self.date(&UPDATED, collector),
            summary: self.summary(),
            image: self.image(content),
            tags: self.tags(),
            guid,
        }
    }

    fn fields<'s>(
        &'s self,
        namespaces: &'s [Namespace],
        name: &'s str,
    ) -> impl Iterator<Item = &'r Field<'a>> + 's {
        self.element
            .fields
            .iter()
            .filter(move |f| is(f, namespaces, name))
    }

    /// The first of `names` that says anything.
    fn first_text(&self, names: &[(&[Namespace], &str)], chars_max: usize) -> String {
        let all = names
            .iter()
            .flat_map(|(namespaces, name)| self.fields(namespaces, name));
        all.map(|field| shown(field, chars_max))
            .find(|t| !t.is_empty())
            .unwrap_or_default()
    }

    fn title(&self) -> String {
        let names: [(&[Namespace], &str); 3] = [
            (&[Rss, Atom], "title"),
            (&[Dc], "title"),
            (&[Media, Itunes], "title"),
        ];
        self.first_text(&names, TITLE_CHARS_MAX)
    }

    fn summary(&self) -> String {
        self.first_text(&SUMMARY, SUMMARY_CHARS_MAX)
    }

    /// The longest text there is, for its pictures.
    fn content(&self) -> Option<&'r Field<'a>> {
        let all = SUMMARY
            .iter()
            .flat_map(|(namespaces, name)| self.fields(namespaces, name));
        all.max_by_key(|field| field.inner.len())
    }

    fn guid(&self) -> Option<String> {
        let stated = [
            ("guid", Rss),
            ("id", Atom),
            ("id", Rss),
            ("guid", Atom),
            ("identifier", Dc),
        ];
        let stated = stated.iter().find_map(|(name, namespace)| {
            self.fields(std::slice::from_ref(namespace), name)
                .map(plain)
                .find(|id| !id.is_empty())
        });
        stated.or_else(|| {
            attribute(self.element.attributes, "rdf:about").map(|about| about.trim().to_owned())
        })
    }

    /// Atom's `link rel=alternate` (of several the one that is HTML), or RSS's `link`.
    fn alternate_link(&self) -> Option<String> {
        let mut best: Option<(u8, String)> = None;
        for field in self.fields(&[Rss, Atom], "link") {
            let text = plain(field);
            let (rank, stated) = match attribute(field.attributes, "href") {
                Some(href) => {
                    let rel =
                        attribute(field.attributes, "rel").unwrap_or(Cow::Borrowed("alternate"));
                    let rel = rel
                        .rsplit('/')
                        .next()
                        .unwrap_or_default()
                        .to_ascii_lowercase();
                    let html =
                        attribute(field.attributes, "type").is_none_or(|t| t.contains("html"));
                    match (rel.as_str(), html) {
                        ("alternate" | "", true) => (0, href.into_owned()),
                        ("alternate", false) => (1, href.into_owned()),
                        _ => continue,
                    }
                }
                None => (0, text),
            };
            let Some(url) = link::absolute(&stated, &self.base) else {
                continue;
            };
            if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, url));
            }
        }
        best.map(|(_, url)| url)
    }

    /// Where no link is stated: an id that is an address, then the enclosure.
    fn other_link(&self, guid: Option<&str>) -> Option<String> {
        let permanent = self.fields(&[Rss], "guid").all(|f| {
            attribute(f.attributes, "isPermaLink")
                .is_none_or(|p| !p.trim().eq_ignore_ascii_case("false"))
        });
        let guid = guid
            .filter(|g| permanent && link::is_absolute(g))
            .and_then(|g| link::absolute(g, &self.base));
        guid.or_else(|| {
            let linked = self
                .fields(&[Rss, Atom], "link")
                .filter_map(|f| attribute(f.attributes, "href"));
            let enclosed = self
                .fields(&[Rss], "enclosure")
                .filter_map(|f| attribute(f.attributes, "url"));
            enclosed
                .chain(linked)
                .find_map(|stated| link::absolute(&stated, &self.base))
        })
    }

    fn date(&self, names: &[(&[Namespace], &str)], collector: &mut Collector) -> Option<Timestamp> {
        for field in names
            .iter()
            .flat_map(|(namespaces, name)| self.fields(namespaces, name))
        {
            let stated = plain(field);
            match date::parse(&stated) {
                Some(at) => return Some(at),
                None if stated.is_empty() => {}
                None => collector.notes.count("dates that can't be read", &stated),
            }
        }
        None
    }

    fn tags(&self) -> Vec<String> {
        let categories = self.fields(&[Rss, Atom], "category").map(|f| {
            let labelled = attribute(f.attributes, "label").filter(|l| !l.is_empty());
            labelled
                .or_else(|| attribute(f.attributes, "term"))
                .map_or_else(|| plain_html(f), Cow::into_owned)
        });
        let subjects = self.fields(&[Dc], "subject").map(plain_html);
        let keywords = self.fields(&[Itunes, Media], "keywords").map(plain_html);
        let keywords =
            keywords.flat_map(|all| all.split(',').map(str::to_owned).collect::<Vec<_>>());
        categories.chain(subjects).chain(keywords).collect()
    }

    fn image(&self, content: Option<&Field<'_>>) -> Option<String> {
        let media = self
            .fields(&[Media], "thumbnail")
            .chain(self.fields(&[Media], "content").filter(|f| is_picture(f)));
        let media = media.filter_map(|f| attribute(f.attributes, "url"));
        let enclosures = self
            .fields(&[Rss], "enclosure")
            .filter(|f| is_picture(f))
            .filter_map(|f| attribute(f.attributes, "url"));
        let linked = self
            .fields(&[Atom], "link")
            .filter(|f| is_picture(f))
            .filter_map(|f| attribute(f.attributes, "href"));
        let podcast = self
            .fields(&[Itunes], "image")
            .filter_map(|f| attribute(f.attributes, "href"));
        let stated = media.chain(enclosures).chain(linked).chain(podcast);
        let stated = stated
            .into_iter()
            .find_map(|url| link::absolute(&url, &self.base));
        stated.or_else(|| {
            let (html, _) = value(content?);
            link::first_image(&html, &self.base)
        })
    }
}

/// Who wrote an entry or feed.
fn author(element: &Element<'_>) -> Option<String> {
    let stated = [
        (Dc, "creator"),
        (Atom, "author"),
        (Rss, "author"),
        (Itunes, "author"),
        (Dc, "author"),
        (Dc, "publisher"),
    ];
    stated.iter().find_map(|(namespace, name)| {
        let mut all = element.fields.iter().filter(|f| is(f, &[*namespace], name));
        all.find_map(|f| Some(person(f)).filter(|p| !p.is_empty()))
    })
}

type Names<'n> = (&'n [Namespace], &'n str);

const SUMMARY: [Names<'static>; 7] = [
    (&[Rss, Dc], "description"),
    (&[Atom, Rss], "summary"),
    (&[Content], "encoded"),
    (&[Atom, Rss], "content"),
    (&[Itunes], "summary"),
    (&[Itunes], "subtitle"),
    (&[Media], "description"),
];

const PUBLISHED: [Names<'static>; 6] = [
    (&[Rss, Atom], "pubDate"),
    (&[Atom, Rss], "published"),
    (&[Atom, Rss, Dc], "issued"),
    (&[Dc, Rss], "date"),
    (&[Atom, Rss, Dc], "created"),
    (&[Dc], "available"),
];

const UPDATED: [Names<'static>; 2] = [(&[Atom, Rss], "updated"), (&[Atom, Rss, Dc], "modified")];
