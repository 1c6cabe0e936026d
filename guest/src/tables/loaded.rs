//! An image in guest memory: its address and the file's image.

use std::ops::Range;

use portcls_driver_file::image::Image;

/// An image in memory.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The address of its first byte.
    pub base: u64,
    /// Its size in bytes.
    pub size: u64,
    /// The address of DriverEntry.
    pub entry: u64,
    /// The image as it was read, relocated to `base`.
    pub image: Image,
    /// Whole pages that are taken away after DriverEntry.
    pub(crate) discardable: Vec<Range<u64>>,
}

impl Loaded {
    /// The offset of an address in the image; `None` outside of it.
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
