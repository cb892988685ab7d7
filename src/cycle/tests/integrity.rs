//! One bit of one stored value is another one: nothing that was not published is served, by no route, and all of it comes back.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::StatusCode;

use super::actions::Dice;
use super::lost::{get, json};
use super::repair::mend;
use super::search_alone::unindexed;
use super::world::{World, at, block_on, config, post};
use crate::config::{Config, JsonMapping, SourceKind};
use crate::cycle::EngagementRun;
use crate::read::Cursor;
use crate::slice::{SliceRef, keys};
use crate::time::Timestamp;

/// Items of the site: enough for a directory.
const ITEMS: i64 = 3_000;
/// Values of each kind that are damaged, one after another.
const SEEDS: u64 = 6;

/// A site with sealed history, a search index of it, and counts.
fn site() -> (World, Config) {
    let (world, mut site) = (World::new(), config(&["a"]));
    world.kv.staleness_ms.set(Some(0));
    site.sources[0].kind = SourceKind::Json(JsonMapping {
        items: "$.items[*]".into(),
        title: "$.title".into(),
        id: Some("$.id".into()),
        url: Some("$.url".into()),
        published: Some("$.date_published".into()),
        points: Some("$._points".into()),
        ..JsonMapping::default()
    });
    for until in [ITEMS / 2, ITEMS] {
        world.set("a", (0..until).map(|number| post("a", number)).collect());
        world.edit("a", |posts| {
            posts
                .iter_mut()
                .rev()
                .take(40)
                .for_each(|post| post.points = Some(7))
        });
        world.pass(3_600);
        world.cycle(&site);
    }
    for _ in 0..4 {
        world.pass(3_600);
        world.cycle(&site);
    }
    (world, site)
}

/// What is stored under the keys of one kind that the head names.
fn of_kind(world: &World, kind: &str) -> Vec<(String, Option<SliceRef>)> {
    let head = world.head();
    let segments = |listed: SliceRef| (keys::segment(listed.name), Some(listed));
    match kind {
        "segment" => (0..3)
            .flat_map(|view| head.segments(view))
            .map(segments)
            .collect(),
        "segment of a directory" => {
            let listed = head.directories(0).next().unwrap();
            let opened = block_on(crate::read::directory(&world.store(), listed)).unwrap();
            opened.segments().map(segments).collect()
        }
        "directory" => {
            let listed = head.directories(0);
            listed
                .map(|listed| (keys::directory(listed.name), Some(listed)))
                .collect()
        }
        "run" => head.index().keys().map(|key| (key, None)).collect(),
        key => vec![(key.to_owned(), None)],
    }
}

/// Every route that shows what is stored; pages and items also from within `listed`.
fn paths(listed: Option<SliceRef>) -> Vec<String> {
    let everywhere = [
        "/",
        "/?category=alpha",
        "/?q=post",
        "/status",
        "/health",
        "/sitemap.xml",
        "/sources.opml",
        "/feed.xml?q=%22post+1%22",
        "/api/items?q=post&limit=100",
        "/api/items?q=12+-category:sevens",
        "/api/items?source=a&limit=100",
        "/api/items?category=sevens&limit=100&page=2",
        "/api/views",
        "/api/sources",
        "/api/engagement",
        "/api/export.ndjson",
    ];
    let mut paths: Vec<String> = everywhere.map(str::to_owned).into();
    for page in (1..=ITEMS / 100).step_by(5) {
        paths.push(format!("/api/items?limit=100&page={page}"));
    }
    if let Some(listed) = listed {
        let cursor = Cursor::from(listed.newest);
        for path in ["/api/items", "/", "/feed.xml", "/atom.xml", "/feed.json"] {
            paths.push(format!("{path}?cursor={cursor}"));
        }
        for id in [listed.newest, listed.oldest] {
            paths.push(format!("/api/items/{id}"));
            paths.push(format!("/item/{id}"));
        }
        paths.push(format!("/api/export.ndjson?after={}", listed.oldest));
    }
    paths
}

/// From here on nothing is given again that was answered before.
fn forget(world: &World) {
    if let Some((head, _)) = world.kv.values.borrow_mut().get_mut(&at(keys::HEAD)) {
        *head = Bytes::copy_from_slice(head);
    }
}

/// Answers by path, of an instance that has answered nothing yet.
fn answers(
    world: &World,
    site: &Config,
    listed: Option<SliceRef>,
) -> BTreeMap<String, (StatusCode, String)> {
    forget(world);
    let paths = paths(listed);
    paths
        .into_iter()
        .map(|path| (path.clone(), get(world, site, &path)))
        .collect()
}

