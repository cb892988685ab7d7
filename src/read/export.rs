//! Every item of a view, one JSON object a line, oldest first: one stored value at a time.
//!
//! Oldest first, because what is sealed stays where it is: new items come behind what a client has already. The lists of
//! segments say how many bytes of JSON each holds, so that the length is known before anything is read, and any byte of it is
//! found with two reads.

use bytes::Bytes;

use super::{ReadError, directory, segment};
use crate::host::Kv;
use crate::slice::{Corrupt, Directory, Head, Items, Position, SliceRef};

/// What is still to be read of an export. Holds no value of the store but the head and one directory; it goes by the head
/// that it began with, whatever is published meanwhile.
#[derive(Debug, Clone)]
pub struct Export {
    head: Head,
    view: u16,
    /// Bytes to pass over.
    skip: u64,
    /// Bytes to give after that.
    left: u64,
    /// Directories and segments that the head lists and that are done with, from the oldest on.
    listed: usize,
    /// The directory that is being read, and how many of its segments are done with.
    within: Option<(Directory, usize)>,
}

impl Export {
    /// All of `view` (see [`Head::view`]).
    #[must_use]
    pub fn new(head: &Head, view: u16) -> Self {
        let sealed: u64 = oldest_first(head, view)
            .map(|listed| u64::from(listed.reference.json_bytes))
            .sum();
        Self {
            head: head.clone(),
            view,
            skip: 0,
            left: sealed + lines_bytes(&head.items, Some(view), 0),
            listed: 0,
            within: None,
        }
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.left
    }

    /// Whether there is nothing (more) to give.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Only the bytes from `from` (counted from what is still to be given), and at most `most` of them.
    #[must_use]
    pub fn part(mut self, from: u64, most: u64) -> Self {
        let from = from.min(self.left);
        self.skip += from;
        self.left = (self.left - from).min(most);
        self
    }

    /// Only the lines after the item at `place`, which need not be there any more. At most two reads.
    ///
    /// # Errors
    /// Where what spans it can't be read.
    pub async fn after<K: Kv>(self, kv: &K, place: Position) -> Result<Self, ReadError> {
        let before = self.bytes_upto(kv, place).await?;
        Ok(self.part(before, u64::MAX))
    }

    /// Bytes of the lines of all items at `place` and older.
    async fn bytes_upto<K: Kv>(&self, kv: &K, place: Position) -> Result<u64, ReadError> {
        let mut before = 0;
        for listed in oldest_first(&self.head, self.view) {
            let mut reference = listed.reference;
            if reference.newest <= place {
                before += u64::from(reference.json_bytes);
                continue;
            }
            if reference.oldest > place {
                return Ok(before);
            }
            if listed.directory {
                let opened = directory(kv, reference).await?;
                let spanning = opened.segments().rev().find(|one| {
                    let whole = one.newest <= place;
                    before += if whole { u64::from(one.json_bytes) } else { 0 };
                    !whole
                });
                let Some(spanning) = spanning.filter(|one| one.oldest <= place) else {
                    return Ok(before);
                };
                reference = spanning;
            }
            let opened = segment(kv, reference).await?;
            before += lines_bytes(&opened.items, None, first_upto(&opened.items, place));
            return Ok(before);
        }
        let items = &self.head.items;
        Ok(before + lines_bytes(items, Some(self.view), first_upto(items, place)))
    }

