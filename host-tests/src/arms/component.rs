//! The component in `edgefold-host`.

use std::any::Any;
use std::path::Path;

use edgefold_host::EdgefoldHost;
use edgefold_host::kv::{Kv, MemoryKv, Precondition};
use edgefold_host::outbound::OutboundPolicy;

use super::Stored;
use super::listener::Listener;

pub(super) async fn start(
    file: &Path,
    variables: Vec<(String, String)>,
    stored: Stored,
) -> anyhow::Result<(String, Box<dyn Any + Send + Sync>)> {
    let store = MemoryKv::new();
    for (key, value) in stored {
        store.put(&key, value, Precondition::None, None).await?;
    }
    let host = EdgefoldHost::builder()
        .component(std::fs::read(file)?)
        .kv(store)
        .variables(variables)
        .outbound(OutboundPolicy::public().allow("127.0.0.0/8".parse()?))
        .build()
        .await?;
    let listener = Listener::start(move |request| {
        let host = host.clone();
        async move { host.handle(request).await }
    })
    .await?;
    Ok((listener.base.clone(), Box::new(listener)))
}
