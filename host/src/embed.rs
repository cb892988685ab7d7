//! The component in a tokio program.

mod builder;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::{Authority, Scheme, Uri};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{ExpirationError, InstantiationError, ProxyHandler};

pub use builder::{BuildError, Builder};

use crate::answers::{ANSWER_BYTES_MAX, Answers, Lasts, Question};
use crate::instance::{Call, Deployment};
use crate::kv::DynKv;
use crate::limits::Limits;
use crate::request_id;

/// What goes wrong in a body.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// The edgefold component, ready to answer. Cheap to clone: clones share instances, store and limits.
#[derive(Clone)]
pub struct EdgefoldHost {
    handler: ProxyHandler<Deployment>,
    permits: Arc<Semaphore>,
    answers: Arc<Answers>,
}

impl EdgefoldHost {
    /// Starts with an empty store in memory, no variables, the public internet, the default limits, and compiled code kept
    /// in the user's cache folder.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Answers one request. Never fails: what goes wrong is an answer with status 500, 503 or 504 and a problem document
    /// (RFC 9457), and a line in the log.
    pub fn handle<B>(&self, request: Request<B>) -> impl Future<Output = Response<Body>> + Send
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let timeout = self.limits().request_timeout;
        self.handle_within(request, timeout)
    }

    /// As [`EdgefoldHost::handle`] with another time-out: a refresh takes longer than a page.
    pub fn handle_within<B>(
        &self,
        request: Request<B>,
        timeout: Duration,
    ) -> impl Future<Output = Response<Body>> + Send
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        self.pass_on(request, timeout)
    }

    async fn pass_on(&self, request: Request<Body>, timeout: Duration) -> Response<Body> {
        let stale_before = self.kv().stale_for();
        let question = self.answers.question(&request);
        let again = match &question {
            Some(question) => {
                let kv = self.kv().as_ref();
                self.answers.again(question, kv, timeout).await
            }
            None => Ok(None),
        };
        let mut response = match again {
            Ok(Some(again)) => {
                let mut response = again.map(whole);
                let id = request_id::of(&request);
                response.headers_mut().insert(request_id::FIELD, id);
                response
            }
            Ok(None) => self.ask(question, request, timeout).await,
            Err(_) => problem(StatusCode::GATEWAY_TIMEOUT, "No answer in time"),
        };
        // What was read while the store was away is old, also where it is back by now.
        if let Some(stale_for) = self.kv().stale_for().or(stale_before) {
            let stale = cache_status(stale_for);
            response.headers_mut().append(CACHE_STATUS, stale);
        }
        response
    }

    /// Has the component answer. Keeps what it answers to `question`, where it says that it may be kept.
    async fn ask(
        &self,
        question: Option<Question>,
        request: Request<Body>,
        timeout: Duration,
    ) -> Response<Body> {
        let without_body = request.method() == Method::HEAD;
        let acquired = tokio::time::timeout(
            self.limits().queue_timeout,
            Arc::clone(&self.permits).acquire_owned(),
        );
        let Ok(Ok(permit)) = acquired.await else {
            return problem(
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many requests under way",
            );
        };
        let request = match self.receive(request, timeout).await {
            Ok(request) => request,
            Err(answer) => return answer,
        };
        let started = Instant::now();
        let mut response = match self.handler.handle(Call { timeout }, request).await {
            Ok(response) => response,
            Err(error) => return failure(&error, started.elapsed() >= timeout),
        };
        let lasts = Lasts::take(response.headers_mut(), started);
        let held = response.map(|body| match body {
            _ if without_body => empty(),
            body => Held {
                body,
                _permit: permit,
            }
            .boxed_unsync(),
        });
        // What says no length may be of any, but for a 304, which is empty (RFC 9110 §15.4.5).
        let small = match length(held.headers()) {
            Some(bytes) => bytes <= ANSWER_BYTES_MAX,
            None => held.status() == StatusCode::NOT_MODIFIED,
        };
        match (question, lasts) {
            (Some(question), Some(lasts)) if small => self.keep(question, lasts, held).await,
            _ => held,
        }
    }

    /// Reads the whole answer, and keeps it for the next who asks.
    async fn keep(
        &self,
        question: Question,
        lasts: Lasts,
        response: Response<Body>,
    ) -> Response<Body> {
        let (parts, body) = response.into_parts();
        match body.collect().await {
            Ok(body) => {
                let response = Response::from_parts(parts, body.to_bytes());
                self.answers.keep(question, lasts, &response);
                response.map(whole)
            }
            Err(error) => {
                tracing::error!(%error, "an answer broke off");
                problem(StatusCode::INTERNAL_SERVER_ERROR, "The component failed")
            }
        }
    }

    /// The store.
    pub(crate) fn kv(&self) -> &Arc<dyn DynKv> {
        &self.handler.state().kv
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.handler.state().limits
    }

    /// Most bytes of linear memory that any instance has had so far.
    #[must_use]
    pub fn memory_bytes_peak(&self) -> usize {
        self.handler.state().memory_peak.load(Ordering::Relaxed)
    }

    /// WebAssembly instructions (wasmtime's unit of fuel) carried out by all instances up to the newest request that each
    /// has begun; `None` without [`Builder::count_instructions`]. Of requests one after the other on one instance it
    /// grows, as each begins, by what the one before has taken.
    #[must_use]
    pub fn instructions(&self) -> Option<u64> {
        let counter = self.handler.state().instructions.as_ref()?;
        Some(counter.load(Ordering::Relaxed))
    }

    /// What the store promises.
    #[must_use]
    pub fn capabilities(&self) -> crate::kv::Capabilities {
        self.kv().capabilities()
    }

    /// For how long the store could not be asked, where answers come from what this process has kept. Such answers
    /// say so in `Cache-Status`.
    #[must_use]
    pub fn stale_for(&self) -> Option<Duration> {
        self.kv().stale_for()
    }

    /// Reads the body, to its limit. What is beyond is not read: the component refuses it by the first byte over its own
    /// limit.
    async fn receive(
        &self,
        request: Request<Body>,
        timeout: Duration,
    ) -> Result<Request<WasiBody>, Response<Body>> {
        let (parts, body) = request.into_parts();
        let bytes = if body.is_end_stream() {
            Bytes::new()
        } else {
            let bytes_max = self.limits().request_body_bytes;
            match tokio::time::timeout(timeout, read_to(body, bytes_max)).await {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(_)) => return Err(problem(StatusCode::BAD_REQUEST, "The body broke off")),
                Err(_) => return Err(problem(StatusCode::REQUEST_TIMEOUT, "The body is too slow")),
            }
        };
        let body = Full::new(bytes).map_err(|never| match never {});
        let mut request = Request::from_parts(parts, body.boxed_unsync());
        name_authority(&mut request);
        Ok(request)
    }
}

