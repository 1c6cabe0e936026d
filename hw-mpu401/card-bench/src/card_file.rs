//! Cards in files: a profile in TOML, read and written.
//!
//! Owns: the keys of a card file (`keys`), reading a card file ([`CardFile::parse`]) with errors
//! that name the place in the file, and the text of any card ([`to_toml`], [`CardFile::to_toml`]).
//! This code opens no file itself. The table of [`hw_mpu401::behaviour`] has everything that a file
//! can set of the chip; `resources` has what the device gets beside the chip.
//!
//! ```
//! use mpu401_card_bench::card_file::CardFile;
//!
//! let card = CardFile::parse(
//!     "my-card.toml",
//!     "name = \"my-card\"
//!      based-on = \"sb16\"
//!      tx-depth = 16",
//! )?;
//! let behaviour = card.profile.behaviour;
//! assert_eq!((behaviour.tx_depth, behaviour.rx_depth), (16, 129));
//! # Ok::<(), mpu401_card_bench::card_file::CardFileError>(())
//! ```

mod consistency;
mod error;
mod keys;
mod read;
mod resources;
mod value;
mod write;

#[cfg(test)]
mod tests;

use hw_mpu401::CardProfile;

use crate::resources::CardResource;

pub use error::CardFileError;
pub use write::to_toml;

/// The longest text of a card file, in bytes.
pub const MAX_CARD_FILE_BYTES: usize = 1 << 20;

/// A card that was read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFile {
    /// The card.
    pub profile: CardProfile,
    /// The name of the built-in card that this card starts from, if there is one.
    pub based_on: Option<String>,
    /// All resources of the device, in order. If the list is empty, the device has the MPU-401's
    /// ports and line.
    pub resources: Vec<CardResource>,
}
