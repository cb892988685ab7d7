//! Stores over TLS, with certificates of a private authority.

use std::path::Path;
use std::time::Duration;

use edgefold_host::kv::{NatsKv, RedisKv, conformance};
use host_tests::servers::nats::Nats;
use host_tests::servers::redis::Redis;
use tokio::time::timeout;

use super::certificates::Certificates;

/// More than the time in which a server must answer when a store is opened.
const OPENED_WITHIN: Duration = Duration::from_secs(6);

async fn redis(store: &str) -> Result<RedisKv, String> {
    let options = store.parse().unwrap();
    let opened = RedisKv::open(&options).await;
    opened.map_err(|error| error.to_string())
}

async fn nats(store: &str) -> Result<NatsKv, String> {
    let options = store.parse().unwrap();
    let opened = NatsKv::open(&options).await;
    opened.map_err(|error| error.to_string())
}

fn secured_redis(certificates: &Certificates) -> Option<Redis> {
    Redis::secured(&certificates.server, &certificates.key, &certificates.ca).unwrap()
}

fn secured_nats(certificates: &Certificates) -> Option<Nats> {
    Nats::single(&format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\" }}",
        certificates.server.display(),
        certificates.key.display()
    ))
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_over_tls_keeps_the_rules() {
    let certificates = Certificates::of("edgefold");
    let Some(server) = secured_redis(&certificates) else {
        return;
    };
    let ca = certificates.ca.display();
    let kv = redis(&format!("rediss://{}/?ca={ca}", server.address))
        .await
        .unwrap();
    conformance::check(&kv).await.unwrap();
    conformance::check_pages(&kv).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_over_tls_keeps_the_rules() {
    let certificates = Certificates::of("edgefold");
    let Some(server) = secured_nats(&certificates) else {
        return;
    };
    let at = server.nodes[0].address;
    let ca = certificates.ca.display();
    let kv = nats(&format!("tls://{at}/rules?ca={ca}")).await.unwrap();
    conformance::check(&kv).await.unwrap();
    conformance::check_pages(&kv).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_an_unknown_authority_is_refused() {
    let certificates = Certificates::of("edgefold");
    let others = Certificates::of("somebody else");
    let unknown = |said: &str| said.contains("certificate") && said.contains("UnknownIssuer");
    if let Some(server) = secured_redis(&certificates) {
        let at = server.address;
        let said = redis(&format!("rediss://{at}")).await.unwrap_err();
        assert!(unknown(&said), "{said}");
        let ca = others.ca.display();
        let said = redis(&format!("rediss://{at}?ca={ca}")).await.unwrap_err();
        assert!(unknown(&said), "{said}");
    }
    if let Some(server) = secured_nats(&certificates) {
        let at = server.nodes[0].address;
        // The server asks for TLS itself: no address gets around its certificate.
        for scheme in ["tls", "nats"] {
            let said = nats(&format!("{scheme}://{at}/site")).await.unwrap_err();
            assert!(unknown(&said), "{said}");
        }
        let ca = others.ca.display();
        let said = nats(&format!("tls://{at}/site?ca={ca}")).await.unwrap_err();
        assert!(unknown(&said), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_refused() {
    let certificates = Certificates::of("edgefold");
    let ca = certificates.ca.display();
    let other = |said: &str| said.contains("certificate") && said.contains("localhost");
    if let Some(server) = secured_redis(&certificates) {
        let store = format!("rediss://localhost:{}?ca={ca}", server.address.port());
        let said = redis(&store).await.unwrap_err();
        assert!(other(&said), "{said}");
    }
    if let Some(server) = secured_nats(&certificates) {
        let port = server.nodes[0].address.port();
        let store = format!("tls://localhost:{port}/site?ca={ca}");
        let said = nats(&store).await.unwrap_err();
        assert!(other(&said), "{said}");
    }
}

/// What is said at once, or when nobody has answered in time.
async fn said<T: std::fmt::Debug>(opening: impl Future<Output = Result<T, String>>) -> String {
    timeout(OPENED_WITHIN, opening).await.unwrap().unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_on_one_side_only_is_said_in_time() {
    let certificates = Certificates::of("edgefold");
    let ca = certificates.ca.display();
    if let Some(server) = secured_redis(&certificates) {
        let said = said(redis(&server.store(""))).await;
        assert!(said.contains("write rediss://"), "{said}");
    }
    if let Some(server) = Redis::start(&[]).unwrap() {
        let store = format!("rediss://{}?ca={ca}", server.address);
        let said = said(redis(&store)).await;
        assert!(said.contains("write redis://"), "{said}");
    }
    if let Some(server) = Nats::single("").unwrap() {
        let store = format!("tls://{}/site?ca={ca}", server.nodes[0].address);
        let said = said(nats(&store)).await;
        assert!(said.contains("write nats://"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_authorities_that_is_of_no_use_is_named() {
    let certificates = Certificates::of("edgefold");
    let missing = certificates.folder().join("missing.pem");
    for file in [&certificates.key, &missing] {
        let file: &Path = file;
        let named = file.file_name().unwrap().to_str().unwrap();
        // Nobody is asked: the port is one where nobody listens.
        let said = redis(&format!("rediss://127.0.0.1:1?ca={}", file.display()))
            .await
            .unwrap_err();
        assert!(said.contains(&format!("{named}: ")), "{said}");
        let said = nats(&format!("tls://127.0.0.1:1/site?ca={}", file.display()))
            .await
            .unwrap_err();
        assert!(said.contains(&format!("{named}: ")), "{said}");
    }
}
