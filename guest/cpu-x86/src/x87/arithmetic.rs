//! Results of the arithmetic instructions, special operands first.
//!
//! Source: Intel SDM volume 2, the tables of FADD, FSUB, FMUL, FDIV, FSQRT, FSCALE, FXTRACT,
//! FRNDINT, FCOM; volume 1, 4.9.2 (the order of exceptions).

use std::cmp::Ordering;

use super::convert::{from_integer, to_units};
use super::number::{Class, Exact, Number, Operand, SIGN, choose_nan};
use super::round::of_units;
use super::words::{Rounding, Status};
use super::{Abandoned, Response, X87, exact};

/// FSCALE changes an exponent by at most this number. Already this change makes every number
/// overflow or underflow.
const SCALE_LIMIT: i64 = 0x1_0000;

/// The result of an instruction, or the fact that the instruction has no result.
pub(crate) type Answer = Result<Number, Abandoned>;

impl X87 {
    /// Returns the answer if an operand is unsupported or a NaN.
    pub(super) fn answer_nan(&mut self, left: Operand, right: Operand) -> Option<Answer> {
        let classes = [left.class, right.class];
        if classes.contains(&Class::Unsupported) {
            return Some(self.invalid());
        }
        if !classes.iter().any(|class| class.is_nan()) {
            return None;
        }
        if classes.contains(&Class::SignalingNan)
            && let Err(abandoned) = self.raise_before(Status::INVALID)
        {
            return Some(Err(abandoned));
        }
        Some(Ok(choose_nan(left, right)))
    }

    /// Returns the answer if the only operand is unsupported or a NaN.
    fn answer_single_nan(&mut self, value: Operand) -> Option<Answer> {
        self.answer_nan(value, value)
    }

    /// Notes a denormal operand.
    pub(super) fn check_denormal(&mut self, operands: &[Operand]) -> Result<(), Abandoned> {
        if operands.iter().any(|operand| operand.class == Class::Denormal) {
            return self.raise_before(Status::DENORMAL);
        }
        Ok(())
    }

    /// Rounds a result to the precision that the control word asks for.
    fn finish(&mut self, value: Exact) -> Number {
        self.round_result(value, self.control.precision_bits())
    }

    /// The sign of a zero that is the sum of two operands with different signs.
    fn sign_of_cancelled(&self) -> u16 {
        if self.control.rounding() == Rounding::Down { SIGN } else { 0 }
    }

    /// `left` + `right`.
    pub(crate) fn add(&mut self, left: Operand, right: Operand) -> Answer {
        self.add_or_subtract(left, right, 0)
    }

    /// `left` − `right`.
    pub(crate) fn subtract(&mut self, left: Operand, right: Operand) -> Answer {
        self.add_or_subtract(left, right, SIGN)
    }

    /// Adds. `flip` is xored into the sign of `right`.
    fn add_or_subtract(&mut self, left: Operand, right: Operand, flip: u16) -> Answer {
        if let Some(answer) = self.answer_nan(left, right) {
            return answer;
        }
        let (first, second) = (left.number, right.number);
        let second = second.with_sign(second.sign() ^ flip);
        let opposite = first.sign() != second.sign();
        let infinities = (left.class == Class::Infinity, right.class == Class::Infinity);
        if infinities == (true, true) && opposite {
            return self.invalid();
        }
        self.check_denormal(&[left, right])?;
        match (left.class, right.class) {
            (Class::Infinity, _) => Ok(first),
            (_, Class::Infinity) => Ok(second),
            (Class::Zero, Class::Zero) if opposite => Ok(Number::zero(self.sign_of_cancelled())),
            (Class::Zero, Class::Zero) => Ok(first),
            (Class::Zero, _) => Ok(self.finish(second.exact())),
            (_, Class::Zero) => Ok(self.finish(first.exact())),
            _ => match exact::add(first.exact(), second.exact()) {
                Some(sum) => Ok(self.finish(sum)),
                None => Ok(Number::zero(self.sign_of_cancelled())),
            },
        }
    }

