//! The load configuration: places into which the loader must write.

use object::pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG;

use super::error::ImageError;
use super::{Image, Mode};

/// Places in the image into which the loader writes before the driver runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadConfig {
    /// The security cookie, a pointer-sized number. The loader must replace the constant in the
    /// file, because drivers for Windows 8 and later refuse to run with this constant.
    pub security_cookie_rva: Option<u32>,
    /// A pointer to the function that checks the target of an indirect call.
    pub guard_check_rva: Option<u32>,
    /// A pointer to the function that checks a target and jumps to it. Code for x86 does not use
    /// it.
    pub guard_dispatch_rva: Option<u32>,
}

/// Offsets of the fields by pointer size. Source: PE Format, the load configuration structure.
struct Layout {
    cookie: u32,
    check: u32,
    dispatch: u32,
}

pub(super) fn read(image: &Image) -> Result<LoadConfig, ImageError> {
    let Some(directory) = image.headers.directory(IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG) else {
        return Ok(LoadConfig::default());
    };
    let layout = match image.mode() {
        Mode::Bits64 => Layout { cookie: 0x58, check: 0x70, dispatch: 0x78 },
        Mode::Bits32 => Layout { cookie: 0x3C, check: 0x48, dispatch: 0x4C },
    };
    // The structure has grown over the years and begins with its own size. The size in the
    // directory means nothing, because the linkers of Windows XP wrote a fixed number there.
    let size = image.read_u32(directory.rva).ok_or_else(|| {
        ImageError::damaged(format!(
            "the load configuration at {:X} lies outside of the sections",
            directory.rva
        ))
    })?;
    let field = |offset: u32, what: &str| place(image, directory.rva, size, offset, what);
    Ok(LoadConfig {
        security_cookie_rva: field(layout.cookie, "the security cookie")?,
        guard_check_rva: field(layout.check, "the control flow check pointer")?,
        guard_dispatch_rva: field(layout.dispatch, "the control flow dispatch pointer")?,
    })
}

/// Turns the address in a field into an RVA. The address is for the preferred base. `None` if the
/// structure ends before the field does, or if the field is zero.
fn place(
    image: &Image,
    at: u32,
    size: u32,
    offset: u32,
    what: &str,
) -> Result<Option<u32>, ImageError> {
    let width = image.pointer_size();
    if offset + width > size {
        return Ok(None);
    }
    let address =
        at.checked_add(offset).and_then(|rva| image.read_pointer(rva)).ok_or_else(|| {
            ImageError::damaged(format!("the load configuration at {at:X} runs out of its section"))
        })?;
    if address == 0 {
        return Ok(None);
    }
    let rva = address.checked_sub(image.base).and_then(|rva| u32::try_from(rva).ok());
    match rva.filter(|&rva| image.section_at(rva).is_some_and(|s| s.contains(rva, width))) {
        Some(rva) => Ok(Some(rva)),
        None => Err(ImageError::damaged(format!(
            "the load configuration at {at:X} places {what} at {address:X}, outside of the image"
        ))),
    }
}
