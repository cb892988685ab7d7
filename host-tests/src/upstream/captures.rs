//! Serves a folder of captured feeds, such as people make of their own subscriptions.
//!
//! The folder holds `manifest.jsonl`: one JSON object a line with `file` (relative to the folder), `media_type` and
//! `http_headers`; `expect.title` and `format`, where present, name the source and its category.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::{Reply, Upstream};

/// One captured feed, as served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Its source's id.
    pub id: String,
    /// What the page calls it.
    pub title: String,
    /// The family of its format: `rss`, `rdf`, `atom`, `json-feed`.
    pub category: String,
    /// Where it is served.
    pub path: String,
    /// Its line of the manifest, for what a test expects.
    pub row: Value,
}

/// Serves all captures of `folder` on `upstream`, with validators.
///
/// # Errors
/// Where the manifest or a file it names can't be read.
pub fn mount(upstream: &Upstream, folder: &Path) -> anyhow::Result<Vec<Capture>> {
    let manifest = folder.join("manifest.jsonl");
    let rows =
        std::fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
    let mut captures: Vec<Capture> = Vec::new();
    let mut ids = BTreeSet::new();
    for (number, line) in rows
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let place = || format!("{}, line {}", manifest.display(), number + 1);
        let row: Value = serde_json::from_str(line).with_context(place)?;
        let file = row["file"].as_str().with_context(place)?.to_owned();
        let body = std::fs::read(folder.join(&file)).with_context(|| file.clone())?;
        let mut id = slug(&file);
        while !ids.insert(id.clone()) {
            id.push('x');
        }
        let path = format!("/captures/{file}");
        upstream.route(&path, reply(&row, body));
        captures.push(Capture {
            title: title(&row, &id),
            category: category(row["format"].as_str().unwrap_or_default()),
            id,
            path,
            row,
        });
    }
    Ok(captures)
}

/// The `edgefold.toml` for `captures` on a server at `base_url`. Whatever runs it must allow loopback addresses.
#[must_use]
pub fn config(base_url: &str, captures: &[Capture]) -> String {
    let mut toml = format!(
        "[site]\ntitle = \"Captured feeds\"\ndescription = \"{} feeds as they were once served.\"\n\n[limits]\nrequests_per_run = 200\n\n",
        captures.len()
    );
    for capture in captures {
        let title = toml_text(&capture.title);
        let _ = write!(
            toml,
            "[[source]]\nid = \"{}\"\ntitle = {title}\nurl = \"{base_url}{}\"\ncategory = \"{}\"\nevery = \"10m\"\n\n",
            capture.id, capture.path, capture.category,
        );
    }
    toml
}

fn reply(row: &Value, body: Vec<u8>) -> Reply {
    let media_type = row["media_type"]
        .as_str()
        .unwrap_or("application/octet-stream");
    let mut reply = Reply::document(media_type, body);
    let headers = row["http_headers"].as_object();
    let mut has_etag = false;
    for (name, value) in headers.into_iter().flatten() {
        let name = name.to_ascii_lowercase();
        // The body is served plain and whole, and its type is stated above.
        if matches!(
            name.as_str(),
            "content-type" | "content-encoding" | "content-length" | "transfer-encoding"
        ) {
            continue;
        }
        has_etag |= name == "etag";
        if let Some(value) = value.as_str() {
            reply = reply.header(&name, value);
        }
    }
    if has_etag { reply } else { reply.with_etag() }
}

fn title(row: &Value, id: &str) -> String {
    let stated = row["expect"]["title"]
        .as_str()
        .map(str::trim)
        .filter(|title| !title.is_empty());
    let plain: String = stated
        .unwrap_or(id)
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    plain.chars().take(80).collect()
}

fn category(format: &str) -> String {
    let format = format.to_ascii_lowercase();
    let family = if format.starts_with("atom") {
        "atom"
    } else if format.contains("json") {
        "json-feed"
    } else if format.contains("rdf") || format.contains("10") || format.contains("090") {
        "rdf"
    } else {
        "rss"
    };
    family.to_owned()
}

/// `files/nnw__DaringFireball.atom` becomes `nnw-daringfireball-atom`.
fn slug(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file).to_ascii_lowercase();
    let words: Vec<&str> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words
        .join("-")
        .chars()
        .take(60)
        .collect::<String>()
        .trim_matches('-')
        .to_owned()
}

/// A TOML basic string.
fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use edgefold::config::authoring::{compile, render};

    use super::*;

    /// The captures that lie beside the project, or where `EDGEFOLD_TESTDATA` says.
    fn folder() -> Option<PathBuf> {
        let named = std::env::var_os("EDGEFOLD_TESTDATA").map(PathBuf::from);
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/testdata");
        let folder = named.unwrap_or_else(|| beside.into()).join("feeds");
        folder.join("manifest.jsonl").exists().then_some(folder)
    }

    #[tokio::test]
    async fn the_captures_beside_the_project_make_a_configuration() {
        let Some(folder) = folder() else {
            println!(
                "skipped: no captures beside the project; EDGEFOLD_TESTDATA names a folder of them"
            );
            return;
        };
        let upstream = Upstream::start().await.unwrap();
        let captures = mount(&upstream, &folder).unwrap();
        let text = config(&upstream.base_url(), &captures);
        let config =
            compile(&text).unwrap_or_else(|all| panic!("{}", render("captures", &text, &all)));
        assert_eq!(config.sources.len(), captures.len());
        assert!(captures.len() >= 45);
    }

    #[tokio::test]
    async fn a_folder_without_a_manifest_is_an_error_that_names_it() {
        let upstream = Upstream::start().await.unwrap();
        let error = mount(&upstream, Path::new("/nowhere")).unwrap_err();
        assert!(
            format!("{error:#}").contains("/nowhere/manifest.jsonl"),
            "{error:#}"
        );
    }
}
