//! Tells a host for how long it may give an answer again by itself, and what it has to look at before it does.
//!
//! The rules are those of the field `edgefold-lasts` in `wit/world.wit`. An answer lasts as [`super::given`] says, and never longer than
//! [`LASTS_MS_MAX`].

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::host::Version;
use crate::slice::keys;
use crate::tenant::Tenant;

/// The field with which an answer tells its host for how long it lasts: milliseconds, the key of the head in the store, and the version that
/// the head has there. See `wit/world.wit`.
pub const LASTS: HeaderName = HeaderName::from_static("edgefold-lasts");

/// No answer lasts longer, in milliseconds: those who asked at different times are to be told different lifetimes (`[cache]`,
/// `jitter_percent`), and to ask once a second costs nothing.
const LASTS_MS_MAX: i64 = 1_000;

/// Says that the answer with these `fields` is true for `lasts_ms`, while the head of `tenant` is of `version`. Says nothing where the
/// store has a version that no header may have.
pub(super) fn tell(fields: &mut HeaderMap, tenant: &Tenant, version: &Version, lasts_ms: i64) {
    let lasts_ms = lasts_ms.clamp(0, LASTS_MS_MAX);
    let value = format!("{lasts_ms} {}{} {}", tenant.prefix(), keys::HEAD, version.0);
    if let Ok(value) = HeaderValue::from_str(&value) {
        fields.insert(LASTS, value);
    }
}
