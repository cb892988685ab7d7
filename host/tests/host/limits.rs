//! A guest that behaves badly costs an answer and nothing else.

use std::time::{Duration, Instant};

use bytes::Bytes;
use edgefold_host::{BuildError, EdgefoldHost, Limits};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::guests::{Behaviour, misbehaving};

fn few() -> Limits {
    Limits {
        instances: 4,
        ..Limits::default()
    }
}

async fn host(behaviour: Behaviour, limits: Limits) -> EdgefoldHost {
    EdgefoldHost::builder()
        .component(misbehaving(behaviour))
        .limits(limits)
        .cache_dir(None)
        .build()
        .await
        .unwrap()
}

async fn ask(host: &EdgefoldHost) -> (StatusCode, String, Bytes) {
    let request = Request::get("/").body(Empty::<Bytes>::new()).unwrap();
    let (parts, body) = host.handle(request).await.into_parts();
    let content_type = parts.headers["content-type"].to_str().unwrap().to_owned();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, content_type, body)
}

#[tokio::test]
async fn a_trap_is_a_500_and_the_next_request_gets_a_new_instance() {
    let host = host(Behaviour::Trap, few()).await;
    for _ in 0..10 {
        let (status, content_type, body) = ask(&host).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(content_type, "application/problem+json");
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["status"], 500);
    }
}

#[tokio::test]
async fn a_guest_that_computes_for_ever_is_stopped_in_time() {
    let limits = Limits {
        request_timeout: Duration::from_millis(300),
        ..few()
    };
    let host = host(Behaviour::Spin, limits).await;
    let started = Instant::now();
    let answers = [ask(&host).await, ask(&host).await];
    for (status, ..) in answers {
        assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    }
    assert!(started.elapsed() >= Duration::from_millis(600));
    assert!(started.elapsed() < Duration::from_secs(30), "not stopped");
}

/// On the runtime's only thread: the others' timers run out and their sockets are read while the guest computes.
#[tokio::test]
async fn a_guest_that_computes_does_not_stop_others() {
    let limits = Limits {
        request_timeout: Duration::from_secs(20),
        ..few()
    };
    let spinning = host(Behaviour::Spin, limits).await;
    let spin = tokio::spawn(async move { ask(&spinning).await.0 });
    // Until the guest computes: it is instantiated when the runtime comes to its task.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let echo = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for _ in 0..5 {
            let byte = stream.read_u8().await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
            stream.write_u8(byte).await.unwrap();
        }
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    for byte in 0..5 {
        stream.write_u8(byte).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), byte);
    }
    echo.await.unwrap();
    assert!(!spin.is_finished(), "the others waited for the guest");
    spin.abort();
}

#[tokio::test]
async fn memory_ends_at_the_limit() {
    let limits = Limits {
        memory_bytes: 8 << 20,
        ..few()
    };
    let host = host(Behaviour::Grow, limits).await;
    let started = Instant::now();
    let (status, ..) = ask(&host).await;
    // A failing memory.grow traps at once, long before the time-out.
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(started.elapsed() < Limits::default().request_timeout);
}

#[tokio::test]
async fn more_requests_than_instances_wait_and_then_are_refused() {
    let limits = Limits {
        instances: 1,
        request_timeout: Duration::from_millis(600),
        queue_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let host = host(Behaviour::Spin, limits).await;
    let (first, second) = tokio::join!(ask(&host), ask(&host));
    let mut statuses = [first.0, second.0];
    statuses.sort();
    assert_eq!(
        statuses,
        [StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT]
    );
}

#[tokio::test]
async fn what_is_no_component_is_refused_with_a_reason() {
    let build = |bytes: &[u8]| {
        EdgefoldHost::builder()
            .component(bytes)
            .limits(few())
            .cache_dir(None)
            .build()
    };
    assert!(matches!(build(b"").await, Err(BuildError::NoComponent)));
    assert!(matches!(
        build(b"nonsense").await,
        Err(BuildError::Component(_))
    ));
    // A component, but not of this world.
    let other = wat::parse_str("(component)").unwrap();
    assert!(matches!(build(&other).await, Err(BuildError::Component(_))));
    let stranger = "(component (import \"some:thing/else\" (func)))";
    let Err(BuildError::Component(why)) = build(&wat::parse_str(stranger).unwrap()).await else {
        panic!("accepted");
    };
    assert!(why.contains("some:thing/else"), "{why}");
}
