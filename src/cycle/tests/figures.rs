//! Sizes of what is stored, with items as long as real ones.

use super::world::config;
use crate::fold::head_of;
use crate::item::Item;
use crate::slice::{HEAD_BYTES_TARGET, VALUE_BYTES_MAX};
use crate::time::Timestamp;

fn item(number: i64) -> Item {
    let at = Timestamp::from_secs(1_790_000_000 - number * 700);
    Item {
        id: String::new() + &number.to_string(),
        title: format!(
            "Release {number}: what is new, what has changed and what was removed since"
        ),
        url: Some(format!(
            "https://blog.example.org/2026/11/21/release-{number}-what-is-new/"
        )),
        source: "a".into(),
        category: "alpha".into(),
        tags: vec!["release".into(), "rust".into(), "webassembly".into()],
        author: Some("Ada Lovelace".into()),
        published: at,
        updated: Some(at),
        summary: "A paragraph of the length that most feeds have. ".repeat(5),
        image: Some(format!("https://blog.example.org/images/{number}.png")),
    }
}

#[test]
#[expect(
    clippy::disallowed_macros,
    reason = "figures for whoever reads the test's output"
)]
fn a_head_of_real_items_is_of_the_size_aimed_for() {
    let config = config(&["a", "b"]);
    let bytes = |count: i64| {
        let items: Vec<Item> = (0..count).map(item).collect();
        head_of(&config, &items, Timestamp::from_secs(1_790_000_000), 1)
            .encode()
            .len()
    };
    let (none, thirty, fifty, hundred) = (bytes(0), bytes(30), bytes(50), bytes(100));
    println!(
        "head bytes: {none} empty, {thirty} with 30 items, {fifty} with 50, {hundred} with 100"
    );
    assert!(
        thirty < HEAD_BYTES_TARGET,
        "a page's worth of items: {thirty}"
    );
    assert!(hundred < VALUE_BYTES_MAX / 2, "{hundred}");
}
