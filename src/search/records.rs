//! What a list of results shows of each document: blocks of some documents each, compressed, so that the results of one page
//! lie in a few values however scattered they are.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress};

use super::document::Hit;
use super::varint;
use crate::slice::{Corrupt, Position};
use crate::time::Timestamp;

/// Documents that a block is filled with. More compress a little better, and cost more to read one.
pub(super) const BLOCK_DOCUMENTS: usize = 16;
/// Most documents of a block: one that would be left with fewer than half of [`BLOCK_DOCUMENTS`] goes into its neighbour.
pub(super) const BLOCK_DOCUMENTS_MAX: usize = BLOCK_DOCUMENTS + BLOCK_DOCUMENTS / 2;
/// A block of more bytes than this is none of ours: the longest titles and addresses take a third of it.
const BLOCK_BYTES_MAX: u64 = 256 * 1024;

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

/// The records of a block.
pub(super) fn unpack(block: &[u8]) -> Result<Vec<Record>, Corrupt> {
    let mut plain = Vec::new();
    let mut decoder = DeflateDecoder::new(block).take(BLOCK_BYTES_MAX);
    decoder.read_to_end(&mut plain).map_err(|_| BROKEN)?;
    let mut bytes = plain.as_slice();
    let mut records = Vec::new();
    while !bytes.is_empty() {
        if records.len() == BLOCK_DOCUMENTS_MAX {
            return Err(BROKEN);
        }
        records.push(Record::read(&mut bytes).ok_or(BROKEN)?);
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
            let read = blocks.iter().flat_map(|block| {
                let read = unpack(&block.packed).unwrap();
                assert_eq!(read.len(), block.documents);
                read
            });
            assert_eq!(read.collect::<Vec<_>>(), records, "{count}");
        }
    }

    #[test]
    fn broken_blocks_are_refused() {
        let mut deflate = Compress::new(Compression::default(), false);
        let mut packed_of =
            |count: u64| pack(&(0..count).map(record).collect::<Vec<_>>(), &mut deflate);
        let packed = packed_of(16);
        for end in 0..packed.len() {
            let _ = unpack(&packed[..end]);
        }
        assert!(unpack(&packed_of(25)).is_err());
    }
}
