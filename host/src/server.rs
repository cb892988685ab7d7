//! HTTP/1.1 in front of an [`EdgefoldHost`].

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::embed::{Body, EdgefoldHost};
use crate::request_id;

/// Connections at once; more wait to be accepted.
pub const CONNECTIONS: usize = 2_048;
/// A client must have sent a request's head in this time.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Requests under way at shutdown are given this long.
pub const DRAIN: Duration = Duration::from_secs(20);
/// After a failed accept (out of file descriptors), wait this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl EdgefoldHost {
    /// Answers HTTP/1.1 on `listener` until `shutdown` is ready; then takes no new connection, lets requests under way end
    /// within [`DRAIN`], and returns.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = accept(&listener, &slots) => accepted,
            };
            let Some((stream, slot)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let host = self.clone();
            let service = service_fn(move |request| {
                let host = host.clone();
                async move { Ok::<_, Infallible>(answer(&host, request).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(HEAD_BYTES_MAX)
                .serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection broke");
                }
                drop(slot);
            });
        }
        drop(listener);
        if tokio::time::timeout(DRAIN, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("requests were cut off: they took longer than {DRAIN:?} to end");
        }
    }
}

/// A server on a task of its own: for programs that do other things too, and for tests.
#[derive(Debug)]
pub struct RunningServer {
    /// Where it listens.
    pub addr: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl RunningServer {
    /// Starts to answer on `listener`.
    ///
    /// # Errors
    /// Where the listener has no address.
    pub fn start(host: EdgefoldHost, listener: TcpListener) -> std::io::Result<Self> {
        let addr = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            host.serve(listener, stopped).await;
        });
        Ok(Self { addr, stop, task })
    }

    /// `http://` and the address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops as [`EdgefoldHost::serve`] does. Dropping the value without calling this does the same, without waiting.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            let _ = stream.set_nodelay(true);
            Some((stream, slot))
        }
        Err(error) => {
            tracing::warn!(%error, "can't accept a connection");
            None
        }
    }
}

async fn answer(host: &EdgefoldHost, mut request: Request<Incoming>) -> Response<Body> {
    let id = request_id::of(&request);
    // The component takes it up, so that its lines and ours can be put together.
    request.headers_mut().insert(request_id::FIELD, id.clone());
    let started = Instant::now();
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = %request.method(),
        path = request.uri().path(),
    );
    let mut response = host.handle(request).instrument(span.clone()).await;
    span.in_scope(|| {
        let (status, ms) = (response.status().as_u16(), started.elapsed().as_millis());
        tracing::info!(status, ms, "answered");
    });
    response
        .headers_mut()
        .entry(request_id::FIELD)
        .or_insert(id);
    response
}
