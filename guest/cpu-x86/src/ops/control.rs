//! Jumps, calls, returns and loops; the far forms are refused.
//!
//! Source: Intel SDM volume 2, the page of each instruction.

use iced_x86::{Code, Instruction, Mnemonic, OpKind};

use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{InMemory, InRegister, Operation, Target, Width};
use crate::registers::{RCX, RSP};
use crate::select::{Place, bytes, place};

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Jmp => match (near_bytes(instruction), place(instruction, 0)) {
            (_, Place::Other) => is_near(instruction).then_some(jump),
            (4, Place::General) => Some(jump_to::<InRegister, u32>),
            (8, Place::General) => Some(jump_to::<InRegister, u64>),
            (4, Place::Memory) => Some(jump_to::<InMemory, u32>),
            (8, Place::Memory) => Some(jump_to::<InMemory, u64>),
            _ => None,
        },
        Mnemonic::Call => match (instruction.code(), place(instruction, 0)) {
            (Code::Call_rel32_32, _) => Some(call::<u32>),
            (Code::Call_rel32_64, _) => Some(call::<u64>),
            (Code::Call_rm32, Place::General) => Some(call_to::<InRegister, u32>),
            (Code::Call_rm64, Place::General) => Some(call_to::<InRegister, u64>),
            (Code::Call_rm32, Place::Memory) => Some(call_to::<InMemory, u32>),
            (Code::Call_rm64, Place::Memory) => Some(call_to::<InMemory, u64>),
            _ => None,
        },
        Mnemonic::Ret => match instruction.code() {
            Code::Retnd | Code::Retnd_imm16 => Some(return_near::<u32>),
            Code::Retnq | Code::Retnq_imm16 => Some(return_near::<u64>),
            _ => None,
        },
        _ => counted(instruction),
    }
}

/// LOOP, LOOPcc and JCXZ, by the width of their counter. This width is the address size.
///
/// Measured: on an AMD EPYC a repeat prefix changes the condition of LOOPE and LOOPNE. No manual
/// says so. So this processor refuses all instructions of this kind with such a prefix.
fn counted(instruction: &Instruction) -> Option<Handler> {
    let repeated = instruction.has_rep_prefix() || instruction.has_repne_prefix();
    if repeated || !is_near(instruction) {
        return None;
    }
    match instruction.code() {
        Code::Loop_rel8_32_ECX | Code::Loop_rel8_64_ECX => Some(count_down::<Always, u32>),
        Code::Loop_rel8_32_CX => Some(count_down::<Always, u16>),
        Code::Loop_rel8_64_RCX => Some(count_down::<Always, u64>),
        Code::Loope_rel8_32_ECX | Code::Loope_rel8_64_ECX => Some(count_down::<WhileZero, u32>),
        Code::Loope_rel8_32_CX => Some(count_down::<WhileZero, u16>),
        Code::Loope_rel8_64_RCX => Some(count_down::<WhileZero, u64>),
        Code::Loopne_rel8_32_ECX | Code::Loopne_rel8_64_ECX => {
            Some(count_down::<WhileNotZero, u32>)
        }
        Code::Loopne_rel8_32_CX => Some(count_down::<WhileNotZero, u16>),
        Code::Loopne_rel8_64_RCX => Some(count_down::<WhileNotZero, u64>),
        Code::Jcxz_rel8_32 => Some(jump_if_counter_zero::<u16>),
        Code::Jecxz_rel8_32 | Code::Jecxz_rel8_64 => Some(jump_if_counter_zero::<u32>),
        Code::Jrcxz_rel8_64 => Some(jump_if_counter_zero::<u64>),
        _ => None,
    }
}

fn is_near(instruction: &Instruction) -> bool {
    matches!(instruction.op0_kind(), OpKind::NearBranch32 | OpKind::NearBranch64)
}

/// The width of the target of an indirect near jump, in bytes; 0 for any other jump.
fn near_bytes(instruction: &Instruction) -> usize {
    match instruction.code() {
        Code::Jmp_rm32 | Code::Jmp_rm64 => bytes(instruction, 0),
        _ => 0,
    }
}

fn jump(machine: &mut Machine, operation: &Operation) -> Outcome {
    machine.rip = operation.immediate;
    Ok(())
}

fn jump_to<T: Target, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    machine.rip = T::load::<W>(machine, operation)?;
    Ok(())
}

/// Pushes the return address and jumps. A call ends its block, so the return address is the
/// address after the block.
#[inline(always)]
fn enter<W: Width>(machine: &mut Machine, target: u64) -> Outcome {
    let top = machine.stack_below(W::BYTES);
    machine.store::<W>(top, machine.rip)?;
    machine.general[RSP] = top;
    machine.rip = target;
    Ok(())
}

fn call<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    enter::<W>(machine, operation.immediate)
}

fn call_to<T: Target, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let target = T::load::<W>(machine, operation)?;
    enter::<W>(machine, target)
}

fn return_near<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let top = machine.general[RSP];
    machine.rip = machine.load::<W>(top)?;
    machine.general[RSP] = machine.stack_above(W::BYTES + operation.immediate);
    Ok(())
}

/// The further condition of LOOPcc, besides the condition on its counter.
trait LoopCondition {
    fn holds(machine: &Machine) -> bool;
}

struct Always;
struct WhileZero;
struct WhileNotZero;

impl LoopCondition for Always {
    fn holds(_: &Machine) -> bool {
        true
    }
}

impl LoopCondition for WhileZero {
    fn holds(machine: &Machine) -> bool {
        machine.flags.zero()
    }
}

impl LoopCondition for WhileNotZero {
    fn holds(machine: &Machine) -> bool {
        !machine.flags.zero()
    }
}

fn count_down<C: LoopCondition, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let counter = W::get(&machine.general, RCX as u8).wrapping_sub(1) & W::MASK;
    W::set(&mut machine.general, RCX as u8, counter);
    if counter != 0 && C::holds(machine) {
        machine.rip = operation.immediate;
    }
    Ok(())
}

fn jump_if_counter_zero<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    if W::get(&machine.general, RCX as u8) == 0 {
        machine.rip = operation.immediate;
    }
    Ok(())
}
