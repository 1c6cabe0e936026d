//! Why an image could not be loaded.

use cpu_x86::{Fault, MapError};
use portcls_driver_file::image::ImageError;

/// Why an image could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The image cannot be moved to its address.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The image does not fit into the guest's memory.
    #[error("the image cannot be mapped: {0}")]
    Memory(#[from] MapError),
    /// The image has more imports than there are addresses.
    #[error("the image imports too much: {what} does not fit")]
    TooManyImports {
        /// The first import without an address.
        what: String,
    },
}

impl From<Fault> for LoadError {
    fn from(fault: Fault) -> LoadError {
        LoadError::Memory(MapError::NotMapped { address: fault.address })
    }
}
