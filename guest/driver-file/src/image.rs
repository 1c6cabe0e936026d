//! A driver's file: the content of a `.sys`, checked, and its memory layout.
//!
//! ```no_run
//! use portcls_driver_file::image::Image;
//!
//! let mut image = Image::parse(&std::fs::read("uart.sys")?)?;
//! image.relocate(0xFFFF_F800_1000_0000)?;
//! for region in image.regions() {
//!     println!("map {:X}, {:X} bytes, {:?}", region.rva, region.size, region.rights);
//! }
//! for (rva, bytes) in image.contents() {
//!     println!("put {} bytes at {rva:X}", bytes.len());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Addresses in an image are relative virtual addresses (RVA): offsets from the address to which
//! the image is loaded. [`Image::parse`] does all checks. The sections of a parsed image are in
//! order and do not overlap. Its imports and relocations are inside the sections. No number in the
//! image asks for more memory than [`IMAGE_LIMIT`].
//!
//! This file must never know what an imported function does, or the source line of a symbol.
//!
//! This circular dependency stays: a file of `image/` reads one table out of the unfinished
//! [`Image`], and the `Image` holds what the file found. The limits for which `Image::parse`
//! refuses a file are here, in one place.
//!
//! Source: Microsoft, PE Format. If the loader of Windows is less strict than the format, a comment
//! says so.

mod error;
mod exports;
mod headers;
mod imports;
mod load_config;
mod pdb_reference;
mod relocations;
mod sections;
mod unwind;

pub use cpu_x86::{Mode, Rights};

pub use error::ImageError;
pub use exports::Export;
pub use imports::{Import, ImportName};
pub use load_config::LoadConfig;
pub use pdb_reference::PdbReference;
pub use sections::{Region, Residence, Section};
pub use unwind::UnwindFunction;

use headers::Headers;
use relocations::Relocation;

/// The largest file that the parser reads, in bytes.
/// Assumed: the largest audio drivers in the field have about 10 MiB.
pub const FILE_LIMIT: usize = 64 << 20;

/// The largest image in memory, in bytes: a quarter of what the processor's memory can hold.
pub const IMAGE_LIMIT: u32 = 64 << 20;

/// The largest number of sections. Source: PE Format, the loader's limit.
pub const SECTION_LIMIT: usize = 96;

/// The largest number of modules that an image imports from.
/// Assumed: drivers of this kind import from four to eight.
pub const MODULE_LIMIT: usize = 64;

/// The largest number of functions that an image imports.
/// Assumed: the largest drivers import some hundreds.
pub const IMPORT_LIMIT: usize = 4_096;

/// The largest number of functions that an image exports.
/// Assumed: the kernel itself exports some 3 000.
pub const EXPORT_LIMIT: usize = 8_192;

/// The longest name of a function or a module in bytes, with the zero byte at its end.
/// Assumed: decorated C++ names of drivers have at most a few hundred.
pub const NAME_LIMIT: usize = 1_024;

/// A driver's file, parsed and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    headers: Headers,
    /// The first bytes of the file, which are mapped read-only at RVA 0.
    header_bytes: Vec<u8>,
    imports: Vec<Import>,
    exports: Vec<Export>,
    relocations: Vec<Relocation>,
    unwind_functions: Vec<UnwindFunction>,
    load_config: LoadConfig,

    base: u64,
    sections: Vec<Section>,
}

impl Image {
    /// Parses and checks a whole file.
    ///
    /// # Errors
    /// One line that says what is wrong, where, and how to mend it.
    pub fn parse(file: &[u8]) -> Result<Image, ImageError> {
        let (headers, raw_sections) = headers::parse(file)?;
        let sections = sections::read(file, &headers, &raw_sections)?;
        let header_bytes = file[..(headers.header_size as usize).min(file.len())].to_vec();
        let mut image = Image {
            base: headers.preferred_base,
            headers,
            header_bytes,
            imports: Vec::new(),
            exports: Vec::new(),
            relocations: Vec::new(),
            unwind_functions: Vec::new(),
            load_config: LoadConfig::default(),
            sections,
        };
        image.check_entry()?;
        image.imports = imports::read(&image)?;
        image.exports = exports::read(&image)?;
        image.relocations = relocations::read(&image)?;
        image.load_config = load_config::read(&image)?;
        image.unwind_functions = unwind::read(&image);
        Ok(image)
    }

