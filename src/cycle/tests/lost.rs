//! Stored values that the store has lost: nothing waits for them longer than it must, and the rest is shown.

use std::cell::RefCell;

use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;

use super::world::{World, at, block_on, config, post};
use crate::config::Config;
use crate::cycle::{CycleError, RunOutcome};
use crate::read::ReadError;
use crate::slice::{Position, keys};

const ITEMS: usize = 600;

/// A site with sealed history, and the key and the number of items of a segment in the middle of it.
pub(super) fn site() -> (World, Config, String, u64) {
    let world = World::new();
    let site = config(&["a"]);
    let posts = (0..ITEMS).map(|number| post("a", number as i64)).collect();
    world.set("a", posts);
    world.cycle(&site);
    let head = world.head();
    let lost = head.segments(0).nth(1).expect("several segments");
    let (key, items) = (keys::segment(lost.name), u64::from(lost.items));
    (world, site, key, items)
}

/// Asks with these headers, and reads the answer to its end.
pub(super) fn send(
    world: &World,
    site: &Config,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::builder().uri(path).header("host", "edge.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(bytes::Bytes::new()).unwrap();
    let answer = block_on(crate::serve::handle(world, &site.to_compiled(), request));
    let (parts, mut body) = answer.into_parts();
    let mut bytes = Vec::new();
    while let Some(piece) = block_on(body.next(world)) {
        bytes.extend_from_slice(&piece.unwrap());
    }
    (
        parts.status,
        parts.headers,
        String::from_utf8(bytes).unwrap(),
    )
}

pub(super) fn get(world: &World, site: &Config, path: &str) -> (StatusCode, String) {
    let (status, _, body) = send(world, site, path, &[]);
    (status, body)
}

pub(super) fn json(world: &World, site: &Config, path: &str) -> Value {
    let (status, body) = get(world, site, path);
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    items.iter().map(id).collect()
}

#[test]
fn a_store_that_is_never_behind_is_not_waited_for() {
    let (world, site, _, _) = site();
    let lost = keys::segment(world.head().segments(0).next().unwrap().name);
    world.kv.values.borrow_mut().remove(&at(&lost));
    world.kv.values.borrow_mut().remove(&at(keys::STATE));
    world.edit("a", |posts| {
        posts.extend((600..800).map(|number| post("a", number)))
    });
    world.pass(60);
    let missing = |result: &Result<_, CycleError>| matches!(result, Err(CycleError::Read(ReadError::Missing(key))) if *key == lost);
    assert!(missing(&world.try_cycle(&site)), "no bound is known");
    world.kv.staleness_ms.set(Some(120_000));
    assert!(missing(&world.try_cycle(&site)), "it may still come");
    world.pass(60);
    let report = world.cycle(&site);
    assert_eq!((report.outcome, report.added), (RunOutcome::Published, 200));
    assert!(report.notes.iter().any(|note| note.contains(&lost)));
}

#[test]
fn the_rest_is_shown() {
    let (world, site, lost, items) = site();
    let all: Vec<String> = world
        .walk("all", 50)
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    world.kv.values.borrow_mut().remove(&at(&lost));

    // By cursor: everything but what was in it, once, in order.
    let walk = |first: &str| {
        let (mut found, mut passed_over, mut path) = (Vec::new(), 0, first.to_owned());
        loop {
            let page = json(&world, &site, &path);
            found.extend(ids(&page));
            passed_over += page["lost"].as_u64().unwrap_or_default();
            let Some(next) = page["next"].as_str() else {
                return (found, passed_over);
            };
            path = format!("{first}&cursor={next}");
        }
    };
    world.kv.staleness_ms.set(Some(0));
    let (found, passed_over) = walk("/api/items?limit=50");
    assert_eq!(found.len() as u64, all.len() as u64 - items);
    let mut rest = all.iter();
    assert!(found.iter().all(|id| rest.any(|known| known == id)));
    assert!(passed_over >= items, "said so: {passed_over}");

    // By number: as many places as there were, none filled twice.
    let mut numbered = Vec::new();
    let mut passed_over = 0;
    for number in 1..=all.len().div_ceil(50) {
        let page = json(&world, &site, &format!("/api/items?limit=50&page={number}"));
        numbered.extend(ids(&page));
        passed_over += page["lost"].as_u64().unwrap_or_default();
    }
    assert!(numbered == found, "{} and {}", numbered.len(), found.len());
    assert_eq!(passed_over, items);
}

#[test]
fn what_may_be_on_its_way_is_waited_for_and_a_page_says_what_is_lost() {
    let (world, site, lost, _) = site();
    let head = world.head();
    let before = head.segments(0).next().unwrap();
    let path = format!("cursor={}", crate::read::Cursor::from(before.oldest));
    let kept = world.kv.values.borrow_mut().remove(&at(&lost)).unwrap();
    let (status, body) = get(&world, &site, &format!("/api/items?{path}"));
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");

    world.pass(60 * 60);
    let page = json(&world, &site, &format!("/api/items?{path}"));
    assert!(page["lost"].as_u64() > Some(0), "{page}");
    assert!(!ids(&page).is_empty());
    let (status, html) = get(&world, &site, &format!("/?{path}"));
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("the store has lost them"), "{html}");
    for feed in ["/feed.xml", "/atom.xml", "/feed.json"] {
        assert_eq!(
            get(&world, &site, &format!("{feed}?{path}")).0,
            StatusCode::OK
        );
    }

    // A restored value is shown again, damaged bytes are not.
    world.kv.values.borrow_mut().insert(at(&lost), kept);
    let page = json(&world, &site, &format!("/api/items?{path}"));
    assert_eq!(page["lost"], Value::Null);
    world.kv.staleness_ms.set(None);
    if let Some(stored) = world.kv.values.borrow_mut().get_mut(&at(&lost)) {
        stored.0 = bytes::Bytes::from_static(b"damaged");
    }
    // Not in a page that this instance has shown before and can show again.
    let page = json(&world, &site, &format!("/api/items?{path}&limit=29"));
    assert!(page["lost"].as_u64() > Some(0), "{page}");
}

