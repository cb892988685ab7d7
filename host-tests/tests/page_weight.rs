//! What a first visit transfers: page, stylesheet and module, compressed.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the bans are for the host-neutral logic; tests play the host"
)]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use host_tests::arms::client::send;
use host_tests::preview::{Options, Preview};

/// Page, stylesheet and module together, compressed, in bytes.
const TRANSFER_BYTES_MAX: usize = 15_000;

fn gzipped(content: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_visit_is_fifteen_kilobytes() {
    let options = Options {
        cycles: 96,
        ..Options::default()
    };
    let site = Preview::start(options).await.expect("a site");
    let page = send(&site.url, "GET", "/", &[]).await.expect("a page");
    let link = page.header("link").to_owned();
    let mut sizes = vec![("/".to_owned(), gzipped(&page.body))];
    for part in link.split(", ") {
        let path = part.split(['<', '>']).nth(1).expect("an address");
        let asset = send(&site.url, "GET", path, &[]).await.expect("an asset");
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(
            asset.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert!(
            page.text().contains(path),
            "{path} is announced and not used"
        );
        sizes.push((path.to_owned(), gzipped(&asset.body)));
    }
    let sum: usize = sizes.iter().map(|(_, bytes)| bytes).sum();
    println!(
        "{sizes:?}: {sum} bytes compressed, the page {} bytes plain",
        page.body.len()
    );
    assert_eq!(sizes.len(), 3);
    assert!(sum <= TRANSFER_BYTES_MAX, "{sizes:?}");
}
