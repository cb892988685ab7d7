//! The sources as OPML 2.0, <http://opml.org/spec2.opml>: what another reader imports to follow them itself.

use std::borrow::Cow;

use url::Url;

use super::Format;
use super::xml::Xml;
use crate::config::{Config, Source, SourceKind};
use crate::page::{Kind, Selections};

/// Words in the name of a query parameter that make its value a secret to us.
const SECRET_WORDS: [&str; 9] = [
    "auth", "key", "pass", "private", "secret", "session", "sig", "token", "user",
];

/// Letters and digits in a row, of both kinds, that are a secret to us wherever they stand: `channel_id=` of a known
/// video site has 24.
const SECRET_CHARS_MIN: usize = 32;

/// What the document is of.
#[derive(Debug)]
pub struct Outlines<'a> {
    /// The configuration in force.
    pub config: &'a Config,
    /// Where the site is, without a trailing slash.
    pub base: &'a str,
    /// What categories are called; what is not in it goes by its id.
    pub selections: &'a Selections,
}

/// The document: a folder for each category, in the order of the first source of each.
#[must_use]
pub fn opml(outlines: &Outlines<'_>) -> String {
    let mut xml = Xml::new();
    xml.open("opml", &[("version", "2.0")]);
    xml.open("head", &[]);
    xml.element("title", &outlines.config.site.title);
    xml.element("docs", "http://opml.org/spec2.opml");
    xml.close("head");
    xml.open("body", &[]);
    let mut categories: Vec<&str> = Vec::new();
    for source in &outlines.config.sources {
        if !categories.contains(&source.category.as_str()) {
            categories.push(&source.category);
        }
    }
    for category in categories {
        let view = outlines.selections.find(Kind::View, category);
        let title = view.map_or(Cow::Borrowed(category), |view| view.title());
        xml.open("outline", &[("text", &title), ("title", &title)]);
        let of_it = |source: &&Source| source.category == category;
        for source in outlines.config.sources.iter().filter(of_it) {
            outline(&mut xml, source, outlines.base);
        }
        xml.close("outline");
    }
    xml.close("body");
    xml.close("opml");
    xml.finish()
}

fn outline(xml: &mut Xml, source: &Source, base: &str) {
    let own = format!("{base}{}?source={}", Format::Rss.path(), source.id);
    let page = format!("{base}/?source={}", source.id);
    let address = if is_public(source) { &source.url } else { &own };
    xml.empty(
        "outline",
        &[
            ("type", "rss"),
            ("text", &source.title),
            ("title", &source.title),
            ("xmlUrl", address),
            ("htmlUrl", &page),
        ],
    );
}

/// Whether a source's own address is of use to others and no secret: a feed that is asked for without headers of its own, at
/// an address that has no user, no query parameter that is called like a secret, and nothing that looks like one. Where that is
/// wrong, readers get this site's feed of the source, which has the same items.
fn is_public(source: &Source) -> bool {
    if !matches!(source.kind, SourceKind::Feed) || !source.headers.is_empty() {
        return false;
    }
    let Ok(url) = Url::parse(&source.url) else {
        return false;
    };
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        SECRET_WORDS.iter().any(|word| name.contains(word))
    };
    url.username().is_empty()
        && url.password().is_none()
        && !url.query_pairs().any(|(name, _)| secret(&name))
        && !source
            .url
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(looks_random)
}

fn looks_random(run: &str) -> bool {
    run.len() >= SECRET_CHARS_MIN
        && run.bytes().any(|byte| byte.is_ascii_digit())
        && run.bytes().any(|byte| byte.is_ascii_alphabetic())
}
