//! Real HTTP, to this machine only. Needs a tokio runtime.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use edgefold::host::{HttpClient, HttpError, Incoming, Outgoing};
use http::header::HOST;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An HTTP client that keeps to the port: its time-out spans the whole answer, its cap counts the bytes received, and it refuses
/// every address but loopback. A connection is used once.
#[derive(Debug, Clone, Default)]
pub struct LoopbackHttp {
    held: Arc<Gauge>,
}

/// Bytes of answers that somebody still holds, and the most there ever were.
#[derive(Debug, Default)]
struct Gauge {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl LoopbackHttp {
    /// Most bytes of received bodies that were held at once so far.
    #[must_use]
    pub fn body_bytes_peak(&self) -> usize {
        self.held.peak.load(Ordering::SeqCst)
    }

    /// Bytes of received bodies that are held now.
    #[must_use]
    pub fn body_bytes_held(&self) -> usize {
        self.held.now.load(Ordering::SeqCst)
    }
}

impl HttpClient for LoopbackHttp {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        let timeout = request.timeout;
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::Timeout),
        }
    }
}

impl LoopbackHttp {
    async fn exchange(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        let address = address(&request.url)?;
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| HttpError::Connect(error.to_string()))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| protocol(&error))?;
        // Dropped with this future: a time-out closes the connection.
        let driver = Abort(tokio::spawn(connection));
        let bytes_max = request.body_bytes_max;
        let answer = sender
            .send_request(outgoing(request)?)
            .await
            .map_err(|error| protocol(&error))?;
        let (parts, mut body) = answer.into_parts();
        let mut received = Held::new(&self.held);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| protocol(&error))?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if received.bytes.len() + data.len() > bytes_max {
                return Err(HttpError::TooLarge);
            }
            received.push(data);
        }
        drop(driver);
        Ok(Incoming {
            status: parts.status,
            headers: parts.headers,
            body: Bytes::from_owner(received),
        })
    }
}

fn address(url: &url::Url) -> Result<(IpAddr, u16), HttpError> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name_is_local = host == "localhost";
    let ip: Option<IpAddr> = if name_is_local {
        Some(IpAddr::from([127, 0, 0, 1]))
    } else {
        bare.parse().ok()
    };
    let ip = ip
        .filter(IpAddr::is_loopback)
        .ok_or_else(|| HttpError::Denied(format!("`{host}` is not this machine")))?;
    if url.scheme() != "http" {
        return Err(HttpError::Connect("no TLS in tests".into()));
    }
    Ok((ip, url.port_or_known_default().unwrap_or(80)))
}

fn outgoing(request: Outgoing) -> Result<Request<Full<Bytes>>, HttpError> {
    let url = &request.url;
    let authority = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
    let mut sent = Request::builder()
        .method(request.method)
        .uri(path)
        .body(Full::new(request.body))
        .map_err(|error| HttpError::Protocol(error.to_string()))?;
    *sent.headers_mut() = request.headers;
    let host = HeaderValue::from_str(&authority)
        .map_err(|error| HttpError::Protocol(error.to_string()))?;
    sent.headers_mut().insert(HOST, host);
    Ok(sent)
}

fn protocol(error: &hyper::Error) -> HttpError {
    HttpError::Protocol(error.to_string())
}

/// A body whose bytes are on the gauge as long as anybody holds them.
struct Held {
    bytes: Vec<u8>,
    gauge: Arc<Gauge>,
}

impl Held {
    fn new(gauge: &Arc<Gauge>) -> Self {
        Self {
            bytes: Vec::new(),
            gauge: Arc::clone(gauge),
        }
    }

    fn push(&mut self, data: &[u8]) {
        self.bytes.extend_from_slice(data);
        let now = self.gauge.now.fetch_add(data.len(), Ordering::SeqCst) + data.len();
        self.gauge.peak.fetch_max(now, Ordering::SeqCst);
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gauge.now.fetch_sub(self.bytes.len(), Ordering::SeqCst);
    }
}

struct Abort<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for Abort<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
