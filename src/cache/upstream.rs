//! Asks an upstream, and decides what of its answer is passed on.

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_128;

use super::Failure;
use super::value::Cached;
use crate::config::{Config, PASSABLE_TYPES, Proxy};
use crate::fetch::{self, Outcome, Target, Validators};
use crate::host::{Host, Level};
use crate::time::Timestamp;

/// What an upstream gave.
pub(super) struct Got {
    pub(super) media_type: String,
    pub(super) etag: String,
    pub(super) validators: Validators,
    pub(super) body: Bytes,
}

/// Asks for a newer answer than `cached`. What the upstream says of a failure goes to the log; with it comes when it wants to
/// be asked again.
pub(super) async fn ask<H: Host>(
    host: &H,
    config: &Config,
    proxy: &Proxy,
    cached: Option<&Cached>,
) -> Result<Got, (Failure, Option<Timestamp>)> {
    let accept = proxy.types.join(", ");
    let target = Target {
        url: &proxy.url,
        accept: &accept,
        headers: &proxy.headers,
        timeout_ms: proxy.timeout_ms,
        body_bytes_max: proxy.body_bytes_max,
    };
    let validators = cached.map(Cached::validators).unwrap_or_default();
    let refuse = |kind: &'static str, message: &str, not_before: Option<Timestamp>| {
        let line = format!("proxy `{}`: {message}", proxy.id);
        host.log(Level::Warn, &line.replace(['\r', '\n'], " "));
        (Failure::of(kind), not_before)
    };
    match (
        fetch::fetch_one(host, &target, &validators, config).await,
        cached,
    ) {
        (Outcome::Unchanged { validators }, Some(cached)) => Ok(Got {
            media_type: cached.media_type().to_owned(),
            etag: cached.etag().to_owned(),
            validators,
            body: cached.body(),
        }),
        // Without validators there is nothing to be unchanged.
        (Outcome::Unchanged { .. }, None) => {
            Err(refuse("protocol", "unchanged from nothing", None))
        }
        (Outcome::Failed(error), _) => Err(refuse(error.kind, &error.message, error.not_before)),
        (Outcome::Fresh(document), _) => {
            let declared = document.content_type.as_deref().unwrap_or_default();
            let Some(media_type) = passable(declared, proxy) else {
                let message = format!("answers with the media type `{}`", fetch::shown(declared));
                return Err(refuse("type", &message, None));
            };
            Ok(Got {
                media_type: media_type.to_owned(),
                etag: format!("\"{:032x}\"", xxh3_128(&document.body)),
                validators: document.validators,
                body: document.body,
            })
        }
    }
}

/// The media type without its parameters, where it may be passed on.
fn passable(declared: &str, proxy: &Proxy) -> Option<&'static str> {
    let essence = declared.split(';').next().unwrap_or_default().trim();
    PASSABLE_TYPES
        .iter()
        .copied()
        .find(|known| known.eq_ignore_ascii_case(essence))
        .filter(|known| proxy.types.iter().any(|listed| listed == known))
}
