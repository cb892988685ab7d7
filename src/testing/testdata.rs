//! Data of others that some tests of this crate read in place: captured feeds and answers, vectors. It is no part of the repository.

use std::path::PathBuf;

/// The folder `part` of it: in that of the environment's `EDGEFOLD_TESTDATA`, else beside the repository. `None` where it is not there,
/// which is said, as a test that needs it proves nothing then.
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test finds its data by environment, and says where it finds none"
)]
pub(crate) fn testdata(part: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/testdata");
    let all = std::env::var("EDGEFOLD_TESTDATA").unwrap_or_else(|_| beside.to_owned());
    let folder = PathBuf::from(all).join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: no test data at {} (set EDGEFOLD_TESTDATA)",
        folder.display()
    );
    None
}