/// `wasi:http` takes `Host` out of the headers: guests see the target's authority instead. A request with two is left
/// without, and so is one whose `Host` is none.
fn name_authority<B>(request: &mut Request<B>) {
    if request.uri().authority().is_some() {
        return;
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return;
    };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else {
        return;
    };
    let mut target = request.uri().clone().into_parts();
    target.authority = Some(authority);
    target.scheme = Some(Scheme::HTTP);
    if let Ok(target) = Uri::from_parts(target) {
        *request.uri_mut() = target;
    }
}

/// A body that counts as a request under way until it is sent.
struct Held {
    body: WasiBody,
    _permit: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        frame.map(|frame| frame.map(|frame| frame.map_err(BodyError::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// As stated in `Content-Length`.
fn length(fields: &HeaderMap) -> Option<u64> {
    let length = fields.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Reads `body` to its end, or until `bytes_max` are there.
pub(crate) async fn read_to(mut body: Body, bytes_max: usize) -> Result<Bytes, BodyError> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let room = bytes_max - whole.len();
        whole.extend_from_slice(&data[..data.len().min(room)]);
        if whole.len() == bytes_max {
            break;
        }
    }
    Ok(whole.into())
}

/// RFC 9211.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// From memory, and not confirmed for `stale_for`.
fn cache_status(stale_for: Duration) -> HeaderValue {
    let seconds = stale_for.as_secs();
    HeaderValue::from_str(&format!(
        "edgefold; hit; ttl=-{seconds}; detail=store-unreachable"
    ))
    .unwrap_or(HeaderValue::from_static("edgefold; hit"))
}

fn failure(error: &wasmtime::Error, overdue: bool) -> Response<Body> {
    if error.downcast_ref::<InstantiationError<Call>>().is_some() {
        tracing::error!(error = format!("{error:#}"), "no instance");
        return problem(StatusCode::SERVICE_UNAVAILABLE, "No instance is free");
    }
    if overdue || error.downcast_ref::<ExpirationError>().is_some() {
        tracing::error!("no answer in time");
        return problem(StatusCode::GATEWAY_TIMEOUT, "No answer in time");
    }
    tracing::error!(error = format!("{error:#}"), "a request failed");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "The component failed")
}

/// RFC 9457.
fn problem(status: StatusCode, title: &str) -> Response<Body> {
    let text = format!(r#"{{"title":"{title}","status":{}}}"#, status.as_u16());
    let mut response = Response::new(whole(text.into()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let soon = HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, soon);
    }
    response
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}
