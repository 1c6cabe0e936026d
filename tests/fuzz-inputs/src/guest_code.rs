//! Random instructions in a driver: a life, an error, or a report.
//!
//! The first byte chooses the driver, the second the function that the code replaces. The rest is
//! pieces: raw bytes of code, calls of routines that the driver imports, and arguments for them,
//! such as addresses of the driver's data, of its stack and of its driver object.

use std::sync::LazyLock;

use portcls_machine::Driver;
use portcls_machine::driver_file::image::{Image, Mode};

use crate::machines::{End, end_of_life, options};
use crate::mutation::Mutator;
use crate::seeds::Seed;

/// The driver `services`, which imports many routines, and the driver `uart`.
const DRIVERS: [&[u8]; 4] = [
    include_bytes!("../../../guest/drivers/bin/x64/services.sys"),
    include_bytes!("../../../guest/drivers/bin/x86/services.sys"),
    include_bytes!("../../../guest/drivers/bin/x64/uart.sys"),
    include_bytes!("../../../guest/drivers/bin/x86/uart.sys"),
];

/// The most instructions of one call into the driver.
const CALL_BUDGET: u64 = 20_000;

/// The longest code in bytes.
const LONGEST_CODE: usize = 1_024;

/// Numbers that routines treat in a special way.
const NUMBERS: [u32; 14] = [
    0,
    1,
    2,
    4,
    8,
    0x10,
    0x24,
    0x100,
    0x1000,
    0xFFFF,
    0x1_0000,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
];

/// A driver whose code is replaced.
struct Host {
    file: &'static [u8],
    mode: Mode,
    /// The addresses in the image, and the places in the file, of DriverEntry and of other code.
    places: Vec<Place>,
    /// The addresses in the image of the slots of its imports.
    imports: Vec<u32>,
    /// The address in the image of its data.
    data_rva: u32,
}

/// A place in the driver into which the target puts code.
#[derive(Clone, Copy)]
struct Place {
    rva: u32,
    offset: usize,
}

static HOSTS: LazyLock<Vec<Host>> = LazyLock::new(|| DRIVERS.iter().map(host).collect());

/// Finds the places of a driver.
fn host(file: &&'static [u8]) -> Host {
    let image = Image::parse(file).expect("a good driver");
    let entry = image.entry_rva();
    let section = image.section_at(entry).expect("DriverEntry is in a section");
    let begin = find(file, &section.bytes).expect("the file has the bytes of the section");
    let at = |rva: u32| Place { rva, offset: begin + (rva - section.rva) as usize };
    // Functions begin at multiples of 16. Before a beginning stand filling bytes or a `ret`.
    let code = &section.bytes;
    let is_start = |offset: &usize| matches!(code[offset - 1], 0x90 | 0xCC | 0xC3 | 0);
    let starts = (16..code.len()).step_by(16).filter(is_start);
    let others = starts.map(|offset| at(section.rva + offset as u32));
    let data = image.sections().iter().find(|section| section.name == ".data");
    Host {
        file,
        mode: image.mode(),
        places: std::iter::once(at(entry)).chain(others).collect(),
        imports: image.imports().iter().map(|import| import.slot_rva).collect(),
        data_rva: data.unwrap_or(&image.sections()[0]).rva,
    }
}

fn find(file: &[u8], bytes: &[u8]) -> Option<usize> {
    let head = bytes.get(..64)?;
    file.windows(head.len()).position(|window| window == head)
}

/// Puts the code into a driver, and runs its life.
pub(crate) fn run(input: &[u8]) {
    end(input);
}

/// Puts the code into a driver, and says how its life ended.
pub fn end(input: &[u8]) -> End {
    let Some((&[first, place], pieces)) = input.split_first_chunk() else {
        return End::RefusedFile;
    };
    let host = &HOSTS[usize::from(first) % HOSTS.len()];
    let place = host.places[usize::from(place) % host.places.len()];
    let mut file = host.file.to_vec();
    let code = Assembler::assemble(host, place, pieces);
    let room = file.len() - place.offset;
    let length = code.len().min(room);
    file[place.offset..place.offset + length].copy_from_slice(&code[..length]);
    let driver = Driver::from_sys("code", &file, options(CALL_BUDGET)).expect("still a driver");
    end_of_life(&driver, input).expect("it fits as before")
}

/// Makes code out of pieces.
struct Assembler<'a> {
    host: &'a Host,
    /// The address in the image of the first byte.
    rva: u32,
    code: Vec<u8>,
    /// The number of the next argument of a call, from 0.
    argument: usize,
}

impl<'a> Assembler<'a> {
    fn assemble(host: &'a Host, place: Place, pieces: &[u8]) -> Vec<u8> {
        let mut made = Assembler { host, rva: place.rva, code: Vec::new(), argument: 0 };
        made.prologue();
        let mut rest = pieces;
        while let Some((&head, after)) = rest.split_first() {
            if made.code.len() >= LONGEST_CODE {
                break;
            }
            rest = made.piece(head, after);
        }
        made.epilogue();
        made.code
    }

    fn put(&mut self, bytes: &[u8]) {
        self.code.extend_from_slice(bytes);
    }

    /// The distance from the address after `length` more bytes of code to an address of the image.
    fn distance(&self, to_rva: u32, length: usize) -> [u8; 4] {
        let behind = self.rva.wrapping_add((self.code.len() + length) as u32);
        to_rva.wrapping_sub(behind).to_le_bytes()
    }

