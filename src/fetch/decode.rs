//! Undoes `Content-Encoding` (RFC 9110 §8.4), never unpacking more than the cap: a bomb is stopped one byte past it.

use std::io::{self, Read};

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// Most codings undone, one inside the other.
pub(super) const CODINGS_MAX: usize = 2;
/// Unpacked in steps of this many bytes.
const STEP_BYTES: usize = 16 * 1024;

/// Why a body can't be unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// Over the cap at some stage.
    TooLarge,
    /// A coding that was not asked for.
    Unknown(String),
    /// More than [`CODINGS_MAX`].
    TooMany,
    /// The data is not what its header says, or ends early.
    Broken(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// `body` with all codings that `headers` name undone; at most `bytes_max` bytes at every stage.
pub(super) fn decode(
    body: Bytes,
    headers: &HeaderMap,
    bytes_max: usize,
) -> Result<Bytes, DecodeError> {
    let mut codings = codings(headers)?;
    // `feed.xml.gz` served as it lies on the disk, without a header.
    if codings.is_empty() && body.starts_with(&[0x1f, 0x8b, 0x08]) {
        codings.push(Coding::Gzip);
    }
    let mut body = body;
    // Listed in the order applied, so the last is undone first.
    for coding in codings.into_iter().rev() {
        if !body.is_empty() && !is_already_decoded(&body, coding) {
            body = undo(&body, coding, bytes_max)?.into();
        }
    }
    Ok(body)
}

fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, DecodeError> {
    let mut found = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        for name in text.split(',').map(str::trim) {
            let coding = match name {
                "" | "identity" | "none" | "utf-8" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                other => return Err(DecodeError::Unknown(other.chars().take(40).collect())),
            };
            found.push(coding);
            if found.len() > CODINGS_MAX {
                return Err(DecodeError::TooMany);
            }
        }
    }
    Ok(found)
}

/// Proxies that unpack a body and leave the header are common. Neither gzip nor deflate data begins like markup or JSON, so
/// there is no doubt; brotli data may.
fn is_already_decoded(body: &[u8], coding: Coding) -> bool {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let markup = text.starts_with(b"<?xml")
        || text.starts_with(b"<rss")
        || text.starts_with(b"<feed")
        || text.starts_with(b"<rdf")
        || text.starts_with(b"<!")
        || text.starts_with(b"{\"")
        || text.starts_with(b"{\n")
        || text.starts_with(b"[{");
    markup && coding != Coding::Brotli
}

fn undo(packed: &[u8], coding: Coding, bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    match coding {
        Coding::Gzip => gunzip(packed, bytes_max),
        Coding::Deflate => inflate(packed, bytes_max),
        Coding::Brotli => {
            let mut decoder = Decompressor::new(packed, STEP_BYTES);
            // "Large window" brotli is not the `br` coding (RFC 7932) and may ask for a gigabyte.
            decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
            let mut out = Vec::new();
            read_all(decoder, &mut out, bytes_max)?.map_err(|_| DecodeError::Broken("brotli"))?;
            Ok(out)
        }
    }
}

/// One or more members (RFC 1952 §2.2); what follows the last one is ignored, as browsers do.
fn gunzip(packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::new();
    let mut rest = packed;
    loop {
        let mut decoder = GzDecoder::new(rest);
        let read = read_all(&mut decoder, &mut out, bytes_max)?;
        read.map_err(|_| DecodeError::Broken("gzip"))?;
        rest = decoder.into_inner();
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Ok(out);
        }
    }
}

/// `deflate` means zlib (RFC 9110 §8.4.1.2), but raw deflate is sent under that name too.
fn inflate(packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::new();
    if has_zlib_header(packed) && read_all(ZlibDecoder::new(packed), &mut out, bytes_max)?.is_ok() {
        return Ok(out);
    }
    out.clear();
    let read = read_all(DeflateDecoder::new(packed), &mut out, bytes_max)?;
    read.map_err(|_| DecodeError::Broken("deflate"))?;
    Ok(out)
}

/// RFC 1950 §2.2: method 8, and the first two bytes are a multiple of 31.
fn has_zlib_header(packed: &[u8]) -> bool {
    match packed {
        [first, second, ..] => {
            first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
        }
        _ => false,
    }
}

/// Appends what `decoder` yields to `out`. The outer error: `out` would grow over `bytes_max`.
fn read_all(
    mut decoder: impl Read,
    out: &mut Vec<u8>,
    bytes_max: usize,
) -> Result<io::Result<()>, DecodeError> {
    let mut step = vec![0; STEP_BYTES];
    loop {
        // One byte over the cap is asked for, to tell "full" from "more".
        let room = bytes_max.saturating_sub(out.len()).saturating_add(1);
        let Some(window) = step.get_mut(..room.min(STEP_BYTES)) else {
            return Err(DecodeError::TooLarge);
        };
        match decoder.read(window) {
            Ok(0) => return Ok(Ok(())),
            Ok(read) => out.extend_from_slice(window.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error)),
        }
        if out.len() > bytes_max {
            return Err(DecodeError::TooLarge);
        }
    }
}
