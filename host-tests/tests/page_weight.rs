//! What a first visit transfers: page, stylesheet and module, as the component sends them to a browser that takes gzip.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the bans are for the host-neutral logic; tests play the host"
)]

use std::io::Read;

use flate2::read::GzDecoder;
use host_tests::arms::client::{Answer, send};
use host_tests::preview::{Options, Preview};

/// Page, stylesheet and module together, compressed, in bytes.
const TRANSFER_BYTES_MAX: usize = 15_000;

/// What a browser sends.
const BROWSER: [(&str, &str); 1] = [("accept-encoding", "gzip, deflate, br, zstd")];

/// The content of a compressed answer.
fn content(answer: &Answer) -> String {
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.header("vary").contains("accept-encoding"));
    let mut text = String::new();
    let mut decoder = GzDecoder::new(&answer.body[..]);
    decoder.read_to_string(&mut text).expect("gzip of text");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_visit_is_fifteen_kilobytes() {
    let options = Options {
        cycles: 96,
        ..Options::default()
    };
    let site = Preview::start(options).await.expect("a site");
    let page = send(&site.url, "GET", "/", &BROWSER).await.expect("a page");
    let html = content(&page);
    let link = page.header("link").to_owned();
    let mut sizes = vec![("/".to_owned(), page.body.len())];
    for part in link.split(", ") {
        let path = part.split(['<', '>']).nth(1).expect("an address");
        let asset = send(&site.url, "GET", path, &BROWSER)
            .await
            .expect("an asset");
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(
            asset.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert!(html.contains(path), "{path} is announced and not used");
        let file = send(&site.url, "GET", path, &[]).await.expect("an asset");
        assert_eq!(file.text(), content(&asset), "{path}");
        sizes.push((path.to_owned(), asset.body.len()));
    }
    let sum: usize = sizes.iter().map(|(_, bytes)| bytes).sum();
    println!(
        "{sizes:?}: {sum} bytes compressed, the page {} bytes plain",
        html.len()
    );
    assert_eq!(sizes.len(), 3);
    assert!(sum <= TRANSFER_BYTES_MAX, "{sizes:?}");
}
