//! What `edgefold-host` answers without asking the component is what the component would answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgefold_host::kv::MemoryKv;
use edgefold_host::outbound::OutboundPolicy;
use edgefold_host::{EdgefoldHost, Limits};
use host_tests::arms::{ADMIN_TOKEN, Host};
use host_tests::upstream::{Reply, Upstream};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Empty};

use crate::site;

/// An answer is kept for a second at most: where the machine stops for longer, it is asked for again.
const TRIES_MAX: usize = 50;

/// A host whose one instance serves all requests in turn, and counts instructions.
async fn start(
    upstream: &Upstream,
    store: &Arc<MemoryKv>,
    kept_answers_bytes: usize,
) -> anyhow::Result<EdgefoldHost> {
    let limits = Limits {
        requests_per_instance: usize::MAX,
        requests_at_once: 1,
        instance_idle: Duration::from_secs(3600),
        kept_answers_bytes,
        ..Limits::default()
    };
    let epoch = site::NOW_S.to_string();
    let host = EdgefoldHost::builder()
        .component(std::fs::read(Host::Component.artefact()?)?)
        .configuration(site::toml(upstream))
        .variables([
            ("admin_token", ADMIN_TOKEN),
            ("source_key", site::SECRET),
            // So that lifetimes, which the moment decides on, are the same for both hosts.
            ("source_date_epoch", &epoch),
        ])
        .kv(Arc::clone(store))
        .outbound(OutboundPolicy::public().allow("127.0.0.0/8".parse()?))
        .limits(limits)
        .count_instructions();
    Ok(host.build().await?)
}

async fn ask(
    host: &EdgefoldHost,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> anyhow::Result<(u16, HeaderMap, Bytes)> {
    let mut request = Request::builder().method(method).uri(path);
    request = request.header("host", "fold.example");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let answer = host.handle(request.body(Empty::<Bytes>::new())?).await;
    let (mut parts, body) = answer.into_parts();
    assert!(parts.headers.remove("x-request-id").is_some(), "{path}");
    let body = body.collect().await.map_err(anyhow::Error::from_boxed)?;
    Ok((parts.status.as_u16(), parts.headers, body.to_bytes()))
}

/// What the component carries out while all of `paths` are asked for.
async fn taken(host: &EdgefoldHost, paths: &[&str]) -> anyhow::Result<u64> {
    // What was taken is known when the next request begins, and this one is never kept.
    ask(host, "GET", "/health", &[]).await?;
    let before = host.instructions().unwrap();
    for path in paths {
        ask(host, "GET", path, &[]).await?;
    }
    ask(host, "GET", "/health", &[]).await?;
    Ok(host.instructions().unwrap() - before)
}

pub(crate) async fn what_is_kept_is_what_would_be_answered() -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let store = Arc::new(MemoryKv::new());
    let keeping = start(&upstream, &store, edgefold_host::limits::KEPT_ANSWERS_BYTES).await?;
    let asking = start(&upstream, &store, 0).await?;
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let refresh = async |host| {
        let (_, _, report) = ask(
            host,
            "POST",
            "/_edgefold/refresh?all=1",
            &[("authorization", &bearer)],
        )
        .await?;
        let report: serde_json::Value = serde_json::from_slice(&report)?;
        anyhow::Ok(report["outcome"].clone())
    };
    assert_eq!(refresh(&keeping).await?, "published");
    let paths = [
        "/",
        "/?category=world",
        "/api/items",
        "/api/views",
        "/feed.xml",
        "/?q=item",
        "/api/items?q=item",
        "/feed.json?q=item",
        "/health",
        "/none",
    ];
    let (_, fields, _) = ask(&asking, "GET", "/", &[]).await?;
    let etag = fields["etag"].to_str()?.to_owned();
    let kinds: [&[(&str, &str)]; 5] = [
        &[],
        &[("accept-encoding", "gzip")],
        &[("if-none-match", &etag)],
        &[("if-match", "\"other\"")],
        &[("x-request-id", "mine"), ("cookie", "a=b")],
    ];
    for path in paths {
        for (method, kind) in kinds
            .iter()
            .flat_map(|kind| [("GET", kind), ("HEAD", kind)])
        {
            let want = ask(&asking, method, path, kind).await?;
            for _ in 0..3 {
                let answer = ask(&keeping, method, path, kind).await?;
                assert_eq!(answer, want, "{method} {path} {kind:?}");
            }
        }
    }
    // Where it is kept, the component is not asked: nothing is carried out but for /health.
    let alone = taken(&keeping, &[]).await?;
    for path in ["/", "/api/items?q=item"] {
        let mut tries = 0;
        while taken(&keeping, &[path; 3]).await? > alone + alone / 2 {
            tries += 1;
            assert!(
                tries < TRIES_MAX,
                "{path}: the component is asked each time"
            );
        }
    }
    assert!(taken(&asking, &["/", "/", "/"]).await? > 2 * alone);
    // What another host publishes shows at once.
    for number in 0..3 {
        let before = ask(&keeping, "GET", "/api/items", &[]).await?;
        let text = site::rss("news", Some(&format!("Edited {number} times")));
        upstream.route("/news.xml", Reply::document("text/xml", text));
        assert_eq!(refresh(&asking).await?, "published");
        let after = ask(&keeping, "GET", "/api/items", &[]).await?;
        assert_ne!(before, after);
        assert_eq!(after, ask(&asking, "GET", "/api/items", &[]).await?);
    }
    Ok(())
}
