//! Multiplication and division.
//!
//! Flags that the manual leaves undefined keep their values.
//! Source: Intel SDM volume 2, MUL, IMUL, DIV, IDIV.

use iced_x86::{Instruction, Mnemonic};

use crate::machine::{Exit, Handler, Machine, Outcome};
use crate::operation::{InMemory, InRegister, Operation, Source, Target, Width};
use crate::registers::{HIGH_BYTE, RAX, RDX};
use crate::select::{Place, by_target, by_wide_width, by_width, bytes, place};
use crate::stop::Stop;

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match (instruction.mnemonic(), instruction.op_count()) {
        (Mnemonic::Mul, 1) => by_target!(instruction, by_width, multiply, Unsigned),
        (Mnemonic::Imul, 1) => by_target!(instruction, by_width, multiply, Signed),
        (Mnemonic::Imul, 2) => match place(instruction, 1) {
            Place::General => by_wide_width!(bytes(instruction, 0), product, InRegister),
            Place::Memory => by_wide_width!(bytes(instruction, 0), product, InMemory),
            _ => None,
        },
        (Mnemonic::Imul, 3) => match place(instruction, 1) {
            Place::General => by_wide_width!(bytes(instruction, 0), scaled, InRegister),
            Place::Memory => by_wide_width!(bytes(instruction, 0), scaled, InMemory),
            _ => None,
        },
        (Mnemonic::Div, 1) => by_target!(instruction, by_width, divide, Unsigned),
        (Mnemonic::Idiv, 1) => by_target!(instruction, by_width, divide, Signed),
        _ => None,
    }
}

/// Signed or unsigned multiplication and division.
trait Signedness {
    /// The whole product, and whether it is too large for one operand.
    fn multiply<W: Width>(left: u64, right: u64) -> (u128, bool);
    /// Quotient and remainder, or `None` when the divisor is zero or the quotient does not fit.
    fn divide<W: Width>(dividend: u128, divisor: u64) -> Option<(u64, u64)>;
}

struct Unsigned;
struct Signed;

impl Signedness for Unsigned {
    fn multiply<W: Width>(left: u64, right: u64) -> (u128, bool) {
        let product = u128::from(left) * u128::from(right);
        (product, product > u128::from(W::MASK))
    }

    fn divide<W: Width>(dividend: u128, divisor: u64) -> Option<(u64, u64)> {
        // A 64-bit division is much cheaper than a 128-bit division.
        if let Ok(dividend) = u64::try_from(dividend) {
            let quotient = dividend.checked_div(divisor)?;
            return (quotient <= W::MASK).then_some((quotient, dividend % divisor));
        }
        let quotient = dividend.checked_div(u128::from(divisor))?;
        let remainder = (dividend % u128::from(divisor)) as u64;
        (quotient <= u128::from(W::MASK)).then_some((quotient as u64, remainder))
    }
}

impl Signedness for Signed {
    fn multiply<W: Width>(left: u64, right: u64) -> (u128, bool) {
        let product = signed::<W>(left) * signed::<W>(right);
        (product as u128, product != signed::<W>(product as u64 & W::MASK))
    }

    fn divide<W: Width>(dividend: u128, divisor: u64) -> Option<(u64, u64)> {
        let unused = 128 - 2 * W::BITS;
        let dividend = (dividend << unused) as i128 >> unused;
        let divisor = signed::<W>(divisor);
        let quotient = dividend.checked_div(divisor)?;
        let remainder = dividend.checked_rem(divisor)?;
        let fits = quotient == signed::<W>(quotient as u64 & W::MASK);
        fits.then_some((quotient as u64, remainder as u64))
    }
}

fn signed<W: Width>(value: u64) -> i128 {
    i128::from(W::sign_extend(value) as i64)
}

/// The register of the upper half of a product or dividend: AH for bytes, RDX for all other widths.
fn upper<W: Width>() -> u8 {
    if W::BYTES == 1 { RAX as u8 | HIGH_BYTE } else { RDX as u8 }
}

fn multiply<S: Signedness, T: Target, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let right = T::load::<W>(machine, operation)?;
    let left = W::get(&machine.general, RAX as u8);
    let (product, overflow) = S::multiply::<W>(left, right);
    W::set(&mut machine.general, RAX as u8, product as u64);
    W::set(&mut machine.general, upper::<W>(), (product >> W::BITS) as u64);
    machine.flags.set_carry_and_overflow(overflow, overflow);
    Ok(())
}

fn signed_product<W: Width>(machine: &mut Machine, target: u8, left: u64, right: u64) {
    let (product, overflow) = Signed::multiply::<W>(left, right);
    W::set(&mut machine.general, target, product as u64);
    machine.flags.set_carry_and_overflow(overflow, overflow);
}

fn product<S: Source, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let right = S::load::<W>(machine, operation)?;
    let left = W::get(&machine.general, operation.target);
    signed_product::<W>(machine, operation.target, left, right);
    Ok(())
}

fn scaled<S: Source, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let left = S::load::<W>(machine, operation)?;
    let right = operation.immediate & W::MASK;
    signed_product::<W>(machine, operation.target, left, right);
    Ok(())
}

fn divide<S: Signedness, T: Target, W: Width>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let divisor = T::load::<W>(machine, operation)?;
    let low = W::get(&machine.general, RAX as u8);
    let high = W::get(&machine.general, upper::<W>());
    let dividend = u128::from(high) << W::BITS | u128::from(low);
    let Some((quotient, remainder)) = S::divide::<W>(dividend, divisor) else {
        machine.stop = Stop::DivideError;
        return Err(Exit::Accusation);
    };
    W::set(&mut machine.general, RAX as u8, quotient);
    W::set(&mut machine.general, upper::<W>(), remainder);
    Ok(())
}
