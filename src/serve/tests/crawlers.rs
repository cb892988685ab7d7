//! What crawlers are told: every page of the site by following addresses from `/robots.txt`, in files that a strict XML parser
//! reads and that are as the protocol has them.

use std::collections::BTreeSet;

use roxmltree::Document;

use super::double::{Answered, Double, HOST, UPDATED, at, head, ordinary, site};
use crate::slice::{HeadParts, SliceRef, Stamp, encode_directory, encode_segment, keys};
use crate::tenant::Tenant;

const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";
const STAMP: Stamp<'static> = Stamp {
    view: "all",
    generation: 1,
};
const ITEMS: usize = 1_000;
const IN_HEAD: usize = 40;

/// A site whose items are sealed but for the newest ones: segments of 30, of which the head names 3, and directories of 7.
fn sealed() -> (Double, HeadParts) {
    let mut parts = head(&ordinary(ITEMS), &site());
    let host = Double::default();
    let set = |key: &str, value| host.kv.set(&Tenant::MAIN.key(key), value);
    let rows = parts.rows.split_off(IN_HEAD);
    let mut segments = Vec::new();
    // From the old end: the newest one is not full.
    for rows in rows.rchunks(30) {
        let (reference, value) = encode_segment(&rows.iter().collect::<Vec<_>>(), STAMP);
        set(&keys::segment(reference.name), value);
        segments.insert(0, reference);
    }
    let filed = segments.split_off(3);
    let file = |listed: &[SliceRef]| {
        let (reference, value) = encode_directory(listed, STAMP);
        set(&keys::directory(reference.name), value);
        reference
    };
    let mut directories: Vec<SliceRef> = filed.rchunks(7).map(file).collect();
    directories.reverse();
    parts.views[0].segments = segments;
    parts.views[0].directories = directories;
    set(keys::HEAD, parts.encode());
    (host, parts)
}

/// The entries of a file as the protocol has it: addresses on this site, and when each was changed last.
fn entries(answer: &Answered, root: &str, entry: &str) -> Vec<(String, Option<String>)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        "application/xml; charset=utf-8"
    );
    let document = Document::parse(&answer.body).unwrap();
    let is = |node: &roxmltree::Node<'_, '_>, name: &str| {
        node.tag_name().name() == name && node.tag_name().namespace() == Some(NAMESPACE)
    };
    assert!(is(&document.root_element(), root), "{}", answer.body);
    let elements = document.root_element().children();
    let entries: Vec<_> = elements
        .filter(roxmltree::Node::is_element)
        .map(|node| {
            assert!(is(&node, entry));
            let members: Vec<_> = node.children().filter(|node| node.is_element()).collect();
            assert!(is(&members[0], "loc") && members.len() <= 2);
            let changed = members.get(1).map(|member| {
                assert!(is(member, "lastmod"));
                member.text().unwrap().to_owned()
            });
            // W3C's profile of ISO 8601, and nothing that is still to come.
            assert!(
                changed
                    .as_deref()
                    .is_none_or(|text| at(text) <= at(UPDATED))
            );
            let address = members[0].text().unwrap();
            let path = address.strip_prefix(&format!("https://{HOST}")).unwrap();
            (path.to_owned(), changed)
        })
        .collect();
    // Both lists must have an entry.
    assert!(!entries.is_empty() && entries.len() <= 50_000);
    entries
}

/// What `/robots.txt` names.
fn indexes(host: &Double) -> Vec<String> {
    let robots = host.get("/robots.txt").body;
    let named = robots
        .lines()
        .filter_map(|line| line.strip_prefix(&format!("Sitemap: https://{HOST}")));
    named.map(str::to_owned).collect()
}

/// Reads that an answer took.
fn reads(host: &Double, target: &str) -> (Answered, u32) {
    let before = host.kv.reads.get();
    let answer = host.get(target);
    (answer, host.kv.reads.get() - before)
}

#[test]
fn every_item_is_found_once_over_all_files() {
    let (host, parts) = sealed();
    let indexes = indexes(&host);
    assert_eq!(indexes.len(), parts.views[0].directories.len());
    assert_eq!(indexes[0], "/sitemap.xml");
    let (mut files, mut found) = (Vec::new(), Vec::new());
    for index in &indexes {
        let (answer, reads) = reads(&host, index);
        assert_eq!(reads, 2, "{index}");
        let listed = entries(&answer, "sitemapindex", "sitemap");
        // Older parts are no younger.
        assert!(listed.is_sorted_by(|newer, older| newer.1 >= older.1));
        files.extend(listed);
    }
    for (file, full) in &files {
        let (answer, reads) = reads(&host, file);
        assert!(reads <= 3, "{file}: {reads}");
        for (page, changed) in entries(&answer, "urlset", "url") {
            let named = changed.is_some_and(|changed| at(&changed) <= at(full.as_ref().unwrap()));
            assert!(named || !page.starts_with("/item/"), "{file} {page}");
            found.push(page);
        }
    }
    let want: Vec<String> = ordinary(ITEMS)
        .iter()
        .map(|item| format!("/item/{}", item.id))
        .collect();
    let others = found.iter().filter(|page| !page.starts_with("/item/"));
    assert_eq!(
        others.collect::<Vec<_>>(),
        [
            "/",
            "/?category=news",
            "/?category=code",
            "/?source=a",
            "/?source=b",
            "/?source=quiet"
        ]
    );
    found.retain(|page| page.starts_with("/item/"));
    assert_eq!(found, want);
    for page in found.iter().step_by(97) {
        assert_eq!(host.get(page).status, 200, "{page}");
    }
    let distinct: BTreeSet<&String> = files.iter().map(|(file, _)| file).collect();
    assert_eq!(distinct.len(), files.len());
}