#[test]
fn an_item_is_waited_for_and_then_not_found_for_that_reason() {
    let (world, site, lost, _) = site();
    let segment = world.head().segments(0).nth(1).unwrap();
    let held = world.walk("all", 50).into_iter().filter_map(|item| {
        let id = item["id"].as_str()?.to_owned();
        segment.spans(Position::from_id(&id)?).then_some(id)
    });
    let held = RefCell::new(held.collect::<Vec<_>>().into_iter());
    // Another one each time: what this instance has shown it can show again.
    let answers = || {
        let id = held.borrow_mut().next().unwrap();
        ["/api/items", "/item"].map(|path| get(&world, &site, &format!("{path}/{id}")))
    };
    assert!(
        answers()
            .iter()
            .all(|(status, _)| *status == StatusCode::OK)
    );
    let kept = world.kv.values.borrow_mut().remove(&at(&lost)).unwrap();
    for (status, body) in answers() {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    }
    world.pass(60 * 60);
    for (status, body) in answers() {
        assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
        assert!(body.contains("#lost-item"), "{body}");
    }
    world.kv.values.borrow_mut().insert(at(&lost), kept.clone());
    assert!(
        answers()
            .iter()
            .all(|(status, _)| *status == StatusCode::OK)
    );
    // Damaged bytes do not come any more.
    world.pass(-60 * 60);
    let mut damaged = kept;
    damaged.0 = damaged.0.slice(..damaged.0.len() / 2);
    world.kv.values.borrow_mut().insert(at(&lost), damaged);
    for (status, body) in answers() {
        assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
        assert!(body.contains("#lost-item"), "{body}");
    }
}
