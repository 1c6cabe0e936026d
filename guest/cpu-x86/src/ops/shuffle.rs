//! Rearranges SSE registers: pack, interleave, shuffle, insert, extract.
//!
//! Source: Intel SDM volume 2, the page of each instruction.

use std::array::from_fn;

use iced_x86::{Instruction, Mnemonic};

use super::packed::{aligned_source, packed};
use super::xmm_moves::{source_xmm, target_xmm, xmm};
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{InMemory, InRegister, Operation, Source, Width};
use crate::select::Place::{General, Memory, Xmm};
use crate::select::places;

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Packsswb => {
            packed!(instruction, |a, b| pack_words(a, b, |word| { word.clamp(-0x80, 0x7F) as u8 }))
        }
        Mnemonic::Packuswb => {
            packed!(instruction, |a, b| pack_words(a, b, |word| { word.clamp(0, 0xFF) as u8 }))
        }
        Mnemonic::Packssdw => packed!(instruction, pack_dwords),
        Mnemonic::Punpcklbw => packed!(instruction, |a, b| interleave::<8>(a, b, 0)),
        Mnemonic::Punpcklwd => packed!(instruction, |a, b| interleave::<16>(a, b, 0)),
        Mnemonic::Punpckldq | Mnemonic::Unpcklps => {
            packed!(instruction, |a, b| interleave::<32>(a, b, 0))
        }
        Mnemonic::Punpcklqdq | Mnemonic::Unpcklpd => {
            packed!(instruction, |a, b| interleave::<64>(a, b, 0))
        }
        Mnemonic::Punpckhbw => packed!(instruction, |a, b| interleave::<8>(a, b, 64)),
        Mnemonic::Punpckhwd => packed!(instruction, |a, b| interleave::<16>(a, b, 64)),
        Mnemonic::Punpckhdq | Mnemonic::Unpckhps => {
            packed!(instruction, |a, b| interleave::<32>(a, b, 64))
        }
        Mnemonic::Punpckhqdq | Mnemonic::Unpckhpd => {
            packed!(instruction, |a, b| interleave::<64>(a, b, 64))
        }
        Mnemonic::Pshufd => controlled::<Dwords>(instruction),
        Mnemonic::Pshuflw => controlled::<LowWords>(instruction),
        Mnemonic::Pshufhw => controlled::<HighWords>(instruction),
        Mnemonic::Shufps => controlled::<TwoDwordPairs>(instruction),
        Mnemonic::Shufpd => controlled::<TwoQwords>(instruction),
        Mnemonic::Pinsrw => match places(instruction) {
            (Xmm, General) => Some(insert_word::<InRegister>),
            (Xmm, Memory) => Some(insert_word::<InMemory>),
            _ => None,
        },
        Mnemonic::Pextrw if places(instruction) == (General, Xmm) => Some(extract_word),
        _ => None,
    }
}

fn word(value: u128, number: usize) -> u16 {
    (value >> (16 * (number % 8))) as u16
}

fn dword(value: u128, number: usize) -> u32 {
    (value >> (32 * (number % 4))) as u32
}

fn pack_words(left: u128, right: u128, saturate: impl Fn(i16) -> u8) -> u128 {
    u128::from_le_bytes(from_fn(|byte| {
        let from = if byte < 8 { left } else { right };
        saturate(word(from, byte % 8).cast_signed())
    }))
}

fn pack_dwords(left: u128, right: u128) -> u128 {
    (0..8).fold(0, |result, number| {
        let from = if number < 4 { left } else { right };
        let value = dword(from, number % 4).cast_signed();
        let saturated = value.clamp(i16::MIN.into(), i16::MAX.into()) as u16;
        result | u128::from(saturated) << (16 * number)
    })
}

/// Takes elements alternately from one half of `left` and the same half of `right`. `half` is the
/// number of the half's first bit: 0 or 64.
fn interleave<const BITS: u32>(left: u128, right: u128, half: u32) -> u128 {
    let mask = u128::MAX >> (128 - BITS);
    (0..64 / BITS).fold(0, |result, element| {
        let from = half + element * BITS;
        let pair = (left >> from & mask) | (right >> from & mask) << BITS;
        result | pair << (2 * element * BITS)
    })
}

/// A shuffle by a control byte.
trait Controlled {
    fn apply(target: u128, source: u128, control: u8) -> u128;
}

struct Dwords;
struct LowWords;
struct HighWords;
struct TwoDwordPairs;
struct TwoQwords;

/// The two bits of the control byte that choose element `number` of the result.
fn choice(control: u8, number: u32) -> usize {
    usize::from(control >> (2 * (number % 4)) & 3)
}

impl Controlled for Dwords {
    fn apply(_: u128, source: u128, control: u8) -> u128 {
        (0..4).fold(0, |result, number| {
            result | u128::from(dword(source, choice(control, number))) << (32 * number)
        })
    }
}

/// Shuffles the four words of `half`, which is one half of an SSE register.
fn shuffle_words(half: u64, control: u8) -> u64 {
    (0..4).fold(0, |result, number| {
        result | u64::from(word(half.into(), choice(control, number))) << (16 * number)
    })
}

impl Controlled for LowWords {
    fn apply(_: u128, source: u128, control: u8) -> u128 {
        source >> 64 << 64 | u128::from(shuffle_words(source as u64, control))
    }
}

impl Controlled for HighWords {
    fn apply(_: u128, source: u128, control: u8) -> u128 {
        let high = shuffle_words((source >> 64) as u64, control);
        u128::from(high) << 64 | u128::from(source as u64)
    }
}

impl Controlled for TwoDwordPairs {
    fn apply(target: u128, source: u128, control: u8) -> u128 {
        (0..4).fold(0, |result, number| {
            let from = if number < 2 { target } else { source };
            result | u128::from(dword(from, choice(control, number))) << (32 * number)
        })
    }
}

impl Controlled for TwoQwords {
    fn apply(target: u128, source: u128, control: u8) -> u128 {
        let low = (target >> (64 * u32::from(control & 1))) as u64;
        let high = (source >> (64 * u32::from(control >> 1 & 1))) as u64;
        u128::from(high) << 64 | u128::from(low)
    }
}

fn controlled<C: Controlled>(instruction: &Instruction) -> Option<Handler> {
    match places(instruction) {
        (Xmm, Xmm) => Some(shuffle_register::<C>),
        (Xmm, Memory) => Some(shuffle_memory::<C>),
        _ => None,
    }
}

fn shuffle_register<C: Controlled>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let source = source_xmm(machine, operation);
    let target = target_xmm(machine, operation);
    *target = C::apply(*target, source, operation.immediate as u8);
    Ok(())
}

fn shuffle_memory<C: Controlled>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let source = aligned_source(machine, operation)?;
    let target = target_xmm(machine, operation);
    *target = C::apply(*target, source, operation.immediate as u8);
    Ok(())
}

fn insert_word<S: Source>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = S::load::<u16>(machine, operation)?;
    let shift = 16 * (operation.immediate as u32 & 7);
    let target = target_xmm(machine, operation);
    *target = *target & !(0xFFFF << shift) | u128::from(value) << shift;
    Ok(())
}

fn extract_word(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = word(xmm(machine, operation.source), operation.immediate as usize & 7);
    u64::set(&mut machine.general, operation.target, value.into());
    Ok(())
}
