//! `edgefold check`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use edgefold::config::authoring;

use super::{MISTAKES, cannot, read_text};

/// Options of `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The configuration; `-` reads standard input
    #[arg(default_value = "edgefold.toml")]
    file: PathBuf,
    /// Print the compiled form, for a host's `config` variable or store key
    #[arg(long)]
    compile: bool,
    /// Print the JSON Schema of the file and check nothing
    #[arg(long, conflicts_with = "compile")]
    schema: bool,
}

impl Check {
    pub(crate) fn run(self) -> ExitCode {
        if self.schema {
            println!("{:#}", authoring::schema());
            return ExitCode::SUCCESS;
        }
        let text = match read_text(&self.file) {
            Ok(text) => text,
            Err(why) => return cannot(why),
        };
        let name = self.file.display().to_string();
        match authoring::compile(&text) {
            Ok(config) if self.compile => println!("{}", config.to_compiled()),
            Ok(config) => println!(
                "{name}: fine: {} sources, {} views",
                config.sources.len(),
                config.views.len()
            ),
            Err(mistakes) => {
                eprint!("{}", authoring::render(&name, &text, &mistakes));
                return ExitCode::from(MISTAKES);
            }
        }
        ExitCode::SUCCESS
    }
}
