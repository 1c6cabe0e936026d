//! A driver that a machine runs: its name, and its code.
//!
//! The code is in Rust or in a `.sys` file.
//!
//! This file owns the places from which a driver can come, and the facts about its file. This file
//! never knows the machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mpu401_card_bench::nearest;
use portcls_driver_file::image::{Image, Mode};
use portcls_driver_file::symbols::{SideFile, Symbols, file_for_debugger};
use portcls_guest::GuestOptions;
use portcls_inf_file::Architecture;
use portcls_miniport::DriverEntry;

use crate::error::{MachineError, list};

/// A driver: its name in the form of the trace's header, and its code.
#[derive(Clone, Debug)]
pub struct Driver {
    /// The name of the driver.
    pub name: String,
    pub(crate) code: DriverCode,
}

/// The code of a driver.
#[derive(Clone, Debug)]
pub(crate) enum DriverCode {
    /// The DriverEntry of a driver in Rust.
    Rust(DriverEntry),
    /// A Windows driver's file.
    Sys(SysDriver),
}

/// A Windows driver's file, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct SysDriver {
    pub image: Arc<Image>,
    pub options: GuestOptions,
    /// The bytes of the file, for the symbols in it.
    file: Arc<[u8]>,
    /// The path of the driver's file, or only its name. Files with symbols may lie beside this
    /// file.
    path: PathBuf,
    /// The files that count as lying beside the driver's file. `None` means the files on the disk.
    beside: Option<Vec<SideFile>>,
}

impl SysDriver {
    /// The names of the driver's addresses. If the caller did not give the files beside the driver,
    /// this function reads them from the disk.
    pub fn symbols(&self) -> Symbols {
        match &self.beside {
            None => Symbols::beside(&self.path, &self.image, &self.file),
            Some(files) => Symbols::among(&self.path, &self.image, &self.file, files),
        }
    }

    /// The path of the file from which a debugger reads the driver. To find it, this function reads
    /// the files beside the driver from the disk.
    pub fn file_for_debugger(&self) -> PathBuf {
        file_for_debugger(&self.path, &self.image)
    }
}

impl Driver {
    /// A driver that the caller wrote in Rust.
    #[must_use]
    pub fn new(name: &str, entry: DriverEntry) -> Driver {
        Driver { name: name.to_owned(), code: DriverCode::Rust(entry) }
    }

    /// An unmodified Windows driver, from the bytes of its `.sys` file. When `name` is the path of
    /// the file, reports also use the symbols in the files beside it.
    ///
    /// # Errors
    /// [`MachineError::DriverFile`] with the fault of the file.
    pub fn from_sys(
        name: &str,
        file: &[u8],
        options: GuestOptions,
    ) -> Result<Driver, MachineError> {
        let image = Image::parse(file).map_err(|error| MachineError::DriverFile {
            name: name.to_owned(),
            reason: error.to_string(),
        })?;
        let (image, file) = (Arc::new(image), file.into());
        let path = name.into();
        let code = DriverCode::Sys(SysDriver { image, options, file, path, beside: None });
        Ok(Driver { name: name.to_owned(), code })
    }

    /// An unmodified Windows driver, from its image, the bytes of its file, and the path of the
    /// file. Reports also use the symbols in the files beside it.
    #[must_use]
    pub fn from_image(path: &Path, image: Image, file: &[u8], options: GuestOptions) -> Driver {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let (image, file) = (Arc::new(image), file.into());
        let path = path.to_owned();
        let code = DriverCode::Sys(SysDriver { image, options, file, path, beside: None });
        Driver { name, code }
    }

    /// This driver, for a program without a disk: reports take the files beside the driver from
    /// `files`. On a driver in Rust the call has no effect.
    #[must_use]
    pub fn beside(mut self, files: Vec<SideFile>) -> Driver {
        if let DriverCode::Sys(sys) = &mut self.code {
            sys.beside = Some(files);
        }
        self
    }

    /// The processor that the driver is built for.
    ///
    /// Assumed: a driver in Rust is installed as a driver for x64.
    #[must_use]
    pub fn architecture(&self) -> Architecture {
        match &self.code {
            DriverCode::Sys(sys) if sys.image.mode() == Mode::Bits32 => Architecture::X86,
            _ => Architecture::X64,
        }
    }

    /// A driver that comes with the project.
    ///
    /// # Errors
    /// [`MachineError::UnknownDriver`] with the nearest name, or the names of all drivers.
    pub fn named(name: &str) -> Result<Driver, MachineError> {
        let drivers = portcls_miniport::drivers();
        let names = || drivers.iter().map(|driver| driver.name);
        let found = drivers.iter().find(|driver| driver.name.eq_ignore_ascii_case(name));
        let driver = found.ok_or_else(|| MachineError::UnknownDriver {
            name: name.to_owned(),
            hint: match nearest(name, names()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("there is {}", list(names())),
            },
        })?;
        Ok(Driver::new(driver.name, driver.entry))
    }
}
