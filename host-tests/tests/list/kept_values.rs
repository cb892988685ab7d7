//! What an instance of Spin keeps of its store: sealed values are read once, and the head for each request.

use std::sync::{Arc, PoisonError};

use host_tests::arms::{Arm, SpinOptions};

use crate::repair::Origin;

/// Results that each search has at least. No two ask for as many, so that no answer is given again as a whole: each is found anew
/// in the sealed values.
const RESULTS_MIN: usize = 5;
/// Requests until one has met an instance that has answered before: there may be several, and each lives a second when idle.
const REQUESTS_MAX: usize = 40;

pub(crate) async fn sealed_values_are_read_once() -> anyhow::Result<()> {
    let origin = Origin::start().await?;
    let mut options = SpinOptions::new(origin.variables()?)?;
    options.stored = origin.stored().await?;
    let reads = Arc::clone(&options.reads);
    let arm = Arm::start_spin(options).await?;
    let ask = async |more: usize| {
        let taken = || std::mem::take(&mut *reads.lock().unwrap_or_else(PoisonError::into_inner));
        taken();
        let limit = RESULTS_MIN + more;
        let path = format!("/api/items?q=item+7&limit={limit}");
        let answer = arm.get(&path).await?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let items = answer.json()?["items"].as_array().cloned();
        let mut items = items.unwrap_or_default();
        items.truncate(RESULTS_MIN);
        anyhow::Ok((items, taken()))
    };
    let is_head = |key: &String| key.ends_with("/head");
    let (first, read) = ask(0).await?;
    assert_eq!(first.len(), RESULTS_MIN);
    assert!(read.iter().any(|key| !is_head(key)), "{read:?}");
    for more in 1..=REQUESTS_MAX {
        let (again, read) = ask(more).await?;
        assert_eq!(again, first);
        assert!(read.iter().any(is_head), "{read:?}");
        if read.iter().all(is_head) {
            return Ok(());
        }
    }
    anyhow::bail!("sealed values are read each time")
}
