//! FXSAVE and FXRSTOR: the x87 and the SSE registers in 512 bytes.
//!
//! The selectors of the last instruction are stored as 0, as on processors that keep no selectors.
//! The last 48 bytes belong to software, and FXSAVE does not write them. FXSAVE stores the opcode
//! and the addresses of the last instruction only while an exception that is not masked waits.
//! Otherwise FXSAVE stores 0 for them. AMD processors do the same; Intel processors always store
//! the opcode and the addresses.
//!
//! Source: Intel SDM volume 1, 10.5.1, tables 10-2 and 10-3; volume 2, FXSAVE, FXRSTOR; AMD APM
//! volume 5, FXSAVE, FXRSTOR.

use iced_x86::{Instruction, Mnemonic};

use crate::machine::{Exit, Handler, Machine, Outcome};
use crate::operation::Operation;
use crate::registers::Mode;
use crate::stop::Access;
use crate::x87::number::Number;
use crate::x87::words::Control;

/// FXSAVE changes at most this number of bytes at the front of the image, and FXRSTOR reads these
/// bytes. They end with the last of the 16 SSE registers.
const BYTES: usize = 416;
const MXCSR: usize = 24;
const REGISTERS: usize = 32;
const XMM: usize = 160;

/// Bits of MXCSR that may be set. Source: Intel SDM volume 1, figure 10-3.
const MXCSR_MASK: u32 = 0xFFFF;

/// Finds the handler of an instruction of this family.
pub(super) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Fxsave => Some(save::<Short>),
        Mnemonic::Fxsave64 => Some(save::<Long>),
        Mnemonic::Fxrstor => Some(restore::<Short>),
        Mnemonic::Fxrstor64 => Some(restore::<Long>),
        _ => None,
    }
}

/// The size of the pointers in the image.
trait Pointers {
    const MASK: u64;
}

/// Pointers of 32 bits, each with a selector.
struct Short;
/// Pointers of 64 bits, without selectors.
struct Long;

impl Pointers for Short {
    const MASK: u64 = 0xFFFF_FFFF;
}

impl Pointers for Long {
    const MASK: u64 = u64::MAX;
}

fn xmm_count(machine: &Machine) -> usize {
    match machine.mode {
        Mode::Bits32 => 8,
        Mode::Bits64 => 16,
    }
}

fn save<P: Pointers>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let address = machine.aligned_address(operation, 16, Access::Write)?;
    let count = xmm_count(machine);
    let (x87, xmm, mxcsr) = (&machine.x87, &machine.xmm, machine.mxcsr);
    Ok(machine.memory.modify(address, |mut image: [u8; BYTES]| {
        image[..2].copy_from_slice(&x87.control.bits().to_le_bytes());
        image[2..4].copy_from_slice(&x87.status_word().to_le_bytes());
        image[4] = x87.occupied();
        image[5] = 0;
        let (opcode, instruction, data) = if x87.has_waiting() {
            (x87.opcode, x87.instruction_pointer & P::MASK, x87.data_pointer & P::MASK)
        } else {
            (0, 0, 0)
        };
        image[6..8].copy_from_slice(&opcode.to_le_bytes());
        image[8..16].copy_from_slice(&instruction.to_le_bytes());
        image[16..24].copy_from_slice(&data.to_le_bytes());
        image[MXCSR..28].copy_from_slice(&mxcsr.to_le_bytes());
        image[28..32].copy_from_slice(&MXCSR_MASK.to_le_bytes());
        for (number, place) in (0..).zip(image[REGISTERS..XMM].chunks_exact_mut(16)) {
            place[..10].copy_from_slice(&x87.contents(number).to_bytes());
            place[10..].fill(0);
        }
        for (place, value) in image[XMM..].chunks_exact_mut(16).zip(&xmm[..count]) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        image
    })?)
}

fn restore<P: Pointers>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let address = machine.aligned_address(operation, 16, Access::Read)?;
    let image: [u8; BYTES] = machine.memory.load(address)?;
    let word = |at: usize| u16::from_le_bytes([image[at], image[at + 1]]);
    let quad_word = |at: usize| {
        image[at..at + 8].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    };
    let mxcsr = quad_word(MXCSR) as u32;
    if mxcsr & !MXCSR_MASK != 0 {
        // A real processor raises a general protection fault.
        return Err(Exit::Unsupported);
    }
    machine.mxcsr = mxcsr;
    let x87 = &mut machine.x87;
    x87.set_status_word(word(2));
    x87.set_control(Control::from_bits(word(0)));
    x87.set_occupied(image[4]);
    x87.set_opcode(word(6));
    x87.instruction_pointer = quad_word(8) & P::MASK;
    x87.data_pointer = quad_word(16) & P::MASK;
    for (number, place) in (0..).zip(image[REGISTERS..XMM].as_chunks::<16>().0) {
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&place[..10]);
        x87.set_contents(number, Number::from_bytes(bytes));
    }
    let count = xmm_count(machine);
    for (value, place) in machine.xmm[..count].iter_mut().zip(image[XMM..].as_chunks().0) {
        *value = u128::from_le_bytes(*place);
    }
    Ok(())
}