/// Puts `value` under `key`, or nothing, and gives what was there.
fn put(world: &World, key: &str, value: Option<Bytes>) -> Bytes {
    let mut values = world.kv.values.borrow_mut();
    let (before, version) = values.remove(&at(key)).unwrap_or_default();
    if let Some(value) = value {
        values.insert(at(key), (value, version));
    }
    before
}

/// Another bit somewhere behind magic, version and kind, which are checked by what they are.
fn flip(value: &[u8], dice: &mut Dice) -> Bytes {
    let mut bytes = value.to_vec();
    // Not the flags and the expiry: nothing of a published value is read from there.
    let place = 16 + dice.index(bytes.len() - 16);
    bytes[place] ^= 1 << dice.roll(8);
    bytes.into()
}

/// What is damaged is what is missing: the same answers.
#[test]
fn a_damaged_value_is_served_by_no_route() {
    let (world, site) = site();
    let mut dice = Dice(11);
    for kind in ["segment", "segment of a directory", "directory", "run"] {
        let mut noticed = 0;
        for seed in 0..SEEDS {
            let named = of_kind(&world, kind);
            let (key, listed) = named[dice.index(named.len())].clone();
            let clean = answers(&world, &site, listed);
            let whole = put(&world, &key, None);
            let missing = answers(&world, &site, listed);
            put(&world, &key, Some(flip(&whole, &mut dice)));
            for (path, damaged) in answers(&world, &site, listed) {
                let case = format!("{kind} {seed}: {path}");
                assert_ne!(damaged.0, StatusCode::SERVICE_UNAVAILABLE, "{case}");
                if damaged != clean[&path] {
                    // Without the bytes of the value nothing of it can be shown.
                    assert!(damaged == missing[&path], "{case}: {}", damaged.1);
                    noticed += 1;
                }
            }
            put(&world, &key, Some(whole));
        }
        assert!(noticed >= SEEDS, "{kind}: {noticed}");
    }
}

/// What was sealed last has no index yet: searches look through it, and past what is damaged of it. Where that would tell which
/// items a category has, none of them is taken for another one's.
#[test]
fn a_search_looks_past_what_is_damaged() {
    let (world, site) = unindexed(600, false);
    let mut dice = Dice(15);
    let titles = |path: &str| {
        forget(&world);
        let found = json(&world, &site, path);
        let items = found["items"].as_array().unwrap().iter();
        let titles = items.map(|item| item["title"].as_str().unwrap().to_owned());
        (
            titles.collect::<BTreeSet<_>>(),
            found["searched_to"].clone(),
        )
    };
    let (head, mut told) = (world.head(), 0);
    for view in ["all", "sevens"] {
        let listed = head.segments(head.view(view).unwrap()).next().unwrap();
        for path in [
            "/api/items?q=post&limit=100",
            "/api/items?q=post+-category:sevens&limit=100",
            "/api/items?q=post+category:sevens&limit=100",
        ] {
            let (all, whole) = titles(path);
            let key = keys::segment(listed.name);
            let before = put(&world, &key, None);
            put(&world, &key, Some(flip(&before, &mut dice)));
            let (found, searched_to) = titles(path);
            put(&world, &key, Some(before));
            assert!(!found.is_empty() && whole.is_null(), "{view} {path}");
            let is_seven = |title: &String| title.contains('7');
            if path.contains("-category") {
                assert!(!found.iter().any(is_seven), "{view} {path}: {found:?}");
            } else if path.contains("category") {
                assert!(found.iter().all(is_seven), "{view} {path}: {found:?}");
            }
            if searched_to.is_null() {
                assert_eq!(found, all, "{view} {path}");
            } else {
                let newest = Timestamp(listed.newest.rank).to_string();
                assert_eq!(searched_to, newest, "{view} {path}");
                told += 1;
            }
        }
    }
    assert_eq!(told, 4, "the others need nothing of what is damaged");
}

/// Without the head nothing is found: every read says so, until a cycle has restored it (see `restored.rs`).
#[test]
fn a_damaged_head_is_served_by_no_route() {
    let (world, site) = site();
    let mut dice = Dice(12);
    let clean = answers(&world, &site, None);
    for _ in 0..SEEDS {
        let whole = put(&world, keys::HEAD, None);
        let damaged = flip(&whole, &mut dice);
        put(&world, keys::HEAD, Some(damaged.clone()));
        for (path, (status, body)) in answers(&world, &site, None) {
            if path == "/api/engagement" {
                assert_eq!((status, body), clean[&path]);
                continue;
            }
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}: {body}");
            assert!(body.contains("the head, is damaged"), "{path}: {body}");
        }
        assert_eq!(put(&world, keys::HEAD, Some(whole)), damaged);
    }
    assert!(answers(&world, &site, None) == clean);
}

