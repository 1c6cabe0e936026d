//! Packed integer arithmetic and logic on SSE registers.
//!
//! Nothing here calculates with floating-point numbers.
//! Source: Intel SDM volume 2, the page of each instruction.

use iced_x86::{Instruction, Mnemonic};

use super::xmm_moves::{Aligned, Alignment, source_xmm, target_xmm, xmm};
use crate::machine::{Exit, Handler, Machine, Outcome};
use crate::operation::Operation;
use crate::select::Place::{Immediate, Memory, Xmm};
use crate::select::places;
use crate::stop::Access;

/// Chooses the register form or the memory form of a packed operation. The operation is a function
/// of the old target and of the source, and gives the new target.
macro_rules! packed {
    ($instruction:expr, $function:expr) => {{
        fn on_registers(machine: &mut Machine, operation: &Operation) -> Outcome {
            let source = source_xmm(machine, operation);
            let target = target_xmm(machine, operation);
            *target = $function(*target, source);
            Ok(())
        }
        fn on_memory(machine: &mut Machine, operation: &Operation) -> Outcome {
            let source = aligned_source(machine, operation)?;
            let target = target_xmm(machine, operation);
            *target = $function(*target, source);
            Ok(())
        }
        match places($instruction) {
            (Xmm, Xmm) => Some(on_registers as Handler),
            (Xmm, Memory) => Some(on_memory as Handler),
            _ => None,
        }
    }};
}

pub(super) use packed;

/// The 16 bytes of a memory operand. An address that is not a multiple of 16 is a fault.
#[inline(always)]
pub(super) fn aligned_source(machine: &mut Machine, operation: &Operation) -> Result<u128, Exit> {
    let address = Aligned::address(machine, operation, Access::Read)?;
    Ok(u128::from_le_bytes(machine.memory.load(address)?))
}

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    bitwise(instruction)
        .or_else(|| addition(instruction))
        .or_else(|| comparison(instruction))
        .or_else(|| multiplication(instruction))
        .or_else(|| shift(instruction))
}

fn bitwise(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Pand | Mnemonic::Andps | Mnemonic::Andpd => {
            packed!(instruction, |a: u128, b: u128| a & b)
        }
        Mnemonic::Pandn | Mnemonic::Andnps | Mnemonic::Andnpd => {
            packed!(instruction, |a: u128, b: u128| !a & b)
        }
        Mnemonic::Por | Mnemonic::Orps | Mnemonic::Orpd => {
            packed!(instruction, |a: u128, b: u128| a | b)
        }
        Mnemonic::Pxor | Mnemonic::Xorps | Mnemonic::Xorpd => {
            packed!(instruction, |a: u128, b: u128| a ^ b)
        }
        _ => None,
    }
}

fn addition(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Paddb => packed!(instruction, |a, b| bytes(a, b, u8::wrapping_add)),
        Mnemonic::Paddw => packed!(instruction, |a, b| words(a, b, u16::wrapping_add)),
        Mnemonic::Paddd => packed!(instruction, |a, b| dwords(a, b, u32::wrapping_add)),
        Mnemonic::Paddq => packed!(instruction, |a, b| qwords(a, b, u64::wrapping_add)),
        Mnemonic::Psubb => packed!(instruction, |a, b| bytes(a, b, u8::wrapping_sub)),
        Mnemonic::Psubw => packed!(instruction, |a, b| words(a, b, u16::wrapping_sub)),
        Mnemonic::Psubd => packed!(instruction, |a, b| dwords(a, b, u32::wrapping_sub)),
        Mnemonic::Psubq => packed!(instruction, |a, b| qwords(a, b, u64::wrapping_sub)),
        Mnemonic::Paddusb => packed!(instruction, |a, b| bytes(a, b, u8::saturating_add)),
        Mnemonic::Paddusw => packed!(instruction, |a, b| words(a, b, u16::saturating_add)),
        Mnemonic::Psubusb => packed!(instruction, |a, b| bytes(a, b, u8::saturating_sub)),
        Mnemonic::Psubusw => packed!(instruction, |a, b| words(a, b, u16::saturating_sub)),
        Mnemonic::Paddsb => packed!(instruction, |a, b| signed_bytes(a, b, i8::saturating_add)),
        Mnemonic::Paddsw => packed!(instruction, |a, b| signed_words(a, b, i16::saturating_add)),
        Mnemonic::Psubsb => packed!(instruction, |a, b| signed_bytes(a, b, i8::saturating_sub)),
        Mnemonic::Psubsw => packed!(instruction, |a, b| signed_words(a, b, i16::saturating_sub)),
        Mnemonic::Pavgb => packed!(instruction, |a, b| bytes(a, b, |a, b| {
            (u16::from(a) + u16::from(b)).div_ceil(2) as u8
        })),
        Mnemonic::Pavgw => packed!(instruction, |a, b| words(a, b, |a, b| {
            (u32::from(a) + u32::from(b)).div_ceil(2) as u16
        })),
        _ => None,
    }
}

