//! What a read takes on Spin: store reads and guest instructions, which the machine has no part in.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, ensure};
use edgefold_host::kv::{Kv, Precondition};

use super::counted::CountedKv;
use super::read::{Read, WARMING, reads};
use super::running::Running;
use super::table::{Cell, Table};
use super::writes;
use crate::arms::{Arm, Reads, SpinOptions, Stored};

/// Items of the whole site.
const SIZES: [usize; 2] = [1_000, 20_000];
/// What is asked for is asked for so often: what one took is known when the next begins.
const TIMES: usize = 3;

/// Measures all kinds of answers of the guest in `spin`. `component` walks to the addresses.
///
/// # Errors
/// Where a cycle of the history fails, or an answer is not as it should be.
pub async fn run(component: &Path, spin: &Path) -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    for items in SIZES {
        rows.extend(at_size(items, component, spin).await?);
    }
    Ok(Table {
        name: "spin",
        about: "answers of the guest for Spin by what they take an instance that is asked for them first, and again; key-value store, instructions are those of the guest (wasmtime fuel)".to_owned(),
        columns: vec![
            "answer",
            "items",
            "kv reads",
            "instructions",
            "kv reads again",
            "instructions again",
        ],
        rows,
    })
}

async fn at_size(items: usize, component: &Path, spin: &Path) -> anyhow::Result<Vec<Vec<Cell>>> {
    let (site, compiled) = writes::site(items)?;
    let kv = CountedKv::default();
    let mut stored = Stored::new();
    for (key, value) in site.kv.contents() {
        kv.put(&key, value.clone(), Precondition::None, None)
            .await?;
        stored.push((key, value));
    }
    drop(site);
    let walked = Running::start_counting(component, &compiled, kv).await?;
    let asked = reads(&walked).await?;
    let instructions = Arc::new(AtomicU64::new(0));
    let mut options = SpinOptions::new(vec![("config".to_owned(), compiled)])?;
    options.stored = stored;
    options.instructions = Some(Arc::clone(&instructions));
    let noted = Arc::clone(&options.reads);
    let arm = Arm::start_spin_from(spin, options).await?;
    for _ in 0..WARMING {
        arm.get("/api/views").await?;
    }
    let mut rows = Vec::new();
    for read in &asked {
        let taken = take(&arm, read, &noted, &instructions)
            .await
            .with_context(|| format!("{} at {items} items", read.name))?;
        let mut row = vec![read.name.into(), Cell::count(items as u64)];
        for (reads, instructions) in taken {
            row.extend([Cell::count(reads), Cell::count(instructions)]);
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Keys read and instructions, for the first time and for the second. The instance is one all the while: it lives for more
/// requests than are sent.
async fn take(
    arm: &Arm,
    read: &Read,
    noted: &Reads,
    instructions: &AtomicU64,
) -> anyhow::Result<[(u64, u64); 2]> {
    let fields: Vec<(&str, &str)> = read
        .fields
        .lines()
        .filter_map(|field| field.split_once(": "))
        .collect();
    let mut after = [(0, 0); TIMES];
    for after in &mut after {
        let before = count(noted);
        let answer = arm.send("GET", &read.path, &fields).await?;
        let status = answer.status.as_u16();
        ensure!(status == 200 || status == 304, "answered {status}");
        *after = (count(noted) - before, instructions.load(Ordering::Relaxed));
    }
    let [first, second, third] = after;
    Ok([
        (first.0, second.1 - first.1),
        (second.0, third.1 - second.1),
    ])
}

fn count(noted: &Reads) -> u64 {
    let noted = noted
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    noted.len() as u64
}
