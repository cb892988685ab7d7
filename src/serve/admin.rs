//! The routes under `/_edgefold/`: they need a secret and do not exist without one.

use bytes::Bytes;
use http::{HeaderMap, Request, header};
use serde_json::{Value, json};
use subtle::{Choice, ConstantTimeEq};

use super::problem::Problem;
use super::query::Parameters;
use super::reads;
use super::reply::{JSON, Reply};
use super::routes::{Action, Route, Verb};
use crate::config::Config;
use crate::cycle::{self, CycleError, Scope};
use crate::host::{Host, Kv, Level};
use crate::read::ReadError;
use crate::slice::{Section, keys};

/// Longest token, in bytes: comparing takes the same time for every one up to here.
const TOKEN_BYTES_MAX: usize = 512;

/// Lets a request with the right token through. `refresh_token` is right for running a cycle only; where it is the only one
/// set, everything else does not exist.
pub(super) async fn admit<H: Host>(
    host: &H,
    route: &Route,
    request: &Request<Bytes>,
) -> Result<(), Problem> {
    let admin = token(host, "admin_token").await;
    let refresh = token(host, "refresh_token").await;
    let given = bearer(request.headers());
    let runs_cycle = Verb::of(request.method())
        .and_then(|verb| route.operation(verb))
        .is_some_and(|operation| operation.action == Action::Refresh);
    let is_admin = same(admin.as_deref(), given);
    let is_refresh = same(refresh.as_deref(), given) & Choice::from(u8::from(runs_cycle));
    if bool::from(is_admin | is_refresh) {
        Ok(())
    } else if admin.is_some() {
        Err(Problem::unauthorized())
    } else {
        Err(Problem::no_such_route(request.uri().path()))
    }
}

/// A token of the deployment. An empty one is none: it would let everybody in.
async fn token<H: Host>(host: &H, name: &str) -> Option<String> {
    host.variable(name)
        .await
        .filter(|token| !token.trim().is_empty())
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| token.trim_ascii())
}

/// Whether both are there and equal, in a time that does not depend on where they differ.
fn same(secret: Option<&str>, given: Option<&[u8]>) -> Choice {
    let (Some(secret), Some(given)) = (secret, given) else {
        return Choice::from(0);
    };
    let secret = secret.trim().as_bytes();
    if secret.len() > TOKEN_BYTES_MAX || given.len() > TOKEN_BYTES_MAX {
        return Choice::from(0);
    }
    let mut padded = [[0_u8; TOKEN_BYTES_MAX]; 2];
    padded[0][..secret.len()].copy_from_slice(secret);
    padded[1][..given.len()].copy_from_slice(given);
    padded[0].ct_eq(&padded[1]) & (secret.len() as u64).ct_eq(&(given.len() as u64))
}

/// The configuration in force, and where it is from: the variable `config`, else the stored one, else the one baked in.
async fn configuration<H: Host>(
    host: &H,
    default_config: &str,
) -> Result<(Config, &'static str), Problem> {
    let (text, origin) = if let Some(text) = host.variable("config").await {
        (text, "variable")
    } else {
        let stored = host
            .kv()
            .get(keys::CONFIG)
            .await
            .map_err(|error| Problem::store(host, &ReadError::Store(error)))?;
        match stored {
            Some(entry) => (String::from_utf8_lossy(&entry.value).into_owned(), "store"),
            None => (default_config.to_owned(), "default"),
        }
    };
    Config::from_compiled(&text)
        .map(|config| (config, origin))
        .map_err(|error| {
            let line = format!("the configuration ({origin}) can't be used: {error}")
                .replace(['\r', '\n'], " ");
            host.log(Level::Error, &line);
            Problem::bad_configuration(line)
        })
}

/// `POST /_edgefold/refresh`
pub(super) async fn refresh<H: Host>(
    host: &H,
    default_config: &str,
    parameters: &Parameters,
) -> Result<Reply, Problem> {
    let scope = match parameters.get("all") {
        None => Scope::Due,
        Some("1") => Scope::All,
        Some(_) => {
            return Err(Problem::bad_parameter(
                "all",
                "`all` can only be `1`; leave it out to ask the sources that are due.",
            ));
        }
    };
    let report =
        cycle::refresh(host, default_config, scope)
            .await
            .map_err(|error| match error {
                CycleError::Store(error) => Problem::store(host, &ReadError::Store(error)),
                CycleError::Read(error) => Problem::store(host, &error),
                CycleError::Config(problem) => Problem::bad_configuration(problem.to_string()),
            })?;
    // Serialising text and numbers does not fail.
    let json = serde_json::to_vec(&report).unwrap_or_default();
    Ok(Reply::ok(JSON, vec![json.into()]))
}

/// `GET /_edgefold/status`
pub(super) async fn status<H: Host>(host: &H, default_config: &str) -> Result<Reply, Problem> {
    let configuration = match configuration(host, default_config).await {
        Ok((config, origin)) => json!({
            "origin": origin,
            "title": config.site.title,
            "sources": config.sources.len(),
            "views": config.views.len(),
            "writes_per_day": config.budget.writes_per_day,
            "requests_per_run": config.limits.requests_per_run,
        }),
        // Shown here rather than answered: this page is where one looks when something is wrong.
        Err(problem) => json!({ "error": problem.detail() }),
    };
    let published = reads::head(host).await?.map(|head| {
        let list = |section| -> Value {
            let json: Vec<u8> = head.section(section).concat();
            serde_json::from_slice(&json).unwrap_or_default()
        };
        let ledger = head.ledger();
        json!({
            "generation": head.generation(),
            "updated": head.updated(),
            "age_s": (host.now().as_secs() - head.updated().as_secs()).max(0),
            "content_hash": format!("{:032x}", head.content_hash()),
            "head_bytes": head.bytes(),
            "intact": head.verify().is_ok(),
            "writes": { "day": ledger.day, "writes": ledger.writes },
            "views": list(Section::ViewsJson),
            "sources": list(Section::SourcesJson),
        })
    });
    let can = host.kv().capabilities();
    // Shown where it can be had: what is wrong with the rest is told above.
    let refresh = cycle::status(host, default_config).await.ok();
    let status = json!({
        "refresh": refresh,
        "version": env!("CARGO_PKG_VERSION"),
        "now": host.now(),
        "published": published,
        "configuration": configuration,
        "store": { "swap": can.swap, "ttl": can.ttl, "list": can.list, "batch": can.batch },
    });
    Ok(Reply::ok(JSON, vec![status.to_string().into()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_whole_tokens() {
        let same = |secret, given: &[u8]| bool::from(same(Some(secret), Some(given)));
        assert!(same("abc", b"abc"));
        assert!(!same("abc", b"abd"));
        assert!(!same("abc", b"ab"));
        // Padding must not make these equal.
        assert!(!same("abc", b"abc\0"));
        let long = "x".repeat(TOKEN_BYTES_MAX + 1);
        assert!(!same(&long, long.as_bytes()));
    }

    #[test]
    fn reads_the_scheme_in_any_case() {
        for (value, token) in [
            ("Bearer abc", Some(&b"abc"[..])),
            ("bearer  abc ", Some(b"abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("Bearerabc", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            assert_eq!(bearer(&headers), token, "{value}");
        }
    }
}