fn comparison(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Pcmpeqb => packed!(instruction, |a, b| bytes(a, b, |a, b| ones(a == b) as u8)),
        Mnemonic::Pcmpeqw => packed!(instruction, |a, b| words(a, b, |a, b| ones(a == b) as u16)),
        Mnemonic::Pcmpeqd => packed!(instruction, |a, b| dwords(a, b, |a, b| ones(a == b))),
        Mnemonic::Pcmpgtb => {
            packed!(instruction, |a, b| signed_bytes(a, b, |a, b| { ones(a > b) as i8 }))
        }
        Mnemonic::Pcmpgtw => {
            packed!(instruction, |a, b| signed_words(a, b, |a, b| { ones(a > b) as i16 }))
        }
        Mnemonic::Pcmpgtd => packed!(instruction, |a, b| dwords(a, b, |a, b| {
            ones(a.cast_signed() > b.cast_signed())
        })),
        Mnemonic::Pminub => packed!(instruction, |a, b| bytes(a, b, u8::min)),
        Mnemonic::Pmaxub => packed!(instruction, |a, b| bytes(a, b, u8::max)),
        Mnemonic::Pminsw => packed!(instruction, |a, b| signed_words(a, b, i16::min)),
        Mnemonic::Pmaxsw => packed!(instruction, |a, b| signed_words(a, b, i16::max)),
        _ => None,
    }
}

fn multiplication(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Pmullw => packed!(instruction, |a, b| words(a, b, u16::wrapping_mul)),
        Mnemonic::Pmulhuw => packed!(instruction, |a, b| words(a, b, |a, b| {
            ((u32::from(a) * u32::from(b)) >> 16) as u16
        })),
        Mnemonic::Pmulhw => packed!(instruction, |a, b| signed_words(a, b, |a, b| {
            ((i32::from(a) * i32::from(b)) >> 16) as i16
        })),
        Mnemonic::Pmuludq => packed!(instruction, |a, b| qwords(a, b, |a, b| {
            u64::from(a as u32) * u64::from(b as u32)
        })),
        Mnemonic::Pmaddwd => packed!(instruction, multiply_and_add),
        Mnemonic::Psadbw => packed!(instruction, sum_of_differences),
        _ => None,
    }
}

/// The result of a comparison: all ones for true.
fn ones(condition: bool) -> u32 {
    if condition { u32::MAX } else { 0 }
}

fn multiply_and_add(left: u128, right: u128) -> u128 {
    dwords(left, right, |a, b| {
        let low = i32::from(a as i16) * i32::from(b as i16);
        let high = i32::from((a >> 16) as i16) * i32::from((b >> 16) as i16);
        low.wrapping_add(high).cast_unsigned()
    })
}

fn sum_of_differences(left: u128, right: u128) -> u128 {
    qwords(left, right, |a, b| {
        let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
        a.iter().zip(b).map(|(&a, b)| u64::from(a.abs_diff(b))).sum()
    })
}

fn shift(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Psllw => shifted::<WordsLeft>(instruction),
        Mnemonic::Pslld => shifted::<DwordsLeft>(instruction),
        Mnemonic::Psllq => shifted::<QwordsLeft>(instruction),
        Mnemonic::Psrlw => shifted::<WordsRight>(instruction),
        Mnemonic::Psrld => shifted::<DwordsRight>(instruction),
        Mnemonic::Psrlq => shifted::<QwordsRight>(instruction),
        Mnemonic::Psraw => shifted::<WordsArithmetic>(instruction),
        Mnemonic::Psrad => shifted::<DwordsArithmetic>(instruction),
        Mnemonic::Pslldq => whole_shift(instruction, shift_bytes_left),
        Mnemonic::Psrldq => whole_shift(instruction, shift_bytes_right),
        _ => None,
    }
}

