//! The parts of the sitemap over what real cycles seal: they keep their names, and what was in them, while the site grows.

use std::collections::BTreeMap;

use http::StatusCode;
use roxmltree::Document;

use super::lost::get;
use super::world::{World, config, post};
use crate::config::Config;

/// What a file names, without the site's own address.
fn named(world: &World, site: &Config, path: &str) -> Vec<String> {
    world.kv.reads.set(0);
    let (status, body) = get(world, site, path);
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    assert!(world.kv.reads.get() <= 3, "{path}");
    let document = Document::parse(&body).unwrap();
    let places = document
        .descendants()
        .filter(|node| node.tag_name().name() == "loc");
    let path = |address: &str| address.replace("https://edge.example", "");
    places.map(|place| path(place.text().unwrap())).collect()
}

/// All parts with their items.
fn parts(world: &World, site: &Config) -> BTreeMap<String, Vec<String>> {
    let files = named(world, site, "/sitemap.xml").into_iter();
    let part = |file: String| {
        let mut pages = named(world, site, &file);
        pages.retain(|page| page.starts_with("/item/"));
        (file, pages)
    };
    files.map(part).collect()
}

#[test]
fn parts_keep_their_names_while_the_site_grows() {
    let (world, site) = (World::new(), config(&["a"]));
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for step in 1..=12 {
        world.set(
            "a",
            (0..step * 300).map(|number| post("a", number)).collect(),
        );
        world.pass(900);
        world.cycle(&site);
        let now = parts(&world, &site);
        let mut found: Vec<&String> = now.values().flatten().collect();
        let all = world.walk("all", 100);
        let mut want: Vec<String> = all
            .iter()
            .map(|item| format!("/item/{}", item["id"].as_str().unwrap()))
            .collect();
        found.sort_unstable();
        want.sort_unstable();
        assert!(found.into_iter().eq(&want), "each item once, {step}");
        for (file, items) in &known {
            let newest = file.ends_with("=newest");
            assert!(newest || now[file].ends_with(items), "{file}");
        }
        known = now;
    }
    assert!(world.head().directories(0).count() > 0 && known.len() > 10);
    // An edit of what is sealed gives its segment another name in the store, and its part none.
    let before = world
        .head()
        .segments(0)
        .chain(world.head().directories(0))
        .collect::<Vec<_>>();
    world.edit("a", |posts| posts[500].title = "Another title".to_owned());
    world.pass(900);
    world.cycle(&site);
    let head = world.head();
    assert!(!head.segments(0).chain(head.directories(0)).eq(before));
    assert_eq!(parts(&world, &site), known);
}
