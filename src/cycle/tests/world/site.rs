//! The configuration that the tests run with.

use std::collections::BTreeMap;

use crate::config::{Budget, Config, Limits, Site, Source, SourceKind, View};

/// Two categories: sources named `a…` are in `alpha`, others in `beta`. One declared view: posts whose title has a 7.
pub(crate) fn config(sources: &[&str]) -> Config {
    let source = |id: &&str| Source {
        id: (*id).to_owned(),
        title: format!("Source {id}"),
        url: format!("https://{id}.example/feed.json"),
        kind: SourceKind::Feed,
        category: if id.starts_with('a') { "alpha" } else { "beta" }.to_owned(),
        tags: Vec::new(),
        every_s: 900,
        headers: BTreeMap::new(),
        include: Vec::new(),
        mute: Vec::new(),
        timeout_ms: None,
        body_bytes_max: None,
    };
    Config {
        site: Site {
            title: "Site".into(),
            description: "About".into(),
            language: "en".into(),
            url: None,
            page_items: 30,
        },
        retention: crate::config::Retention::default(),
        cache: crate::config::Cache::default(),
        alerts: None,
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
            items_per_source: 100_000,
            redirects: 5,
        },
        sources: sources.iter().map(source).collect(),
        proxies: Vec::new(),
        views: vec![View {
            id: "sevens".into(),
            title: "Sevens".into(),
            categories: Vec::new(),
            sources: Vec::new(),
            tags: Vec::new(),
            include: vec!["7".into()],
            mute: Vec::new(),
        }],
    }
}
