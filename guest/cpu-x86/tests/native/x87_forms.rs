//! Which x87 instructions are compared, and what these instructions work on.

use cpu_x86::{Mode, X87Registers};
use iced_x86::{CpuidFeature, MemorySize, Mnemonic};
use proptest::prelude::*;

use crate::forms::{Form, decode};
use crate::host::Host;

/// Whether an instruction is compared here, and not with the instructions of the other tests.
pub fn is_x87(form: &Form) -> bool {
    form.instruction.mnemonic() == Mnemonic::Emms
        || form.instruction.cpuid_features().iter().any(|feature| {
            matches!(
                feature,
                CpuidFeature::FPU
                    | CpuidFeature::FPU287
                    | CpuidFeature::FPU387
                    | CpuidFeature::FXSR
            )
        })
}

/// Every x87 instruction of a mode, with each prefix and with each operand of the lists below.
pub fn all(mode: Mode, host: &Host) -> Vec<Form> {
    let mut codes: Vec<Vec<u8>> = vec![vec![0x9B], vec![0x0F, 0x77]];
    let prefixes: &[&[u8]] = match mode {
        Mode::Bits64 => &[&[], &[0x66], &[0x48]],
        Mode::Bits32 => &[&[], &[0x66]],
    };
    // [rdi] and [rsi + 8] (in 32-bit mode [edi] and [esi + 8]), and every addressing byte that
    // names a register.
    let operands: Vec<Vec<u8>> = (0..8u8)
        .flat_map(|register| [vec![register << 3 | 0x07], vec![register << 3 | 0x46, 8]])
        .chain((0xC0..=0xFF).map(|modrm| vec![modrm]))
        .collect();
    for prefix in prefixes {
        for operand in &operands {
            codes.extend((0xD8..=0xDF).map(|code| [*prefix, &[code], &operand[..]].concat()));
        }
        codes.extend([0x07, 0x0F].map(|modrm| [*prefix, &[0x0F, 0xAE, modrm][..]].concat()));
    }
    codes.iter().filter_map(|bytes| decode(mode, host, bytes)).collect()
}

/// What an x87 instruction works on.
#[derive(Debug, Clone)]
pub struct X87Operands {
    pub x87: X87Registers,
    pub memory: [u8; 512],
    pub flags: u64,
}

/// A source of numbers of any kind.
struct Words<'a>(std::slice::Iter<'a, u64>);

