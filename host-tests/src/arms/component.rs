//! The component in `edgefold-host`.

use std::any::Any;
use std::path::Path;

use edgefold_host::EdgefoldHost;
use edgefold_host::outbound::OutboundPolicy;

use super::listener::Listener;

pub(super) async fn start(
    file: &Path,
    variables: Vec<(String, String)>,
) -> anyhow::Result<(String, Box<dyn Any + Send + Sync>)> {
    let host = EdgefoldHost::builder()
        .component(std::fs::read(file)?)
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
