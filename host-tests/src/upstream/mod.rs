//! A real HTTP server for sources, on this machine: for tests, the demo and the benchmarks.
//!
//! - [`Upstream`] serves routes that can be added while it runs, answers conditional requests, and counts.
//! - [`reply`]: what a route answers; [`misbehave`]: the ways in which upstreams break HTTP.
//! - [`lively`]: believable feeds of every kind that change as one watches.
//! - [`captures`]: a folder of captured feeds.
//! - [`hostile`]: one table of bad input, for every host.

pub mod captures;
pub mod hostile;
pub mod lively;
pub mod misbehave;
pub mod reply;

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Cursor};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, join};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub use misbehave::Misbehaviour;
pub use reply::{Document, Reply};

/// Longest request head read, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Longest request body read, in bytes; a longer one breaks its connection.
const ASKED_BODY_BYTES_MAX: usize = 1024 * 1024;

/// What an upstream was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Path and query, as sent.
    pub target: String,
    /// Its headers.
    pub headers: HeaderMap,
}

impl Asked {
    /// The path, without the query: what routes are found by.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A header as text; empty where absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// What happened on one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathCounts {
    /// Requests.
    pub requests: u64,
    /// Answers with 304.
    pub not_modified: u64,
    /// Bytes of the bodies of well-behaved answers.
    pub body_bytes: u64,
}

type Respond = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

#[derive(Clone)]
enum Route {
    /// One reply a request; the last one stays.
    Steps(VecDeque<Reply>),
    Dynamic(Respond),
}

#[derive(Default)]
struct State {
    routes: BTreeMap<String, Route>,
    counts: BTreeMap<String, PathCounts>,
    last: BTreeMap<String, Asked>,
}

/// A running server. It ends when this is dropped. Needs a tokio runtime.
pub struct Upstream {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

impl Upstream {
    /// Starts a server on a free port of 127.0.0.1. It knows no path yet.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            accepting,
        })
    }

    /// `http://127.0.0.1:PORT`, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of `path`, which begins with `/`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers `path` with `reply` from here on.
    pub fn route(&self, path: &str, reply: Reply) {
        self.sequence(path, [reply]);
    }

    /// Answers `path` with `replies`, one a request; the last one stays.
    pub fn sequence(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let route = Route::Steps(replies.into_iter().collect());
        self.state().routes.insert(path.to_owned(), route);
    }

    /// Answers `path` with what `respond` gives for each request. A path that ends with `/` stands for all paths below it that
    /// have no route of their own.
    pub fn respond(&self, path: &str, respond: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
        let route = Route::Dynamic(Arc::new(respond));
        self.state().routes.insert(path.to_owned(), route);
    }

    /// Answers `path` with 404 from here on.
    pub fn remove(&self, path: &str) {
        self.state().routes.remove(path);
    }

    /// What happened on each path so far.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, PathCounts> {
        self.state().counts.clone()
    }

    /// Requests for `path` so far.
    #[must_use]
    pub fn requests(&self, path: &str) -> u64 {
        self.state()
            .counts
            .get(path)
            .map_or(0, |counts| counts.requests)
    }

    /// The newest request for `path`.
    #[must_use]
    pub fn last_request(&self, path: &str) -> Option<Asked> {
        self.state().last.get(path).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl State {
    /// The route of exactly this path, else the longest that ends with `/` and that the path begins with.
    fn route(&mut self, path: &str) -> Option<&mut Route> {
        let is_folder = |route: &&String| route.ends_with('/') && path.starts_with(route.as_str());
        let key = if self.routes.contains_key(path) {
            path.to_owned()
        } else {
            self.routes
                .keys()
                .filter(is_folder)
                .max_by_key(|route| route.len())?
                .clone()
        };
        self.routes.get_mut(&key)
    }

    fn reply(&mut self, asked: &Asked) -> Reply {
        let path = asked.path().to_owned();
        self.counts.entry(path.clone()).or_default().requests += 1;
        self.last.insert(path.clone(), asked.clone());
        match self.route(&path) {
            None => Reply::status(404),
            Some(Route::Dynamic(respond)) => respond(asked),
            Some(Route::Steps(steps)) => {
                let next = if steps.len() > 1 {
                    steps.pop_front()
                } else {
                    steps.front().cloned()
                };
                next.unwrap_or_else(|| Reply::status(404))
            }
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        // A failed accept is the client's trouble: it sees a reset.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            // What breaks here breaks at the client too, and there it is looked at.
            let _ = serve(stream, &state).await;
        });
    }
}

/// One connection, one answer. Misbehaviour needs the bare socket, so the request's head is read before hyper gets to see it.
async fn serve(mut stream: TcpStream, state: &Arc<Mutex<State>>) -> io::Result<()> {
    let head = read_head(&mut stream).await?;
    let asked = parse_head(&head);
    let reply = lock(state).reply(&asked);
    let reply = match reply {
        Reply::Misbehave(how) => return misbehave::act(stream, &how).await,
        Reply::Document(document) => document,
    };
    let (read, write) = stream.into_split();
    let io = TokioIo::new(join(Cursor::new(head).chain(read), write));
    let service = service_fn(async |request: Request<Incoming>| {
        let (request, body) = request.into_parts();
        // Closing with a body unread resets the connection, and the client may lose the answer (RFC 9112 §9.6).
        let body = Limited::new(body, ASKED_BODY_BYTES_MAX).collect().await;
        body.map_err(io::Error::other)?;
        let answer = reply.answer(&request.headers);
        let body_bytes = answer.body().size_hint().exact().unwrap_or_default();
        let mut state = lock(state);
        let counts = state
            .counts
            .entry(request.uri.path().to_owned())
            .or_default();
        counts.body_bytes += body_bytes;
        counts.not_modified += u64::from(answer.status() == http::StatusCode::NOT_MODIFIED);
        Ok::<_, io::Error>(answer)
    });
    http1::Builder::new()
        .keep_alive(false)
        .serve_connection(io, service)
        .await
        .map_err(io::Error::other)
}

async fn read_head(stream: &mut TcpStream) -> io::Result<Bytes> {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if head.len() > HEAD_BYTES_MAX || stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(head.into())
}

fn parse_head(head: &[u8]) -> Asked {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let target = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .nth(1)
        .unwrap_or_default();
    let pairs = lines.filter_map(|line| line.split_once(':'));
    let headers = pairs
        .filter_map(|(name, value)| Some((name.parse().ok()?, value.trim().parse().ok()?)))
        .collect();
    Asked {
        target: target.to_owned(),
        headers,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// Sends a body of `bytes` and gives what is answered.
    async fn answer(bytes: usize) -> io::Result<String> {
        let upstream = Upstream::start().await?;
        upstream.route("/hook", Reply::status(204));
        let mut client = TcpStream::connect(upstream.address).await?;
        let head = format!("POST /hook HTTP/1.1\r\nhost: h\r\ncontent-length: {bytes}\r\n\r\n");
        client.write_all(head.as_bytes()).await?;
        // Where the body is too long, the connection ends before all of it is sent, and perhaps without an answer.
        let _ = client.write_all(&vec![b'x'; bytes]).await;
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    #[tokio::test]
    async fn the_answer_is_given_after_the_body_was_read() -> io::Result<()> {
        let taken = answer(ASKED_BODY_BYTES_MAX).await?;
        assert!(taken.starts_with("HTTP/1.1 204 "), "{taken}");
        let too_long = answer(ASKED_BODY_BYTES_MAX + 1).await?;
        assert!(!too_long.contains("204"), "answered before it was read");
        Ok(())
    }
}
