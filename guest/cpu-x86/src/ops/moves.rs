//! Moves between general registers and memory, extensions, byte swaps and LEA.
//!
//! Source: Intel SDM volume 2, the page of each instruction.

use iced_x86::{Instruction, Mnemonic};

use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{InMemory, InRegister, Operation, Source, Target, Width};
use crate::registers::{RAX, RBX, RDX};
use crate::select::{Place, by_places, by_wide_width, by_width, bytes, place, places};

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Mov => by_places!(instruction, copy),
        Mnemonic::Lea => by_wide_width!(bytes(instruction, 0), load_address),
        Mnemonic::Movzx => extension::<Zero>(instruction),
        Mnemonic::Movsx | Mnemonic::Movsxd => extension::<Sign>(instruction),
        Mnemonic::Movbe => move_swapped(instruction),
        Mnemonic::Bswap => match bytes(instruction, 0) {
            4 => Some(swap_bytes::<u32>),
            8 => Some(swap_bytes::<u64>),
            // The manual leaves BSWAP undefined for 16 bits.
            _ => None,
        },
        Mnemonic::Cbw => Some(extend_accumulator::<u8, u16>),
        Mnemonic::Cwde => Some(extend_accumulator::<u16, u32>),
        Mnemonic::Cdqe => Some(extend_accumulator::<u32, u64>),
        Mnemonic::Cwd => Some(spread_sign::<u16>),
        Mnemonic::Cdq => Some(spread_sign::<u32>),
        Mnemonic::Cqo => Some(spread_sign::<u64>),
        Mnemonic::Xlatb => Some(translate),
        _ => None,
    }
}

fn copy<T: Target, S: Source, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = S::load::<W>(machine, operation)?;
    T::store::<W>(machine, operation, value)
}

fn load_address<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let offset = machine.offset(operation);
    W::set(&mut machine.general, operation.target, offset);
    Ok(())
}

/// How a narrow value is extended to a wide one.
trait Extension {
    fn extend<W: Width>(value: u64) -> u64;
}

struct Zero;
struct Sign;

impl Extension for Zero {
    #[inline(always)]
    fn extend<W: Width>(value: u64) -> u64 {
        value
    }
}

impl Extension for Sign {
    #[inline(always)]
    fn extend<W: Width>(value: u64) -> u64 {
        W::sign_extend(value)
    }
}

fn extend<E: Extension, S: Source, From: Width, To: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let value = E::extend::<From>(S::load::<From>(machine, operation)?);
    To::set(&mut machine.general, operation.target, value);
    Ok(())
}

fn extension<E: Extension>(instruction: &Instruction) -> Option<Handler> {
    let to = bytes(instruction, 0);
    match (place(instruction, 1), bytes(instruction, 1)) {
        (Place::General, 1) => by_wide_width!(to, extend, E, InRegister, u8),
        (Place::General, 2) => by_wide_width!(to, extend, E, InRegister, u16),
        (Place::General, 4) => by_wide_width!(to, extend, E, InRegister, u32),
        (Place::Memory, 1) => by_wide_width!(to, extend, E, InMemory, u8),
        (Place::Memory, 2) => by_wide_width!(to, extend, E, InMemory, u16),
        (Place::Memory, 4) => by_wide_width!(to, extend, E, InMemory, u32),
        _ => None,
    }
}

#[inline(always)]
fn swapped<W: Width>(value: u64) -> u64 {
    value.swap_bytes() >> (64 - W::BITS)
}

fn swap_bytes<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    InRegister::modify::<W>(machine, operation, |value, _| swapped::<W>(value))
}

fn copy_swapped<T: Target, S: Source, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let value = S::load::<W>(machine, operation)?;
    T::store::<W>(machine, operation, swapped::<W>(value))
}

fn move_swapped(instruction: &Instruction) -> Option<Handler> {
    match places(instruction) {
        (Place::General, Place::Memory) => {
            by_wide_width!(bytes(instruction, 0), copy_swapped, InRegister, InMemory)
        }
        (Place::Memory, Place::General) => {
            by_wide_width!(bytes(instruction, 0), copy_swapped, InMemory, InRegister)
        }
        _ => None,
    }
}

fn extend_accumulator<From: Width, To: Width>(machine: &mut Machine, _: &Operation) -> Outcome {
    let value = From::sign_extend(From::get(&machine.general, RAX as u8));
    To::set(&mut machine.general, RAX as u8, value);
    Ok(())
}

fn spread_sign<W: Width>(machine: &mut Machine, _: &Operation) -> Outcome {
    let negative = W::get(&machine.general, RAX as u8) & W::SIGN != 0;
    W::set(&mut machine.general, RDX as u8, if negative { u64::MAX } else { 0 });
    Ok(())
}

/// XLAT: AL = [RBX + AL]. The operation has no index, so this handler adds AL.
fn translate(machine: &mut Machine, operation: &Operation) -> Outcome {
    let unused = u32::from(operation.unused_address_bits % 64);
    let index = machine.general[RAX] & 0xFF;
    let offset = machine.general[RBX].wrapping_add(index) << unused >> unused;
    let segment = machine.general[usize::from(operation.segment % 32)];
    let address = offset.wrapping_add(segment) & machine.address_mask;
    let value = machine.load::<u8>(address)?;
    u8::set(&mut machine.general, RAX as u8, value);
    Ok(())
}
