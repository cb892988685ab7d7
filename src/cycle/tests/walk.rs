//! Every item once and in order, whatever is where.

use super::world::{World, block_on, config, items, post};
use crate::read::{self, Cursor, Query};

fn expected(numbers: impl DoubleEndedIterator<Item = i64>) -> Vec<String> {
    numbers
        .rev()
        .map(|number| post("a", number).title)
        .collect()
}

#[test]
fn pages_give_every_item_once_in_order() {
    for count in [0, 1, 49, 50, 51, 100, 101, 250, 251, 5_000] {
        let world = World::new();
        let config = config(&["a"]);
        world.set("a", (0..count).map(|number| post("a", number)).collect());
        let report = world.cycle(&config);
        assert_eq!(report.added, usize::try_from(count).unwrap());
        assert_eq!(world.titles("all"), expected(0..count), "{count}");
        assert_eq!(world.titles("alpha"), expected(0..count));
        let sevens = (0..count).filter(|number| number.to_string().contains('7'));
        assert_eq!(
            world.titles("sevens"),
            expected(sevens.collect::<Vec<_>>().into_iter())
        );
        let again = world.cycle(&config);
        assert_eq!((again.added, again.kv.writes), (0, 0), "{count}: {again:?}");
    }
}

#[test]
fn seals_between_pages_neither_hide_nor_repeat() {
    let world = World::new();
    let config = config(&["a"]);
    world.set("a", (0..400).map(|number| post("a", number)).collect());
    world.cycle(&config);
    let (mut seen, mut cursor, mut newest) = (Vec::new(), None::<Cursor>, 400);
    loop {
        let page = world.page("all", cursor, 17);
        seen.extend(
            items(&page)
                .into_iter()
                .map(|item| item["title"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page.next else { break };
        cursor = Some(next);
        world.edit("a", |posts| {
            posts.extend((newest..newest + 40).map(|number| post("a", number)))
        });
        newest += 40;
        world.pass(60);
        assert_eq!(world.cycle(&config).added, 40);
    }
    assert_eq!(seen, expected(0..400));
    assert_eq!(world.titles("all"), expected(0..newest));
}

#[test]
fn a_long_history_is_three_reads_deep() {
    let world = World::new();
    let config = config(&["a"]);
    for round in 0..15 {
        world.set(
            "a",
            (round * 4_000..(round + 1) * 4_000)
                .map(|number| post("a", number))
                .collect(),
        );
        world.pass(900);
        let report = world.cycle(&config);
        assert_eq!((report.added, report.notes.len()), (4_000, 0), "{report:?}");
    }
    let head = world.head();
    assert!(head.directories(0).count() > 0);
    assert_eq!(world.walk("all", 100).len(), 60_000);
    assert_eq!(world.titles("all").last(), expected(0..1).first());
    // Numbered pages, in head, segments and directories, give what counting gives.
    let newest: Vec<String> = expected(0..60_000);
    for (number, limit) in [
        (1, 30),
        (2, 30),
        (3, 47),
        (20, 100),
        (301, 33),
        (577, 100),
        (600, 100),
        (601, 100),
        (60_000, 1),
        (u64::MAX / 100, 100),
    ] {
        let query = Query {
            view: "all",
            source: None,
            cursor: None,
            skip: (number - 1) * limit as u64,
            limit,
        };
        let page = block_on(read::page(&world.store(), &head, &query))
            .unwrap()
            .unwrap();
        assert!(page.reads <= read::READS_MAX + 1);
        assert!(page.round_trips <= read::READS_MAX);
        let titles: Vec<String> = items(&page)
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect();
        let from = usize::try_from(query.skip).unwrap().min(60_000);
        assert_eq!(
            titles,
            newest[from..(from + limit).min(60_000)],
            "{query:?}"
        );
        assert_eq!(page.next.is_some(), from + limit < 60_000, "{query:?}");
    }
    // The oldest item of all, by its id: a directory and a segment.
    let oldest = world.walk("all", 100).last().unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let found = block_on(crate::read::item(&world.store(), &head, &oldest))
        .unwrap()
        .unwrap();
    assert_eq!(found.reads, 2);
}

#[test]
fn a_source_filter_finds_every_item_in_bounded_reads() {
    let world = World::new();
    let config = config(&["a", "b"]);
    world.set("a", (0..2_900).map(|number| post("a", number)).collect());
    world.set(
        "b",
        (0..3_000)
            .step_by(400)
            .map(|number| post("b", number))
            .collect(),
    );
    world.cycle(&config);
    let (head, mut cursor, mut found) = (world.head(), None, Vec::new());
    loop {
        let query = Query {
            view: "all",
            source: Some("b"),
            cursor,
            skip: 0,
            limit: 20,
        };
        let page = block_on(read::page(&world.store(), &head, &query))
            .unwrap()
            .unwrap();
        assert!(page.reads <= read::READS_MAX);
        assert_eq!(page.total, 8);
        found.extend(
            items(&page)
                .into_iter()
                .map(|item| item["title"].as_str().unwrap().to_owned()),
        );
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let want: Vec<String> = (0..8)
        .rev()
        .map(|number| post("b", number * 400).title)
        .collect();
    assert_eq!(found, want);
    let unknown = Query {
        view: "all",
        source: Some("nobody"),
        cursor: None,
        skip: 0,
        limit: 20,
    };
    assert!(
        block_on(read::page(&world.store(), &head, &unknown))
            .unwrap()
            .is_none()
    );
    let unknown = Query {
        view: "nowhere",
        source: None,
        ..unknown
    };
    assert!(
        block_on(read::page(&world.store(), &head, &unknown))
            .unwrap()
            .is_none()
    );
}
