//! Content-encodings are undone, and what unpacks to too much is stopped.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn coded(coding: &str, body: &[u8]) -> Script {
    Script::default().on(START, [say(200, &[("content-encoding", coding)], body)])
}

/// `FEED` as brotli's uncompressed meta-block (RFC 7932 §9.2): made by hand, since only the decoder is a dependency.
fn brotli_stored(data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len() - 1).unwrap();
    // WBITS 16 (0), ISLAST 0, MNIBBLES 4 (00), MLEN-1 (16 bits), ISUNCOMPRESSED 1, then to the next byte.
    let bits = (length << 4) | (1 << 20);
    let mut packed = bits.to_le_bytes()[..3].to_vec();
    packed.extend_from_slice(data);
    packed.push(3); // ISLAST, ISLASTEMPTY
    packed
}

#[test]
fn all_codings_are_undone() {
    let cases: [(&str, Vec<u8>); 9] = [
        ("gzip", gzip(FEED)),
        ("X-GZip", gzip(FEED)),
        ("deflate", zlib(FEED)),
        ("deflate", raw_deflate(FEED)),
        ("br", brotli_stored(FEED)),
        ("identity", FEED.to_vec()),
        ("gzip, identity", gzip(FEED)),
        ("deflate, gzip", gzip(&zlib(FEED))),
        ("br, gzip", gzip(&brotli_stored(FEED))),
    ];
    for (coding, body) in cases {
        assert_eq!(coded(coding, &body).body(), FEED, "{coding}");
    }
}

#[test]
fn common_mistakes_are_mended() {
    assert_eq!(coded("gzip", FEED).body(), FEED, "already unpacked");
    let mut twice = gzip(&FEED[..10]);
    twice.extend(gzip(&FEED[10..]));
    assert_eq!(coded("gzip", &twice).body(), FEED, "two members");
    twice.extend_from_slice(b"\0\0\0");
    assert_eq!(coded("gzip", &twice).body(), FEED, "padding");
    let bare = Script::default().on(START, [say(200, &[], &gzip(FEED))]);
    assert_eq!(bare.body(), FEED, "no header");
}

#[test]
fn bombs_are_stopped_at_the_cap() {
    let bomb = vec![b' '; 10_000_000];
    let inner = gzip(&bomb);
    for (coding, body) in [
        ("gzip", gzip(&inner)),
        ("deflate", zlib(&zlib(&bomb))),
        ("gzip, gzip", gzip(&gzip(&inner))),
    ] {
        let mut config = config();
        config.limits.body_bytes_max = 20_000;
        let host = coded(coding, &body);
        let coding_of = source("a", START);
        let job = Job {
            source: &coding_of,
            validators: Validators::default(),
        };
        let (_, outcomes) = host.run(&[job], &config, 9);
        match &outcomes[0].1 {
            Outcome::Failed(error) => assert_eq!(error.kind, "too-large", "{coding}"),
            Outcome::Fresh(document) => assert!(document.body.len() <= 20_000, "{coding}"),
            Outcome::Unchanged { .. } => panic!("unchanged"),
        }
    }
    let exact = vec![b'x'; 1000];
    assert_eq!(coded("gzip", &gzip(&exact)).body(), exact);
    let over = vec![b'x'; 1001];
    let error = coded("gzip", &gzip(&over)).error();
    assert_eq!(error.message, "the answer unpacks to more than 1000 bytes");
}

#[test]
fn broken_unknown_and_stacked_codings_are_errors() {
    let packed = gzip(FEED);
    assert_eq!(
        coded("gzip", &packed[..packed.len() / 2]).error().kind,
        "encoding"
    );
    assert_eq!(coded("gzip", b"\x01\x02").error().kind, "encoding");
    assert_eq!(coded("deflate", b"\x07\xff\xff").error().kind, "encoding");
    assert_eq!(coded("br", b"\xff\xff\xff\xff").error().kind, "encoding");
    assert_eq!(
        coded("zstd", FEED).error().message,
        "the answer is encoded as `zstd`, which was not asked for"
    );
    assert_eq!(coded("gzip, gzip, gzip", FEED).error().kind, "encoding");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(body: Vec<u8>, coding in 0..3_usize) {
        let coding = ["gzip", "deflate", "br"][coding];
        coded(coding, &body).one(Validators::default());
    }
}
