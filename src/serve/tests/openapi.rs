//! `/openapi.json` against the table of routes and against real answers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::double::{Answered, Double, ordinary};
use super::proxied::deployment;
use crate::item::Engagement;
use crate::page::{rules_path, script_path, stylesheet_path};
use crate::serve::routes::{ROUTES, Surface, Verb};
use crate::slice::{Position, encode_snapshot, keys};
use crate::tenant::Tenant;
use crate::time::Timestamp;

fn document() -> Value {
    let answer = Double::with(1).get("/openapi.json");
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json")
    );
    answer.json()
}

/// Follows a reference into `document`.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"].as_str().map_or(value, |reference| {
        let pointer = reference.strip_prefix('#').unwrap();
        document
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{reference} leads nowhere"))
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// What of `value` does not fit `schema`, for the keywords that our schemas use.
fn misfits(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = resolve(document, schema);
    let allowed: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        _ => vec![kind(value)],
    };
    if !allowed.contains(&kind(value)) {
        found.push(format!("{at}: {value} is no {allowed:?}"));
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|words| !words.contains(value))
    {
        found.push(format!("{at}: {value} is not among {}", schema["enum"]));
    }
    if let (Value::String(text), Some(max)) = (value, schema["maxLength"].as_u64())
        && text.chars().count() as u64 > max
    {
        found.push(format!("{at}: longer than {max}"));
    }
    if let Value::Array(values) = value {
        for (index, value) in values.iter().enumerate() {
            misfits(
                document,
                &schema["items"],
                value,
                &format!("{at}/{index}"),
                found,
            );
        }
    }
    if let Value::Object(members) = value {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !members.contains_key(name.as_str().unwrap()) {
                found.push(format!("{at}: no {name}"));
            }
        }
        for (name, value) in members {
            let property = &schema["properties"][name];
            if property.is_null() {
                if schema["additionalProperties"] == false {
                    found.push(format!("{at}: {name} is not described"));
                }
                continue;
            }
            misfits(document, property, value, &format!("{at}/{name}"), found);
        }
    }
}

/// Asserts that `answer` is one that the document describes for this operation.
fn assert_described(document: &Value, method: &str, path: &str, answer: &Answered) {
    let operation = &document["paths"][path][method.to_lowercase()];
    let response = &operation["responses"][answer.status.to_string()];
    let at = format!("{method} {path} {}", answer.status);
    assert!(
        response.is_object(),
        "{at} is not described: {}",
        answer.body
    );
    for name in response["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
    {
        assert_ne!(answer.header(&name.to_lowercase()), "", "{at}: no {name}");
    }
    if answer.status == 304 || method == "HEAD" {
        return;
    }
    let content = match &response["content"][answer.header("content-type")] {
        Value::Null => &response["content"]["*/*"],
        exact => exact,
    };
    assert!(
        content.is_object(),
        "{at}: {} is not described",
        answer.header("content-type")
    );
    if answer.header("content-type").contains("json")
        && answer.header("content-type") != "application/x-ndjson"
    {
        let mut found = Vec::new();
        misfits(document, &content["schema"], &answer.json(), "", &mut found);
        assert!(found.is_empty(), "{at}: {found:#?}\n{}", answer.body);
    }
}

#[test]
fn describes_every_operation_of_the_table() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(
        paths.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        ROUTES.iter().map(|route| route.path).collect()
    );
    let mut ids = BTreeSet::new();
    for route in ROUTES {
        let item = paths[route.path].as_object().unwrap();
        let mut methods: Vec<String> = item.keys().map(|method| method.to_uppercase()).collect();
        methods.push("OPTIONS".into());
        methods.sort();
        assert_eq!(methods.join(", "), route.allow(), "{}", route.path);
        for (method, operation) in item {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()));
            assert_eq!(
                operation["security"].is_array(),
                route.surface == Surface::Admin
            );
            let verb = if method == "post" {
                Verb::Post
            } else {
                Verb::Get
            };
            let known = route.operation(verb).unwrap().parameters;
            for (parameter, known) in operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .zip(known)
            {
                assert_eq!(parameter["name"], known.name);
                assert!(!parameter["example"].is_null(), "{}", known.name);
                let mut found = Vec::new();
                misfits(
                    &document,
                    &parameter["schema"],
                    &parameter["example"],
                    "",
                    &mut found,
                );
                assert!(found.is_empty(), "{found:?}");
                let in_path = route.path.contains(&format!("{{{}}}", known.name));
                assert_eq!(parameter["in"] == "path", in_path, "{}", known.name);
            }
        }
    }
}

#[test]
fn references_lead_somewhere_and_examples_fit() {
    fn references<'a>(value: &'a Value, all: &mut Vec<&'a Value>) {
        match value {
            Value::Object(members) => {
                if members.contains_key("$ref") {
                    all.push(value);
                }
                members.values().for_each(|value| references(value, all));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, all)),
            _ => {}
        }
    }
    let document = document();
    let mut all = Vec::new();
    references(&document, &mut all);
    assert!(all.len() > 20);
    for reference in all {
        assert!(!resolve(&document, reference).is_null());
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let examples = schema["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            let mut found = Vec::new();
            misfits(&document, schema, example, name, &mut found);
            assert!(found.is_empty(), "{found:?}");
        }
    }
}

