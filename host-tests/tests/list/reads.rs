//! What a reader gets.

use std::collections::BTreeSet;

use host_tests::arms::{Answer, Arm, Host};
use serde_json::Value;

use crate::site::{self, ITEMS, WORKING};

pub(crate) async fn an_empty_site_answers(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::start(host, &upstream).await?;
    let page = arm.get("/api/items").await?;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.json()?["total"], 0);
    assert_eq!(page.json()?["items"], serde_json::json!([]));
    for path in ["/", "/api/sources", "/health", "/openapi.json"] {
        let answer = arm.get(path).await?;
        assert!(
            answer.status == 200 || path == "/health",
            "{path}: {}",
            answer.status
        );
        assert!(!answer.body.is_empty(), "{path}");
    }
    Ok(())
}

pub(crate) async fn cursors_visit_every_item_once(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    for limit in [1, 7, 100] {
        let items = site::walk(&arm, "", limit).await?;
        let ids: BTreeSet<&str> = items
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect();
        assert_eq!(ids.len(), items.len(), "limit {limit}: an item twice");
        assert_eq!(items.len(), WORKING.len() * ITEMS, "limit {limit}");
        let published: Vec<&str> = items
            .iter()
            .filter_map(|i| i["published"].as_str())
            .collect();
        assert!(
            published.is_sorted_by(|a, b| a >= b),
            "newest first: {published:?}"
        );
    }
    Ok(())
}

pub(crate) async fn filters_by_category_source_and_view(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    let world = site::walk(&arm, "&category=world", 10).await?;
    assert_eq!(world.len(), 3 * ITEMS);
    assert!(world.iter().all(|item| item["category"] == "world"));
    let notes = site::walk(&arm, "&source=notes", 5).await?;
    assert_eq!(notes.len(), ITEMS);
    assert!(notes.iter().all(|item| item["source"] == "notes"));
    let even = site::walk(&arm, "&category=even", 10).await?;
    assert_eq!(even.len(), WORKING.len() * ITEMS / 2);
    let both = site::walk(&arm, "&category=even&source=news", 10).await?;
    assert_eq!(both.len(), ITEMS / 2);
    let total = arm.get("/api/items?category=world").await?.json()?;
    assert_eq!(total["total"], 3 * ITEMS, "{total}");
    Ok(())
}

pub(crate) async fn an_item_is_found_by_its_id(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    for item in site::walk(&arm, "", 100).await?.iter().step_by(7) {
        let id = item["id"].as_str().unwrap();
        let answer = arm.get(&format!("/api/items/{id}")).await?;
        assert_eq!(answer.status, 200, "{id}: {}", answer.text());
        assert_eq!(&answer.json()?, item);
    }
    Ok(())
}

pub(crate) async fn head_and_etag_save_the_body(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    for path in [
        "/",
        "/api/items",
        "/api/sources",
        "/openapi.json",
        "/feed.xml",
        "/atom.xml",
        "/feed.json",
        "/sitemap.xml",
        "/api/export.ndjson",
    ] {
        let get = arm.get(path).await?;
        let etag = get.header("etag").to_owned();
        assert!(etag.starts_with('"'), "{path}: {etag:?} is no strong ETag");
        assert_eq!(
            get.header("content-length"),
            get.body.len().to_string(),
            "{path}"
        );
        let head = arm.send("HEAD", path, &[]).await?;
        assert_eq!(head.status, 200, "{path}");
        assert!(head.body.is_empty(), "{path}");
        assert_eq!(head.header("etag"), etag, "{path}");
        assert_eq!(
            head.header("content-length"),
            get.header("content-length"),
            "HEAD {path}"
        );
        let again = arm.send("GET", path, &[("if-none-match", &etag)]).await?;
        assert_eq!(again.status, 304, "{path}");
        assert!(again.body.is_empty(), "{path}");
        assert_eq!(again.header("etag"), etag, "{path}");
        let other = [("if-none-match", "\"another\"")];
        assert_eq!(arm.send("GET", path, &other).await?.status, 200, "{path}");
    }
    Ok(())
}

pub(crate) async fn the_export_is_streamed_and_resumed(host: Host) -> anyhow::Result<()> {
    const PATH: &str = "/api/export.ndjson";
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    let whole = arm.get(PATH).await?;
    let text = whole.text();
    let lines: Vec<Value> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let mut items = site::walk(&arm, "", 100).await?;
    items.reverse();
    assert_eq!(lines, items);
    let etag = whole.header("etag").to_owned();
    let half = whole.body.len() / 2;
    let range = format!("bytes={half}-");
    let asked = [("range", range.as_str()), ("if-range", &etag)];
    let rest = arm.send("GET", PATH, &asked).await?;
    assert_eq!(rest.status, 206);
    assert_eq!(rest.body[..], whole.body[half..]);
    let len = whole.body.len();
    let content_range = format!("bytes {half}-{}/{len}", len - 1);
    assert_eq!(rest.header("content-range"), content_range);
    let behind = [("range", "bytes=99999999-")];
    assert_eq!(arm.send("GET", PATH, &behind).await?.status, 416);
    Ok(())
}

pub(crate) async fn problems_are_described(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    let cases = [
        ("GET", "/api/items?colour=red", 400),
        ("GET", "/api/items?cursor=nonsense", 400),
        ("GET", "/api/items?limit=0", 400),
        ("GET", "/api/items?limit=many", 400),
        ("GET", "/api/items/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("POST", "/api/items", 405),
        ("DELETE", "/api/sources", 405),
    ];
    for (method, path, status) in cases {
        let answer = arm.send(method, path, &[]).await?;
        let what = format!("{method} {path}: {}", answer.text());
        assert_eq!(answer.status, status, "{what}");
        problem(&answer, &what)?;
        if status == 405 {
            assert!(answer.header("allow").contains("GET"), "{what}");
        }
    }
    Ok(())
}

pub(crate) async fn admin_routes_need_a_token(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let closed = Arm::start(host, &site::toml(&upstream), &[]).await?;
    for (method, path) in [("POST", "/_edgefold/refresh"), ("GET", "/_edgefold/status")] {
        let answer = closed
            .send(method, path, &[("authorization", "Bearer x")])
            .await?;
        assert_eq!(answer.status, 404, "{path} exists without a token");
    }
    drop(closed);
    let open = site::start(host, &upstream).await?;
    for headers in [&[][..], &[("authorization", "Bearer wrong")][..]] {
        let answer = open.send("POST", "/_edgefold/refresh", headers).await?;
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        problem(&answer, "refresh")?;
    }
    assert!(
        upstream.counts().is_empty(),
        "nobody was let in, and yet the sources were asked"
    );
    Ok(())
}

fn problem(answer: &Answer, what: &str) -> anyhow::Result<()> {
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{what}"
    );
    let details: Value = answer.json()?;
    assert_eq!(details["status"], answer.status.as_u16(), "{what}");
    assert!(
        !details["title"].as_str().unwrap_or_default().is_empty(),
        "{what}"
    );
    Ok(())
}
