//! The exception table of 64-bit images: beginning and end of each function.

use object::pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION;

use super::{Image, Mode};

/// The size of one entry in bytes. Source: PE Format, the .pdata section, x64.
const ENTRY_BYTES: u32 = 12;

/// A function, or a part of one, that the exception table lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnwindFunction {
    /// The address of the first byte of the function.
    pub start: u32,
    /// The address of the first byte after the function.
    pub end: u32,
}

/// Reads the functions of the table and sorts them by address. Entries with impossible addresses
/// are left out. They are no error, because the table only helps to read the code.
pub(super) fn read(image: &Image) -> Vec<UnwindFunction> {
    let directory = image.headers.directory(IMAGE_DIRECTORY_ENTRY_EXCEPTION);
    let (Some(directory), Mode::Bits64) = (directory, image.mode()) else {
        return Vec::new();
    };
    let size = image.section_at(directory.rva).map_or(0, |section| {
        let room = section.end() - u64::from(directory.rva);
        u64::from(directory.size).min(room) as u32
    });
    let mut functions: Vec<_> = (0..size / ENTRY_BYTES)
        .filter_map(|index| {
            let at = directory.rva + index * ENTRY_BYTES;
            let (start, end) = (image.read_u32(at)?, image.read_u32(at + 4)?);
            let is_sound = start < end && image.section_at(start).is_some();
            is_sound.then_some(UnwindFunction { start, end })
        })
        .collect();
    functions.sort_by_key(|function| function.start);
    functions
}
