//! The x87's control and status: words, exceptions, the stack pointer.

use iced_x86::{Instruction, Mnemonic};

use super::{begin, wait};
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{InMemory, Operation, Source, Target, Width};
use crate::registers::RAX;
use crate::select::{Place, place};
use crate::x87::words::Control;

/// The argument of `X87::set_occupied` that makes every register empty.
const NONE_OCCUPIED: u8 = 0;

/// Finds the handler of an instruction of this family.
pub(super) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Wait => Some(wait_only),
        Mnemonic::Fnop => Some(nothing),
        Mnemonic::Fninit => Some(initialize),
        Mnemonic::Fnclex => Some(clear_exceptions),
        Mnemonic::Fldcw => Some(load_control),
        Mnemonic::Fnstcw => Some(store_control),
        Mnemonic::Fnstsw if place(instruction, 0) == Place::Memory => Some(store_status),
        Mnemonic::Fnstsw => Some(copy_status),
        Mnemonic::Ffree => Some(free),
        Mnemonic::Ffreep => Some(free_and_pop),
        Mnemonic::Fincstp => Some(rotate::<1>),
        Mnemonic::Fdecstp => Some(rotate::<7>),
        Mnemonic::Emms => Some(empty_all),
        _ => None,
    }
}

fn wait_only(machine: &mut Machine, _: &Operation) -> Outcome {
    wait(machine)
}

fn nothing(machine: &mut Machine, operation: &Operation) -> Outcome {
    begin(machine, operation).map(|_| ())
}

fn initialize(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.x87.initialize();
    Ok(())
}

fn clear_exceptions(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.x87.clear_exceptions();
    Ok(())
}

fn load_control(machine: &mut Machine, operation: &Operation) -> Outcome {
    wait(machine)?;
    let bits = <InMemory as Source>::load::<u16>(machine, operation)?;
    machine.x87.set_control(Control::from_bits(bits as u16));
    Ok(())
}

fn store_control(machine: &mut Machine, operation: &Operation) -> Outcome {
    let bits = machine.x87.control.bits();
    <InMemory as Target>::store::<u16>(machine, operation, bits.into())
}

fn store_status(machine: &mut Machine, operation: &Operation) -> Outcome {
    let word = machine.x87.status_word();
    <InMemory as Target>::store::<u16>(machine, operation, word.into())
}

/// FNSTSW AX.
fn copy_status(machine: &mut Machine, _: &Operation) -> Outcome {
    let word = machine.x87.status_word();
    u16::set(&mut machine.general, RAX as u8, word.into());
    Ok(())
}

/// FFREE. Measured on an AMD EPYC: C1 becomes 0.
fn free(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    x87.set_c1(false);
    x87.free(operation.target);
    Ok(())
}

/// FFREEP. The manual of AMD names this instruction, and the manual of Intel does not.
fn free_and_pop(machine: &mut Machine, operation: &Operation) -> Outcome {
    free(machine, operation)?;
    machine.x87.pop();
    Ok(())
}

fn rotate<const STEPS: u8>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    x87.rotate(STEPS);
    x87.set_c1(false);
    Ok(())
}

/// EMMS. This processor has no MMX, but code also executes EMMS to leave the x87 empty for other
/// code.
/// Measured on an AMD EPYC: TOP becomes 0.
fn empty_all(machine: &mut Machine, _: &Operation) -> Outcome {
    wait(machine)?;
    machine.x87.set_occupied(NONE_OCCUPIED);
    machine.x87.set_top(0);
    Ok(())
}
