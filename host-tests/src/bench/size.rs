//! The guests' sizes.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::table::{Cell, Table};

/// Measures the files of `dist/`.
///
/// # Errors
/// Where one is missing.
pub fn run(dist: &Path) -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    for guest in ["component", "spin", "fastly"] {
        let file = dist.join(format!("edgefold-{guest}.wasm"));
        let bytes = fs::read(&file)
            .with_context(|| format!("no {}: run `cargo xtask build`", file.display()))?;
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&bytes)?;
        rows.push(vec![
            guest.into(),
            Cell::count(bytes.len() as u64),
            Cell::count(packed.finish()?.len() as u64),
        ]);
    }
    Ok(Table {
        name: "size",
        about: "the guests in dist/, and what an upload of them takes".to_owned(),
        columns: vec!["guest", "bytes", "gzip -9 bytes"],
        rows,
    })
}