    /// 64-bit (PE32+, AMD64) or 32-bit (PE32, I386).
    pub fn mode(&self) -> Mode {
        self.headers.mode
    }

    /// The size of a pointer in bytes: 8 or 4.
    pub fn pointer_size(&self) -> u32 {
        match self.mode() {
            Mode::Bits64 => 8,
            Mode::Bits32 => 4,
        }
    }

    /// The base to which the bytes are relocated now. At first it is the linker's preferred base.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// The linker's preferred base.
    pub fn preferred_base(&self) -> u64 {
        self.headers.preferred_base
    }

    /// The size in memory in bytes, with the headers; a multiple of a page.
    pub fn size(&self) -> u32 {
        self.headers.image_size
    }

    /// The address of DriverEntry, or of the C runtime's wrapper around it.
    pub fn entry_rva(&self) -> u32 {
        self.headers.entry_rva
    }

    /// The time of linking as the linker wrote it: seconds since 1970, or a hash of the contents.
    pub fn timestamp(&self) -> u32 {
        self.headers.timestamp
    }

    /// The linker's DLL characteristics: bits such as NX_COMPAT (0x100) and GUARD_CF (0x4000).
    pub fn dll_characteristics(&self) -> u16 {
        self.headers.dll_characteristics
    }

    /// The sections, in order of address; they never overlap.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The section that holds an address.
    pub fn section_at(&self, rva: u32) -> Option<&Section> {
        let after = self.sections.partition_point(|section| section.rva <= rva);
        let section = self.sections[..after].last()?;
        section.contains(rva, 1).then_some(section)
    }

    /// The imports, in the order of the file.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// The exports, in order of address.
    pub fn exports(&self) -> &[Export] {
        &self.exports
    }

    /// The addresses of the security cookie and of the control-flow-guard pointers, if the image
    /// has them.
    pub fn load_config(&self) -> &LoadConfig {
        &self.load_config
    }

    /// The PDB that was written together with the driver, if the driver names one.
    pub fn pdb_reference(&self) -> Option<PdbReference> {
        pdb_reference::read(self)
    }

    /// The functions that the exception table of a 64-bit image lists, in order of address.
    pub fn unwind_functions(&self) -> &[UnwindFunction] {
        &self.unwind_functions
    }

    /// The addresses of the full-width pointers that the relocations change, in order of address.
    pub fn relocated_pointers(&self) -> Vec<u32> {
        let width = self.pointer_size();
        let full = self.relocations.iter().filter(|relocation| relocation.size() == width);
        let mut places: Vec<u32> = full.map(|relocation| relocation.rva()).collect();
        places.sort_unstable();
        places
    }

    /// Whether a section begins with this code. The method does not compare bytes that the
    /// relocations change.
    pub(crate) fn holds_code(&self, section: &Section, code: &[u8]) -> bool {
        let mut relocated: Vec<_> = self.relocations.iter().map(|place| place.range()).collect();
        relocated.sort_unstable();
        let is_relocated = |rva: u32| {
            let after = relocated.partition_point(|(start, _)| *start <= rva);
            relocated[..after].last().is_some_and(|(_, end)| rva < *end)
        };
        let mut bytes = section.bytes.iter().zip(code).zip(section.rva..);
        section.bytes.len() >= code.len()
            && bytes.all(|((held, given), rva)| held == given || is_relocated(rva))
    }

    /// The address of the first table in a section, among the tables that the headers point to.
    /// `None` if no such table begins in the section.
    pub(crate) fn first_table_in(&self, section: &Section) -> Option<u32> {
        let tables = self.headers.directories();
        tables.map(|table| table.rva).filter(|&rva| section.contains(rva, 1)).min()
    }

    /// Moves the image to another base by changing every absolute address in it.
    ///
    /// # Errors
    /// When the file was linked without relocations and `base` is another base, when `base` is not
    /// the beginning of a page, or when the image would not fit into the address space. In these
    /// cases nothing changes.
    pub fn relocate(&mut self, base: u64) -> Result<(), ImageError> {
        relocations::apply(self, base)
    }

