//! Which of Spin's stores a site is kept in, what the operator hears where that is not to be had, and a lost answer of SQLite.

use host_tests::arms::{ADMIN_TOKEN, Arm, Host, SpinOptions};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

use crate::site;

/// More than any of these tests logs, in bytes.
const LOG_BYTES_MAX: usize = 64 * 1024;
const KEY_VALUE_GRANT: &str = "key_value_stores = [\"default\"]\n";
const SQLITE_GRANT: &str = "sqlite_databases = [\"default\"]\n";

fn options(store: &str) -> anyhow::Result<SpinOptions> {
    let variables = [("admin_token", ADMIN_TOKEN), ("store", store)];
    SpinOptions::new(variables.map(|(n, v)| (n.into(), v.into())).into())
}

/// Takes a grant out of the manifest.
fn without(mut options: SpinOptions, grant: &str) -> SpinOptions {
    assert!(options.manifest.contains(grant), "{}", options.manifest);
    options.manifest = options.manifest.replace(grant, "");
    options
}

/// Asks for a cycle and a page, both of which fail, and gives the log.
async fn log_of_a_failure(mut options: SpinOptions) -> anyhow::Result<String> {
    let log = MemoryOutputPipe::new(LOG_BYTES_MAX);
    options.log = Some(log.clone());
    let arm = Arm::start_spin(options).await?;
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", bearer.as_str())];
    let cycle = arm.send("POST", "/_edgefold/refresh", &headers).await?;
    assert_eq!(cycle.status, 503, "{}", cycle.text());
    let page = arm.get("/api/items").await?;
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(!page.text().contains("spin.toml"), "{}", page.text());
    Ok(String::from_utf8_lossy(&log.contents()).into_owned())
}

pub(crate) async fn what_is_wrong_is_said() -> anyhow::Result<()> {
    let log = log_of_a_failure(without(options("sqlite")?, SQLITE_GRANT)).await?;
    let said = "`sqlite_databases` in spin.toml must list \"default\"";
    assert!(log.contains(said), "{log}");
    let log = log_of_a_failure(without(options("")?, KEY_VALUE_GRANT)).await?;
    let said = "`key_value_stores` in spin.toml must list \"default\"";
    assert!(log.contains(said), "{log}");
    let log = log_of_a_failure(options("redis")?).await?;
    let said = "the variable `store`: it is \"redis\", and must be \"key-value\" or \"sqlite\"";
    assert!(log.contains(said), "{log}");
    Ok(())
}

/// The manifest says key-value where the operator says nothing, and neither store needs the grant of the other.
pub(crate) async fn each_store_needs_its_own_grant_alone() -> anyhow::Result<()> {
    let key_value = options("key-value")?;
    let manifest = &key_value.manifest;
    assert!(manifest.contains("store = { default = \"key-value\" }"));
    assert!(manifest.contains("store = \"{{ store }}\""));
    for options in [
        without(key_value, SQLITE_GRANT),
        without(options("sqlite")?, KEY_VALUE_GRANT),
    ] {
        let arm = Arm::start_spin(options).await?;
        let page = arm.get("/api/items").await?;
        assert_eq!(page.status, 200, "{}", page.text());
    }
    Ok(())
}

pub(crate) async fn a_lost_answer_is_looked_up() -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let undisturbed = site::start(Host::SpinSqlite, &upstream).await?;
    let undisturbed = undisturbed.refresh().await?;
    let mut options = SpinOptions::new(site::variables(&upstream)?)?;
    options.variables.push(("store".into(), "sqlite".into()));
    options.lost_write = Some("/head");
    let arm = Arm::start_spin(options).await?;
    let report = arm.refresh().await?;
    assert_eq!(report["outcome"], "published", "{report}");
    let (one, other) = (&report["kv"], &undisturbed["kv"]);
    assert_eq!(one["writes"], other["writes"], "{report}");
    let reads = |kv: &serde_json::Value| kv["reads"].as_u64();
    assert_eq!(reads(one), reads(other).map(|n| n + 1), "it was read");
    assert_eq!(report["generation"], 1, "{report}");
    let report = arm.refresh().await?;
    assert_eq!(report["outcome"], "unchanged", "{report}");
    let items = site::walk(&arm, "", 50).await?;
    assert_eq!(items.len(), site::WORKING.len() * site::ITEMS);
    Ok(())
}
