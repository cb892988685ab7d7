//! How the component's requests to upstreams leave the host.

mod address;
mod policy;
mod send;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

pub use self::address::is_public;
pub use self::policy::{Allowed, AllowedError, OutboundPolicy};
pub(crate) use self::send::Outbound;
pub use self::send::{CONNECT_TIMEOUT, CONNECTIONS, HEAD_BYTES_MAX, READ_TIMEOUT};

/// What names stand for. The default asks the operating system.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of `host`, in the order they are to be tried.
    ///
    /// # Errors
    /// Where the name does not resolve.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a>;
}

/// The answer of [`Resolve::resolve`].
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// The state of one instance's `wasi:http/client`.
pub(crate) struct Hooks {
    outbound: Arc<Outbound>,
}

impl Hooks {
    pub(crate) fn new(outbound: Arc<Outbound>) -> Self {
        Self { outbound }
    }
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send> {
        let outbound = Arc::clone(&self.outbound);
        Box::new(async move {
            let response = outbound.send(request, options.unwrap_or_default()).await?;
            let io: Io = Box::new(async { Ok(()) });
            Ok((response, io))
        })
    }
}
