//! Makes guests smaller with Binaryen's `wasm-opt`, where it is installed.
//!
//! LLVM leaves a tenth of a guest that Binaryen takes away. It knows core modules alone, so of a component it is given the largest
//! one, which is put back in its place.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::process::{output, run};

/// By name, as Debian's package `binaryen` has it.
pub(crate) const PROGRAM: &str = "wasm-opt";
/// For size. The features are those of Rust's WASI targets; with all that there are, older versions write what was a proposal once.
const OPTIONS: [&str; 7] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The target whose guests have SIMD by `.cargo/config.toml`, and what that is here. Others are not to get it.
const WITH_SIMD: (&str, &str) = ("wasm32-wasip2", "--enable-simd");

/// What a binary begins with.
const MAGIC: &[u8] = b"\0asm";
/// Magic, version and layer.
const PREAMBLE_BYTES: usize = 8;
/// The layer of a component: see the component model's Binary.md.
const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];
/// The section of a component that holds a core module.
const CORE_MODULE: u8 = 1;

/// The smaller form of `built`, a guest for `target`, beside it; made anew where `built` is newer. `None` where there is no `wasm-opt`.
pub(crate) fn smaller(built: &Path, target: &str) -> anyhow::Result<Option<PathBuf>> {
    let Ok(version) = output(Command::new(PROGRAM).arg("--version")) else {
        return Ok(None);
    };
    // Another version, another file.
    let version: String = version.chars().filter(char::is_ascii_digit).collect();
    let made = built.with_extension(format!("opt-{version}.wasm"));
    let time = |file: &Path| fs::metadata(file).and_then(|file| file.modified());
    if time(&made).is_ok_and(|made| time(built).is_ok_and(|built| built < made)) {
        return Ok(Some(made));
    }
    let binary = fs::read(built).with_context(|| format!("can't read {}", built.display()))?;
    let module = largest_module(&binary)
        .with_context(|| format!("{} is no WebAssembly", built.display()))?;
    let (before, after) = (made.with_extension("in"), made.with_extension("out"));
    fs::write(&before, &binary[module.clone()])?;
    run(Command::new(PROGRAM)
        .args(OPTIONS)
        .args((target == WITH_SIMD.0).then_some(WITH_SIMD.1))
        .arg(&before)
        .arg("-o")
        .arg(&after))?;
    let whole = replaced(&binary, module, &fs::read(&after)?)?;
    fs::remove_file(&before)?;
    fs::remove_file(&after)?;
    fs::write(&made, whole)?;
    Ok(Some(made))
}

/// Where the core module with the most bytes is: all of a binary that is one.
fn largest_module(binary: &[u8]) -> anyhow::Result<Range<usize>> {
    ensure!(
        binary.len() >= PREAMBLE_BYTES && binary.starts_with(MAGIC),
        "it begins with other bytes"
    );
    if binary.get(MAGIC.len()..PREAMBLE_BYTES) != Some(&COMPONENT) {
        return Ok(0..binary.len());
    }
    let (mut largest, mut at) = (0..0, PREAMBLE_BYTES);
    while at < binary.len() {
        let (contents, id) = section(binary, at)?;
        at = contents.end;
        if id == CORE_MODULE && contents.len() > largest.len() {
            largest = contents;
        }
    }
    ensure!(!largest.is_empty(), "it has no core module");
    Ok(largest)
}

/// Where the contents of the section at `at` are, and its id.
fn section(binary: &[u8], at: usize) -> anyhow::Result<(Range<usize>, u8)> {
    let id = *binary.get(at).context("it is cut short")?;
    let (mut length, mut start) = (0_usize, at + 1);
    // LEB128: seven bits a byte, the lowest first. A length has 32 bits.
    for shift in (0..32).step_by(7) {
        let byte = *binary.get(start).context("it is cut short")?;
        length |= usize::from(byte & 0x7f) << shift;
        start += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let end = start + length;
    ensure!(end <= binary.len(), "it is cut short");
    Ok((start..end, id))
}

/// `binary` with `module` in the place of what is at `old`.
fn replaced(binary: &[u8], old: Range<usize>, module: &[u8]) -> anyhow::Result<Vec<u8>> {
    if old.len() == binary.len() {
        return Ok(module.to_vec());
    }
    let mut whole = binary[..PREAMBLE_BYTES].to_vec();
    let mut at = PREAMBLE_BYTES;
    while at < binary.len() {
        let (contents, id) = section(binary, at)?;
        let end = contents.end;
        if contents == old {
            whole.push(id);
            let mut rest = u32::try_from(module.len())?;
            while rest > 0x7f {
                whole.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            whole.push(rest as u8);
            whole.extend_from_slice(module);
        } else {
            whole.extend_from_slice(&binary[at..end]);
        }
        at = end;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_with_simd_is_the_one_that_cargo_builds_with_it() {
        let config = include_str!("../../.cargo/config.toml");
        let named = format!(
            "[target.{}]\nrustflags = [\"-C\", \"target-feature=+simd128\"]",
            WITH_SIMD.0
        );
        assert!(config.contains(&named), "{config}");
        assert_eq!(config.matches("simd128").count(), 1, "{config}");
    }

    /// A component with a custom section, a small module, a large one, and a custom section.
    fn component(large: &[u8]) -> Vec<u8> {
        let mut binary = [MAGIC, &COMPONENT, &[0, 2, 7, 7], &[CORE_MODULE, 1, 9]].concat();
        binary.extend([
            CORE_MODULE,
            0x80 | (large.len() % 128) as u8,
            (large.len() / 128) as u8,
        ]);
        binary.extend(large);
        binary.extend([0, 1, 8]);
        binary
    }

    #[test]
    fn of_a_component_the_largest_module_is_replaced() {
        let binary = component(&[1; 300]);
        let module = largest_module(&binary).unwrap();
        assert_eq!(binary[module.clone()], [1; 300]);
        assert_eq!(
            replaced(&binary, module.clone(), &[1; 300]).unwrap(),
            binary
        );
        assert_eq!(
            replaced(&binary, module, &[2; 200]).unwrap(),
            component(&[2; 200])
        );
    }

    #[test]
    fn a_module_is_replaced_as_a_whole() {
        let binary = b"\0asm\x01\0\0\0rest";
        let module = largest_module(binary).unwrap();
        assert_eq!(replaced(binary, module, b"new").unwrap(), b"new");
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let binary = component(&[1; 300]);
        // After the first module, and after the second.
        let whole = [15, 318];
        for end in 0..binary.len() {
            let read = largest_module(&binary[..end]);
            assert_eq!(read.is_ok(), whole.contains(&end), "{end}");
        }
    }
}
