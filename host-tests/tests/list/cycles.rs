//! What a cycle does.

use futures_util::future::join_all;
use host_tests::arms::{ADMIN_TOKEN, Arm, Host};
use host_tests::upstream::{Reply, Upstream};

use crate::site::{self, ITEMS, NOW_S, SECRET, WORKING};

/// Refreshes that are started together.
const AT_ONCE: usize = 6;

pub(crate) async fn a_first_cycle_publishes(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::start(host, &upstream).await?;
    let report = arm.refresh().await?;
    assert_eq!(report["outcome"], "published", "{report}");
    assert_eq!(report["added"], WORKING.len() * ITEMS, "{report}");
    assert_eq!(report["generation"], 1, "{report}");
    assert_eq!(report["left"], 0, "{report}");
    for source in report["sources"].as_array().unwrap() {
        let expected = match source["id"].as_str() {
            Some("broken") => "failed",
            _ => "fresh",
        };
        assert_eq!(source["outcome"], expected, "{report}");
    }
    let page = arm.get("/api/items").await?.json()?;
    assert_eq!(page["total"], WORKING.len() * ITEMS, "{page}");
    assert_eq!(page["generation"], 1, "{page}");
    assert_eq!(page["updated"], "2026-11-21T10:00:00Z", "{page}");
    Ok(())
}

pub(crate) async fn an_unchanged_cycle_writes_nothing(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    let before = arm.get("/api/items").await?;
    let report = arm.refresh().await?;
    assert_eq!(report["outcome"], "unchanged", "{report}");
    assert_eq!(report["kv"]["writes"], 0, "{report}");
    assert_eq!(report["kv"]["deletes"], 0, "{report}");
    assert_eq!(
        upstream.counts()["/news.xml"].not_modified,
        1,
        "asked with its ETag"
    );
    assert_eq!(arm.get("/api/items").await?.body, before.body);
    Ok(())
}

/// Whether by compare-and-swap or by a claim: of refreshes at once one publishes, and nothing is doubled.
pub(crate) async fn of_refreshes_at_once_one_publishes(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::start(host, &upstream).await?;
    let reports = join_all((0..AT_ONCE).map(|_| arm.refresh())).await;
    let mut published = 0;
    for report in reports {
        let report = report?;
        match report["outcome"].as_str() {
            Some("published") => published += 1,
            Some("conflict" | "unchanged") => {}
            _ => panic!("{report}"),
        }
    }
    assert_eq!(published, 1);
    let page = arm.get("/api/items").await?.json()?;
    assert_eq!(page["total"], WORKING.len() * ITEMS, "{page}");
    assert_eq!(page["generation"], 1, "{page}");
    Ok(())
}

pub(crate) async fn one_changed_item_costs_one_write(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    let title = "An edited title";
    upstream.route(
        "/news.xml",
        Reply::document("text/xml", site::rss("news", Some(title))),
    );
    let report = arm.refresh().await?;
    assert_eq!(report["outcome"], "published", "{report}");
    let claim = i32::from(host.claims());
    assert_eq!(report["kv"]["writes"], 1 + claim, "{report}");
    assert_eq!(report["added"], 0, "{report}");
    assert_eq!(report["changed"], 1, "{report}");
    let items = site::walk(&arm, "&source=news", 50).await?;
    assert_eq!(items.len(), ITEMS);
    assert_eq!(
        items.iter().filter(|item| item["title"] == title).count(),
        1
    );
    Ok(())
}

pub(crate) async fn a_failing_source_keeps_its_items(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    upstream.route("/notes.json", Reply::status(503));
    arm.refresh().await?;
    let health = arm.get("/api/sources").await?.json()?;
    let notes = source(&health, "notes");
    assert_eq!(notes["status"], "failing", "{notes}");
    assert!(
        !notes["error"].as_str().unwrap_or_default().is_empty(),
        "{notes}"
    );
    assert_eq!(notes["items"], ITEMS, "{notes}");
    assert_eq!(source(&health, "broken")["status"], "failing");
    assert_eq!(source(&health, "news")["status"], "ok");
    let items = site::walk(&arm, "&source=notes", 50).await?;
    assert_eq!(items.len(), ITEMS);
    Ok(())
}

pub(crate) async fn redirects_and_codings_are_followed(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    assert_eq!(upstream.requests("/there/moved.xml"), 1);
    for id in ["moved", "releases", "quakes"] {
        let items = site::walk(&arm, &format!("&source={id}"), 50).await?;
        assert_eq!(items.len(), ITEMS, "{id}");
    }
    Ok(())
}

pub(crate) async fn a_secret_header_reaches_its_source_only(host: Host) -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let arm = site::published(host, &upstream).await?;
    let asked = |path| upstream.last_request(path).unwrap();
    assert_eq!(
        asked("/releases.atom").header("authorization"),
        format!("Bearer {SECRET}")
    );
    assert_eq!(asked("/news.xml").header("authorization"), "");
    for path in ["/", "/api/items", "/api/sources", "/openapi.json"] {
        assert!(
            !arm.get(path).await?.text().contains(SECRET),
            "{path} tells the secret"
        );
    }
    Ok(())
}

pub(crate) async fn a_variable_replaces_the_configuration(host: Host) -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    upstream.route(
        "/only.xml",
        Reply::document("text/xml", site::rss("only", None)),
    );
    let toml = format!(
        "[site]\ntitle = \"Replaced\"\n[[source]]\nid = \"only\"\ntitle = \"Only\"\nurl = \"{}\"\ncategory = \"one\"\n",
        upstream.url("/only.xml")
    );
    let epoch = NOW_S.to_string();
    let variables = [
        ("admin_token", ADMIN_TOKEN),
        ("source_date_epoch", epoch.as_str()),
    ];
    let arm = Arm::start(host, &toml, &variables).await?;
    let report = arm.refresh().await?;
    assert_eq!(report["added"], ITEMS, "{report}");
    assert!(arm.get("/").await?.text().contains("Replaced"));
    Ok(())
}

fn source<'a>(health: &'a serde_json::Value, id: &str) -> &'a serde_json::Value {
    let sources = health["sources"].as_array().unwrap();
    sources.iter().find(|source| source["id"] == id).unwrap()
}
