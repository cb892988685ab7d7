//! What crawlers are told: `/sitemap.xml`, `/robots.txt`.
//!
//! The sitemap is an index of parts: one of what the head holds, and one for each sealed segment. A part is one or two reads beside
//! the head's own and as long as its segment, however long the history is, and an index is as long as a directory. So the oldest
//! directories of a long history have an index each, which `/robots.txt` names.

use std::iter;

use bytes::Bytes;
use http::Request;

use super::conditional::{basis, content_etag};
use super::origin::Origin;
use super::problem::Problem;
use super::query::{Parameters, echo};
use super::reads;
use super::reply::{Lasting, Reply};
use crate::host::{Host, Level};
use crate::page::{Selections, SiteWords};
use crate::read::ReadError;
use crate::read::archive::{self, Part};
use crate::slice::{Head, Position};
use crate::syndicate::sitemap::{self, Newest};
use crate::time::Timestamp;

pub(super) const XML: &str = "application/xml; charset=utf-8";
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// The part that is not sealed.
const NEWEST: &str = "newest";

/// What of the sitemap is asked for.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// The index of the newest parts.
    Index,
    /// An older index.
    Older(Position),
    /// What the head holds.
    Newest,
    /// What is sealed.
    Part(Position),
}

impl Wanted {
    fn of(parameters: &Parameters) -> Result<Self, Problem> {
        let place = |name: &str, text: &str| {
            Position::from_id(text).ok_or_else(|| {
                let detail = format!("No {name} of the sitemap is called `{}`.", echo(text));
                Problem::bad_parameter(name, detail)
            })
        };
        match (parameters.get("part"), parameters.get("index")) {
            (None, None) => Ok(Self::Index),
            (Some(NEWEST), None) => Ok(Self::Newest),
            (Some(part), None) => place("part", part).map(Self::Part),
            (None, Some(index)) => place("index", index).map(Self::Older),
            (Some(_), Some(_)) => Err(Problem::bad_parameter(
                "index",
                "`index` can't be used with `part`.",
            )),
        }
    }
}

/// `GET /sitemap.xml`: nothing is parsed, and at most two values are read beside the head.
pub(super) async fn sitemap<H: Host>(
    host: &H,
    request: &Request<Bytes>,
    parameters: &Parameters,
) -> Result<Reply, Problem> {
    let wanted = Wanted::of(parameters)?;
    let Some(head) = reads::head(host).await? else {
        let origin = Origin::new("", request)?;
        let content = match wanted {
            Wanted::Index => index(&origin, iter::once((NEWEST.to_owned(), None))),
            Wanted::Newest => newest(None, &Selections::default(), &origin),
            Wanted::Older(place) => return Err(unknown("index", place)),
            Wanted::Part(place) => return Err(unknown("part", place)),
        };
        return Ok(Reply::ok(XML, vec![content.into()]));
    };
    let origin = Origin::new(&SiteWords::of(&head).url, request)?;
    let kv = host.kv();
    // A part is what it is as long as its segment is; all else may change with every publish.
    let mut part_hash = None;
    let mut whole = true;
    let content = match wanted {
        Wanted::Newest => newest(Some(&head), &reads::selections(&head), &origin),
        Wanted::Index => {
            let parts = archive::newest(kv, &head).await;
            let parts = present(host, &head, parts).await?;
            whole = parts.is_some();
            let parts = parts.unwrap_or_else(|| archive::in_head(&head));
            let first = (NEWEST.to_owned(), Some(head.updated()));
            index(&origin, iter::once(first).chain(named(parts)))
        }
        Wanted::Older(place) => {
            let parts = archive::listed(kv, &head, place).await;
            let parts = present(host, &head, parts).await?.flatten();
            index(
                &origin,
                named(parts.ok_or_else(|| unknown("index", place))?),
            )
        }
        Wanted::Part(place) => {
            let part = archive::items(kv, &head, place).await;
            let part = present(host, &head, part).await?.flatten();
            let part = part.ok_or_else(|| unknown("part", place))?;
            part_hash = Some(part.hash);
            sitemap::items(&origin.base, &part.items)
        }
    };
    let basis = match part_hash {
        Some(hash) => basis(hash, &["sitemap part", &origin.base]),
        None => basis(
            head.answers_hash(),
            &["sitemap", &origin.base, &format!("{wanted:?} {whole}")],
        ),
    };
    let etag = content_etag(basis.as_bytes());
    let mut reply =
        Reply::ok(XML, vec![content.into()]).of_head(&head, etag, "view-all".to_owned());
    if part_hash.is_none() {
        reply = reply.since(head.updated());
    }
    origin.vary(&mut reply);
    Ok(reply.lasting(Lasting::Head, whole))
}

fn newest(head: Option<&Head>, selections: &Selections, origin: &Origin) -> String {
    sitemap::newest(&Newest {
        head,
        selections,
        base: &origin.base,
    })
}

fn index(origin: &Origin, parts: impl Iterator<Item = (String, Option<Timestamp>)>) -> String {
    let files = parts.map(|(part, changed)| (format!("/sitemap.xml?part={part}"), changed));
    sitemap::index(&origin.base, files)
}

fn named(parts: Vec<Part>) -> impl Iterator<Item = (String, Option<Timestamp>)> {
    let named = parts.into_iter();
    named.map(|part| (part.from.to_string(), Some(part.full)))
}

/// `None` where a stored value is gone for good.
async fn present<H: Host, T>(
    host: &H,
    head: &Head,
    found: Result<T, ReadError>,
) -> Result<Option<T>, Problem> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if reads::lost(host, head, &error).await.is_some() => {
            host.log(Level::Error, &format!("passed over: {error}"));
            Ok(None)
        }
        Err(error) => Err(Problem::store(host, &error)),
    }
}

fn unknown(name: &str, place: Position) -> Problem {
    Problem::unknown_part(name, &place.to_string())
}

/// `GET /robots.txt`: pages are for everybody; data is for programs that know what they want.
pub(super) async fn robots<H: Host>(host: &H, request: &Request<Bytes>) -> Result<Reply, Problem> {
    let head = reads::head(host).await?;
    let url = head.as_ref().map(SiteWords::of).unwrap_or_default().url;
    // RFC 9309 §2.2.4 has the rules; the sitemap's address must be absolute, so without a host there is none.
    let mut text = "User-agent: *\nDisallow: /_edgefold/\nDisallow: /api/\n".to_owned();
    let origin = Origin::new(&url, request).ok();
    if let Some(origin) = &origin {
        let sitemap = format!("Sitemap: {}/sitemap.xml", origin.base);
        text = format!("{text}{sitemap}\n");
        for list in head.iter().flat_map(archive::older) {
            text = format!("{text}{sitemap}?index={list}\n");
        }
    }
    let etag = content_etag(text.as_bytes());
    let reply = Reply::ok(TEXT, vec![text.into()]);
    let mut reply = match &head {
        Some(head) => reply.of_head(head, etag, "robots".to_owned()),
        None => reply,
    };
    if let Some(origin) = origin {
        origin.vary(&mut reply);
    }
    Ok(reply)
}
