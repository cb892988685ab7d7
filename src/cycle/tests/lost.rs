//! Stored values that the store has lost: nothing waits for them longer than it must, and the rest is shown.

use http::{Request, StatusCode};
use serde_json::Value;

use super::world::{World, at, block_on, config, post};
use crate::config::Config;
use crate::cycle::{CycleError, RunOutcome};
use crate::read::ReadError;
use crate::slice::keys;

const ITEMS: usize = 600;

/// A site with sealed history, and the key and the number of items of a segment in the middle of it.
fn site() -> (World, Config, String, u64) {
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

fn get(world: &World, site: &Config, path: &str) -> (StatusCode, String) {
    let request = Request::builder().uri(path).header("host", "edge.example");
    let request = request.body(bytes::Bytes::new()).unwrap();
    let answer = block_on(crate::serve::handle(world, &site.to_compiled(), request));
    let status = answer.status();
    let body = answer.into_body().into_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn json(world: &World, site: &Config, path: &str) -> Value {
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
