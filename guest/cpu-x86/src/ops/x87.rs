//! The x87 instructions, by family, and how each instruction begins.
//!
//! The manual calls an instruction *waiting* if it first looks for an exception that waits and is
//! not masked. After that a waiting instruction touches memory, and last it changes the x87. So a
//! refused access leaves the x87 unchanged. An operation of the x87 has the instruction's address
//! in `Operation::immediate`, and register numbers in `target` and `source`.
//!
//! This processor refuses the transcendental instructions: see the crate's documentation.
//!
//! Source: Intel SDM volume 2, the page of each instruction; volume 1, 8.1.8 (the last
//! instruction), 8.6 (waiting).

mod arithmetic;
mod compare;
mod control;
mod environment;
mod extended;
mod loads;
mod stores;

use iced_x86::Instruction;

use crate::machine::{Exit, Handler, Machine, Outcome};
use crate::operation::Operation;
use crate::stop::Stop;
use crate::x87::X87;

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    None.or_else(|| arithmetic::select(instruction))
        .or_else(|| compare::select(instruction))
        .or_else(|| loads::select(instruction))
        .or_else(|| stores::select(instruction))
        .or_else(|| control::select(instruction))
        .or_else(|| environment::select(instruction))
        .or_else(|| extended::select(instruction))
}

/// How many registers an instruction removes after its effect.
trait Pops {
    const COUNT: u8;
}

struct PopNone;
struct PopOne;
struct PopTwo;

impl Pops for PopNone {
    const COUNT: u8 = 0;
}

impl Pops for PopOne {
    const COUNT: u8 = 1;
}

impl Pops for PopTwo {
    const COUNT: u8 = 2;
}

fn pop<P: Pops>(x87: &mut X87) {
    for _ in 0..P::COUNT {
        x87.pop();
    }
}

/// Ends the run if an exception that is not masked waits.
fn wait(machine: &mut Machine) -> Outcome {
    if machine.x87.has_waiting() {
        return machine.accuse(Stop::X87Exception);
    }
    Ok(())
}

/// Begins a waiting instruction without a memory operand, and notes its address and opcode.
fn begin<'machine>(
    machine: &'machine mut Machine,
    operation: &Operation,
) -> Result<&'machine mut X87, Exit> {
    wait(machine)?;
    machine.x87.instruction_pointer = operation.immediate;
    machine.x87.opcode = operation.opcode;
    Ok(&mut machine.x87)
}

/// Notes the address and the opcode of an instruction with a memory operand, and the offset of the
/// operand. After a refused access, `Machine::x87` must not have this note.
fn note_access(x87: &mut X87, operation: &Operation, offset: u64) {
    x87.instruction_pointer = operation.immediate;
    x87.opcode = operation.opcode;
    x87.data_pointer = offset;
}
