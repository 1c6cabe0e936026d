//! The headers: the kind of file, the processor, and the places of the tables.

use object::LittleEndian as LE;
use object::pe::{
    self, ImageDosHeader, ImageFileHeader, ImageNtHeaders32, ImageNtHeaders64, ImageSectionHeader,
};
use object::read::ReadRef;
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};

use super::error::ImageError;
use super::{FILE_LIMIT, IMAGE_LIMIT, Mode, SECTION_LIMIT};

/// The number of data directories in the format. Source: PE Format.
const DIRECTORIES: usize = 16;

/// The numbers in the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Headers {
    pub mode: Mode,
    pub preferred_base: u64,
    pub image_size: u32,
    /// The number of bytes at the beginning of the file that are mapped.
    pub header_size: u32,
    pub section_alignment: u32,
    pub entry_rva: u32,
    pub timestamp: u32,
    pub dll_characteristics: u16,
    pub relocations_stripped: bool,
    directories: [Directory; DIRECTORIES],
}

/// A table that the headers point to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Directory {
    pub rva: u32,
    pub size: u32,
}

impl Headers {
    /// The tables that exist in memory. The certificates are left out, because they are only in
    /// the file.
    pub fn directories(&self) -> impl Iterator<Item = Directory> {
        (0..DIRECTORIES)
            .filter(|&index| index != pe::IMAGE_DIRECTORY_ENTRY_SECURITY)
            .filter_map(|index| self.directory(index))
    }

    /// The table that has this number in the format; `None` if the file has no such table.
    pub fn directory(&self, index: usize) -> Option<Directory> {
        self.directories.get(index).copied().filter(|directory| directory.rva != 0)
    }
}

/// Reads all headers and the section table.
pub(super) fn parse(file: &[u8]) -> Result<(Headers, Vec<ImageSectionHeader>), ImageError> {
    if file.len() > FILE_LIMIT {
        let what = "the size of the file in bytes";
        return Err(ImageError::over(what, file.len() as u64, FILE_LIMIT as u64, "FILE_LIMIT"));
    }
    let offset = find_header(file)?;
    let signature_and_header = size_of::<u32>() as u64;
    let header = file
        .read_at::<ImageFileHeader>(offset + signature_and_header)
        .map_err(|()| truncated(file, "the file header", offset + 24))?;
    match header.machine.get(LE) {
        pe::IMAGE_FILE_MACHINE_AMD64 => read::<ImageNtHeaders64>(file, offset, Mode::Bits64),
        pe::IMAGE_FILE_MACHINE_I386 => read::<ImageNtHeaders32>(file, offset, Mode::Bits32),
        other => Err(ImageError::OtherMachine { machine: machine_name(other) }),
    }
}

/// The offset of the PE signature.
fn find_header(file: &[u8]) -> Result<u64, ImageError> {
    if !file.starts_with(b"MZ") {
        return Err(not_an_image(file));
    }
    let dos = ImageDosHeader::parse(file).map_err(|_| truncated(file, "the DOS header", 64))?;
    let offset = u64::from(dos.nt_headers_offset());
    let signature = file
        .read_at::<[u8; 4]>(offset)
        .map_err(|()| truncated(file, "the PE signature", offset + 4))?;
    match signature {
        b"PE\0\0" => Ok(offset),
        [b'N', b'E', ..] => Err(ImageError::NotAnImage {
            what: "a 16-bit Windows program",
            mend: "drivers for PortCls are 32-bit or 64-bit .sys files",
        }),
        [b'L', b'E' | b'X', ..] => Err(ImageError::NotAnImage {
            what: "a VxD or an OS/2 program",
            mend: "drivers for PortCls are WDM .sys files",
        }),
        _ => Err(ImageError::NotAnImage {
            what: "a DOS program, or a damaged image: no PE signature where its header says",
            mend: "give a .sys file for Windows 98 SE or later",
        }),
    }
}

