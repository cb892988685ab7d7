//! A TCP proxy that can stall, slow down or cut connections: a network as it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes passed on at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// What a proxy does to its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Passes everything on.
    Pass,
    /// Passes everything on, each piece this much later.
    Slow(Duration),
    /// Takes and passes on nothing, and says nothing: packets are lost.
    Stall,
    /// Closes connections, and new ones at once.
    Cut,
}

/// A proxy on a free port of this machine. It ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    mode: Arc<watch::Sender<Mode>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts one before `target`. Needs a tokio runtime.
    ///
    /// # Errors
    /// Where no port is free.
    pub async fn start(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let mode = Arc::new(watch::Sender::new(Mode::Pass));
        let accepting = tokio::spawn(accept(listener, target, Arc::clone(&mode)));
        Ok(Self {
            address,
            mode,
            accepting,
        })
    }

    /// From here on, for connections under way too.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set(Mode::Cut);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, mode: Arc<watch::Sender<Mode>>) {
    while let Ok((near, _)) = listener.accept().await {
        let mode = mode.subscribe();
        tokio::spawn(async move {
            // Who connects while nothing gets through waits, and is connected when something does.
            let mut waiting = mode.clone();
            if passing(&mut waiting).await.is_none() {
                return;
            }
            let Ok(far) = TcpStream::connect(target).await else {
                return;
            };
            let _ = near.set_nodelay(true);
            let _ = far.set_nodelay(true);
            let (near_read, near_write) = near.into_split();
            let (far_read, far_write) = far.into_split();
            tokio::select! {
                () = pass(near_read, far_write, mode.clone()) => {}
                () = pass(far_read, near_write, mode) => {}
            }
        });
    }
}

/// Until one side closes or the proxy cuts.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut mode: watch::Receiver<Mode>) {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = tokio::select! {
            () = cut(&mut mode) => return,
            read = from.read(&mut chunk) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => count,
            },
        };
        match passing(&mut mode).await {
            None => return,
            Some(delay) => tokio::time::sleep(delay).await,
        }
        if to.write_all(&chunk[..count]).await.is_err() {
            return;
        }
    }
}

/// Waits until something gets through, and says how much later; `None` where connections are cut.
async fn passing(mode: &mut watch::Receiver<Mode>) -> Option<Duration> {
    let found = mode.wait_for(|mode| *mode != Mode::Stall).await;
    match found.map(|mode| *mode) {
        Ok(Mode::Pass | Mode::Stall) => Some(Duration::ZERO),
        Ok(Mode::Slow(delay)) => Some(delay),
        Ok(Mode::Cut) | Err(_) => None,
    }
}

/// Waits until connections are cut.
async fn cut(mode: &mut watch::Receiver<Mode>) {
    // An error says that the proxy is gone, and so are its connections.
    let _ = mode.wait_for(|mode| *mode == Mode::Cut).await;
}