    /// The next piece, never longer than a stored value; `None` at the end. One read, or two where a directory begins. After
    /// an error there is nothing more.
    ///
    /// # Errors
    /// Where a value can't be read, or holds not what the lists say: what was given before is right, and the rest is missing.
    pub async fn next<K: Kv>(&mut self, kv: &K) -> Option<Result<Bytes, ReadError>> {
        while self.left > 0 {
            match self.step(kv).await {
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Some(Ok(piece)),
                Err(error) => {
                    self.left = 0;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// Goes on by one segment, or passes over what comes before the first byte that is wanted.
    async fn step<K: Kv>(&mut self, kv: &K) -> Result<Bytes, ReadError> {
        if let Some((open, done)) = &mut self.within {
            let next = open.segments().rev().nth(*done);
            *done += 1;
            let Some(reference) = next else {
                self.within = None;
                return Ok(Bytes::new());
            };
            return self.segment(kv, reference).await;
        }
        let next = oldest_first(&self.head, self.view).nth(self.listed);
        self.listed += 1;
        match next {
            None => self.cut(lines(&self.head.items, Some(self.view)), None),
            Some(listed) if listed.directory && !self.passes(listed.reference) => {
                self.within = Some((directory(kv, listed.reference).await?, 0));
                Ok(Bytes::new())
            }
            Some(listed) if listed.directory => Ok(Bytes::new()),
            Some(listed) => self.segment(kv, listed.reference).await,
        }
    }

    async fn segment<K: Kv>(&mut self, kv: &K, reference: SliceRef) -> Result<Bytes, ReadError> {
        if self.passes(reference) {
            return Ok(Bytes::new());
        }
        let items = segment(kv, reference).await?.items;
        self.cut(lines(&items, None), Some(reference))
    }

    /// Whether `reference` lies before the first byte that is wanted; it is counted as passed then.
    fn passes(&mut self, reference: SliceRef) -> bool {
        let bytes = u64::from(reference.json_bytes);
        let passes = bytes <= self.skip;
        if passes {
            self.skip -= bytes;
        }
        passes
    }

    /// What is wanted of `lines`, which are what `reference` names, or the head's own.
    fn cut(&mut self, lines: Vec<u8>, reference: Option<SliceRef>) -> Result<Bytes, ReadError> {
        let long = lines.len() as u64;
        if reference.is_some_and(|reference| u64::from(reference.json_bytes) != long) {
            return Err(Corrupt("a segment of another length than is listed").into());
        }
        let from = self.skip.min(long);
        self.skip -= from;
        let take = self.left.min(long - from);
        self.left -= take;
        if reference.is_none() && self.left > 0 {
            return Err(Corrupt("a head of another length than was counted").into());
        }
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        Ok(Bytes::from(lines).slice(index(from)..index(from + take)))
    }
}

/// What a head lists of a view.
struct Listed {
    reference: SliceRef,
    directory: bool,
}

fn oldest_first(head: &Head, view: u16) -> impl Iterator<Item = Listed> + '_ {
    let listed = |directory| {
        move |reference| Listed {
            reference,
            directory,
        }
    };
    let directories = head.directories(view).rev().map(listed(true));
    directories.chain(head.segments(view).rev().map(listed(false)))
}

/// The index of the newest item at `place` or older.
fn first_upto(items: &Items, place: Position) -> usize {
    items
        .find(place)
        .unwrap_or_else(|| items.first_below(place))
}

/// Indexes of the items of `view` (all where `None`) from `from` on, newest first.
fn chosen(items: &Items, view: Option<u16>, from: usize) -> impl DoubleEndedIterator<Item = usize> {
    (from..items.len()).filter(move |index| view.is_none_or(|view| items.in_view(*index, view)))
}

/// Bytes of the lines of those. A line is as long as the stored JSON: its end takes the place of the comma.
fn lines_bytes(items: &Items, view: Option<u16>, from: usize) -> u64 {
    chosen(items, view, from)
        .map(|index| items.json_with_comma(index, index + 1).len() as u64)
        .sum()
}

/// The items of `view` as lines, oldest first.
fn lines(items: &Items, view: Option<u16>) -> Vec<u8> {
    let bytes = lines_bytes(items, view, 0);
    let mut lines = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
    for index in chosen(items, view, 0).rev() {
        lines.extend_from_slice(&items.json_with_comma(index, index + 1));
        if let Some(comma) = lines.last_mut() {
            *comma = b'\n';
        }
    }
    lines
}
