//! A small picture for a story: hills under a sky, in colours of its own.

use std::fmt::Write as _;

use super::super::Reply;
use super::super::reply::hash;
use crate::sim::SplitMix;

/// The picture at `path`: the same path gives the same picture.
pub(super) fn picture(path: &str) -> Reply {
    let random = SplitMix::new(hash(path.as_bytes()));
    let hue = random.below(360);
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180"><rect width="320" height="180" fill="hsl({hue} 45% 82%)"/>"#
    );
    let (x, y, r) = (
        40 + random.below(240),
        30 + random.below(50),
        14 + random.below(20),
    );
    let _ = write!(
        svg,
        r#"<circle cx="{x}" cy="{y}" r="{r}" fill="hsl({} 80% 92%)"/>"#,
        (hue + 40) % 360
    );
    for layer in 0..4 {
        let base = 90 + layer * 24;
        let (left, middle, right) = (random.below(40), random.below(50), random.below(40));
        let _ = write!(
            svg,
            r#"<path d="M0 {} Q80 {} 160 {} T320 {} V180 H0Z" fill="hsl({} 40% {}%)"/>"#,
            base + left,
            base - middle.min(40),
            base + right,
            base + middle,
            (hue + 150 + layer * 12) % 360,
            58 - layer * 11,
        );
    }
    Reply::document("image/svg+xml", svg + "</svg>").with_etag()
}
