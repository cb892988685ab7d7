//! What a key of `edgefold.toml` is, and the limits of what may stand behind it.

/// What may stand behind a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// One line of text of at most this many characters.
    Text(usize),
    /// A BCP 47 tag.
    Language,
    /// An absolute `http` or `https` address.
    Url,
    /// `[a-z0-9-]`, at most [`SLUG_CHARS_MAX`].
    Slug,
    /// A whole number in these bounds.
    Integer(u64, u64),
    /// A duration such as `"90s"`, in these bounds, in seconds.
    Duration(u64, u64),
    /// A size such as `"5MiB"`, in these bounds, in bytes.
    Size(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Texts, at most [`WORDS_MAX`] of [`WORD_CHARS_MAX`] characters.
    Words,
    /// Some of these words, perhaps none.
    WordsOf(&'static [&'static str]),
    /// Ids, at most [`WORDS_MAX`].
    Slugs,
    /// A host as requests name it, or [`crate::tenant::ANY_HOST`].
    Host,
    /// Hosts, at most [`crate::tenant::HOSTS_MAX`].
    Hosts,
    /// An RFC 9535 JSONPath query.
    Query,
    /// Names and values of request headers.
    Headers,
    /// One table.
    Table(&'static Table),
    /// At most this many tables.
    Tables(&'static Table, usize),
}

/// What holds where a key is not written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Default {
    /// The file is refused.
    Required,
    /// Worked out as the documentation of the key says, or left empty.
    Derived,
    /// This text, read like a written one.
    Text(&'static str),
    /// This number.
    Number(u64),
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) default: Default,
    /// One or two sentences; shown by editors.
    pub(super) doc: &'static str,
}

/// The keys of one table.
#[derive(Debug)]
pub(super) struct Table {
    /// As mistakes call it; empty for the file itself.
    pub(super) path: &'static str,
    pub(super) doc: &'static str,
    pub(super) keys: &'static [Key],
}

impl Table {
    /// The key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// Longest id of a source, category or view.
pub(super) const SLUG_CHARS_MAX: usize = 64;
/// Most entries of a list.
pub(super) const WORDS_MAX: usize = 100;
/// Longest entry of a list.
pub(super) const WORD_CHARS_MAX: usize = 100;
/// Longest address, as for items.
pub(super) const URL_BYTES_MAX: usize = crate::item::URL_BYTES_MAX;
/// Longest JSONPath query.
pub(super) const QUERY_BYTES_MAX: usize = 500;
/// Most request headers of a source.
pub(super) const HEADERS_MAX: usize = 20;
/// Longest value of a request header.
pub(super) const HEADER_BYTES_MAX: usize = 1000;
/// Most sources.
pub(super) const SOURCES_MAX: usize = 1000;
/// Most declared views.
pub(super) const VIEWS_MAX: usize = 50;
/// Most proxies.
pub(super) const PROXIES_MAX: usize = 50;
/// Largest answer of a proxy, in bytes: it is stored as one value with what is known of it.
pub(super) const PROXY_BODY_BYTES_MAX: u64 = 480_000;
/// Most categories.
pub(super) const CATEGORIES_MAX: usize = 100;

/// A mapping that compiles, for messages.
pub(super) const MAP_EXAMPLE: &str =
    "[source.map] with items = \"$.hits[*]\", title = \"$.title\", url = \"$.url\"";

const _: () = assert!(1 + CATEGORIES_MAX + VIEWS_MAX <= crate::slice::VIEWS_MAX);
const _: () = assert!(PROXY_BODY_BYTES_MAX as usize + 8_000 <= crate::slice::VALUE_BYTES_MAX);
