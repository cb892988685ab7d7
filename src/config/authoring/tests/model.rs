//! A file without mistakes: what it means.

use crate::config::authoring::compile;
use crate::config::{Config, HeaderText, SourceKind};

const FULL: &str = r#"
[site]
title = "Hub"
description = "All of it"
language = "de"
url = "https://hub.example/"
page_items = 50

[budget]
writes_per_day = 500
reads_per_day = 90000
requests_per_day = 5000
engagement_every = "30m"

[limits]
concurrency = 4
requests_per_run = 20
run_time = "1m"
timeout = "5s"
body = "500kB"
items_per_source = 100
redirects = 2

[[source]]
title = "Releases"
url = "https://api.example/releases"
kind = "json"
category = "releases"
tags = ["tools"]
every = "2h"
include = ["stable"]
mute = ["nightly"]
timeout = "20s"
body = "1MiB"
headers.accept = "application/json"
headers.Authorization = { secret = "Bearer {github_token}" }
headers.x-key = { secret = "api_key" }

[source.map]
items = "$.data[*]"
title = "$.name"
url = "$.html_url"
id = "$.id"
published = "$.created"
updated = "$.changed"
author = "$.author.login"
summary = "$.body"
image = "$.picture"
tags = "$.labels[*].name"
points = "$.score"
comments = "$.replies"

[[source]]
url = "https://www.blog.example/feed"

[[source]]
url = "https://blog.example/other"

[[view]]
title = "Stable tools"
categories = ["releases"]
sources = ["releases", "blog-example-2"]
tags = ["tools"]
include = ["1."]
mute = ["beta"]
"#;

#[test]
fn every_key_arrives_in_the_model() {
    let config = compile(FULL).unwrap();
    assert_eq!(
        (config.site.title.as_str(), config.site.language.as_str()),
        ("Hub", "de")
    );
    assert_eq!(config.site.description, "All of it");
    assert_eq!(config.site.url.as_deref(), Some("https://hub.example"));
    assert_eq!(config.site.page_items, 50);
    let budget = &config.budget;
    assert_eq!(
        (
            budget.writes_per_day,
            budget.reads_per_day,
            budget.requests_per_day,
            budget.engagement_every_s
        ),
        (500, Some(90_000), Some(5_000), 1_800)
    );
    let limits = &config.limits;
    assert_eq!(
        (
            limits.concurrency,
            limits.requests_per_run,
            limits.run_time_ms,
            limits.redirects
        ),
        (4, 20, 60_000, 2)
    );
    assert_eq!(
        (
            limits.timeout_ms,
            limits.body_bytes_max,
            limits.items_per_source
        ),
        (5000, 500_000, 100)
    );

    let source = &config.sources[0];
    assert_eq!(
        (source.id.as_str(), source.title.as_str()),
        ("releases", "Releases")
    );
    assert_eq!(
        (source.category.as_str(), source.every_s),
        ("releases", 7200)
    );
    assert_eq!(
        (&source.tags, &source.include, &source.mute),
        (
            &vec!["tools".into()],
            &vec!["stable".into()],
            &vec!["nightly".into()]
        )
    );
    assert_eq!(
        (source.timeout_ms, source.body_bytes_max),
        (Some(20_000), Some(1024 * 1024))
    );
    let headers: Vec<_> = source
        .headers
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    assert_eq!(
        headers,
        [
            ("accept", HeaderText::Literal("application/json".into())),
            (
                "authorization",
                HeaderText::Secret("Bearer {github_token}".into())
            ),
            ("x-key", HeaderText::Secret("{api_key}".into())),
        ]
    );
    let SourceKind::Json(map) = &source.kind else {
        panic!("{:?}", source.kind);
    };
    assert_eq!(
        (map.items.as_str(), map.title.as_str()),
        ("$.data[*]", "$.name")
    );
    let rest = [
        &map.url,
        &map.id,
        &map.published,
        &map.updated,
        &map.author,
        &map.summary,
        &map.image,
        &map.tags,
    ];
    let rest: Vec<_> = rest.iter().map(|q| q.as_deref().unwrap()).collect();
    assert_eq!(
        rest,
        [
            "$.html_url",
            "$.id",
            "$.created",
            "$.changed",
            "$.author.login",
            "$.body",
            "$.picture",
            "$.labels[*].name"
        ]
    );

    let view = &config.views[0];
    assert_eq!(
        (view.id.as_str(), view.title.as_str()),
        ("stable-tools", "Stable tools")
    );
    assert_eq!(view.categories, ["releases"]);
    assert_eq!(view.sources, ["releases", "blog-example-2"]);
    assert_eq!(
        (view.tags.len(), view.include.len(), view.mute.len()),
        (1, 1, 1)
    );
}

#[test]
fn what_is_not_written_has_its_default() {
    let config = compile("[[source]]\nurl = 'https://www.blog.example/feed'\n").unwrap();
    assert_eq!(
        (config.site.title.as_str(), config.site.page_items),
        ("edgefold", 30)
    );
    let budget = &config.budget;
    assert_eq!(
        (
            budget.writes_per_day,
            budget.reads_per_day,
            budget.requests_per_day,
            budget.engagement_every_s
        ),
        (1_000, None, None, 3_600)
    );
    let limits = &config.limits;
    assert_eq!(
        (
            limits.concurrency,
            limits.requests_per_run,
            limits.run_time_ms,
            limits.redirects
        ),
        (6, 25, 20_000, 5)
    );
    assert_eq!(
        (
            limits.timeout_ms,
            limits.body_bytes_max,
            limits.items_per_source
        ),
        (10_000, 5 * 1024 * 1024, 500)
    );
    let source = &config.sources[0];
    assert_eq!(
        (source.id.as_str(), source.title.as_str()),
        ("blog-example", "blog.example")
    );
    assert_eq!(
        (source.category.as_str(), source.every_s),
        ("general", 1800)
    );
    assert_eq!(source.kind, SourceKind::Feed);
    assert_eq!((source.timeout_ms, source.body_bytes_max), (None, None));
}

#[test]
fn a_written_id_is_never_given_to_another_source() {
    let config = compile(
        "[[source]]\ntitle = 'News'\nurl = 'https://a.example/'\n[[source]]\nid = 'news'\nurl = 'https://b.example/'\n",
    )
    .unwrap();
    let ids: Vec<_> = config.sources.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["news-2", "news"]);
}

#[test]
fn compiled_text_is_read_back_equal() {
    let config = compile(FULL).unwrap();
    let compiled = config.to_compiled();
    assert!(!compiled.contains('\n'));
    assert_eq!(Config::from_compiled(&compiled).unwrap(), config);
}

#[test]
fn tables_may_be_written_inline() {
    let config =
        compile("source = [{ url = 'https://a.example/' }, { url = 'https://b.example/' }]")
            .unwrap();
    assert_eq!(config.sources.len(), 2);
}
