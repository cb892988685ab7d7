//! What of an item is searched.

use super::words::{folded, words};
use crate::item::Item;
use crate::slice::Position;
use crate::time::Timestamp;

/// Where in an item a word stands. The order is that of the stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Title = 0,
    Tag = 1,
    Author = 2,
    Summary = 3,
}

/// What a word in a title counts: more than any other.
pub(crate) const POINTS_MAX: u32 = 8;

/// What a word counts by the field that it stands in.
const POINTS: [u32; 4] = [POINTS_MAX, 5, 3, 2];

/// The field and the number of a word within it, as one number. The next word of the same field has the number that is
/// [`NEXT`] more; between two tags one is left out, so that no phrase spans them.
pub(crate) const NEXT: u32 = 4;

pub(crate) fn place(field: Field, number: u32) -> u32 {
    number * NEXT + field as u32
}

/// What a word at `place` counts; one less where only its beginning is what was asked for.
pub(crate) fn points(place: u32, whole: bool) -> u8 {
    let field = usize::try_from(place % NEXT).unwrap_or(0);
    let points = POINTS.get(field).copied().unwrap_or(1);
    u8::try_from(points - u32::from(!whole)).unwrap_or(1)
}

/// What can be asked for by name: `source:`, `category:`, `tag:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Source = 1,
    View = 2,
    Tag = 3,
}

impl Label {
    /// As a term of the index: no word begins with such a byte.
    pub(crate) fn term(self, id: &str) -> Vec<u8> {
        let mut term = vec![self as u8];
        term.extend_from_slice(id.as_bytes());
        term
    }
}

/// The words of an item, in the order of their fields.
#[derive(Debug, Default)]
pub(crate) struct Words {
    text: Vec<u8>,
    /// Where each ends in `text`, and its place.
    ends: Vec<(usize, u32)>,
}

impl Words {
    pub(crate) fn of(title: &str, tags: &[&str], author: &str, summary: &str) -> Self {
        let mut all = Self::default();
        all.add(title, Field::Title, 0);
        let mut number = 0;
        for tag in tags {
            number = all.add(tag, Field::Tag, number) + 1;
        }
        all.add(author, Field::Author, 0);
        all.add(summary, Field::Summary, 0);
        all
    }

    fn add(&mut self, text: &str, field: Field, first: u32) -> u32 {
        let mut number = first;
        words(text, |word| {
            self.text.extend_from_slice(word.as_bytes());
            self.ends.push((self.text.len(), place(field, number)));
            number += 1;
        });
        number
    }

    /// Word `index` and its place.
    fn get(&self, index: usize) -> Option<(&[u8], u32)> {
        let (end, place) = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before)?.0,
            None => 0,
        };
        Some((self.text.get(start..end)?, place))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], u32)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, place)| {
            let word = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            (word, *place)
        })
    }

    /// What `wanted`, one after another, come to: 0 where they do not stand here. Of the last one its beginning is enough where `prefix`
    /// says so.
    pub(crate) fn points_of(&self, wanted: &[String], prefix: bool) -> u8 {
        let Some((first, rest)) = wanted.split_first() else {
            return 0;
        };
        let begins = prefix && rest.is_empty();
        let first = first.as_bytes();
        let mut best = 0;
        for (index, (word, place)) in self.iter().enumerate() {
            // Most words differ in their first letter.
            if word.first() != first.first()
                || !(word == first || (begins && word.starts_with(first)))
            {
                continue;
            }
            let points = if rest.is_empty() {
                points(place, word == first)
            } else {
                self.phrase_from(index, place, rest, prefix)
            };
            best = points.max(best);
        }
        best
    }

    /// What it comes to that `rest` stands after word `index`.
    fn phrase_from(&self, index: usize, place: u32, rest: &[String], prefix: bool) -> u8 {
        let mut best = 0;
        for (number, wanted) in (1..).zip(rest) {
            let Some((word, at)) = self.get(index + number) else {
                return 0;
            };
            let whole = word == wanted.as_bytes();
            let begins = prefix && number == rest.len() && word.starts_with(wanted.as_bytes());
            let steps = u32::try_from(number).unwrap_or(u32::MAX);
            if at != place.saturating_add(steps.saturating_mul(NEXT)) || !(whole || begins) {
                return 0;
            }
            best = points(at, whole);
        }
        best
    }
}

/// The tags of an item as `tag:` compares them.
pub(crate) fn folded_tags(tags: &[&str]) -> Vec<String> {
    tags.iter().map(|tag| folded(tag)).collect()
}

/// What a search gives of an item: enough for a list of results. The rest is at the item's own address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its place, and with it its id.
    pub position: Position,
    /// As [`Item::title`].
    pub title: String,
    /// As [`Item::url`].
    pub url: Option<String>,
    /// As [`Item::source`].
    pub source: String,
    /// As [`Item::category`].
    pub category: String,
    /// As [`Item::published`].
    pub published: Timestamp,
}

impl Hit {
    fn of(item: Item, position: Position) -> Self {
        Self {
            position,
            title: item.title,
            url: item.url,
            source: item.source,
            category: item.category,
            published: item.published,
        }
    }
}

/// An item to be indexed.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) words: Words,
    /// Terms of its source, views and tags.
    pub(crate) labels: Vec<Vec<u8>>,
    pub(crate) hit: Hit,
}

impl Document {
    /// `views` are the ids of the views that it is in, that of everything left out.
    pub(crate) fn of<'v>(
        item: Item,
        position: Position,
        views: impl Iterator<Item = &'v str>,
    ) -> Self {
        let mut labels = vec![Label::Source.term(&item.source)];
        labels.extend(views.map(|view| Label::View.term(view)));
        let tags: Vec<&str> = item.tags.iter().map(String::as_str).collect();
        let folded = folded_tags(&tags);
        labels.extend(folded.iter().map(|tag| Label::Tag.term(tag)));
        let author = item.author.as_deref().unwrap_or_default();
        Self {
            words: Words::of(&item.title, &tags, author, &item.summary),
            labels,
            hit: Hit::of(item, position),
        }
    }
}