fn not_an_image(file: &[u8]) -> ImageError {
    let (what, mend) = match file {
        [] => ("an empty file", "copy or build it again"),
        [0x7F, b'E', b'L', b'F', ..] => ("an ELF file of a Unix system", "build it for Windows"),
        [b'M', b'S', b'C', b'F', ..] => ("a cabinet", "unpack it first, with expand or cabextract"),
        [b'S', b'Z', b'D', b'D', ..] => {
            ("a compressed file of an installation disk", "unpack it with expand or msexpand")
        }
        [b'P', b'K', 3, 4, ..] => ("a ZIP archive", "unpack it and give the .sys file"),
        [b'!', b'<', b'a', b'r', ..] => ("a library", "link it into a .sys file"),
        [0x64, 0x86, ..] | [0x4C, 0x01, ..] => ("an object file", "link it into a .sys file"),
        [b'[' | b';', ..] => ("a text file", "give the .sys file, not its INF"),
        _ => ("no executable file at all: the letters MZ are missing", "give a .sys file"),
    };
    ImageError::NotAnImage { what, mend }
}

fn read<Pe: ImageNtHeaders>(
    file: &[u8],
    mut offset: u64,
    mode: Mode,
) -> Result<(Headers, Vec<ImageSectionHeader>), ImageError> {
    let header_end = offset + size_of::<Pe>() as u64;
    let nt = file
        .read_at::<Pe>(offset)
        .map_err(|()| truncated(file, "the optional header", header_end))?;
    let optional_size = nt.file_header().size_of_optional_header.get(LE);
    if !nt.is_valid_optional_magic() {
        let magic = nt.optional_header().magic();
        return Err(ImageError::damaged(format!(
            "the optional header's magic is {magic:X}, which does not go with the machine"
        )));
    }
    let optional_end = offset + 24 + u64::from(optional_size);
    if optional_end > file.len() as u64 {
        return Err(truncated(file, "the optional header", optional_end));
    }
    let (nt, directories) = Pe::parse(file, &mut offset)
        .map_err(|error| ImageError::damaged(format!("the headers at {offset:X}: {error}")))?;
    check_subsystem(nt.optional_header())?;

    let count = usize::from(nt.file_header().number_of_sections.get(LE));
    if count == 0 {
        return Err(ImageError::damaged("the section table is empty"));
    }
    if count > SECTION_LIMIT {
        let what = "the number of sections";
        return Err(ImageError::over(what, count as u64, SECTION_LIMIT as u64, "SECTION_LIMIT"));
    }
    let table_end = offset + (count * pe::IMAGE_SIZEOF_SECTION_HEADER) as u64;
    let sections = file
        .read_slice_at::<ImageSectionHeader>(offset, count)
        .map_err(|()| truncated(file, "the section table", table_end))?;

    let headers = numbers(nt, mode, directories.iter())?;
    if headers.directory(pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR).is_some() {
        return Err(ImageError::DotNet);
    }
    if u64::from(headers.header_size) < table_end {
        return Err(ImageError::damaged(format!(
            "the headers are said to end at {:X}, inside the section table that ends at \
             {table_end:X}",
            headers.header_size
        )));
    }
    Ok((headers, sections.to_vec()))
}

fn numbers<'a, Pe: ImageNtHeaders>(
    nt: &Pe,
    mode: Mode,
    directories: impl Iterator<Item = &'a pe::ImageDataDirectory>,
) -> Result<Headers, ImageError> {
    let optional = nt.optional_header();
    let mut headers = Headers {
        mode,
        preferred_base: optional.image_base(),
        image_size: check_image_size(optional)?,
        header_size: optional.size_of_headers(),
        section_alignment: optional.section_alignment(),
        entry_rva: optional.address_of_entry_point(),
        timestamp: nt.file_header().time_date_stamp.get(LE),
        dll_characteristics: optional.dll_characteristics().0,
        relocations_stripped: nt
            .file_header()
            .characteristics
            .get(LE)
            .contains(pe::IMAGE_FILE_RELOCS_STRIPPED),
        directories: [Directory::default(); DIRECTORIES],
    };
    for (slot, directory) in headers.directories.iter_mut().zip(directories) {
        let (rva, size) = directory.address_range();
        *slot = Directory { rva, size };
    }
    if !headers.preferred_base.is_multiple_of(0x1000) {
        return Err(ImageError::damaged(format!(
            "the preferred base {:X} is not at the beginning of a page",
            headers.preferred_base
        )));
    }
    Ok(headers)
}

