//! Exchanges: XCHG, XADD, CMPXCHG and its 8-byte and 16-byte forms.
//!
//! One processor runs one instruction at a time, so a LOCK prefix changes nothing.
//! Source: Intel SDM volume 2, the page of each instruction.

use iced_x86::{Instruction, Mnemonic};

use super::alu::{add, subtract};
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{InMemory, Operation, Target, Width};
use crate::registers::{RAX, RBX, RCX, RDX};
use crate::select::{Place, by_target, by_width, bytes, place, places};
use crate::stop::Access;

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Xchg => match places(instruction) {
            // The decoder gives the memory operand first, even if the assembler text has it second.
            (_, Place::General) => by_target!(instruction, by_width, exchange),
            _ => None,
        },
        Mnemonic::Xadd => by_target!(instruction, by_width, exchange_add),
        Mnemonic::Cmpxchg => match place(instruction, 0) {
            Place::General => by_width!(bytes(instruction, 0), compare_exchange_register),
            Place::Memory => by_width!(bytes(instruction, 0), compare_exchange),
            _ => None,
        },
        Mnemonic::Cmpxchg8b => Some(compare_exchange_8),
        Mnemonic::Cmpxchg16b => Some(compare_exchange_16),
        _ => None,
    }
}

fn exchange<T: Target, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let given = W::get(&machine.general, operation.source);
    let mut taken = 0;
    T::modify::<W>(machine, operation, |value, _| {
        taken = value;
        given
    })?;
    W::set(&mut machine.general, operation.source, taken);
    Ok(())
}

/// XADD: the source gets the old target, and the target gets the sum. If source and target are the
/// same register, the register gets the sum.
fn exchange_add<T: Target, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let addend = W::get(&machine.general, operation.source);
    let (mut old, mut sum) = (0, 0);
    T::modify::<W>(machine, operation, |value, flags| {
        old = value;
        sum = add::<W>(flags, value, addend, 0);
        sum
    })?;
    W::set(&mut machine.general, operation.source, old);
    if operation.source == operation.target {
        W::set(&mut machine.general, operation.target, sum);
    }
    Ok(())
}

/// CMPXCHG always writes the memory, so a read-only page always faults.
fn compare_exchange<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let expected = W::get(&machine.general, RAX as u8);
    let new = W::get(&machine.general, operation.source);
    let mut found = 0;
    InMemory::modify::<W>(machine, operation, |value, flags| {
        found = value;
        subtract::<W>(flags, expected, value, 0);
        if value == expected { new } else { value }
    })?;
    if found != expected {
        W::set(&mut machine.general, RAX as u8, found);
    }
    Ok(())
}

/// CMPXCHG with a register as target. If the comparison fails, the target register does not change.
/// Even the 32-bit form leaves the upper half of the target as it was in this case.
/// Measured: on an AMD EPYC.
fn compare_exchange_register<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let expected = W::get(&machine.general, RAX as u8);
    let found = W::get(&machine.general, operation.target);
    subtract::<W>(&mut machine.flags, expected, found, 0);
    if found == expected {
        let new = W::get(&machine.general, operation.source);
        W::set(&mut machine.general, operation.target, new);
    } else {
        W::set(&mut machine.general, RAX as u8, found);
    }
    Ok(())
}

fn compare_exchange_8(machine: &mut Machine, operation: &Operation) -> Outcome {
    let address = machine.address(operation);
    let expected = pair(machine.general[RDX], machine.general[RAX]);
    let new = pair(machine.general[RCX], machine.general[RBX]);
    let mut found = 0;
    machine.memory.modify(address, |bytes| {
        found = u64::from_le_bytes(bytes);
        if found == expected { new.to_le_bytes() } else { bytes }
    })?;
    machine.flags.set_zero(found == expected);
    if found != expected {
        machine.general[RAX] = found & u64::from(u32::MAX);
        machine.general[RDX] = found >> 32;
    }
    Ok(())
}

fn compare_exchange_16(machine: &mut Machine, operation: &Operation) -> Outcome {
    let address = machine.aligned_address(operation, 16, Access::Write)?;
    let expected = wide_pair(machine.general[RDX], machine.general[RAX]);
    let new = wide_pair(machine.general[RCX], machine.general[RBX]);
    let mut found = 0;
    machine.memory.modify(address, |bytes| {
        found = u128::from_le_bytes(bytes);
        if found == expected { new.to_le_bytes() } else { bytes }
    })?;
    machine.flags.set_zero(found == expected);
    if found != expected {
        machine.general[RAX] = found as u64;
        machine.general[RDX] = (found >> 64) as u64;
    }
    Ok(())
}

fn pair(high: u64, low: u64) -> u64 {
    high << 32 | low & u64::from(u32::MAX)
}

fn wide_pair(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}
