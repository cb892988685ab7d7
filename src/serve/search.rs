//! `q=`: results in place of a list.

use bytes::Bytes;
use http::Request;
use serde::Serialize;
use url::form_urlencoded;

use super::conditional::{basis, content_etag};
use super::feeds::{self, Around};
use super::home;
use super::origin::Origin;
use super::problem::Problem;
use super::query::{Parameters, echo};
use super::reads;
use super::reply::{HTML, JSON, Lasting, Reply};
use crate::host::{Host, Level};
use crate::page::{self, Kind, Results, Selections, SiteWords};
use crate::search::{Found, Hit, Query, SearchCursor, find, find_in_the_rest};
use crate::slice::Head;
use crate::syndicate::{Entry, Format};
use crate::time::Timestamp;

/// What is asked for.
struct Asked<'p> {
    q: &'p str,
    category: Option<&'p str>,
    source: Option<&'p str>,
    query: Query,
    cursor: Option<SearchCursor>,
}

fn asked<'p>(
    parameters: &'p Parameters,
    q: &'p str,
    newest_first: bool,
) -> Result<Asked<'p>, Problem> {
    if parameters.get("page").is_some() {
        let detail = "`page` can't be used with `q`; follow `next` instead.";
        return Err(Problem::bad_parameter("page", detail));
    }
    let (category, source) = (parameters.get("category"), parameters.get("source"));
    let query = Query::parse(q).map_err(|error| Problem::bad_parameter("q", error.to_string()))?;
    let mut query = query.within(category, source);
    if newest_first {
        query = query.newest_first();
    }
    let cursor = parameters.get("cursor").map(|text| {
        SearchCursor::parse(text, &query).map_err(|_| {
            let detail = format!(
                "`{}` is no cursor of this search; take it from the `next` of the same `q`.",
                echo(text)
            );
            Problem::bad_parameter("cursor", detail)
        })
    });
    Ok(Asked {
        q,
        category,
        source,
        query,
        cursor: cursor.transpose()?,
    })
}

impl Asked<'_> {
    /// 404 for a view or source that does not exist, be it named by a parameter or in the query.
    fn check(&self, selections: &Selections) -> Result<(), Problem> {
        self.query.selections().try_for_each(|(name, id)| {
            let category = Some(id).filter(|_| name == "category");
            let source = Some(id).filter(|_| name == "source");
            reads::check_selection(selections, category, source)
        })
    }

    /// The address at `path` of what was asked for.
    fn address(
        &self,
        base: &str,
        path: &str,
        limit: Option<String>,
        cursor: Option<String>,
    ) -> String {
        let start = format!("{base}{path}?");
        let end = start.len();
        let mut address = form_urlencoded::Serializer::for_suffix(start, end);
        address.append_pair("q", self.q);
        let (category, source) = (self.category, self.source);
        for (name, value) in [
            ("category", category),
            ("source", source),
            ("limit", limit.as_deref()),
            ("cursor", cursor.as_deref()),
        ] {
            if let Some(value) = value {
                address.append_pair(name, value);
            }
        }
        address.finish()
    }

    async fn find<H: Host>(&self, host: &H, head: &Head, limit: usize) -> Result<Found, Problem> {
        let (kv, query, cursor) = (host.kv(), &self.query, self.cursor);
        let mut found = find(kv, head, query, cursor, limit).await;
        if let Err(error) = &found
            && let Some(arrival) = reads::lost(host, head, error).await
        {
            host.log(Level::Error, &format!("passed over: {error}"));
            found = find_in_the_rest(kv, head, query, cursor, limit, &arrival).await;
        }
        found.map_err(|error| Problem::store(host, &error))
    }

    /// What an answer out of `head` depends on: how it is indexed shows in nothing but how far was searched.
    fn basis(&self, head: &Head, kind: &str, found: &Found, more: &str) -> String {
        let text = |text: Option<String>| text.unwrap_or_default();
        let parts = [
            kind,
            self.q,
            self.category.unwrap_or_default(),
            self.source.unwrap_or_default(),
            &text(self.cursor.map(|cursor| cursor.to_string())),
            &text(found.searched_to.map(|at| at.to_string())),
            &found.total.to_string(),
            more,
        ];
        basis(head.answers_hash(), &parts)
    }
}

/// Whether all was there that `found` was looked for in: nothing but another head changes it then.
fn is_whole(found: &Found) -> bool {
    found.searched_to.is_none()
}

/// A result as the API gives it.
#[derive(Serialize)]
struct HitJson<'h> {
    id: String,
    title: &'h str,
    url: Option<&'h str>,
    source: &'h str,
    category: &'h str,
    published: Timestamp,
}

impl<'h> From<&'h Hit> for HitJson<'h> {
    fn from(hit: &'h Hit) -> Self {
        Self {
            id: hit.position.to_string(),
            title: &hit.title,
            url: hit.url.as_deref(),
            source: &hit.source,
            category: &hit.category,
            published: hit.published,
        }
    }
}

