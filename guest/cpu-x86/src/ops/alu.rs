//! Addition, subtraction, logic and comparison.
//!
//! Source: Intel SDM volume 2, the page of each instruction; volume 1, appendix A for flags.

use iced_x86::{Instruction, Mnemonic};

use crate::flags::Flags;
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{Operation, Source, Target, Width};
use crate::select::{by_places, by_target, by_width};

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Add => by_places!(instruction, binary, Add),
        Mnemonic::Adc => by_places!(instruction, binary, Adc),
        Mnemonic::Sub => by_places!(instruction, binary, Sub),
        Mnemonic::Sbb => by_places!(instruction, binary, Sbb),
        Mnemonic::And => by_places!(instruction, binary, And),
        Mnemonic::Or => by_places!(instruction, binary, Or),
        Mnemonic::Xor => by_places!(instruction, binary, Xor),
        Mnemonic::Cmp => by_places!(instruction, compare, Sub),
        Mnemonic::Test => by_places!(instruction, compare, And),
        Mnemonic::Inc => by_target!(instruction, by_width, unary, Increment),
        Mnemonic::Dec => by_target!(instruction, by_width, unary, Decrement),
        Mnemonic::Neg => by_target!(instruction, by_width, unary, Negate),
        Mnemonic::Not => by_target!(instruction, by_width, unary, Invert),
        _ => None,
    }
}

/// An operation on two operands that sets flags.
trait Binary {
    fn apply<W: Width>(flags: &mut Flags, left: u64, right: u64) -> u64;
}

/// An operation on one operand.
trait Unary {
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> u64;
}

fn binary<B: Binary, T: Target, S: Source, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let right = S::load::<W>(machine, operation)?;
    T::modify::<W>(machine, operation, |left, flags| B::apply::<W>(flags, left, right))
}

fn compare<B: Binary, T: Target, S: Source, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let right = S::load::<W>(machine, operation)?;
    let left = T::load::<W>(machine, operation)?;
    B::apply::<W>(&mut machine.flags, left, right);
    Ok(())
}

fn unary<U: Unary, T: Target, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    T::modify::<W>(machine, operation, |value, flags| U::apply::<W>(flags, value))
}

/// Adds two numbers and a carry, and records the flags.
#[inline(always)]
pub(crate) fn add<W: Width>(flags: &mut Flags, left: u64, right: u64, carry: u64) -> u64 {
    let sum = left.wrapping_add(right).wrapping_add(carry);
    let carries = left & right | (left | right) & !sum;
    flags.record_arithmetic(W::sign_extend(sum), carries << (64 - W::BITS), left ^ right ^ sum);
    sum & W::MASK
}

/// Subtracts a number and a borrow, and records the flags.
#[inline(always)]
pub(crate) fn subtract<W: Width>(flags: &mut Flags, left: u64, right: u64, borrow: u64) -> u64 {
    let difference = left.wrapping_sub(right).wrapping_sub(borrow);
    let borrows = !left & right | (!left | right) & difference;
    flags.record_arithmetic(
        W::sign_extend(difference),
        borrows << (64 - W::BITS),
        left ^ right ^ difference,
    );
    difference & W::MASK
}

struct Add;
struct Adc;
struct Sub;
struct Sbb;
struct And;
struct Or;
struct Xor;

impl Binary for Add {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, left: u64, right: u64) -> u64 {
        add::<W>(flags, left, right, 0)
    }
}

impl Binary for Adc {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, left: u64, right: u64) -> u64 {
        let carry = u64::from(flags.carry());
        add::<W>(flags, left, right, carry)
    }
}

impl Binary for Sub {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, left: u64, right: u64) -> u64 {
        subtract::<W>(flags, left, right, 0)
    }
}

impl Binary for Sbb {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, left: u64, right: u64) -> u64 {
        let borrow = u64::from(flags.carry());
        subtract::<W>(flags, left, right, borrow)
    }
}

macro_rules! logic {
    ($name:ident, $operator:tt) => {
        impl Binary for $name {
            #[inline(always)]
            fn apply<W: Width>(flags: &mut Flags, left: u64, right: u64) -> u64 {
                let result = left $operator right;
                flags.record_logic(W::sign_extend(result));
                result
            }
        }
    };
}

logic!(And, &);
logic!(Or, |);
logic!(Xor, ^);

struct Increment;
struct Decrement;
struct Negate;
struct Invert;

impl Unary for Increment {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> u64 {
        let carry = flags.carry();
        let sum = add::<W>(flags, value, 1, 0);
        flags.set_carry_and_overflow(carry, sum == W::SIGN);
        sum
    }
}

impl Unary for Decrement {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> u64 {
        let carry = flags.carry();
        let difference = subtract::<W>(flags, value, 1, 0);
        flags.set_carry_and_overflow(carry, value == W::SIGN);
        difference
    }
}

impl Unary for Negate {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u64) -> u64 {
        subtract::<W>(flags, 0, value, 0)
    }
}

impl Unary for Invert {
    #[inline(always)]
    fn apply<W: Width>(_: &mut Flags, value: u64) -> u64 {
        !value & W::MASK
    }
}
