//! The export table: the names of addresses that the linker kept.

use std::collections::BTreeMap;

use object::pe::IMAGE_DIRECTORY_ENTRY_EXPORT;

use super::error::ImageError;
use super::{EXPORT_LIMIT, Image};

/// An address in the image that other modules can import by its number, or by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The name, if the export has one.
    pub name: Option<String>,
    /// The number by which other modules can import the address.
    pub ordinal: u32,
    /// The address.
    pub rva: u32,
}

/// Reads the exports and sorts them by address. Empty entries, and entries that forward to another
/// module, are left out.
pub(super) fn read(image: &Image) -> Result<Vec<Export>, ImageError> {
    let Some(directory) = image.headers.directory(IMAGE_DIRECTORY_ENTRY_EXPORT) else {
        return Ok(Vec::new());
    };
    let at = directory.rva;
    let damaged = |what: &str| {
        ImageError::damaged(format!("the export directory at {at:X}: {what} out of its section"))
    };
    let field = |offset: u32| {
        at.checked_add(offset).and_then(|rva| image.read_u32(rva)).ok_or_else(|| damaged("it runs"))
    };
    let (ordinal_base, addresses, names) = (field(16)?, field(20)?, field(24)?);
    let (address_table, name_table, ordinal_table) = (field(28)?, field(32)?, field(36)?);
    for count in [addresses, names] {
        if count as usize > EXPORT_LIMIT {
            let what = "the number of exports";
            return Err(ImageError::over(what, count.into(), EXPORT_LIMIT as u64, "EXPORT_LIMIT"));
        }
    }

    let mut name_of = BTreeMap::new();
    for index in 0..names {
        let name_rva = entry(name_table, index, 4)
            .and_then(|rva| image.read_u32(rva))
            .ok_or_else(|| damaged("the names run"))?;
        let number = entry(ordinal_table, index, 2)
            .and_then(|rva| image.read_u16(rva))
            .ok_or_else(|| damaged("the numbers run"))?;
        name_of.insert(u32::from(number), name_rva);
    }

    let mut exports = Vec::new();
    for index in 0..addresses {
        let rva = entry(address_table, index, 4)
            .and_then(|rva| image.read_u32(rva))
            .ok_or_else(|| damaged("the addresses run"))?;
        let is_forwarder = rva >= at && rva - at < directory.size;
        if rva == 0 || is_forwarder {
            continue;
        }
        if image.section_at(rva).is_none() {
            return Err(ImageError::damaged(format!(
                "the export directory at {at:X}: export {index} has the address {rva:X}, in no \
                 section"
            )));
        }
        let name = match name_of.get(&index) {
            Some(&name_rva) => Some(image.read_name(name_rva, "the name of an export")?),
            None => None,
        };
        exports.push(Export { name, ordinal: ordinal_base.wrapping_add(index), rva });
    }
    exports.sort_by_key(|export| (export.rva, export.ordinal));
    Ok(exports)
}

fn entry(table: u32, index: u32, size: u32) -> Option<u32> {
    table.checked_add(index.checked_mul(size)?)
}