    /// Keeps the first argument in RBX, and makes room on the stack.
    fn prologue(&mut self) {
        match self.host.mode {
            Mode::Bits64 => self.put(&[0x53, 0x48, 0x89, 0xCB, 0x48, 0x81, 0xEC, 0, 1, 0, 0]),
            Mode::Bits32 => {
                self.put(&[0x55, 0x89, 0xE5, 0x53, 0x8B, 0x5D, 0x08, 0x81, 0xEC, 0x80, 0, 0, 0])
            }
        }
    }

    /// Returns 0. On x86 the code also takes its two arguments off the stack.
    fn epilogue(&mut self) {
        match self.host.mode {
            Mode::Bits64 => self.put(&[0x31, 0xC0, 0x48, 0x81, 0xC4, 0, 1, 0, 0, 0x5B, 0xC3]),
            Mode::Bits32 => self.put(&[0x31, 0xC0, 0x8B, 0x5D, 0xFC, 0xC9, 0xC2, 0x08, 0]),
        }
    }

    /// Adds one piece; returns the input after the piece.
    fn piece<'p>(&mut self, head: u8, rest: &'p [u8]) -> &'p [u8] {
        match head {
            0..=0x5F => {
                let length = rest.len().min(usize::from(head % 16) + 1);
                self.put(&rest[..length]);
                &rest[length..]
            }
            0x60..=0x9F => {
                let (&low, rest) = rest.split_first().unwrap_or((&0, &[]));
                let number = usize::from(head & 0x3F) << 8 | usize::from(low);
                let imports = &self.host.imports;
                self.call(imports[number % imports.len()]);
                rest
            }
            0xA0..=0xDF => {
                let (&value, rest) = rest.split_first().unwrap_or((&0, &[]));
                self.argument(head, value);
                rest
            }
            _ => {
                // The next call begins with its first argument again.
                self.argument = 0;
                rest
            }
        }
    }

    /// Calls the routine behind a slot.
    fn call(&mut self, slot_rva: u32) {
        match self.host.mode {
            Mode::Bits64 => {
                let distance = self.distance(slot_rva, 6);
                self.put(&[0xFF, 0x15]);
                self.put(&distance);
            }
            Mode::Bits32 => {
                // call to the next instruction; pop eax; call [eax + distance]
                let distance = self.distance(slot_rva, 5);
                self.put(&[0xE8, 0, 0, 0, 0, 0x58, 0xFF, 0x90]);
                self.put(&distance);
            }
        }
        self.argument = 0;
    }

    /// Adds an argument of the next call: a number, an address, or the value of a register.
    fn argument(&mut self, kind: u8, value: u8) {
        let number = NUMBERS[usize::from(value) % NUMBERS.len()].to_le_bytes();
        let data_rva = self.host.data_rva + u32::from(value) * 8;
        match self.host.mode {
            Mode::Bits64 => {
                // RCX, RDX, R8, R9, then the stack.
                let (prefix, register) = match self.argument {
                    0 => (0x48, 1),
                    1 => (0x48, 2),
                    2 => (0x4C, 0),
                    3 => (0x4C, 1),
                    _ => (0x48, 0),
                };
                let extended = prefix == 0x4C;
                // `lea` names the register in the field reg, `mov` here in the field r/m. So REX
                // extends the register by its bit R or by its bit B.
                let operand = if extended { 0x49 } else { 0x48 };
                match kind % 5 {
                    0 => {
                        self.put(&[operand, 0xC7, 0xC0 | register]);
                        self.put(&number);
                    }
                    1 => self.put(&[prefix, 0x8D, 0x44 | register << 3, 0x24, value & 0x78]),
                    2 => {
                        let distance = self.distance(data_rva, 7);
                        self.put(&[prefix, 0x8D, 0x05 | register << 3]);
                        self.put(&distance);
                    }
                    3 => self.put(&[operand, 0x89, 0xD8 | register]),
                    _ => self.put(&[operand, 0x89, 0xC0 | register]),
                }
                if self.argument >= 4 {
                    let place = 0x20 + 8 * (self.argument as u8 - 4);
                    self.put(&[0x48, 0x89, 0x44, 0x24, place]);
                }
            }
            Mode::Bits32 => match kind % 5 {
                0 => {
                    self.put(&[0x68]);
                    self.put(&number);
                }
                1 => self.put(&[0x8D, 0x44, 0x24, value & 0x7C, 0x50]),
                2 => {
                    let distance = self.distance(data_rva, 5);
                    self.put(&[0xE8, 0, 0, 0, 0, 0x59, 0x8D, 0x89]);
                    self.put(&distance);
                    self.put(&[0x51]);
                }
                3 => self.put(&[0x53]),
                _ => self.put(&[0x50]),
            },
        }
        self.argument = (self.argument + 1) % 8;
    }
}

/// A call of each import of the driver `services` with arguments, and random pieces at several
/// places of all drivers.
#[must_use]
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for first in 0..2_u8 {
        for import in 0..HOSTS[usize::from(first)].imports.len() {
            let [high, low] = [0x60 | (import >> 8) as u8, import as u8];
            let kinds = [import as u8 % 5, (import / 5) as u8 % 5];
            let input =
                [first, 0, 0xA0 + kinds[0], 3, 0xA0 + kinds[1], 8, 0xA1, 16, 0xA0, 0, high, low];
            seeds.push((format!("import-{first}-{import}"), input.to_vec()));
        }
    }
    for number in 0..60_u8 {
        let pieces = Mutator::new(number.into()).bytes(60);
        seeds.push((format!("random-{number}"), [&[number, number / 2][..], &pieces].concat()));
    }
    seeds
}
