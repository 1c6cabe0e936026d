//! Loads onto the x87's stack, constants, FXCH.

use iced_x86::{Instruction, Mnemonic};

use super::{begin, note_access, wait};
use crate::machine::{Exit, Handler, Machine, Outcome};
use crate::operation::{Operation, Width};
use crate::select::{Place, bytes, place};
use crate::x87::convert::{Fields, from_decimal, from_integer};
use crate::x87::number::{Class, Number, Operand};
use crate::x87::words::{Rounding, Status};
use crate::x87::{Abandoned, X87};

/// Finds the handler of an instruction of this family.
pub(super) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Fld => match (place(instruction, 0), bytes(instruction, 0)) {
            (Place::Memory, 4) => Some(load::<Float32>),
            (Place::Memory, 8) => Some(load::<Float64>),
            (Place::Memory, _) => Some(load_whole::<Extended>),
            _ => Some(load_register),
        },
        Mnemonic::Fild => match bytes(instruction, 0) {
            2 => Some(load::<Word>),
            4 => Some(load::<DoubleWord>),
            _ => Some(load::<QuadWord>),
        },
        Mnemonic::Fbld => Some(load_whole::<Decimal>),
        Mnemonic::Fld1 => Some(load_constant::<One>),
        Mnemonic::Fldz => Some(load_constant::<Zero>),
        Mnemonic::Fldpi => Some(load_constant::<Pi>),
        Mnemonic::Fldl2e => Some(load_constant::<Log2OfE>),
        Mnemonic::Fldl2t => Some(load_constant::<Log2OfTen>),
        Mnemonic::Fldlg2 => Some(load_constant::<Log10OfTwo>),
        Mnemonic::Fldln2 => Some(load_constant::<LnOfTwo>),
        Mnemonic::Fxch => Some(exchange),
        _ => None,
    }
}

/// A format of memory operands of at most 8 bytes.
pub(super) trait Format {
    type Bits: Width;
    fn operand(bits: u64) -> Operand;
}

/// A `float`.
pub(super) struct Float32;
/// A `double`.
pub(super) struct Float64;
/// An integer of 16 bits.
pub(super) struct Word;
/// An integer of 32 bits.
pub(super) struct DoubleWord;
/// An integer of 64 bits.
pub(super) struct QuadWord;

impl Format for Float32 {
    type Bits = u32;
    fn operand(bits: u64) -> Operand {
        Fields::SINGLE.unpack(bits)
    }
}

impl Format for Float64 {
    type Bits = u64;
    fn operand(bits: u64) -> Operand {
        Fields::DOUBLE.unpack(bits)
    }
}

macro_rules! integer_format {
    ($($name:ident: $bits:ty),*) => {$(
        impl Format for $name {
            type Bits = $bits;
            fn operand(bits: u64) -> Operand {
                Operand::of(from_integer(<$bits>::sign_extend(bits) as i64))
            }
        }
    )*};
}

integer_format!(Word: u16, DoubleWord: u32, QuadWord: u64);

/// Reads the memory operand.
pub(super) fn load_operand<F: Format>(
    machine: &mut Machine,
    operation: &Operation,
) -> Result<Operand, Exit> {
    let address = machine.address(operation);
    Ok(F::operand(machine.load::<F::Bits>(address)?))
}

fn load<F: Format>(machine: &mut Machine, operation: &Operation) -> Outcome {
    wait(machine)?;
    let operand = load_operand::<F>(machine, operation)?;
    let offset = machine.offset(operation);
    let x87 = &mut machine.x87;
    note_access(x87, operation, offset);
    // A stack overflow comes before the exceptions of the operand. If the stack is full, `push`
    // notes the overflow.
    if !x87.is_empty(7) {
        x87.push(operand.number);
    } else if let Ok(number) = accept(x87, operand) {
        x87.push(number);
    }
    Ok(())
}

