//! Compressed answers: the same content, byte for byte, by a decoder that is not of the encoder's crate.

use bytes::Bytes;
use http::{Request, Response};
use zune_inflate::DeflateDecoder;

use super::double::{Double, config, head, ordinary, site};
use super::proxied::deployment;
use crate::config::Cache;
use crate::gzip::{Deflated, Effort};
use crate::page::{rules_path, script_path, stylesheet_path};
use crate::serve::encoding::{GZIP_BYTES_MAX, GZIP_BYTES_MIN};
use crate::serve::{Body, handle};
use crate::slice::{Head, HeadParts, Section};
use crate::testing::block_on;

fn ask(host: &Double, method: &str, target: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let config = config().to_compiled();
    block_on(handle(
        &**host,
        &config,
        request.body(Bytes::new()).unwrap(),
    ))
}

fn parts(response: Response<Body>) -> (http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    (parts, body.into_bytes())
}

fn text<'p>(parts: &'p http::response::Parts, name: &str) -> &'p str {
    parts
        .headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// A head as a publish makes it.
fn with_twins(items: usize) -> HeadParts {
    let mut parts = head(&ordinary(items), &site());
    parts.add_twins(site().page_items);
    parts
}

fn targets() -> Vec<String> {
    let mut targets: Vec<String> = [
        "/",
        "/?category=news",
        "/?source=a",
        "/?page=2",
        "/status",
        "/api/items",
        "/api/items?limit=100",
        "/api/items?category=code",
        "/api/items?page=2",
        "/api/sources",
        "/api/views",
        "/api/engagement",
        "/health",
        "/openapi.json",
        "/favicon.svg",
        "/nowhere",
        stylesheet_path(),
        script_path(),
        rules_path(),
    ]
    .map(str::to_owned)
    .to_vec();
    let id = &ordinary(1)[0].id;
    targets.extend([format!("/item/{id}"), format!("/api/items/{id}")]);
    targets
}

#[test]
fn every_route_says_the_same_in_both_forms() {
    let mut zipped = 0;
    for host in [
        Double::publishing(&with_twins(70)),
        Double::publishing(&with_twins(5)),
        Double::with(70),
        Double::default(),
    ] {
        for target in targets() {
            let (plain, content) = parts(ask(&host, "GET", &target, &[]));
            // Twice: what was made for the first is used for the second.
            for _ in 0..2 {
                let accept = [("accept-encoding", "gzip, br")];
                let (parts, body) = self::parts(ask(&host, "GET", &target, &accept));
                assert_eq!(parts.status, plain.status, "{target}");
                assert_eq!(text(&parts, "vary"), text(&plain, "vary"), "{target}");
                let length = text(&parts, "content-length");
                assert_eq!(length, body.len().to_string(), "{target}");
                if text(&parts, "content-encoding").is_empty() {
                    assert_eq!(body, content, "{target}");
                    assert!(!text(&parts, "vary").contains("encoding"), "{target}");
                    continue;
                }
                zipped += 1;
                assert_eq!(text(&parts, "content-encoding"), "gzip");
                assert!(text(&parts, "vary").contains("accept-encoding"), "{target}");
                let read = DeflateDecoder::new(&body).decode_gzip().unwrap();
                assert!(read == content, "{target}");
                assert!(body.len() < content.len(), "{target}");
                let tag = text(&plain, "etag").replace("\"", "");
                assert_eq!(text(&parts, "etag"), format!("\"{tag}-gzip\""), "{target}");
                let (head, empty) = self::parts(ask(&host, "HEAD", &target, &accept));
                assert_eq!(head.headers, parts.headers, "{target}");
                assert!(empty.is_empty());
            }
        }
    }
    assert!(zipped >= 70, "{zipped}");
}

#[test]
fn the_first_page_is_put_together_of_twins() {
    let parts = with_twins(70);
    let head = Head::open(parts.encode()).unwrap();
    let html = head.items.html(0, 30);
    let twin = head.twin(&html).unwrap();
    assert_eq!(twin.len as usize, html.len());
    // Not another run, nor the same bytes elsewhere in memory.
    assert_eq!(head.twin(&head.items.html(0, 29)), None);
    assert_eq!(head.twin(&Bytes::copy_from_slice(&html)), None);
    let found = |chunks: Vec<Bytes>| {
        chunks
            .iter()
            .filter(|chunk| head.twin(chunk).is_some())
            .count()
    };
    assert!(found(head.section(Section::PageTop)) >= 2);
    assert!(found(head.section(Section::PageBottom)) >= 1);
    assert_eq!(found(vec![head.items.json(0, 30)]), 1);
    // Equal heads have equal twins, and no twins where they are not wanted.
    assert_eq!(parts.encode(), with_twins(70).encode());
    let plain = Head::open(super::double::head(&ordinary(70), &site()).encode()).unwrap();
    assert_eq!(plain.twin(&plain.items.html(0, 30)), None);
}

