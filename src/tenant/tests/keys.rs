//! Names of tenants and keys.

use bytes::Bytes;
use proptest::prelude::*;

use super::recording::Recording;
use crate::host::{Kv, KvError, Precondition};
use crate::tenant::{KEY_BYTES_MAX, TENANT_CHARS_MAX, Tenant, TenantKv};
use crate::testing::block_on;

/// Names that have led out of a folder, a prefix or a table somewhere.
const HOSTILE: [&str; 34] = [
    "",
    ".",
    "..",
    "../main/head",
    "main/../x",
    "a/../../main/head",
    "./head",
    "seg/./x",
    "/head",
    "//head",
    "seg//x",
    "head/",
    "/",
    "..%2fmain%2fhead",
    "%2e%2e/main/head",
    "..\\main\\head",
    "head\0",
    "\0",
    "head\nx",
    "head\r\nx: y",
    "head ",
    " head",
    "ма\u{456}n",
    "ｍain",
    "main\u{200b}",
    "e\u{301}",
    "\u{202e}niam",
    "head?x=1",
    "head#x",
    "*",
    "ef/2/main/head",
    "ef:1:main:head",
    "main;",
    "\u{feff}main",
];

fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        proptest::sample::select(&HOSTILE[..]).prop_map(str::to_owned),
        Just("main".to_owned()),
        Just("news".to_owned()),
        Just("head".to_owned()),
        "[a-zA-Z0-9./%~_-]{0,12}",
        any::<String>(),
        Just("x".repeat(KEY_BYTES_MAX)),
    ];
    proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

/// Runs every operation of the port with `key`, whatever comes of it.
fn everything(kv: &impl Kv, key: &str) {
    block_on(async {
        let _ = kv.get(key).await;
        let _ = kv.get_many(&[key, "head", key]).await;
        let value = Bytes::from_static(b"mine");
        let _ = kv.put(key, value, Precondition::None, None).await;
        let _ = kv.list(key, None).await;
        let _ = kv.list("", Some(key)).await;
        let _ = kv.delete(key).await;
        let _ = kv.increment(key).await;
    });
}

proptest! {
    /// Every key that reaches the store begins with the tenant's prefix and goes on in a way that no store can read as a
    /// way out of it.
    #[test]
    fn no_key_leads_outside(key in hostile(), name in "[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?") {
        let store = Recording::default();
        let tenant = Tenant::new(&name).unwrap();
        everything(&TenantKv::new(&store, &tenant), &key);
        for asked in store.asked.borrow().iter() {
            let rest = asked.strip_prefix(&format!("ef/2/{name}/"));
            let rest = rest.unwrap_or_else(|| panic!("{asked:?} is outside of {name}"));
            prop_assert!(rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-/".contains(&byte)), "{asked:?}");
            prop_assert!(!rest.split('/').any(|part| part == ".." || part == "."), "{asked:?}");
            prop_assert!(asked.len() <= KEY_BYTES_MAX);
        }
    }

    /// What one tenant does leaves the values of another as they are, and shows none of them.
    #[test]
    fn another_tenant_sees_and_changes_nothing(key in hostile(), ours in hostile(), theirs in hostile()) {
        let store = Recording::default();
        let (Ok(ours), Ok(theirs)) = (Tenant::new(&ours), Tenant::new(&theirs)) else { return Ok(()) };
        prop_assume!(ours != theirs);
        let secret = Bytes::from_static(b"theirs");
        block_on(TenantKv::new(&store, &theirs).put("head", secret.clone(), Precondition::None, None)).unwrap();
        let kv = TenantKv::new(&store, &ours);
        everything(&kv, &key);
        let there = block_on(TenantKv::new(&store, &theirs).get("head")).unwrap();
        prop_assert_eq!(there.map(|entry| entry.value), Some(secret));
        prop_assert_eq!(block_on(kv.list("", None)).unwrap().keys, Vec::<String>::new());
    }

    /// Only plain names are tenants, and the prefixes of two tenants never overlap.
    #[test]
    fn only_plain_names_are_tenants(one in hostile(), other in "[a-z0-9-]{1,66}") {
        for name in [&one, &other] {
            let plain = !name.is_empty()
                && name.len() <= TENANT_CHARS_MAX
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && !name.starts_with('-')
                && !name.ends_with('-');
            prop_assert_eq!(Tenant::new(name).is_ok(), plain, "{:?}", name);
        }
        if let (Ok(one), Ok(other)) = (Tenant::new(&one), Tenant::new(&other)) {
            prop_assert!(one == other || !one.prefix().starts_with(&other.prefix()));
        }
    }
}

#[test]
fn hostile_keys_are_refused_before_the_store() {
    let store = Recording::default();
    let kv = TenantKv::new(&store, &Tenant::MAIN);
    let long = "x".repeat(KEY_BYTES_MAX - "ef/2/main/".len());
    // The only two that are plain names; both stay inside.
    let plain = |name: &&str| *name == "ef/2/main/head";
    for key in HOSTILE.iter().filter(|name| !plain(name)) {
        let answer = block_on(kv.get(key));
        assert!(matches!(answer, Err(KvError::Unavailable(_))), "{key:?}");
    }
    assert!(block_on(kv.get(&format!("{long}x"))).is_err());
    assert_eq!(*store.asked.borrow(), Vec::<String>::new());
    block_on(kv.get(&long)).unwrap();
    block_on(kv.get("ef/2/main/head")).unwrap();
    assert_eq!(store.asked.borrow()[1], "ef/2/main/ef/2/main/head");
}

#[test]
fn one_bad_key_refuses_the_whole_batch() {
    let store = Recording::default();
    let kv = TenantKv::new(&store, &Tenant::MAIN);
    assert!(block_on(kv.get_many(&["head", "../news/head"])).is_err());
    assert_eq!(*store.asked.borrow(), Vec::<String>::new());
}

#[test]
fn a_list_has_the_tenants_own_keys_without_the_prefix() {
    let store = Recording::default();
    for key in [
        "ef/2/a/head",
        "ef/2/a/seg/1",
        "ef/2/a-b/seg/2",
        "ef/2/b/seg/3",
        "ef/1/a/seg/4",
        "other",
    ] {
        store.values.borrow_mut().insert(key.into(), Bytes::new());
    }
    let kv = TenantKv::new(&store, &Tenant::new("a").unwrap());
    // The store here lists everything it has, whatever it is asked.
    let listed = |prefix| block_on(kv.list(prefix, None)).unwrap().keys;
    assert_eq!(listed(""), ["head", "seg/1"]);
    assert_eq!(listed("seg/"), ["seg/1"]);
    assert_eq!(listed("s"), ["seg/1"]);
    assert!(block_on(kv.list("../", None)).is_err());
    assert_eq!(
        *store.asked.borrow(),
        ["ef/2/a/", "ef/2/a/seg/", "ef/2/a/s"]
    );
}
