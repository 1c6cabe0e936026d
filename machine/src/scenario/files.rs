//! The files that a scenario names: cards, drivers, INFs and songs.
//!
//! A path in a scenario is relative to the scenario's folder.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use hw_mpu401::CardProfile;
use mpu401_card_bench::card_file::{CardFile, MAX_CARD_FILE_BYTES};
use mpu401_card_bench::resources::CardResource;
use portcls_driver_file::image::{FILE_LIMIT, Image};
use portcls_driver_file::symbols::SideFile;
use portcls_guest::GuestOptions;
use portcls_inf_file::{Installation, MAX_INF_BYTES, file_and_model, read_inf};
use portcls_midi_file::{Damage, InputFormat, MAX_FILE_BYTES, ReadOptions, Song, read_song};

use super::error::short;
use crate::builder::built_in_card;
use crate::driver::Driver;
use crate::error::MachineError;

/// The files that a scenario may name, on a disk or in memory.
pub trait ScenarioFiles {
    /// The bytes of a file. A file with more than `limit` bytes is refused.
    ///
    /// # Errors
    /// What is wrong and, after a semicolon, what to do.
    fn bytes(&self, name: &str, limit: usize) -> Result<Vec<u8>, String>;

    /// The path of a file. A driver's name is made from it.
    fn path(&self, name: &str) -> PathBuf;

    /// The files that may hold the symbols of a driver; `None` if they are on the disk.
    fn beside(&self) -> Option<Vec<SideFile>>;
}

/// The folder of a scenario on the disk.
pub(super) struct DiskFolder<'p>(pub &'p Path);

impl ScenarioFiles for DiskFolder<'_> {
    fn bytes(&self, name: &str, limit: usize) -> Result<Vec<u8>, String> {
        let cannot = |error: std::io::Error| {
            let text = error.to_string();
            let reason = text.split(" (os error").next().unwrap_or_default();
            format!("cannot read {name}: {reason}; name a file relative to the scenario")
        };
        let file = File::open(self.path(name)).map_err(cannot)?;
        let mut bytes = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() > limit {
            return Err(format!("{name} has more than {limit} bytes; name a shorter file"));
        }
        Ok(bytes)
    }

    fn path(&self, name: &str) -> PathBuf {
        // A scenario that was written on Windows must also work elsewhere.
        self.0.join(name.replace('\\', "/"))
    }

    fn beside(&self) -> Option<Vec<SideFile>> {
        None
    }
}

/// Reads cards, drivers, INFs and songs from the files that a scenario names.
pub(super) struct Folder<'f>(pub &'f dyn ScenarioFiles);

impl Folder<'_> {
    /// A card by its name, or from a card file, with the resources that the file lists.
    ///
    /// # Errors
    /// What is wrong and, after a semicolon, what to do.
    pub fn card(&self, name: &str) -> Result<(CardProfile, Vec<CardResource>), String> {
        if !is_file_name(name, "toml") {
            let profile = built_in_card(name).map_err(|error| error.to_string())?;
            return Ok((profile.clone(), Vec::new()));
        }
        let bytes = self.0.bytes(name, MAX_CARD_FILE_BYTES)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| format!("{name} is no text; save it as plain text in UTF-8"))?;
        let card = CardFile::parse(name, &text).map_err(|error| error.to_string())?;
        Ok((card.profile, card.resources))
    }

    /// A Windows driver from its file.
    ///
    /// # Errors
    /// What is wrong and, after a semicolon, what to do.
    pub fn driver(&self, name: &str, options: GuestOptions) -> Result<Driver, String> {
        let bytes = self.0.bytes(name, FILE_LIMIT)?;
        let image = Image::parse(&bytes)
            .map_err(|error| format!("{name} is no driver: {error}; name a .sys file"))?;
        let driver = Driver::from_image(&self.0.path(name), image, &bytes, options);
        Ok(match self.0.beside() {
            None => driver,
            Some(files) => driver.beside(files),
        })
    }

    /// What the INF of a driver installs.
    ///
    /// # Errors
    /// What is wrong and, after a semicolon, what to do.
    pub fn inf(&self, text: &str, driver: &Driver) -> Result<Installation, String> {
        let (name, model) = file_and_model(text).ok_or_else(|| {
            let hint = "write x.inf, or x.inf:MODEL with the name of a model";
            format!("'{}' names no INF; {hint}", short(text))
        })?;
        let bytes = self.0.bytes(name, MAX_INF_BYTES)?;
        read_inf(name, &bytes, model, driver.architecture()).map_err(|error| error.to_string())
    }

    /// The messages of a song.
    ///
    /// # Errors
    /// What is wrong and, after a semicolon, what to do.
    pub fn song(&self, name: &str) -> Result<Song, String> {
        let bytes = self.0.bytes(name, MAX_FILE_BYTES)?;
        let options = ReadOptions { format: InputFormat::Auto, damage: Damage::Refuse };
        read_song(&bytes, options)
            .map_err(|error| format!("{name}: {error}; name a whole .mid, .rmi or .syx file"))
    }
}

/// A driver of the project by its name.
///
/// # Errors
/// What is wrong and, after a semicolon, what to do.
pub(super) fn built_in_driver(name: &str) -> Result<Driver, String> {
    let error = |error: MachineError| format!("{error}; path = \"x.sys\" names a file");
    Driver::named(name).map_err(error)
}

/// True for a name with this extension, in upper or lower case.
pub(super) fn is_file_name(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case(extension))
}
