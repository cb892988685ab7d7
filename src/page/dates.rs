//! Times as people read them. Sealed fragments are never rendered again, so they hold absolute times only.

use crate::time::Timestamp;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A time in the parts that the page shows, all UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// For the `datetime` attribute, to the minute: `2026-11-21T08:39Z`.
    pub(super) machine: String,
    /// `21 Nov 2026`
    pub(super) day: String,
    /// `08:39`
    pub(super) time: String,
}

impl Shown {
    pub(super) fn new(at: Timestamp) -> Self {
        let text = at.to_string();
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        let month = part(5, 7).parse::<usize>().unwrap_or(1).saturating_sub(1);
        let day = part(8, 10);
        Self {
            machine: format!("{}Z", part(0, 16)),
            day: format!(
                "{} {} {}",
                day.strip_prefix('0').unwrap_or(day),
                MONTHS.get(month).unwrap_or(&MONTHS[0]),
                part(0, 4),
            ),
            time: part(11, 16).to_owned(),
        }
    }
}

/// How long before `now` something was, in words coarse enough to stay true while the answer is cached:
/// `less than a minute ago`, `7 minutes ago`, `3 hours ago`, `12 days ago`.
#[must_use]
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let minutes = now.as_secs().saturating_sub(then.as_secs()) / 60;
    let (count, unit) = match minutes {
        ..1 => return "less than a minute ago".to_owned(),
        1..120 => (minutes, "minute"),
        120..2880 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

/// A count with a comma at every thousand: `1,234`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_parts_of_a_time() {
        let shown = Shown::new(Timestamp::parse("2026-11-03T08:39:59Z").unwrap());
        assert_eq!(shown.machine, "2026-11-03T08:39Z");
        assert_eq!(shown.day, "3 Nov 2026");
        assert_eq!(shown.time, "08:39");
    }

    #[test]
    fn shows_the_ends_of_time() {
        assert_eq!(Shown::new(Timestamp(i64::MIN)).day, "1 Jan 0001");
        assert_eq!(Shown::new(Timestamp(i64::MAX)).day, "31 Dec 9999");
    }

    #[test]
    fn counts_the_time_since() {
        let then = Timestamp::from_secs(1_000_000);
        let after = |secs: i64| ago(then, then.plus_millis(secs * 1000));
        assert_eq!(after(-5), "less than a minute ago");
        assert_eq!(after(59), "less than a minute ago");
        assert_eq!(after(60), "1 minute ago");
        assert_eq!(after(119 * 60), "119 minutes ago");
        assert_eq!(after(120 * 60), "2 hours ago");
        assert_eq!(after(47 * 3600), "47 hours ago");
        assert_eq!(after(48 * 3600), "2 days ago");
        assert_eq!(
            ago(Timestamp(i64::MIN), Timestamp(i64::MAX)),
            "213503982334 days ago"
        );
    }

    #[test]
    fn groups_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
    }
}
