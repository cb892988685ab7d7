//! For everybody: axe-core finds nothing, and a phone needs no scrolling sideways.

use std::path::{Path, PathBuf};

use host_tests::browser::Look;
use host_tests::preview::Options;
use serde_json::Value;

use super::{Stage, stage};

/// WCAG 2.2 level AA and what leads there.
const RUN_AXE: &str = "
return axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((found) =>
  found.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html.slice(0, 120)).slice(0, 3).join(' | ')));
";

/// Where `cargo xtask test` puts it.
fn axe() -> Option<String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let file: PathBuf = target.join("npm/node_modules/axe-core/axe.min.js");
    let script = std::fs::read_to_string(&file);
    if script.is_err() {
        eprintln!(
            "skipped: no {}: `cargo xtask test` puts it there",
            file.display()
        );
    }
    script.ok()
}

/// One page of each kind.
async fn pages(stage: &Stage) -> Vec<String> {
    stage.open("/").await;
    let item = stage
        .text("document.querySelector('.items .w').getAttribute('href')")
        .await;
    vec![
        "/".into(),
        "/?category=releases".into(),
        "/?source=nimbus-status".into(),
        item,
        "/status".into(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing() {
    let Some(axe) = axe() else { return };
    let Some(stage) = stage(Options::default()).await else {
        return;
    };
    for path in pages(&stage).await {
        for look in [
            Look::WIDE,
            Look::WIDE.dark(),
            Look::PHONE,
            Look::PHONE.dark(),
        ] {
            stage.browser.look(look).await.expect("a look");
            stage.open(&path).await;
            stage.browser.run(&axe).await.expect("axe");
            let found = stage.browser.run(RUN_AXE).await.expect("findings");
            assert_eq!(found, Value::Array(Vec::new()), "{path} as {look:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_sticks_out_of_a_phone() {
    let Some(stage) = stage(Options::default()).await else {
        return;
    };
    for path in pages(&stage).await {
        for width in [320, 390] {
            let look = Look {
                width,
                ..Look::PHONE
            };
            stage.browser.look(look).await.expect("a phone");
            stage.open(&path).await;
            let over = stage
                .number("document.scrollingElement.scrollWidth - innerWidth")
                .await;
            assert!(over <= 0.0, "{path}: {over} px wider than {width}");
        }
    }
    stage.assert_no_complaint().await;
}