    /// The memory to map: whole pages in order of address, the headers first. Pages side by side
    /// with the same rights are one region. A page that two sections share has the rights of both
    /// sections.
    pub fn regions(&self) -> Vec<Region> {
        sections::regions(self)
    }

    /// The contents of the mapped pages: RVA and bytes, headers first. All other bytes are zero.
    pub fn contents(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let sections = self.sections.iter().map(|section| (section.rva, section.bytes.as_slice()));
        std::iter::once((0, self.header_bytes.as_slice())).chain(sections)
    }

    /// Reads bytes of a section as they are before the driver runs. Bytes that the file does not
    /// hold are zero. `None` if the bytes are not all in one section.
    pub fn read(&self, rva: u32, buffer: &mut [u8]) -> Option<()> {
        let section = self.section_at(rva)?;
        if !section.contains(rva, u32::try_from(buffer.len()).ok()?) {
            return None;
        }
        let start = (rva - section.rva) as usize;
        let from_file = section.bytes.get(start..).unwrap_or(&[]);
        let count = from_file.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from_file[..count]);
        buffer[count..].fill(0);
        Some(())
    }

    /// A little-endian word, as [`Image::read`] finds it.
    pub fn read_u16(&self, rva: u32) -> Option<u16> {
        let mut bytes = [0; 2];
        self.read(rva, &mut bytes)?;
        Some(u16::from_le_bytes(bytes))
    }

    /// A little-endian double word, as [`Image::read`] finds it.
    pub fn read_u32(&self, rva: u32) -> Option<u32> {
        let mut bytes = [0; 4];
        self.read(rva, &mut bytes)?;
        Some(u32::from_le_bytes(bytes))
    }

    /// A pointer, as [`Image::read`] finds it, with the width of the image's pointers.
    pub fn read_pointer(&self, rva: u32) -> Option<u64> {
        match self.mode() {
            Mode::Bits64 => {
                let mut bytes = [0; 8];
                self.read(rva, &mut bytes)?;
                Some(u64::from_le_bytes(bytes))
            }
            Mode::Bits32 => self.read_u32(rva).map(u64::from),
        }
    }

    fn check_entry(&self) -> Result<(), ImageError> {
        let rva = self.entry_rva();
        if rva == 0 {
            return Err(ImageError::NoEntry);
        }
        match self.section_at(rva) {
            Some(section) if !section.rights.contains(Rights::EXECUTE) => Err(ImageError::bad(
                format!("the entry point {rva:X} lies in {}, which is no code", section.name),
                "the file is damaged, or packed in a way that Windows refuses too",
            )),
            Some(section) if (rva - section.rva) as usize >= section.bytes.len() => {
                Err(ImageError::Packed { section: section.name.clone(), rva })
            }
            Some(_) => Ok(()),
            None => Err(ImageError::bad(
                format!("the entry point {rva:X} lies in no section"),
                "the file is damaged: build or copy it again",
            )),
        }
    }

    /// Reads a name from the bytes that the file holds: visible ASCII characters, and then a zero
    /// byte.
    fn read_name(&self, rva: u32, what: &str) -> Result<String, ImageError> {
        let unreadable = |why: &str| {
            ImageError::bad(
                format!("{what} at {rva:X} {why}"),
                "the file is damaged: build it again",
            )
        };
        let section = self.section_at(rva).ok_or_else(|| unreadable("lies in no section"))?;
        let bytes = section.bytes.get((rva - section.rva) as usize..).unwrap_or(&[]);
        let bytes = &bytes[..bytes.len().min(NAME_LIMIT)];
        let end = bytes
            .iter()
            .position(|&byte| byte == 0)
            .ok_or_else(|| unreadable(&format!("does not end within {} bytes", bytes.len())))?;
        match &bytes[..end] {
            [] => Err(unreadable("is empty")),
            name if name.iter().all(u8::is_ascii_graphic) => {
                Ok(String::from_utf8_lossy(name).into_owned())
            }
            _ => Err(unreadable("holds bytes that are no letters")),
        }
    }
}
