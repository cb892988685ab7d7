//! `edgefold check`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use edgefold::config::authoring;

use super::deployment;

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
        let deployment = match deployment(&self.file) {
            Ok(deployment) => deployment,
            Err(exit) => return exit,
        };
        if self.compile {
            println!("{}", deployment.to_compiled().trim_end());
            return ExitCode::SUCCESS;
        }
        for (tenant, config) in deployment.sites() {
            let tenant = tenant.map(|tenant| format!(" tenant {tenant}:"));
            println!(
                "{}: fine:{} {} sources, {} views",
                self.file.display(),
                tenant.unwrap_or_default(),
                config.sources.len(),
                config.views.len()
            );
        }
        ExitCode::SUCCESS
    }
}
