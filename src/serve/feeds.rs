//! Feeds out: `/feed.xml`, `/atom.xml`, `/feed.json`; `/sources.opml`.
//!
//! A feed is written from the stored JSON of one page of items, which is parsed: the reads of an answer are those of
//! `/api/items`, and a page that the head holds alone is kept, so that a poll of feed readers costs what a page costs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;

use super::admin;
use super::conditional::{basis, content_etag};
use super::origin::Origin;
use super::problem::Problem;
use super::query::Parameters;
use super::reads;
use super::reply::{Lasting, Reply};
use super::search;
use crate::cycle::{self, CycleError};
use crate::host::Host;
use crate::ordered::Inserted;
use crate::page::{Kind, Selections, SiteWords};
use crate::read::{self, Query};
use crate::syndicate::{self, Entry, Feed, Format, Outlines};
use crate::tenant::TenantHost;
use crate::time::Timestamp;

/// There is no registered type; this is what readers send and expect.
pub(super) const OPML: &str = "text/x-opml; charset=utf-8";

/// What a feed is of.
#[derive(Debug, Clone, Copy)]
struct Selected<'a> {
    category: Option<&'a str>,
    source: Option<&'a str>,
}

impl Selected<'_> {
    /// The address of the list at `path`.
    fn address(self, origin: &Origin, path: &str) -> String {
        let path = reads::first_address(path, self.category, self.source);
        format!("{}{path}", origin.base)
    }

    /// What the list is called.
    fn title(self, site: &str, selections: &Selections) -> String {
        let title = |kind, id: Option<&str>| {
            let found = id.and_then(|id| selections.find(kind, id));
            found.map(|one| one.title().into_owned())
        };
        let view = title(Kind::View, self.category);
        match (title(Kind::Source, self.source), view) {
            (Some(source), Some(view)) => format!("{source} in {view} · {site}"),
            (Some(one), None) | (None, Some(one)) => format!("{one} · {site}"),
            (None, None) => site.to_owned(),
        }
    }
}

/// One page of a list as a feed.
pub(super) async fn feed<H: Host>(
    host: &H,
    request: &Request<Bytes>,
    parameters: &Parameters,
    format: Format,
) -> Result<Reply, Problem> {
    if let Some(q) = parameters.get("q") {
        return search::feed(host, request, parameters, q, format).await;
    }
    let selected = Selected {
        category: parameters.get("category"),
        source: parameters.get("source"),
    };
    let cursor = reads::cursor(parameters)?;
    let limit = reads::limit(parameters)?;
    let Some(head) = reads::head(host).await? else {
        return nothing_yet(host, request, format).await;
    };
    let selections = reads::selections(&head);
    reads::check_selection(&selections, selected.category, selected.source)?;
    let site = SiteWords::of(&head);
    let origin = Origin::new(&site.url, request)?;
    let query = Query {
        view: selected.category.unwrap_or("all"),
        source: selected.source,
        cursor,
        skip: 0,
        limit: limit.unwrap_or_else(|| selections.page_items()),
    };
    // As it was asked for, so that it is found in its own self link.
    let own = |cursor: Option<read::Cursor>| {
        let address = selected.address(&origin, format.path());
        let limit = limit.map(|limit| limit.to_string());
        let cursor = cursor.map(|cursor| cursor.to_string());
        let parameters = [("limit", limit.as_deref()), ("cursor", cursor.as_deref())];
        reads::with_parameters(&address, parameters)
    };
    let this = own(cursor);
    // `category=all` has a title of its own, and stands in the address.
    let basis = basis(head.answers_hash(), &[format.path(), &this]);
    let page = reads::page(host, &head, query).await?;
    if page.gone {
        let first = reads::first_address(format.path(), selected.category, selected.source);
        return Err(Problem::cursor_gone(&first));
    }
    let next = page.next.map(|next| own(Some(next)));
    let feed = Around {
        title: &selected.title(&site.title, &selections),
        site: &site,
        updated: head.updated(),
        origin: &origin,
        home: &selected.address(&origin, "/"),
        id: &selected.address(&origin, format.path()),
        this: &this,
        next: next.as_deref(),
        selections: &selections,
    };
    let array = syndicate::array(&page.json);
    let entries =
        Entry::read_all(&array).map_err(|corrupt| Problem::store(host, &corrupt.into()))?;
    let content = feed.write(&entries, format);
    let keys = reads::keys_of(selected.category, selected.source);
    let mut reply = Reply::ok(format.media_type(), vec![content.into()])
        .of_head(&head, reads::page_etag(&basis, &page), keys)
        .since(head.updated());
    origin.vary(&mut reply);
    Ok(reply.lasting(Lasting::Head, page.lost == 0))
}

/// All of a feed but its items.
pub(super) struct Around<'a> {
    pub(super) title: &'a str,
    pub(super) site: &'a SiteWords,
    pub(super) updated: Timestamp,
    pub(super) origin: &'a Origin,
    pub(super) home: &'a str,
    pub(super) id: &'a str,
    pub(super) this: &'a str,
    pub(super) next: Option<&'a str>,
    pub(super) selections: &'a Selections,
}

impl Around<'_> {
    pub(super) fn write(&self, entries: &[Entry<'_>], format: Format) -> String {
        let sources: BTreeMap<&str, Cow<'_, str>> = self
            .selections
            .all(Kind::Source)
            .map(|source| (source.id, source.title()))
            .inserted();
        let feed = Feed {
            title: self.title,
            description: &self.site.description,
            language: &self.site.language,
            updated: self.updated,
            base: &self.origin.base,
            home: self.home,
            id: self.id,
            this: self.this,
            next: self.next,
            sources: &sources,
            entries,
        };
        syndicate::write(&feed, format)
    }
}

/// A feed without items, which nobody is to keep.
pub(super) async fn nothing_yet<H: Host>(
    host: &H,
    request: &Request<Bytes>,
    format: Format,
) -> Result<Reply, Problem> {
    let origin = Origin::new("", request)?;
    let address = format!("{}{}", origin.base, format.path());
    let feed = Around {
        title: "Nothing is published yet",
        site: &SiteWords::default(),
        updated: host.time().await,
        origin: &origin,
        home: &format!("{}/", origin.base),
        id: &address,
        this: &address,
        next: None,
        selections: &Selections::default(),
    };
    let content = feed.write(&[], format);
    Ok(Reply::ok(format.media_type(), vec![content.into()]))
}

/// `GET /sources.opml`: of the configuration, which alone knows where sources are; it is read and parsed for that.
pub(super) async fn sources<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
    request: &Request<Bytes>,
) -> Result<Reply, Problem> {
    let head = reads::head(host).await?;
    let config = cycle::configured_of(host, default_config)
        .await
        .map(|found| found.config)
        .map_err(|problem| admin::failed(host, CycleError::Config(problem)))?;
    let url = config.site.url.as_deref().unwrap_or_default();
    let origin = Origin::new(url.trim_end_matches('/'), request)?;
    let selections = head.as_ref().map(reads::selections).unwrap_or_default();
    let content = syndicate::opml(&Outlines {
        config: &config,
        base: &origin.base,
        selections: &selections,
    });
    let etag = content_etag(content.as_bytes());
    let reply = Reply::ok(OPML, vec![content.into()]);
    // Before the first publish categories have no titles yet.
    let mut reply = match head {
        Some(_) => reply.kept_as(config.cache, etag, "sources".to_owned()),
        None => reply,
    };
    origin.vary(&mut reply);
    Ok(reply)
}
