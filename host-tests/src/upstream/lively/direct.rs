//! The lively upstreams without a network, for cycles that run natively.

use std::collections::BTreeMap;

use edgefold::host::{HttpClient, HttpError, Incoming, Outgoing};
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};

use crate::sim::SimClock;
use crate::upstream::Reply;

/// Answers as a server with the lively upstreams would, conditional requests included.
#[derive(Debug)]
pub struct Direct {
    clock: SimClock,
    seed: u64,
    base: String,
    paths: BTreeMap<String, &'static str>,
}

impl Direct {
    /// The upstreams of `seed` as `clock` shows them. `base` is where [`super::config`] says they are.
    #[must_use]
    pub fn new(clock: SimClock, seed: u64, base: &str) -> Self {
        let listings = super::listings(seed, clock.now());
        let paths = listings
            .iter()
            .map(|listing| (listing.path.to_owned(), listing.source));
        Self {
            paths: paths.collect(),
            clock,
            seed,
            base: base.to_owned(),
        }
    }
}

impl HttpClient for Direct {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        let id = self.paths.get(request.url.path()).copied();
        let id = id.unwrap_or_default();
        let Reply::Document(document) = super::answer(id, self.seed, self.clock.now(), &self.base)
        else {
            return Err(HttpError::Protocol("no document".into()));
        };
        let same = |ours, theirs| {
            let ours = document.headers.get(ours);
            ours.is_some() && ours == request.headers.get(theirs)
        };
        let known = same(ETAG, IF_NONE_MATCH) || same(LAST_MODIFIED, IF_MODIFIED_SINCE);
        if known && document.status == 200 {
            return Ok(Incoming {
                status: http::StatusCode::NOT_MODIFIED,
                headers: document.headers,
                body: bytes::Bytes::new(),
            });
        }
        Ok(Incoming {
            status: document.status,
            headers: document.headers,
            body: document.body,
        })
    }
}
