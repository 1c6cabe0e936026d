//! Arithmetic on the x87's registers.

use iced_x86::{Instruction, Mnemonic};

use super::loads::{DoubleWord, Float32, Float64, Format, Word, load_operand};
use super::{PopNone, PopOne, Pops, begin, note_access, pop, wait};
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::Operation;
use crate::select::{Place, bytes, place};
use crate::x87::arithmetic::Answer;
use crate::x87::number::{Number, Operand, SIGN};
use crate::x87::remainder::Quotient;
use crate::x87::words::Status;
use crate::x87::{Abandoned, Response, X87};

/// Finds the handler of an instruction of this family.
pub(super) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Fadd => binary::<Add>(instruction),
        Mnemonic::Fsub => binary::<Subtract>(instruction),
        Mnemonic::Fsubr => binary::<SubtractReversed>(instruction),
        Mnemonic::Fmul => binary::<Multiply>(instruction),
        Mnemonic::Fdiv => binary::<Divide>(instruction),
        Mnemonic::Fdivr => binary::<DivideReversed>(instruction),
        Mnemonic::Faddp => Some(with_register::<Add, PopOne>),
        Mnemonic::Fsubp => Some(with_register::<Subtract, PopOne>),
        Mnemonic::Fsubrp => Some(with_register::<SubtractReversed, PopOne>),
        Mnemonic::Fmulp => Some(with_register::<Multiply, PopOne>),
        Mnemonic::Fdivp => Some(with_register::<Divide, PopOne>),
        Mnemonic::Fdivrp => Some(with_register::<DivideReversed, PopOne>),
        Mnemonic::Fiadd => with_integer::<Add>(instruction),
        Mnemonic::Fisub => with_integer::<Subtract>(instruction),
        Mnemonic::Fisubr => with_integer::<SubtractReversed>(instruction),
        Mnemonic::Fimul => with_integer::<Multiply>(instruction),
        Mnemonic::Fidiv => with_integer::<Divide>(instruction),
        Mnemonic::Fidivr => with_integer::<DivideReversed>(instruction),
        Mnemonic::Fsqrt => Some(with_top::<SquareRoot>),
        Mnemonic::Frndint => Some(with_top::<RoundToInteger>),
        Mnemonic::Fchs => Some(change_sign::<ChangeSign>),
        Mnemonic::Fabs => Some(change_sign::<ClearSign>),
        Mnemonic::Fscale => Some(with_second::<Scale>),
        Mnemonic::Fprem => Some(partial::<Remainder>),
        Mnemonic::Fprem1 => Some(partial::<NearestRemainder>),
        Mnemonic::Fxtract => Some(extract),
        _ => None,
    }
}

/// An operation on two numbers. The result replaces the first number.
trait Operator {
    fn apply(x87: &mut X87, target: Operand, source: Operand) -> Answer;
}

macro_rules! operator {
    ($name:ident, |$x87:ident, $target:ident, $source:ident| $answer:expr) => {
        struct $name;

        impl Operator for $name {
            fn apply($x87: &mut X87, $target: Operand, $source: Operand) -> Answer {
                $answer
            }
        }
    };
}

operator!(Add, |x87, target, source| x87.add(target, source));
operator!(Subtract, |x87, target, source| x87.subtract(target, source));
operator!(SubtractReversed, |x87, target, source| x87.subtract(source, target));
operator!(Multiply, |x87, target, source| x87.multiply(target, source));
operator!(Divide, |x87, target, source| x87.divide(target, source));
operator!(DivideReversed, |x87, target, source| x87.divide(source, target));
operator!(Scale, |x87, target, source| x87.scale(target, source));
operator!(Remainder, |x87, target, source| x87.remainder(target, source, Quotient::Cut));
operator!(NearestRemainder, |x87, target, source| {
    x87.remainder(target, source, Quotient::Nearest)
});

/// An operation on ST(0).
trait Function {
    fn apply(x87: &mut X87, value: Operand) -> Answer;
}

struct SquareRoot;
struct RoundToInteger;

impl Function for SquareRoot {
    fn apply(x87: &mut X87, value: Operand) -> Answer {
        x87.square_root(value)
    }
}

impl Function for RoundToInteger {
    fn apply(x87: &mut X87, value: Operand) -> Answer {
        x87.round_to_integer(value)
    }
}

