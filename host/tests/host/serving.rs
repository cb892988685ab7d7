//! The real component behind the server. Skipped where it is not built.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgefold::config::authoring;
use edgefold_host::outbound::{Allowed, OutboundPolicy};
use edgefold_host::server::RunningServer;
use edgefold_host::{EdgefoldHost, Limits};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::guests::edgefold;

const TOKEN: &str = "secret";
const FEED: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"F","items":[
    {"id":"1","title":"Hello from upstream","url":"https://example.org/1","date_published":"2026-11-20T10:00:00Z"}]}"#;

async fn host(upstream: Option<&str>, policy: OutboundPolicy) -> Option<EdgefoldHost> {
    let url = upstream.unwrap_or("https://example.org/feed");
    let toml = format!("[site]\ntitle = \"T\"\n[[source]]\nid = \"s\"\nurl = \"{url}\"\n");
    let config = authoring::compile(&toml).unwrap().to_compiled();
    let limits = Limits {
        instances: 8,
        ..Limits::default()
    };
    let builder = EdgefoldHost::builder()
        .component(edgefold()?)
        .variables([("admin_token", TOKEN), ("config", &config)])
        .outbound(policy)
        .limits(limits);
    Some(builder.build().await.unwrap())
}

async fn ask(host: &EdgefoldHost, method: &str, path: &str, body: Bytes) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Full::new(body))
        .unwrap();
    let (parts, body) = host.handle(request).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, String::from_utf8_lossy(&body).into_owned())
}

/// An upstream that answers the feed once `release` says so.
async fn upstream(release: Arc<Notify>) -> (std::net::SocketAddr, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Notify::new());
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 2048];
            let _ = stream.read(&mut head).await;
            seen.notify_one();
            release.notified().await;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/feed+json\r\nContent-Length: {}\r\n\r\n{FEED}",
                FEED.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_cycle_through_the_component_is_served() {
    let release = Arc::new(Notify::new());
    let (address, _) = upstream(Arc::clone(&release)).await;
    let policy = OutboundPolicy::public().allow(Allowed::socket(address));
    let Some(host) = host(Some(&format!("http://{address}/feed")), policy).await else {
        return;
    };
    release.notify_one();
    let (status, report) = ask(&host, "POST", "/_edgefold/refresh", Bytes::new()).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["outcome"], "published", "{report}");
    let (_, items) = ask(&host, "GET", "/api/items", Bytes::new()).await;
    let items: serde_json::Value = serde_json::from_str(&items).unwrap();
    assert_eq!(items["items"][0]["title"], "Hello from upstream", "{items}");
}

#[tokio::test]
async fn a_private_upstream_is_refused_unless_allowed() {
    let release = Arc::new(Notify::new());
    let (address, _) = upstream(release).await;
    for url in [
        format!("http://{address}/feed"),
        format!("http://localhost:{}/feed", address.port()),
    ] {
        let Some(host) = host(Some(&url), OutboundPolicy::public()).await else {
            return;
        };
        let (status, report) = ask(&host, "POST", "/_edgefold/refresh", Bytes::new()).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["sources"][0]["outcome"], "failed", "{report}");
        let why = report["sources"][0]["error"].as_str().unwrap();
        assert!(why.contains("refuse") || why.contains("private"), "{why}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let Some(host) = host(None, OutboundPolicy::public()).await else {
        return;
    };
    let just = Bytes::from(vec![b'x'; edgefold::serve::REQUEST_BODY_BYTES_MAX]);
    let (status, _) = ask(&host, "POST", "/no-such-page", just).await;
    assert_ne!(status, StatusCode::PAYLOAD_TOO_LARGE);
    for over in [1, 100, 1 << 20] {
        let body = Bytes::from(vec![b'x'; edgefold::serve::REQUEST_BODY_BYTES_MAX + over]);
        let (status, text) = ask(&host, "POST", "/_edgefold/refresh", body).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{text}");
    }
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let Some(host) = host(None, OutboundPolicy::public()).await else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = RunningServer::start(host, listener).unwrap();
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let two = "HEAD /health HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-1\r\nConnection: close\r\n\r\n";
    stream.write_all(two.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let length = |head: &str| {
        head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        })
    };
    let (head, rest) = answers.split_once("\r\n\r\n").unwrap();
    let (get, body) = rest.split_once("\r\n\r\n").unwrap();
    assert!(get.starts_with("HTTP/1.1 "), "HEAD has a body: {answers}");
    assert_eq!(length(head), length(get), "{answers}");
    assert_eq!(length(get), Some(body.len().to_string()), "{answers}");
    assert!(get.contains("mine-1"), "{answers}");
    server.shutdown().await;
}

#[tokio::test]
async fn shutdown_lets_requests_under_way_end_and_takes_no_new_ones() {
    let release = Arc::new(Notify::new());
    let (address, asked) = upstream(Arc::clone(&release)).await;
    let policy = OutboundPolicy::public().allow(Allowed::socket(address));
    let Some(host) = host(Some(&format!("http://{address}/feed")), policy).await else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = RunningServer::start(host, listener).unwrap();
    let addr = server.addr;
    let client = tokio::spawn(async move {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let request = format!(
            "POST /_edgefold/refresh HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    asked.notified().await; // the component is waiting for its upstream
    let stopping = tokio::spawn(server.shutdown());
    tokio::time::timeout(Duration::from_secs(10), async {
        while TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("new connections are still accepted");
    assert!(!stopping.is_finished());
    release.notify_one();
    let answer = client.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stopping.await.unwrap();
}
