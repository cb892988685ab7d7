//! Fastly's backend requests as an [`HttpClient`]. Each origin becomes a dynamic backend, so that `edgefold.toml` is the only
//! place where sources are named.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use bytes::Bytes;
use edgefold::host::{HttpClient, HttpError, Incoming, Outgoing};
use fastly::backend::{Backend, BackendCreationError};
use fastly::http::request::{PendingRequest, SendError, SendErrorCause};
use fastly::{Body, Request};
use url::Host;

/// Bodies are read one after another: one that has waited behind a slow one past its own deadline is given this long, which
/// is plenty for what has already arrived.
const WAITED: Duration = Duration::from_secs(1);
/// Bytes read from a body at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// The backends made by this execution, by name.
#[derive(Default)]
pub(crate) struct Client(RefCell<BTreeSet<String>>);

impl HttpClient for Client {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        let under_way = self.start(request)?;
        under_way.finish()
    }

    async fn send_all(
        &self,
        requests: Vec<Outgoing>,
        concurrency: usize,
    ) -> Vec<Result<Incoming, HttpError>> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut under_way = VecDeque::new();
        let mut waiting = requests.into_iter();
        loop {
            under_way.extend(
                waiting
                    .by_ref()
                    .take(concurrency.max(1) - under_way.len())
                    .map(|request| self.start(request)),
            );
            let Some(first) = under_way.pop_front() else {
                return answers;
            };
            answers.push(first.and_then(UnderWay::finish));
        }
    }
}

impl Client {
    #[expect(clippy::disallowed_methods, reason = "this is the host's clock")]
    fn start(&self, outgoing: Outgoing) -> Result<UnderWay, HttpError> {
        let backend = self.backend(&outgoing)?;
        let mut request = http::Request::new(Body::from(outgoing.body.as_ref()));
        *request.method_mut() = outgoing.method;
        *request.uri_mut() = outgoing
            .url
            .as_str()
            .parse()
            .map_err(|error| HttpError::Protocol(format!("{error}")))?;
        *request.headers_mut() = outgoing.headers;
        let mut request = Request::from(request);
        // Around the platform's cache: the logic asks conditionally and needs the origin's own answer.
        request.set_pass(true);
        Ok(UnderWay {
            pending: request.send_async(backend).map_err(refused)?,
            deadline: Instant::now() + outgoing.timeout,
            bytes_max: outgoing.body_bytes_max,
        })
    }

    fn backend(&self, outgoing: &Outgoing) -> Result<Backend, HttpError> {
        let url = &outgoing.url;
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(HttpError::Protocol("an address without a host".into()));
        };
        let host_header = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        // A backend has its time-outs for good, so they are part of its name.
        let scheme = url.scheme();
        let ms = outgoing.timeout.as_millis();
        let name = format!("{scheme}://{host}:{port} {ms}ms");
        if self.0.borrow().contains(&name) {
            return Backend::from_name(&name).map_err(|error| HttpError::Denied(error.to_string()));
        }
        let mut builder = Backend::builder(&name, format!("{host}:{port}"))
            .override_host(host_header)
            .connect_timeout(outgoing.timeout)
            .first_byte_timeout(outgoing.timeout)
            .between_bytes_timeout(outgoing.timeout);
        if scheme == "https" {
            builder = builder.enable_ssl().check_certificate(bare(&host));
            if let Host::Domain(name) = host {
                builder = builder.sni_hostname(name);
            }
        }
        let backend = match builder.finish() {
            Err(BackendCreationError::NameInUse) => Backend::from_name(&name).ok(),
            Err(BackendCreationError::Disallowed) => {
                return Err(HttpError::Denied(
                    "dynamic backends are not enabled for this service".into(),
                ));
            }
            other => other.ok(),
        };
        let backend = backend.ok_or_else(|| HttpError::Connect("no such backend".into()))?;
        self.0.borrow_mut().insert(name);
        Ok(backend)
    }
}

/// A host without the brackets of an IPv6 address, as certificates name it.
fn bare(host: &Host<&str>) -> String {
    match host {
        Host::Domain(name) => (*name).to_string(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    }
}

struct UnderWay {
    pending: PendingRequest,
    deadline: Instant,
    bytes_max: usize,
}

impl UnderWay {
    #[expect(clippy::disallowed_methods, reason = "this is the host's clock")]
    fn finish(self) -> Result<Incoming, HttpError> {
        let mut response = self.pending.wait().map_err(refused)?;
        let deadline = self.deadline.max(Instant::now() + WAITED);
        let mut body = response.take_body();
        let mut whole = Vec::new();
        let mut chunk = [0; CHUNK_BYTES];
        loop {
            let read = body.read(&mut chunk).map_err(|error| broken(&error))?;
            if read == 0 {
                break;
            }
            if whole.len() + read > self.bytes_max {
                return Err(HttpError::TooLarge);
            }
            if Instant::now() > deadline {
                return Err(HttpError::Timeout);
            }
            whole.extend_from_slice(&chunk[..read]);
        }
        let (parts, _) = http::Response::<Body>::from(response).into_parts();
        Ok(Incoming {
            status: parts.status,
            headers: parts.headers,
            body: Bytes::from(whole),
        })
    }
}

fn broken(error: &std::io::Error) -> HttpError {
    match error.kind() {
        ErrorKind::TimedOut => HttpError::Timeout,
        _ => HttpError::Protocol(error.to_string()),
    }
}

fn refused(error: SendError) -> HttpError {
    match error.root_cause() {
        SendErrorCause::DnsTimeout
        | SendErrorCause::ConnectionTimeout
        | SendErrorCause::HttpResponseTimeout => HttpError::Timeout,
        SendErrorCause::HttpIncompleteResponse
        | SendErrorCause::HttpResponseHeaderSectionTooLarge
        | SendErrorCause::HttpResponseStatusInvalid
        | SendErrorCause::HttpRequestUriInvalid
        | SendErrorCause::HttpProtocolError
        | SendErrorCause::Http2StreamError { .. } => {
            HttpError::Protocol(error.root_cause().to_string())
        }
        cause => HttpError::Connect(cause.to_string()),
    }
}
