//! Stores from the x87's stack.
//!
//! Source: Intel SDM volume 1, table 8-10 (responses to invalid operations), 8.5.4 and 8.5.5 (a
//! store whose overflow or underflow is not masked leaves memory and stack alone).

use iced_x86::{Instruction, Mnemonic};

use super::{PopNone, PopOne, Pops, begin, note_access, pop, wait};
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::Operation;
use crate::select::{Place, bytes, place};
use crate::x87::convert::{DECIMAL_INDEFINITE, Fields, to_decimal, to_integer, to_units};
use crate::x87::number::{Class, Number, Operand};
use crate::x87::round::{Cut, Format, round};
use crate::x87::words::{Rounding, Status};
use crate::x87::{Abandoned, X87};

/// Finds the handler of an instruction of this family.
pub(super) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Fst => real::<PopNone>(instruction),
        Mnemonic::Fstp => real::<PopOne>(instruction),
        Mnemonic::Fist => integer::<ByControl, PopNone>(instruction),
        Mnemonic::Fistp => integer::<ByControl, PopOne>(instruction),
        Mnemonic::Fisttp => integer::<Cutting, PopOne>(instruction),
        Mnemonic::Fbstp => Some(store_decimal),
        _ => None,
    }
}

fn real<P: Pops>(instruction: &Instruction) -> Option<Handler> {
    match (place(instruction, 0), bytes(instruction, 0)) {
        (Place::Memory, 4) => Some(store_single::<P>),
        (Place::Memory, 8) => Some(store_double::<P>),
        (Place::Memory, _) => Some(store_extended::<P>),
        _ => Some(store_register::<P>),
    }
}

fn integer<M: Mode, P: Pops>(instruction: &Instruction) -> Option<Handler> {
    match bytes(instruction, 0) {
        2 => Some(store_word::<M, P>),
        4 => Some(store_double_word::<M, P>),
        _ => Some(store_quad_word::<M, P>),
    }
}

/// How a store rounds a number to an integer.
trait Mode {
    fn rounding(x87: &X87) -> Rounding;
}

/// The store rounds as the control word says.
struct ByControl;
/// The store rounds towards zero.
struct Cutting;

impl Mode for ByControl {
    fn rounding(x87: &X87) -> Rounding {
        x87.control.rounding()
    }
}

impl Mode for Cutting {
    fn rounding(_: &X87) -> Rounding {
        Rounding::Zero
    }
}

/// Stores the bytes that `bytes` makes from ST(0). If the memory refuses the store, the x87 does
/// not change. If `bytes` returns `Abandoned`, nothing is stored or popped. An inexact result is
/// stored and popped even if its exception is not masked.
fn store<const N: usize, P: Pops>(
    machine: &mut Machine,
    operation: &Operation,
    bytes: impl FnOnce(&mut X87, Option<Operand>) -> Result<[u8; N], Abandoned>,
) -> Outcome {
    wait(machine)?;
    let mut x87 = machine.x87;
    note_access(&mut x87, operation, machine.offset(operation));
    x87.set_c1(false);
    let top = x87.operand(0);
    if let Ok(bytes) = bytes(&mut x87, top) {
        machine.memory.store(machine.address(operation), bytes)?;
        pop::<P>(&mut x87);
    }
    machine.x87 = x87;
    Ok(())
}

fn store_single<P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    store::<4, P>(machine, operation, |x87, top| {
        let number = to_format(x87, top, Format::SINGLE)?;
        Ok((Fields::SINGLE.pack(number) as u32).to_le_bytes())
    })
}

fn store_double<P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    store::<8, P>(machine, operation, |x87, top| {
        let number = to_format(x87, top, Format::DOUBLE)?;
        Ok(Fields::DOUBLE.pack(number).to_le_bytes())
    })
}

fn store_extended<P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    store::<10, P>(machine, operation, |x87, top| match top {
        Some(operand) => Ok(operand.number.to_bytes()),
        None => Ok(x87.stack_underflow()?.to_bytes()),
    })
}

