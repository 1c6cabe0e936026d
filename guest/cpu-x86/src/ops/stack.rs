//! The stack: PUSH, POP, PUSHA, POPA, PUSHF, POPF, ENTER, LEAVE.
//!
//! Source: Intel SDM volume 2, the page of each instruction.

use iced_x86::{Code, Instruction, Mnemonic};

use crate::flags::RFlags;
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{Immediate, InMemory, InRegister, Operation, Source, Target, Width};
use crate::registers::{RBP, RSP};
use crate::select::{Place, by_wide_width, place};
use crate::stop::{Access, Stop};

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    let bytes = instruction.stack_pointer_increment().unsigned_abs() as usize;
    match instruction.mnemonic() {
        Mnemonic::Push => match place(instruction, 0) {
            // The only operand of PUSH is the first operand. `InRegister` as a source would read
            // the second operand.
            Place::General => by_wide_width!(bytes, push, FirstRegister),
            Place::Memory => by_wide_width!(bytes, push, InMemory),
            Place::Immediate => by_wide_width!(bytes, push, Immediate),
            _ => None,
        },
        Mnemonic::Pop => match place(instruction, 0) {
            Place::General => by_wide_width!(bytes, pop_register),
            Place::Memory => by_wide_width!(bytes, pop_memory),
            _ => None,
        },
        Mnemonic::Pushf | Mnemonic::Pushfd | Mnemonic::Pushfq => {
            by_wide_width!(bytes, push_flags)
        }
        Mnemonic::Popf | Mnemonic::Popfd | Mnemonic::Popfq => by_wide_width!(bytes, pop_flags),
        Mnemonic::Pusha => Some(push_all::<u16>),
        Mnemonic::Pushad => Some(push_all::<u32>),
        Mnemonic::Popa => Some(pop_all::<u16>),
        Mnemonic::Popad => Some(pop_all::<u32>),
        Mnemonic::Leave => match instruction.code() {
            Code::Leavew => Some(leave::<u16>),
            Code::Leaved => Some(leave::<u32>),
            _ => Some(leave::<u64>),
        },
        Mnemonic::Enter => match instruction.code() {
            Code::Enterw_imm16_imm8 => Some(enter::<u16>),
            Code::Enterd_imm16_imm8 => Some(enter::<u32>),
            _ => Some(enter::<u64>),
        },
        _ => None,
    }
}

/// The first operand, a register, as a source.
struct FirstRegister;

impl Source for FirstRegister {
    #[inline(always)]
    fn load<W: Width>(
        machine: &mut Machine,
        operation: &Operation,
    ) -> Result<u64, crate::machine::Exit> {
        <InRegister as Target>::load::<W>(machine, operation)
    }
}

#[inline(always)]
fn push_value<W: Width>(machine: &mut Machine, value: u64) -> Outcome {
    let top = machine.stack_below(W::BYTES);
    machine.store::<W>(top, value)?;
    machine.general[RSP] = top;
    Ok(())
}

fn push<S: Source, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = S::load::<W>(machine, operation)?;
    push_value::<W>(machine, value)
}

fn pop_register<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = machine.load::<W>(machine.general[RSP])?;
    // RSP changes first, so that after POP RSP the register has the popped value.
    machine.general[RSP] = machine.stack_above(W::BYTES);
    W::set(&mut machine.general, operation.target, value);
    Ok(())
}

/// POP to memory computes its address with the new RSP, and sets RSP back on a fault.
fn pop_memory<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let top = machine.general[RSP];
    let value = machine.load::<W>(top)?;
    machine.general[RSP] = machine.stack_above(W::BYTES);
    let stored = <InMemory as Target>::store::<W>(machine, operation, value);
    if stored.is_err() {
        machine.general[RSP] = top;
    }
    stored
}

/// PUSHA pushes in the order of the register numbers.
fn push_all<W: Width>(machine: &mut Machine, _: &Operation) -> Outcome {
    let lowest = machine.stack_below(8 * W::BYTES);
    machine.memory.check(lowest, 8 * W::BYTES as usize, Access::Write)?;
    for number in 0..8u8 {
        let address = lowest.wrapping_add(u64::from(7 - number) * W::BYTES);
        let value = W::get(&machine.general, number);
        machine.store::<W>(address & machine.address_mask, value)?;
    }
    machine.general[RSP] = lowest;
    Ok(())
}

fn pop_all<W: Width>(machine: &mut Machine, _: &Operation) -> Outcome {
    let mut values = [0; 8];
    for (number, value) in (0..8u64).zip(&mut values) {
        *value = machine.load::<W>(machine.stack_above((7 - number) * W::BYTES))?;
    }
    let top = machine.stack_above(8 * W::BYTES);
    for (number, value) in (0..8u8).zip(values) {
        W::set(&mut machine.general, number, value);
    }
    machine.general[RSP] = top;
    Ok(())
}

/// PUSHF pushes all flags that the processor keeps, and bit 1.
fn push_flags<W: Width>(machine: &mut Machine, _: &Operation) -> Outcome {
    push_value::<W>(machine, machine.flags.bits().bits() | RFlags::ALWAYS_ONE)
}

/// POPF at privilege level 0. At this level POPF can also change the interrupt flag and the I/O
/// level. This processor refuses a POPF that would set the trap flag.
fn pop_flags<W: Width>(machine: &mut Machine, _: &Operation) -> Outcome {
    let popped = machine.load::<W>(machine.general[RSP])?;
    let old = machine.flags.bits();
    let kept = old.bits() & !W::MASK;
    let new = RFlags::from_bits_truncate(popped | kept);
    if new.contains(RFlags::TRAP) {
        return Err(crate::machine::Exit::Unsupported);
    }
    machine.general[RSP] = machine.stack_above(W::BYTES);
    machine.flags.set(new);
    if old.symmetric_difference(new).contains(RFlags::INTERRUPT) {
        return machine.request(Stop::InterruptFlag);
    }
    Ok(())
}

fn leave<W: Width>(machine: &mut Machine, _: &Operation) -> Outcome {
    let frame = machine.general[RBP] & machine.address_mask;
    let value = machine.load::<W>(frame)?;
    machine.general[RSP] = frame.wrapping_add(W::BYTES) & machine.address_mask;
    W::set(&mut machine.general, RBP as u8, value);
    Ok(())
}

/// ENTER with any nesting level. `immediate` has the size of the frame, and `source` has the level.
fn enter<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let level = u64::from(operation.source % 32);
    let mut stack = machine.stack_below(W::BYTES);
    let frame = stack;
    machine.store::<W>(stack, W::get(&machine.general, RBP as u8))?;
    for depth in 1..level {
        let link = machine.general[RBP].wrapping_sub(depth * W::BYTES) & machine.address_mask;
        let value = machine.load::<W>(link)?;
        stack = stack.wrapping_sub(W::BYTES) & machine.address_mask;
        machine.store::<W>(stack, value)?;
    }
    if level > 0 {
        stack = stack.wrapping_sub(W::BYTES) & machine.address_mask;
        machine.store::<W>(stack, frame)?;
    }
    stack = stack.wrapping_sub(operation.immediate) & machine.address_mask;
    // When the new top of the stack cannot be written, a real processor faults here and not later.
    machine.memory.check(stack, W::BYTES as usize, Access::Write)?;
    machine.general[RSP] = stack;
    W::set(&mut machine.general, RBP as u8, frame);
    Ok(())
}
