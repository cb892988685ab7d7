//! What a list of results shows of each document: blocks of some documents each, compressed, so that the results of one page
//! lie in a few values however scattered they are.

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::document::Hit;
use super::varint;
use crate::slice::{Corrupt, Position};
use crate::time::Timestamp;

/// Documents that a block is filled with. More compress a little better, and cost more to read one.
pub(super) const BLOCK_DOCUMENTS: usize = 16;
/// Most documents of a block: one that would be left with fewer than half of [`BLOCK_DOCUMENTS`] goes into its neighbour.
pub(super) const BLOCK_DOCUMENTS_MAX: usize = BLOCK_DOCUMENTS + BLOCK_DOCUMENTS / 2;
/// A block of more bytes than this is none of ours: the longest titles and addresses take a third of it.
const BLOCK_BYTES_MAX: usize = 256 * 1024;
/// What most blocks take, unpacked.
const PLAIN_BYTES: usize = 4 * 1024;
/// Texts of a record.
const TEXTS: usize = 4;

const BROKEN: Corrupt = Corrupt("a run's record is broken");

/// A document without its place and times, which its run has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    title: String,
    url: Option<String>,
    source: String,
    category: String,
}

impl Record {
    pub(super) fn of(hit: &Hit) -> Self {
        Self {
            title: hit.title.clone(),
            url: hit.url.clone(),
            source: hit.source.clone(),
            category: hit.category.clone(),
        }
    }

    pub(super) fn hit(self, position: Position, published: i64) -> Hit {
        Hit {
            position,
            title: self.title,
            url: self.url,
            source: self.source,
            category: self.category,
            published: Timestamp(published),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let url = self.url.as_deref().unwrap_or_default();
        for text in [&self.source, &self.category, url, &self.title] {
            varint::put_bytes(out, text.as_bytes());
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let mut text = || {
            let text = varint::take_bytes(bytes)?;
            String::from_utf8(text.to_vec()).ok()
        };
        let (source, category, url, title) = (text()?, text()?, text()?, text()?);
        Some(Self {
            title,
            url: Some(url).filter(|url| !url.is_empty()),
            source,
            category,
        })
    }
}

/// Some records, compressed.
fn pack(records: &[Record], deflate: &mut Compress) -> Vec<u8> {
    let mut plain = Vec::new();
    for record in records {
        record.write(&mut plain);
    }
    deflate.reset();
    // What can't be made smaller grows by a few bytes.
    let mut packed = Vec::with_capacity(plain.len() + plain.len() / 8 + 64);
    // Fails only where it was finished before.
    let _ = deflate.compress_vec(&plain, &mut packed, FlushCompress::Finish);
    packed
}

/// Unpacks blocks, one after another.
pub(super) struct Unpack(Decompress);

impl Default for Unpack {
    fn default() -> Self {
        Self(Decompress::new(false))
    }
}

impl Unpack {
    /// A block, unpacked.
    pub(super) fn block(&mut self, packed: &[u8]) -> Result<Vec<u8>, Corrupt> {
        self.0.reset(false);
        let mut plain = Vec::with_capacity(PLAIN_BYTES);
        loop {
            let at = usize::try_from(self.0.total_in()).unwrap_or(usize::MAX);
            let rest = packed.get(at..).unwrap_or_default();
            let status = self
                .0
                .decompress_vec(rest, &mut plain, FlushDecompress::Finish);
            match status.map_err(|_| BROKEN)? {
                Status::StreamEnd => return Ok(plain),
                _ if plain.len() < plain.capacity() || plain.len() > BLOCK_BYTES_MAX => {
                    return Err(BROKEN);
                }
                _ => plain.reserve(plain.len()),
            }
        }
    }
}

/// Record `index` of an unpacked block.
pub(super) fn record_of(mut plain: &[u8], index: usize) -> Result<Record, Corrupt> {
    for _ in 0..index * TEXTS {
        varint::take_bytes(&mut plain).ok_or(BROKEN)?;
    }
    Record::read(&mut plain).ok_or(BROKEN)
}

/// All records of an unpacked block.
pub(super) fn records_of(mut plain: &[u8]) -> Result<Vec<Record>, Corrupt> {
    let mut records = Vec::new();
    while !plain.is_empty() {
        if records.len() == BLOCK_DOCUMENTS_MAX {
            return Err(BROKEN);
        }
        records.push(Record::read(&mut plain).ok_or(BROKEN)?);
    }
    Ok(records)
}

/// A block, and how many documents are in it.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) documents: usize,
    pub(super) packed: Bytes,
}

/// Packs `records` into blocks of about [`BLOCK_DOCUMENTS`].
pub(super) fn blocks(records: &[Record]) -> Vec<Block> {
    let mut deflate = Compress::new(Compression::default(), false);
    let mut blocks = Vec::new();
    let mut rest = records;
    while !rest.is_empty() {
        let documents = if rest.len() <= BLOCK_DOCUMENTS_MAX {
            rest.len()
        } else {
            BLOCK_DOCUMENTS
        };
        let (front, after) = rest.split_at(documents);
        blocks.push(Block {
            documents,
            packed: pack(front, &mut deflate).into(),
        });
        rest = after;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64) -> Record {
        Record {
            title: format!("Title {number} · ü"),
            url: (!number.is_multiple_of(3)).then(|| format!("https://a.example/{number}")),
            source: "a".to_owned(),
            category: "alpha".to_owned(),
        }
    }

    #[test]
    fn records_come_back() {
        for count in [0, 1, 16, 24, 25, 40, 100] {
            let records: Vec<Record> = (0..count).map(record).collect();
            let blocks = blocks(&records);
            let mut unpack = Unpack::default();
            let read = blocks.iter().flat_map(|block| {
                let plain = unpack.block(&block.packed).unwrap();
                let read = records_of(&plain).unwrap();
                assert_eq!(read.len(), block.documents);
                for (index, record) in read.iter().enumerate() {
                    assert_eq!(record_of(&plain, index), Ok(record.clone()));
                }
                read
            });
            assert_eq!(read.collect::<Vec<_>>(), records, "{count}");
        }
    }

    fn deflate_anew() -> Compress {
        Compress::new(Compression::default(), false)
    }

    #[test]
    fn broken_blocks_are_refused() {
        let mut deflate = deflate_anew();
        let mut packed_of =
            |count: u64| pack(&(0..count).map(record).collect::<Vec<_>>(), &mut deflate);
        let mut unpack = Unpack::default();
        let packed = packed_of(16);
        for end in 0..packed.len() {
            assert!(unpack.block(&packed[..end]).is_err());
        }
        let plain = unpack.block(&packed_of(25)).unwrap();
        assert!(records_of(&plain).is_err());
        assert!(record_of(&plain, 25).is_err());
        assert!(unpack.block(&[0xff; 9]).is_err());
        // Of text that packs well, no more than a block may have.
        let long = Record {
            title: "x".repeat(2 * BLOCK_BYTES_MAX),
            ..record(1)
        };
        let packed = pack(&[long], &mut deflate_anew());
        assert!(unpack.block(&packed).is_err());
    }
}