/// A change of a sign. It is valid for every number, even for a NaN.
trait SignChange {
    fn apply(sign: u16) -> u16;
}

struct ChangeSign;
struct ClearSign;

impl SignChange for ChangeSign {
    fn apply(sign: u16) -> u16 {
        sign ^ SIGN
    }
}

impl SignChange for ClearSign {
    fn apply(_: u16) -> u16 {
        0
    }
}

fn binary<O: Operator>(instruction: &Instruction) -> Option<Handler> {
    match (place(instruction, 0), bytes(instruction, 0)) {
        (Place::Memory, 4) => Some(with_memory::<O, Float32>),
        (Place::Memory, _) => Some(with_memory::<O, Float64>),
        _ => Some(with_register::<O, PopNone>),
    }
}

fn with_integer<O: Operator>(instruction: &Instruction) -> Option<Handler> {
    match bytes(instruction, 0) {
        2 => Some(with_memory::<O, Word>),
        _ => Some(with_memory::<O, DoubleWord>),
    }
}

/// Replaces ST(target) by the result of `apply`. If a register is empty, the default NaN replaces
/// ST(target). If an exception that is not masked prevents a result, ST(target) does not change.
fn replace(
    x87: &mut X87,
    target: u8,
    operands: (Option<Operand>, Option<Operand>),
    apply: impl FnOnce(&mut X87, Operand, Operand) -> Answer,
) -> Result<(), Abandoned> {
    x87.set_c1(false);
    let result = match operands {
        (Some(target), Some(source)) => apply(x87, target, source)?,
        _ => x87.stack_underflow()?,
    };
    x87.set(target, result);
    Ok(())
}

fn with_register<O: Operator, P: Pops>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let operands = (x87.operand(operation.target), x87.operand(operation.source));
    if replace(x87, operation.target, operands, O::apply).is_ok() {
        pop::<P>(x87);
    }
    Ok(())
}

fn with_memory<O: Operator, F: Format>(machine: &mut Machine, operation: &Operation) -> Outcome {
    wait(machine)?;
    let source = load_operand::<F>(machine, operation)?;
    let offset = machine.offset(operation);
    let x87 = &mut machine.x87;
    note_access(x87, operation, offset);
    let operands = (x87.operand(0), Some(source));
    // The result of `replace` is not needed here, because a memory form pops nothing. If there is
    // no result, the exception already waits in the status word.
    let _ = replace(x87, 0, operands, O::apply);
    Ok(())
}

/// Replaces ST(0) by the result of an operation on ST(0) and ST(1).
fn with_second<O: Operator>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let operands = (x87.operand(0), x87.operand(1));
    let _ = replace(x87, 0, operands, O::apply);
    Ok(())
}

/// Does the same as `with_second`, for FPREM and FPREM1, but first clears C2. Measured on an AMD
/// EPYC: C2 becomes 0 even if an exception (empty register, invalid operand) prevents a result.
fn partial<O: Operator>(machine: &mut Machine, operation: &Operation) -> Outcome {
    begin(machine, operation)?.status.remove(Status::C2);
    with_second::<O>(machine, operation)
}

fn with_top<F: Function>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let top = x87.operand(0);
    let _ = replace(x87, 0, (top, top), |x87, value, _| F::apply(x87, value));
    Ok(())
}

fn change_sign<S: SignChange>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let top = x87.operand(0);
    let _ = replace(x87, 0, (top, top), |_, value, _| {
        let number = value.number;
        Ok(number.with_sign(S::apply(number.sign())))
    });
    Ok(())
}

/// FXTRACT: the exponent replaces the number in ST(0), and then the significand is pushed.
fn extract(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    x87.set_c1(false);
    let Some(value) = x87.operand(0) else {
        if let Ok(nan) = x87.stack_underflow() {
            x87.set(0, nan);
            x87.push_over(nan);
        }
        return Ok(());
    };
    if !x87.is_empty(7) {
        if x87.overflow_stack() == Response::Masked {
            x87.set(0, Number::DEFAULT_NAN);
            x87.push_over(Number::DEFAULT_NAN);
        }
        return Ok(());
    }
    if let Ok([exponent, significand]) = x87.extract(value) {
        x87.set(0, exponent);
        x87.push(significand);
    }
    Ok(())
}
