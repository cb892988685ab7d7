//! The public data routes.

use bytes::Bytes;

use super::conditional::{basis, content_etag, head_etag};
use super::kept;
use super::policy::Class;
use super::problem::Problem;
use super::query::Parameters;
use super::reply::{JSON, Lasting, Reply};
use super::search;
use crate::config::Cache;
use crate::host::{Host, Kv, Level};
use crate::page::{self, Kind, Selections};
use crate::read::{self, Arrival, Cursor, ItemFragments, Page, Query, ReadError};
use crate::slice::{Head, PAGE_ITEMS_MAX, Section, Snapshot, keys};

/// The published root, or `None` before the first publish: the one read of a first page.
pub(super) async fn head<H: Host>(host: &H) -> Result<Option<Head>, Problem> {
    let open = async {
        match host.kv().get(keys::HEAD).await? {
            Some(entry) => Ok(Some(kept::open(entry)?)),
            None => Ok(None),
        }
    };
    open.await
        .map_err(|error: ReadError| Problem::head(host, &error))
}

/// What can be selected in `head`.
pub(super) fn selections(head: &Head) -> Selections {
    Selections::new(head.section(Section::Selections))
}

/// Where a page begins.
pub(super) fn cursor(parameters: &Parameters) -> Result<Option<Cursor>, Problem> {
    parameters.get("cursor").map_or(Ok(None), |text| {
        Cursor::parse(text).map(Some).map_err(|error| {
            Problem::bad_parameter(
                "cursor",
                format!("`{}` is {error}.", super::query::echo(text)),
            )
        })
    })
}

/// The highest `page`.
const PAGE_NUMBER_MAX: u64 = 1_000_000_000;

/// Which numbered page is asked for, if any.
pub(super) fn page_number(parameters: &Parameters) -> Result<Option<u64>, Problem> {
    let Some(text) = parameters.get("page") else {
        return Ok(None);
    };
    let bad = |detail: String| Problem::bad_parameter("page", detail);
    if let Some(other) = ["cursor", "source"]
        .into_iter()
        .find(|other| parameters.get(other).is_some())
    {
        return Err(bad(format!(
            "`page` can't be used with `{other}`; follow `next` instead."
        )));
    }
    text.parse::<u64>()
        .ok()
        .filter(|page| (1..=PAGE_NUMBER_MAX).contains(page))
        .map(Some)
        .ok_or_else(|| {
            bad(format!(
                "`page` must be a whole number from 1 to {PAGE_NUMBER_MAX}, not `{}`.",
                super::query::echo(text)
            ))
        })
}

/// Items before page `number`.
pub(super) fn skip(number: Option<u64>, limit: usize) -> u64 {
    number.map_or(0, |number| (number - 1).saturating_mul(limit as u64))
}

/// The address of the newest items under the same selection.
pub(super) fn first_address(path: &str, category: Option<&str>, source: Option<&str>) -> String {
    with_parameters(path, [("category", category), ("source", source)])
}

/// `address` with those of two parameters that have a value: an id, a number or a cursor, of which none needs escaping.
pub(super) fn with_parameters(address: &str, parameters: [(&str, Option<&str>); 2]) -> String {
    let mut address = address.to_owned();
    for (name, value) in parameters {
        if let Some(value) = value {
            let mark = if address.contains('?') { '&' } else { '?' };
            address = format!("{address}{mark}{name}={value}");
        }
    }
    address
}

pub(super) fn limit(parameters: &Parameters) -> Result<Option<usize>, Problem> {
    let Some(text) = parameters.get("limit") else {
        return Ok(None);
    };
    text.parse::<usize>()
        .ok()
        .filter(|limit| (1..=PAGE_ITEMS_MAX).contains(limit))
        .map(Some)
        .ok_or_else(|| {
            Problem::bad_parameter(
                "limit",
                format!(
                    "`limit` must be a whole number from 1 to {PAGE_ITEMS_MAX}, not `{}`.",
                    super::query::echo(text)
                ),
            )
        })
}

/// 404 for a category or source that does not exist.
pub(super) fn check_selection(
    selections: &Selections,
    category: Option<&str>,
    source: Option<&str>,
) -> Result<(), Problem> {
    for (kind, name, id) in [
        (Kind::View, "category", category),
        (Kind::Source, "source", source),
    ] {
        if let Some(id) = id
            && selections.find(kind, id).is_none()
        {
            let known: Vec<&str> = selections.all(kind).map(|one| one.id).collect();
            return Err(Problem::unknown_word(name, id, known.iter().copied()));
        }
    }
    Ok(())
}