#[test]
fn damaged_counts_are_not_served_and_are_made_anew() {
    let (world, site) = site();
    let mut dice = Dice(13);
    let clean = answers(&world, &site, None);
    for _ in 0..SEEDS {
        let whole = put(&world, keys::ENGAGEMENT, None);
        put(&world, keys::ENGAGEMENT, Some(flip(&whole, &mut dice)));
        for (path, answer) in answers(&world, &site, None) {
            if path == "/api/engagement" {
                assert_eq!(answer.0, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.1);
            } else {
                assert_eq!(answer, clean[&path], "{path}");
            }
        }
        put(&world, keys::ENGAGEMENT, Some(whole));
    }
    let whole = put(&world, keys::ENGAGEMENT, None);
    put(&world, keys::ENGAGEMENT, Some(flip(&whole, &mut dice)));
    world.edit("a", |posts| posts[ITEMS as usize - 1].points = Some(8));
    world.pass(3_600);
    assert_eq!(world.cycle(&site).engagement, Some(EngagementRun::Stored));
    let counts = json(&world, &site, "/api/engagement");
    assert_eq!(counts["items"].as_object().unwrap().len(), 40);
}

/// A source that says that nothing has changed brings no counts. A repair has it asked for them.
#[test]
fn damaged_counts_of_a_quiet_source_are_mended() {
    let (world, site) = site();
    let clean = json(&world, &site, "/api/engagement")["items"].clone();
    let whole = mend(&world, &site);
    assert!(
        whole
            .iter()
            .all(|one| one.kv.writes == 0 && one.sources.is_empty())
    );
    let value = put(&world, keys::ENGAGEMENT, None);
    put(&world, keys::ENGAGEMENT, Some(flip(&value, &mut Dice(16))));
    world.pass(3_600);
    world.cycle(&site);
    assert_eq!(
        get(&world, &site, "/api/engagement").0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let mended = mend(&world, &site);
    assert_eq!(
        (&mended[0].lost, &mended[0].sources),
        (&vec![keys::ENGAGEMENT.to_owned()], &vec!["a".to_owned()])
    );
    assert_eq!(
        world.due_cycle(&site).engagement,
        Some(EngagementRun::Stored)
    );
    let counts = json(&world, &site, "/api/engagement")["items"].clone();
    let counts = counts.as_object().unwrap();
    assert_eq!(counts.len(), 40, "what the document has");
    assert!(counts.iter().all(|(id, counts)| clean[id] == *counts));
    assert!(mend(&world, &site)[0].sources.is_empty());
}

/// A value of each kind is damaged at once.
#[test]
fn all_of_it_comes_back() {
    let (world, mut site) = site();
    site.budget.writes_per_day = 100_000;
    let mut dice = Dice(14);
    let shown = |world: &World| {
        let search = json(world, &site, "/api/items?q=post");
        let found = (search["total"].clone(), search["searched_to"].clone());
        (get(world, &site, "/api/export.ndjson").1, found)
    };
    let before = shown(&world);
    for kind in ["segment of a directory", "directory", "run", keys::STATE] {
        let named = of_kind(&world, kind);
        let (key, _) = &named[dice.index(named.len())];
        let whole = put(&world, key, None);
        put(&world, key, Some(flip(&whole, &mut dice)));
    }
    assert!(shown(&world) != before);
    // With the state it is forgotten what was written on its day.
    world.pass(86_400);
    assert!(mend(&world, &site).iter().all(|one| one.gone == 0));
    // The index is looked at by publishes with news: one value each, and it is made anew by portions.
    let runs = world.head().index().keys().count() as i64;
    let mut posts: Vec<_> = (0..ITEMS).map(|number| post("a", number)).collect();
    for more in 0..runs + 6 {
        posts.push(post("a", ITEMS + more));
        world.set("a", posts.clone());
        world.pass(3_600);
        world.cycle(&site);
    }
    let after = shown(&world);
    assert!(after.0.starts_with(&before.0), "everything is where it was");
    assert_eq!(after.0.lines().count() as i64, ITEMS + runs + 6);
    assert_eq!(after.1.0, ITEMS + runs + 6);
    assert_eq!(after.1.1, before.1.1);
}
