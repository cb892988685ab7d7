//! Redis.

use bytes::Bytes;
use edgefold_host::kv::{Kv, KvError, Precondition, RedisKv, RedisOptions, conformance};
use host_tests::servers::redis::Redis;

fn options(text: &str) -> RedisOptions {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_the_rules() {
    let Some(server) = Redis::start(&[]).unwrap() else {
        return;
    };
    let kv = RedisKv::open(&options(&server.store(""))).await.unwrap();
    conformance::check(&kv).await.unwrap();
    conformance::check(&kv).await.unwrap();
    conformance::check_pages(&kv).await.unwrap();
    let notes = kv.notes().join("\n");
    assert!(notes.contains("appendonly no"), "{notes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deployments_share_a_redis_server_and_see_nothing_of_each_other() {
    let Some(server) = Redis::start(&[]).unwrap() else {
        return;
    };
    let one = RedisKv::open(&options(&server.store("1?prefix=one")))
        .await
        .unwrap();
    let two = RedisKv::open(&options(&server.store("1?prefix=two")))
        .await
        .unwrap();
    let value = Bytes::from_static(b"x");
    one.put("k", value.clone(), Precondition::Absent, None)
        .await
        .unwrap();
    assert_eq!(two.get("k").await.unwrap(), None);
    two.put("k", value, Precondition::Absent, None)
        .await
        .unwrap();
    two.delete("k").await.unwrap();
    assert!(one.get("k").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_server_that_is_of_no_use_is_refused_with_a_reason() {
    let dropping = ["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(server) = Redis::start(&dropping).unwrap() else {
        return;
    };
    let said = RedisKv::open(&options(&server.store("")))
        .await
        .unwrap_err();
    assert!(said.to_string().contains("noeviction"), "{said}");

    let secret = Redis::start(&["--requirepass", "secret"]).unwrap().unwrap();
    let said = RedisKv::open(&options(&secret.store("")))
        .await
        .unwrap_err();
    assert!(said.to_string().contains("NOAUTH"), "{said}");
    let right = format!("redis://:secret@{}/", secret.address);
    RedisKv::open(&options(&right)).await.unwrap();

    let replica = ["--replicaof", "127.0.0.1", "1"];
    let replica = Redis::start(&replica).unwrap().unwrap();
    let said = RedisKv::open(&options(&replica.store("")))
        .await
        .unwrap_err();
    assert!(said.to_string().contains("read-only"), "{said}");

    let gone = server.store("");
    drop(server);
    let said = RedisKv::open(&options(&gone)).await.unwrap_err();
    assert!(said.to_string().contains(&gone), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_down_is_said_and_mended_by_itself() {
    let Some(mut server) = Redis::start(&["--appendonly", "yes"]).unwrap() else {
        return;
    };
    let kv = RedisKv::open(&options(&server.store(""))).await.unwrap();
    server.process.pause(true).unwrap();
    let value = Bytes::from_static(b"x");
    let lost = kv.put("k", value.clone(), Precondition::Absent, None).await;
    assert!(matches!(lost, Err(KvError::Ambiguous(_))), "{lost:?}");
    server.process.pause(false).unwrap();
    // The server may carry it out now; what it does, it does whole.
    let mut read = kv.get("k").await;
    for _ in 0..100 {
        if read.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        read = kv.get("k").await;
    }
    let entry = read.unwrap();
    assert!(entry.is_none_or(|entry| entry.value == value));
    server.process.kill();
    assert!(matches!(kv.get("k").await, Err(KvError::Unavailable(_))));
}

#[test]
fn addresses_are_checked() {
    for (text, named) in [
        ("rediss://one,two", "one server"),
        ("redis://:secret@one/?ca=ca.pem", "rediss://"),
        ("rediss://one/?ca=", "ca"),
        ("rediss://one/?creds=me.creds", "creds"),
    ] {
        let said = text.parse::<RedisOptions>().unwrap_err();
        assert!(said.contains(named), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let shown = options("rediss://:secret@one/2?ca=/etc/ca.pem&prefix=mine").to_string();
    assert_eq!(shown, "rediss://one:6379/2?prefix=mine&ca=/etc/ca.pem");
}