/// `GET /api/items?q=`
pub(super) async fn items<H: Host>(
    host: &H,
    parameters: &Parameters,
    q: &str,
) -> Result<Reply, Problem> {
    let asked = asked(parameters, q, false)?;
    let limit = reads::limit(parameters)?;
    let Some(head) = reads::head(host).await? else {
        return Ok(reads::no_items());
    };
    let selections = reads::selections(&head);
    asked.check(&selections)?;
    let limit = limit.unwrap_or_else(|| selections.page_items());
    let found = asked.find(host, &head, limit).await?;
    let hits: Vec<HitJson<'_>> = found.hits.iter().map(HitJson::from).collect();
    // Serialising text and numbers does not fail.
    let hits = serde_json::to_string(&hits).unwrap_or_default();
    let text =
        |text: Option<String>| text.map_or_else(|| "null".to_owned(), |text| format!("\"{text}\""));
    let json = format!(
        r#"{{"items":{hits},"next":{},"total":{},"total_is":"{}",{},"searched_to":{}}}"#,
        text(found.next.map(|next| next.to_string())),
        found.total,
        if found.more_than_total {
            "at_least"
        } else {
            "exact"
        },
        reads::published(&head),
        text(found.searched_to.map(|at| at.to_string())),
    );
    let etag = content_etag(
        asked
            .basis(&head, "search", &found, &limit.to_string())
            .as_bytes(),
    );
    let key = reads::keys_of(asked.category, asked.source);
    Ok(Reply::ok(JSON, vec![Bytes::from(json)])
        .of_head(&head, etag, key)
        .since(head.updated())
        .lasting(Lasting::Head, is_whole(&found)))
}

/// `GET /?q=`
pub(super) async fn page<H: Host>(
    host: &H,
    parameters: &Parameters,
    q: &str,
) -> Result<Reply, Problem> {
    let asked = asked(parameters, q, false)?;
    let Some(head) = reads::head(host).await? else {
        return Ok(home::nothing_yet());
    };
    let selections = reads::selections(&head);
    asked.check(&selections)?;
    let now = host.time().await;
    let found = asked.find(host, &head, selections.page_items()).await?;
    let chunks = page::results(&Results {
        head: &head,
        selections: &selections,
        q,
        view: asked
            .category
            .and_then(|id| selections.find(Kind::View, id)),
        source: asked
            .source
            .and_then(|id| selections.find(Kind::Source, id)),
        first: asked.cursor.is_none(),
        found: &found,
        now,
    })
    .map_err(|corrupt| Problem::store(host, &corrupt.into()))?;
    let basis = asked.basis(&head, "results", &found, &page::ago(head.updated(), now));
    let key = reads::keys_of(asked.category, asked.source);
    Ok(Reply::ok(HTML, chunks)
        .of_head(&head, content_etag(basis.as_bytes()), key)
        .lasting(Lasting::Minute, is_whole(&found)))
}

/// `GET /feed.xml?q=` and its kin: what a search finds, newest first, so that a reader who asks for the first page again sees all that is new.
pub(super) async fn feed<H: Host>(
    host: &H,
    request: &Request<Bytes>,
    parameters: &Parameters,
    q: &str,
    format: Format,
) -> Result<Reply, Problem> {
    let asked = asked(parameters, q, true)?;
    let limit = reads::limit(parameters)?;
    let Some(head) = reads::head(host).await? else {
        return feeds::nothing_yet(host, request, format).await;
    };
    let selections = reads::selections(&head);
    asked.check(&selections)?;
    let site = SiteWords::of(&head);
    let origin = Origin::new(&site.url, request)?;
    let number = limit.unwrap_or_else(|| selections.page_items());
    let found = asked.find(host, &head, number).await?;
    let own = |cursor: Option<SearchCursor>| {
        let limit = limit.map(|limit| limit.to_string());
        let cursor = cursor.map(|cursor| cursor.to_string());
        asked.address(&origin.base, format.path(), limit, cursor)
    };
    let this = own(asked.cursor);
    let next = found.next.map(|next| own(Some(next)));
    let entries: Vec<Entry<'_>> = found.hits.iter().map(entry).collect();
    let feed = Around {
        title: &format!("“{q}” · {}", site.title),
        site: &site,
        updated: head.updated(),
        origin: &origin,
        home: &asked.address(&origin.base, "/", None, None),
        id: &asked.address(&origin.base, format.path(), None, None),
        this: &this,
        next: next.as_deref(),
        selections: &selections,
    };
    let content = feed.write(&entries, format);
    let basis = asked.basis(&head, format.path(), &found, &this);
    let keys = reads::keys_of(asked.category, asked.source);
    let mut reply = Reply::ok(format.media_type(), vec![content.into()])
        .of_head(&head, content_etag(basis.as_bytes()), keys)
        .since(head.updated())
        .lasting(Lasting::Head, is_whole(&found));
    origin.vary(&mut reply);
    Ok(reply)
}

/// A result as an entry of a feed.
fn entry(hit: &Hit) -> Entry<'_> {
    Entry {
        id: hit.position.to_string().into(),
        title: hit.title.as_str().into(),
        url: hit.url.as_deref().map(Into::into),
        source: hit.source.as_str().into(),
        category: hit.category.as_str().into(),
        tags: Vec::new(),
        author: None,
        published: hit.published,
        updated: None,
        summary: "".into(),
        image: None,
    }
}
