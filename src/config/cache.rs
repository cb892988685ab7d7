//! How answers may be kept: policies of cache classes, as written in `[cache]`.

use serde::{Deserialize, Serialize};

/// The policies of a site. [`Cache::to_bytes`] is what a head carries, so that a read finds them without a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// Content that never changes under its address: files named by their hash.
    pub immutable: Policy,
    /// What changes only with a deployment: the API's description, the icon.
    pub versioned: Policy,
    /// Public data.
    pub api: Policy,
    /// Pages.
    pub html: Policy,
    /// Answers for one reader: those that need a token. Never kept by shared caches.
    pub personal: Policy,
    /// By how many hundredths a lifetime may fall short of what is written, 0 to 50.
    pub jitter_percent: u8,
    /// Which headers are sent to caches in front beside `Cache-Control`.
    pub headers: CacheHeaders,
    /// Whether answers are sent compressed to those who take them so.
    pub gzip: bool,
}

/// How long one class of answers may be kept, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// By browsers, and by caches that know nothing but `Cache-Control`.
    pub max_age_s: u32,
    /// By caches in front, as `Surrogate-Control` and `CDN-Cache-Control` (RFC 9213) tell them.
    pub shared_max_age_s: u32,
    /// After that, while somebody asks for a newer one (RFC 5861 §3).
    pub stale_while_revalidate_s: u32,
    /// After that, where none can be had (RFC 5861 §4).
    pub stale_if_error_s: u32,
}

/// Headers for caches in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheHeaders {
    /// `Surrogate-Control` (Edge Architecture Specification).
    pub surrogate_control: bool,
    /// `CDN-Cache-Control` (RFC 9213): Cloudflare, Akamai, Netlify, Vercel.
    pub cdn_cache_control: bool,
    /// `Surrogate-Key`, separated by spaces.
    pub surrogate_key: bool,
    /// `Cache-Tag`, separated by commas: Cloudflare, Netlify, bunny.net.
    pub cache_tag: bool,
}

/// Names of [`CacheHeaders`] in `edgefold.toml`.
pub const CACHE_HEADERS: [&str; 4] = [
    "surrogate-control",
    "cdn-cache-control",
    "surrogate-key",
    "cache-tag",
];

impl CacheHeaders {
    /// Those that `named` names, of [`CACHE_HEADERS`].
    #[must_use]
    pub fn of(named: impl Fn(&str) -> bool) -> Self {
        let [
            surrogate_control,
            cdn_cache_control,
            surrogate_key,
            cache_tag,
        ] = CACHE_HEADERS.map(named);
        Self {
            surrogate_control,
            cdn_cache_control,
            surrogate_key,
            cache_tag,
        }
    }

    const fn bits(self) -> u8 {
        self.surrogate_control as u8
            | (self.cdn_cache_control as u8) << 1
            | (self.surrogate_key as u8) << 2
            | (self.cache_tag as u8) << 3
    }

    const fn from_bits(bits: u8) -> Self {
        Self {
            surrogate_control: bits & 1 != 0,
            cdn_cache_control: bits & 2 != 0,
            surrogate_key: bits & 4 != 0,
            cache_tag: bits & 8 != 0,
        }
    }
}

const HOUR_S: u32 = 3600;
const DAY_S: u32 = 24 * HOUR_S;

impl Policy {
    /// A read of what is published: fresh for a minute, shown for ten more while a new one is fetched, for a day while none
    /// can be had.
    pub const READ: Self = Self::new(60, 600, DAY_S);

    const fn new(max_age_s: u32, stale_while_revalidate_s: u32, stale_if_error_s: u32) -> Self {
        Self {
            max_age_s,
            shared_max_age_s: max_age_s,
            stale_while_revalidate_s,
            stale_if_error_s,
        }
    }

    const fn numbers(self) -> [u32; 4] {
        [
            self.max_age_s,
            self.shared_max_age_s,
            self.stale_while_revalidate_s,
            self.stale_if_error_s,
        ]
    }
}