/// A shift of every element by the same count. If the count is not less than the width of an
/// element, the result is zeros, or sign bits in an arithmetic shift.
trait ElementShift {
    fn apply(value: u128, count: u64) -> u128;
}

macro_rules! element_shift {
    ($name:ident, $elements:ident, $beyond:expr, $shift:expr) => {
        struct $name;
        impl ElementShift for $name {
            fn apply(value: u128, count: u64) -> u128 {
                let count = count.min($beyond) as u32;
                $elements(value, 0, |element, _| ($shift as fn(_, u32) -> _)(element, count))
            }
        }
    };
}

element_shift!(WordsLeft, words, 16, |a: u16, n| a.checked_shl(n).unwrap_or(0));
element_shift!(DwordsLeft, dwords, 32, |a: u32, n| a.checked_shl(n).unwrap_or(0));
element_shift!(QwordsLeft, qwords, 64, |a: u64, n| a.checked_shl(n).unwrap_or(0));
element_shift!(WordsRight, words, 16, |a: u16, n| a.checked_shr(n).unwrap_or(0));
element_shift!(DwordsRight, dwords, 32, |a: u32, n| a.checked_shr(n).unwrap_or(0));
element_shift!(QwordsRight, qwords, 64, |a: u64, n| a.checked_shr(n).unwrap_or(0));
element_shift!(WordsArithmetic, words, 15, |a: u16, n| (a.cast_signed() >> n).cast_unsigned());
element_shift!(DwordsArithmetic, dwords, 31, |a: u32, n| {
    (a.cast_signed() >> n).cast_unsigned()
});

fn shifted<S: ElementShift>(instruction: &Instruction) -> Option<Handler> {
    match places(instruction) {
        (Xmm, Immediate) => Some(shift_by_constant::<S>),
        (Xmm, Xmm) => Some(shift_by_register::<S>),
        (Xmm, Memory) => Some(shift_by_memory::<S>),
        _ => None,
    }
}

fn shift_by_constant<S: ElementShift>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let target = target_xmm(machine, operation);
    *target = S::apply(*target, operation.immediate & 0xFF);
    Ok(())
}

fn shift_by_register<S: ElementShift>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let count = source_xmm(machine, operation) as u64;
    let target = target_xmm(machine, operation);
    *target = S::apply(*target, count);
    Ok(())
}

fn shift_by_memory<S: ElementShift>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let count = aligned_source(machine, operation)? as u64;
    let target = target_xmm(machine, operation);
    *target = S::apply(*target, count);
    Ok(())
}

fn whole_shift(instruction: &Instruction, handler: Handler) -> Option<Handler> {
    (places(instruction) == (Xmm, Immediate)).then_some(handler)
}

/// The count in bits. A count of 16 bytes or more becomes 128 bits, and such a shift gives 0.
fn byte_count(operation: &Operation) -> u32 {
    8 * (operation.immediate as u8).min(16) as u32
}

fn shift_bytes_left(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = xmm(machine, operation.target);
    *target_xmm(machine, operation) = value.checked_shl(byte_count(operation)).unwrap_or(0);
    Ok(())
}

fn shift_bytes_right(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = xmm(machine, operation.target);
    *target_xmm(machine, operation) = value.checked_shr(byte_count(operation)).unwrap_or(0);
    Ok(())
}

/// Defines a function that applies another function to each pair of elements.
macro_rules! element_wise {
    ($name:ident, $type:ty) => {
        #[inline(always)]
        pub(super) fn $name(
            left: u128,
            right: u128,
            function: impl Fn($type, $type) -> $type,
        ) -> u128 {
            const BITS: u32 = <$type>::BITS;
            (0..128 / BITS).fold(0, |result, element| {
                let shift = element * BITS;
                let value = function((left >> shift) as $type, (right >> shift) as $type);
                result | ((value as u128) << (128 - BITS) >> (128 - BITS)) << shift
            })
        }
    };
}

element_wise!(bytes, u8);
element_wise!(words, u16);
element_wise!(dwords, u32);
element_wise!(qwords, u64);
element_wise!(signed_bytes, i8);
element_wise!(signed_words, i16);
