//! The site that the list is run on: six sources of all kinds, one of which fails, on one upstream server.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use edgefold::config::authoring;
use edgefold::time::Timestamp;
use host_tests::arms::{ADMIN_TOKEN, Arm, Host};
use host_tests::upstream::{Reply, Upstream};
use serde_json::{Value, json};

/// What a cycle takes as its time: 2026-11-21T10:00:00Z.
pub(crate) const NOW_S: i64 = 1_795_255_200;
/// Items in each source that works.
pub(crate) const ITEMS: usize = 12;
/// The sources that work.
pub(crate) const WORKING: [&str; 5] = ["news", "releases", "notes", "quakes", "moved"];
/// What the secret stands for.
pub(crate) const SECRET: &str = "s3cret-of-the-source";

/// Starts an upstream with the site's first state.
pub(crate) async fn upstream() -> anyhow::Result<Upstream> {
    let upstream = Upstream::start().await?;
    upstream.route(
        "/news.xml",
        Reply::document("application/rss+xml", rss("news", None)).with_etag(),
    );
    upstream.route(
        "/releases.atom",
        Reply::document("application/atom+xml", atom()).gzipped(),
    );
    upstream.route(
        "/notes.json",
        Reply::document("application/feed+json", json_feed()),
    );
    let quakes = Reply::document("application/json", brotli(json_api().as_bytes()));
    upstream.route("/quakes.json", quakes.header("content-encoding", "br"));
    upstream.route("/moved.xml", Reply::redirect(301, "/there/moved.xml"));
    upstream.route(
        "/there/moved.xml",
        Reply::document("text/xml", rss("moved", None)),
    );
    upstream.route("/broken.xml", Reply::status(500));
    Ok(upstream)
}

/// The site's `edgefold.toml`.
pub(crate) fn toml(upstream: &Upstream) -> String {
    let base = upstream.base_url();
    format!(
        r#"
[site]
title = "The list"
page_items = 20

[[source]]
id = "news"
title = "News"
url = "{base}/news.xml"
category = "world"

[[source]]
id = "releases"
title = "Releases"
url = "{base}/releases.atom"
category = "software"
headers = {{ authorization = {{ secret = "Bearer {{source_key}}" }} }}

[[source]]
id = "notes"
title = "Notes"
url = "{base}/notes.json"
category = "software"
tags = ["short"]

[[source]]
id = "quakes"
title = "Quakes"
url = "{base}/quakes.json"
kind = "json"
category = "world"
map = {{ items = "$.features[*]", title = "$.place", id = "$.id", published = "$.time", url = "$.url" }}

[[source]]
id = "moved"
title = "Moved"
url = "{base}/moved.xml"
category = "world"

[[source]]
id = "broken"
title = "Broken"
url = "{base}/broken.xml"
category = "world"

[[view]]
id = "even"
title = "Even numbers"
include = ["even"]
"#
    )
}

/// All that its deployment is told.
pub(crate) fn variables(upstream: &Upstream) -> anyhow::Result<Vec<(String, String)>> {
    let text = toml(upstream);
    let config = authoring::compile(&text)
        .map_err(|mistakes| anyhow::anyhow!(authoring::render("site.toml", &text, &mistakes)))?;
    Ok(vec![
        ("config".into(), config.to_compiled()),
        ("admin_token".into(), ADMIN_TOKEN.into()),
        ("source_date_epoch".into(), NOW_S.to_string()),
        ("source_key".into(), SECRET.into()),
    ])
}

/// `host` with the site, before its first cycle.
pub(crate) async fn start(host: Host, upstream: &Upstream) -> anyhow::Result<Arm> {
    Arm::start_bare(host, variables(upstream)?).await
}

/// `host` with the site, after its first cycle.
pub(crate) async fn published(host: Host, upstream: &Upstream) -> anyhow::Result<Arm> {
    let arm = start(host, upstream).await?;
    let report = arm.refresh().await?;
    anyhow::ensure!(report["outcome"] == "published", "{report}");
    Ok(arm)
}

