//! Requests over loopback, with names that stand for whatever a test wants.

use std::collections::BTreeMap;
use std::io;

use http::header;
use http_body_util::Empty;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::outbound::{Allowed, Resolving};

/// Names and what they stand for.
struct Names(BTreeMap<&'static str, Vec<IpAddr>>);

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        let found = self.0.get(host).map(|addresses| {
            let sockets = addresses.iter().map(|&ip| SocketAddr::new(ip, port));
            sockets.collect()
        });
        Box::pin(async move { found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)) })
    }
}

fn outbound<const N: usize>(
    policy: OutboundPolicy,
    names: [(&'static str, &[&str]); N],
) -> Outbound {
    let names = names.map(|(name, addresses)| {
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        (name, addresses.collect())
    });
    Outbound::new(policy, Arc::new(Names(BTreeMap::from(names)))).unwrap()
}

fn get(url: &str) -> Request<WasiBody> {
    let uri: Uri = url.parse().unwrap();
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let host = uri.authority().unwrap().to_string();
    let request = Request::get(uri).header(header::HOST, host);
    request.body(body).unwrap()
}

fn quick() -> RequestOptions {
    RequestOptions {
        connect_timeout: Some(Duration::from_secs(5)),
        first_byte_timeout: Some(Duration::from_millis(200)),
        between_bytes_timeout: Some(Duration::from_millis(200)),
    }
}

/// Answers every connection with `answer`, and keeps it open where `stall`.
async fn server(answer: String, stall: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            if stall {
                kept.push(stream);
            }
        }
    });
    address
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn private_addresses_are_refused_by_number_and_by_name() {
    let address = server(OK.to_owned(), false).await;
    let port = address.port();
    let names: [(&str, &[&str]); 3] = [
        ("inside.test", &["127.0.0.1"]),
        ("both.test", &["10.0.0.1", "169.254.169.254", "::1"]),
        ("mapped.test", &["::ffff:127.0.0.1"]),
    ];
    let outbound = outbound(OutboundPolicy::public(), names);
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "inside.test",
        "both.test",
        "mapped.test",
    ] {
        let answer = outbound
            .send(get(&format!("http://{host}:{port}/")), quick())
            .await;
        assert!(
            matches!(answer, Err(Error::DestinationIpProhibited)),
            "{host}: {answer:?}"
        );
    }
    let unknown = outbound.send(get("http://unknown.test/"), quick()).await;
    assert!(
        matches!(unknown, Err(Error::DnsError { .. })),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn the_connection_goes_to_a_checked_address_only() {
    let address = server(OK.to_owned(), false).await;
    let policy = OutboundPolicy::public().allow(Allowed::socket(address));
    // The first is refused though the second is allowed; the second is used.
    let outbound = outbound(policy, [("two.test", &["127.0.0.2", "127.0.0.1"])]);
    let url = format!("http://two.test:{}/path?q=1", address.port());
    let answer = outbound.send(get(&url), quick()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "ok");
}

#[tokio::test]
async fn a_redirect_is_handed_back_and_its_target_is_checked_anew() {
    let inside = server(OK.to_owned(), false).await;
    let location = format!("http://{inside}/secret");
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let outside = server(answer, false).await;
    let policy = OutboundPolicy::public().allow(Allowed::socket(outside));
    let outbound = outbound(policy, []);
    let answer = outbound
        .send(get(&format!("http://{outside}/")), quick())
        .await
        .unwrap();
    assert_eq!(answer.status(), 302);
    let target = answer.headers()[header::LOCATION].to_str().unwrap();
    let next = outbound.send(get(target), quick()).await;
    assert!(matches!(next, Err(Error::DestinationIpProhibited)));
}

#[tokio::test]
async fn stalls_and_broken_answers_are_told_apart() {
    let policy = |address| OutboundPolicy::public().allow(Allowed::socket(address));
    let mute = server(String::new(), true).await;
    let answer = outbound(policy(mute), [])
        .send(get(&format!("http://{mute}/")), quick())
        .await;
    assert!(
        matches!(answer, Err(Error::HttpResponseTimeout)),
        "{answer:?}"
    );

    let long = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok";
    for (stall, wanted) in [(true, "timeout"), (false, "incomplete")] {
        let address = server(long.to_owned(), stall).await;
        let answer = outbound(policy(address), [])
            .send(get(&format!("http://{address}/")), quick())
            .await;
        let body = answer.unwrap().into_body().collect().await;
        match (wanted, body) {
            ("timeout", Err(Error::ConnectionReadTimeout)) => {}
            ("incomplete", Err(Error::HttpResponseIncomplete)) => {}
            (_, body) => panic!("{wanted}: {body:?}"),
        }
    }

    let garbage = server("SSH-2.0-nothing\r\n\r\n".to_owned(), false).await;
    let answer = outbound(policy(garbage), [])
        .send(get(&format!("http://{garbage}/")), quick())
        .await;
    assert!(
        matches!(answer, Err(Error::HttpProtocolError)),
        "{answer:?}"
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let answer = outbound(policy(closed), [])
        .send(get(&format!("http://{closed}/")), quick())
        .await;
    assert!(
        matches!(answer, Err(Error::ConnectionRefused)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn plain_text_where_tls_is_expected_fails() {
    let address = server("HTTP/1.1 400 Bad\r\n\r\n".to_owned(), false).await;
    let policy = OutboundPolicy::public().allow(Allowed::socket(address));
    let answer = outbound(policy, [])
        .send(get(&format!("https://{address}/")), quick())
        .await;
    assert!(matches!(answer, Err(Error::TlsProtocolError)), "{answer:?}");
}

#[tokio::test]
async fn dropping_the_body_gives_the_connection_back() {
    let address = server(
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".to_owned(),
        true,
    )
    .await;
    let policy = OutboundPolicy::public().allow(Allowed::socket(address));
    let outbound = outbound(policy, []);
    for _ in 0..2 * CONNECTIONS {
        let answer = outbound
            .send(get(&format!("http://{address}/")), quick())
            .await;
        drop(answer.unwrap());
    }
    assert_eq!(outbound.connections.available_permits(), CONNECTIONS);
}
