//! Points and comments: one value of their own, written when they changed and it is time.

use http::{Request, StatusCode};

use super::world::{World, at, block_on, config, post};
use crate::config::{Config, JsonMapping, SourceKind};
use crate::cycle::{EngagementRun, RunOutcome};
use crate::slice::keys;

/// One JSON API that gives counts, and one feed.
fn site() -> (World, Config) {
    let world = World::new();
    let mut site = config(&["a", "b"]);
    site.sources[0].kind = SourceKind::Json(JsonMapping {
        items: "$.items[*]".into(),
        title: "$.title".into(),
        id: Some("$.id".into()),
        url: Some("$.url".into()),
        published: Some("$.date_published".into()),
        points: Some("$._points".into()),
        comments: Some("$._comments".into()),
        ..JsonMapping::default()
    });
    world.set("a", (0..3).map(|number| post("a", number)).collect());
    world.set("b", vec![post("b", 1)]);
    (world, site)
}

fn count(world: &World, number: usize, points: i64) {
    world.edit("a", |posts| posts[number].points = Some(points));
}

fn answer(world: &World, site: &Config, etag: Option<&str>) -> (StatusCode, String, String) {
    let mut request = Request::builder().uri("/api/engagement");
    if let Some(etag) = etag {
        request = request.header("if-none-match", etag);
    }
    let request = request.body(bytes::Bytes::new()).unwrap();
    let before = world.kv.reads.get();
    let answer = block_on(crate::serve::handle(world, &site.to_compiled(), request));
    assert_eq!(world.kv.reads.get() - before, 1, "one read");
    let etag = answer.headers().get("etag");
    let etag = etag.map_or("", |etag| etag.to_str().unwrap()).to_owned();
    let status = answer.status();
    let body = answer.into_body().into_bytes();
    (status, etag, String::from_utf8(body.to_vec()).unwrap())
}

fn points(world: &World, site: &Config) -> Vec<i64> {
    let (_, _, body) = answer(world, site, None);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let items = body["items"].as_object().unwrap();
    let listed = world.walk("all", 50);
    let by_title = |title: String| {
        let item = listed.iter().find(|item| item["title"] == title.as_str());
        items[item.unwrap()["id"].as_str().unwrap()]["points"].as_i64()
    };
    (0..items.len() as i64)
        .filter_map(|number| by_title(format!("Post {number} of a")))
        .collect()
}

#[test]
fn counts_are_stored_apart_and_served_as_they_are() {
    let (world, site) = site();
    let empty = r#"{"items":{},"updated":null}"#;
    assert_eq!(answer(&world, &site, None).2, empty);
    for number in 0..3 {
        count(&world, number, 10 * number as i64);
    }
    let first = world.cycle(&site);
    assert_eq!(first.engagement, Some(EngagementRun::Stored), "{first:?}");
    assert_eq!(first.kv.writes, 3, "head, state, snapshot");
    assert_eq!(points(&world, &site), [0, 10, 20]);
    let (status, etag, body) = answer(&world, &site, None);
    assert_eq!(status, StatusCode::OK);
    assert!(
        body.contains(r#""updated":"2026-09-21T14:13:20Z""#),
        "{body}"
    );
    let (status, ..) = answer(&world, &site, Some(&etag));
    assert_eq!(status, StatusCode::NOT_MODIFIED);
    world.pass(60);
    let same = world.cycle(&site);
    assert_eq!(same.engagement, Some(EngagementRun::Unchanged));
    assert_eq!((same.outcome, same.kv.writes), (RunOutcome::Unchanged, 0));
}

#[test]
fn changing_counts_wait_their_time_and_are_not_lost() {
    let (world, site) = site();
    count(&world, 0, 1);
    world.cycle(&site);
    world.pass(900);
    count(&world, 0, 2);
    let early = world.cycle(&site);
    assert_eq!(early.engagement, Some(EngagementRun::Waiting));
    assert_eq!((early.outcome, early.kv.writes), (RunOutcome::Unchanged, 0));
    assert_eq!(points(&world, &site), [1]);
    // The document stays as it is from here on: a 304 would hide the counts for good.
    for _ in 0..3 {
        world.pass(900);
        world.cycle(&site);
    }
    assert_eq!(points(&world, &site), [2]);
    assert_eq!(world.head().generation(), 1, "no publish for it");
    // Now that they are stored the document need not be sent again.
    world.pass(3600);
    let stored = world.cycle(&site);
    assert_eq!(stored.engagement, Some(EngagementRun::Unchanged));
    world.pass(60);
    let known = world.cycle(&site);
    assert_eq!(known.engagement, None, "{:?}", known.sources);
}

#[test]
fn counts_follow_sealed_items_and_spare_the_slices() {
    let (world, site) = site();
    world.set("a", (0..300).map(|number| post("a", number)).collect());
    count(&world, 0, 7);
    count(&world, 299, 8);
    world.cycle(&site);
    let slices = |world: &World| {
        let values = world.kv.values.borrow();
        let sealed = values.keys().filter(|key| key.contains("/seg/"));
        sealed.cloned().collect::<Vec<_>>()
    };
    let before = slices(&world);
    assert!(!before.is_empty());
    world.pass(7200);
    count(&world, 0, 9);
    let report = world.cycle(&site);
    assert_eq!(report.engagement, Some(EngagementRun::Stored));
    assert_eq!(report.outcome, RunOutcome::Unchanged);
    assert_eq!(slices(&world), before);
    let (_, _, body) = answer(&world, &site, None);
    assert!(
        body.contains(r#"{"points":9}"#) && body.contains(r#"{"points":8}"#),
        "{body}"
    );
}

#[test]
fn counts_keep_to_their_share_of_the_budget() {
    let (world, mut site) = site();
    site.budget.writes_per_day = 40;
    world.now.set(20_000 * 86_400);
    let mut stored = 0;
    for step in 0..96 {
        count(&world, 0, step);
        let report = world.cycle(&site);
        stored += usize::from(report.engagement == Some(EngagementRun::Stored));
        world.pass(900);
    }
    assert!((3..=5).contains(&stored), "{stored} snapshots of 40 writes");
    assert!(world.kv.applied.get() <= 40);
}

#[test]
fn a_snapshot_that_cannot_be_used_or_written_costs_no_cycle() {
    let (world, site) = site();
    count(&world, 0, 1);
    let broken = ("broken".into(), 1);
    world
        .kv
        .values
        .borrow_mut()
        .insert(at(keys::ENGAGEMENT), broken);
    let report = world.cycle(&site);
    assert_eq!(report.outcome, RunOutcome::Published);
    assert_eq!(report.engagement, Some(EngagementRun::Stored), "made anew");
    assert_eq!(points(&world, &site), [1]);
}
