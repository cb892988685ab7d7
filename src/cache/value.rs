//! One cached answer as it is stored.

use bytes::Bytes;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::Answer;
use crate::config::Proxy;
use crate::fetch::Validators;
use crate::slice::{Corrupt, Kind, Value, Writer, keys};
use crate::time::Timestamp;

const META: u16 = 1;
const MEDIA_TYPE: u16 = 2;
const ETAG: u16 = 3;
const UPSTREAM_ETAG: u16 = 4;
const UPSTREAM_MODIFIED: u16 = 5;
const BODY: u16 = 6;
/// Fetched, fresh until, took, epoch, definition, hash of the body: eight bytes each.
const META_BYTES: usize = 6 * 8;

/// Where the answer of `proxy` is. By its id alone, so that another version or address replaces it and leaves nothing behind.
pub(super) fn key(proxy: &Proxy) -> String {
    keys::cached(xxh3_128(proxy.id.as_bytes()))
}

/// Hash of everything that decides what the upstream answers and whether it is passed on. An answer got under another
/// definition is never served.
pub(super) fn definition(proxy: &Proxy) -> u64 {
    let defining = (proxy.version, &proxy.url, &proxy.headers, &proxy.types);
    // Serialising text and numbers does not fail.
    xxh3_64(&serde_json::to_vec(&defining).unwrap_or_default())
}

/// What is known of an answer when it is stored.
#[derive(Debug, Clone)]
pub(super) struct Fetched {
    /// When the upstream gave it or confirmed it.
    pub(super) at: Timestamp,
    /// How long it took, in milliseconds.
    pub(super) took_ms: i64,
    /// When it stops being fresh, jitter included.
    pub(super) fresh_until: Timestamp,
    /// The newest purge when it was asked for.
    pub(super) epoch: u64,
    /// See [`definition`].
    pub(super) definition: u64,
    /// When it can't be served any more, whatever happens.
    pub(super) expires: Timestamp,
}

/// A cached answer, opened.
#[derive(Debug, Clone)]
pub(super) struct Cached {
    value: Value,
}

impl Cached {
    /// Opens a stored answer.
    pub(super) fn open(bytes: Bytes) -> Result<Self, Corrupt> {
        let value = Value::open(bytes, Kind::Cached)?;
        if value.piece(META, 0).len() != META_BYTES {
            return Err(Corrupt("a cached answer without its times"));
        }
        Ok(Self { value })
    }

    /// Lays out an answer. `etag` is the strong entity tag of `body`.
    pub(super) fn encode(
        fetched: &Fetched,
        media_type: &str,
        etag: &str,
        validators: &Validators,
        body: &[u8],
    ) -> Bytes {
        let mut meta = Vec::with_capacity(META_BYTES);
        for number in [
            fetched.at.0.cast_unsigned(),
            fetched.fresh_until.0.cast_unsigned(),
            fetched.took_ms.cast_unsigned(),
            fetched.epoch,
            fetched.definition,
            validators.body_hash,
        ] {
            meta.extend(number.to_le_bytes());
        }
        let text = |text: &Option<String>| vec![text.clone().unwrap_or_default().into_bytes()];
        let mut writer = Writer::default();
        writer.section(META, vec![meta]);
        writer.section(MEDIA_TYPE, vec![media_type.as_bytes().to_vec()]);
        writer.section(ETAG, vec![etag.as_bytes().to_vec()]);
        writer.section(UPSTREAM_ETAG, text(&validators.etag));
        writer.section(UPSTREAM_MODIFIED, text(&validators.last_modified));
        writer.section(BODY, vec![body.to_vec()]);
        writer.finish(Kind::Cached, Some(fetched.expires))
    }

    fn number(&self, index: usize) -> u64 {
        let bytes = self.value.piece(META, 0).get(index * 8..);
        bytes
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    pub(super) fn fetched(&self) -> Timestamp {
        Timestamp(self.number(0).cast_signed())
    }

    pub(super) fn fresh_until(&self) -> Timestamp {
        Timestamp(self.number(1).cast_signed())
    }

    pub(super) fn took_ms(&self) -> i64 {
        self.number(2).cast_signed()
    }

    pub(super) fn epoch(&self) -> u64 {
        self.number(3)
    }

    pub(super) fn definition(&self) -> u64 {
        self.number(4)
    }

    /// When it can't be served any more: from the value's header.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        self.value.expiry()
    }

    pub(super) fn media_type(&self) -> &str {
        self.value.text(MEDIA_TYPE, 0)
    }

    pub(super) fn etag(&self) -> &str {
        self.value.text(ETAG, 0)
    }

    pub(super) fn body(&self) -> Bytes {
        self.value.range(BODY, 0, 1)
    }

    /// What the upstream said of it, to ask again only for a change.
    pub(super) fn validators(&self) -> Validators {
        let text = |section| {
            let text = self.value.text(section, 0);
            (!text.is_empty()).then(|| text.to_owned())
        };
        Validators {
            etag: text(UPSTREAM_ETAG),
            last_modified: text(UPSTREAM_MODIFIED),
            body_hash: self.number(5),
        }
    }

    /// What is passed on.
    pub(super) fn answer(&self, proxy: &Proxy, now: Timestamp) -> Answer {
        Answer {
            media_type: self.media_type().to_owned(),
            body: self.body(),
            etag: self.etag().to_owned(),
            fetched: self.fetched(),
            stale: now >= super::policy::fresh_until(self, proxy),
        }
    }
}
