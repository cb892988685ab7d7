//! Gathers entries within the limits, and what has to be said about them.

use std::collections::BTreeMap;

use super::{Entry, text};
use crate::item::{
    AUTHOR_CHARS_MAX, Engagement, SUMMARY_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, TITLE_CHARS_MAX,
};
use crate::time::Timestamp;

/// Longest own id of an entry, in bytes; a longer one is left out.
const GUID_BYTES_MAX: usize = 2048;
/// Most sentences in [`super::Parsed::notes`].
const NOTES_MAX: usize = 5;
/// Longest example quoted in a note, in characters.
const QUOTE_CHARS_MAX: usize = 60;

/// What was mended or left out: each kind of thing once, with how often it happened and the first example.
#[derive(Debug, Default)]
pub(super) struct Notes {
    seen: BTreeMap<&'static str, (usize, String)>,
    single: Vec<String>,
}

impl Notes {
    /// Something that concerns the whole document.
    pub(super) fn add(&mut self, note: impl Into<String>) {
        self.single.push(note.into());
    }

    /// One more time of `what`.
    pub(super) fn count(&mut self, what: &'static str, example: &str) {
        let (count, _) = self
            .seen
            .entry(what)
            .or_insert_with(|| (0, text::from_plain(example, QUOTE_CHARS_MAX)));
        *count += 1;
    }

    fn into_sentences(self) -> Vec<String> {
        let counted =
            self.seen
                .into_iter()
                .map(|(what, (count, example))| match example.as_str() {
                    "" => format!("{what}: {count}"),
                    example => format!("{what}: {count} (the first: {example})"),
                });
        self.single
            .into_iter()
            .chain(counted)
            .take(NOTES_MAX)
            .collect()
    }
}

/// An entry's parts before the limits.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) guid: Option<String>,
    /// Plain text; may be empty.
    pub(super) title: String,
    pub(super) url: Option<String>,
    pub(super) author: Option<String>,
    pub(super) published: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
    pub(super) summary: String,
    pub(super) image: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) engagement: Engagement,
}

/// Takes entries one by one and keeps the newest.
#[derive(Debug)]
pub(super) struct Collector {
    kept: Vec<(usize, Entry)>,
    limit: usize,
    seen: usize,
    dropped: usize,
    pub(super) notes: Notes,
}

impl Collector {
    /// Keeps at most `limit` entries, of which the newest.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            kept: Vec::new(),
            limit,
            seen: 0,
            dropped: 0,
            notes: Notes::default(),
        }
    }

    /// How many entries are kept at most.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How many entries were offered.
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    pub(super) fn push(&mut self, draft: Draft) {
        self.seen += 1;
        match self.finish(draft) {
            Some(entry) => self.kept.push((self.seen, entry)),
            None => self.notes.count(
                "entries left out for having neither title, text, address nor id",
                "",
            ),
        }
        // Twice the limit are gathered before one sort, so that the cost stays linear.
        if self.kept.len() >= self.limit.saturating_mul(2).max(64) {
            self.keep_newest();
        }
    }

    fn keep_newest(&mut self) {
        if self.kept.len() <= self.limit {
            return;
        }
        // Undated ones come last, and feeds list the newest first.
        let key = |place: usize, entry: &Entry| {
            let at = entry.published.or(entry.updated);
            (at.map_or(i64::MAX, |at| !at.0), place as u64)
        };
        let mut keys: Vec<(i64, u64)> = self.kept.iter().map(|(p, e)| key(*p, e)).collect();
        keys.sort_unstable();
        self.dropped += self.kept.len() - self.limit;
        let end = keys.get(self.limit).copied();
        self.kept
            .retain(|(place, entry)| end.is_none_or(|end| key(*place, entry) < end));
    }

    /// The entries in the document's order, and the notes.
    pub(super) fn finish_all(mut self) -> (Vec<Entry>, Vec<String>) {
        self.keep_newest();
        if self.dropped > 0 {
            self.notes.add(format!(
                "{} entries, more than the limit of {}: the {} oldest were left out",
                self.seen, self.limit, self.dropped
            ));
        }
        (
            self.kept.into_iter().map(|(_, entry)| entry).collect(),
            self.notes.into_sentences(),
        )
    }

    fn finish(&mut self, draft: Draft) -> Option<Entry> {
        let guid = draft
            .guid
            .map(|g| g.trim().to_owned())
            .filter(|g| !g.is_empty());
        let guid = match guid {
            Some(guid) if guid.len() > GUID_BYTES_MAX => {
                self.notes.count(
                    "ids left out as longer than 2048 bytes",
                    &guid[..guid.floor_char_boundary(QUOTE_CHARS_MAX)],
                );
                None
            }
            other => other,
        };
        let summary = text::from_plain(&draft.summary, SUMMARY_CHARS_MAX);
        let stated = [
            draft.title.as_str(),
            &summary,
            draft.url.as_deref().unwrap_or(""),
            guid.as_deref().unwrap_or(""),
        ];
        let title = stated
            .into_iter()
            .map(|candidate| text::from_plain(candidate, TITLE_CHARS_MAX))
            .find(|candidate| !candidate.is_empty())?;
        let mut tags: Vec<String> = Vec::new();
        for tag in draft
            .tags
            .iter()
            .map(|tag| text::from_plain(tag, TAG_CHARS_MAX))
        {
            if !tag.is_empty() && tags.len() < TAGS_MAX && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let author = draft
            .author
            .map(|a| text::from_plain(&a, AUTHOR_CHARS_MAX))
            .filter(|a| !a.is_empty());
        Some(Entry {
            guid,
            title,
            url: draft.url,
            author,
            published: draft.published,
            updated: draft.updated,
            summary,
            image: draft.image,
            tags,
            engagement: draft.engagement,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_in_the_documents_order() {
        let mut collector = Collector::new(100);
        for n in 0..1000_i64 {
            collector.push(Draft {
                title: n.to_string(),
                published: Some(Timestamp((n * 7919) % 1000)),
                ..Draft::default()
            });
        }
        let (entries, notes) = collector.finish_all();
        assert_eq!(entries.len(), 100);
        assert!(
            entries
                .iter()
                .all(|e| e.published.unwrap().as_millis() >= 900)
        );
        let numbers: Vec<i64> = entries.iter().map(|e| e.title.parse().unwrap()).collect();
        assert!(numbers.is_sorted());
        assert_eq!(
            notes,
            ["1000 entries, more than the limit of 100: the 900 oldest were left out"]
        );
    }

    #[test]
    fn an_entry_needs_something_to_show() {
        let mut collector = Collector::new(10);
        collector.push(Draft::default());
        collector.push(Draft {
            guid: Some("x:1".into()),
            ..Draft::default()
        });
        let (entries, notes) = collector.finish_all();
        assert_eq!(entries[0].title, "x:1");
        assert_eq!(notes.len(), 1);
    }
}