#[test]
fn parts_cost_little_beside_one_stream() {
    let host = Double::publishing(&with_twins(70));
    for target in ["/", "/api/items"] {
        let (_, content) = parts(ask(&host, "GET", target, &[]));
        let (_, put_together) = parts(ask(&host, "GET", target, &[("accept-encoding", "gzip")]));
        let at_once = Deflated::of(&content, Effort::Kept).bytes.len() + 20;
        let more = put_together.len() * 100 / at_once;
        assert!(
            more <= 125,
            "{target}: {} for {at_once}",
            put_together.len()
        );
    }
}

#[test]
fn either_form_is_known_again_by_who_may_have_it() {
    let host = Double::publishing(&with_twins(40));
    let accept = ("accept-encoding", "gzip");
    for target in ["/", "/api/items", stylesheet_path()] {
        let tag = |headers: &[(&str, &str)]| {
            let response = ask(&host, "GET", target, headers);
            response.headers()["etag"].to_str().unwrap().to_owned()
        };
        let (plain, zipped) = (tag(&[]), tag(&[accept]));
        assert_ne!(plain, zipped);
        let weak = format!("W/{plain}");
        let both = format!("{plain}, {zipped}");
        let known = |headers: &[(&str, &str)]| {
            let (parts, body) = parts(ask(&host, "GET", target, headers));
            assert!(parts.status != 304 || body.is_empty());
            assert!(text(&parts, "vary").contains("accept-encoding"));
            assert!(text(&parts, "content-encoding").is_empty() || parts.status == 200);
            (parts.status.as_u16(), text(&parts, "etag").to_owned())
        };
        for (given, found) in [
            (&zipped, &zipped),
            (&plain, &plain),
            (&weak, &plain),
            (&both, &zipped),
        ] {
            let answer = known(&[accept, ("if-none-match", given)]);
            assert_eq!(answer, (304, found.clone()), "{target} {given}");
        }
        assert_eq!(known(&[("if-none-match", &both)]), (304, plain.clone()));
        // Who does not take gzip is not told to use a compressed form that somebody else was sent.
        assert_eq!(known(&[("if-none-match", &zipped)]), (200, plain.clone()));
        // Strong comparison: a range of one form is none of the other.
        assert_eq!(known(&[accept, ("if-match", &zipped)]).0, 200);
        assert_eq!(
            ask(&host, "GET", target, &[("if-match", &zipped)]).status(),
            412
        );
    }
}

#[test]
fn small_and_huge_answers_and_those_of_one_reader_stay_plain() {
    const SMALL: &str = "x";
    let large: &'static str = Box::leak("0123456789".repeat(900).into_boxed_str());
    for (body, zipped) in [(SMALL, false), (large, true)] {
        let host = deployment(Some((200, "text/plain", body)));
        let accept = [("accept-encoding", "gzip")];
        let (parts, sent) = parts(ask(&host, "GET", "/api/proxy/prices", &accept));
        assert_eq!(text(&parts, "content-encoding") == "gzip", zipped);
        if zipped {
            let read = DeflateDecoder::new(&sent).decode_gzip().unwrap();
            assert_eq!(read, body.as_bytes());
        }
        let admin = [accept[0], ("authorization", "Bearer right")];
        let (parts, _) = self::parts(ask(&host, "GET", "/_edgefold/status", &admin));
        assert_eq!(parts.status, 200);
        assert_eq!(text(&parts, "content-encoding"), "");
    }
    const { assert!(GZIP_BYTES_MIN < 9000 && GZIP_BYTES_MAX > 9000) };
}

#[test]
fn a_site_may_send_everything_plain() {
    let cache = Cache {
        gzip: false,
        ..Cache::default()
    };
    let mut parts = with_twins(40);
    let policies = (Section::CachePolicies, vec![cache.to_bytes()]);
    parts.sections.push(policies);
    let host = Double::publishing(&parts);
    let answer = ask(&host, "GET", "/", &[("accept-encoding", "gzip")]);
    assert_eq!(answer.headers().get("content-encoding"), None);
    assert_eq!(answer.headers().get("vary"), None);
}
