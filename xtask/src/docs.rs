//! The pages: every command and test that they name exists.

use std::fs;
use std::process::Command;

use anyhow::{Context, bail};
use clap::CommandFactory;

use crate::process::{cargo, output};
use crate::{Cli, guests, hosts, root};

/// The pages that are checked.
const PAGES: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs"];

/// Fails with every command in the pages that does not exist, and every test that the table of hosts names in vain.
pub(crate) fn check() -> anyhow::Result<()> {
    hosts::check()?;
    let tree = Cli::command();
    let mut help = None;
    let mut wrong = Vec::new();
    for page in pages()? {
        let text = fs::read_to_string(root().join(&page)).with_context(|| page.clone())?;
        for named in commands(&text) {
            let exists = match named.program {
                Program::Xtask => xtask_has(&tree, &named),
                Program::Edgefold => edgefold_has(&mut help, &named)?,
            };
            if !exists {
                wrong.push(format!("{page}:{}: {}", named.line, named.text));
            }
        }
    }
    if !wrong.is_empty() {
        bail!(
            "the pages name commands or options that do not exist:\n  {}",
            wrong.join("\n  ")
        );
    }
    Ok(())
}

fn pages() -> anyhow::Result<Vec<String>> {
    let mut pages = Vec::new();
    for page in PAGES {
        let path = root().join(page);
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                if name.ends_with(".md") {
                    pages.push(format!("{page}/{name}"));
                }
            }
        } else if path.is_file() {
            pages.push(page.to_owned());
        }
    }
    pages.sort();
    Ok(pages)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Xtask,
    Edgefold,
}

/// A command as a page names it.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    line: usize,
    text: String,
    program: Program,
    subcommand: String,
    options: Vec<String>,
}

/// Commands stand in code: a fenced or indented block's line, or between backticks.
fn commands(page: &str) -> Vec<Named> {
    let mut named = Vec::new();
    let mut fenced = false;
    for (index, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let codes: Vec<&str> = if fenced {
            vec![line]
        } else {
            line.split('`').skip(1).step_by(2).collect()
        };
        named.extend(codes.iter().filter_map(|code| command(code, index + 1)));
    }
    named
}

fn command(code: &str, line: usize) -> Option<Named> {
    let code = code.split(" #").next().unwrap_or(code).trim();
    let code = code.strip_prefix("$ ").unwrap_or(code);
    let (program, rest) = if let Some(rest) = code.strip_prefix("cargo xtask ") {
        (Program::Xtask, rest)
    } else {
        (Program::Edgefold, code.strip_prefix("edgefold ")?)
    };
    let mut words = rest
        .split(|c: char| c.is_whitespace() || "[]|=".contains(c))
        .filter(|word| !word.is_empty());
    let subcommand = words.next()?.to_owned();
    if !subcommand
        .chars()
        .all(|c| c.is_ascii_lowercase() || c == '-')
    {
        return None;
    }
    let options = words.filter_map(|word| word.strip_prefix("--"));
    Some(Named {
        line,
        text: code.to_owned(),
        program,
        subcommand,
        options: options
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}

fn xtask_has(tree: &clap::Command, named: &Named) -> bool {
    let Some(command) = tree.find_subcommand(&named.subcommand) else {
        return false;
    };
    let passes_on = command
        .get_arguments()
        .any(clap::Arg::is_trailing_var_arg_set);
    let known = |option: &String| {
        let mut arguments = command.get_arguments();
        option == "help" || arguments.any(|argument| argument.get_long() == Some(option))
    };
    passes_on || named.options.iter().all(known)
}

fn edgefold_has(help: &mut Option<String>, named: &Named) -> anyhow::Result<bool> {
    // The tests have built it, from other features of its dependencies than `cargo run` does: building it anew takes minutes.
    let built = guests::target_dir()?.join("debug/edgefold");
    let ask = |args: &[&str]| {
        let mut command = if built.is_file() {
            Command::new(&built)
        } else {
            cargo(&["run", "--quiet", "--bin", "edgefold", "--"])
        };
        output(command.args(args).arg("--help"))
    };
    let help = match help {
        Some(help) => help,
        None => help.insert(ask(&[])?),
    };
    let listed = |line: &str| line.split_whitespace().next() == Some(&named.subcommand);
    if !help.lines().any(listed) {
        return Ok(false);
    }
    let help = ask(&[&named.subcommand])?;
    let words = |text: &str| -> Vec<String> {
        let split = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        split
            .filter_map(|word| word.strip_prefix("--"))
            .map(str::to_owned)
            .collect()
    };
    let known = words(&help);
    Ok(named.options.iter().all(|option| known.contains(option)))
}

#[cfg(test)]
mod tests {
    use super::{Cli, CommandFactory, Program, command, commands, xtask_has};

    #[test]
    fn commands_are_found_in_code_only() {
        let page = "run cargo xtask none\n`cargo xtask test --quick`, then\n```sh\nedgefold check FILE # a comment\n```\n";
        let found: Vec<_> = commands(page)
            .into_iter()
            .map(|named| (named.line, named.program, named.subcommand, named.options))
            .collect();
        assert_eq!(
            found,
            [
                (
                    2,
                    Program::Xtask,
                    "test".to_owned(),
                    vec!["quick".to_owned()]
                ),
                (4, Program::Edgefold, "check".to_owned(), vec![]),
            ]
        );
    }

    #[test]
    fn unknown_commands_and_options_are_told_apart_from_known_ones() {
        let tree = Cli::command();
        let exists = |code| xtask_has(&tree, &command(code, 1).expect("a command"));
        assert!(exists(
            "cargo xtask build [component|spin|fastly] --config FILE"
        ));
        assert!(!exists("cargo xtask build --colour"));
        assert!(!exists("cargo xtask deploy"));
    }
}
