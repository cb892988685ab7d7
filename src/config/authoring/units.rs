//! Durations and sizes as people write them.

/// Units of durations, in seconds.
pub(super) const DURATION_UNITS: &[(&str, u64)] =
    &[("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];

/// Units of sizes, in bytes.
pub(super) const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1000),
    ("KiB", 1024),
    ("MB", 1_000_000),
    ("MiB", 1024 * 1024),
];

/// Why a quantity can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UnitError {
    /// It does not begin with a whole number.
    NoNumber,
    /// A number without a unit.
    NoUnit,
    /// This is no unit.
    Unknown(String),
}

/// Reads a whole number followed by one of `units`; a space between them is fine. Saturates.
pub(super) fn parse(text: &str, units: &[(&str, u64)]) -> Result<u64, UnitError> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    if number.is_empty() {
        return Err(UnitError::NoNumber);
    }
    if unit.is_empty() {
        return Err(UnitError::NoUnit);
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(UnitError::Unknown(unit.to_owned()));
    };
    // More digits than a u64 has is more than any bound.
    Ok(number
        .parse::<u64>()
        .unwrap_or(u64::MAX)
        .saturating_mul(*factor))
}

/// Writes `value` in the largest unit that leaves a whole number.
pub(super) fn show(value: u64, units: &[(&str, u64)]) -> String {
    let fits = |factor: &u64| value.is_multiple_of(*factor) && value >= *factor;
    let (unit, factor) = units
        .iter()
        .filter(|(_, factor)| fits(factor))
        .max_by_key(|(_, factor)| *factor)
        .or(units.first())
        .copied()
        .unwrap_or(("", 1));
    format!("{}{unit}", value / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quantities() {
        assert_eq!(parse("90s", DURATION_UNITS), Ok(90));
        assert_eq!(parse("2h", DURATION_UNITS), Ok(7200));
        assert_eq!(parse(" 1 d ", DURATION_UNITS), Ok(86_400));
        assert_eq!(parse("5MiB", SIZE_UNITS), Ok(5 * 1024 * 1024));
        assert_eq!(parse("500kB", SIZE_UNITS), Ok(500_000));
        assert_eq!(parse("99999999999999999999d", DURATION_UNITS), Ok(u64::MAX));
        assert_eq!(parse("10", DURATION_UNITS), Err(UnitError::NoUnit));
        assert_eq!(parse("m", DURATION_UNITS), Err(UnitError::NoNumber));
        assert_eq!(
            parse("5mb", SIZE_UNITS),
            Err(UnitError::Unknown("mb".into()))
        );
    }

    #[test]
    fn shows_quantities() {
        assert_eq!(show(1800, DURATION_UNITS), "30m");
        assert_eq!(show(604_800, DURATION_UNITS), "7d");
        assert_eq!(show(5 * 1024 * 1024, SIZE_UNITS), "5MiB");
        assert_eq!(show(1024, SIZE_UNITS), "1KiB");
        assert_eq!(show(0, DURATION_UNITS), "0s");
    }
}