impl Words<'_> {
    fn next(&mut self) -> u64 {
        *self.0.next().expect("there are enough words")
    }

    /// One of these values.
    fn any_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.next() as usize % values.len()]
    }

    /// A significand: an arbitrary one, one with few bits, or one near the edge of a rounding.
    fn significand(&mut self) -> u64 {
        let any = self.next();
        let kept = self.any_of(&[11, 24, 32, 53, 63]);
        let top = any >> (64 - kept) << (64 - kept);
        let half = 1u64 << (63 - kept);
        match self.next() % 8 {
            0 => any | 1 << 63,
            1 => top | 1 << 63,
            2 => top | half | 1 << 63,
            3 => top | (half - 1) | 1 << 63,
            4 => top | half | 1 | 1 << 63,
            5 => u64::MAX - any % 4,
            6 => 1 << 63 | (any % 4),
            _ => any | 1 << 63,
        }
    }

    /// An 80-bit number of any class.
    fn number(&mut self) -> u128 {
        let sign = (self.next() as u16 & 1) << 15;
        let significand = self.significand();
        let near = |middle: i32, any: u64, width: u64| (middle + (any % width) as i32) as u16;
        let (any, kind) = (self.next(), self.next() % 24);
        let (exponent, significand) = match kind {
            0 => (0, 0),
            1 => (0x7FFF, 1 << 63),
            2 => (0x7FFF, significand | 3 << 62),
            3 => (0x7FFF, (significand & !(1 << 62)) | 1),
            4 => (0, significand >> (any % 64)),
            5 => (0, significand),
            6 => (near(0x3FFF, any, 64), significand << 1 >> 1),
            7 => (0x7FFF, significand << 1 >> 1),
            // At the ends of the exponents of the three formats.
            8 => (near(1, any, 70), significand),
            9 => (near(0x7FFE - 70, any, 71), significand),
            10 => (near(0x3FFF - 1022 - 70, any, 140), significand),
            11 => (near(0x3FFF + 1023 - 3, any, 7), significand),
            12 => (near(0x3FFF - 126 - 70, any, 140), significand),
            13 => (near(0x3FFF + 127 - 3, any, 7), significand),
            // Near the limits of the integers of 16, 32 and 64 bits.
            14 => (near(0x3FFF + 13, any, 6), significand),
            15 => (near(0x3FFF + 29, any, 6), significand),
            16 => (near(0x3FFF + 57, any, 10), significand),
            17 => (any as u16 % 0x7FFF, significand),
            _ => (near(0x3FFF - 40, any, 110), significand),
        };
        u128::from(sign | exponent) << 64 | u128::from(significand)
    }

    /// A `float` or a `double` of any class.
    fn ieee(&mut self, exponent_bits: u32, fraction_bits: u32) -> u64 {
        let greatest = (1u64 << exponent_bits) - 1;
        let (any, sign) = (self.next(), self.next() & 1);
        let exponent = match self.next() % 8 {
            0 => 0,
            1 => greatest,
            2 => 1 + any % 3,
            3 => greatest - 1 - any % 3,
            4 => any % greatest,
            _ => greatest / 2 - 20 + any % 40,
        };
        let fraction = (self.significand() << 1 >> (64 - fraction_bits)) * u64::from(any & 32 != 0);
        sign << (exponent_bits + fraction_bits) | exponent << fraction_bits | fraction
    }

    fn x87(&mut self) -> X87Registers {
        let mut registers = [0; 8];
        for index in 0..8 {
            registers[index] = self.number();
            // About half of the registers get the number of any register. The number may get
            // another sign or one other low bit.
            let (other, any) = (self.next() as usize % 8, self.next());
            registers[index] = match any % 6 {
                0 => registers[other],
                1 => registers[other] ^ 1 << 79,
                2 => registers[other] ^ 1 << (any >> 8 & 3),
                _ => registers[index],
            };
        }
        // All exceptions masked, no exception masked, or any mask. The reserved precision 01 is
        // left out.
        let any = self.next() as u16 & 0x3F;
        let masks = self.any_of(&[0x3F, 0x3F, 0x3F, 0, any]);
        let precision = self.any_of(&[0, 2, 3]) << 8;
        let rounding = (self.next() as u16 & 3) << 10;
        let control = masks | precision | rounding | 0x40;
        // In one of eight cases an exception may wait.
        let mut status = self.next() as u16 & 0x7F7F;
        if !self.next().is_multiple_of(8) {
            status &= !0x3F | masks;
        }
        let occupied = match self.next() % 4 {
            0 => self.next() as u8,
            1 => 0xFF,
            // Nearly full, with room for one push.
            _ => !(1u8.rotate_left(u32::from(status >> 11 & 7).wrapping_sub(1) & 7)),
        };
        X87Registers {
            registers,
            control,
            status,
            occupied,
            opcode: self.next() as u16 & 0x7FF,
            instruction_pointer: self.next() & 0xFFFF_FFFF,
            data_pointer: self.next() & 0xFFFF_FFFF,
        }
    }

    /// A memory operand of the size that an instruction has.
    fn memory(&mut self, size: MemorySize) -> [u8; 512] {
        let mut memory = [0; 512];
        let filling = self.next();
        for (byte, number) in memory.iter_mut().zip(0u64..) {
            *byte = (filling.wrapping_mul(number + 3) >> 32) as u8;
        }
        match size {
            MemorySize::Float32 => {
                memory[..4].copy_from_slice(&(self.ieee(8, 23) as u32).to_le_bytes())
            }
            MemorySize::Float64 => memory[..8].copy_from_slice(&self.ieee(11, 52).to_le_bytes()),
            MemorySize::Float80 => memory[..10].copy_from_slice(&self.number().to_le_bytes()[..10]),
            MemorySize::Bcd => {
                for byte in &mut memory[..9] {
                    *byte = (*byte % 10) | (*byte / 16 % 10) << 4;
                }
            }
            MemorySize::Int16 | MemorySize::Int32 | MemorySize::Int64 => {
                let value =
                    self.any_of(&[0, 1, -1, i64::MIN, i64::MAX, i64::from(i32::MIN), 0x8000]);
                let value = if filling & 1 == 0 { value as u64 } else { self.next() };
                memory[..8].copy_from_slice(&value.to_le_bytes());
            }
            // FXRSTOR refuses reserved bits of MXCSR.
            MemorySize::Fxsave_512Byte | MemorySize::Fxsave64_512Byte => {
                memory[24..28].copy_from_slice(&0x1F80u32.to_le_bytes());
            }
            _ => {}
        }
        memory
    }
}

pub fn operands(size: MemorySize) -> impl Strategy<Value = X87Operands> {
    proptest::collection::vec(any::<u64>(), 96).prop_map(move |words| {
        let mut words = Words(words.iter());
        X87Operands { x87: words.x87(), memory: words.memory(size), flags: words.next() }
    })
}
