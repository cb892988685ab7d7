//! A view that has what another one has lost.

use std::collections::VecDeque;

use super::{Mender, Stored};
use crate::host::Kv;
use crate::publish::seal::Seal;
use crate::read::ReadError;
use crate::slice::{Position, Row, SliceRef, ViewParts};

/// The sealed items of a view within a span, newest first, read as they are asked for.
pub(super) struct Donor {
    span: (Position, Position),
    /// Still to be read, and which of them are directories.
    listed: VecDeque<(SliceRef, bool)>,
    rows: VecDeque<Row>,
}

/// What became of looking for a donor's next row.
pub(super) enum Next {
    /// It has one, or has no more.
    Known,
    /// What it needs is lost.
    Lost,
    /// What it needs may be on its way.
    Awaited,
}

impl Donor {
    pub(super) fn new(view: &ViewParts, hole: SliceRef) -> Self {
        let segments = view.segments.iter().map(|listed| (*listed, false));
        let directories = view.directories.iter().map(|listed| (*listed, true));
        let mut donor = Self {
            span: (hole.oldest, hole.newest),
            listed: VecDeque::new(),
            rows: VecDeque::new(),
        };
        let all = segments.chain(directories);
        donor.listed = all.filter(|(listed, _)| donor.overlaps(listed)).collect();
        donor
    }

    fn overlaps(&self, listed: &SliceRef) -> bool {
        listed.oldest <= self.span.1 && listed.newest >= self.span.0
    }

    /// Whether a read is needed to know its next row.
    pub(super) fn is_dry(&self) -> bool {
        self.rows.is_empty() && !self.listed.is_empty()
    }

    pub(super) fn newest(&self) -> Option<Position> {
        self.rows.front().map(|row| row.position)
    }

    pub(super) fn take(&mut self, position: Position) -> Option<Row> {
        self.rows.pop_front_if(|row| row.position == position)
    }

    /// Reads one value.
    pub(super) async fn read<K: Kv>(
        &mut self,
        mender: &mut Mender<'_, K>,
        seal: &Seal,
    ) -> Result<Next, ReadError> {
        let Some((reference, is_directory)) = self.listed.pop_front() else {
            return Ok(Next::Known);
        };
        if is_directory {
            let segments = match mender.stored::<SliceRef>(reference, seal).await? {
                Stored::Here(segments) => segments,
                Stored::Lost => return Ok(Next::Lost),
                Stored::Awaited => return Ok(Next::Awaited),
            };
            for segment in segments.into_iter().rev() {
                if self.overlaps(&segment) {
                    self.listed.push_front((segment, false));
                }
            }
            return Ok(Next::Known);
        }
        let rows = match mender.stored::<Row>(reference, seal).await? {
            Stored::Here(rows) => rows,
            Stored::Lost => return Ok(Next::Lost),
            Stored::Awaited => return Ok(Next::Awaited),
        };
        let (oldest, newest) = self.span;
        let within = |row: &Row| oldest <= row.position && row.position <= newest;
        self.rows.extend(rows.into_iter().filter(within));
        Ok(Next::Known)
    }
}
