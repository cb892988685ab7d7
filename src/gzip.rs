//! gzip (RFC 1952), put together out of runs that were deflated before: a read compresses nothing of them anew.
//!
//! A run is deflated (RFC 1951) for itself and ended by a full flush, that is on a byte's border and without a last block, so
//! that runs can stand one after another in one stream. The checksum of the whole follows from those of the runs.

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

/// No file name, no time, unknown system: equal content gives equal bytes.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// A last block with nothing in it.
const END: [u8; 2] = [3, 0];

/// Most bytes of a stored block (RFC 1951 §3.2.4).
const STORED_BYTES_MAX: usize = 0xffff;

/// Below this many bytes a run is stored as it is: setting up a compressor costs more than it saves.
const DEFLATE_BYTES_MIN: usize = 256;

/// How hard is tried, 1 to 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Once for many reads.
    Kept,
    /// While a reader waits: half the time of more, for an eighth more bytes.
    Read,
}

impl Effort {
    const fn level(self) -> Compression {
        Compression::new(match self {
            Self::Kept => 6,
            Self::Read => 1,
        })
    }
}

/// A run of bytes in deflated form, and what the end of a gzip stream needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deflated {
    /// Whole blocks, none of them the last of a stream.
    pub(crate) bytes: Bytes,
    /// CRC-32 of the run.
    pub(crate) crc: u32,
    /// The run's length in bytes.
    pub(crate) len: u32,
}

impl Deflated {
    /// Deflates `run`, or stores it where it is short.
    pub(crate) fn of(run: &[u8], effort: Effort) -> Self {
        let bytes = if run.len() < DEFLATE_BYTES_MIN {
            stored(run)
        } else {
            deflated(run, effort).unwrap_or_else(|| stored(run))
        };
        Self {
            bytes: bytes.into(),
            crc: crc32fast::hash(run),
            len: u32::try_from(run.len()).unwrap_or(u32::MAX),
        }
    }
}

fn deflated(run: &[u8], effort: Effort) -> Option<Vec<u8>> {
    /// Room for the flush, which is five bytes and some bits.
    const ROOM_BYTES: usize = 64;
    let mut compress = Compress::new(effort.level(), false);
    let mut out = Vec::with_capacity(run.len() / 3 + ROOM_BYTES);
    loop {
        let read = usize::try_from(compress.total_in()).ok()?;
        let rest = run.get(read..)?;
        compress
            .compress_vec(rest, &mut out, FlushCompress::Full)
            .ok()?;
        // A flush is whole where there was room left behind it.
        if compress.total_in() == run.len() as u64 && out.len() < out.capacity() {
            return Some(out);
        }
        out.reserve(run.len() / 3 + ROOM_BYTES);
    }
}

fn stored(run: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(run.len() + 5 * (1 + run.len() / STORED_BYTES_MAX));
    for block in run.chunks(STORED_BYTES_MAX) {
        let len = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(0);
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend_from_slice(block);
    }
    out
}

/// A gzip stream in the making.
#[derive(Debug)]
pub(crate) struct Gzip {
    chunks: Vec<Bytes>,
    crc: crc32fast::Hasher,
    len: u32,
}

impl Gzip {
    pub(crate) fn new() -> Self {
        Self {
            chunks: vec![Bytes::from_static(&HEADER)],
            crc: crc32fast::Hasher::new(),
            len: 0,
        }
    }

    /// Adds a run without copying it.
    pub(crate) fn push(&mut self, run: Deflated) {
        let crc = crc32fast::Hasher::new_with_initial_len(run.crc, u64::from(run.len));
        self.crc.combine(&crc);
        // RFC 1952 §2.3.1: the length modulo 2^32.
        self.len = self.len.wrapping_add(run.len);
        self.chunks.push(run.bytes);
    }

    /// The whole stream.
    pub(crate) fn finish(mut self) -> Vec<Bytes> {
        let mut end = END.to_vec();
        end.extend(self.crc.finalize().to_le_bytes());
        end.extend(self.len.to_le_bytes());
        self.chunks.push(end.into());
        self.chunks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(runs: &[Vec<u8>]) -> Vec<u8> {
        let mut gzip = Gzip::new();
        for (index, run) in runs.iter().enumerate() {
            let effort = [Effort::Kept, Effort::Read][index % 2];
            gzip.push(Deflated::of(run, effort));
        }
        gzip.finish().concat()
    }

    /// By another crate than the one that deflates. It checks the checksum.
    fn read(gzip: &[u8]) -> Vec<u8> {
        zune_inflate::DeflateDecoder::new(gzip)
            .decode_gzip()
            .unwrap()
    }

    #[test]
    fn what_is_put_together_is_one_stream() {
        let text = "the quick brown fox jumps over the lazy dog. ".repeat(50);
        let noise: Vec<u8> = (0..150_000_u32)
            .map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        for runs in [
            vec![],
            vec![b"".to_vec()],
            vec![b"short".to_vec()],
            vec![
                text.clone().into_bytes(),
                b" 3 minutes ago ".to_vec(),
                text.into_bytes(),
            ],
            vec![noise.clone(), vec![0; 100_000], noise],
        ] {
            assert_eq!(read(&whole(&runs)), runs.concat());
        }
        assert_eq!(
            stored(&vec![7; STORED_BYTES_MAX + 1]).len(),
            STORED_BYTES_MAX + 1 + 10
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

        #[test]
        fn any_runs_are_read_as_they_were(runs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..6)) {
            prop_assert_eq!(read(&whole(&runs)), runs.concat());
        }
    }
}
