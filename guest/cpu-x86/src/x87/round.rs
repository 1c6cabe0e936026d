//! Rounding: from an exact value to a number of a format, with the exceptions.
//!
//! Source: Intel SDM volume 1, 4.8.4 (rounding), 8.5.4 to 8.5.6 (overflow, underflow, precision).

use super::number::{Exact, GREATEST_EXPONENT, LEAST_EXPONENT, Number};
use super::words::{Rounding, Status};

/// An overflow that is not masked makes the exponent smaller by this number. An underflow that is
/// not masked makes the exponent larger by this number.
const EXPONENT_ADJUSTMENT: i32 = 0x6000;

/// A format of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    /// The number of bits of the significand, including the integer bit.
    pub(crate) precision_bits: u32,
    pub(crate) least_exponent: i32,
    pub(crate) greatest_exponent: i32,
}

impl Format {
    pub(crate) const SINGLE: Format =
        Format { precision_bits: 24, least_exponent: -126, greatest_exponent: 127 };
    pub(crate) const DOUBLE: Format =
        Format { precision_bits: 53, least_exponent: -1022, greatest_exponent: 1023 };

    /// The format of a register, for a precision.
    pub(crate) const fn register(precision_bits: u32) -> Format {
        Format {
            precision_bits,
            least_exponent: LEAST_EXPONENT,
            greatest_exponent: GREATEST_EXPONENT,
        }
    }
}

/// A rounded value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rounded {
    pub(crate) number: Number,
    pub(crate) exceptions: Status,
    /// Whether the magnitude is greater than before the rounding.
    pub(crate) is_up: bool,
}

/// A significand that was cut, and perhaps rounded up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    /// The rounded significand, in units of the last place.
    pub(crate) units: u128,
    /// Whether bits were lost.
    pub(crate) is_inexact: bool,
    pub(crate) is_up: bool,
}

/// Cuts the lowest `dropped` bits off a significand, and rounds. The significand may have fewer
/// bits than `dropped`.
pub(crate) fn cut(value: Exact, dropped: u32, rounding: Rounding) -> Cut {
    if dropped == 0 {
        return Cut { units: value.significand, is_inexact: false, is_up: false };
    }
    let units = value.significand.checked_shr(dropped).unwrap_or(0);
    let half = value.significand.checked_shr(dropped - 1).unwrap_or(0) & 1 == 1;
    let below = match 1u128.checked_shl(dropped - 1) {
        Some(half) => value.significand & (half - 1) != 0,
        None => true,
    };
    let is_inexact = half || below;
    let is_negative = value.sign != 0;
    let is_up = match rounding {
        Rounding::Nearest => half && (below || units & 1 == 1),
        Rounding::Down => is_inexact && is_negative,
        Rounding::Up => is_inexact && !is_negative,
        Rounding::Zero => false,
    };
    Cut { units: units + u128::from(is_up), is_inexact, is_up }
}

/// The value `units` × 2^`unit_exponent`; `None` for zero.
pub(crate) fn of_units(sign: u16, units: u128, unit_exponent: i32) -> Option<Exact> {
    if units == 0 {
        return None;
    }
    let zeros = units.leading_zeros();
    let exponent = unit_exponent + 127 - zeros as i32;
    Some(Exact { sign, exponent, significand: units << zeros })
}

/// Rounds to a precision, with an exponent of any size.
fn to_precision(value: Exact, precision_bits: u32, rounding: Rounding) -> (Exact, Cut) {
    let dropped = 128 - precision_bits;
    let cut = cut(value, dropped, rounding);
    let unit_exponent = value.exponent - 127 + dropped as i32;
    let rounded = of_units(value.sign, cut.units, unit_exponent);
    (rounded.expect("the top bit is kept"), cut)
}

/// Rounds a value to a format. `unmasked` has the exceptions that are not masked. For an overflow
/// or underflow that is not masked, the result is right only if it goes into a register. A store to
/// memory does not use this result.
pub(crate) fn round(value: Exact, format: Format, rounding: Rounding, unmasked: Status) -> Rounded {
    let (rounded, cut) = to_precision(value, format.precision_bits, rounding);
    let precision = if cut.is_inexact { Status::PRECISION } else { Status::empty() };
    // A value is tiny if it is too small after rounding. Source: Intel SDM volume 1, 4.9.1.5.
    if rounded.exponent < format.least_exponent {
        if unmasked.contains(Status::UNDERFLOW) {
            let exceptions = precision | Status::UNDERFLOW;
            return adjusted(rounded, EXPONENT_ADJUSTMENT, exceptions, cut);
        }
        return denormal(value, format, rounding);
    }
    if rounded.exponent > format.greatest_exponent {
        if unmasked.contains(Status::OVERFLOW) {
            let exceptions = precision | Status::OVERFLOW;
            return adjusted(rounded, -EXPONENT_ADJUSTMENT, exceptions, cut);
        }
        return overflow(value.sign, format, rounding);
    }
    Rounded { number: Number::of_exact(rounded), exceptions: precision, is_up: cut.is_up }
}

/// The response to a masked underflow.
fn denormal(value: Exact, format: Format, rounding: Rounding) -> Rounded {
    let missing = (format.least_exponent - value.exponent) as u32;
    let dropped = 128 - format.precision_bits + missing;
    let cut = cut(value, dropped, rounding);
    let unit_exponent = format.least_exponent + 1 - format.precision_bits as i32;
    let number = of_units(value.sign, cut.units, unit_exponent)
        .map_or(Number::zero(value.sign), Number::of_exact);
    let exceptions =
        if cut.is_inexact { Status::UNDERFLOW | Status::PRECISION } else { Status::empty() };
    Rounded { number, exceptions, is_up: cut.is_up }
}

/// The response to a masked overflow: infinity, or the greatest number of the format.
fn overflow(sign: u16, format: Format, rounding: Rounding) -> Rounded {
    let away = match rounding {
        Rounding::Nearest => true,
        Rounding::Down => sign != 0,
        Rounding::Up => sign == 0,
        Rounding::Zero => false,
    };
    let number = if away {
        Number::infinity(sign)
    } else {
        let significand = u128::MAX << (128 - format.precision_bits);
        Number::of_exact(Exact { sign, exponent: format.greatest_exponent, significand })
    };
    Rounded { number, exceptions: Status::OVERFLOW | Status::PRECISION, is_up: away }
}

/// The response to an overflow or underflow that is not masked: the exponent moves into the range.
/// If the exponent is still outside the range, as after FSCALE, the result is infinity or zero.
fn adjusted(rounded: Exact, adjustment: i32, exceptions: Status, cut: Cut) -> Rounded {
    let exponent = rounded.exponent.saturating_add(adjustment);
    let is_infinite = exponent > GREATEST_EXPONENT;
    if !is_infinite && exponent >= LEAST_EXPONENT {
        let number = Number::of_exact(Exact { exponent, ..rounded });
        return Rounded { number, exceptions, is_up: cut.is_up };
    }
    let number = if is_infinite { Number::infinity } else { Number::zero };
    Rounded {
        number: number(rounded.sign),
        exceptions: exceptions | Status::PRECISION,
        is_up: is_infinite,
    }
}
