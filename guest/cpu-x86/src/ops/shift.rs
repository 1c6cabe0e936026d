//! Shifts and rotates, single and double.
//!
//! For counts above 1 the manual leaves OVERFLOW undefined. Here the manual's formula for a count
//! of 1 gives OVERFLOW for every count. If the manual leaves ADJUST undefined, ADJUST becomes
//! clear.
//! Assumed: no code reads a flag that the manual leaves undefined.
//! Source: Intel SDM volume 2, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD.

use iced_x86::{Instruction, Mnemonic};

use crate::flags::Flags;
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{Immediate, Operation, Source, Target, Width};
use crate::registers::RCX;
use crate::select::{Place, by_target, by_wide_width, by_width, place};

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Shl | Mnemonic::Sal => single::<Left>(instruction),
        Mnemonic::Shr => single::<Right>(instruction),
        Mnemonic::Sar => single::<Arithmetic>(instruction),
        Mnemonic::Rol => single::<RotateLeft>(instruction),
        Mnemonic::Ror => single::<RotateRight>(instruction),
        Mnemonic::Rcl => single::<CarryLeft>(instruction),
        Mnemonic::Rcr => single::<CarryRight>(instruction),
        Mnemonic::Shld => double::<DoubleLeft>(instruction),
        Mnemonic::Shrd => double::<DoubleRight>(instruction),
        _ => None,
    }
}

fn single<S: Shift>(instruction: &Instruction) -> Option<Handler> {
    match place(instruction, 1) {
        Place::Immediate => by_target!(instruction, by_width, shift, S, Immediate),
        Place::General => by_target!(instruction, by_width, shift, S, InCl),
        _ => None,
    }
}

fn double<D: DoubleShift>(instruction: &Instruction) -> Option<Handler> {
    match place(instruction, 2) {
        Place::Immediate => by_target!(instruction, by_wide_width, double_shift, D, Immediate),
        Place::General => by_target!(instruction, by_wide_width, double_shift, D, InCl),
        _ => None,
    }
}

/// A shift. The count is masked already, and is at least 1.
trait Shift {
    fn apply<W: Width>(flags: &mut Flags, value: u64, count: u32) -> u64;
}

/// A double shift. The count is masked already, and is at least 1.
trait DoubleShift {
    /// The result, and the last bit that the shift moves out.
    fn apply<W: Width>(value: u64, filler: u64, count: u32) -> (u64, bool);
}

/// The count in CL.
struct InCl;

impl Source for InCl {
    #[inline(always)]
    fn load<W: Width>(machine: &mut Machine, _: &Operation) -> Result<u64, crate::machine::Exit> {
        Ok(machine.general[RCX] & 0xFF)
    }
}

/// Counts are taken modulo 32, or modulo 64 for 64-bit operands.
#[inline(always)]
fn masked<W: Width>(count: u64) -> u32 {
    count as u32 & if W::BITS == 64 { 63 } else { 31 }
}

fn shift<S: Shift, C: Source, T: Target, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let count = masked::<W>(C::load::<u8>(machine, operation)?);
    T::modify::<W>(machine, operation, |value, flags| {
        if count == 0 { value } else { S::apply::<W>(flags, value, count) }
    })
}

fn double_shift<D: DoubleShift, C: Source, T: Target, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let count = masked::<W>(C::load::<u8>(machine, operation)?);
    let filler = W::get(&machine.general, operation.source);
    T::modify::<W>(machine, operation, |value, flags| {
        if count == 0 {
            return value;
        }
        let (result, carry) = D::apply::<W>(value, filler, count);
        let overflow = (result ^ value) & W::SIGN != 0;
        flags.record_result(W::sign_extend(result), carry, overflow);
        result
    })
}

#[inline(always)]
fn bit<W: Width>(value: u64, number: u32) -> bool {
    number < W::BITS && value >> number & 1 == 1
}

#[inline(always)]
fn sign<W: Width>(value: u64) -> bool {
    value & W::SIGN != 0
}