/// What a list is about: a view, a source.
pub(super) fn keys_of(category: Option<&str>, source: Option<&str>) -> String {
    let view = category.unwrap_or("all");
    source.map_or_else(
        || format!("view-{view}"),
        |source| format!("view-{view} source-{source}"),
    )
}

/// Reads a page. What can't be on its way any more and is not there, or is damaged, is passed over: the rest is shown.
pub(super) async fn page<H: Host>(
    host: &H,
    head: &Head,
    query: Query<'_>,
) -> Result<Page, Problem> {
    let kv = host.kv();
    let mut found = read::page(kv, head, &query).await;
    if let Err(error) = &found
        && let Some(arrival) = lost(host, head, error).await
    {
        host.log(Level::Error, &format!("passed over: {error}"));
        found = read::page_of_the_rest(kv, head, &query, &arrival).await;
    }
    found
        // Listed on the page, but not in the head's columns: a source without items.
        .map(Option::unwrap_or_default)
        .map_err(|error| Problem::store(host, &error))
}

/// `Some` where `error` is of a stored value that does not come any more: by it the rest can be read, past other lost values too.
pub(super) async fn lost<H: Host>(host: &H, head: &Head, error: &ReadError) -> Option<Arrival> {
    if matches!(error, ReadError::Store(_)) {
        return None;
    }
    let arrival = Arrival::new(head, host.kv().capabilities(), host.time().await);
    Some(arrival).filter(|arrival| arrival.has_lost(error))
}

/// Finds one item.
pub(super) async fn find<H: Host>(
    host: &H,
    head: &Head,
    id: &str,
) -> Result<ItemFragments, Problem> {
    match read::item(host.kv(), head, id).await {
        Ok(found) => found.ok_or_else(|| Problem::unknown_item(id)),
        Err(error) => match lost(host, head, &error).await {
            Some(_) => Err(Problem::lost_item(host, id, &error)),
            None => Err(Problem::store(host, &error)),
        },
    }
}

/// The entity tag of an answer made of `page`: another one where something was passed over.
pub(super) fn page_etag(basis: &str, page: &Page) -> String {
    match page.lost {
        0 => content_etag(basis.as_bytes()),
        lost => content_etag(format!("{basis}\0lost {lost}").as_bytes()),
    }
}

/// Before the first publish.
pub(super) fn no_items() -> Reply {
    let empty = r#"{"items":[],"next":null,"total":0,"generation":0,"updated":null}"#;
    Reply::ok(JSON, vec![Bytes::from_static(empty.as_bytes())])
}

