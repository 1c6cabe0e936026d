//! Base relocations: the places that hold absolute addresses.

use object::pe::{
    IMAGE_DIRECTORY_ENTRY_BASERELOC, IMAGE_REL_BASED_ABSOLUTE, IMAGE_REL_BASED_DIR64,
    IMAGE_REL_BASED_HIGHLOW,
};
use object::read::pe::RelocationBlockIterator;

use super::error::ImageError;
use super::{Image, Mode};

/// One place that holds an absolute address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relocation {
    rva: u32,
    /// The size in bytes: 4 or 8.
    size: u8,
}

impl Relocation {
    pub fn rva(self) -> u32 {
        self.rva
    }

    pub fn size(self) -> u32 {
        self.size.into()
    }

    /// The address of the first byte, and the address of the first byte after the place.
    pub fn range(self) -> (u32, u32) {
        (self.rva, self.rva + self.size())
    }
}

pub(super) fn read(image: &Image) -> Result<Vec<Relocation>, ImageError> {
    let mut relocations = Vec::new();
    let Some(directory) = image.headers.directory(IMAGE_DIRECTORY_ENTRY_BASERELOC) else {
        return Ok(relocations);
    };
    let table = image
        .section_at(directory.rva)
        .and_then(|section| {
            let start = (directory.rva - section.rva) as usize;
            section.bytes.get(start..start.checked_add(directory.size as usize)?)
        })
        .ok_or_else(|| {
            ImageError::damaged(format!(
                "the relocation table at {:X} with {:X} bytes lies outside of the sections' bytes",
                directory.rva, directory.size
            ))
        })?;
    for block in RelocationBlockIterator::new(table) {
        let block = block.map_err(|error| {
            ImageError::damaged(format!("the relocation table at {:X}: {error}", directory.rva))
        })?;
        for relocation in block {
            let rva = relocation.virtual_address;
            let size = match relocation.typ {
                IMAGE_REL_BASED_ABSOLUTE => continue,
                IMAGE_REL_BASED_HIGHLOW => 4,
                IMAGE_REL_BASED_DIR64 => 8,
                other => {
                    return Err(ImageError::damaged(format!(
                        "the relocation at {rva:X} is of type {}, which x86 and x64 do not have",
                        other.0
                    )));
                }
            };
            let inside = |section: &super::Section| section.contains(rva, size.into());
            if !image.section_at(rva).is_some_and(inside) {
                return Err(ImageError::damaged(format!(
                    "the relocation at {rva:X} lies outside of the sections"
                )));
            }
            relocations.push(Relocation { rva, size });
        }
    }
    Ok(relocations)
}

/// Does the work of [`Image::relocate`].
pub(super) fn apply(image: &mut Image, base: u64) -> Result<(), ImageError> {
    let end = base.checked_add(image.size().into());
    let fits = match image.mode() {
        Mode::Bits64 => end.is_some(),
        Mode::Bits32 => end.is_some_and(|end| end <= 1 << 32),
    };
    if !fits || !base.is_multiple_of(0x1000) {
        return Err(ImageError::bad(
            format!("the image of {:X} bytes cannot lie at {base:X}", image.size()),
            "choose the beginning of a page with enough room after it",
        ));
    }
    let delta = base.wrapping_sub(image.base);
    if delta == 0 {
        return Ok(());
    }
    if image.headers.relocations_stripped {
        return Err(ImageError::Fixed { preferred: image.base });
    }
    for index in 0..image.relocations.len() {
        let relocation = image.relocations[index];
        add(image, relocation, delta);
    }
    image.base = base;
    Ok(())
}

fn add(image: &mut Image, relocation: Relocation, delta: u64) {
    let after = image.sections.partition_point(|section| section.rva <= relocation.rva);
    let section = &mut image.sections[after - 1];
    let start = (relocation.rva - section.rva) as usize;
    let end = start + usize::from(relocation.size);
    if section.bytes.len() < end {
        section.bytes.resize(end, 0);
    }
    let place = &mut section.bytes[start..end];
    let mut word = [0; 8];
    word[..place.len()].copy_from_slice(place);
    let moved = u64::from_le_bytes(word).wrapping_add(delta).to_le_bytes();
    place.copy_from_slice(&moved[..place.len()]);
}