#[test]
fn real_answers_are_as_described() {
    let document = document();
    let item = format!("/api/items/{}", ordinary(1)[0].id);
    let published = Double::with(40).set("admin_token", "right");
    let counts = Engagement {
        points: Some(-3),
        comments: None,
    };
    let place = Position::from_id(&ordinary(1)[0].id).unwrap();
    published.kv.set(
        &Tenant::MAIN.key(keys::ENGAGEMENT),
        encode_snapshot(Timestamp(1_790_000_000_000), &[(place, counts)].into()),
    );
    let starting = Double::default();
    let failing = Double::with(1);
    failing.fail(crate::host::KvError::QuotaExceeded);
    let item_page = format!("/item/{}", ordinary(1)[0].id);
    let style = stylesheet_path();
    let cases: &[(&str, &str)] = &[
        ("/", "/"),
        ("/", "/?category=news&source=a"),
        ("/", "/?x=1"),
        ("/", "/?category=x"),
        ("/item/{id}", &item_page),
        ("/item/{id}", "/item/x"),
        ("/status", "/status"),
        ("/status", "/status?x=1"),
        ("/api/items", "/api/items"),
        ("/api/items", "/api/items?category=news&limit=3"),
        ("/api/items", "/api/items?cursor=x"),
        ("/api/items", "/api/items?source=x"),
        ("/api/items/{id}", &item),
        ("/api/items/{id}", "/api/items/x"),
        ("/api/items/{id}", "/api/items/x?y=1"),
        ("/api/sources", "/api/sources"),
        ("/api/views", "/api/views"),
        ("/api/engagement", "/api/engagement"),
        ("/api/export.ndjson", "/api/export.ndjson"),
        ("/api/export.ndjson", "/api/export.ndjson?after=x"),
        ("/api/export.ndjson", "/api/export.ndjson?category=x"),
        ("/feed.xml", "/feed.xml?category=news&limit=3"),
        ("/feed.xml", "/feed.xml?cursor=x"),
        ("/feed.xml", "/feed.xml?category=x"),
        ("/rss.xml", "/rss.xml"),
        ("/atom.xml", "/atom.xml?source=a"),
        ("/feed.json", "/feed.json"),
        ("/sources.opml", "/sources.opml"),
        ("/sitemap.xml", "/sitemap.xml"),
        ("/sitemap.xml", "/sitemap.xml?part=newest"),
        (
            "/sitemap.xml",
            "/sitemap.xml?part=8000019aa59b80400000000000000001",
        ),
        ("/sitemap.xml", "/sitemap.xml?x=1"),
        ("/robots.txt", "/robots.txt"),
        ("/health", "/health"),
        ("/health", "/health?x=1"),
        ("/openapi.json", "/openapi.json"),
        ("/assets/{name}", style),
        ("/assets/{name}", script_path()),
        ("/assets/{name}", rules_path()),
        ("/assets/{name}", "/assets/x"),
        ("/favicon.svg", "/favicon.svg"),
        ("/_edgefold/status", "/_edgefold/status"),
        ("/_edgefold/status", "/_edgefold/status?x=1"),
    ];
    for (path, target) in cases {
        for host in [&published, &starting, &failing] {
            for method in ["GET", "HEAD"] {
                let answer = host.ask(method, target, &["authorization: Bearer right"]);
                if answer.status == 200
                    && answer.header("cache-control") == "no-store"
                    && *path != "/health"
                {
                    // Before the first publish there is nothing to name by an entity tag.
                    let empty = host.kv.values.borrow().is_empty();
                    assert!(empty || path.starts_with("/_edgefold/"), "{path}");
                    if empty {
                        continue;
                    }
                }
                assert_described(&document, method, path, &answer);
                let etag = answer.header("etag");
                if !etag.is_empty() {
                    let again = host.ask(method, target, &[&format!("if-none-match: {etag}")]);
                    assert_eq!(again.status, 304, "{target}");
                    assert_described(&document, method, path, &again);
                }
            }
        }
    }
    for token in ["Bearer right", "Bearer wrong"] {
        for target in [
            "/_edgefold/refresh",
            "/_edgefold/refresh?all=2",
            "/_edgefold/refresh?round=x",
        ] {
            let answer = published.ask("POST", target, &[&format!("authorization: {token}")]);
            assert_described(&document, "POST", "/_edgefold/refresh", &answer);
        }
    }
    let absent = starting.ask("POST", "/_edgefold/refresh", &[]);
    assert_described(&document, "POST", "/_edgefold/refresh", &absent);
}

#[test]
fn proxied_and_purging_answers_are_as_described() {
    let document = document();
    let token = "authorization: Bearer right";
    let json = r#"[{"any":"thing"}]"#;
    for upstream in [
        Some((200, "application/json", json)),
        Some((200, "text/csv", "a,b")),
        Some((500, "text/plain", "no")),
        None,
    ] {
        let host = deployment(upstream);
        for target in [
            "/api/proxy/prices",
            "/api/proxy/price",
            "/api/proxy/prices?x=1",
        ] {
            for method in ["GET", "HEAD"] {
                let answer = host.ask(method, target, &[]);
                assert_described(&document, method, "/api/proxy/{id}", &answer);
            }
        }
        for query in ["?key=prices", "?tag=shop", "?all=1", "", "?key=x", "?x=1"] {
            let target = format!("/_edgefold/purge{query}");
            for headers in [&[token][..], &[]] {
                let answer = host.ask("POST", &target, headers);
                assert_described(&document, "POST", "/_edgefold/purge", &answer);
            }
        }
        let status = host.ask("GET", "/_edgefold/status", &[token]);
        assert_described(&document, "GET", "/_edgefold/status", &status);
    }
}

/// For tests that have a status at hand.
pub(super) fn assert_status_described(status: &super::double::Answered) {
    assert_described(&document(), "GET", "/_edgefold/status", status);
}