#[test]
fn a_part_is_what_it_was_whatever_else_is_published() {
    let (host, mut parts) = sealed();
    let oldest = parts.views[0].directories.last().unwrap().oldest;
    let part = format!("/sitemap.xml?part={oldest}");
    let first = host.get(&part);
    let known = format!("if-none-match: {}", first.header("etag"));
    parts.generation += 1;
    parts.updated = at(UPDATED).plus_millis(1_000);
    host.kv.set(&Tenant::MAIN.key(keys::HEAD), parts.encode());
    assert_eq!(host.ask("GET", &part, &[&known]).status, 304);
    assert_eq!(host.get(&part).body, first.body);
    // That of another host is another file.
    let elsewhere = host.ask("GET", &part, &[&known, "host: other.example"]);
    assert!(elsewhere.status == 200 && elsewhere.body.contains("https://other.example/item/"));
    // Every other one follows the head.
    for target in [
        "/sitemap.xml",
        "/sitemap.xml?part=newest",
        &indexes(&host)[1],
    ] {
        let before = host.get(target).header("etag").to_owned();
        parts.generation += 1;
        host.kv.set(&Tenant::MAIN.key(keys::HEAD), parts.encode());
        assert_ne!(host.get(target).header("etag"), before, "{target}");
    }
}

#[test]
fn what_is_lost_is_left_out() {
    let (host, parts) = sealed();
    let view = &parts.views[0];
    let segment = view.segments[1];
    let whole = host.get("/sitemap.xml");
    let lost = [
        keys::segment(segment.name),
        keys::directory(view.directories[0].name),
        keys::directory(view.directories[1].name),
    ];
    for key in &lost {
        host.kv.values.borrow_mut().remove(&Tenant::MAIN.key(key));
    }
    let targets = [
        ("/sitemap.xml".to_owned(), 200),
        (format!("/sitemap.xml?part={}", segment.oldest), 404),
        (indexes(&host)[1].clone(), 404),
        (indexes(&host)[2].clone(), 200),
    ];
    for (target, _) in &targets {
        let expected = if *target == targets[3].0 { 200 } else { 503 };
        assert_eq!(host.get(target).status, expected, "{target} may still come");
    }
    host.later(2 * 60 * 60 * 1000);
    for (target, status) in &targets {
        assert_eq!(host.get(target).status, *status, "{target}");
    }
    let rest = host.get("/sitemap.xml");
    assert_eq!(entries(&rest, "sitemapindex", "sitemap").len(), 1 + 3);
    assert_ne!(rest.header("etag"), whole.header("etag"));
}

#[test]
fn what_is_no_part_is_refused() {
    let (host, parts) = sealed();
    let (place, nowhere) = (parts.views[0].segments[0].oldest, "0".repeat(32));
    for (query, status, kind) in [
        ("part=x".to_owned(), 400, "bad-parameter"),
        ("index=newest".to_owned(), 400, "bad-parameter"),
        (format!("part={place}&index={place}"), 400, "bad-parameter"),
        (format!("part={nowhere}"), 404, "unknown-part"),
        (format!("index={nowhere}"), 404, "unknown-part"),
        // The first index has no name, as what is in it changes with what is sealed.
        (format!("index={place}"), 404, "unknown-part"),
    ] {
        let answer = host.get(&format!("/sitemap.xml?{query}"));
        assert_eq!(answer.status, status, "{query}");
        let problem = answer.json();
        let found = problem["type"].as_str().unwrap();
        assert!(found.ends_with(&format!("#{kind}")), "{found}");
    }
}

#[test]
fn before_the_first_publish_there_is_the_front_page() {
    let host = Double::default();
    assert_eq!(indexes(&host), ["/sitemap.xml"]);
    let index = entries(&host.get("/sitemap.xml"), "sitemapindex", "sitemap");
    assert_eq!(index, [("/sitemap.xml?part=newest".to_owned(), None)]);
    let newest = host.get(&index[0].0);
    assert_eq!(entries(&newest, "urlset", "url"), [("/".to_owned(), None)]);
    assert_eq!(newest.header("cache-control"), "no-store");
    let none = format!("/sitemap.xml?part={}", ordinary(1)[0].id);
    assert_eq!(host.get(&none).status, 404);
}
