//! `GET /status`: the deployment's state for people.
//!
//! As `GET /_edgefold/status` it reads the state too and parses it: the one public page that does. Caches keep it for a minute.

use super::admin::failed;
use super::conditional::content_etag;
use super::home::nothing_yet;
use super::problem::Problem;
use super::reads;
use super::reply::{HTML, Reply};
use crate::cycle;
use crate::host::Host;
use crate::page::{self, StatusPage};
use crate::tenant::TenantHost;

/// The page. Three reads.
pub(super) async fn page<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
) -> Result<Reply, Problem> {
    let Some(head) = reads::head(host).await? else {
        return Ok(nothing_yet());
    };
    let status = cycle::status_of(host, default_config)
        .await
        .map_err(|error| failed(host, error))?;
    let chunks = page::status_page(&StatusPage {
        head: &head,
        status: &status,
        now: host.time().await,
    })
    .map_err(|corrupt| Problem::store(host, &corrupt.into()))?;
    let html = chunks.concat();
    let etag = content_etag(&html);
    Ok(Reply::ok(HTML, vec![html.into()]).of_head(&head, etag, "status".to_owned()))
}
