//! Every item of a view, one JSON object a line, oldest first: one stored value at a time.
//!
//! Oldest first, because what is sealed stays where it is: new items come behind what a client has already. The lists of
//! segments say how many bytes of JSON each holds, so that the length is known before anything is read, and any byte of it is
//! found with two reads. For the same reason a value that is lost keeps its place: see `filler.rs`.

use bytes::Bytes;

use super::filler::Filler;
use super::lines::{first_upto, lines, lines_bytes};
use super::{Arrival, ReadError, directory, segment};
use crate::host::Kv;
use crate::slice::{Corrupt, Directory, Head, Position, SliceRef, keys};

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
    /// Tells what is missing and lost from what is on its way.
    arrival: Option<Arrival>,
    /// In the place of a lost value that is being given.
    filler: Option<Filler>,
    /// It begins with a value that is lost, where it was to begin within that.
    begins_lost: bool,
    /// Why the last value was passed over, until somebody asks.
    passed_over: Option<ReadError>,
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
            arrival: None,
            filler: None,
            begins_lost: false,
            passed_over: None,
        }
    }

    /// What is missing is passed over as what is damaged, where it can't be on its way any more. Each lost item is a line that says
    /// `lost`, so that length and places of everything else are as they were. A missing value takes one more read, of the head.
    #[must_use]
    pub fn past_lost(self, arrival: Arrival) -> Self {
        Self {
            arrival: Some(arrival),
            ..self
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

    /// Only the lines after the item at `place`, which need not be there any more; where what spans it is lost, all of that is told
    /// first. At most two reads.
    ///
    /// # Errors
    /// Where what spans it can't be read.
    pub async fn after<K: Kv>(mut self, kv: &K, place: Position) -> Result<Self, ReadError> {
        let before = self.bytes_upto(kv, place).await?;
        Ok(self.part(before, u64::MAX))
    }

    /// Whether [`Export::after`] found what spans its place lost: it is longer then than it was before.
    #[must_use]
    pub fn begins_lost(&self) -> bool {
        self.begins_lost
    }

    /// Why the last value was passed over, told once.
    pub fn passed_over(&mut self) -> Option<ReadError> {
        self.passed_over.take()
    }

    /// Bytes of the lines of all items at `place` and older.
    async fn bytes_upto<K: Kv>(&mut self, kv: &K, place: Position) -> Result<u64, ReadError> {
        let mut before = 0;
        let head = self.head.clone();
        for listed in oldest_first(&head, self.view) {
            let mut reference = listed.reference;
            if reference.newest <= place {
                before += u64::from(reference.json_bytes);
                continue;
            }
            if reference.oldest > place {
                return Ok(before);
            }
            if listed.directory {
                let opened = directory(kv, reference).await;
                let Some(opened) = self.usable(kv, opened).await? else {
                    self.begins_lost = true;
                    return Ok(before);
                };
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
            let opened = segment(kv, reference).await;
            let Some(opened) = self.usable(kv, opened).await? else {
                self.begins_lost = true;
                return Ok(before);
            };
            before += lines_bytes(&opened.items, None, first_upto(&opened.items, place));
            return Ok(before);
        }
        let items = &head.items;
        Ok(before + lines_bytes(items, Some(self.view), first_upto(items, place)))
    }

    /// The next piece, never longer than a stored value; `None` at the end. One read, or two where a directory begins. After
    /// an error there is nothing more.
    ///
    /// # Errors
    /// Where a value can't be read, or holds not what the lists say, and that is not passed over: what was given before is right,
    /// and the rest is missing.
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
        if let Some(filler) = &mut self.filler {
            let piece = filler.next(self.left);
            match &piece {
                Some(piece) => self.left -= piece.len() as u64,
                None => self.filler = None,
            }
            return Ok(piece.unwrap_or_default());
        }
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
            None => self.cut(lines(&self.head.items, Some(self.view)), true),
            Some(listed) if listed.directory && !self.passes(listed.reference) => {
                let opened = directory(kv, listed.reference).await;
                match self.usable(kv, opened).await? {
                    Some(opened) => self.within = Some((opened, 0)),
                    None => self.fill(listed.reference),
                }
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
        let read = segment(kv, reference).await;
        let read = read.and_then(|segment| {
            let lines = lines(&segment.items, None);
            if u64::from(reference.json_bytes) == lines.len() as u64 {
                Ok(lines)
            } else {
                Err(Corrupt("a segment of another length than is listed").into())
            }
        });
        match self.usable(kv, read).await? {
            Some(lines) => self.cut(lines, false),
            None => {
                self.fill(reference);
                Ok(Bytes::new())
            }
        }
    }

    /// `None` where the value is lost, and that is passed over. What a newer head no longer names may have been deleted since: that
    /// is no loss, and not told as one.
    async fn usable<T, K: Kv>(
        &mut self,
        kv: &K,
        read: Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        if let Err(ReadError::Missing(key)) = &read
            && !(self.is_due(key) && self.is_of_the_head(kv).await?)
        {
            return Err(ReadError::Missing(key.clone()));
        }
        match read {
            Err(error) if error.is_of_a_value() => {
                self.passed_over = Some(error);
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    fn is_due(&self, key: &str) -> bool {
        let arrival = self.arrival.as_ref();
        arrival.is_some_and(|arrival| arrival.is_due(key))
    }

    /// Whether the head that it goes by is still the published one.
    async fn is_of_the_head<K: Kv>(&self, kv: &K) -> Result<bool, ReadError> {
        let published = kv.get(keys::HEAD).await?;
        let published = published.and_then(|entry| Head::open(entry.value).ok());
        Ok(published.is_some_and(|head| head.generation() == self.head.generation()))
    }

    /// Gives lines that say so in the place of what `reference` names, which does not lie before the first byte that is wanted.
    fn fill(&mut self, reference: SliceRef) {
        let from = std::mem::take(&mut self.skip);
        self.filler = Some(Filler::new(reference, from));
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

    /// What is wanted of `lines`, which are a segment's or, `last`, the head's own.
    fn cut(&mut self, lines: Vec<u8>, last: bool) -> Result<Bytes, ReadError> {
        let long = lines.len() as u64;
        let from = self.skip.min(long);
        self.skip -= from;
        let take = self.left.min(long - from);
        self.left -= take;
        if last && self.left > 0 {
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
