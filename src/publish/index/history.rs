//! Reads the sealed history for the index, and goes on behind what the store has lost.

use bytes::Bytes;

use super::Desk;
use super::portion::Portion;
use crate::host::Kv;
use crate::read::ReadError;
use crate::search::{Document, Made, Opened, index, merge};
use crate::slice::{Corrupt, Directory, Position, Segment, SliceRef, ViewParts, keys};

/// Items whose words are in memory at once, give or take a segment: what they become is a tenth of that.
const BATCH_ITEMS: usize = 1_250;

/// A part of the history that has no index.
#[derive(Debug, Clone, Copy)]
pub(super) enum Listed {
    Segment(SliceRef),
    /// A directory that is lost, and with it the names of its segments.
    Lost(SliceRef),
    /// A directory that may be on its way.
    Awaited,
}

/// What was indexed of a part of the history.
#[derive(Default)]
pub(super) struct Gathered {
    /// Runs of it, to become one.
    made: Vec<Made>,
    documents: Vec<Document>,
    /// Items that were passed, those lost among them.
    pub(super) passed: usize,
    /// What was passed lies between these places.
    pub(super) newest: Option<Position>,
    pub(super) oldest: Option<Position>,
    /// Nothing is left behind it.
    pub(super) whole: bool,
}

/// A stored value, as far as it can be told.
enum Stored<T> {
    Here(T),
    Lost,
    Awaited,
}

impl<K: Kv> Desk<'_, K> {
    /// The segments of the view of everything that are `wanted`, newest first, of `most` items or somewhat more. Directories are
    /// read where they may list some. Says whether these are all.
    pub(super) async fn listed(
        &mut self,
        all: &ViewParts,
        most: usize,
        portion: &Portion,
        wanted: impl Fn(&SliceRef) -> bool,
    ) -> Result<(Vec<Listed>, bool), ReadError> {
        let mut items = 0;
        let mut found = Vec::new();
        for segment in all.segments.iter().filter(|listed| wanted(listed)) {
            items += segment.items as usize;
            found.push(Listed::Segment(*segment));
        }
        for directory in all.directories.iter().filter(|listed| wanted(listed)) {
            if items > most {
                return Ok((found, false));
            }
            let key = keys::directory(directory.name);
            match self.stored(key, portion, Directory::open).await? {
                Stored::Here(opened) => {
                    for segment in opened.segments().filter(|listed| wanted(listed)) {
                        items += segment.items as usize;
                        found.push(Listed::Segment(segment));
                    }
                }
                Stored::Lost => found.push(Listed::Lost(*directory)),
                Stored::Awaited => found.push(Listed::Awaited),
            }
        }
        Ok((found, true))
    }

    /// Indexes the items of `parts`, in that order, that are `wanted`, as far as `portion` goes, and takes them from it.
    pub(super) async fn gather(
        &mut self,
        parts: Vec<Listed>,
        portion: &mut Portion,
        wanted: impl Fn(Position) -> bool,
    ) -> Result<Gathered, ReadError> {
        let mut gathered = Gathered::default();
        let mut parts = parts.into_iter();
        loop {
            if portion.is_used_up() && parts.len() > 0 {
                return Ok(gathered);
            }
            let part = match parts.next() {
                Some(Listed::Segment(segment)) => {
                    portion.take(&segment);
                    let passed = self.take(segment, portion, &wanted, &mut gathered);
                    if !passed.await? {
                        return Ok(gathered);
                    }
                    segment
                }
                Some(Listed::Lost(directory)) => {
                    gathered.passed += directory.items as usize;
                    directory
                }
                Some(Listed::Awaited) => return Ok(gathered),
                None => {
                    gathered.whole = true;
                    return Ok(gathered);
                }
            };
            gathered.newest = gathered.newest.max(Some(part.newest));
            let oldest = gathered.oldest.unwrap_or(part.oldest);
            gathered.oldest = Some(oldest.min(part.oldest));
            if gathered.documents.len() >= BATCH_ITEMS {
                gathered.pack(self.generation);
            }
        }
    }

    /// Adds the items of a segment that are `wanted`. Says whether it was passed: not where it may be on its way.
    async fn take(
        &mut self,
        segment: SliceRef,
        portion: &Portion,
        wanted: &impl Fn(Position) -> bool,
        gathered: &mut Gathered,
    ) -> Result<bool, ReadError> {
        let key = keys::segment(segment.name);
        let opened = match self.stored(key, portion, Segment::open).await? {
            Stored::Here(opened) => opened,
            Stored::Lost => {
                gathered.passed += segment.items as usize;
                return Ok(true);
            }
            Stored::Awaited => return Ok(false),
        };
        let items = &opened.items;
        for index in 0..items.len() {
            let position = items.position(index);
            if wanted(position) {
                gathered.passed += 1;
                let json = items.json(index, index + 1);
                gathered.documents.extend(self.document(position, &json));
            }
        }
        Ok(true)
    }

    /// Reads a value of the history. One that is damaged, or that can't be on its way any more, is lost: the index goes on
    /// without it, as lists do, or it would be made in vain for ever.
    async fn stored<T>(
        &mut self,
        key: String,
        portion: &Portion,
        open: impl Fn(Bytes) -> Result<T, Corrupt>,
    ) -> Result<Stored<T>, ReadError> {
        let read = self.value(key).await;
        let why = match read.and_then(|value| Ok(open(value)?)) {
            Ok(opened) => return Ok(Stored::Here(opened)),
            Err(error @ ReadError::Store(_)) => return Err(error),
            Err(error) if portion.awaits(&error) => return Ok(Stored::Awaited),
            Err(why) => why,
        };
        self.notes.push(format!("left out of searches: {why}"));
        Ok(Stored::Lost)
    }
}

impl Gathered {
    /// Makes a run of the documents at hand.
    fn pack(&mut self, generation: u64) {
        let documents = std::mem::take(&mut self.documents);
        if !documents.is_empty() {
            self.made.push(index(documents, generation));
        }
    }

    /// One run of all of it; `None` where nothing of it could be read.
    ///
    /// # Errors
    /// Where what was just made can't be read, which would be a mistake of ours.
    pub(super) fn run(mut self, generation: u64) -> Result<Option<Made>, ReadError> {
        self.pack(generation);
        if self.made.len() < 2 {
            return Ok(self.made.pop());
        }
        let mut opened = Vec::new();
        for made in self.made {
            opened.push(Opened::new(made.run, |name| {
                made.values.get(&keys::run(name)).cloned()
            })?);
        }
        Ok(merge(&opened, generation)?)
    }
}
