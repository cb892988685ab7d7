//! `GET /api/proxy/{id}`: an upstream's answer, passed on whole.

use http::header;

use super::admin;
use super::policy::Caching;
use super::problem::Problem;
use super::reply::{JSON, Reply};
use crate::cache::{self, Answer};
use crate::config::{Cache, PASSABLE_TYPES, Policy, Proxy};
use crate::cycle::{self, CycleError};
use crate::host::Host;
use crate::tenant::TenantHost;
use crate::time::Timestamp;

/// Answers from the cache, or through it.
pub(super) async fn answer<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
    id: &str,
) -> Result<Reply, Problem> {
    let config = cycle::configured_of(host, default_config)
        .await
        .map(|found| found.config)
        .map_err(|problem| admin::failed(host, CycleError::Config(problem)))?;
    let Some(proxy) = config.proxies.iter().find(|proxy| proxy.id == id) else {
        let known = config.proxies.iter().map(|proxy| proxy.id.as_str());
        return Err(Problem::unknown_word("proxy", id, known));
    };
    let answered = cache::answer(host, &config, proxy).await;
    let now = host.time().await;
    match answered {
        Ok(answer) => Ok(reply(proxy, config.cache, answer, now)),
        Err(failure) => Err(Problem::upstream(id, &failure, now)),
    }
}

/// RFC 9111 §5.1 and §5.2: caches in front reckon with `Age`, so that an answer is not fresh twice as long behind two caches.
fn reply(proxy: &Proxy, policies: Cache, answer: Answer, now: Timestamp) -> Reply {
    let media_type = media_type(&answer);
    let mut reply = Reply::ok(media_type, vec![answer.body]);
    reply.etag = Some(answer.etag);
    reply.keys = keys_of(proxy);
    // The bounds in the table of keys fit.
    let seconds = |seconds| u32::try_from(seconds).unwrap_or(u32::MAX);
    let policy = Policy {
        max_age_s: seconds(proxy.ttl_s),
        shared_max_age_s: seconds(proxy.ttl_s),
        stale_while_revalidate_s: seconds(proxy.stale_while_revalidate_s),
        stale_if_error_s: seconds(proxy.stale_if_error_s),
    };
    reply.caching = Caching::Own(policy, policies);
    let age_s = (now.as_secs() - answer.fetched.as_secs()).max(0);
    reply.header(header::AGE, &age_s.to_string());
    reply
}

/// Media types of text say their character set where it is sure; XML says it itself, JSON has only one.
fn media_type(answer: &Answer) -> &'static str {
    let utf8 = || std::str::from_utf8(&answer.body).is_ok();
    match answer.media_type.as_str() {
        "text/plain" if utf8() => "text/plain; charset=utf-8",
        "text/csv" if utf8() => "text/csv; charset=utf-8",
        stored => PASSABLE_TYPES
            .iter()
            .copied()
            .find(|known| *known == stored)
            .unwrap_or(JSON),
    }
}

fn keys_of(proxy: &Proxy) -> String {
    let mut key = format!("proxy-{}", proxy.id);
    for tag in &proxy.tags {
        key.push_str(" tag-");
        key.push_str(tag);
    }
    key
}
