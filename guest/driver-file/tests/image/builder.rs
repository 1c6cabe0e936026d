//! Builds small driver files, well-formed or with one thing wrong.

use cpu_x86::Mode;

/// The end of the headers, in the file and in memory.
pub const HEADERS: u32 = 0x400;
/// The base that the built images prefer.
pub const BASE: u64 = 0x1_0000;

pub const CODE: u32 = 0x6000_0020;
pub const DATA: u32 = 0xC000_0040;
pub const INIT: u32 = 0x6200_0020;

pub struct Part {
    pub name: &'static str,
    pub rva: u32,
    pub virtual_size: u32,
    pub bytes: Vec<u8>,
    pub flags: u32,
}

pub struct Builder {
    pub mode: Mode,
    pub machine: u16,
    pub subsystem: u16,
    pub entry: u32,
    pub image_size: u32,
    pub section_alignment: u32,
    pub characteristics: u16,
    pub directories: [(u32, u32); 16],
    pub parts: Vec<Part>,
}

impl Builder {
    /// A driver with a code section, a data section and an INIT section. It has imports from two
    /// modules, two exports, relocations and a load configuration.
    pub fn driver(mode: Mode) -> Builder {
        let machine = if mode == Mode::Bits64 { 0x8664 } else { 0x14C };
        let mut builder = Builder {
            mode,
            machine,
            subsystem: 1,
            entry: 0x1000,
            image_size: 0x5000,
            section_alignment: 0x1000,
            characteristics: 0x0022,
            directories: [(0, 0); 16],
            parts: vec![
                Part {
                    name: ".text",
                    rva: 0x1000,
                    virtual_size: 0x40,
                    bytes: vec![0xC3; 0x200],
                    flags: CODE,
                },
                Part {
                    name: ".data",
                    rva: 0x2000,
                    virtual_size: 0x1800,
                    bytes: vec![0; 0x800],
                    flags: DATA,
                },
                Part {
                    name: "INIT",
                    rva: 0x4000,
                    virtual_size: 0x400,
                    bytes: vec![0; 0x400],
                    flags: INIT,
                },
            ],
        };
        builder.add_imports();
        builder.add_exports();
        builder.add_relocations();
        builder.add_load_config();
        builder
    }

    pub fn pointer_size(&self) -> u32 {
        if self.mode == Mode::Bits64 { 8 } else { 4 }
    }

    pub fn put(&mut self, rva: u32, bytes: &[u8]) {
        let part = self
            .parts
            .iter_mut()
            .find(|part| rva >= part.rva && rva < part.rva + part.bytes.len() as u32)
            .expect("the test writes inside a section");
        let start = (rva - part.rva) as usize;
        part.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }

    pub fn put_u32(&mut self, rva: u32, value: u32) {
        self.put(rva, &value.to_le_bytes());
    }

    pub fn put_pointer(&mut self, rva: u32, value: u64) {
        let size = self.pointer_size() as usize;
        self.put(rva, &value.to_le_bytes()[..size]);
    }

    /// Adds imports, with names in INIT and slots in .data at 2000: portcls.sys!PcNewPort,
    /// portcls.sys #7, NTOSKRNL.exe!DbgPrint.
    fn add_imports(&mut self) {
        let size = self.pointer_size();
        let by_ordinal = 1_u64 << (size * 8 - 1);
        self.directories[1] = (0x4000, 60);
        for (index, (names, module, slots)) in
            [(0x4100, 0x4200, 0x2000), (0x4140, 0x4220, 0x2040)].into_iter().enumerate()
        {
            let at = 0x4000 + 20 * index as u32;
            self.put_u32(at, names);
            self.put_u32(at + 12, module);
            self.put_u32(at + 16, slots);
        }
        self.put(0x4200, b"portcls.sys\0");
        self.put(0x4220, b"NTOSKRNL.exe\0");
        self.put(0x4242, b"PcNewPort\0");
        self.put(0x4262, b"DbgPrint\0");
        self.put_pointer(0x4100, 0x4240);
        self.put_pointer(0x4100 + size, by_ordinal | 7);
        self.put_pointer(0x4140, 0x4260);
    }

    /// Adds exports: `entry` at 1000, and number 4 at 1020 without a name.
    fn add_exports(&mut self) {
        self.directories[0] = (0x4300, 0x60);
        for (offset, value) in [(16, 3), (20, 2), (24, 1), (28, 0x4328), (32, 0x4330), (36, 0x4334)]
        {
            self.put_u32(0x4300 + offset, value);
        }
        self.put_u32(0x4328, 0x1000);
        self.put_u32(0x432C, 0x1020);
        self.put_u32(0x4330, 0x4340);
        self.put(0x4340, b"entry\0");
    }

