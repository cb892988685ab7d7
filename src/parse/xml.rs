//! Finds the entries in RSS, RDF and Atom, however broken the XML around them is.
//!
//! A feed is flat: a channel and its entries, each a list of fields. So there is no tree and no stack here: an entry begins
//! where `item` or `entry` opens and ends where it closes, the next one opens or the channel ends, and each field's inside
//! is a slice of the document. Elements nobody closed or declared do no harm, nesting costs nothing, and memory holds one
//! entry at a time. Entities that the document declares are never expanded.

use url::Url;

use super::attribute::attribute;
use super::markup::{Token, Tokens};
use super::namespace::{Namespace, Namespaces};

/// Fields kept of one entry or channel; further ones are ignored.
const FIELDS_MAX: usize = 500;

/// A child of an entry or of the channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) namespace: Namespace,
    /// The name without prefix, in the document's case.
    pub(super) name: &'a str,
    /// Its tag's attributes, undecoded.
    pub(super) attributes: &'a str,
    /// What stands between its tags, undecoded.
    pub(super) inner: &'a str,
}

/// An entry or the channel.
#[derive(Debug, Default)]
pub(super) struct Element<'a> {
    /// Its raw name.
    name: &'a str,
    /// Its tag's attributes.
    pub(super) attributes: &'a str,
    /// In the document's order.
    pub(super) fields: Vec<Field<'a>>,
    /// `xml:base` in force.
    pub(super) base: Option<Url>,
    /// A field was not closed: those after it end at the next tag. Keeps the search for ends linear.
    unclosed: bool,
}

/// How the document ended.
#[derive(Debug, Default)]
pub(super) struct Outcome<'a> {
    /// The channel's own fields.
    pub(super) channel: Element<'a>,
    /// `rss`, `RDF`, `feed` or `channel` was seen.
    pub(super) is_feed: bool,
    /// An entry was cut off by the end and is left out.
    pub(super) cut_entry: bool,
    /// The outermost element was not closed.
    pub(super) truncated: bool,
    /// Entries or the channel had unclosed fields.
    pub(super) unclosed: usize,
    /// `at:deleted-entry` elements, wherever they stand.
    pub(super) deleted: Vec<Field<'a>>,
}

fn is_deleted(field: &Field<'_>) -> bool {
    field.name.eq_ignore_ascii_case("deleted-entry")
}

/// What an opening tag means.
enum Role {
    Entry,
    Channel,
    /// Its children count as its parent's.
    Transparent,
    Field,
}

fn role(namespace: Namespace, name: &str) -> Role {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    match namespace {
        Namespace::Rss | Namespace::Atom if is("item") || is("entry") => Role::Entry,
        Namespace::Rss | Namespace::Atom if is("rss") || is("feed") || is("channel") => {
            Role::Channel
        }
        Namespace::Rdf if is("rdf") => Role::Channel,
        Namespace::Media if is("group") || is("content") => Role::Transparent,
        _ => Role::Field,
    }
}

/// Reads `text`, handing over each whole entry together with the channel as known by then; of deleted entries the first
/// `deleted_max`.
pub(super) fn read<'a>(
    text: &'a str,
    document_url: &Url,
    deleted_max: usize,
    entry: &mut dyn FnMut(&Element<'a>, &Element<'a>),
) -> Outcome<'a> {
    let mut reader = Reader {
        tokens: Tokens::new(text),
        text,
        namespaces: Namespaces::default(),
        document_url,
        current: None,
        outer_namespaces: 0,
        outcome: Outcome::default(),
        deleted_max,
        entry,
    };
    reader.run();
    reader.outcome
}

struct Reader<'a, 'f> {
    tokens: Tokens<'a>,
    text: &'a str,
    namespaces: Namespaces<'a>,
    document_url: &'f Url,
    current: Option<Element<'a>>,
    outer_namespaces: usize,
    outcome: Outcome<'a>,
    deleted_max: usize,
    entry: &'f mut dyn FnMut(&Element<'a>, &Element<'a>),
}