/// Checks the section alignment and the size in memory. Returns this size, rounded up to whole
/// pages.
fn check_image_size(optional: &impl ImageOptionalHeader) -> Result<u32, ImageError> {
    let alignment = optional.section_alignment();
    if !alignment.is_power_of_two() || alignment > IMAGE_LIMIT {
        return Err(ImageError::damaged(format!(
            "the section alignment {alignment:X} is not a power of two of a sensible size"
        )));
    }
    let size = optional.size_of_image();
    if size > IMAGE_LIMIT {
        let what = "the size of the image in memory in bytes";
        return Err(ImageError::over(what, size.into(), IMAGE_LIMIT.into(), "IMAGE_LIMIT"));
    }
    if optional.size_of_headers() > size {
        return Err(ImageError::damaged(format!(
            "the headers have {:X} bytes, the whole image in memory only {size:X}",
            optional.size_of_headers()
        )));
    }
    Ok(size.next_multiple_of(0x1000))
}

fn check_subsystem(optional: &impl ImageOptionalHeader) -> Result<(), ImageError> {
    let why = match optional.subsystem() {
        pe::IMAGE_SUBSYSTEM_NATIVE => return Ok(()),
        pe::IMAGE_SUBSYSTEM_WINDOWS_GUI => "its subsystem is the Windows desktop".to_owned(),
        pe::IMAGE_SUBSYSTEM_WINDOWS_CUI => "its subsystem is the Windows console".to_owned(),
        pe::IMAGE_SUBSYSTEM_EFI_APPLICATION
        | pe::IMAGE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER
        | pe::IMAGE_SUBSYSTEM_EFI_RUNTIME_DRIVER
        | pe::IMAGE_SUBSYSTEM_EFI_ROM => "its subsystem is EFI firmware".to_owned(),
        other => format!("its subsystem is {}, not 1 (native)", other.0),
    };
    Err(ImageError::UserMode { why })
}

fn machine_name(machine: pe::Machine) -> String {
    let name = match machine {
        pe::IMAGE_FILE_MACHINE_ARM64 => "ARM64",
        pe::IMAGE_FILE_MACHINE_ARM64EC => "ARM64EC",
        pe::IMAGE_FILE_MACHINE_ARM64X => "ARM64X",
        pe::IMAGE_FILE_MACHINE_ARM
        | pe::IMAGE_FILE_MACHINE_THUMB
        | pe::IMAGE_FILE_MACHINE_ARMNT => "32-bit ARM",
        pe::IMAGE_FILE_MACHINE_IA64 => "Itanium (IA64)",
        pe::IMAGE_FILE_MACHINE_ALPHA | pe::IMAGE_FILE_MACHINE_ALPHA64 => "Alpha",
        pe::IMAGE_FILE_MACHINE_R3000
        | pe::IMAGE_FILE_MACHINE_R4000
        | pe::IMAGE_FILE_MACHINE_R10000 => "MIPS",
        pe::IMAGE_FILE_MACHINE_POWERPC | pe::IMAGE_FILE_MACHINE_POWERPCFP => "PowerPC",
        pe::IMAGE_FILE_MACHINE_EBC => "EFI byte code",
        pe::IMAGE_FILE_MACHINE_RISCV32 | pe::IMAGE_FILE_MACHINE_RISCV64 => "RISC-V",
        other => return format!("an unknown processor (machine {:X})", other.0),
    };
    name.to_owned()
}

fn truncated(file: &[u8], what: &str, needed: u64) -> ImageError {
    ImageError::Truncated { what: what.to_owned(), end: file.len() as u64, needed }
}
