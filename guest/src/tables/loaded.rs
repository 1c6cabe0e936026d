//! An image in guest memory: its address and the file's image.

use std::ops::Range;

use portcls_driver_file::image::Image;

/// An image in memory.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The address of the first byte of the image.
    pub base: u64,
    /// The size of the image in bytes.
    pub size: u64,
    /// The address of DriverEntry.
    pub entry: u64,
    /// The image that was read from the file, relocated to `base`.
    pub image: Image,
    /// Whole pages that are taken away after DriverEntry.
    pub(crate) discardable: Vec<Range<u64>>,
}

impl Loaded {
    /// The offset of an address in the image; `None` for an address outside the image.
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