/// Notes the exceptions of a loaded operand and returns the number for the register.
///
/// Measured on an AMD EPYC: the instruction loads a denormal even if the denormal exception is not
/// masked.
fn accept(x87: &mut X87, operand: Operand) -> Result<Number, Abandoned> {
    x87.set_c1(false);
    match operand.class {
        Class::SignalingNan => {
            x87.raise_before(Status::INVALID)?;
            Ok(operand.number.quieted())
        }
        Class::Denormal => {
            x87.raise(Status::DENORMAL);
            Ok(operand.number)
        }
        _ => Ok(operand.number),
    }
}

/// A format of ten bytes. A register can hold every value of this format.
trait TenBytes {
    fn number(bytes: [u8; 10]) -> Number;
}

struct Extended;
struct Decimal;

impl TenBytes for Extended {
    fn number(bytes: [u8; 10]) -> Number {
        Number::from_bytes(bytes)
    }
}

impl TenBytes for Decimal {
    fn number(bytes: [u8; 10]) -> Number {
        from_decimal(bytes)
    }
}

fn load_whole<T: TenBytes>(machine: &mut Machine, operation: &Operation) -> Outcome {
    wait(machine)?;
    let bytes = machine.memory.load(machine.address(operation))?;
    let offset = machine.offset(operation);
    note_access(&mut machine.x87, operation, offset);
    machine.x87.push(T::number(bytes));
    Ok(())
}

fn load_register(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let source = x87.operand(operation.target);
    match source {
        Some(operand) => x87.push(operand.number),
        None => {
            // An empty source counts as a stack underflow, even if the stack has no room for one
            // more number.
            if let Ok(nan) = x87.stack_underflow() {
                x87.push_over(nan);
            }
        }
    }
    Ok(())
}

/// A constant to load. If a register cannot hold the constant exactly, the rounding chooses between
/// the number below and the number above.
trait Constant {
    /// The largest number that is not greater than the constant.
    const BELOW: Number;
    const NEAREST: Nearest;
}

/// Where the nearest number that a register can hold lies: below or above the constant.
#[derive(PartialEq, Eq)]
enum Nearest {
    /// A register can hold the constant exactly.
    Exact,
    Below,
    Above,
}

macro_rules! constants {
    ($($name:ident: $exponent:literal $significand:literal $nearest:ident;)*) => {$(
        struct $name;

        impl Constant for $name {
            const BELOW: Number =
                Number { sign_exponent: $exponent, significand: $significand };
            const NEAREST: Nearest = Nearest::$nearest;
        }
    )*};
}

// The constants were calculated with 200 digits, and compared with the host in all roundings.
constants! {
    One: 0x3FFF 0x8000_0000_0000_0000 Exact;
    Zero: 0 0 Exact;
    Pi: 0x4000 0xC90F_DAA2_2168_C234 Above;
    Log2OfE: 0x3FFF 0xB8AA_3B29_5C17_F0BB Above;
    Log2OfTen: 0x4000 0xD49A_784B_CD1B_8AFE Below;
    Log10OfTwo: 0x3FFD 0x9A20_9A84_FBCF_F798 Above;
    LnOfTwo: 0x3FFE 0xB172_17F7_D1CF_79AB Above;
}

fn load_constant<C: Constant>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let is_above = match x87.control.rounding() {
        Rounding::Nearest => C::NEAREST == Nearest::Above,
        Rounding::Up => C::NEAREST != Nearest::Exact,
        Rounding::Down | Rounding::Zero => false,
    };
    let significand = C::BELOW.significand + u64::from(is_above);
    x87.push(Number { significand, ..C::BELOW });
    Ok(())
}

/// FXCH: an empty register counts as the default NaN. If the stack underflow is not masked, nothing
/// is exchanged.
fn exchange(machine: &mut Machine, operation: &Operation) -> Outcome {
    let x87 = begin(machine, operation)?;
    let other = operation.source;
    x87.set_c1(false);
    let (first, second) = (x87.operand(0), x87.operand(other));
    if (first.is_none() || second.is_none()) && x87.stack_underflow().is_err() {
        return Ok(());
    }
    let number = |operand: Option<Operand>| operand.map_or(Number::DEFAULT_NAN, |o| o.number);
    x87.set(0, number(second));
    x87.set(other, number(first));
    Ok(())
}
