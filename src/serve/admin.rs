//! The routes under `/_edgefold/`: they need a secret and do not exist without one.

use bytes::Bytes;
use http::{HeaderMap, Request, header};
use serde::Serialize;
use subtle::{Choice, ConstantTimeEq};

use super::policy::Caching;
use super::problem::Problem;
use super::query::Parameters;
use super::reply::{JSON, Reply};
use super::routes::{Action, Route, Verb};
use super::webhook;
use crate::config::Cache;
use crate::cycle::{self, CycleError, Place, Round, Scope};
use crate::host::{Host, Level};
use crate::read::ReadError;
use crate::tenant::TenantHost;
use crate::time::Timestamp;

/// Longest token, in bytes: comparing takes the same time for every one up to here.
const TOKEN_BYTES_MAX: usize = 512;

/// Lets a request with the right token through, and a call for a cycle that is signed with `webhook_secret`. `refresh_token` is right for running a cycle only; where it is the only one
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
        return Ok(());
    }
    if runs_cycle
        && webhook::is_signed(request.headers())
        && let Some(secrets) = token(host, "webhook_secret").await
    {
        return admit_signed(&secrets, request, host.now());
    }
    if admin.is_some() {
        Err(Problem::unauthorized())
    } else {
        Err(Problem::no_such_route(request.uri().path()))
    }
}

/// A signature covers the body and not the address: what is overheard could be sent again with `all=1`, which asks every
/// upstream each time.
fn admit_signed(secrets: &str, request: &Request<Bytes>, now: Timestamp) -> Result<(), Problem> {
    webhook::verify(secrets, request.headers(), request.body(), now)
        .map_err(Problem::bad_webhook)?;
    let query = request.uri().query().unwrap_or_default();
    let names = url::form_urlencoded::parse(query.as_bytes());
    if names.into_iter().any(|(name, _)| name == "all") {
        return Err(Problem::beyond_webhook());
    }
    Ok(())
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

/// `POST /_edgefold/refresh`
pub(super) async fn refresh<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
    parameters: &Parameters,
) -> Result<Reply, Problem> {
    let hint = "`all` can only be `1`; leave it out to ask the sources that are due.";
    let scope = if is_all(parameters, hint)? {
        Scope::All
    } else {
        Scope::Due
    };
    let round = parameters.get("round").map(Round::parse).transpose();
    let round = round.map_err(|error| {
        Problem::bad_parameter(
            "round",
            format!("`round` is {error}; leave it out to ask without."),
        )
    })?;
    let report = cycle::refresh_of(host, default_config, scope, round)
        .await
        .map_err(|error| failed(host, error))?;
    Ok(answer(&report))
}

/// `POST /_edgefold/repair`
pub(super) async fn repair<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
    parameters: &Parameters,
) -> Result<Reply, Problem> {
    let from = parameters.get("from").map(Place::parse).transpose();
    let from = from.map_err(|error| {
        Problem::bad_parameter("from", format!("`from` is {error}; leave it out to begin."))
    })?;
    let repair = cycle::repair_of(host, default_config, from)
        .await
        .map_err(|error| failed(host, error))?;
    Ok(answer(&repair))
}

/// `GET /_edgefold/status`
pub(super) async fn status<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
    policies: Cache,
) -> Result<Reply, Problem> {
    let status = cycle::status_of(host, default_config)
        .await
        .map_err(|error| failed(host, error))?;
    let mut reply = answer(&status);
    reply.caching = Caching::Site(policies);
    Ok(reply)
}

/// Whether `all=1` is given; anything else there is refused with `hint`.
pub(super) fn is_all(parameters: &Parameters, hint: &'static str) -> Result<bool, Problem> {
    match parameters.get("all") {
        None => Ok(false),
        Some("1") => Ok(true),
        Some(_) => Err(Problem::bad_parameter("all", hint)),
    }
}

/// What a run that could not be carried out is answered with.
pub(super) fn failed<H: Host>(host: &H, error: CycleError) -> Problem {
    match error {
        CycleError::Store(error) => Problem::store(host, &ReadError::Store(error)),
        CycleError::Read(error) => Problem::head(host, &error),
        CycleError::Config(problem) => {
            let line = problem.to_string().replace(['\r', '\n'], " ");
            host.log(Level::Error, &line);
            Problem::bad_configuration(line)
        }
    }
}

/// What is told, as JSON.
pub(super) fn answer(told: &impl Serialize) -> Reply {
    // Serialising text and numbers does not fail.
    let json = serde_json::to_vec(told).unwrap_or_default();
    Reply::ok(JSON, vec![json.into()])
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
