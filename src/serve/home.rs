//! `GET /`: the dashboard. `GET /item/{id}`: the page of one item.

use bytes::Bytes;

use super::conditional::{basis, head_etag};
use super::problem::Problem;
use super::query::Parameters;
use super::reads;
use super::reply::{HTML, Lasting, Reply};
use super::search;
use crate::host::Host;
use crate::page::{self, Dashboard, ItemPage, Kind, Notice, Paging};
use crate::read::{self, Query};
use crate::slice::Section;

/// Other items of its source on an item's page.
const OTHERS_MAX: usize = 5;

/// A page of the dashboard. The head is the only read of a first page.
pub(super) async fn page<H: Host>(host: &H, parameters: &Parameters) -> Result<Reply, Problem> {
    if let Some(q) = parameters.get("q") {
        return search::page(host, parameters, q).await;
    }
    let category = parameters.get("category");
    let source = parameters.get("source");
    let cursor = reads::cursor(parameters)?;
    let number = reads::page_number(parameters)?;
    let Some(head) = reads::head(host).await? else {
        return Ok(nothing_yet());
    };
    let selections = reads::selections(&head);
    reads::check_selection(&selections, category, source)?;
    let limit = selections.page_items();
    let query = Query {
        view: category.unwrap_or("all"),
        source,
        cursor,
        skip: reads::skip(number, limit),
        limit,
    };
    let now = host.time().await;
    let basis = basis(
        head.answers_hash(),
        &[
            "page",
            // Not `query.view`: with `category=all` the page's heading and title are others than without.
            category.unwrap_or_default(),
            source.unwrap_or_default(),
            &cursor.map_or_else(String::new, |cursor| cursor.to_string()),
            &query.skip.to_string(),
            // "3 minutes ago" stands on the page: a strong tag must change with it.
            &page::ago(head.updated(), now),
        ],
    );
    let found = reads::page(host, &head, query).await?;
    if found.gone {
        let first = reads::first_address("/", category, source);
        return Err(Problem::cursor_gone(&first));
    }
    let etag = reads::page_etag(&basis, &found);
    let next = found.next.map(|next| next.to_string());
    let chunks = page::dashboard(Dashboard {
        head: &head,
        view: category.and_then(|id| selections.find(Kind::View, id)),
        source: source.and_then(|id| selections.find(Kind::Source, id)),
        card: source
            .and_then(|id| selections.position(Kind::Source, id))
            .map_or_else(Bytes::new, |index| head.piece(Section::SourceCards, index)),
        items: found.html,
        paging: Paging {
            first: cursor.is_none() && query.skip == 0,
            next: next.as_deref(),
            shown: found.items,
            total: found.total,
            lost: found.lost,
        },
        now,
    })
    .map_err(|corrupt| Problem::store(host, &corrupt.into()))?;
    let keys = reads::keys_of(category, source);
    let reply = Reply::ok(HTML, chunks).of_head(&head, etag, keys);
    Ok(reply.lasting(Lasting::Minute, found.lost == 0))
}

/// The page of one item. At most two reads beside the head.
pub(super) async fn item<H: Host>(host: &H, id: &str) -> Result<Reply, Problem> {
    let Some(head) = reads::head(host).await? else {
        return Err(Problem::unknown_item(id));
    };
    let item = reads::find(host, &head, id).await?;
    let now = host.time().await;
    let selections = reads::selections(&head);
    let etag = head_etag(
        head.answers_hash(),
        &["item", id, &page::ago(head.updated(), now)],
    );
    let chunks = page::item_page(ItemPage {
        head: &head,
        html: item.html,
        source: selections.find(Kind::Source, &item.source),
        others: read::newest_of(&head, &item.source, id, OTHERS_MAX),
        now,
    })
    .map_err(|corrupt| Problem::store(host, &corrupt.into()))?;
    let keys = format!("item-{id}");
    let reply = Reply::ok(HTML, chunks).of_head(&head, etag, keys);
    Ok(reply.lasting(Lasting::Minute, true))
}

pub(super) fn nothing_yet() -> Reply {
    let html = page::notice_html(&Notice {
        status: None,
        title: "Nothing is published yet",
        detail: "This deployment is up and waits for its first cycle: sources are fetched, folded and published, and this \
                 page shows them. Where the host runs a schedule, reload in a moment; otherwise start a cycle yourself \
                 with the deployment's admin token:",
        commands: &[
            "curl -X POST -H \"Authorization: Bearer $ADMIN_TOKEN\" \\",
            "     https://this-site/_edgefold/refresh",
        ],
    });
    Reply::ok(HTML, vec![html.into()])
}
