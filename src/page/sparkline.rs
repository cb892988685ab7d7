//! Small charts as inline SVG, drawn at publish time. Their window ends with the publish, so that they stay true when read later.

use std::fmt::Write as _;

use crate::slice::{Strip, activity::SOURCE_SLOTS};

/// Height of the bars in a view's chart, in user units; one bar every two units.
const VIEW_HEIGHT: u32 = 20;
/// The same in a source's strip, above its line of failures; one slot every three units.
const STRIP_HEIGHT: u32 = 9;

/// Items by the hour, as bars. The stylesheet colours them by category.
pub(super) fn bars(counts: &[u16]) -> String {
    let path = path(counts.iter().copied(), 2, VIEW_HEIGHT);
    if path.is_empty() {
        return String::new();
    }
    svg(
        counts.len() * 2,
        VIEW_HEIGHT,
        "g",
        &format!(r#"<path d="{path}"/>"#),
    )
}

/// A week of one source: items as bars, and below them a mark for each slot in which it was failing.
pub(super) fn strip(strip: &Strip) -> String {
    let bars = path(
        strip.items.iter().map(|count| u16::from(*count)),
        3,
        STRIP_HEIGHT,
    );
    let mut content = String::new();
    if !bars.is_empty() {
        content = format!(r#"<path d="{bars}"/>"#);
    }
    let failures = failures(strip.failing);
    if !failures.is_empty() {
        content = format!(r#"{content}<path class="f" d="{failures}"/>"#);
    }
    if content.is_empty() {
        return content;
    }
    svg(SOURCE_SLOTS * 3, STRIP_HEIGHT + 4, "g", &content)
}

fn svg(width: usize, height: u32, class: &str, content: &str) -> String {
    format!(
        r#"<svg class="{class}" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">{content}</svg>"#
    )
}

/// Vertical strokes from the base up, relative to each other; the largest count is as high as the chart.
fn path(counts: impl Iterator<Item = u16> + Clone, step: u32, height: u32) -> String {
    let most = u32::from(counts.clone().max().unwrap_or(0));
    let mut path = String::new();
    // Where the pen is: across and up from the base.
    let (mut x, mut up) = (0, 0);
    for (index, count) in (0..).zip(counts).filter(|(_, count)| *count > 0) {
        let at: u32 = index * step + step / 2;
        // What is there is seen: never less than two units.
        let bar = (u32::from(count) * height).div_ceil(most.max(1)).max(2);
        // Writing to a string does not fail.
        let _ = if path.is_empty() {
            write!(path, "M{at} {height}v-{bar}")
        } else {
            write!(path, "m{} {up}v-{bar}", at - x)
        };
        (x, up) = (at, bar);
    }
    path
}

/// Horizontal strokes for the runs of set bits.
fn failures(mask: u32) -> String {
    let mut path = String::new();
    let mut slot = 0;
    while slot < SOURCE_SLOTS {
        let run = (slot..SOURCE_SLOTS)
            .take_while(|slot| mask >> slot & 1 == 1)
            .count();
        if run > 0 {
            let _ = write!(path, "M{} {}h{}", slot * 3, STRIP_HEIGHT + 2, run * 3);
        }
        slot += run.max(1);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_base() {
        assert_eq!(
            path([0, 1, 0, 2, 40].into_iter(), 2, 20),
            "M3 20v-2m4 2v-2m2 2v-20"
        );
        assert_eq!(bars(&[0; 48]), "");
        assert!(bars(&[1, 0]).starts_with(r#"<svg class="g" viewBox="0 0 4 20""#));
    }

    #[test]
    fn failures_are_runs() {
        assert_eq!(failures(0), "");
        assert_eq!(failures(0b1101), "M0 11h3M6 11h6");
        assert_eq!(failures(u32::MAX), "M0 11h84");
        let down = Strip {
            failing: 1,
            ..Strip::default()
        };
        assert!(strip(&down).contains(r#"class="f""#));
        assert_eq!(strip(&Strip::default()), "");
    }
}
