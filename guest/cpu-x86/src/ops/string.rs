//! String instructions, single and repeated.
//!
//! Each iteration of a repeated string instruction ends at an instruction boundary. The iteration
//! counts as one instruction, and the budget of a run can end after any iteration. After a fault
//! the registers are as after the last complete iteration.
//! Source: Intel SDM volume 2, REP/REPE/REPNE and the page of each instruction.
//! Assumed: an iteration counts as an instruction. Otherwise one instruction could take more than
//! the budget.

use iced_x86::{Instruction, Mnemonic};

use super::alu::subtract;
use crate::machine::{Exit, Handler, Machine, Outcome};
use crate::operation::{Operation, Width};
use crate::registers::{RAX, RCX, RDI, RDX, RSI};
use crate::select::by_width;
use crate::stop::{Access, PortRead, PortTarget, PortWidth, Stop};

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Movsb => plain::<Move>(instruction, 1),
        Mnemonic::Movsw => plain::<Move>(instruction, 2),
        // The operands distinguish MOVSD from the scalar SSE move of the same name.
        Mnemonic::Movsd if instruction.is_string_instruction() => plain::<Move>(instruction, 4),
        Mnemonic::Movsq => plain::<Move>(instruction, 8),
        Mnemonic::Stosb => plain::<Fill>(instruction, 1),
        Mnemonic::Stosw => plain::<Fill>(instruction, 2),
        Mnemonic::Stosd => plain::<Fill>(instruction, 4),
        Mnemonic::Stosq => plain::<Fill>(instruction, 8),
        Mnemonic::Lodsb => plain::<Load>(instruction, 1),
        Mnemonic::Lodsw => plain::<Load>(instruction, 2),
        Mnemonic::Lodsd => plain::<Load>(instruction, 4),
        Mnemonic::Lodsq => plain::<Load>(instruction, 8),
        Mnemonic::Cmpsb => comparing::<Compare>(instruction, 1),
        Mnemonic::Cmpsw => comparing::<Compare>(instruction, 2),
        Mnemonic::Cmpsd if instruction.is_string_instruction() => {
            comparing::<Compare>(instruction, 4)
        }
        Mnemonic::Cmpsq => comparing::<Compare>(instruction, 8),
        Mnemonic::Scasb => comparing::<Scan>(instruction, 1),
        Mnemonic::Scasw => comparing::<Scan>(instruction, 2),
        Mnemonic::Scasd => comparing::<Scan>(instruction, 4),
        Mnemonic::Scasq => comparing::<Scan>(instruction, 8),
        Mnemonic::Insb => port::<In>(instruction, 1),
        Mnemonic::Insw => port::<In>(instruction, 2),
        Mnemonic::Insd => port::<In>(instruction, 4),
        Mnemonic::Outsb => port::<Out>(instruction, 1),
        Mnemonic::Outsw => port::<Out>(instruction, 2),
        Mnemonic::Outsd => port::<Out>(instruction, 4),
        _ => None,
    }
}

/// Whether a prefix repeats the instruction. Such an instruction gets its own block.
pub(crate) fn is_repeated(instruction: &Instruction) -> bool {
    instruction.is_string_instruction()
        && (instruction.has_rep_prefix() || instruction.has_repne_prefix())
}

fn plain<S: Step>(instruction: &Instruction, bytes: usize) -> Option<Handler> {
    if is_repeated(instruction) {
        by_width!(bytes, repeat, S, Always)
    } else {
        by_width!(bytes, once, S)
    }
}

fn comparing<S: Step>(instruction: &Instruction, bytes: usize) -> Option<Handler> {
    if instruction.has_repne_prefix() {
        by_width!(bytes, repeat, S, WhileDifferent)
    } else if instruction.has_rep_prefix() {
        by_width!(bytes, repeat, S, WhileEqual)
    } else {
        by_width!(bytes, once, S)
    }
}

fn port<S: Step>(instruction: &Instruction, bytes: usize) -> Option<Handler> {
    if is_repeated(instruction) {
        by_width!(bytes, repeat_port, S)
    } else {
        by_width!(bytes, once, S)
    }
}

/// One iteration.
trait Step {
    /// Does one iteration and moves the index registers that the instruction uses. A refused
    /// iteration has no effect.
    fn step<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome;

    /// Does several iterations at once, at most `limit`, without leaving a page. Returns the number
    /// of these iterations, which may be 0.
    fn stride<W: Width>(_: &mut Machine, _: &Operation, _limit: u64) -> u64 {
        0
    }
}

/// The condition under which a repetition goes on.
trait Condition {
    fn holds(machine: &Machine) -> bool;
}

struct Always;
struct WhileEqual;
struct WhileDifferent;

impl Condition for Always {
    fn holds(_: &Machine) -> bool {
        true
    }
}

impl Condition for WhileEqual {
    fn holds(machine: &Machine) -> bool {
        machine.flags.zero()
    }
}

impl Condition for WhileDifferent {
    fn holds(machine: &Machine) -> bool {
        !machine.flags.zero()
    }
}

fn once<S: Step, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    S::step::<W>(machine, operation)
}

fn repeat<S: Step, C: Condition, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    machine.iterations_done = 0;
    loop {
        let counter = counter(machine, operation);
        if counter == 0 {
            return Err(Exit::Finished);
        }
        let allowed = machine.iterations_allowed - machine.iterations_done;
        if allowed == 0 || machine.memory.wants_attention() {
            return Err(Exit::Unfinished);
        }
        let mut done = S::stride::<W>(machine, operation, allowed.min(counter));
        if done == 0 {
            S::step::<W>(machine, operation).map_err(|_| Exit::FaultInRepeat)?;
            done = 1;
        }
        set_counter(machine, operation, counter - done);
        machine.iterations_done += done;
        if !C::holds(machine) {
            return Err(Exit::Finished);
        }
    }
}

