//! Answers requests from the stored slices.
//!
//! The chain: request id, tenant, limits, router, handler, cache policy, conditional request. One table ([`routes`]) states every
//! path with its methods, parameters and answers; the router, `Allow`, `OPTIONS` and `/openapi.json` are made from it.
//! A read takes the head and what it needs beside it in at most two more round trips to the store, and parses none of it.

mod admin;
mod body;
mod conditional;
mod crawlers;
#[cfg(test)]
mod describe;
mod encoding;
mod export;
mod feeds;
mod given;
mod headers;
mod home;
mod kept;
mod lasts;
mod openapi;
mod origin;
mod policy;
mod problem;
mod proxy;
mod purge;
mod query;
mod range;
mod reads;
mod reply;
mod routes;
#[cfg(test)]
mod schema;
mod search;
mod status;
#[cfg(test)]
mod tests;
mod webhook;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};

pub use body::{Body, Broken};
pub use given::{LASTING_FIELD_COUNT, LASTING_FIELDS};
pub use lasts::LASTS;

use crate::host::Host;
use crate::tenant::{self, Roster, Tenant, TenantHost};
use problem::Problem;
use query::Parameters;
use reply::Reply;
use routes::{Action, Found, Route, Surface, Verb};

/// A request's body may have this many bytes; adapters stop reading there and pass one byte more, which is answered 413.
pub const REQUEST_BODY_BYTES_MAX: usize = 64 * 1024;

/// A request's path and query together may have this many bytes; a longer one is answered 414.
pub const TARGET_BYTES_MAX: usize = 4096;

/// Answers one request. `default_config` is the compiled configuration that the adapter has baked in. Sets every header
/// but framing (`Content-Length` is set; a `HEAD` answer has it with an empty body).
pub async fn handle<H: Host>(
    host: &H,
    default_config: &str,
    request: Request<Bytes>,
) -> Response<Body> {
    let request_id = headers::request_id(host, request.headers());
    let surface = routes::surface(request.uri().path());
    let now = host.time().await;
    let declared = tenant::declared(host, default_config).await;
    let (tenant, answered) = match tenant_of(Roster::new(&declared), &request) {
        Ok(tenant) => {
            let mut host = TenantHost::new(host, tenant.clone(), Roster::new(&declared));
            if surface != Surface::Admin {
                host = host.for_a_reader();
            }
            if let Some(response) = given::again(&host, &request, &request_id, now).await {
                return response;
            }
            let answered = answer(&host, default_config, &request).await;
            (Some(tenant), answered)
        }
        Err(problem) => (None, Err(problem)),
    };
    let answered = answered.and_then(|reply| headers::check_preconditions(reply, &request));
    let reply = match answered {
        Ok(reply) => reply,
        Err(problem) => problem.into_reply(request.uri().path(), surface, request.headers()),
    };
    let keeps_answers = host.keeps_answers();
    let lifetime = given::Lifetime::of(&reply, keeps_answers);
    let from = headers::From {
        surface,
        tenant: tenant.as_ref(),
        now,
        request_id: &request_id,
    };
    let mut response = headers::finish(reply, &request, &from);
    if let (Some(lifetime), Some(tenant)) = (lifetime, &tenant) {
        let done = host.time().await;
        given::keep(tenant, &request, &lifetime, &response, (now, done));
        // What is kept says nothing to the host: it is told anew each time, as of then.
        if keeps_answers && let Some(version) = lifetime.version() {
            lifetime.tell(&mut response, tenant, &version, now);
        }
    }
    response
}

/// The `Link` field of a 103 (RFC 8297), which a host that can send one sends before it calls [`handle`]: the browser fetches stylesheet and
/// script while the store is asked. `None` where the request is not that of a browser for a page to show (`Sec-Fetch-Mode` of Fetch
/// Metadata): others have no use for it, and some old ones take it for the answer.
pub fn early_hints<B>(request: &Request<B>) -> Option<&'static HeaderValue> {
    let mode = request.headers().get("sec-fetch-mode");
    let navigates = mode.is_some_and(|mode| mode == "navigate") && request.method() == Method::GET;
    let found = routes::find(request.uri().path()).filter(|_| navigates)?;
    let action = &found.route.operation(Verb::of(&Method::GET)?)?.action;
    let is_page = matches!(action, Action::Home | Action::ItemPage | Action::StatusPage);
    headers::hints().filter(|_| is_page).map(|(link, _)| link)
}

/// Whose site the request is for. Without tenants the host is not looked at.
fn tenant_of(roster: Roster<'_>, request: &Request<Bytes>) -> Result<Tenant, Problem> {
    if roster.is_empty() {
        return Ok(Tenant::MAIN);
    }
    let host = tenant::host_of(request.uri(), request.headers());
    roster.find(host).ok_or_else(|| Problem::misdirected(host))
}

async fn answer<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
    request: &Request<Bytes>,
) -> Result<Reply, Problem> {
    let target_bytes = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target_bytes > TARGET_BYTES_MAX {
        return Err(Problem::target_too_long());
    }
    if request.body().len() > REQUEST_BODY_BYTES_MAX {
        return Err(Problem::body_too_large());
    }
    let path = request.uri().path();
    let Some(Found { route, captured }) = routes::find(path) else {
        return Err(Problem::no_such_route(path));
    };
    if route.surface == Surface::Admin {
        admin::admit(host, route, request).await?;
    }
    let Some(verb) = Verb::of(request.method()) else {
        return unrouted(route, request.method());
    };
    let Some(operation) = route.operation(verb) else {
        return unrouted(route, request.method());
    };
    let parameters = Parameters::parse(
        request.uri().query().unwrap_or_default(),
        operation.parameters,
        route.surface == Surface::Page,
    )?;
    let policies = || policy::configured(host, default_config);
    let mut reply = match operation.action {
        Action::Home => home::page(host, &parameters).await,
        Action::ItemPage => home::item(host, captured).await,
        Action::StatusPage => status::page(host, default_config).await,
        Action::Items => reads::items(host, &parameters).await,
        Action::Export => export::export(host, request, &parameters).await,
        Action::Item => reads::item(host, captured).await,
        Action::Sources => reads::sources(host).await,
        Action::Views => reads::views(host).await,
        Action::Engagement => reads::engagement(host, policies().await).await,
        Action::Health => reads::health(host).await,
        Action::Feed(format) => feeds::feed(host, request, &parameters, format).await,
        Action::Opml => feeds::sources(host, default_config, request).await,
        Action::Sitemap => crawlers::sitemap(host, request, &parameters).await,
        Action::Robots => crawlers::robots(host, request).await,
        Action::OpenApi => Ok(openapi::document(policies().await)),
        Action::Asset => reads::asset(path, policies().await),
        Action::Refresh => admin::refresh(host, default_config, &parameters).await,
        Action::Status => admin::status(host, default_config, policies().await).await,
        Action::Proxy => proxy::answer(host, default_config, captured).await,
        Action::Repair => admin::repair(host, default_config, &parameters).await,
        Action::Purge => purge::purge(host, default_config, &parameters, request.body()).await,
    }?;
    reply.class.get_or_insert(operation.cache);
    Ok(reply)
}

/// A method that the route has no operation for.
fn unrouted(route: &Route, method: &Method) -> Result<Reply, Problem> {
    if method == Method::OPTIONS {
        return Ok(Reply::options(&route.allow()));
    }
    Err(Problem::method_not_allowed(method, route.allow()))
}
