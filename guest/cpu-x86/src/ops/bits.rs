//! Bit tests, bit scans and counts.
//!
//! Source: Intel SDM volume 2, BT/BTS/BTR/BTC, BSF, BSR, POPCNT, LZCNT, TZCNT. A bit scan of zero
//! does not change its target: AMD documents this, and Intel's processors do the same. The flags
//! that the manual leaves undefined keep their values.

use iced_x86::{Instruction, Mnemonic};

use crate::flags::Flags;
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{Immediate, InMemory, InRegister, Operation, Source, Target, Width};
use crate::select::{Place, by_wide_width, bytes, place, places};

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Bt => bit_test::<Keep>(instruction),
        Mnemonic::Bts => bit_test::<Set>(instruction),
        Mnemonic::Btr => bit_test::<Reset>(instruction),
        Mnemonic::Btc => bit_test::<Complement>(instruction),
        Mnemonic::Bsf => counting::<ScanForward>(instruction),
        Mnemonic::Bsr => counting::<ScanReverse>(instruction),
        Mnemonic::Popcnt => counting::<Population>(instruction),
        Mnemonic::Lzcnt => counting::<LeadingZeros>(instruction),
        Mnemonic::Tzcnt => counting::<TrailingZeros>(instruction),
        _ => None,
    }
}

/// A change of the tested bit.
trait BitChange {
    /// Whether the instruction writes the operand.
    const WRITES: bool;
    fn apply(value: u64, bit: u64) -> u64;
}

struct Keep;
struct Set;
struct Reset;
struct Complement;

impl BitChange for Keep {
    const WRITES: bool = false;
    fn apply(value: u64, _: u64) -> u64 {
        value
    }
}

impl BitChange for Set {
    const WRITES: bool = true;
    fn apply(value: u64, bit: u64) -> u64 {
        value | bit
    }
}

impl BitChange for Reset {
    const WRITES: bool = true;
    fn apply(value: u64, bit: u64) -> u64 {
        value & !bit
    }
}

impl BitChange for Complement {
    const WRITES: bool = true;
    fn apply(value: u64, bit: u64) -> u64 {
        value ^ bit
    }
}

fn bit_test<B: BitChange>(instruction: &Instruction) -> Option<Handler> {
    let bytes = bytes(instruction, 0);
    match places(instruction) {
        (Place::General, Place::General) => {
            by_wide_width!(bytes, test_bit, B, InRegister, InRegister)
        }
        (Place::General, Place::Immediate) => {
            by_wide_width!(bytes, test_bit, B, InRegister, Immediate)
        }
        (Place::Memory, Place::General) => by_wide_width!(bytes, test_bit_string, B),
        (Place::Memory, Place::Immediate) => {
            by_wide_width!(bytes, test_bit, B, InMemory, Immediate)
        }
        _ => None,
    }
}

fn test_bit<B: BitChange, T: Target, S: Source, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let number = S::load::<W>(machine, operation)? % u64::from(W::BITS);
    if !B::WRITES {
        let value = T::load::<W>(machine, operation)?;
        machine.flags.set_carry(value >> number & 1 == 1);
        return Ok(());
    }
    T::modify::<W>(machine, operation, |value, flags| {
        flags.set_carry(value >> number & 1 == 1);
        B::apply(value, 1 << number)
    })
}

/// Tests a bit in memory whose number is in a register. The number is signed, so the bit may be far
/// above or below the memory operand.
fn test_bit_string<B: BitChange, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let number = W::sign_extend(W::get(&machine.general, operation.source)) as i64;
    let element = (number >> W::BITS.trailing_zeros()) as u64;
    let mut moved = *operation;
    moved.displacement = moved.displacement.wrapping_add(element.wrapping_mul(W::BYTES));
    moved.immediate = number as u64;
    test_bit::<B, InMemory, Immediate, W>(machine, &moved)
}

/// A bit scan, or a count over the bits of an operand.
trait Count {
    /// The result, or `None` when the target keeps its value.
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> Option<u64>;
}

struct ScanForward;
struct ScanReverse;
struct Population;
struct LeadingZeros;
struct TrailingZeros;

impl Count for ScanForward {
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> Option<u64> {
        flags.set_zero(value == 0);
        (value != 0).then(|| u64::from(value.trailing_zeros()))
    }
}

impl Count for ScanReverse {
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> Option<u64> {
        flags.set_zero(value == 0);
        (value != 0).then(|| u64::from(63 - value.leading_zeros()))
    }
}

impl Count for Population {
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> Option<u64> {
        // All arithmetic flags except ZERO become clear.
        flags.set(flags.bits().difference(crate::flags::RFlags::ARITHMETIC));
        flags.set_zero(value == 0);
        Some(u64::from(value.count_ones()))
    }
}

impl Count for LeadingZeros {
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> Option<u64> {
        let zeros = value.leading_zeros() - (64 - W::BITS);
        flags.set_carry(value == 0);
        flags.set_zero(zeros == 0);
        Some(u64::from(zeros))
    }
}

impl Count for TrailingZeros {
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> Option<u64> {
        let zeros = value.trailing_zeros().min(W::BITS);
        flags.set_carry(value == 0);
        flags.set_zero(zeros == 0);
        Some(u64::from(zeros))
    }
}

fn counting<C: Count>(instruction: &Instruction) -> Option<Handler> {
    match place(instruction, 1) {
        Place::General => by_wide_width!(bytes(instruction, 0), count, C, InRegister),
        Place::Memory => by_wide_width!(bytes(instruction, 0), count, C, InMemory),
        _ => None,
    }
}

fn count<C: Count, S: Source, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = S::load::<W>(machine, operation)?;
    if let Some(result) = C::apply::<W>(&mut machine.flags, value) {
        W::set(&mut machine.general, operation.target, result);
    }
    Ok(())
}
