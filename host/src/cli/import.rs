//! `edgefold import`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use edgefold::config::authoring::import_opml;

use super::{MISTAKES, cannot, read_text};

/// Options of `import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The OPML file; `-` reads standard input
    file: PathBuf,
}

impl Import {
    pub(crate) fn run(self) -> ExitCode {
        let text = match read_text(&self.file) {
            Ok(text) => text,
            Err(why) => return cannot(why),
        };
        match import_opml(&text) {
            Ok(imported) => {
                print!("{}", imported.toml);
                eprintln!("{} sources", imported.sources);
                for why in imported.left_out {
                    eprintln!("left out: {why}");
                }
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{}: {error}", self.file.display());
                ExitCode::from(MISTAKES)
            }
        }
    }
}
