//! The import table: the functions and variables that the driver needs.

use std::fmt;

use object::pe::IMAGE_DIRECTORY_ENTRY_IMPORT;

use super::error::ImageError;
use super::{IMPORT_LIMIT, Image, MODULE_LIMIT};

/// The size of one descriptor in bytes. Source: PE Format, the import directory table.
const DESCRIPTOR_BYTES: u32 = 20;

/// Modules that exist only for applications.
const USER_MODULES: [&str; 6] =
    ["ntdll.dll", "kernel32.dll", "kernelbase.dll", "user32.dll", "msvcrt.dll", "ucrtbase.dll"];

/// One function or variable that the driver imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The module's file name in lower case: `portcls.sys`.
    pub module: String,
    /// The name or number in that module.
    pub name: ImportName,
    /// The address in the image where the import's address is stored: a pointer-sized slot of the
    /// import address table.
    pub slot_rva: u32,
}

/// The name or the number of an import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportName {
    /// By name.
    Name(String),
    /// By number.
    Ordinal(u16),
}

impl fmt::Display for ImportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportName::Name(name) => f.write_str(name),
            ImportName::Ordinal(number) => write!(f, "#{number}"),
        }
    }
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}!{}", self.module, self.name)
    }
}

/// One module's part of the table.
struct Descriptor {
    module: String,
    /// The address of the list of names. Some linkers write no such list and put the names only
    /// into the slots. For them this is `slots_rva`.
    names_rva: u32,
    slots_rva: u32,
}

pub(super) fn read(image: &Image) -> Result<Vec<Import>, ImageError> {
    let mut imports = Vec::new();
    let Some(directory) = image.headers.directory(IMAGE_DIRECTORY_ENTRY_IMPORT) else {
        return Ok(imports);
    };
    let mut at = directory.rva;
    for module_count in 0.. {
        let Some(descriptor) = read_descriptor(image, at)? else { break };
        if module_count == MODULE_LIMIT {
            let what = "the number of modules imported from, at least,";
            let count = module_count as u64 + 1;
            return Err(ImageError::over(what, count, MODULE_LIMIT as u64, "MODULE_LIMIT"));
        }
        read_module(image, &descriptor, &mut imports)?;
        at += DESCRIPTOR_BYTES;
    }
    Ok(imports)
}

fn read_descriptor(image: &Image, at: u32) -> Result<Option<Descriptor>, ImageError> {
    let field = |offset: u32| {
        at.checked_add(offset).and_then(|rva| image.read_u32(rva)).ok_or_else(|| {
            ImageError::damaged(format!(
                "the import directory at {at:X} runs out of its section without an end mark"
            ))
        })
    };
    let (names_rva, name_rva, slots_rva) = (field(0)?, field(12)?, field(16)?);
    // Windows ends the table at a zero in the field of the name or in the field of the slots.
    if name_rva == 0 || slots_rva == 0 {
        return Ok(None);
    }
    let module = image.read_name(name_rva, "the name of an imported module")?.to_lowercase();
    if USER_MODULES.contains(&module.as_str()) || module.starts_with("api-ms-win-") {
        return Err(ImageError::UserMode { why: format!("it imports from {module}") });
    }
    let names_rva = if names_rva == 0 { slots_rva } else { names_rva };
    Ok(Some(Descriptor { module, names_rva, slots_rva }))
}

fn read_module(
    image: &Image,
    descriptor: &Descriptor,
    imports: &mut Vec<Import>,
) -> Result<(), ImageError> {
    let size = image.pointer_size();
    let by_ordinal = 1 << (size * 8 - 1);
    let module = &descriptor.module;
    for index in 0.. {
        let runs_out = |list: &str, rva: u32| {
            ImageError::damaged(format!(
                "the import {list} of {module} at {rva:X} run out of their section without an end \
                 mark"
            ))
        };
        let entry = offset(descriptor.names_rva, index, size)
            .and_then(|rva| image.read_pointer(rva))
            .ok_or_else(|| runs_out("names", descriptor.names_rva))?;
        if entry == 0 {
            break;
        }
        let slot_rva = offset(descriptor.slots_rva, index, size)
            .filter(|&rva| image.section_at(rva).is_some_and(|section| section.contains(rva, size)))
            .ok_or_else(|| runs_out("slots", descriptor.slots_rva))?;
        if imports.len() == IMPORT_LIMIT {
            let what = "the number of imports, at least,";
            let count = imports.len() as u64 + 1;
            return Err(ImageError::over(what, count, IMPORT_LIMIT as u64, "IMPORT_LIMIT"));
        }
        let name = if entry & by_ordinal == 0 {
            ImportName::Name(read_hinted_name(image, module, entry)?)
        } else {
            // Source: PE Format: the number is the low 16 bits. The other bits must be zero;
            // Windows ignores them.
            ImportName::Ordinal(entry as u16)
        };
        imports.push(Import { module: module.clone(), name, slot_rva });
    }
    Ok(())
}

/// Reads a name in the hint/name table: two bytes of hint, then the letters.
fn read_hinted_name(image: &Image, module: &str, entry: u64) -> Result<String, ImageError> {
    let rva = u32::try_from(entry).ok().and_then(|rva| rva.checked_add(2)).ok_or_else(|| {
        ImageError::damaged(format!(
            "an import of {module} has its name at {entry:X}, outside of the image (bound without \
             names?)"
        ))
    })?;
    image.read_name(rva, &format!("the name of an import of {module}"))
}

fn offset(rva: u32, index: u32, size: u32) -> Option<u32> {
    rva.checked_add(index.checked_mul(size)?)
}
