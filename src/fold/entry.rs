//! What makes an entry itself, and what makes it changed.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::canonical;
use crate::config::Source;
use crate::item::TAGS_MAX;
use crate::parse::Entry;

/// What makes an entry the same entry in the next document: its own id; else its address; else title and date.
pub(super) fn identity(source: &Source, entry: &Entry) -> u64 {
    if let Some(guid) = &entry.guid {
        return identity_of_guid(source, guid);
    }
    let key = match entry.url.as_deref().and_then(canonical::canonical) {
        Some(url) => format!("{}\0url\0{url}", source.id),
        None => {
            let date = entry.published.map_or(0, |at| at.0);
            format!("{}\0title\0{date}\0{}", source.id, entry.title)
        }
    };
    xxh3_64(key.as_bytes())
}

/// The identity of entries of which the source states an id.
pub(super) fn identity_of_guid(source: &Source, guid: &str) -> u64 {
    xxh3_64(format!("{}\0id\0{guid}", source.id).as_bytes())
}

/// Hash of everything an edit can change. `entry` has the tags of its source.
pub(super) fn content(source: &Source, entry: &Entry) -> u64 {
    let mut hasher = Xxh3::new();
    let updated = entry.updated.map(|at| at.0.to_string());
    let fields = [
        Some(&entry.title),
        entry.url.as_ref(),
        entry.author.as_ref(),
        updated.as_ref(),
        Some(&entry.summary),
    ];
    let more = [entry.image.as_ref(), Some(&source.category)];
    for field in fields
        .into_iter()
        .chain(more)
        .chain(entry.tags.iter().map(Some))
    {
        hasher.update(field.map_or("", String::as_str).as_bytes());
        hasher.update(&[0xff, u8::from(field.is_some())]);
    }
    hasher.digest()
}

/// Its own tags and those of its source.
pub(super) fn tags(source: &Source, entry: &Entry) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in entry.tags.iter().chain(&source.tags) {
        if tags.len() < TAGS_MAX && !tags.iter().any(|have| have.eq_ignore_ascii_case(tag)) {
            tags.push(tag.clone());
        }
    }
    tags
}

/// At most `max` entries, the newest, in the document's order; undated ones count as new.
pub(super) fn newest(entries: Vec<Entry>, max: usize) -> Vec<Entry> {
    if entries.len() <= max {
        return entries;
    }
    let date = |entry: &Entry| {
        entry
            .published
            .or(entry.updated)
            .map_or(i64::MAX, |at| at.0)
    };
    let key = |(place, entry): (u64, &Entry)| (!date(entry), place);
    let mut keys: Vec<(i64, u64)> = (0..).zip(&entries).map(key).collect();
    keys.sort_unstable();
    let end = keys.get(max).copied();
    let newest = (0..)
        .zip(entries)
        .filter(|(place, entry)| end.is_none_or(|end| key((*place, entry)) < end));
    newest.map(|(_, entry)| entry).collect()
}

/// Addresses that several entries of one document share: they do not tell one item from another. `keys`: identities and
/// addresses, 0 where one has none.
pub(super) fn shared_addresses(keys: &[(u64, u64)]) -> BTreeSet<u64> {
    let mut first: BTreeMap<u64, u64> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for (hash, address) in keys {
        if *address != 0 && first.entry(*address).or_insert(*hash) != hash {
            shared.insert(*address);
        }
    }
    shared
}
