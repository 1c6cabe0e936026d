//! What counts as a difference, and how a user writes these settings.

use std::str::FromStr;

use serde::Serialize;

/// How strictly two traces are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Each event with its cause and its time after this cause, to the ns. Settings that allow
    /// differences have no effect, but for `unordered`.
    Exact,
    /// Each event with its cause and its time after this cause. The settings say which differences
    /// are allowed.
    #[default]
    Causal,
    /// Each event with its cause. Times are not compared; the result only counts different times.
    Order,
}

/// How much a local delay may differ. A local delay is the time from the cause of an event to the
/// event.
///
/// The larger of the two limits counts. The default allows no difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Tolerance {
    /// A time in ns.
    pub ns: u64,
    /// A part of the delay, in millionths: 20 000 is 2 %.
    pub millionths: u32,
}

impl Tolerance {
    /// How much two delays may differ, in ns.
    pub(super) fn of_ns(self, first: i64, second: i64) -> u64 {
        let longer = first.unsigned_abs().max(second.unsigned_abs());
        let part = u128::from(longer) * u128::from(self.millionths) / 1_000_000;
        self.ns.max(u64::try_from(part).unwrap_or(u64::MAX))
    }

    /// True when no delay may differ.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Tolerance::default()
    }
}

/// How much the number of polls may differ where the driver polls in both traces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PollRule {
    /// Both traces must have the same number.
    #[default]
    Exact,
    /// The two numbers may differ by at most this number.
    Within(u32),
    /// The two numbers may be any. It is still a finding if only one trace polls.
    Any,
}

impl PollRule {
    pub(super) fn allows(self, more: i64) -> bool {
        match self {
            PollRule::Exact => more == 0,
            PollRule::Within(most) => more.unsigned_abs() <= u64::from(most),
            PollRule::Any => true,
        }
    }
}

/// Whether a difference counts if it is only in bits without a meaning. Such bits are in a register
/// that tells a state.
///
/// A bit has no meaning when the note on the read, such as `status: can write`, is the same whether
/// the bit is set or clear. The card does not drive such a bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undriven {
    /// These bits count.
    #[default]
    Compare,
    /// These bits do not count.
    Ignore,
}

/// The moment from which the times of both traces count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Power-on.
    #[default]
    PowerOn,
    /// The first event of each trace. This is for parts of traces that begin at a mark: the time
    /// before the mark is not compared.
    FirstEvent,
}

/// What counts as a difference.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct DiffOptions {
    /// How strictly the traces are compared.
    pub mode: Mode,
    /// How much a local delay may differ.
    pub tolerance: Tolerance,
    /// How much the number of polls may differ.
    pub polls: PollRule,
    /// Whether bits without a meaning count.
    pub undriven: Undriven,
    /// The actors whose events have no order among the events of others, such as `wire`.
    pub unordered: Vec<String>,
    /// The moment from which the times count.
    pub start: Start,
}

impl DiffOptions {
    /// The options that have an effect. An exact comparison allows no difference but the order of
    /// `unordered`.
    pub(super) fn settled(self) -> DiffOptions {
        match self.mode {
            Mode::Exact => DiffOptions {
                mode: Mode::Exact,
                unordered: self.unordered,
                start: self.start,
                ..Default::default()
            },
            Mode::Causal | Mode::Order => self,
        }
    }

    /// True when these options allow no difference between two aligned events.
    pub(super) fn is_strict(&self) -> bool {
        self.mode != Mode::Order
            && self.tolerance.is_zero()
            && self.polls == PollRule::Exact
            && self.undriven == Undriven::Compare
    }
}

/// Why a text is not a setting. The error says how to write the setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(&'static str);

const TOLERANCE_FORM: SettingError = SettingError(
    "write a time (5us), a percentage of the delay (2%), or the larger of both (5us|2%)",
);
const POLLS_FORM: SettingError = SettingError("write exact, any, or count:N as in count:2");

impl FromStr for Mode {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Mode, SettingError> {
        match text {
            "exact" => Ok(Mode::Exact),
            "causal" => Ok(Mode::Causal),
            "order" => Ok(Mode::Order),
            _ => Err(SettingError("write exact, causal or order")),
        }
    }
}

