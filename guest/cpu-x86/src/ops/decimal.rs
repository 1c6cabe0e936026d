//! Instructions of 32-bit mode only: decimal adjustment, BOUND, SALC.
//!
//! Flags that the manual leaves undefined become clear, or follow the result.
//! Source: Intel SDM volume 2, AAA, AAS, AAM, AAD, DAA, DAS, BOUND.

use iced_x86::{Instruction, Mnemonic};

use crate::flags::{Flags, RFlags};
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{Operation, Width};
use crate::registers::{HIGH_BYTE, RAX};
use crate::select::bytes;
use crate::stop::Stop;

const AL: u8 = RAX as u8;
const AH: u8 = RAX as u8 | HIGH_BYTE;

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Aaa => Some(adjust_unpacked::<Addition>),
        Mnemonic::Aas => Some(adjust_unpacked::<Subtraction>),
        Mnemonic::Aam => Some(adjust_product),
        Mnemonic::Aad => Some(adjust_dividend),
        Mnemonic::Daa => Some(adjust_packed::<Addition>),
        Mnemonic::Das => Some(adjust_packed::<Subtraction>),
        Mnemonic::Salc => Some(spread_carry),
        Mnemonic::Bound => match bytes(instruction, 0) {
            2 => Some(check_bounds::<u16>),
            4 => Some(check_bounds::<u32>),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an adjustment adds or subtracts.
trait Direction {
    fn apply(value: u64, adjustment: u64) -> u64;
}

struct Addition;
struct Subtraction;

impl Direction for Addition {
    fn apply(value: u64, adjustment: u64) -> u64 {
        value.wrapping_add(adjustment)
    }
}

impl Direction for Subtraction {
    fn apply(value: u64, adjustment: u64) -> u64 {
        value.wrapping_sub(adjustment)
    }
}

/// Records the flags of a byte result. `carry` gives CARRY, and `adjust` gives ADJUST.
fn record(flags: &mut Flags, result: u64, carry: bool, adjust: bool) {
    flags.record_result(u8::sign_extend(result), carry, false);
    let mut bits = flags.bits();
    bits.set(RFlags::ADJUST, adjust);
    flags.set(bits);
}

fn adjust_unpacked<D: Direction>(machine: &mut Machine, _: &Operation) -> Outcome {
    let mut accumulator = u16::get(&machine.general, AL);
    let wrong = accumulator & 0xF > 9 || machine.flags.adjust();
    if wrong {
        accumulator = D::apply(accumulator, 0x106);
    }
    let digit = accumulator & 0xF;
    u16::set(&mut machine.general, AL, accumulator & 0xFF00 | digit);
    record(&mut machine.flags, digit, wrong, wrong);
    Ok(())
}

fn adjust_packed<D: Direction>(machine: &mut Machine, _: &Operation) -> Outcome {
    let old = u8::get(&machine.general, AL);
    let old_carry = machine.flags.carry();
    let (mut value, mut carry) = (old, false);
    let low_wrong = old & 0xF > 9 || machine.flags.adjust();
    if low_wrong {
        value = D::apply(value, 6);
        carry = old_carry || value > 0xFF;
    }
    if old > 0x99 || old_carry {
        value = D::apply(value, 0x60);
        carry = true;
    }
    u8::set(&mut machine.general, AL, value);
    record(&mut machine.flags, value & 0xFF, carry, low_wrong);
    Ok(())
}

fn adjust_product(machine: &mut Machine, operation: &Operation) -> Outcome {
    let base = operation.immediate & 0xFF;
    let value = u8::get(&machine.general, AL);
    let Some(quotient) = value.checked_div(base) else {
        return machine.accuse(Stop::DivideError);
    };
    u8::set(&mut machine.general, AH, quotient);
    u8::set(&mut machine.general, AL, value % base);
    record(&mut machine.flags, value % base, false, false);
    Ok(())
}

fn adjust_dividend(machine: &mut Machine, operation: &Operation) -> Outcome {
    let base = operation.immediate & 0xFF;
    let high = u8::get(&machine.general, AH);
    let value = u8::get(&machine.general, AL).wrapping_add(high * base) & 0xFF;
    u16::set(&mut machine.general, AL, value);
    record(&mut machine.flags, value, false, false);
    Ok(())
}

fn spread_carry(machine: &mut Machine, _: &Operation) -> Outcome {
    let value = if machine.flags.carry() { 0xFF } else { 0 };
    u8::set(&mut machine.general, AL, value);
    Ok(())
}

fn check_bounds<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let address = machine.address(operation);
    let second = address.wrapping_add(W::BYTES) & machine.address_mask;
    let lower = W::sign_extend(machine.load::<W>(address)?) as i64;
    let upper = W::sign_extend(machine.load::<W>(second)?) as i64;
    let index = W::sign_extend(W::get(&machine.general, operation.target)) as i64;
    if (lower..=upper).contains(&index) {
        return Ok(());
    }
    machine.accuse(Stop::BoundRange)
}
