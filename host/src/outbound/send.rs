//! Sends one request to an address that was checked.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::{OutboundPolicy, Resolve};

/// Connections to upstreams at once, of all instances together.
pub const CONNECTIONS: usize = 64;
/// Name, connection and TLS together, where the guest sets no time-out.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Until the head of the answer is there, and between any two pieces of it, where the guest sets no time-out.
pub const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer's head.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The way out, shared by all instances.
pub(crate) struct Outbound {
    policy: OutboundPolicy,
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
    connections: Arc<Semaphore>,
}

impl Outbound {
    pub(crate) fn new(
        policy: OutboundPolicy,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, tokio_rustls::rustls::Error> {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.into(),
        };
        let provider = Arc::new(crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            policy,
            resolver,
            tls: TlsConnector::from(Arc::new(tls)),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
        })
    }

    /// Sends `request`; dropping the answer's body closes the connection.
    pub(crate) async fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else {
            return Err(Error::ConnectionLimitReached);
        };
        let stream = timeout(
            options.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
            self.connect(request.uri()),
        )
        .await
        .map_err(|_| Error::ConnectionTimeout)??;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(from_hyper)?;
        let driver = AbortOnDrop(tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to an upstream broke");
            }
        }));
        let first_byte = options.first_byte_timeout.unwrap_or(READ_TIMEOUT);
        let response = timeout(first_byte, sender.send_request(to_origin_form(request)?))
            .await
            .map_err(|_| Error::HttpResponseTimeout)?
            .map_err(from_hyper)?;
        let between_bytes = options.between_bytes_timeout.unwrap_or(READ_TIMEOUT);
        Ok(response.map(|incoming| {
            Answer {
                incoming,
                between_bytes,
                sleep: Box::pin(tokio::time::sleep(between_bytes)),
                _driver: driver,
                _permit: permit,
            }
            .boxed_unsync()
        }))
    }

    async fn connect(&self, uri: &Uri) -> Result<Box<dyn Stream>, Error> {
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri.host().ok_or(Error::HttpRequestUriInvalid)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = self.connect_checked(host, port).await?;
        if !is_tls {
            return Ok(Box::new(stream));
        }
        let name = match host.parse::<IpAddr>() {
            Ok(address) => ServerName::from(address),
            Err(_) => {
                ServerName::try_from(host.to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?
            }
        };
        match self.tls.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => {
                tracing::debug!(host, %error, "TLS failed");
                Err(from_tls(&error))
            }
        }
    }

    /// Connects to an address of `host` that the policy permits, and to no other.
    async fn connect_checked(&self, host: &str, port: u16) -> Result<TcpStream, Error> {
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => self.resolver.resolve(host, port).await.map_err(|error| {
                tracing::debug!(host, %error, "a name does not resolve");
                Error::DnsError {
                    rcode: None,
                    info_code: None,
                }
            })?,
        };
        let mut failure = if addresses.is_empty() {
            Error::DestinationNotFound
        } else {
            Error::DestinationIpProhibited
        };
        for address in addresses {
            if !self.policy.permits(host, address) {
                tracing::warn!(host, %address, "refused by the outbound policy");
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => failure = from_connect(&error),
            }
        }
        Err(failure)
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// HTTP/1.1 sends the path only (RFC 9112 §3.2.1); the authority is in `Host` already.
fn to_origin_form(mut request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
    let path = request
        .uri()
        .path_and_query()
        .cloned()
        .unwrap_or(PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from_parts({
        let mut parts = http::uri::Parts::default();
        parts.path_and_query = Some(path);
        parts
    })
    .map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(request)
}

/// An answer's body. Ends with an error where nothing comes for too long.
struct Answer {
    incoming: Incoming,
    between_bytes: Duration,
    sleep: Pin<Box<Sleep>>,
    _driver: AbortOnDrop,
    _permit: OwnedSemaphorePermit,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            let next = tokio::time::Instant::now() + self.between_bytes;
            self.sleep.as_mut().reset(next);
            return Poll::Ready(frame.map(|frame| frame.map_err(from_hyper)));
        }
        match self.sleep.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(Error::ConnectionReadTimeout))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.incoming.size_hint()
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn from_connect(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            Error::DestinationIpUnroutable
        }
        _ => Error::DestinationUnavailable,
    }
}

fn from_tls(error: &io::Error) -> Error {
    use tokio_rustls::rustls::Error as Tls;
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented) => {
            Error::TlsCertificateError
        }
        Some(Tls::AlertReceived(alert)) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: None,
        },
        _ => Error::TlsProtocolError,
    }
}

fn from_hyper(error: hyper::Error) -> Error {
    tracing::debug!(%error, "an upstream's answer broke");
    if error.is_incomplete_message() || ended_early(&error) {
        Error::HttpResponseIncomplete
    } else if error.is_timeout() {
        Error::HttpResponseTimeout
    } else {
        Error::HttpProtocolError
    }
}

/// Whether a body ended before its declared length: hyper reports that as an error of reading.
fn ended_early(error: &hyper::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return io.kind() == io::ErrorKind::UnexpectedEof;
        }
        source = cause.source();
    }
    false
}

#[cfg(test)]
mod tests;
