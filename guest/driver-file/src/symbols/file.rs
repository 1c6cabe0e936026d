//! A file with symbols: the driver itself, or a file beside it.

use std::collections::BTreeMap;

use object::read::pe::{ImageNtHeaders, PeFile, PeFile32, PeFile64};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

use crate::image::{Image, Mode, NAME_LIMIT, Rights};

use super::dwarf::Dwarf;
use super::names::{FUNCTION_LIMIT, Name};
use super::pdb::{self, Pdb, PdbRead};

/// The symbols from one file.
pub(super) struct Found {
    pub functions: BTreeMap<u32, Name>,
    pub dwarf: Option<Dwarf>,
    pub pdb: Option<Pdb>,
    /// The part that could not be used, in words.
    pub note: Option<String>,
}

/// Reads a file with symbols.
///
/// # Errors
/// In words: why the symbols cannot be used.
pub(super) fn read(image: &Image, bytes: &[u8]) -> Result<Found, String> {
    if pdb::is_pdb(bytes) {
        let PdbRead { functions, pdb, note } = pdb::read(image, bytes)?;
        return Ok(Found { functions, dwarf: None, pdb: Some(pdb), note });
    }
    match image.mode() {
        Mode::Bits64 => PeFile64::parse(bytes)
            .map_err(|error| format!("it is no 64-bit image ({error})"))
            .and_then(|file| read_file(image, &file)),
        Mode::Bits32 => PeFile32::parse(bytes)
            .map_err(|error| format!("it is no 32-bit image ({error})"))
            .and_then(|file| read_file(image, &file)),
    }
}

fn read_file<Pe: ImageNtHeaders>(image: &Image, file: &PeFile<'_, Pe>) -> Result<Found, String> {
    check_build(image, file)?;
    let base = file.relative_address_base();
    let mut functions = BTreeMap::new();
    for symbol in file.symbols().take(FUNCTION_LIMIT) {
        // Compilers mark only some functions as functions. So symbols of unknown kind and labels
        // stay as well. Symbols of all other kinds, such as sections, are left out.
        if !matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label) {
            continue;
        }
        let rva = symbol.address().checked_sub(base).and_then(|rva| u32::try_from(rva).ok());
        let (Some(rva), Ok(name)) = (rva, symbol.name()) else { continue };
        let section = image.section_at(rva);
        let is_code = section.is_some_and(|section| section.rights.contains(Rights::EXECUTE));
        if is_code && !name.starts_with('.') && name.len() <= NAME_LIMIT {
            functions.insert(rva, Name::Decorated(name.to_owned()));
        }
    }
    let dwarf = Dwarf::read(|name| {
        let section = file.section_by_name(name)?;
        section.data().ok()
    });
    Ok(Found { functions, dwarf, pdb: None, note: None })
}

/// Whether a file is an image of the same build, with DWARF.
pub(super) fn has_dwarf_of(image: &Image, bytes: &[u8]) -> bool {
    fn has_dwarf<Pe: ImageNtHeaders>(image: &Image, file: &PeFile<'_, Pe>) -> bool {
        check_build(image, file).is_ok() && file.section_by_name(".debug_info").is_some()
    }
    match image.mode() {
        Mode::Bits64 => PeFile64::parse(bytes).is_ok_and(|file| has_dwarf(image, &file)),
        Mode::Bits32 => PeFile32::parse(bytes).is_ok_and(|file| has_dwarf(image, &file)),
    }
}

/// Refuses a file whose code differs from the image's.
fn check_build<Pe: ImageNtHeaders>(image: &Image, file: &PeFile<'_, Pe>) -> Result<(), String> {
    let base = file.relative_address_base();
    for section in image.sections().iter().filter(|s| s.rights.contains(Rights::EXECUTE)) {
        let other = file
            .sections()
            .find(|other| other.address().wrapping_sub(base) == u64::from(section.rva))
            .ok_or_else(|| format!("it is of another build: no section at {:X}", section.rva))?;
        let code = other.data().unwrap_or(&[]);
        // A file that has only symbols has no code to compare.
        let compared = code.len().min(section.bytes.len());
        let holds_code = code[..compared].iter().any(|&byte| byte != 0);
        if holds_code && !image.holds_code(section, &code[..compared]) {
            return Err(format!(
                "it is of another build: the code of {} differs; build both at once",
                section.name
            ));
        }
    }
    Ok(())
}