    /// Adds relocations for two pointers. The pointer at 2100 is inside .data's bytes. Only the
    /// first two bytes of the pointer at 27FE are inside.
    fn add_relocations(&mut self) {
        let kind = if self.mode == Mode::Bits64 { 0xA000 } else { 0x3000 };
        self.directories[5] = (0x4380, 12);
        self.put_u32(0x4380, 0x2000);
        self.put_u32(0x4384, 12);
        self.put(0x4388, &(kind | 0x100_u16).to_le_bytes());
        self.put(0x438A, &(kind | 0x7FE_u16).to_le_bytes());
        self.put_pointer(0x2100, BASE + 0x1010);
    }

    /// Adds a load configuration at 2200: cookie at 2300, check at 2310, and, on x64, dispatch at
    /// 2318.
    fn add_load_config(&mut self) {
        self.directories[10] = (0x2200, 0x94);
        self.put_u32(0x2200, 0x94);
        let (cookie, check) = if self.mode == Mode::Bits64 { (0x58, 0x70) } else { (0x3C, 0x48) };
        self.put_pointer(0x2200 + cookie, BASE + 0x2300);
        self.put_pointer(0x2200 + check, BASE + 0x2310);
        if self.mode == Mode::Bits64 {
            self.put_pointer(0x2200 + 0x78, BASE + 0x2318);
        }
    }

    /// The bytes of the file.
    pub fn build(&self) -> Vec<u8> {
        let mut file = vec![0; HEADERS as usize];
        file[..2].copy_from_slice(b"MZ");
        file[0x3C..0x40].copy_from_slice(&0x80_u32.to_le_bytes());
        file[0x80..0x84].copy_from_slice(b"PE\0\0");
        let optional_size = if self.mode == Mode::Bits64 { 240_u16 } else { 224 };
        let mut words = Words { bytes: &mut file, at: 0x84 };
        words.put(2, self.machine.into());
        words.put(2, self.parts.len() as u64);
        words.put(4, 0x5F00_0000);
        words.put(4, 0);
        words.put(4, 0);
        words.put(2, optional_size.into());
        words.put(2, self.characteristics.into());
        self.put_optional(&mut words);
        let mut offset = HEADERS;
        for part in &self.parts {
            let mut name = [0; 8];
            name[..part.name.len()].copy_from_slice(part.name.as_bytes());
            words.put(8, u64::from_le_bytes(name));
            words.put(4, part.virtual_size.into());
            words.put(4, part.rva.into());
            words.put(4, part.bytes.len() as u64);
            words.put(4, if part.bytes.is_empty() { 0 } else { offset.into() });
            words.put(8, 0);
            words.put(4, 0);
            words.put(4, part.flags.into());
            offset += part.bytes.len() as u32;
        }
        for part in &self.parts {
            file.extend_from_slice(&part.bytes);
        }
        file
    }

    fn put_optional(&self, words: &mut Words<'_>) {
        let wide = if self.mode == Mode::Bits64 { 8 } else { 4 };
        words.put(2, if self.mode == Mode::Bits64 { 0x20B } else { 0x10B });
        words.put(2, 0);
        words.put(4, 0);
        words.put(8, 0);
        words.put(4, self.entry.into());
        words.put(4, 0x1000);
        if self.mode == Mode::Bits32 {
            words.put(4, 0x2000);
        }
        words.put(wide, BASE);
        words.put(4, self.section_alignment.into());
        words.put(4, self.section_alignment.min(0x200).into());
        words.put(8, 0);
        words.put(8, 0);
        words.put(4, self.image_size.into());
        words.put(4, HEADERS.into());
        words.put(4, 0);
        words.put(2, self.subsystem.into());
        words.put(2, 0x0140);
        for _ in 0..4 {
            words.put(wide, 0x1000);
        }
        words.put(4, 0);
        words.put(4, 16);
        for (rva, size) in self.directories {
            words.put(4, rva.into());
            words.put(4, size.into());
        }
    }
}

struct Words<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Words<'_> {
    fn put(&mut self, size: usize, value: u64) {
        self.bytes[self.at..self.at + size].copy_from_slice(&value.to_le_bytes()[..size]);
        self.at += size;
    }
}
