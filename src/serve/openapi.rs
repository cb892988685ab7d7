//! `GET /openapi.json`: OpenAPI 3.1.
//!
//! The file is made from the table of routes by `describe.rs`, and a test fails where it is not that: making it in every
//! guest would take more room than the document itself.

use std::sync::OnceLock;

use bytes::Bytes;

use super::conditional::content_etag;
use super::reply::{JSON, Reply};
use crate::config::Cache;

const DOCUMENT: &str = include_str!("openapi.json");

/// The answer.
pub(super) fn document(policies: Cache) -> Reply {
    static ETAG: OnceLock<String> = OnceLock::new();
    let etag = ETAG.get_or_init(|| content_etag(DOCUMENT.as_bytes()));
    Reply::ok(JSON, vec![Bytes::from_static(DOCUMENT.as_bytes())]).kept_as(
        policies,
        etag.clone(),
        "openapi".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::Value;

    use super::DOCUMENT;
    use crate::serve::describe;

    /// Levels of the document whose members stand on lines of their own.
    const LINES_DEPTH: usize = 3;

    fn write(value: &Value, depth: usize, text: &mut String) {
        match value {
            Value::Object(members) if depth < LINES_DEPTH && !members.is_empty() => {
                text.push_str("{\n");
                for (index, (name, member)) in members.iter().enumerate() {
                    text.push_str(if index > 0 { ",\n" } else { "" });
                    write!(text, "{}:", Value::from(name.as_str())).unwrap();
                    write(member, depth + 1, text);
                }
                text.push_str("\n}");
            }
            _ => write!(text, "{value}").unwrap(),
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "who works on this crate asks for the file to be written"
    )]
    fn the_file_is_what_the_routes_say() {
        let mut text = String::new();
        write(&describe::description(), 0, &mut text);
        text.push('\n');
        if std::env::var("EDGEFOLD_BLESS").is_ok() {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/serve/openapi.json");
            std::fs::write(file, &text).unwrap();
            return;
        }
        assert!(
            text == DOCUMENT,
            "src/serve/openapi.json is not what the routes say: EDGEFOLD_BLESS=1 cargo test -p edgefold openapi"
        );
    }
}
