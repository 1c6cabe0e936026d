//! An image in the guest's memory: mapped, relocated, its imports bound.

use std::ops::Range;

use cpu_x86::{Cpu, MapError, Mode, PAGE_BYTES};

use crate::import::{self, Found, Storage};
use crate::layout::Layout;
use crate::processor::paging::Pageable;
use crate::processor::space::{Space, Upwards};
use crate::processor::thunk::{Thunk, Thunks};
use portcls_driver_file::image::{Image, ImageError, ImportName, Rights};

const PAGE: u64 = PAGE_BYTES as u64;

/// The security cookie of the driver. Assumed: any value but the one in the file; a fixed one
/// keeps runs alike. Its upper 16 bits are zero on x64, as Windows has it.
const SECURITY_COOKIE: u64 = 0x0000_6D1D_1401_31F8;

/// Why an image could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It cannot be moved to where it has to go.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It does not fit into the guest's memory.
    #[error("the image cannot be mapped: {0}")]
    Memory(#[from] MapError),
    /// It imports more than there are addresses for.
    #[error("the image imports too much: {what} does not fit")]
    TooManyImports {
        /// The import that was one too many.
        what: String,
    },
}

/// An image in memory.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Where it begins.
    pub base: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Where DriverEntry begins.
    pub entry: u64,
    /// The image as it was read, moved to `base`.
    pub image: Image,
    pub(crate) pageable: Vec<Pageable>,
    /// Whole pages that go after DriverEntry.
    pub(crate) discardable: Vec<Range<u64>>,
}

impl Loaded {
    /// The offset of an address in the image, `None` outside of it.
    #[must_use]
    pub fn rva(&self, address: u64) -> Option<u32> {
        let offset = address.checked_sub(self.base)?;
        (offset < self.size).then_some(offset as u32)
    }

    /// The name of the section that holds an address.
    #[must_use]
    pub fn section_name(&self, address: u64) -> Option<&str> {
        let section = self.image.section_at(self.rva(address)?)?;
        Some(&section.name)
    }
}

/// Puts an image where the space has room for it.
pub(crate) fn load(
    cpu: &mut Cpu,
    image: &Image,
    space: &Space,
    thunks: &mut Thunks,
) -> Result<Loaded, LoadError> {
    let mut image = image.clone();
    let base = space.image;
    image.relocate(base)?;
    for region in image.regions() {
        let at = base + u64::from(region.rva);
        cpu.memory_mut().map(at, u64::from(region.size), region.rights)?;
    }
    for (rva, bytes) in image.contents() {
        cpu.memory_mut().poke(base + u64::from(rva), bytes).map_err(not_mapped)?;
    }
    bind_imports(cpu, &image, space, thunks)?;
    if let Some(rva) = image.load_config().security_cookie_rva {
        put_word(cpu, base + u64::from(rva), SECURITY_COOKIE)?;
    }
    let of_residence = |wanted| {
        let sections = image.sections().iter();
        sections.filter(move |section| section.residence == wanted)
    };
    let pageable = of_residence(portcls_driver_file::image::Residence::Paged)
        .filter_map(|section| {
            let pages = whole_pages(base, section.rva, section.size)?;
            let bytes = pages.end - pages.start;
            let rights = cpu.memory().rights(pages.start)?;
            Some(Pageable { address: pages.start, bytes, rights })
        })
        .collect();
    let discardable = of_residence(portcls_driver_file::image::Residence::Discardable)
        .filter_map(|section| whole_pages(base, section.rva, section.size))
        .collect();
    let (size, entry) = (u64::from(image.size()), base + u64::from(image.entry_rva()));
    Ok(Loaded { base, size, entry, image, pageable, discardable })
}

/// The pages that a section has to itself: sections are aligned to pages, and the rest of the
/// last page belongs to nobody else.
fn whole_pages(base: u64, rva: u32, size: u32) -> Option<Range<u64>> {
    if !u64::from(rva).is_multiple_of(PAGE) {
        return None;
    }
    let start = base + u64::from(rva);
    Some(start..start + u64::from(size).next_multiple_of(PAGE))
}

/// Fills the import address table.
fn bind_imports(
    cpu: &mut Cpu,
    image: &Image,
    space: &Space,
    thunks: &mut Thunks,
) -> Result<(), LoadError> {
    let mut data = Upwards::new(&space.data_imports);
    let room = space.data_imports.end - space.data_imports.start;
    cpu.memory_mut().map(space.data_imports.start, room, Rights::READ | Rights::WRITE)?;
    for wanted in image.imports() {
        let full_name = format!("{} of {}", wanted.name, wanted.module);
        let too_many = || LoadError::TooManyImports { what: full_name.clone() };
        let found = match &wanted.name {
            ImportName::Name(name) => import::find(&wanted.module, name),
            ImportName::Ordinal(_) => None,
        };
        let address = match found {
            Some(Found::Routine(routine)) => thunks.of_routine(routine).ok_or_else(too_many)?,
            Some(Found::Data(variable)) => match variable.storage {
                Storage::Own(content) => {
                    let bytes = content(image.mode());
                    let address = data.take(bytes.len() as u64, 8).ok_or_else(too_many)?;
                    cpu.memory_mut().poke(address, &bytes).map_err(not_mapped)?;
                    address
                }
                Storage::SharedData(offset) => {
                    let fields = &Layout::of(image.mode()).kuser_shared_data;
                    space.shared_data + u64::from(offset(fields))
                }
            },
            None => thunks.add(Thunk::Missing(full_name.clone())).ok_or_else(too_many)?,
        };
        put_word(cpu, image.base() + u64::from(wanted.slot_rva), address)?;
    }
    Ok(())
}

fn put_word(cpu: &mut Cpu, address: u64, value: u64) -> Result<(), LoadError> {
    let bytes = value.to_le_bytes();
    let bytes = match cpu.mode() {
        Mode::Bits64 => &bytes[..],
        Mode::Bits32 => &bytes[..4],
    };
    cpu.memory_mut().poke(address, bytes).map_err(not_mapped)
}

fn not_mapped(fault: cpu_x86::Fault) -> LoadError {
    LoadError::Memory(MapError::NotMapped { address: fault.address })
}
