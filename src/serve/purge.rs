//! `POST /_edgefold/purge`: by key, by tag, or all.

use bytes::Bytes;

use super::admin::{self, answer, failed};
use super::problem::Problem;
use super::query::Parameters;
use super::reply::Reply;
use crate::cache::{self, PURGE_NAMES_MAX, Purge, PurgeError};
use crate::config::Config;
use crate::cycle::{self, CycleError};
use crate::host::Host;
use crate::read::ReadError;
use crate::tenant::TenantHost;

/// How much is said of what is wrong with a body, in characters: it may repeat the body.
const WHY_CHARS_MAX: usize = 200;

/// Purges what the query or the body names.
pub(super) async fn purge<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
    parameters: &Parameters,
    body: &Bytes,
) -> Result<Reply, Problem> {
    let asked = asked(parameters, body)?;
    let config = cycle::configured_of(host, default_config)
        .await
        .map(|found| found.config)
        .map_err(|problem| failed(host, CycleError::Config(problem)))?;
    cache::purge(host, &config, &asked)
        .await
        .map(|purged| answer(&purged))
        .map_err(|error| problem(host, &config, error))
}

fn asked(parameters: &Parameters, body: &Bytes) -> Result<Purge, Problem> {
    let list = |name| {
        parameters
            .get(name)
            .map(str::to_owned)
            .into_iter()
            .collect()
    };
    let asked = Purge {
        all: admin::is_all(
            parameters,
            "`all` can only be `1`; leave it out to purge by name.",
        )?,
        keys: list("key"),
        tags: list("tag"),
    };
    if body.trim_ascii().is_empty() {
        return Ok(asked);
    }
    if asked != Purge::default() {
        return Err(Problem::bad_body(
            "Name what is to be purged in the query or in the body, not in both.",
        ));
    }
    serde_json::from_slice(body).map_err(|error| {
        let why = error.to_string();
        let why: String = why.chars().filter(|c| !c.is_control()).take(WHY_CHARS_MAX).collect();
        Problem::bad_body(format!(
            "The body must be a JSON object such as `{{\"keys\":[\"prices\"],\"tags\":[],\"all\":false}}`: {why}."
        ))
    })
}

fn problem<H: Host>(host: &H, config: &Config, error: PurgeError) -> Problem {
    let (keys, tags) = cache::purge_names(config);
    match error {
        PurgeError::Empty => Problem::bad_body(
            "Nothing is named: give `key`, `tag` or `all=1`, or a JSON body with `keys`, `tags` or `all`.",
        ),
        PurgeError::TooMany => Problem::bad_body(format!(
            "More than {PURGE_NAMES_MAX} names: purge them in parts, or `all`."
        )),
        PurgeError::UnknownKey(key) => Problem::unknown_word("key", &key, keys.iter().copied()),
        PurgeError::UnknownTag(tag) => Problem::unknown_word("tag", &tag, tags.iter().copied()),
        PurgeError::NoWrites(wait_ms) => Problem::no_writes(wait_ms),
        PurgeError::Store(error) => Problem::store(host, &ReadError::Store(error)),
    }
}
