//! A store that fails, what is corrupt in it, and what is missing.

use std::time::Duration;

use bytes::Bytes;

use super::double::{Double, ordinary};
use crate::host::{KvError, Level};
use crate::slice::{SliceRef, keys};
use crate::tenant::Tenant;

#[test]
fn a_store_that_fails_is_told() {
    for (error, after) in [
        (KvError::Unavailable("no route\nto host".into()), "10"),
        (
            KvError::Throttled {
                retry_after: Some(Duration::from_millis(200)),
            },
            "1",
        ),
        (
            KvError::Throttled {
                retry_after: Some(Duration::from_secs(30)),
            },
            "30",
        ),
    ] {
        let host = Double::with(1);
        host.fail(error);
        for target in [
            "/",
            "/api/items",
            "/api/items/x",
            "/api/sources",
            "/api/views",
            "/health",
        ] {
            let answer = host.get(target);
            assert_eq!(answer.status, 503, "{target}");
            assert_eq!(answer.header("retry-after"), after, "{target}");
            assert!(
                !answer.body.contains("no route"),
                "{target}: {}",
                answer.body
            );
        }
        assert!(
            host.lines
                .borrow()
                .iter()
                .all(|(_, line)| !line.contains('\n'))
        );
    }
}

#[test]
fn what_is_corrupt_is_not_served() {
    let host = Double::with(1);
    let key = Tenant::MAIN.key(keys::HEAD);
    let whole = host.kv.value(&key).unwrap();
    for bytes in [
        whole.slice(..whole.len() / 2),
        Bytes::from_static(b"junk"),
        Bytes::new(),
    ] {
        host.kv.set(&key, bytes);
        host.lines.borrow_mut().clear();
        for target in ["/", "/api/items", "/health"] {
            let answer = host.get(target);
            assert_eq!(answer.status, 503, "{target}");
            assert!(
                answer.header("retry-after").parse::<u32>().unwrap() > 0,
                "{target}"
            );
        }
        assert!(
            host.lines
                .borrow()
                .iter()
                .all(|(level, _)| *level == Level::Error)
        );
        assert_eq!(host.lines.borrow().len(), 3);
    }
}

#[test]
fn a_listed_segment_that_is_missing_is_told() {
    use super::double::{head, site};
    let items = ordinary(2);
    let mut parts = head(&items, &site());
    let oldest = parts.rows[1].position;
    parts.views[0].items = 3;
    parts.views[0].segments = vec![SliceRef {
        name: 1,
        newest: crate::slice::Position {
            rank: oldest.rank - 1,
            ..oldest
        },
        oldest: crate::slice::Position {
            rank: oldest.rank - 9,
            ..oldest
        },
        items: 1,
        segments: 0,
        json_bytes: 0,
    }];
    let host = Double::publishing(&parts);
    let answer = host.get("/api/items");
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(host.lines.borrow()[0].0, Level::Warn);
}
