//! Arithmetic on exact values, with the soft-float library `rustc_apfloat`.
//!
//! The library has no precision control and does not say whether a result was rounded up. So the
//! library calculates here in a format with more bits and a wider exponent than any x87 result, and
//! cuts the result. Then `round.rs` rounds once, as the control word says. The value is cut to 111
//! bits, with a mark if bits were lost. Rounded to 64 bits or fewer, the cut value gives the same
//! result as the whole value.

use std::cmp::Ordering;

use rustc_apfloat::ieee::{IeeeFloat, Semantics};
use rustc_apfloat::{Float, Round, Status, StatusAnd};

use super::number::Exact;

/// A format of 128 bits with 17 bits of exponent. The significand has 111 bits, and its top bit is
/// hidden.
struct WideFormat;

impl Semantics for WideFormat {
    const BITS: usize = 128;
    const EXP_BITS: usize = 17;
}

type Wide = IeeeFloat<WideFormat>;

const FRACTION_BITS: u32 = 110;
const BIAS: i32 = 0xFFFF;

fn widen(value: Exact) -> Wide {
    let sign = u128::from(value.sign != 0) << 127;
    let exponent = ((value.exponent + BIAS) as u128) << FRACTION_BITS;
    let fraction = value.significand << 1 >> (128 - FRACTION_BITS);
    Wide::from_bits(sign | exponent | fraction)
}

/// The result of the library as an `Exact`; `None` for zero. The lowest bit is set if the library
/// has cut bits off.
fn narrow(result: StatusAnd<Wide>) -> Option<Exact> {
    if result.value.is_zero() {
        return None;
    }
    let bits = result.value.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let exponent = (bits << 1 >> (FRACTION_BITS + 1)) as i32;
    let lost = u128::from(result.status.contains(Status::INEXACT));
    Some(Exact {
        sign: ((bits >> 127) as u16) << 15,
        exponent: exponent - BIAS,
        significand: 1 << 127 | fraction << (127 - FRACTION_BITS) | lost,
    })
}

/// The sum; `None` for zero.
pub(crate) fn add(left: Exact, right: Exact) -> Option<Exact> {
    narrow(widen(left).add_r(widen(right), Round::TowardZero))
}

pub(crate) fn multiply(left: Exact, right: Exact) -> Exact {
    let product = narrow(widen(left).mul_r(widen(right), Round::TowardZero));
    product.expect("the exponent has room for every product")
}

pub(crate) fn divide(left: Exact, right: Exact) -> Exact {
    let quotient = narrow(widen(left).div_r(widen(right), Round::TowardZero));
    quotient.expect("the exponent has room for every quotient")
}

pub(crate) fn compare(left: Exact, right: Exact) -> Ordering {
    widen(left).partial_cmp(&widen(right)).expect("an exact value is no NaN")
}

/// The square root of a positive value of at most 64 significant bits. The library has no square
/// root.
pub(crate) fn square_root(value: Exact) -> Exact {
    // The radicand gets an even exponent and 127 or 128 bits, so the root has 64 bits.
    let odd = value.exponent.rem_euclid(2);
    let radicand = value.significand >> (1 - odd);
    let root = radicand.isqrt();
    let rest = radicand - root * root;
    // The exact root lies above the middle between two integers if `rest > root`. It never lies in
    // the middle.
    let half = u128::from(rest > root) << 63;
    Exact {
        sign: value.sign,
        exponent: value.exponent.div_euclid(2),
        significand: root << 64 | half | u128::from(rest != 0),
    }
}
