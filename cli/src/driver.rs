//! The driver that the command line names, and the file of registry values.
//!
//! The values stand for those that the driver's installation would write into the registry.

use std::path::{Path, PathBuf};

use portcls_machine::driver_file::image::{FILE_LIMIT, Image, ImageError};
use portcls_machine::{
    Driver, GuestOptions, MAX_REGISTRY_FILE_BYTES, RegistryFileError, RegistrySetting,
    read_registry,
};
use portcls_results::file_kind::Wanted;
use portcls_results::plain_text;

use crate::failure::Failure;
use crate::input::{Input, Obstacle};

/// The advice in a message about a driver's file that cannot be read.
const DRIVER_FILES: &str = "give a driver's .sys file or -";

/// The driver that the user chose.
#[derive(Clone, Debug)]
pub enum DriverChoice {
    /// A built-in driver.
    BuiltIn(Driver),
    /// A Windows driver's file; the path - is stdin.
    File(PathBuf),
}

impl DriverChoice {
    /// Reads the option: a name, or a path. A text is a path when it has a `/` or `\`, ends in
    /// `.sys`, or is `-`, which stands for stdin.
    ///
    /// # Errors
    /// The text is a name that no driver has.
    pub fn parse(text: &str) -> Result<DriverChoice, String> {
        let is_sys = Path::new(text).extension().is_some_and(|end| end.eq_ignore_ascii_case("sys"));
        if is_sys || text == "-" || text.contains(['/', '\\']) {
            return Ok(DriverChoice::File(PathBuf::from(text)));
        }
        match Driver::named(text) {
            Ok(driver) => Ok(DriverChoice::BuiltIn(driver)),
            Err(error) => Err(format!("{error}; {}", path_of_driver(text))),
        }
    }

    /// True when the driver comes from stdin.
    pub fn is_stdin(&self) -> bool {
        matches!(self, DriverChoice::File(path) if path.as_os_str() == "-")
    }

    /// The name that the summary shows.
    pub fn name(&self) -> String {
        match self {
            DriverChoice::BuiltIn(driver) => driver.name.clone(),
            DriverChoice::File(_) if self.is_stdin() => "stdin".to_owned(),
            DriverChoice::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                name.to_string_lossy().replace(char::is_control, "?")
            }
        }
    }

    /// The driver's file; `None` for a built-in driver and for stdin.
    pub fn file(&self) -> Option<&Path> {
        match self {
            DriverChoice::File(path) if !self.is_stdin() => Some(path),
            DriverChoice::File(_) | DriverChoice::BuiltIn(_) => None,
        }
    }

    /// The path of the driver's file, as the user gave it. For a built-in driver, its name.
    pub fn path(&self) -> String {
        match self {
            DriverChoice::BuiltIn(driver) => driver.name.clone(),
            DriverChoice::File(path) => path.display().to_string(),
        }
    }

    /// Loads the driver. The options only matter for a driver from a file.
    ///
    /// # Errors
    /// [`Failure`]: the file cannot be read, or is not a driver.
    pub fn load(&self, options: GuestOptions) -> Result<Driver, Failure> {
        match self {
            DriverChoice::BuiltIn(driver) => Ok(driver.clone()),
            DriverChoice::File(path) => {
                let (image, file) = read_image(&Input::from(path.clone()))?;
                let mut driver = Driver::from_image(path, image, &file, options);
                driver.name = self.name();
                Ok(driver)
            }
        }
    }
}

/// Advice for a wrong name of a driver: perhaps the user means a Windows driver. The advice is the
/// path of a .sys file in the working folder with the same or a similar name. Without such a file,
/// the advice shows how a path looks.
fn path_of_driver(wrong: &str) -> String {
    let path = Path::new(".").join(format!("{wrong}.sys"));
    let is_sys = |path: &PathBuf| path.extension().is_some_and(|end| end == "sys");
    let near = || Input::File(path.clone()).near_file().filter(is_sys);
    let found = if path.exists() { Some(path.clone()) } else { near() };
    match found {
        Some(found) => format!(
            "a Windows driver is given by its path: did you mean {}?",
            Input::File(found).name()
        ),
        None => "a Windows driver is given by its path, ./x.sys".to_owned(),
    }
}

/// Reads a driver's file. Returns the image and the bytes of the file.
///
/// # Errors
/// [`Failure`]: the file cannot be read, or is not a driver.
pub fn read_image(input: &Input) -> Result<(Image, Vec<u8>), Failure> {
    let name = input.name();
    let bytes = input.bytes(FILE_LIMIT).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => Failure::cannot_read(input, &error, DRIVER_FILES),
        Obstacle::TooBig(bytes) => {
            Failure::DriverTooBig { name: name.clone(), bytes, limit: FILE_LIMIT }
        }
    })?;
    let image = Image::parse(&bytes).map_err(|source| {
        let other = match source {
            ImageError::NotAnImage { .. } => Failure::other_kind(&name, &bytes, Wanted::Driver),
            _ => None,
        };
        other.unwrap_or(Failure::NotADriver { name, source })
    })?;
    Ok((image, bytes))
}

/// Reads a file of registry values, one value in each line.
///
/// # Errors
/// [`Failure`]: the file cannot be read, or a line is not a value.
pub fn read_registry_file(path: &Path) -> Result<Vec<RegistrySetting>, Failure> {
    let input = Input::File(path.to_owned());
    let name = input.name();
    let bad = |error: RegistryFileError| Failure::NotARegistryFile { name: name.clone(), error };
    let bytes = input.bytes(MAX_REGISTRY_FILE_BYTES).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => {
            Failure::cannot_read(&input, &error, "give a text file of registry values")
        }
        Obstacle::TooBig(bytes) => {
            let what =
                format!("the file has {bytes} bytes, the limit is {MAX_REGISTRY_FILE_BYTES}");
            bad(RegistryFileError { line: 1, what })
        }
    })?;
    let bytes = plain_text(bytes);
    read_registry(&bytes).map_err(|error| {
        Failure::other_kind(&name, &bytes, Wanted::Registry).unwrap_or_else(|| bad(error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_built_in_and_a_path_is_a_file() {
        assert!(matches!(DriverChoice::parse("uart"), Ok(DriverChoice::BuiltIn(_))));
        for path in ["a.sys", "A.SYS", "./uart", r"c:\uart", "-"] {
            assert!(matches!(DriverChoice::parse(path), Ok(DriverChoice::File(_))), "{path}");
        }
        let error = DriverChoice::parse("foo").unwrap_err();
        assert!(error.contains("there is uart"), "{error}");
        assert_eq!(DriverChoice::parse("a/b.sys").unwrap().name(), "b.sys");
    }
}