impl<'a> Reader<'a, '_> {
    fn run(&mut self) {
        let mut root = None;
        let mut root_closed = false;
        while let Some(token) = self.tokens.next() {
            match token {
                Token::Open {
                    name,
                    attributes,
                    empty,
                } => {
                    let before = self.namespaces.count();
                    self.namespaces.declare(attributes);
                    let (namespace, local) = self.namespaces.resolve(name);
                    match role(namespace, local) {
                        Role::Entry => {
                            self.finish_entry();
                            self.outer_namespaces = before;
                            self.open_entry(name, attributes);
                            if empty {
                                self.finish_entry();
                            }
                        }
                        Role::Channel => {
                            root.get_or_insert(name);
                            self.open_channel(attributes);
                        }
                        Role::Transparent => self.keep(Field {
                            namespace,
                            name: local,
                            attributes,
                            inner: "",
                        }),
                        Role::Field => {
                            let inner = if empty { "" } else { self.inner(name) };
                            self.keep(Field {
                                namespace,
                                name: local,
                                attributes,
                                inner,
                            });
                            self.namespaces.forget_after(before);
                        }
                    }
                }
                Token::Close { name } => {
                    root_closed |= root == Some(name);
                    self.close(name);
                }
                Token::Text(_) | Token::Cdata(_) | Token::Other(_) => {}
            }
        }
        self.outcome.cut_entry = self.current.take().is_some();
        self.outcome.truncated = root.is_some() && !root_closed;
        self.outcome.unclosed += usize::from(self.outcome.channel.unclosed);
    }

    fn open_entry(&mut self, name: &'a str, attributes: &'a str) {
        let base = self
            .base(attributes)
            .or_else(|| self.outcome.channel.base.clone());
        self.current = Some(Element {
            name,
            attributes,
            base,
            ..Element::default()
        });
    }

    fn open_channel(&mut self, attributes: &'a str) {
        self.outcome.is_feed = true;
        if let Some(base) = self.base(attributes) {
            self.outcome.channel.base = Some(base);
        }
    }

    /// `xml:base` of a tag, itself relative to the one outside of it.
    fn base(&self, attributes: &str) -> Option<Url> {
        let stated = attribute(attributes, "xml:base")?;
        let outer = self
            .outcome
            .channel
            .base
            .as_ref()
            .unwrap_or(self.document_url);
        outer.join(stated.trim()).ok()
    }

    fn close(&mut self, name: &'a str) {
        let (namespace, local) = self.namespaces.resolve(name);
        let ends = match role(namespace, local) {
            Role::Entry | Role::Channel => true,
            Role::Transparent | Role::Field => {
                self.current.as_ref().is_some_and(|e| e.name == name)
            }
        };
        if ends {
            self.finish_entry();
        }
    }

    fn finish_entry(&mut self) {
        if let Some(element) = self.current.take() {
            self.outcome.unclosed += usize::from(element.unclosed);
            (self.entry)(&self.outcome.channel, &element);
            self.namespaces.forget_after(self.outer_namespaces);
        }
    }

    fn element(&mut self) -> &mut Element<'a> {
        self.current.as_mut().unwrap_or(&mut self.outcome.channel)
    }

    fn keep(&mut self, field: Field<'a>) {
        if field.namespace == Namespace::Tombstones {
            if is_deleted(&field) && self.outcome.deleted.len() < self.deleted_max {
                self.outcome.deleted.push(field);
            }
            return;
        }
        let element = self.element();
        if element.fields.len() < FIELDS_MAX {
            element.fields.push(field);
        }
    }

    /// The inside of the field `name` that was just opened. Goes on after its closing tag.
    fn inner(&mut self, name: &str) -> &'a str {
        let start = self.tokens.position();
        if !self.element().unclosed {
            if let Some((end, after)) = self.find_close(name) {
                self.tokens = after;
                return &self.text[start..end];
            }
            self.element().unclosed = true;
        }
        let mut ahead = self.tokens.clone();
        loop {
            let end = ahead.position();
            match ahead.next() {
                Some(Token::Text(_) | Token::Cdata(_) | Token::Other(_)) => {
                    self.tokens = ahead.clone()
                }
                _ => return &self.text[start..end],
            }
        }
    }

    /// Where the closing tag of `name` stands, and the tokens after it; nothing where the entry ends before.
    fn find_close(&self, name: &str) -> Option<(usize, Tokens<'a>)> {
        let mut ahead = self.tokens.clone();
        let mut depth = 0_usize;
        loop {
            let at = ahead.position();
            match ahead.next()? {
                Token::Open {
                    name: opened,
                    empty,
                    ..
                } => {
                    if opened == name && !empty {
                        depth += 1;
                    } else if self.bounds_entry(opened, false) {
                        return None;
                    }
                }
                Token::Close { name: closed } => {
                    if closed.eq_ignore_ascii_case(name) {
                        if depth == 0 {
                            return Some((at, ahead));
                        }
                        depth -= 1;
                    } else if self.bounds_entry(closed, true) {
                        return None;
                    }
                }
                Token::Text(_) | Token::Cdata(_) | Token::Other(_) => {}
            }
        }
    }

    /// Whether a tag of this name ends the entry or channel that is being read.
    fn bounds_entry(&self, name: &'a str, closing: bool) -> bool {
        let (namespace, local) = self.namespaces.resolve(name);
        match role(namespace, local) {
            Role::Entry => true,
            Role::Channel => closing,
            Role::Transparent | Role::Field => false,
        }
    }
}