/// All items that `query` (without `?`, may be empty) gives, page by page. Each page keeps within `limit`.
pub(crate) async fn walk(arm: &Arm, query: &str, limit: usize) -> anyhow::Result<Vec<Value>> {
    let mut items = Vec::new();
    let mut seen = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/items?limit={limit}{query}{cursor}");
        let answer = arm.get(&path).await?;
        anyhow::ensure!(answer.status == 200, "{path}: {}", answer.text());
        let page = answer.json()?;
        let on_page = page["items"].as_array().cloned().unwrap_or_default();
        anyhow::ensure!(on_page.len() <= limit, "{path} has {}", on_page.len());
        items.extend(on_page);
        let Some(next) = page["next"].as_str() else {
            return Ok(items);
        };
        anyhow::ensure!(
            seen.insert(next.to_owned()),
            "{path}: the same cursor again"
        );
        cursor = format!("&cursor={next}");
    }
}

fn word(n: usize) -> &'static str {
    if n.is_multiple_of(2) { "even" } else { "odd" }
}

/// Hours before [`NOW_S`], one apart for each item.
fn at(offset_min: i64, n: usize) -> Timestamp {
    let n = i64::try_from(n).unwrap();
    Timestamp::from_secs(NOW_S - (n + 1) * 3600 - offset_min * 60)
}

/// RSS 2.0; `edited` gives item 3 another title.
pub(crate) fn rss(name: &str, edited: Option<&str>) -> String {
    let mut items = String::new();
    for n in 0..ITEMS {
        let title = match edited {
            Some(title) if n == 3 => title.to_owned(),
            _ => format!("{name} number {n} is {} &amp; &lt;new&gt;", word(n)),
        };
        let since = Duration::from_secs(at(7, n).as_secs().unsigned_abs());
        let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since);
        items += &format!(
            "<item><title>{title}</title><link>/{name}/{n}</link><guid isPermaLink=\"false\">{name}-{n}</guid>\
             <pubDate>{date}</pubDate><category>tag{n}</category>\
             <description>&lt;p&gt;What {name} says of {n}, “quoted”.&lt;/p&gt;</description></item>"
        );
    }
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>{name}</title>\
         <link>https://{name}.example/</link>{items}</channel></rss>"
    )
}

fn atom() -> String {
    let mut entries = String::new();
    for n in 0..ITEMS {
        let date = at(11, n);
        entries += &format!(
            "<entry><id>urn:release:{n}</id><title>Release 1.{n}, {}</title>\
             <link href=\"https://releases.example/1.{n}\"/><published>{date}</published><updated>{date}</updated>\
             <author><name>Ada</name></author><summary>Notes of 1.{n}</summary></entry>",
            word(n)
        );
    }
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Releases</title><id>urn:releases</id>\
         <link href=\"https://releases.example/\"/><updated>2026-11-20T00:00:00Z</updated>{entries}</feed>"
    )
}

/// Without dates: the first sight dates them.
fn json_feed() -> String {
    let items: Vec<Value> = (0..ITEMS)
        .map(|n| {
            json!({
                "id": n.to_string(), "url": format!("https://notes.example/{n}"),
                "content_text": format!("Note {n}, an {} one: äöü 漢字 😀", word(n)), "tags": ["note"],
            })
        })
        .collect();
    json!({
        "version": "https://jsonfeed.org/version/1.1", "title": "Notes",
        "home_page_url": "https://notes.example/", "items": items,
    })
    .to_string()
}

fn json_api() -> String {
    let features: Vec<Value> = (0..ITEMS)
        .map(|n| {
            json!({
                "id": format!("q{n}"), "place": format!("{n} km off, {}", word(n)),
                "time": at(23, n).as_millis(), "url": format!("https://quakes.example/{n}"),
            })
        })
        .collect();
    json!({ "features": features }).to_string()
}

/// Brotli (RFC 7932) without compressing: one stored meta-block, then the empty last one.
fn brotli(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len() - 1).unwrap();
    assert!(length < 1 << 16, "MNIBBLES = 4");
    // WBITS = 16 (0), ISLAST = 0, MNIBBLES = 4 (00), MLEN - 1 (16 bits), ISUNCOMPRESSED = 1, padding.
    let header = length << 4 | 1 << 20;
    let mut coded = header.to_le_bytes()[..3].to_vec();
    coded.extend_from_slice(text);
    coded.push(0b11);
    coded
}
