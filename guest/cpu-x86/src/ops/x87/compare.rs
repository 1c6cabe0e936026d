//! Comparisons, FXAM, and the moves that depend on flags.

use std::cmp::Ordering;

use iced_x86::{Instruction, Mnemonic};

use super::loads::{DoubleWord, Float32, Float64, Format, Word, load_operand};
use super::{PopNone, PopOne, PopTwo, Pops, begin, note_access, pop, wait};
use crate::flags::RFlags;
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::Operation;
use crate::select::{Place, bytes, place};
use crate::x87::arithmetic::{Comparison, QuietNans};
use crate::x87::number::{Class, Number, Operand};
use crate::x87::words::Status;
use crate::x87::{Abandoned, Response, X87};

/// Finds the handler of an instruction of this family.
pub(super) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Fcom => ordered::<PopNone>(instruction),
        Mnemonic::Fcomp => ordered::<PopOne>(instruction),
        Mnemonic::Ficom => integer::<PopNone>(instruction),
        Mnemonic::Ficomp => integer::<PopOne>(instruction),
        Mnemonic::Fcompp => Some(with_second::<Ordered, PopTwo>),
        Mnemonic::Fucom => Some(with_register::<Unordered, PopNone>),
        Mnemonic::Fucomp => Some(with_register::<Unordered, PopOne>),
        Mnemonic::Fucompp => Some(with_second::<Unordered, PopTwo>),
        Mnemonic::Fcomi => Some(to_flags::<Ordered, PopNone>),
        Mnemonic::Fcomip => Some(to_flags::<Ordered, PopOne>),
        Mnemonic::Fucomi => Some(to_flags::<Unordered, PopNone>),
        Mnemonic::Fucomip => Some(to_flags::<Unordered, PopOne>),
        Mnemonic::Ftst => Some(with_zero),
        Mnemonic::Fxam => Some(examine),
        // The numbers are those of the conditions of Jcc: below, equal, below or equal, parity, and
        // then the opposites.
        Mnemonic::Fcmovb => Some(move_if::<2>),
        Mnemonic::Fcmove => Some(move_if::<4>),
        Mnemonic::Fcmovbe => Some(move_if::<6>),
        Mnemonic::Fcmovu => Some(move_if::<10>),
        Mnemonic::Fcmovnb => Some(move_if::<3>),
        Mnemonic::Fcmovne => Some(move_if::<5>),
        Mnemonic::Fcmovnbe => Some(move_if::<7>),
        Mnemonic::Fcmovnu => Some(move_if::<11>),
        _ => None,
    }
}

/// How a comparison treats quiet NaNs.
trait Kind {
    const QUIET_NANS: QuietNans;
}

struct Ordered;
struct Unordered;

impl Kind for Ordered {
    const QUIET_NANS: QuietNans = QuietNans::Invalid;
}

impl Kind for Unordered {
    const QUIET_NANS: QuietNans = QuietNans::Allowed;
}

fn ordered<P: Pops>(instruction: &Instruction) -> Option<Handler> {
    match (place(instruction, 0), bytes(instruction, 0)) {
        (Place::Memory, 4) => Some(with_memory::<Float32, P>),
        (Place::Memory, _) => Some(with_memory::<Float64, P>),
        _ => Some(with_register::<Ordered, P>),
    }
}

fn integer<P: Pops>(instruction: &Instruction) -> Option<Handler> {
    match bytes(instruction, 0) {
        2 => Some(with_memory::<Word, P>),
        _ => Some(with_memory::<DoubleWord, P>),
    }
}

/// Compares ST(0) with a number. An empty register is a stack underflow, and the result is
/// "unordered".
fn compare(x87: &mut X87, other: Option<Operand>, quiet: QuietNans) -> Comparison {
    match (x87.operand(0), other) {
        (Some(left), Some(right)) => x87.compare(left, right, quiet),
        _ => {
            let response = match x87.stack_underflow() {
                Ok(_) => Response::Masked,
                Err(Abandoned) => Response::Unmasked,
            };
            Comparison { order: None, response }
        }
    }
}

/// Compares ST(0) with a number, and puts the answer into the condition codes. Then it pops, unless
/// an exception that is not masked waits.
fn to_codes<P: Pops>(x87: &mut X87, other: Option<Operand>, quiet: QuietNans) {
    x87.set_c1(false);
    let Comparison { order, response } = compare(x87, other, quiet);
    x87.set_comparison(match order {
        Some(Ordering::Greater) => Status::empty(),
        Some(Ordering::Less) => Status::C0,
        Some(Ordering::Equal) => Status::C3,
        None => Status::COMPARISON,
    });
    if response == Response::Masked {
        pop::<P>(x87);
    }
}

fn with_register<K: Kind, P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let other = x87.operand(operation.source);
    to_codes::<P>(x87, other, K::QUIET_NANS);
    Ok(())
}

fn with_second<K: Kind, P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let other = x87.operand(1);
    to_codes::<P>(x87, other, K::QUIET_NANS);
    Ok(())
}

fn with_memory<F: Format, P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    wait(machine)?;
    let other = load_operand::<F>(machine, operation)?;
    let offset = machine.offset(operation);
    note_access(&mut machine.x87, operation, offset);
    to_codes::<P>(&mut machine.x87, Some(other), QuietNans::Invalid);
    Ok(())
}

fn with_zero(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    to_codes::<PopNone>(x87, Some(Operand::of(Number::zero(0))), QuietNans::Invalid);
    Ok(())
}

/// FCOMI: ZF, PF and CF get the values that FCOM gives C3, C2 and C0. OF, SF and AF become clear.
fn to_flags<K: Kind, P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let other = x87.operand(operation.source);
    let Comparison { order, response } = compare(x87, other, K::QUIET_NANS);
    if response == Response::Masked {
        pop::<P>(x87);
    }
    let answer = match order {
        Some(Ordering::Greater) => RFlags::empty(),
        Some(Ordering::Less) => RFlags::CARRY,
        Some(Ordering::Equal) => RFlags::ZERO,
        None => RFlags::ZERO | RFlags::PARITY | RFlags::CARRY,
    };
    machine.flags.set(machine.flags.bits().difference(RFlags::ARITHMETIC) | answer);
    Ok(())
}

/// FXAM: C3, C2 and C0 get the class of ST(0), or say that the register is empty. C1 gets the sign
/// of ST(0), even if the register is empty.
fn examine(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let number = x87.contents(0);
    let class = if x87.is_empty(0) {
        Status::C3 | Status::C0
    } else {
        match number.class() {
            Class::Unsupported => Status::empty(),
            Class::QuietNan | Class::SignalingNan => Status::C0,
            Class::Normal => Status::C2,
            Class::Infinity => Status::C2 | Status::C0,
            Class::Zero => Status::C3,
            Class::Denormal => Status::C3 | Status::C2,
        }
    };
    x87.set_comparison(class);
    x87.set_c1(number.sign() != 0);
    Ok(())
}

fn move_if<const CONDITION: u8>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let holds = machine.flags.holds::<CONDITION>();
    let x87 = begin(machine, operation)?;
    match (x87.operand(0), x87.operand(operation.source)) {
        (Some(_), Some(source)) => {
            if holds {
                x87.set(0, source.number);
            }
        }
        _ => {
            if let Ok(nan) = x87.stack_underflow() {
                x87.set(0, nan);
            }
        }
    }
    Ok(())
}
