//! Compresses what every guest carries and seldom sends.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "runs where the crate is built"
)]

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

const DESCRIPTION: &str = "src/serve/openapi.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DESCRIPTION}");
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var_os("OUT_DIR").ok_or("run by cargo")?;
    let file = File::create(PathBuf::from(out).join("openapi.json.gz"))?;
    let mut gzip = GzEncoder::new(file, Compression::best());
    gzip.write_all(&fs::read(DESCRIPTION)?)?;
    gzip.finish()?;
    Ok(())
}
