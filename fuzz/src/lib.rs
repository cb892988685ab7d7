//! A small site in memory for the fuzz targets: one source, a store, and a clock that stands still unless it is moved.

pub mod host;

use bytes::Bytes;
use edgefold::config::Config;
use edgefold::config::authoring::compile;
use edgefold::cycle::{CycleError, Report, Scope, run};
use edgefold::serve;
use edgefold::time::Timestamp;
use futures_util::FutureExt;
use http::{Request, StatusCode};

pub use host::World;

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
    static SITE: (World, Config) = {
        let config = compile(CONFIG).expect("the configuration of this file is good");
        (published(&config), config)
    };
}

/// Hands out a copy of the published site, which is made once, and its configuration.
pub fn with_site(target: impl FnOnce(World, &Config)) {
    SITE.with(|(world, config)| target(world.clone(), config));
}

/// A site that has published all its items, in several cycles.
fn published(config: &Config) -> World {
    let world = World::default();
    world.now.set(1_790_000_000);
    for upto in (100..=ITEMS).step_by(100) {
        offer(&world, upto);
        let report = cycle(&world, config).expect("a cycle over a good store");
        assert_eq!(report.added, 100);
        world.now.set(world.now.get() + 3_600);
    }
    world
}

/// The source offers its newest items up to number `upto`.
pub fn offer(world: &World, upto: i64) {
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
    world.document.replace(
        format!(
            r#"{{"version":"https://jsonfeed.org/version/1.1","title":"A","items":[{items}]}}"#
        )
        .into(),
    );
}

/// Runs a cycle.
///
/// # Errors
/// As the cycle.
pub fn cycle(world: &World, config: &Config) -> Result<Report, CycleError> {
    let done = run(world, config, Scope::All).now_or_never();
    done.expect("nothing here ever waits")
}

/// Answers a request, and reads the answer to its end or to where it breaks off.
#[must_use]
pub fn answer(world: &World, compiled: &str, request: Request<Bytes>) -> (StatusCode, Vec<u8>) {
    let answering = async {
        let (head, mut body) = serve::handle(world, compiled, request).await.into_parts();
        let mut bytes = Vec::new();
        while let Some(Ok(piece)) = body.next(world).await {
            bytes.extend_from_slice(&piece);
        }
        (head.status, bytes)
    };
    answering.now_or_never().expect("nothing here ever waits")
}
