//! What an instance keeps for its readers where the host leaves that to the logic: less is read, and nobody sees anything else.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use super::lost::{self, get};
use super::world::{MemKv, World, at, block_on, post};
use crate::config::Config;
use crate::host::Kv;
use crate::serve::handle;
use crate::slice::keys;
use crate::tenant::{Tenant, TenantKv};

/// Two requests each that take the same sealed values: the second is asked for once, so that its whole answer is not given again.
const SEALED: [[&str; 2]; 2] = [
    ["/api/items?page=20", "/?page=20"],
    ["/api/items?q=post+7", "/?q=post+7"],
];

/// More values than an instance keeps.
const OTHERS: usize = 200;

fn site() -> (World, Config, String) {
    let (world, site, key, _) = lost::site();
    world.leaves_keeping.set(true);
    (world, site, key)
}

/// The store as the instance's readers see it.
fn readers(world: &World) -> TenantKv<'_, MemKv> {
    TenantKv::new(&world.kv, &Tenant::MAIN).keeping()
}

/// The answer, and what is read for it, without what all keys begin with.
fn asked(world: &World, site: &Config, path: &str) -> (String, Vec<String>) {
    world.kv.asked.borrow_mut().clear();
    let (status, body) = get(world, site, path);
    assert_eq!(status, 200, "{path}: {body}");
    let asked = world.kv.asked.take();
    let prefix = at("");
    (
        body,
        asked.iter().map(|key| key.replace(&prefix, "")).collect(),
    )
}

/// The value at `key` with its last bit turned.
fn damaged(world: &World, key: &str) -> Bytes {
    let mut value = world.kv.value(&at(key)).unwrap().to_vec();
    *value.last_mut().unwrap() ^= 1;
    value.into()
}

#[test]
fn what_is_sealed_is_read_once_and_the_head_each_time() {
    for [one, other] in SEALED {
        let (world, site, _) = site();
        world.leaves_keeping.set(false);
        let (answer, read) = asked(&world, &site, other);
        assert!(read.len() > 1, "{other}: {read:?}");

        world.leaves_keeping.set(true);
        assert!(asked(&world, &site, one).1.len() > 1, "{one}");
        let (again, read) = asked(&world, &site, other);
        assert_eq!((again, read), (answer, vec![keys::HEAD.to_owned()]));
        forget(&world);
    }
}

#[test]
fn a_new_head_is_seen_at_once() {
    let (world, site, _) = site();
    let total = |world: &World| lost::json(world, &site, "/api/items")["total"].clone();
    for _ in 0..3 {
        assert_eq!(total(&world), 600);
    }
    world.edit("a", |posts| posts.push(post("a", 600)));
    world.pass(900);
    world.cycle(&site);
    assert_eq!(total(&world), 601);
}

#[test]
fn what_is_damaged_or_missing_is_asked_for_again() {
    let (world, _, key) = site();
    let good = world.kv.value(&at(&key)).unwrap();
    let other = keys::segment(world.head().segments(0).next().unwrap().name);
    // Whole, and not what the key names.
    let other = world.kv.value(&at(&other)).unwrap();
    let read = |world: &World| {
        let found = block_on(readers(world).get(&key)).unwrap();
        found.map(|entry| entry.value)
    };
    for bad in [damaged(&world, &key), good.slice(..100), other] {
        world.kv.values.borrow_mut().remove(&at(&key));
        assert_eq!(read(&world), None);
        world.kv.set(&at(&key), bad.clone());
        for _ in 0..2 {
            assert_eq!(read(&world), Some(bad.clone()));
        }
        world.kv.set(&at(&key), good.clone());
        assert_eq!(read(&world), Some(good.clone()));
        // From here on it is kept.
        world.kv.set(&at(&key), bad);
        assert_eq!(read(&world), Some(good.clone()));
        forget(&world);
    }
}

/// Has other values take the place of all that is kept.
fn forget(world: &World) {
    // What is not whole is not kept.
    let other = world.kv.value(&at(keys::HEAD)).unwrap();
    for place in 0..OTHERS {
        let key = format!("other/{place}");
        world.kv.set(&at(&key), other.clone());
        for _ in 0..2 {
            block_on(readers(world).get(&key)).unwrap();
        }
    }
}

/// Where a store gives no versions, a damaged value has the version of what it was.
#[test]
fn a_damaged_head_is_not_kept() {
    use crate::slice::content_version;
    let (world, site, _) = site();
    let good = world.kv.value(&at(keys::HEAD)).unwrap();
    let bad = damaged(&world, keys::HEAD);
    assert_eq!(content_version(&bad), content_version(&good));
    let version = world.kv.values.borrow()[&at(keys::HEAD)].1;
    let put = |value: &Bytes| {
        let value = Bytes::copy_from_slice(value);
        world
            .kv
            .values
            .borrow_mut()
            .insert(at(keys::HEAD), (value, version));
    };
    put(&bad);
    for _ in 0..3 {
        assert_eq!(get(&world, &site, "/api/items").0, 503);
    }
    // It is put back under the same version. From here on the instance has a good one.
    for value in [&good, &good, &bad] {
        put(value);
        assert_eq!(get(&world, &site, "/api/items").0, 200);
    }
}

#[test]
fn a_repair_asks_for_what_is_kept() {
    let (world, site, key) = site();
    let mut variables = world.variables.take();
    variables.insert("admin_token", "token".to_owned());
    world.variables.replace(variables);
    block_on(readers(&world).get(&key)).unwrap();
    world.kv.values.borrow_mut().remove(&at(&key));
    world.pass(2 * 3600);
    let request = Request::post("/_edgefold/repair")
        .header("authorization", "Bearer token")
        .body(Bytes::new())
        .unwrap();
    let answer = block_on(handle(&world, &site.to_compiled(), request));
    let report: Value = serde_json::from_slice(&answer.into_body().into_bytes()).unwrap();
    assert_eq!(report["outcome"], "published", "{report}");
    assert!(report["restored"].as_u64() > Some(0), "{report}");
}

#[test]
fn no_tenant_is_given_what_is_kept_of_another() {
    let (world, _, key) = site();
    assert!(block_on(readers(&world).get(&key)).unwrap().is_some());
    let other = Tenant::new("other").unwrap();
    let other = TenantKv::new(&world.kv, &other).keeping();
    assert_eq!(block_on(other.get(&key)).unwrap(), None);
    assert_eq!(
        block_on(other.get_many(&[&key, keys::HEAD])).unwrap(),
        [None, None]
    );
}

#[test]
fn a_batch_asks_for_what_is_not_kept_and_answers_in_its_order() {
    let (world, _, key) = site();
    let kv = readers(&world);
    let first = keys::segment(world.head().segments(0).next().unwrap().name);
    let asked = [keys::HEAD, &key, "seg/none", &first, keys::STATE];
    let want = block_on(world.store().get_many(&asked)).unwrap();
    block_on(kv.get(&key)).unwrap();
    world.kv.asked.borrow_mut().clear();
    assert_eq!(block_on(kv.get_many(&asked)).unwrap(), want);
    assert!(!world.kv.asked.borrow().contains(&at(&key)));
    let again = block_on(kv.get_many(&[&first, &key])).unwrap();
    assert_eq!(again, [want[3].clone(), want[1].clone()]);
    assert_eq!(world.kv.asked.borrow().len(), 4);
}