/// `GET /api/items`
pub(super) async fn items<H: Host>(host: &H, parameters: &Parameters) -> Result<Reply, Problem> {
    if let Some(q) = parameters.get("q") {
        return search::items(host, parameters, q).await;
    }
    let category = parameters.get("category");
    let source = parameters.get("source");
    let cursor = cursor(parameters)?;
    let number = page_number(parameters)?;
    let limit = limit(parameters)?;
    let Some(head) = head(host).await? else {
        return Ok(no_items());
    };
    let selections = selections(&head);
    check_selection(&selections, category, source)?;
    let limit = limit.unwrap_or_else(|| selections.page_items());
    let query = Query {
        view: category.unwrap_or("all"),
        source,
        cursor,
        skip: skip(number, limit),
        limit,
    };
    let basis = basis(
        head.answers_hash(),
        &[
            "items",
            query.view,
            source.unwrap_or_default(),
            &cursor.map_or_else(String::new, |cursor| cursor.to_string()),
            &query.limit.to_string(),
            &query.skip.to_string(),
        ],
    );
    let page = page(host, &head, query).await?;
    if page.gone {
        let first = first_address("/api/items", category, source);
        return Err(Problem::cursor_gone(&first));
    }
    let next = page
        .next
        .map_or_else(|| "null".to_owned(), |next| format!("\"{next}\""));
    let lost = match page.lost {
        0 => String::new(),
        lost => format!(r#""lost":{lost},"#),
    };
    let tail = format!(
        r#"],"next":{next},"total":{},{lost}{}}}"#,
        page.total,
        published(&head)
    );
    let etag = page_etag(&basis, &page);
    let mut chunks = vec![Bytes::from_static(br#"{"items":["#)];
    chunks.extend(page.json);
    chunks.push(Bytes::from(tail));
    let reply = Reply::ok(JSON, chunks)
        .of_head(&head, etag, keys_of(category, source))
        .since(head.updated());
    Ok(reply.lasting(Lasting::Head, page.lost == 0))
}

/// `GET /api/items/{id}`
pub(super) async fn item<H: Host>(host: &H, id: &str) -> Result<Reply, Problem> {
    let Some(head) = head(host).await? else {
        return Err(Problem::unknown_item(id));
    };
    let item = find(host, &head, id).await?;
    let etag = content_etag(&item.json);
    let reply = Reply::ok(JSON, vec![item.json]).of_head(&head, etag, format!("item-{id}"));
    Ok(reply.lasting(Lasting::Head, true))
}

/// `GET /api/sources`
pub(super) async fn sources<H: Host>(host: &H) -> Result<Reply, Problem> {
    list(host, "sources", Section::SourcesJson).await
}

/// `GET /api/views`
pub(super) async fn views<H: Host>(host: &H) -> Result<Reply, Problem> {
    list(host, "views", Section::ViewsJson).await
}

async fn list<H: Host>(host: &H, name: &str, section: Section) -> Result<Reply, Problem> {
    let Some(head) = head(host).await? else {
        let empty = format!(r#"{{"{name}":[],"generation":0,"updated":null}}"#);
        return Ok(Reply::ok(JSON, vec![empty.into()]));
    };
    let mut chunks = vec![Bytes::from(format!(r#"{{"{name}":"#))];
    chunks.extend(head.section(section));
    chunks.push(Bytes::from(format!(",{}}}", published(&head))));
    let etag = head_etag(head.answers_hash(), &[name]);
    let reply = Reply::ok(JSON, chunks).of_head(&head, etag, name.to_owned());
    Ok(reply.since(head.updated()).lasting(Lasting::Head, true))
}

/// `GET /api/engagement`: the stored value as it is, one read.
pub(super) async fn engagement<H: Host>(host: &H, policies: Cache) -> Result<Reply, Problem> {
    let open = async {
        let entry = host.kv().get(keys::ENGAGEMENT).await?;
        entry
            .map(|entry| Snapshot::open(entry.value))
            .transpose()
            .map_err(ReadError::from)
    };
    let Some(snapshot) = open.await.map_err(|error| Problem::store(host, &error))? else {
        let empty = r#"{"items":{},"updated":null}"#;
        return Ok(Reply::ok(JSON, vec![Bytes::from_static(empty.as_bytes())]));
    };
    let etag = head_etag(snapshot.content_hash(), &["engagement"]);
    let reply = Reply::ok(JSON, vec![snapshot.json()]);
    let reply = reply.kept_as(policies, etag, "engagement".to_owned());
    Ok(reply.since(snapshot.updated()))
}

/// `GET /health`
pub(super) async fn health<H: Host>(host: &H) -> Result<Reply, Problem> {
    let body = match head(host).await? {
        None => r#"{"status":"starting","generation":0,"updated":null,"age_s":null}"#.to_owned(),
        Some(head) => {
            let age_s = host.time().await.as_secs() - head.updated().as_secs();
            format!(
                r#"{{"status":"ok",{},"age_s":{}}}"#,
                published(&head),
                age_s.max(0)
            )
        }
    };
    Ok(Reply::ok(JSON, vec![body.into()]))
}

/// The two members that say which publish an answer is from.
pub(super) fn published(head: &Head) -> String {
    format!(
        r#""generation":{},"updated":"{}""#,
        head.generation(),
        head.updated()
    )
}

/// The files that the page refers to.
pub(super) fn asset(path: &str, policies: Cache) -> Result<Reply, Problem> {
    let asset = page::asset(path).ok_or_else(|| Problem::no_such_route(path))?;
    let content = asset.content.as_bytes();
    let reply = Reply::ok(asset.media_type, vec![Bytes::from_static(content)]);
    let reply = reply.kept_as(policies, content_etag(content), "assets".to_owned());
    // The file of an earlier version's name is the present one: it may be kept, but not for ever.
    Ok(if asset.immutable {
        reply
    } else {
        reply.in_class(Class::Versioned)
    })
}
