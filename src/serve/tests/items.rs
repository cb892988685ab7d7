//! Items, their pages, and what there is before the first of them.

use super::double::{Double, ordinary};

#[test]
fn items_have_the_documented_shape_in_one_read() {
    let host = Double::with(2);
    let answer = host.get("/api/items?limit=1");
    assert_eq!(host.kv.reads.get(), 1);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let item = serde_json::to_string(&ordinary(1)[0]).unwrap();
    let next = answer.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(
        answer.body,
        format!(
            r#"{{"items":[{item}],"next":"{next}","total":2,"generation":7,"updated":"2026-11-21T09:24:05Z"}}"#
        )
    );
    let keys: Vec<&str> = item.split('"').skip(1).step_by(2).collect();
    assert_eq!(keys[0], "id");
    let last = host
        .get(&format!("/api/items?limit=1&cursor={next}"))
        .json();
    assert_eq!(last["items"][0]["id"], ordinary(2)[1].id.as_str());
    assert_eq!(last["next"], serde_json::Value::Null);
    assert_eq!(host.kv.writes.get(), 0);
}

#[test]
fn paging_shows_every_item_once() {
    let host = Double::with(75);
    for (selection, expected) in [
        ("", 75),
        ("category=news", 38),
        ("source=b", 37),
        ("category=code&source=b", 37),
    ] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for _ in 0..100 {
            let answer = host.get(&format!("/api/items?limit=7&{selection}{cursor}"));
            assert_eq!(answer.status, 200, "{}", answer.body);
            let page = answer.json();
            assert_eq!(page["total"], expected, "{selection}");
            for item in page["items"].as_array().unwrap() {
                seen.push(item["id"].as_str().unwrap().to_owned());
            }
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen.len(), expected, "{selection}");
        assert!(
            seen.is_sorted_by(|a, b| a > b),
            "{selection}: newest first, none twice"
        );
    }
    let quiet = host.get("/api/items?source=quiet");
    assert_eq!(
        (quiet.status, &quiet.json()["total"]),
        (200, &0.into()),
        "{}",
        quiet.body
    );
}

#[test]
fn one_item_is_found_by_its_id() {
    let host = Double::with(3);
    let item = &ordinary(3)[2];
    let answer = host.get(&format!("/api/items/{}", item.id));
    assert_eq!(answer.body, serde_json::to_string(item).unwrap());
    for id in ["nope", &ordinary(9)[8].id, "%00", "8000019a%2F"] {
        let answer = host.get(&format!("/api/items/{id}"));
        assert_eq!(answer.status, 404, "{id}");
        assert_eq!(answer.json()["title"], "Unknown item", "{id}");
    }
}

#[test]
fn before_the_first_cycle() {
    let host = Double::default();
    let page = host.get("/");
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("Nothing is published yet") && page.body.contains("/_edgefold/refresh")
    );
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(
        host.get("/api/items").body,
        r#"{"items":[],"next":null,"total":0,"generation":0,"updated":null}"#
    );
    assert_eq!(host.get("/health").json()["status"], "starting");
    assert_eq!(
        host.get("/api/sources").json()["sources"],
        serde_json::json!([])
    );
    assert_eq!(host.get("/api/items/x").status, 404);
    assert_eq!(host.get("/api/items?limit=0").status, 400);
}

#[test]
fn health_says_how_old() {
    let answer = Double::with(1).get("/health");
    assert_eq!(
        answer.body,
        r#"{"status":"ok","generation":7,"updated":"2026-11-21T09:24:05Z","age_s":435}"#
    );
}
