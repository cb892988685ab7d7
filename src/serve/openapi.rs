//! `GET /openapi.json`: OpenAPI 3.1.
//!
//! The file is made from the table of routes by `describe.rs`, and a test fails where it is not that: making it in every
//! guest would take more room than the document itself. A guest carries it compressed, a fifteenth of its size, and sends it so
//! to all who take it so.

use std::io::Read;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::bufread::GzDecoder;

use super::conditional::content_etag;
use super::reply::{JSON, Reply};
use crate::config::Cache;

/// `openapi.json` in gzip, by `build.rs`.
const COMPRESSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

/// The answer.
pub(super) fn document(policies: Cache) -> Reply {
    static DOCUMENT: OnceLock<(Bytes, String)> = OnceLock::new();
    let (text, etag) = DOCUMENT.get_or_init(|| {
        let text = inflated();
        let etag = content_etag(&text);
        (text, etag)
    });
    let mut reply = Reply::ok(JSON, vec![text.clone()]);
    reply.gzip = Some(Bytes::from_static(COMPRESSED));
    reply.kept_as(policies, etag.clone(), "openapi".to_owned())
}

fn inflated() -> Bytes {
    let mut text = Vec::new();
    // It comes from our own build, and a test reads it: nothing can be wrong with it.
    let _ = GzDecoder::new(COMPRESSED).read_to_end(&mut text);
    text.into()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::Value;

    use super::inflated;
    use crate::serve::describe;

    const DOCUMENT: &str = include_str!("openapi.json");

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
        assert_eq!(inflated(), DOCUMENT);
        assert!(
            text == DOCUMENT,
            "src/serve/openapi.json is not what the routes say: EDGEFOLD_BLESS=1 cargo test -p edgefold openapi"
        );
    }
}
