//! A document reduced to what its fold needs, as soon as it is read.
//!
//! Sources are folded in the configuration's order whoever answers first, so what they answered has to be kept until the last
//! one has. Most of it is known and unchanged: of such an entry no more than its identity is kept. Whether it is does not
//! depend on other documents, because an identity belongs to one source.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical;
use super::dated::Dated;
use super::entry::{content, identity, identity_of_guid, newest, shared_addresses, tags};
use super::forget::Forgotten;
use super::merge::Fold;
use super::views::{haystack, passes};
use crate::config::Source;
use crate::item::Engagement;
use crate::ordered::Inserted;
use crate::parse::{Entry, Parsed, Tombstone};

/// What a new item takes beyond its text, in bytes: the names of fields and the markup of its row, and what is remembered of
/// it.
const ITEM_BYTES: usize = 800;
/// As [`ITEM_BYTES`], for each tag.
const TAG_BYTES: usize = 10;

/// One document, to be folded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sifted {
    /// The site it belongs to.
    pub(crate) link: Option<String>,
    /// Entries read.
    pub(crate) read: usize,
    /// What was mended or left out, for people.
    pub(super) notes: Vec<String>,
    /// Points and comments by the hash of the entry's identity.
    pub(super) engagement: Vec<(u64, Engagement)>,
    /// Identities that the document says are deleted.
    pub(super) deleted: Vec<u64>,
    /// What is to be done, in the document's order.
    pub(super) steps: Vec<Step>,
    /// About what its new and changed items take when they are folded, in bytes.
    pub(crate) news_bytes: usize,
}

/// What one entry means.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A sealed item of this identity is as it was, and dated so.
    Seen(u64, Dated),
    /// An item of this identity no longer passes its source's filters.
    Refused(u64),
    /// It is not known, and older than what is remembered; its address, 0 where that says nothing.
    TooOld(u64),
    /// It is not known, has no date, and may be one that was forgotten while it was listed.
    Undated {
        hash: u64,
        address: u64,
        content: u64,
    },
    /// New or changed.
    News(Box<News>),
}

/// A new or changed entry.
#[derive(Debug, Clone)]
pub(super) struct News {
    /// With its source's tags.
    pub(super) entry: Entry,
    /// Of its identity.
    pub(super) hash: u64,
    /// Of its canonical address, 0 where that says nothing.
    pub(super) address: u64,
    /// Of everything that an edit can change.
    pub(super) content: u64,
    /// Its place in the document.
    pub(super) index: usize,
}

impl News {
    fn bytes(&self) -> usize {
        let entry = &self.entry;
        let optional = [&entry.url, &entry.author, &entry.image];
        let texts = [&entry.title, &entry.summary].into_iter();
        let texts = texts.chain(optional.into_iter().flatten());
        let texts = texts.chain(&entry.tags).map(|text| written_bytes(text));
        ITEM_BYTES + TAG_BYTES * entry.tags.len() + texts.sum::<usize>()
    }
}

/// What a row has of `text`: as JSON and as HTML, with escapes.
fn written_bytes(text: &str) -> usize {
    let cost = |byte: u8| match byte {
        b'"' | b'&' | b'\'' | b'<' | b'>' | b'\\' => 7,
        _ => 2,
    };
    text.bytes().map(cost).sum()
}