    /// `left` × `right`.
    pub(crate) fn multiply(&mut self, left: Operand, right: Operand) -> Answer {
        if let Some(answer) = self.answer_nan(left, right) {
            return answer;
        }
        let sign = left.number.sign() ^ right.number.sign();
        let classes = (left.class, right.class);
        if matches!(classes, (Class::Infinity, Class::Zero) | (Class::Zero, Class::Infinity)) {
            return self.invalid();
        }
        self.check_denormal(&[left, right])?;
        match classes {
            (Class::Infinity, _) | (_, Class::Infinity) => Ok(Number::infinity(sign)),
            (Class::Zero, _) | (_, Class::Zero) => Ok(Number::zero(sign)),
            _ => Ok(self.finish(exact::multiply(left.number.exact(), right.number.exact()))),
        }
    }

    /// `left` ÷ `right`.
    pub(crate) fn divide(&mut self, left: Operand, right: Operand) -> Answer {
        if let Some(answer) = self.answer_nan(left, right) {
            return answer;
        }
        let sign = left.number.sign() ^ right.number.sign();
        let classes = (left.class, right.class);
        match classes {
            (Class::Infinity, Class::Infinity) | (Class::Zero, Class::Zero) => {
                return self.invalid();
            }
            (Class::Normal | Class::Denormal, Class::Zero) => {
                self.raise_before(Status::ZERO_DIVIDE)?;
                return Ok(Number::infinity(sign));
            }
            _ => {}
        }
        self.check_denormal(&[left, right])?;
        match classes {
            (Class::Infinity, _) => Ok(Number::infinity(sign)),
            (Class::Zero, _) | (_, Class::Infinity) => Ok(Number::zero(sign)),
            _ => Ok(self.finish(exact::divide(left.number.exact(), right.number.exact()))),
        }
    }

    /// The square root.
    pub(crate) fn square_root(&mut self, value: Operand) -> Answer {
        if let Some(answer) = self.answer_single_nan(value) {
            return answer;
        }
        if value.class == Class::Zero {
            return Ok(value.number);
        }
        if value.number.sign() != 0 {
            return self.invalid();
        }
        self.check_denormal(&[value])?;
        match value.class {
            Class::Infinity => Ok(value.number),
            _ => Ok(self.finish(exact::square_root(value.number.exact()))),
        }
    }

    /// The value as an integer, rounded as the control word says.
    pub(crate) fn round_to_integer(&mut self, value: Operand) -> Answer {
        if let Some(answer) = self.answer_single_nan(value) {
            return answer;
        }
        self.check_denormal(&[value])?;
        if matches!(value.class, Class::Zero | Class::Infinity) {
            return Ok(value.number);
        }
        let exact = value.number.exact();
        // A number whose magnitude is 2^65 or more has no bits after the point.
        let Some(cut) = to_units(exact, self.control.rounding()) else { return Ok(value.number) };
        self.set_c1(cut.is_up);
        if cut.is_inexact {
            self.raise(Status::PRECISION);
        }
        let rounded = of_units(exact.sign, cut.units, 0);
        Ok(rounded.map_or(Number::zero(exact.sign), Number::of_exact))
    }

    /// `value` × 2^n, where n is `scale` without its fraction.
    pub(crate) fn scale(&mut self, value: Operand, scale: Operand) -> Answer {
        if let Some(answer) = self.answer_nan(value, scale) {
            return answer;
        }
        let sign = value.number.sign();
        if scale.class == Class::Infinity {
            let grows = scale.number.sign() == 0;
            match (value.class, grows) {
                (Class::Zero, true) | (Class::Infinity, false) => return self.invalid(),
                _ => {}
            }
            self.check_denormal(&[value])?;
            return match (value.class, grows) {
                (Class::Zero, _) | (_, false) => Ok(Number::zero(sign)),
                _ => Ok(Number::infinity(sign)),
            };
        }
        self.check_denormal(&[value, scale])?;
        if matches!(value.class, Class::Zero | Class::Infinity) {
            return Ok(value.number);
        }
        let mut exact = value.number.exact();
        exact.exponent += scale_of(scale) as i32;
        Ok(self.round_result(exact, 64))
    }

