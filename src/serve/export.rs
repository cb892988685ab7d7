//! `GET /api/export.ndjson`: every item of a view, one a line, sent while it is read.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};

use super::body::Body;
use super::conditional::head_etag;
use super::problem::Problem;
use super::query::{Parameters, echo};
use super::range::{self, Wanted};
use super::reads;
use super::reply::Reply;
use crate::host::{Host, Kv};
use crate::read::{Arrival, Export};
use crate::slice::Position;
use crate::tenant::TenantHost;

pub(super) const NDJSON: &str = "application/x-ndjson";

/// The head, and up to two reads where a place is given, before the answer begins; the rest is read while it is sent.
pub(super) async fn export<H: Host>(
    host: &TenantHost<'_, H>,
    request: &Request<Bytes>,
    parameters: &Parameters,
) -> Result<Reply, Problem> {
    let category = parameters.get("category");
    let after = after(parameters)?;
    let Some(head) = reads::head(host).await? else {
        return Ok(Reply::ok(NDJSON, Vec::new()));
    };
    reads::check_selection(&reads::selections(&head), category, None)?;
    let view = head.view(category.unwrap_or("all")).unwrap_or_default();
    let arrival = Arrival::new(&head, host.kv().capabilities(), host.time().await);
    let mut export = Export::new(&head, view).past_lost(arrival);
    if let Some(place) = after {
        export = export
            .after(host.kv(), place)
            .await
            .map_err(|error| Problem::store(host, &error))?;
    }
    // Of another length than before the loss. All else keeps its length and its tag: what is lost by now is not read yet.
    let lost = if export.begins_lost() { "lost" } else { "" };
    let place = after.map_or_else(String::new, |place| format!("{place}{lost}"));
    let etag = head_etag(
        head.answers_hash(),
        &["export", category.unwrap_or("all"), &place],
    );
    let len = export.len();
    let wanted = if request.method() == Method::GET {
        range::wanted(request.headers(), &etag, len)
    } else {
        // RFC 9110 §14.2: `Range` has a meaning for GET only.
        Wanted::All
    };
    let mut reply = Reply::ok(NDJSON, Vec::new());
    match wanted {
        Wanted::All => {}
        Wanted::None => return Err(Problem::no_such_range(len)),
        Wanted::Part(from, bytes) => {
            reply.status = StatusCode::PARTIAL_CONTENT;
            let last = from + bytes - 1;
            reply.header(header::CONTENT_RANGE, &format!("bytes {from}-{last}/{len}"));
            export = export.part(from, bytes);
        }
    }
    reply.header(header::ACCEPT_RANGES, "bytes");
    reply.streamed = Some(Body::streamed(host.tenant().clone(), export));
    let reply = reply.of_head(&head, etag, reads::keys_of(category, None));
    Ok(reply.since(head.updated()))
}

/// The place after which to begin.
fn after(parameters: &Parameters) -> Result<Option<Position>, Problem> {
    let Some(id) = parameters.get("after") else {
        return Ok(None);
    };
    Position::from_id(id).map(Some).ok_or_else(|| {
        let detail = format!(
            "`{}` is no item's id; take it from the last line you have.",
            echo(id)
        );
        Problem::bad_parameter("after", detail)
    })
}