/// Each iteration of a repeated port instruction is a separate stop.
fn repeat_port<S: Step, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let counter = counter(machine, operation);
    if counter == 0 {
        return Ok(());
    }
    let outcome = S::step::<W>(machine, operation);
    if outcome == Err(Exit::Request) {
        set_counter(machine, operation, counter - 1);
        if counter > 1 {
            return Err(Exit::UnfinishedRequest);
        }
    }
    outcome
}

/// The part of RCX that the address size uses.
fn counter(machine: &Machine, operation: &Operation) -> u64 {
    let unused = u32::from(operation.unused_address_bits % 64);
    machine.general[RCX] << unused >> unused
}

fn set_counter(machine: &mut Machine, operation: &Operation, value: u64) {
    set_index(machine, operation, RCX, value);
}

#[inline(always)]
fn set_index(machine: &mut Machine, operation: &Operation, register: usize, value: u64) {
    match operation.unused_address_bits {
        0 => machine.general[register] = value,
        32 => u32::set(&mut machine.general, register as u8, value),
        _ => u16::set(&mut machine.general, register as u8, value),
    }
}

fn source_address(machine: &Machine, operation: &Operation) -> u64 {
    let unused = u32::from(operation.unused_address_bits % 64);
    let segment = machine.general[usize::from(operation.segment % 32)];
    (machine.general[RSI] << unused >> unused).wrapping_add(segment) & machine.address_mask
}

/// The target of a string instruction lies in ES, whose base is zero.
fn target_address(machine: &Machine, operation: &Operation) -> u64 {
    let unused = u32::from(operation.unused_address_bits % 64);
    machine.general[RDI] << unused >> unused
}

/// Moves an index register by `elements` elements, up or down as the direction flag says.
#[inline(always)]
fn advance<W: Width>(machine: &mut Machine, operation: &Operation, register: usize, elements: u64) {
    let distance = elements * W::BYTES;
    let value = if machine.flags.direction() {
        machine.general[register].wrapping_sub(distance)
    } else {
        machine.general[register].wrapping_add(distance)
    };
    set_index(machine, operation, register, value);
}

struct Move;
struct Fill;
struct Load;
struct Compare;
struct Scan;
struct In;
struct Out;

impl Step for Move {
    fn step<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
        let value = machine.load::<W>(source_address(machine, operation))?;
        machine.store::<W>(target_address(machine, operation), value)?;
        advance::<W>(machine, operation, RSI, 1);
        advance::<W>(machine, operation, RDI, 1);
        Ok(())
    }

    fn stride<W: Width>(machine: &mut Machine, operation: &Operation, limit: u64) -> u64 {
        if machine.flags.direction() {
            return 0;
        }
        let from = source_address(machine, operation);
        let to = target_address(machine, operation);
        let copied = machine.memory.copy_freely(from, to, limit, W::BYTES);
        advance::<W>(machine, operation, RSI, copied);
        advance::<W>(machine, operation, RDI, copied);
        copied
    }
}

impl Step for Fill {
    fn step<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
        let value = W::get(&machine.general, RAX as u8);
        machine.store::<W>(target_address(machine, operation), value)?;
        advance::<W>(machine, operation, RDI, 1);
        Ok(())
    }

    fn stride<W: Width>(machine: &mut Machine, operation: &Operation, limit: u64) -> u64 {
        if machine.flags.direction() {
            return 0;
        }
        let value = W::get(&machine.general, RAX as u8).to_le_bytes();
        let to = target_address(machine, operation);
        let element = &value[..W::BYTES as usize];
        let filled = machine.memory.fill_freely(to, element, limit);
        advance::<W>(machine, operation, RDI, filled);
        filled
    }
}

impl Step for Load {
    fn step<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
        let value = machine.load::<W>(source_address(machine, operation))?;
        W::set(&mut machine.general, RAX as u8, value);
        advance::<W>(machine, operation, RSI, 1);
        Ok(())
    }
}

impl Step for Compare {
    fn step<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
        let left = machine.load::<W>(source_address(machine, operation))?;
        let right = machine.load::<W>(target_address(machine, operation))?;
        subtract::<W>(&mut machine.flags, left, right, 0);
        advance::<W>(machine, operation, RSI, 1);
        advance::<W>(machine, operation, RDI, 1);
        Ok(())
    }
}

impl Step for Scan {
    fn step<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
        let right = machine.load::<W>(target_address(machine, operation))?;
        let left = W::get(&machine.general, RAX as u8);
        subtract::<W>(&mut machine.flags, left, right, 0);
        advance::<W>(machine, operation, RDI, 1);
        Ok(())
    }
}

impl Step for In {
    fn step<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
        let address = target_address(machine, operation);
        machine.memory.check(address, W::BYTES as usize, Access::Write)?;
        let port = machine.general[RDX] as u16;
        advance::<W>(machine, operation, RDI, 1);
        let width = PortWidth::of::<W>();
        machine.request(Stop::PortRead(PortRead {
            port,
            width,
            target: PortTarget::Memory(address),
        }))
    }
}

impl Step for Out {
    fn step<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
        let value = machine.load::<W>(source_address(machine, operation))? as u32;
        let port = machine.general[RDX] as u16;
        advance::<W>(machine, operation, RSI, 1);
        machine.request(Stop::PortWrite { port, width: PortWidth::of::<W>(), value })
    }
}
