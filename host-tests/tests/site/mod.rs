//! Reads a site as its visitors do.

use bytes::Bytes;
use edgefold::host::HttpClient;
use edgefold::serve;
use host_tests::sim::SimHost;
use http::Request;
use serde_json::Value;

/// Pages read before a listing counts as endless.
const PAGES_MAX: usize = 1000;

/// The JSON that `target` answers with.
async fn json<C: HttpClient>(host: &SimHost<C>, target: &str) -> Value {
    let request = Request::get(target).body(Bytes::new()).expect("a request");
    let answer = serve::handle(host, "", request).await;
    assert_eq!(answer.status(), 200, "{target}");
    serde_json::from_slice(&answer.into_body().into_bytes()).expect("JSON")
}

/// The list of `GET /api/sources`.
pub(crate) async fn sources<C: HttpClient>(host: &SimHost<C>) -> Vec<Value> {
    let answer = json(host, "/api/sources").await;
    let list = if answer.is_array() {
        &answer
    } else {
        &answer["sources"]
    };
    list.as_array().expect("a list of sources").clone()
}

/// All items, page by page, in the order shown.
pub(crate) async fn items<C: HttpClient>(host: &SimHost<C>) -> Vec<Value> {
    let mut all = Vec::new();
    let mut target = "/api/items?limit=100".to_owned();
    for _ in 0..PAGES_MAX {
        let page = json(host, &target).await;
        all.extend(
            page["items"]
                .as_array()
                .expect("a list of items")
                .iter()
                .cloned(),
        );
        match page["next"].as_str() {
            Some(next) if next.starts_with('/') => target = next.to_owned(),
            Some(next) => target = format!("/api/items?limit=100&cursor={next}"),
            None => return all,
        }
    }
    panic!("the listing has no end");
}
