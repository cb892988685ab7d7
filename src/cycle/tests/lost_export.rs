//! An export goes on past what the store has lost: the same length, the same bytes for everything else, and lines that say it.

use super::lost::{get, json, send, site};
use super::world::{World, at, block_on, config, post};
use crate::config::Config;
use crate::host::{Clock, Kv};
use crate::read::{Arrival, Export, ReadError};
use crate::slice::{SliceRef, keys};

const PATH: &str = "/api/export.ndjson";

fn remove(world: &World, key: &str) {
    assert!(world.kv.values.borrow_mut().remove(&at(key)).is_some());
}

fn damage(world: &World, key: &str) {
    if let Some((value, _)) = world.kv.values.borrow_mut().get_mut(&at(key)) {
        let mut bytes = value.to_vec();
        // One letter of one item: nothing but the hash tells.
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        *value = bytes.into();
    }
}

/// A history that reaches into a directory.
fn deep() -> (World, Config) {
    let (world, site) = (World::new(), config(&["a"]));
    for from in (0..4_000).step_by(2_000) {
        world.set("a", (from..from + 2_000).map(|n| post("a", n)).collect());
        world.pass(900);
        world.cycle(&site);
    }
    (world, site)
}

/// Where `lost` lies in the export of the view of everything.
fn bytes_before(world: &World, lost: SliceRef) -> usize {
    let head = world.head();
    let older = head.directories(0).chain(head.segments(0));
    let older = older.filter(|listed| listed.newest < lost.oldest);
    older.map(|listed| listed.json_bytes as usize).sum()
}

#[test]
fn everything_else_is_sent_where_it_was() {
    for kind in ["segment", "damaged segment", "directory"] {
        let (world, site) = deep();
        world.kv.staleness_ms.set(Some(0));
        let (_, whole) = get(&world, &site, PATH);
        let head = world.head();
        let (lost, key) = match kind {
            "directory" => {
                let lost = head.directories(0).next().unwrap();
                (lost, keys::directory(lost.name))
            }
            _ => {
                let lost = head.segments(0).nth(1).unwrap();
                (lost, keys::segment(lost.name))
            }
        };
        if kind == "damaged segment" {
            damage(&world, &key);
        } else {
            remove(&world, &key);
        }
        let from = bytes_before(&world, lost);
        let to = from + lost.json_bytes as usize;
        let (status, found) = get(&world, &site, PATH);
        assert_eq!((status.as_u16(), found.len()), (200, whole.len()), "{kind}");
        assert!(found[..from] == whole[..from] && found[to..] == whole[to..]);

        // As many lines as items, each of them JSON; those that are lost say so, and where to go on.
        let lines: Vec<&str> = found[from..to].lines().collect();
        assert_eq!(lines.len(), lost.items as usize, "{kind}");
        for line in &lines {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["lost"], 1);
            assert_eq!(line["after"], lost.newest.to_string());
            assert_eq!(line["id"], serde_json::Value::Null);
        }
        let (_, rest) = get(&world, &site, &format!("{PATH}?after={}", lost.newest));
        assert!(rest == whole[to..], "{kind}");

        // By parts, cut anywhere, and the same when it is asked for again.
        let etag = send(&world, &site, PATH, &[]).1["etag"].clone();
        for cut in [
            from.saturating_sub(1),
            from,
            from + 1,
            from + 40_000,
            to - 1,
            to,
        ] {
            let range = format!("bytes={cut}-");
            let headers = [
                ("range", range.as_str()),
                ("if-range", etag.to_str().unwrap()),
            ];
            for _ in 0..2 {
                let (status, _, part) = send(&world, &site, PATH, &headers);
                assert_eq!(status.as_u16(), 206);
                assert!(part == found[cut..], "{kind} {cut}");
            }
        }
    }
}

/// Asked to go on amid what is lost: the loss is told, under another tag than the answer had before.
#[test]
fn going_on_within_what_is_lost_tells_it() {
    let (world, site) = deep();
    world.kv.staleness_ms.set(Some(0));
    let head = world.head();
    let (segment, directory) = (
        head.segments(0).nth(1).unwrap(),
        head.directories(0).next().unwrap(),
    );
    let (_, whole) = get(&world, &site, PATH);
    for (lost, key) in [
        (segment, keys::segment(segment.name)),
        (directory, keys::directory(directory.name)),
    ] {
        let path = format!("{PATH}?after={}", lost.oldest);
        let (_, before, _) = send(&world, &site, &path, &[]);
        remove(&world, &key);
        let (status, after, rest) = send(&world, &site, &path, &[]);
        assert_eq!(status.as_u16(), 200);
        assert_ne!(before["etag"], after["etag"]);
        let from = bytes_before(&world, lost);
        assert_eq!(rest.len(), whole.len() - from);
        assert!(rest.trim_start().starts_with("{\"lost\":1,"));
    }
}

#[test]
fn what_may_be_on_its_way_ends_it_visibly() {
    let (world, site, lost, _) = site();
    let export = || {
        let head = world.head();
        let mut export = crate::read::Export::new(&head, 0);
        let mut last = None;
        while let Some(piece) = block_on(export.next(&world.store())) {
            last = Some(piece);
        }
        last.unwrap()
    };
    assert!(export().is_ok());
    let kept = world.kv.values.borrow_mut().remove(&at(&lost)).unwrap();
    assert!(matches!(export(), Err(ReadError::Missing(key)) if key == lost));
    let request = http::Request::builder()
        .uri(PATH)
        .header("host", "x.example");
    let request = request.body(bytes::Bytes::new()).unwrap();
    let answer = block_on(crate::serve::handle(&world, &site.to_compiled(), request));
    let mut body = answer.into_body();
    let broken = loop {
        match block_on(body.next(&world)) {
            Some(Ok(_)) => {}
            ended => break ended,
        }
    };
    assert!(matches!(broken, Some(Err(_))), "{broken:?}");
    assert!(block_on(body.next(&world)).is_none());

    // An hour later it is lost, on any store; restored, it is sent again.
    world.pass(60 * 60);
    let (_, past) = get(&world, &site, PATH);
    assert!(past.contains("\"lost\":1"));
    world.kv.values.borrow_mut().insert(at(&lost), kept);
    let (_, whole) = get(&world, &site, PATH);
    assert!(whole.len() == past.len() && !whole.contains("\"lost\""));
    assert_eq!(json(&world, &site, "/api/items?limit=1")["total"], 600);
}

/// What a newer head no longer names may be deleted under a download that takes long: that is no loss, and breaks it off.
#[test]
fn what_was_superseded_is_not_told_as_lost() {
    let (world, site) = deep();
    world.kv.staleness_ms.set(Some(0));
    let head = world.head();
    let lost = keys::segment(head.segments(0).next().unwrap().name);
    let arrival = Arrival::new(&head, world.kv.capabilities(), world.now());
    let mut underway = Export::new(&head, 0).past_lost(arrival);
    let first = block_on(underway.next(&world.store()));
    assert!(matches!(first, Some(Ok(_))));
    world.set("a", vec![post("a", 5_000)]);
    world.pass(900);
    world.cycle(&site);
    remove(&world, &lost);
    let broken = loop {
        match block_on(underway.next(&world.store())) {
            Some(Ok(_)) => {}
            ended => break ended,
        }
    };
    assert!(matches!(broken, Some(Err(ReadError::Missing(key))) if key == lost));
}
