//! NATS JetStream.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use edgefold_host::kv::{Entry, Kv, KvError, NatsKv, NatsOptions, Precondition, conformance};
use host_tests::servers::nats::Nats;
use host_tests::servers::proxy::{Mode, Proxy};

fn options(text: &str) -> NatsOptions {
    text.parse().unwrap()
}

async fn open(text: &str) -> NatsKv {
    NatsKv::open(&options(text)).await.unwrap()
}

async fn put(kv: &NatsKv, text: &'static str) {
    let value = Bytes::from_static(text.as_bytes());
    kv.put("head", value, Precondition::None, None)
        .await
        .unwrap();
}

async fn read(kv: &NatsKv) -> Option<Bytes> {
    kv.get("head")
        .await
        .unwrap()
        .map(|entry: Entry| entry.value)
}

/// Waits until `holds`; fails after `patience`. Says how long it took.
async fn within(patience: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds().await {
        assert!(
            start.elapsed() < patience,
            "{what}: not within {patience:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_keeps_the_rules() {
    let Some(server) = Nats::single("").unwrap() else {
        return;
    };
    let kv = open(&server.store("rules")).await;
    conformance::check(&kv).await.unwrap();
    conformance::check(&kv).await.unwrap();
    conformance::check_pages(&kv).await.unwrap();
    let notes = kv.notes().join("\n");
    assert!(notes.contains("one replica"), "{notes}");
}

/// Where `cargo xtask test` installs a current server.
fn current() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let program = target.join("nats/bin/nats-server");
    let installed = program.is_file();
    if !installed {
        println!("left out: no {}", program.display());
    }
    installed.then_some(program)
}

/// Starts a cluster of the machine's server, and of a current one; each where there is one.
fn clusters() -> impl Iterator<Item = Nats> {
    let own = || Nats::cluster(3).unwrap();
    let current = || Some(Nats::cluster_of(&current()?, 3).unwrap());
    std::iter::once_with(own)
        .chain(std::iter::once_with(current))
        .flatten()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_three_keeps_the_rules() {
    for cluster in clusters() {
        let kv = patient(&options(&cluster.store("rules?replicas=3"))).await;
        conformance::check(&kv).await.unwrap();
        conformance::check(&kv).await.unwrap();
        let notes = kv.notes().join("\n");
        assert!(notes.is_empty() || notes.contains("claim"), "{notes}");
    }
}

/// Opens a store on a cluster that has just begun: it needs a moment to choose its leaders.
async fn patient(options: &NatsOptions) -> NatsKv {
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        match NatsKv::open(options).await {
            Ok(kv) => return kv,
            Err(error) => assert!(Instant::now() < patience, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// NATS before 2.9.18 carries out purges of single subjects on all of them when it recovers (nats-server issue 4196).
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_all_servers() {
    for cluster in clusters() {
        outlives(cluster).await;
    }
}

async fn outlives(mut cluster: Nats) {
    let options = options(&cluster.store("site?replicas=3"));
    let mut kept = std::collections::BTreeMap::new();
    for round in 0..2 {
        let kv = patient(&options).await;
        for number in 0..20 {
            let key = format!("segment/{round}-{number}");
            let value = Bytes::from(vec![number; 2_000]);
            write(&kv, &key, &value).await;
            kept.insert(key, value);
        }
        let old = format!("segment/{round}-7");
        within(Duration::from_secs(20), "it is deleted", async || {
            kv.delete(&old).await.is_ok()
        })
        .await;
        kept.remove(&old);
        within(Duration::from_secs(20), "it is swapped", async || {
            let entry = kv.get("segment/0-0").await.unwrap().unwrap();
            let when = Precondition::Version(entry.version);
            kv.put("segment/0-0", entry.value, when, None).await.is_ok()
        })
        .await;
        drop(kv);
        for node in &mut cluster.nodes {
            node.kill();
        }
        for node in &mut cluster.nodes {
            node.restart().unwrap();
        }
        let kv = patient(&options).await;
        for (key, value) in &kept {
            let found = kv.get(key).await.unwrap().map(|entry| entry.value);
            assert_eq!(found.as_ref(), Some(value), "round {round}: {key}");
        }
        assert!(kv.get(&old).await.unwrap().is_none(), "{old}");
    }
}

/// As often as it takes: right after a start the leader may still change.
async fn write(kv: &NatsKv, key: &str, value: &Bytes) {
    within(Duration::from_secs(20), "a write", async || {
        kv.put(key, value.clone(), Precondition::None, None)
            .await
            .is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_is_seen_by_every_process_within_a_second() {
    let Some(server) = Nats::single("").unwrap() else {
        return;
    };
    let writer = open(&server.store("site")).await;
    let readers = [
        open(&server.store("site")).await,
        open(&server.store("site")).await,
    ];
    put(&writer, "0").await;
    for round in ["1", "2", "3", "4", "5"] {
        for reader in &readers {
            read(reader).await;
        }
        put(&writer, round).await;
        for reader in &readers {
            let patience = Duration::from_secs(1);
            within(patience, "the publish is seen", async || {
                read(reader).await.as_deref() == Some(round.as_bytes())
            })
            .await;
        }
    }
    writer.delete("head").await.unwrap();
    for reader in &readers {
        let patience = Duration::from_secs(1);
        within(patience, "the deletion is seen", async || {
            read(reader).await.is_none()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_read_needs_no_network_and_an_old_one_says_so() {
    let Some(server) = Nats::single("").unwrap() else {
        return;
    };
    let proxy = Proxy::start(server.nodes[0].address).await.unwrap();
    let direct = open(&server.store("site")).await;
    let kv = open(&format!("nats://{}/site", proxy.address)).await;
    put(&direct, "old").await;
    within(Duration::from_secs(5), "the first read", async || {
        read(&kv).await.as_deref() == Some(b"old")
    })
    .await;
    assert_eq!(kv.stale_for(), None);

    for mode in [Mode::Stall, Mode::Cut] {
        proxy.set(mode);
        within(Duration::from_secs(10), "the store is missed", async || {
            assert_eq!(read(&kv).await.as_deref(), Some(&b"old"[..]));
            kv.stale_for().is_some()
        })
        .await;
        put(&direct, "new").await;
        let start = Instant::now();
        assert_eq!(
            read(&kv).await.as_deref(),
            Some(&b"old"[..]),
            "as old as it is"
        );
        assert!(
            start.elapsed() < Duration::from_millis(100),
            "nobody waits for it"
        );
        let refused = kv.put("head", Bytes::new(), Precondition::None, None).await;
        assert!(
            matches!(
                refused,
                Err(KvError::Unavailable(_) | KvError::Ambiguous(_))
            ),
            "{refused:?}"
        );

        proxy.set(Mode::Pass);
        within(Duration::from_secs(15), "it mends by itself", async || {
            kv.stale_for().is_none() && read(&kv).await.as_deref() != Some(&b"old"[..])
        })
        .await;
        put(&direct, "old").await;
        within(Duration::from_secs(5), "the watch goes on", async || {
            read(&kv).await.as_deref() == Some(b"old")
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_is_ambiguous_and_then_known() {
    let Some(server) = Nats::single("").unwrap() else {
        return;
    };
    let kv = open(&server.store("site")).await;
    put(&kv, "one").await;
    let version = kv.get("head").await.unwrap().unwrap().version;
    server.nodes[0].process().unwrap().pause(true).unwrap();
    let two = Bytes::from_static(b"two");
    let when = Precondition::Version(version.clone());
    let lost = kv.put("head", two.clone(), when, None).await;
    server.nodes[0].process().unwrap().pause(false).unwrap();
    assert!(matches!(lost, Err(KvError::Ambiguous(_))), "{lost:?}");
    // It may be applied or not; but the next reader who gets an answer from the store knows which, and a swap agrees.
    within(Duration::from_secs(15), "the store answers", async || {
        kv.stale_for().is_none()
    })
    .await;
    let now = kv.get("head").await.unwrap().unwrap();
    let again = kv
        .put("head", two, Precondition::Version(version.clone()), None)
        .await;
    assert_eq!(again.is_ok(), now.version == version);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_server_or_bucket_is_said() {
    let users = "authorization { users: [ { user: writer, password: \"pass\" }, \
                 { user: reader, password: \"pass\", permissions: { publish: { deny: \"$KV.>\" } } } ] }";
    let Some(server) = Nats::single(users).unwrap() else {
        return;
    };
    let at = server.nodes[0].address;
    let refused = async |store: String| {
        NatsKv::open(&options(&store))
            .await
            .unwrap_err()
            .to_string()
    };

    let said = refused(format!("nats://{at}/site")).await;
    assert!(said.to_lowercase().contains("authorization"), "{said}");
    let said = refused(format!("nats://writer:pass@{at}/site?replicas=3")).await;
    assert!(
        said.contains("3 replicas") && said.contains("cluster"),
        "{said}"
    );
    assert!(!said.contains("pass@"), "{said}");
    NatsKv::open(&options(&format!("nats://writer:pass@{at}/site")))
        .await
        .unwrap();
    let said = refused(format!("nats://reader:pass@{at}/site")).await;
    assert!(
        said.contains("read-only") && said.contains("Permissions Violation"),
        "{said}"
    );
    drop(server);
    let said = refused(format!("nats://writer:pass@{at}/site")).await;
    assert!(said.contains(&at.to_string()), "{said}");

    let small = Nats::single("max_payload: 64KB").unwrap().unwrap();
    let said = refused(small.store("site")).await;
    assert!(said.contains("max_payload"), "{said}");
}

#[test]
fn addresses_are_checked() {
    for (text, named) in [
        ("nats://one", "bucket"),
        ("nats://one/a.b", "bucket"),
        ("nats://one/a?replicas=9", "replicas=9"),
        ("nats://one/a?copies=3", "copies"),
        ("nats://one/a?ca=ca.pem", "tls://"),
        ("tls://one/a?ca=", "ca"),
        ("nats://me:secret@one/a?creds=me.creds", "creds"),
        ("nats://secret@one/a?creds=me.creds", "creds"),
    ] {
        let said = text.parse::<NatsOptions>().unwrap_err();
        assert!(said.contains(named), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let shown = options("nats://me:secret@one,two:4223/site?replicas=3").to_string();
    assert_eq!(shown, "nats://one:4222,two:4223/site?replicas=3");
    let text = "tls://one:4222/site?replicas=3&ca=/etc/ca.pem&creds=/run/me.creds";
    assert_eq!(options(text).to_string(), text);
}
