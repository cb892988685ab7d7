//! One site on one store: its sources are documents that a test states.

use edgefold::config::authoring;
use edgefold::cycle::{self, CycleError, Report, Scope};
use edgefold::serve;
use edgefold::time::Timestamp;
use host_tests::sim::{Answer, SimHost, block_on, until_crash};
use http::Request;
use serde_json::{Value, json};

/// Number and title of one post.
pub(crate) type Post = (u64, String);

/// A host, and the configuration that it runs with.
pub(crate) struct Site {
    pub(crate) host: SimHost,
    pub(crate) config: String,
}

/// Post `number` under its first title.
pub(crate) fn post(number: u64) -> Post {
    (number, format!("Post {number}"))
}

impl Site {
    /// An empty store; `[retention] items` where given.
    pub(crate) fn new(retention: Option<u64>) -> Self {
        let mut toml = String::from("[site]\ntitle = \"Crash\"\npage_items = 10\n\n");
        if let Some(items) = retention {
            toml += &format!("[retention]\nitems = {items}\n\n");
        }
        for (id, category) in [("a", "alpha"), ("b", "beta")] {
            toml += &format!(
                "[[source]]\nid = \"{id}\"\ntitle = \"{id}\"\nurl = \"https://{id}.example/feed\"\nkind = \"feed\"\ncategory = \"{category}\"\n\n"
            );
        }
        Self::with(&toml)
    }

    /// An empty store, and any configuration.
    pub(crate) fn with(toml: &str) -> Self {
        let config = authoring::compile(toml)
            .unwrap_or_else(|mistakes| panic!("{}", authoring::render("site", toml, &mistakes)));
        Self {
            host: SimHost::new(1),
            config: config.to_compiled(),
        }
    }

    /// What source `id` lists from here on.
    pub(crate) fn list(&self, id: &str, posts: &[Post]) {
        let item = |(number, title): &Post| {
            let at = Timestamp::from_secs(1_700_000_000 + i64::try_from(*number).unwrap() * 60);
            json!({
                "id": format!("{id}-{number}"),
                "url": format!("https://{id}.example/posts/{number}"),
                "title": title,
                "date_published": at.to_string(),
            })
        };
        let items: Vec<Value> = posts.iter().map(item).collect();
        let feed =
            json!({ "version": "https://jsonfeed.org/version/1.1", "title": id, "items": items });
        let body = feed.to_string();
        let url = format!("https://{id}.example/feed");
        self.host
            .http
            .route(&url, move |_| Answer::ok(body.clone()));
    }

    /// One cycle over all sources; `None` where it died on the way.
    pub(crate) fn cycle(&self) -> Option<Result<Report, CycleError>> {
        let run = cycle::refresh(&self.host, &self.config, Scope::All, None);
        block_on(until_crash(run, &self.host.kv))
    }

    /// Today's writes as the status tells them.
    pub(crate) fn counted(&self) -> u64 {
        let status = block_on(cycle::status(&self.host, &self.config)).unwrap();
        u64::from(status.writes_today)
    }

    /// Addresses and titles of every item of a view, in the order of its pages.
    ///
    /// # Panics
    /// Where an answer is not 200.
    pub(crate) fn walk(&self, category: Option<&str>) -> Vec<(String, String)> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let category = category.map_or_else(String::new, |id| format!("&category={id}"));
            let target = format!("/api/items?limit=100{category}{cursor}");
            let request = Request::get(&target).body(bytes::Bytes::new()).unwrap();
            let answer = block_on(serve::handle(&self.host, &self.config, request));
            let status = answer.status();
            let body = answer.into_body().into_bytes();
            assert_eq!(status, 200, "{target}: {}", String::from_utf8_lossy(&body));
            let page: Value = serde_json::from_slice(&body).unwrap();
            let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
            let items = page["items"].as_array().unwrap();
            all.extend(
                items
                    .iter()
                    .map(|item| (text(item, "url"), text(item, "title"))),
            );
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}
