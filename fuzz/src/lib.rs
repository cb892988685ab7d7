//! A small site in memory for the fuzz targets: one source, a store, and a clock that stands still unless it is moved.

pub mod host;

use bytes::Bytes;
use edgefold::config::Config;
use edgefold::config::authoring::compile;
use edgefold::cycle::{CycleError, Report, Scope, run};
use edgefold::serve;
use edgefold::testing::{TestHost, block_on};
use edgefold::time::Timestamp;
use http::{Request, StatusCode};

/// The configuration of the site.
const CONFIG: &str = r#"
[site]
title = "Fuzzed"
page_items = 20
[retention]
items = 900
[[source]]
id = "a"
title = "A"
url = "https://a.example/feed.json"
category = "alpha"
"#;
/// Items that the source has had: enough for several segments and a run of the search index.
const ITEMS: i64 = 700;

thread_local! {
    static SITE: (TestHost, Config) = {
        let config = compile(CONFIG).expect("the configuration of this file is good");
        (published(&config), config)
    };
}

/// Hands out a copy of the published site, which is made once, and its configuration.
pub fn with_site(target: impl FnOnce(TestHost, &Config)) {
    SITE.with(|(host, config)| target(host.clone(), config));
}

/// A site that has published all its items, in several cycles.
fn published(config: &Config) -> TestHost {
    let host = host::host();
    for upto in (100..=ITEMS).step_by(100) {
        offer(&host, upto);
        let report = cycle(&host, config).expect("a cycle over a good store");
        assert_eq!(report.added, 100);
        host.pass(3_600_000);
    }
    host
}

/// The source offers its newest items up to number `upto`.
pub fn offer(host: &TestHost, upto: i64) {
    let items: Vec<String> = (upto - 100..upto)
        .map(|number| {
            let at = Timestamp::from_secs(1_700_000_000 + number * 60);
            format!(
                r#"{{"id":"{number}","title":"Post {number}","url":"https://a.example/{number}","content_text":"Words, {} of them.","date_published":"{at}"}}"#,
                number % 7
            )
        })
        .collect();
    let items = items.join(",");
    let document = format!(
        r#"{{"version":"https://jsonfeed.org/version/1.1","title":"A","items":[{items}]}}"#
    );
    host::publish(host, document);
}

/// Runs a cycle.
///
/// # Errors
/// As the cycle.
pub fn cycle(host: &TestHost, config: &Config) -> Result<Report, CycleError> {
    block_on(run(host, config, Scope::All))
}

/// Answers a request, and reads the answer to its end or to where it breaks off.
#[must_use]
pub fn answer(host: &TestHost, compiled: &str, request: Request<Bytes>) -> (StatusCode, Vec<u8>) {
    block_on(async {
        let (head, mut body) = serve::handle(host, compiled, request).await.into_parts();
        let mut bytes = Vec::new();
        while let Some(Ok(piece)) = body.next(host).await {
            bytes.extend_from_slice(&piece);
        }
        (head.status, bytes)
    })
}
