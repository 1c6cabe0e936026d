//! The section table: the parts of the image in memory, with their rights.

use object::LittleEndian as LE;
use object::pe::{self, ImageSectionHeader};

use super::error::ImageError;
use super::headers::Headers;
use super::{Image, Rights};

const PAGE: u32 = cpu_x86::PAGE_BYTES as u32;

/// A section in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The name, at most 8 characters. The name has `?` for each byte that is not a visible ASCII
    /// character.
    pub name: String,
    /// The address of the first byte of the section.
    pub rva: u32,
    /// The size in memory in bytes, at least 1.
    pub size: u32,
    /// The rights of the driver to this memory.
    pub rights: Rights,
    /// Whether the section stays in memory.
    pub residence: Residence,
    /// The bytes that the file holds, at most `size`; the rest of the section is zero.
    pub bytes: Vec<u8>,
}

/// Whether a section stays in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residence {
    /// The section is always in memory.
    Resident,
    /// The section may be paged out. An access at DISPATCH_LEVEL or above is a mistake.
    Paged,
    /// Windows removes the section from memory after DriverEntry.
    Discardable,
}

/// Whole pages with the same rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// The address of the first page; a multiple of a page.
    pub rva: u32,
    /// The size in bytes; a multiple of a page.
    pub size: u32,
    /// The rights of the driver to this memory.
    pub rights: Rights,
}

impl Section {
    /// Whether `size` bytes at `rva` are inside the section.
    pub fn contains(&self, rva: u32, size: u32) -> bool {
        rva >= self.rva && u64::from(rva) + u64::from(size) <= self.end()
    }

    /// The first address after the section.
    pub(super) fn end(&self) -> u64 {
        u64::from(self.rva) + u64::from(self.size)
    }
}

/// Reads and checks the sections that the table lists.
pub(super) fn read(
    file: &[u8],
    headers: &Headers,
    table: &[ImageSectionHeader],
) -> Result<Vec<Section>, ImageError> {
    let mut sections: Vec<Section> = Vec::with_capacity(table.len());
    let mut end = u64::from(headers.header_size);
    for (index, header) in table.iter().enumerate() {
        let section = read_one(file, header, index)?;
        let place = place(&section, index);
        if !section.rva.is_multiple_of(headers.section_alignment) {
            return Err(ImageError::damaged(format!(
                "{place} begins at {:X}, not at a multiple of the section alignment {:X}",
                section.rva, headers.section_alignment
            )));
        }
        if u64::from(section.rva) < end {
            let before = sections.last().map_or("the headers", |before| before.name.as_str());
            return Err(ImageError::damaged(format!(
                "{place} begins at {:X}, before the end of {before} at {end:X}",
                section.rva
            )));
        }
        end = section.end();
        if end > u64::from(headers.image_size) {
            return Err(ImageError::damaged(format!(
                "{place} ends at {end:X}, after the image's end at {:X}",
                headers.image_size
            )));
        }
        sections.push(section);
    }
    Ok(sections)
}

fn read_one(file: &[u8], header: &ImageSectionHeader, index: usize) -> Result<Section, ImageError> {
    let raw_size = header.size_of_raw_data.get(LE);
    let flags = header.characteristics.get(LE);
    // Some linkers leave the virtual size zero. Windows then takes the size in the file.
    let size = match header.virtual_size.get(LE) {
        0 => raw_size,
        size => size,
    };
    let name = name(header);
    let mut section = Section {
        residence: residence(&name, flags),
        name,
        rva: header.virtual_address.get(LE),
        size,
        rights: rights(flags),
        bytes: Vec::new(),
    };
    if size == 0 {
        return Err(ImageError::damaged(format!("{} is empty", place(&section, index))));
    }
    let start = u64::from(header.pointer_to_raw_data.get(LE));
    let stored = if start == 0 { 0 } else { u64::from(raw_size) };
    let end = start + stored;
    if stored > 0 {
        section.bytes = file
            .get(start as usize..end as usize)
            .map(|bytes| bytes[..bytes.len().min(size as usize)].to_vec())
            .ok_or_else(|| ImageError::Truncated {
                what: place(&section, index),
                end: file.len() as u64,
                needed: end,
            })?;
    }
    Ok(section)
}

fn place(section: &Section, index: usize) -> String {
    format!("section {} ({})", index + 1, section.name)
}

fn name(header: &ImageSectionHeader) -> String {
    let bytes = header.raw_name();
    bytes.iter().map(|&b| if b.is_ascii_graphic() { b.into() } else { '?' }).collect()
}

fn rights(flags: pe::SectionFlags) -> Rights {
    let mut rights = Rights::empty();
    for (flag, right) in [
        (pe::IMAGE_SCN_MEM_READ, Rights::READ),
        (pe::IMAGE_SCN_MEM_WRITE, Rights::WRITE),
        (pe::IMAGE_SCN_MEM_EXECUTE, Rights::EXECUTE),
    ] {
        rights.set(right, flags.contains(flag));
    }
    rights
}

/// Says whether a section stays in memory.
///
/// Source: Windows Drivers, "Locking Pageable Code or Data": sections whose names begin with PAGE
/// are paged. A flag of the linker can exempt a section.
fn residence(name: &str, flags: pe::SectionFlags) -> Residence {
    if flags.contains(pe::IMAGE_SCN_MEM_DISCARDABLE) {
        Residence::Discardable
    } else if name.starts_with("PAGE") && !flags.contains(pe::IMAGE_SCN_MEM_NOT_PAGED) {
        Residence::Paged
    } else {
        Residence::Resident
    }
}

/// Does the work of [`Image::regions`].
pub(super) fn regions(image: &Image) -> Vec<Region> {
    let header = (0, u64::from(image.headers.header_size), Rights::READ);
    let sections = image.sections.iter();
    let parts = sections.map(|section| (section.rva, section.end(), section.rights));
    let mut regions: Vec<Region> = Vec::new();
    for (begin, end, rights) in std::iter::once(header).chain(parts) {
        let mut page = begin - begin % PAGE;
        while u64::from(page) < end {
            add_page(&mut regions, page, rights);
            page += PAGE;
        }
    }
    regions
}

/// Adds the next page, or adds rights to the last page.
fn add_page(regions: &mut Vec<Region>, rva: u32, rights: Rights) {
    let Some(last) = regions.last_mut() else {
        regions.push(Region { rva, size: PAGE, rights });
        return;
    };
    let last_page = last.rva + last.size - PAGE;
    if last_page == rva && !last.rights.contains(rights) {
        let both = last.rights | rights;
        if last.size == PAGE {
            regions.pop();
        } else {
            last.size -= PAGE;
        }
        add_page(regions, rva, both);
    } else if last_page == rva {
        // The region before has this page already, and the rights of that region are enough.
    } else if last.rva + last.size == rva && last.rights == rights {
        last.size += PAGE;
    } else {
        regions.push(Region { rva, size: PAGE, rights });
    }
}
