//! XML namespaces of feeds, by address; by the usual prefix where a document does not declare it.

use super::attribute::attributes;
use super::entity::decode_entities;

/// Declarations kept at once; further ones are ignored.
const DECLARATIONS_MAX: usize = 64;

/// Whose element it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
    /// RSS of any version: none, or one that only RSS uses.
    Rss,
    /// Atom 0.3 and 1.0.
    Atom,
    /// RDF's own.
    Rdf,
    /// Dublin Core and its terms.
    Dc,
    /// RSS content module.
    Content,
    /// Media RSS.
    Media,
    /// Podcasts.
    Itunes,
    /// Deleted entries, RFC 6721.
    Tombstones,
    /// Everything else.
    Other,
}

/// The declarations in force.
#[derive(Debug, Default)]
pub(super) struct Namespaces<'a> {
    declared: Vec<(&'a str, Namespace)>,
}

impl<'a> Namespaces<'a> {
    /// Takes the declarations in a tag.
    pub(super) fn declare(&mut self, tag: &'a str) {
        if !tag.contains("xmlns") {
            return;
        }
        for (name, value) in attributes(tag) {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(prefix) => prefix.strip_prefix(':').unwrap_or_default(),
                None => continue,
            };
            if self.declared.len() < DECLARATIONS_MAX {
                self.declared
                    .push((prefix, by_address(&decode_entities(value), prefix)));
            }
        }
    }

    /// How many are in force, for [`Namespaces::forget_after`].
    pub(super) fn count(&self) -> usize {
        self.declared.len()
    }

    /// Ends those that were declared later.
    pub(super) fn forget_after(&mut self, count: usize) {
        self.declared.truncate(count);
    }

    /// Splits a name into its namespace and local part.
    pub(super) fn resolve(&self, name: &'a str) -> (Namespace, &'a str) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let declared = self.declared.iter().rev().find(|(p, _)| *p == prefix);
        (
            declared.map_or_else(|| by_prefix(prefix), |(_, namespace)| *namespace),
            local,
        )
    }
}

fn by_address(address: &str, prefix: &str) -> Namespace {
    let address = address.trim().to_ascii_lowercase();
    let known = [
        ("www.w3.org/2005/atom", Namespace::Atom),
        ("purl.org/atom/ns", Namespace::Atom),
        ("purl.org/atompub/tombstones", Namespace::Tombstones),
        ("purl.org/net/rss1.1/content", Namespace::Content),
        ("purl.org/rss/1.0/modules/content", Namespace::Content),
        ("purl.org/rss/1.0/modules/", Namespace::Other),
        ("purl.org/dc/", Namespace::Dc),
        ("search.yahoo.com/mrss", Namespace::Media),
        ("www.itunes.com/", Namespace::Itunes),
        ("www.w3.org/1999/02/22-rdf-syntax-ns", Namespace::Rdf),
        ("www.w3.org/1999/xhtml", Namespace::Other),
    ];
    let tail = address
        .split_once("://")
        .map_or(address.as_str(), |(_, tail)| tail);
    match known.iter().find(|(start, _)| tail.starts_with(start)) {
        Some((_, namespace)) => *namespace,
        // RSS has had a dozen addresses of its own, all used without prefix.
        None if prefix.is_empty() => Namespace::Rss,
        None if tail.starts_with("purl.org/rss/") || tail.starts_with("my.netscape.com/") => {
            Namespace::Rss
        }
        None => by_prefix(prefix),
    }
}

fn by_prefix(prefix: &str) -> Namespace {
    match prefix.to_ascii_lowercase().as_str() {
        "" | "rss" => Namespace::Rss,
        "atom" | "a10" => Namespace::Atom,
        "rdf" => Namespace::Rdf,
        "dc" | "dcterms" => Namespace::Dc,
        "content" => Namespace::Content,
        "media" => Namespace::Media,
        "itunes" => Namespace::Itunes,
        "at" => Namespace::Tombstones,
        _ => Namespace::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_declared_and_usual_prefixes() {
        let mut spaces = Namespaces::default();
        assert_eq!(spaces.resolve("dc:date"), (Namespace::Dc, "date"));
        assert_eq!(spaces.resolve("title"), (Namespace::Rss, "title"));
        spaces.declare(
            " xmlns='http://www.w3.org/2005/Atom' xmlns:m=\"http://search.yahoo.com/mrss/\"",
        );
        let outer = spaces.count();
        spaces.declare(" xmlns='http://www.w3.org/1999/xhtml'");
        assert_eq!(spaces.resolve("title"), (Namespace::Other, "title"));
        spaces.forget_after(outer);
        assert_eq!(spaces.resolve("title"), (Namespace::Atom, "title"));
        assert_eq!(spaces.resolve("m:group"), (Namespace::Media, "group"));
    }
}
