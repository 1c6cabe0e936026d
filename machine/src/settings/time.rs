//! A simulated time in words: `250ms`, `1.5s`, `800us`, `2m`.

use portcls_emulator::LONGEST_RUN_NS;

/// The units, and the length of each unit in ns.
const UNITS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Why a text is not a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TimeError {
    /// The text is not a number and a unit.
    #[error("give a number and a unit (ns, us, ms, s, m, h), as in 250ms or 1.5s")]
    Form,
    /// The time has digits below 1 ns.
    #[error("simulated time is in whole ns: leave out the digits below")]
    TooFine,
    /// The time is as long as the longest run, or longer.
    #[error("a run lasts 100 years (876000h) at most: give less")]
    TooLong,
}

/// Reads the text of a time and returns the exact time in ns.
///
/// # Errors
/// [`TimeError`].
pub fn parse_ns(text: &str) -> Result<u64, TimeError> {
    let unit_start = text.find(|letter: char| letter.is_ascii_alphabetic());
    let (number, unit) = text.split_at(unit_start.ok_or(TimeError::Form)?);
    let unit_ns = UNITS.iter().find(|(name, _)| *name == unit).ok_or(TimeError::Form)?.1;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if !is_digits(whole) {
        return Err(TimeError::Form);
    }
    let whole: u64 = whole.parse().map_err(|_| TimeError::TooLong)?;
    let whole_ns = whole.checked_mul(unit_ns).ok_or(TimeError::TooLong)?;
    let fraction_ns = fraction_ns(fraction, unit_ns)?;
    let time_ns = whole_ns.checked_add(fraction_ns).ok_or(TimeError::TooLong)?;
    if time_ns >= LONGEST_RUN_NS { Err(TimeError::TooLong) } else { Ok(time_ns) }
}

/// The digits after the point, in ns.
fn fraction_ns(fraction: &str, unit_ns: u64) -> Result<u64, TimeError> {
    if !is_digits(fraction) {
        return Err(TimeError::Form);
    }
    let mut rest_ns = unit_ns;
    let mut sum_ns = 0;
    for digit in fraction.trim_end_matches('0').bytes() {
        if !rest_ns.is_multiple_of(10) {
            return Err(TimeError::TooFine);
        }
        rest_ns /= 10;
        sum_ns += u64::from(digit - b'0') * rest_ns;
    }
    Ok(sum_ns)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(parse_ns("250ms"), Ok(250_000_000));
        assert_eq!(parse_ns("1.5s"), Ok(1_500_000_000));
        assert_eq!(parse_ns("800us"), Ok(800_000));
        assert_eq!(parse_ns("2m"), Ok(120_000_000_000));
        assert_eq!(parse_ns("0.25h"), Ok(900_000_000_000));
        assert_eq!(parse_ns("1.000000001s"), Ok(1_000_000_001));
        assert_eq!(parse_ns("7.0ns"), Ok(7));
        assert_eq!(parse_ns("0ms"), Ok(0));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "s", "10", "1,5s", "-1s", "1 s", "1.s", ".5s", "1e3s", "5 years", "1.2.3s"]
        {
            assert_eq!(parse_ns(text), Err(TimeError::Form), "{text}");
        }
        assert_eq!(parse_ns("0.5ns"), Err(TimeError::TooFine));
        assert_eq!(parse_ns("1.0000000001s"), Err(TimeError::TooFine));
        assert_eq!(parse_ns("99999999999999999999s"), Err(TimeError::TooLong));
        assert_eq!(parse_ns("18446744073s"), Err(TimeError::TooLong));
        assert_eq!(parse_ns("875999h"), Ok(LONGEST_RUN_NS - 3_600_000_000_000));
        assert_eq!(parse_ns("876000h"), Err(TimeError::TooLong));
        assert_eq!(parse_ns("0.99999999999999999999999s"), Err(TimeError::TooFine));
    }
}
