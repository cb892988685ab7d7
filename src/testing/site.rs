//! A configuration, by what a test cares about.

use std::collections::BTreeMap;

use crate::config::{Budget, Cache, Config, Limits, Retention, Site, Source, SourceKind, View};

/// Makes a [`Config`]. It begins with a site that has no sources and views, and refuses nothing: budget and limits are larger than what a test
/// takes. What a test does not say is the same in all tests.
///
/// ```
/// use edgefold::testing::TestConfig;
///
/// let config = TestConfig::new()
///     .source("kernel", "https://kernel.example/feed.xml", "news")
///     .view("rust", "Rust", &["rust"])
///     .with(|config| config.limits.items_per_source = 20)
///     .build();
/// assert_eq!(config.sources[0].category, "news");
/// ```
#[derive(Debug, Clone)]
pub struct TestConfig(Config);

impl Default for TestConfig {
    fn default() -> Self {
        Self(Config {
            site: Site {
                title: "Site".to_owned(),
                description: String::new(),
                language: "en".to_owned(),
                url: None,
                page_items: 30,
            },
            budget: Budget {
                writes_per_day: 1_000_000,
                reads_per_day: None,
                requests_per_day: None,
                engagement_every_s: 3600,
                cache_writes_per_day: 0,
            },
            limits: Limits {
                concurrency: 6,
                requests_per_run: 50,
                run_time_ms: 20_000,
                timeout_ms: 10_000,
                body_bytes_max: 64 << 20,
                items_per_source: 10_000,
                redirects: 5,
            },
            retention: Retention::default(),
            cache: Cache::default(),
            alerts: None,
            sources: Vec::new(),
            proxies: Vec::new(),
            views: Vec::new(),
        })
    }
}

impl TestConfig {
    /// A site without sources and views.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more source: a feed called `Source <id>`, asked every quarter of an hour.
    #[must_use]
    pub fn source(mut self, id: &str, url: &str, category: &str) -> Self {
        self.0.sources.push(test_source(id, url, category));
        self
    }

    /// One more view: all items that have one of the words, or all there are where there is no word.
    #[must_use]
    pub fn view(mut self, id: &str, title: &str, include: &[&str]) -> Self {
        self.0.views.push(View {
            id: id.to_owned(),
            title: title.to_owned(),
            categories: Vec::new(),
            sources: Vec::new(),
            tags: Vec::new(),
            include: include.iter().map(|word| (*word).to_owned()).collect(),
            mute: Vec::new(),
        });
        self
    }

    /// What else is to be otherwise.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.0);
        self
    }

    /// The configuration. Nothing checks it as `config::authoring` checks what people write.
    #[must_use]
    pub fn build(self) -> Config {
        self.0
    }
}

/// A source as [`TestConfig::source`] adds it.
#[must_use]
pub fn test_source(id: &str, url: &str, category: &str) -> Source {
    Source {
        id: id.to_owned(),
        title: format!("Source {id}"),
        url: url.to_owned(),
        kind: SourceKind::Feed,
        category: category.to_owned(),
        tags: Vec::new(),
        every_s: 900,
        headers: BTreeMap::new(),
        include: Vec::new(),
        mute: Vec::new(),
        timeout_ms: None,
        body_bytes_max: None,
    }
}
