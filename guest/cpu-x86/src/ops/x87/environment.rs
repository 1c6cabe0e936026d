//! FNSTENV, FLDENV, FNSAVE, FRSTOR: the x87 in memory.
//!
//! The environment has 28 bytes, or 14 bytes in the form for an operand size of 16 bits. In an
//! image of FNSAVE the registers follow the environment. The selectors of the last instruction are
//! stored as 0, as on processors that keep no selectors.
//!
//! Source: Intel SDM volume 1, 8.1.10, figures 8-9 and 8-11 (protected mode).

use iced_x86::{Code, Instruction};

use super::wait;
use crate::machine::{Exit, Handler, Machine, Outcome};
use crate::operation::Operation;
use crate::x87::X87;
use crate::x87::number::Number;
use crate::x87::words::{Control, Status};

/// Finds the handler of an instruction of this family.
pub(super) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.code() {
        Code::Fnstenv_m28byte => Some(store_environment::<Wide, 28>),
        Code::Fnstenv_m14byte => Some(store_environment::<Narrow, 14>),
        Code::Fldenv_m28byte => Some(load_environment::<Wide, 28>),
        Code::Fldenv_m14byte => Some(load_environment::<Narrow, 14>),
        Code::Fnsave_m108byte => Some(save::<Wide, 108>),
        Code::Fnsave_m94byte => Some(save::<Narrow, 94>),
        Code::Frstor_m108byte => Some(restore::<Wide, 108>),
        Code::Frstor_m94byte => Some(restore::<Narrow, 94>),
        _ => None,
    }
}

/// A layout of the environment.
trait Layout {
    const BYTES: usize;
    fn write(x87: &X87, bytes: &mut [u8]);
    fn read(x87: &mut X87, bytes: &[u8]);
}

/// The layout with 32-bit fields.
struct Wide;
/// The layout with 16-bit fields.
struct Narrow;

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn double_word(bytes: &[u8], at: usize) -> u32 {
    u32::from(word(bytes, at)) | u32::from(word(bytes, at + 2)) << 16
}

impl Layout for Wide {
    const BYTES: usize = 28;

    fn write(x87: &X87, bytes: &mut [u8]) {
        // Four of the fields use only the lower half of a word. The upper half is reserved and
        // stored as ones.
        let reserved = 0xFFFF_0000;
        let words = [
            reserved | u32::from(x87.control.bits()),
            reserved | u32::from(x87.status_word()),
            reserved | u32::from(x87.tag_word()),
            x87.instruction_pointer as u32,
            u32::from(x87.opcode) << 16,
            x87.data_pointer as u32,
            reserved,
        ];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }

    fn read(x87: &mut X87, bytes: &[u8]) {
        x87.set_status_word(word(bytes, 4));
        x87.set_control(Control::from_bits(word(bytes, 0)));
        x87.set_tag_word(word(bytes, 8));
        x87.instruction_pointer = double_word(bytes, 12).into();
        x87.set_opcode(word(bytes, 18));
        x87.data_pointer = double_word(bytes, 20).into();
    }
}

impl Layout for Narrow {
    const BYTES: usize = 14;

    fn write(x87: &X87, bytes: &mut [u8]) {
        let words = [
            x87.control.bits(),
            x87.status_word(),
            x87.tag_word(),
            x87.instruction_pointer as u16,
            0,
            x87.data_pointer as u16,
            0,
        ];
        for (place, word) in bytes.chunks_exact_mut(2).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }

    fn read(x87: &mut X87, bytes: &[u8]) {
        x87.set_status_word(word(bytes, 2));
        x87.set_control(Control::from_bits(word(bytes, 0)));
        x87.set_tag_word(word(bytes, 4));
        x87.set_opcode(0);
        x87.instruction_pointer = word(bytes, 6).into();
        x87.data_pointer = word(bytes, 10).into();
    }
}

/// FNSTENV also masks all exceptions.
fn store_environment<L: Layout, const N: usize>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    let mut bytes = [0; N];
    L::write(&machine.x87, &mut bytes);
    machine.memory.store(machine.address(operation), bytes)?;
    let masked = machine.x87.control.bits() | Status::EXCEPTIONS.bits();
    machine.x87.set_control(Control::from_bits(masked));
    Ok(())
}

fn load_environment<L: Layout, const N: usize>(
    machine: &mut Machine,
    operation: &Operation,
) -> Outcome {
    load_image::<L, N>(machine, operation).map(|_| ())
}

/// Loads the environment from the front of an image of `N` bytes, and returns the whole image.
fn load_image<L: Layout, const N: usize>(
    machine: &mut Machine,
    operation: &Operation,
) -> Result<[u8; N], Exit> {
    wait(machine)?;
    let bytes: [u8; N] = machine.memory.load(machine.address(operation))?;
    L::read(&mut machine.x87, &bytes);
    Ok(bytes)
}

/// FNSAVE also initializes the x87.
fn save<L: Layout, const N: usize>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let mut bytes = [0; N];
    L::write(&machine.x87, &mut bytes);
    for (number, place) in (0..).zip(bytes[L::BYTES..].chunks_exact_mut(10)) {
        place.copy_from_slice(&machine.x87.contents(number).to_bytes());
    }
    machine.memory.store(machine.address(operation), bytes)?;
    machine.x87.initialize();
    Ok(())
}

fn restore<L: Layout, const N: usize>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let image = load_image::<L, N>(machine, operation)?;
    for (number, bytes) in (0..).zip(image[L::BYTES..].as_chunks().0) {
        machine.x87.set_contents(number, Number::from_bytes(*bytes));
    }
    Ok(())
}