struct Left;
struct Right;
struct Arithmetic;
struct RotateLeft;
struct RotateRight;
struct CarryLeft;
struct CarryRight;
struct DoubleLeft;
struct DoubleRight;

impl Shift for Left {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u64, count: u32) -> u64 {
        let result = value << count & W::MASK;
        let carry = count <= W::BITS && bit::<W>(value, W::BITS - count.min(W::BITS));
        flags.record_result(W::sign_extend(result), carry, sign::<W>(result) != carry);
        result
    }
}

impl Shift for Right {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u64, count: u32) -> u64 {
        let result = value >> count;
        let carry = bit::<W>(value, count - 1);
        flags.record_result(W::sign_extend(result), carry, sign::<W>(value));
        result
    }
}

impl Shift for Arithmetic {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u64, count: u32) -> u64 {
        let extended = W::sign_extend(value) as i64;
        let result = (extended >> count) as u64;
        let carry = extended >> (count - 1) & 1 == 1;
        flags.record_result(result, carry, false);
        result & W::MASK
    }
}

impl Shift for RotateLeft {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u64, count: u32) -> u64 {
        let count = count % W::BITS;
        let result = if count == 0 {
            value
        } else {
            (value << count | value >> (W::BITS - count)) & W::MASK
        };
        let carry = result & 1 == 1;
        flags.set_carry_and_overflow(carry, sign::<W>(result) != carry);
        result
    }
}

impl Shift for RotateRight {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u64, count: u32) -> u64 {
        let count = count % W::BITS;
        let result = if count == 0 {
            value
        } else {
            (value >> count | value << (W::BITS - count)) & W::MASK
        };
        let carry = sign::<W>(result);
        flags.set_carry_and_overflow(carry, carry != (result & W::SIGN >> 1 != 0));
        result
    }
}

impl Shift for CarryLeft {
    fn apply<W: Width>(flags: &mut Flags, value: u64, count: u32) -> u64 {
        let (mut result, mut carry) = (value, flags.carry());
        for _ in 0..count % (W::BITS + 1) {
            let out = sign::<W>(result);
            result = (result << 1 | u64::from(carry)) & W::MASK;
            carry = out;
        }
        flags.set_carry_and_overflow(carry, sign::<W>(result) != carry);
        result
    }
}

impl Shift for CarryRight {
    fn apply<W: Width>(flags: &mut Flags, value: u64, count: u32) -> u64 {
        let (mut result, mut carry) = (value, flags.carry());
        for _ in 0..count % (W::BITS + 1) {
            let out = result & 1 == 1;
            result = result >> 1 | u64::from(carry) << (W::BITS - 1);
            carry = out;
        }
        let overflow = sign::<W>(result) != (result & W::SIGN >> 1 != 0);
        flags.set_carry_and_overflow(carry, overflow);
        result
    }
}

// For 16 bits and counts above 16 the manual leaves the result undefined. Here, after all bits of
// the filler, the bits of the value are shifted in again.

impl DoubleShift for DoubleLeft {
    #[inline(always)]
    fn apply<W: Width>(value: u64, filler: u64, count: u32) -> (u64, bool) {
        let (value, filler) = (u128::from(value), u128::from(filler));
        let again = if W::BITS == 64 { 0 } else { value << (128 - 3 * W::BITS.min(32)) };
        let joined = value << (128 - W::BITS) | filler << (128 - 2 * W::BITS) | again;
        let result = joined << count >> (128 - W::BITS);
        (result as u64, joined >> (128 - count) & 1 == 1)
    }
}

impl DoubleShift for DoubleRight {
    #[inline(always)]
    fn apply<W: Width>(value: u64, filler: u64, count: u32) -> (u64, bool) {
        let (value, filler) = (u128::from(value), u128::from(filler));
        let again = if W::BITS == 64 { 0 } else { value << (2 * W::BITS) };
        let joined = again | filler << W::BITS | value;
        ((joined >> count) as u64 & W::MASK, joined >> (count - 1) & 1 == 1)
    }
}
