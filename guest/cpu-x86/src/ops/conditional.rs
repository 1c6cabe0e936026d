//! Instructions that depend on a condition: CMOVcc, SETcc, Jcc.
//!
//! Source: Intel SDM volume 2, the page of each instruction; volume 1, appendix B.

use iced_x86::{ConditionCode, Instruction, OpKind};

use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{InMemory, InRegister, Operation, Source, Target, Width};
use crate::select::{Place, bytes, place, places};

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    use ConditionCode as Code;
    match instruction.condition_code() {
        Code::o => conditional_on::<0>(instruction),
        Code::no => conditional_on::<1>(instruction),
        Code::b => conditional_on::<2>(instruction),
        Code::ae => conditional_on::<3>(instruction),
        Code::e => conditional_on::<4>(instruction),
        Code::ne => conditional_on::<5>(instruction),
        Code::be => conditional_on::<6>(instruction),
        Code::a => conditional_on::<7>(instruction),
        Code::s => conditional_on::<8>(instruction),
        Code::ns => conditional_on::<9>(instruction),
        Code::p => conditional_on::<10>(instruction),
        Code::np => conditional_on::<11>(instruction),
        Code::l => conditional_on::<12>(instruction),
        Code::ge => conditional_on::<13>(instruction),
        Code::le => conditional_on::<14>(instruction),
        Code::g => conditional_on::<15>(instruction),
        Code::None => None,
    }
}

fn conditional_on<const CONDITION: u8>(instruction: &Instruction) -> Option<Handler> {
    if instruction.is_jcc_short_or_near() {
        let near = matches!(instruction.op0_kind(), OpKind::NearBranch32 | OpKind::NearBranch64);
        return near.then_some(jump_if::<CONDITION>);
    }
    if instruction.op_count() == 1 {
        return match place(instruction, 0) {
            Place::General => Some(set_if::<CONDITION, InRegister>),
            Place::Memory => Some(set_if::<CONDITION, InMemory>),
            _ => None,
        };
    }
    match places(instruction) {
        (Place::General, Place::General) => move_if_by_width::<CONDITION, InRegister>(instruction),
        (Place::General, Place::Memory) => move_if_by_width::<CONDITION, InMemory>(instruction),
        _ => None,
    }
}

fn move_if_by_width<const CONDITION: u8, S: Source>(instruction: &Instruction) -> Option<Handler> {
    match bytes(instruction, 0) {
        2 => Some(move_if::<CONDITION, S, u16>),
        4 => Some(move_if::<CONDITION, S, u32>),
        8 => Some(move_if::<CONDITION, S, u64>),
        _ => None,
    }
}

/// CMOVcc reads its source even when the condition is false.
fn move_if<const CONDITION: u8, S: Source, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let moved = S::load::<W>(machine, operation)?;
    let kept = W::get(&machine.general, operation.target);
    let value = if machine.flags.holds::<CONDITION>() { moved } else { kept };
    W::set(&mut machine.general, operation.target, value);
    Ok(())
}

fn set_if<const CONDITION: u8, T: Target>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = u64::from(machine.flags.holds::<CONDITION>());
    T::store::<u8>(machine, operation, value)
}

fn jump_if<const CONDITION: u8>(machine: &mut Machine, operation: &Operation) -> Outcome {
    if machine.flags.holds::<CONDITION>() {
        machine.rip = operation.immediate;
    }
    Ok(())
}
