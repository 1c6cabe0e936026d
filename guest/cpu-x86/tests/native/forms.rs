//! Which instructions are compared: a walk over the opcode maps.
//!
//! The walk combines every opcode of three maps with the prefixes below, with every register field
//! and with the usual ways to address memory. It leaves out segment prefixes and 16-bit addresses.

use std::collections::BTreeSet;

use cpu_x86::Mode;
use iced_x86::{Code, Decoder, DecoderOptions, Instruction};

use crate::host::{Host, INSTRUCTION_OFFSET, PAGE};

/// One encoding to compare.
#[derive(Debug, Clone)]
pub struct Form {
    pub mode: Mode,
    pub bytes: Vec<u8>,
    pub instruction: Instruction,
}

impl Form {
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut formatter = iced_x86::IntelFormatter::new();
        iced_x86::Formatter::format(&mut formatter, &self.instruction, &mut text);
        format!("{:02X?} {text}", self.bytes)
    }
}

const PREFIXES_64: [&[u8]; 13] = [
    &[],
    &[0x66],
    &[0xF2],
    &[0xF3],
    &[0x48],
    &[0x66, 0x48],
    &[0xF2, 0x48],
    &[0xF3, 0x48],
    // Registers 8 to 15, and SPL to DIL.
    &[0x45],
    &[0x66, 0x45],
    &[0x40],
    &[0xF0],
    // 32-bit addresses.
    &[0x67],
];
const PREFIXES_32: [&[u8]; 5] = [&[], &[0x66], &[0xF2], &[0xF3], &[0xF0]];

const MAPS: [&[u8]; 3] = [&[], &[0x0F], &[0x0F, 0x38]];

/// Every form of the walk that the decoder knows in this mode. Each encoding comes once.
pub fn all(mode: Mode, host: &Host) -> Vec<Form> {
    let prefixes: &[&[u8]] = match mode {
        Mode::Bits64 => &PREFIXES_64,
        Mode::Bits32 => &PREFIXES_32,
    };
    let mut seen = BTreeSet::new();
    let mut forms = Vec::new();
    for prefix in prefixes {
        for map in MAPS {
            for opcode in (0..=0xFF).filter(|&opcode| !is_prefix(mode, map, opcode)) {
                for tail in tails(mode, host, map, opcode) {
                    let bytes = [prefix, map, &[opcode], &tail[..]].concat();
                    let Some(form) = decode(mode, host, &bytes) else { continue };
                    if seen.insert(form.bytes.clone()) {
                        forms.push(form);
                    }
                }
            }
        }
    }
    forms
}

/// Whether a byte is a prefix, or the 0F that leads to another opcode map. The walk itself puts
/// prefixes and the bytes of a map before opcodes. Other tests have the segment prefixes.
fn is_prefix(mode: Mode, map: &[u8], opcode: u8) -> bool {
    map.is_empty()
        && match opcode {
            0x0F | 0x26 | 0x2E | 0x36 | 0x3E | 0x64..=0x67 | 0xF0 | 0xF2 | 0xF3 => true,
            0x40..=0x4F => mode == Mode::Bits64,
            _ => false,
        }
}

pub fn decode(mode: Mode, host: &Host, bytes: &[u8]) -> Option<Form> {
    let bits = match mode {
        Mode::Bits32 => 32,
        Mode::Bits64 => 64,
    };
    let address = host.code() + INSTRUCTION_OFFSET;
    let instruction = Decoder::with_ip(bits, bytes, address, DecoderOptions::AMD).decode();
    if instruction.code() == Code::INVALID {
        return None;
    }
    Some(Form { mode, bytes: bytes[..instruction.len()].to_vec(), instruction })
}

/// The bytes that may follow an opcode: addressing bytes with an immediate, or a branch distance,
/// or an address.
fn tails(mode: Mode, host: &Host, map: &[u8], opcode: u8) -> Vec<Vec<u8>> {
    let address = host.data() + 0x480;
    match (map, opcode) {
        ([], 0x70..=0x7F | 0xE0..=0xE3 | 0xE8 | 0xE9 | 0xEB) | ([0x0F], 0x80..=0x8F) => {
            return vec![vec![0x40, 0, 0, 0]];
        }
        ([], 0xA0..=0xA3) => return vec![address.to_le_bytes().to_vec()],
        // ENTER: a frame of 20h bytes, levels 0 to 5.
        ([], 0xC8) => return (0..6).map(|level| vec![0x20, 0, level]).collect(),
        _ => {}
    }
    let immediate = [0x85, 0x13, 0x07, 0xF1, 0x66, 0x81, 0x09, 0xC4];
    let mut tails = Vec::new();
    for register in 0..8u8 {
        let mut push = |mode_and_base: u8, more: &[u8]| {
            let modrm = mode_and_base | register << 3;
            for immediate in [&immediate[..], &immediate[3..]] {
                tails.push([&[modrm], more, immediate].concat());
            }
        };
        for other in [0, 1, 3, 4, 7] {
            push(0xC0 | other, &[]);
        }
        push(0x03, &[]);
        push(0x46, &[0xF0]);
        // [rsi + rcx * 4 + disp32] and [rsp + disp8], both with a SIB byte. Then [rip + disp32], or
        // in 32-bit mode [disp32].
        push(0x84, &[0x8E, 0x20, 0, 0, 0]);
        push(0x44, &[0x24, 0x08]);
        match mode {
            Mode::Bits64 => push(0x05, &(PAGE as u32).to_le_bytes()),
            Mode::Bits32 => push(0x05, &(address as u32).to_le_bytes()),
        }
    }
    tails
}