    /// Splits a number into its exponent and its significand.
    pub(crate) fn extract(&mut self, value: Operand) -> Result<[Number; 2], Abandoned> {
        if let Some(answer) = self.answer_single_nan(value) {
            return answer.map(|nan| [nan, nan]);
        }
        match value.class {
            Class::Zero => {
                self.raise_before(Status::ZERO_DIVIDE)?;
                return Ok([Number::infinity(SIGN), value.number]);
            }
            Class::Infinity => return Ok([Number::infinity(0), value.number]),
            _ => self.check_denormal(&[value])?,
        }
        let exact = value.number.exact();
        let significand = Number::of_exact(Exact { exponent: 0, ..exact });
        Ok([from_integer(exact.exponent.into()), significand])
    }

    /// Compares. `quiet` says whether a quiet NaN is an invalid operation.
    pub(crate) fn compare(
        &mut self,
        left: Operand,
        right: Operand,
        quiet: QuietNans,
    ) -> Comparison {
        let classes = [left.class, right.class];
        let is_nan = classes.iter().any(|class| class.is_nan());
        let is_invalid = classes.contains(&Class::Unsupported)
            || classes.contains(&Class::SignalingNan)
            || is_nan && quiet == QuietNans::Invalid;
        if is_invalid {
            return Comparison { order: None, response: self.raise(Status::INVALID) };
        }
        if is_nan {
            return Comparison { order: None, response: Response::Masked };
        }
        let response = match self.check_denormal(&[left, right]) {
            Ok(()) => Response::Masked,
            Err(Abandoned) => Response::Unmasked,
        };
        Comparison { order: Some(order(left, right)), response }
    }
}

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// `None` when the operands have no order.
    pub(crate) order: Option<Ordering>,
    /// Whether an exception keeps the operands on the stack. The comparison returns the order in
    /// any case.
    /// Measured: on an AMD EPYC.
    pub(crate) response: Response,
}

/// How a comparison treats quiet NaNs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuietNans {
    /// A quiet NaN is an invalid operation: FCOM.
    Invalid,
    /// A quiet NaN only makes the result "unordered": FUCOM.
    Allowed,
}

/// The order of two operands that are not NaNs.
fn order(left: Operand, right: Operand) -> Ordering {
    let is_finite = |operand: Operand| matches!(operand.class, Class::Normal | Class::Denormal);
    if is_finite(left) && is_finite(right) {
        return exact::compare(left.number.exact(), right.number.exact());
    }
    // If an operand is a zero or an infinity, only the signs and the kinds matter.
    rank(left).cmp(&rank(right))
}

/// The place in this order: negative infinity, negative numbers, zeros, positive numbers, infinity.
fn rank(operand: Operand) -> i8 {
    let magnitude = match operand.class {
        Class::Zero => 0,
        Class::Infinity => 2,
        _ => 1,
    };
    if operand.number.sign() == 0 { magnitude } else { -magnitude }
}

/// The whole part of a scale. The magnitude is at most `SCALE_LIMIT`.
fn scale_of(scale: Operand) -> i64 {
    if scale.class == Class::Zero {
        return 0;
    }
    let exact = scale.number.exact();
    let units = to_units(exact, Rounding::Zero).map_or(u128::MAX, |cut| cut.units);
    let magnitude = units.min(SCALE_LIMIT as u128) as i64;
    if exact.sign == 0 { magnitude } else { -magnitude }
}