fn store_register<P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    x87.set_c1(false);
    let number = match x87.operand(0) {
        Some(operand) => operand.number,
        None => match x87.stack_underflow() {
            Ok(nan) => nan,
            Err(Abandoned) => return Ok(()),
        },
    };
    x87.set(operation.target, number);
    pop::<P>(x87);
    Ok(())
}

/// Rounds ST(0) to a format of memory.
fn to_format(x87: &mut X87, top: Option<Operand>, format: Format) -> Result<Number, Abandoned> {
    let Some(operand) = top else { return x87.stack_underflow() };
    match operand.class {
        Class::Unsupported => x87.invalid(),
        Class::SignalingNan => {
            x87.raise_before(Status::INVALID)?;
            Ok(operand.number.quieted())
        }
        Class::Zero | Class::Infinity | Class::QuietNan => Ok(operand.number),
        Class::Normal | Class::Denormal => {
            let unmasked = x87.control.unmasked(Status::OVERFLOW | Status::UNDERFLOW);
            let exact = operand.number.exact();
            let rounded = round(exact, format, x87.control.rounding(), unmasked);
            if rounded.exceptions.intersects(unmasked) {
                x87.raise(rounded.exceptions & unmasked);
                return Err(Abandoned);
            }
            x87.note(rounded);
            Ok(rounded.number)
        }
    }
}

/// Rounds a number to an integer, and returns the sign and the magnitude. `None` if there is no
/// such integer, as for a NaN or an infinity, or if the magnitude is 2^65 or more.
fn to_whole<M: Mode>(x87: &X87, operand: Operand) -> Option<(u16, Cut)> {
    match operand.class {
        Class::Zero => Some((0, Cut { units: 0, is_inexact: false, is_up: false })),
        Class::Normal | Class::Denormal => {
            let exact = operand.number.exact();
            to_units(exact, M::rounding(x87)).map(|cut| (exact.sign, cut))
        }
        _ => None,
    }
}

/// What an integer store writes: the value that `form` makes, or the indefinite value after an
/// invalid operation.
fn whole<M: Mode, T>(
    x87: &mut X87,
    top: Option<Operand>,
    form: impl FnOnce(u16, u128) -> Option<T>,
    indefinite: T,
) -> Result<T, Abandoned> {
    let Some(operand) = top else {
        x87.stack_underflow()?;
        return Ok(indefinite);
    };
    let cut = to_whole::<M>(x87, operand);
    let Some((cut, value)) = cut.and_then(|(sign, cut)| Some((cut, form(sign, cut.units)?))) else {
        x87.raise_before(Status::INVALID)?;
        return Ok(indefinite);
    };
    x87.set_c1(cut.is_up);
    if cut.is_inexact {
        x87.raise(Status::PRECISION);
    }
    Ok(value)
}

/// An integer store of `bits` bits. The indefinite integer is the smallest integer.
fn whole_bits<M: Mode>(x87: &mut X87, top: Option<Operand>, bits: u32) -> Result<u64, Abandoned> {
    whole::<M, u64>(x87, top, |sign, units| to_integer(sign, units, bits), 1 << (bits - 1))
}

fn store_word<M: Mode, P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    store::<2, P>(machine, operation, |x87, top| {
        Ok((whole_bits::<M>(x87, top, 16)? as u16).to_le_bytes())
    })
}

fn store_double_word<M: Mode, P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    store::<4, P>(machine, operation, |x87, top| {
        Ok((whole_bits::<M>(x87, top, 32)? as u32).to_le_bytes())
    })
}

fn store_quad_word<M: Mode, P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    store::<8, P>(machine, operation, |x87, top| Ok(whole_bits::<M>(x87, top, 64)?.to_le_bytes()))
}

fn store_decimal(machine: &mut Machine, operation: &Operation) -> Outcome {
    store::<10, PopOne>(machine, operation, |x87, top| {
        // `to_whole` drops the sign of a zero, but a packed decimal keeps it.
        let sign = top.map_or(0, |operand| operand.number.sign());
        let form = |_, units| to_decimal(sign, units);
        whole::<ByControl, [u8; 10]>(x87, top, form, DECIMAL_INDEFINITE)
    })
}