impl Default for Cache {
    /// What holds where `[cache]` is not written.
    fn default() -> Self {
        Self {
            immutable: Policy::new(365 * DAY_S, 0, 0),
            versioned: Policy::new(HOUR_S, DAY_S, 7 * DAY_S),
            api: Policy::READ,
            html: Policy::READ,
            personal: Policy::new(0, 0, 0),
            jitter_percent: 10,
            headers: CacheHeaders {
                surrogate_control: true,
                cdn_cache_control: true,
                surrogate_key: true,
                cache_tag: false,
            },
            gzip: true,
        }
    }
}

/// Bytes of [`Cache::to_bytes`].
const CACHE_BYTES: usize = 2 + CLASSES * 4 * 4;
const CLASSES: usize = 5;
/// The bit of [`Cache::gzip`], above those of the headers.
const GZIP_BIT: u8 = 4;

impl Cache {
    /// Whether nothing was written.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    const fn classes(&self) -> [Policy; CLASSES] {
        [
            self.immutable,
            self.versioned,
            self.api,
            self.html,
            self.personal,
        ]
    }

    /// The form in which a head carries it: jitter, headers, then the classes' numbers, little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![
            self.jitter_percent,
            self.headers.bits() | u8::from(self.gzip) << GZIP_BIT,
        ];
        for policy in self.classes() {
            bytes.extend(policy.numbers().into_iter().flat_map(u32::to_le_bytes));
        }
        bytes
    }

    /// Reads [`Cache::to_bytes`]; the default where `bytes` are of another form, as in a head of an earlier version.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let Ok([jitter_percent, headers, rest @ ..]) = <&[u8; CACHE_BYTES]>::try_from(bytes) else {
            return Self::default();
        };
        let (numbers, _) = rest.as_chunks::<4>();
        let mut numbers = numbers.iter().map(|cell| u32::from_le_bytes(*cell));
        let mut policy = || {
            let mut number = || numbers.next().unwrap_or_default();
            Policy {
                max_age_s: number(),
                shared_max_age_s: number(),
                stale_while_revalidate_s: number(),
                stale_if_error_s: number(),
            }
        };
        Self {
            immutable: policy(),
            versioned: policy(),
            api: policy(),
            html: policy(),
            personal: policy(),
            jitter_percent: *jitter_percent,
            headers: CacheHeaders::from_bits(*headers),
            gzip: headers >> GZIP_BIT & 1 == 1,
        }
    }

    /// The policies in a compiled configuration, without reading the rest of it: for answers that read no head. The
    /// defaults where it has none or can't be read.
    #[must_use]
    pub fn of_compiled(text: &str) -> Self {
        #[derive(Deserialize)]
        struct Only {
            #[serde(default)]
            cache: Cache,
        }
        if !text.contains(r#""cache":{"#) {
            return Self::default();
        }
        serde_json::from_str::<Only>(text).map_or_else(|_| Self::default(), |only| only.cache)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_comes_back() {
        let mut cache = Cache::default();
        assert_eq!(Cache::from_bytes(&cache.to_bytes()), cache);
        cache.jitter_percent = 33;
        cache.html.shared_max_age_s = u32::MAX;
        cache.personal.max_age_s = 7;
        cache.gzip = false;
        cache.headers = CacheHeaders::of(|name| name == "cache-tag");
        assert_eq!(cache.to_bytes().len(), CACHE_BYTES);
        assert_eq!(Cache::from_bytes(&cache.to_bytes()), cache);
        for other in [&b""[..], b"x", &[0; CACHE_BYTES + 1]] {
            assert_eq!(Cache::from_bytes(other), Cache::default());
        }
    }

    #[test]
    fn names_and_fields_are_in_one_order() {
        for (index, name) in CACHE_HEADERS.iter().enumerate() {
            assert_eq!(CacheHeaders::of(|other| other == *name).bits(), 1 << index);
        }
    }
}