impl FromStr for Undriven {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Undriven, SettingError> {
        match text {
            "compare" => Ok(Undriven::Compare),
            "ignore" => Ok(Undriven::Ignore),
            _ => Err(SettingError("write compare or ignore")),
        }
    }
}

impl FromStr for PollRule {
    type Err = SettingError;

    /// Reads `exact`, `any`, or `count:2`. `count:±2` means the same as `count:2`.
    fn from_str(text: &str) -> Result<PollRule, SettingError> {
        match text {
            "exact" => return Ok(PollRule::Exact),
            "any" => return Ok(PollRule::Any),
            _ => {}
        }
        let count = text.strip_prefix("count:").ok_or(POLLS_FORM)?;
        let digits = count.strip_prefix('±').unwrap_or(count);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let most = digits.parse().ok().filter(|_| is_number);
        most.map(PollRule::Within).ok_or(POLLS_FORM)
    }
}

impl FromStr for Tolerance {
    type Err = SettingError;

    /// Reads `5us`, `2%`, `5us|2%` or `0`.
    fn from_str(text: &str) -> Result<Tolerance, SettingError> {
        let mut read = Tolerance::default();
        let (first, second) = match text.split_once('|') {
            Some((first, second)) => (first.trim(), Some(second.trim())),
            None => (text.trim(), None),
        };
        for (index, piece) in [Some(first), second].into_iter().flatten().enumerate() {
            match piece.strip_suffix('%') {
                Some(percent) if index == 1 || second.is_none() => {
                    let part = scaled(percent, 10_000).and_then(|part| u32::try_from(part).ok());
                    read.millionths = part.ok_or(TOLERANCE_FORM)?;
                }
                None if index == 0 => read.ns = time_ns(piece).ok_or(TOLERANCE_FORM)?,
                _ => return Err(TOLERANCE_FORM),
            }
        }
        Ok(read)
    }
}

/// Reads a time with its unit, and returns the time in ns; 0 needs no unit.
fn time_ns(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 4] =
        [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];
    if text == "0" {
        return Some(0);
    }
    let unit_start = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_start);
    let (_, unit_ns) = UNITS.iter().find(|(name, _)| *name == unit)?;
    scaled(number, *unit_ns)
}

/// A decimal number times `scale`, a power of ten; `None` unless the result is whole.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let mut sum = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    let mut rest = scale;
    for digit in fraction.trim_end_matches('0').bytes() {
        if rest == 1 {
            return None;
        }
        rest /= 10;
        sum = sum.checked_add(u64::from(digit - b'0') * rest)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_is_a_time_a_part_or_both() {
        let read = |text: &str| text.parse::<Tolerance>();
        assert_eq!(read("5us"), Ok(Tolerance { ns: 5_000, millionths: 0 }));
        assert_eq!(read("2%"), Ok(Tolerance { ns: 0, millionths: 20_000 }));
        assert_eq!(read("0.5us|0.25%"), Ok(Tolerance { ns: 500, millionths: 2_500 }));
        assert_eq!(read("0"), Ok(Tolerance::default()));
        for text in ["", "5", "us", "2%|5us", "5us|6us", "2%|2%", "-1us", "1.5ns", "5 us", "|"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn of_a_time_and_a_part_the_larger_one_counts() {
        let tolerance = Tolerance { ns: 100, millionths: 20_000 };
        assert_eq!(tolerance.of_ns(1_000, 900), 100);
        assert_eq!(tolerance.of_ns(900, 1_000_000), 20_000);
        assert_eq!(tolerance.of_ns(i64::MIN, i64::MAX), i64::MIN.unsigned_abs() / 50);
    }

    #[test]
    fn polls_are_exact_any_or_within_a_number() {
        assert_eq!("count:2".parse(), Ok(PollRule::Within(2)));
        assert_eq!("count:±2".parse(), Ok(PollRule::Within(2)));
        for text in ["count:", "count:-2", "count:+2", "2", "Any", "count:99999999999"] {
            assert!(text.parse::<PollRule>().is_err(), "{text}");
        }
        assert!(PollRule::Within(2).allows(-2) && !PollRule::Within(2).allows(3));
    }
}
