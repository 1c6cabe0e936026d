//! Conversions between registers and memory: float, double, integer, decimal.
//!
//! Source: Intel SDM volume 1, 4.2.2 (formats), 4.7 (packed decimals), table 8-10 (the indefinite
//! values that invalid stores give).

use super::number::{BIAS, Class, Exact, INTEGER_BIT, Number, Operand, SIGN};
use super::round::{Cut, cut, of_units};
use super::words::Rounding;

/// The number of digits of a packed decimal.
const DECIMAL_DIGITS: usize = 18;
/// The packed decimal that an invalid store gives.
pub(crate) const DECIMAL_INDEFINITE: [u8; 10] = [0, 0, 0, 0, 0, 0, 0, 0xC0, 0xFF, 0xFF];

/// The sizes of the fields of an IEEE format without an integer bit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    exponent_bits: u32,
    fraction_bits: u32,
}

impl Fields {
    pub(crate) const SINGLE: Fields = Fields { exponent_bits: 8, fraction_bits: 23 };
    pub(crate) const DOUBLE: Fields = Fields { exponent_bits: 11, fraction_bits: 52 };

    fn bias(self) -> i32 {
        (1 << (self.exponent_bits - 1)) - 1
    }

    fn greatest_biased(self) -> u64 {
        (1 << self.exponent_bits) - 1
    }

    /// The operand in these bits. A signaling NaN stays a signaling NaN.
    pub(crate) fn unpack(self, bits: u64) -> Operand {
        let sign = ((bits >> (self.exponent_bits + self.fraction_bits)) as u16 & 1) << 15;
        let biased = bits >> self.fraction_bits & self.greatest_biased();
        let fraction = (bits & ((1 << self.fraction_bits) - 1)) << (63 - self.fraction_bits);
        if biased == self.greatest_biased() {
            let infinity = Number::infinity(sign);
            return Operand::of(Number { significand: INTEGER_BIT | fraction, ..infinity });
        }
        if biased == 0 {
            // The last bit of a denormal's fraction has the same value as the last bit of the
            // smallest normal number.
            let units = u128::from(fraction);
            return match of_units(sign, units, 1 - self.bias() - 63) {
                None => Operand::of(Number::zero(sign)),
                Some(value) => Operand { number: Number::of_exact(value), class: Class::Denormal },
            };
        }
        let sign_exponent = sign | (biased as i32 - self.bias() + BIAS) as u16;
        Operand::of(Number { sign_exponent, significand: INTEGER_BIT | fraction })
    }

    /// The bits of a number in this format. The number must be rounded to this format already, or
    /// be a quiet NaN.
    pub(crate) fn pack(self, number: Number) -> u64 {
        let sign = u64::from(number.sign() != 0) << (self.exponent_bits + self.fraction_bits);
        let fraction_mask = (1u64 << self.fraction_bits) - 1;
        let top = |significand: u64| significand >> (63 - self.fraction_bits);
        let magnitude = match number.class() {
            Class::Zero => 0,
            Class::Normal | Class::Denormal => {
                let value = number.exact();
                let significand = (value.significand >> 64) as u64;
                let biased = value.exponent + self.bias();
                if biased > 0 {
                    (biased as u64) << self.fraction_bits | top(significand) & fraction_mask
                } else {
                    top(significand >> (1 - biased))
                }
            }
            _ => {
                let fraction = top(number.significand) & fraction_mask;
                self.greatest_biased() << self.fraction_bits | fraction
            }
        };
        sign | magnitude
    }
}

/// The number with the value of an integer.
pub(crate) fn from_integer(value: i64) -> Number {
    let sign = if value < 0 { SIGN } else { 0 };
    of_units(sign, value.unsigned_abs().into(), 0).map_or(Number::zero(0), Number::of_exact)
}

/// Rounds a value to an integer. In the returned `Cut`, `units` is the magnitude of the integer.
/// `None` if the magnitude is 2^65 or more.
pub(crate) fn to_units(value: Exact, rounding: Rounding) -> Option<Cut> {
    let dropped = 127 - value.exponent;
    u32::try_from(dropped).ok().filter(|&dropped| dropped >= 63).map(|d| cut(value, d, rounding))
}

/// The integer of `bits` bits with this sign and magnitude, or `None` when it does not fit.
pub(crate) fn to_integer(sign: u16, units: u128, bits: u32) -> Option<u64> {
    let limit = 1u128 << (bits - 1);
    match sign {
        0 if units < limit => Some(units as u64),
        SIGN if units <= limit => Some((units as u64).wrapping_neg()),
        _ => None,
    }
}

/// The number in ten bytes of packed decimals. A digit above 9 counts as its value; the manual
/// leaves such a digit undefined.
pub(crate) fn from_decimal(bytes: [u8; 10]) -> Number {
    let sign = u16::from(bytes[9] & 0x80) << 8;
    let units = bytes[..9].iter().rev().fold(0u128, |units, byte| {
        units * 100 + u128::from(byte >> 4) * 10 + u128::from(byte & 0xF)
    });
    of_units(sign, units, 0).map_or(Number::zero(sign), Number::of_exact)
}

/// The packed decimals of an integer, or `None` when it has more than 18 digits.
pub(crate) fn to_decimal(sign: u16, units: u128) -> Option<[u8; 10]> {
    if units >= 10u128.pow(DECIMAL_DIGITS as u32) {
        return None;
    }
    let mut bytes = [0; 10];
    let mut rest = units as u64;
    for byte in &mut bytes[..9] {
        *byte = (rest % 10) as u8 | ((rest / 10 % 10) as u8) << 4;
        rest /= 100;
    }
    bytes[9] = (sign >> 8) as u8;
    Some(bytes)
}