impl Fold<'_> {
    /// What `parsed` brings on top of what was known when the fold began.
    pub(crate) fn sift(&self, source: &Source, parsed: Parsed, forgotten: Forgotten) -> Sifted {
        let mut sifted = Sifted {
            link: parsed.link,
            read: parsed.entries.len(),
            notes: parsed.notes,
            ..Sifted::default()
        };
        let entries = newest(parsed.entries, self.config.limits.items_per_source);
        if entries.len() < sifted.read {
            sifted.notes.push(format!(
                "{} of {} entries taken: the newest",
                entries.len(),
                sifted.read
            ));
        }
        let keys: Vec<(u64, u64)> = entries
            .iter()
            .map(|entry| {
                let address = canonical::address(entry.url.as_deref());
                (identity(source, entry), address)
            })
            .collect();
        let shared = shared_addresses(&keys);
        let mut here = deleted(source, &parsed.withdrawn, &entries, &keys);
        sifted.deleted.extend(&here);
        for (index, (entry, (hash, address))) in entries.into_iter().zip(keys).enumerate() {
            if !here.insert(hash) {
                continue;
            }
            if !entry.engagement.is_none() {
                sifted.engagement.push((hash, entry.engagement));
            }
            let news = News {
                address: if shared.contains(&address) {
                    0
                } else {
                    address
                },
                entry,
                hash,
                content: 0,
                index,
            };
            let step = self.meaning(source, news, forgotten);
            if let Some(Step::News(news)) = &step {
                sifted.news_bytes += news.bytes();
            }
            sifted.steps.extend(step);
        }
        sifted.steps.shrink_to_fit();
        sifted
    }

    /// `None` where nothing is to be done.
    fn meaning(&self, source: &Source, mut news: News, forgotten: Forgotten) -> Option<Step> {
        let (entry, hash) = (&mut news.entry, news.hash);
        entry.tags = tags(source, entry);
        let wanted = passes(
            &haystack(&entry.title, &entry.summary, &entry.tags),
            &source.include,
            &source.mute,
        );
        news.content = content(source, entry);
        let unsealed = self.by_hash.get(&hash);
        let unsealed = unsealed.and_then(|position| self.rows.get(position));
        if let Some(row) = unsealed {
            return match row.content == news.content {
                _ if !wanted => Some(Step::Refused(hash)),
                true => None,
                false => Some(Step::News(Box::new(news))),
            };
        }
        let stated = news.entry.published.or(news.entry.updated);
        if let Some((known, dated)) = self.memory.content(hash, stated) {
            return Some(match known == news.content {
                _ if !wanted => Step::Refused(hash),
                true => Step::Seen(hash, dated),
                false => Step::News(Box::new(news)),
            });
        }
        if !wanted {
            return None;
        }
        let upto = forgotten.upto.max(self.dropped);
        if stated.is_some_and(|at| upto.is_some_and(|upto| at.0 <= upto)) {
            return Some(Step::TooOld(news.address));
        }
        if stated.is_none() && forgotten.adopts_undated {
            return Some(Step::Undated {
                hash,
                address: news.address,
                content: news.content,
            });
        }
        Some(Step::News(Box::new(news)))
    }
}

/// The identities that a document says are deleted (RFC 6721), unless it also has an entry of that id that was changed later.
fn deleted(
    source: &Source,
    tombstones: &[Tombstone],
    entries: &[Entry],
    keys: &[(u64, u64)],
) -> BTreeSet<u64> {
    let mut deleted = BTreeMap::new();
    for tombstone in tombstones {
        let hash = identity_of_guid(source, &tombstone.guid);
        let at = deleted.entry(hash).or_insert(tombstone.at);
        *at = tombstone.at.max(*at);
    }
    for (entry, (hash, _)) in entries.iter().zip(keys) {
        let changed = entry.updated.or(entry.published);
        if deleted.get(hash).is_some_and(|at| changed > *at) {
            deleted.remove(hash);
        }
    }
    deleted.into_keys().inserted()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Item;
    use crate::slice::Position;
    use crate::time::Timestamp;

    #[test]
    fn a_row_takes_no_more_than_its_entry_was_counted_for() {
        let config = crate::cycle::config_for_tests(&["a"]);
        let source = &config.sources[0];
        let fold = Fold::new(&config, Timestamp(0), None, super::super::Memory::default()).unwrap();
        for text in [
            "what is new",
            "\"\"\"'''&&&<<<>>>\\\\\\",
            "日本語の題名",
            "x",
        ] {
            for tags in [0, 1, 10] {
                let entry = Entry {
                    title: text.to_owned(),
                    url: Some(format!("https://a.example/?a=1&b={text}&c=2")),
                    author: Some(text.to_owned()),
                    summary: text.repeat(5),
                    image: Some(format!("https://a.example/{text}.png")),
                    tags: (0..tags).map(|tag| format!("{text} {tag}")).collect(),
                    ..Entry::default()
                };
                let parsed = Parsed {
                    entries: vec![entry.clone()],
                    ..Parsed::default()
                };
                let counted = fold.sift(source, parsed, Forgotten::default()).news_bytes;
                let item = Item {
                    id: Position::MAX.to_string(),
                    title: entry.title,
                    url: entry.url,
                    source: source.id.clone(),
                    category: source.category.clone(),
                    tags: entry.tags,
                    author: entry.author,
                    published: Timestamp(1_790_000_000_000),
                    updated: Some(Timestamp(1_790_000_000_000)),
                    summary: entry.summary,
                    image: entry.image,
                };
                let row = fold.row(&item, Position::MAX, 1, 1, Timestamp(0));
                let bytes = row.bytes();
                assert!(bytes <= counted, "{bytes} of {counted}: {item:?}");
            }
        }
    }
}
