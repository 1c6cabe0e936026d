//! The driver on the command line: a built-in one or a file, and its registry.
//!
//! The registry has the values that the installation of the driver would write.

use std::path::{Path, PathBuf};
use std::str;

use portcls_machine::driver_file::image::{FILE_LIMIT, Image, ImageError};
use portcls_machine::emulator::registry::RegistryValue;
use portcls_machine::{Driver, GuestOptions, MachineBuilder, RegistryPlace};

use crate::failure::Failure;
use crate::file_kind::{Wanted, other_kind};
use crate::input::{Input, Obstacle, plain_text};

/// The advice in a message about a wrong driver file.
const DRIVER_FILES: &str = "give a driver's .sys file or -";

/// The longest file of registry values in bytes.
/// Assumed: an installation writes some dozens of values.
const REGISTRY_FILE_LIMIT: usize = 1 << 20;

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

    /// The name that the trace and the summary show.
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

    /// The path of the driver's file; the machine looks for symbols beside this file.
    pub fn path(&self) -> String {
        match self {
            DriverChoice::BuiltIn(driver) => driver.name.clone(),
            DriverChoice::File(path) => path.display().to_string(),
        }
    }

    /// Loads the driver. A driver with a file is loaded from this file. The options are only for a
    /// driver from a file; a built-in driver ignores them.
    ///
    /// # Errors
    /// [`Failure`]: the file cannot be read, or is no driver.
    pub fn load(&self, options: GuestOptions) -> Result<Driver, Failure> {
        match self {
            DriverChoice::BuiltIn(driver) => Ok(driver.clone()),
            DriverChoice::File(path) => {
                let (image, file) = read_image(&Input::from(path.clone()))?;
                Ok(Driver::from_image(path, image, &file, options))
            }
        }
    }
}

/// How a Windows driver is given: by the path of a file in this folder with a name like the wrong
/// one, or of any.
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
/// [`Failure`]: the file cannot be read, or is no driver.
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
            ImageError::NotAnImage { .. } => other_kind(&name, &bytes, Wanted::Driver),
            _ => None,
        };
        other.unwrap_or(Failure::NotADriver { name, source })
    })?;
    Ok((image, bytes))
}

/// A registry value that an installation would have written.
#[derive(Clone, Debug)]
pub struct RegistrySetting {
    place: RegistryPlace,
    subkey: String,
    value: RegistryValue,
}

/// A text that is no registry value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RegistryError {
    /// The text is not `NAME=TYPE:DATA`.
    #[error("give NAME=dword:NUMBER, NAME=string:TEXT or NAME=binary:HEX")]
    Form,
    /// The data after `dword:` is no number.
    #[error("'{0}' is no dword: give a number up to 4294967295, or 0x and hexadecimal digits")]
    Dword(String),
    /// The data after `binary:` is no list of bytes.
    #[error("'{0}' are no bytes: give pairs of hexadecimal digits, as in 0A1B")]
    Binary(String),
}

/// Reads `[service:|driver:|device:]PATH\NAME=TYPE:DATA`. When the text names no place, the value
/// goes into the key that PortCls calls the driver key.
///
/// # Errors
/// [`RegistryError`].
pub fn parse_registry(text: &str) -> Result<RegistrySetting, RegistryError> {
    let (name, value) = text.split_once('=').ok_or(RegistryError::Form)?;
    let (kind, data) = value.split_once(':').ok_or(RegistryError::Form)?;
    let places = [
        ("service:", RegistryPlace::Service),
        ("driver:", RegistryPlace::Driver),
        ("device:", RegistryPlace::Device),
    ];
    let placed = places.iter().find_map(|(word, place)| Some((*place, name.strip_prefix(word)?)));
    let (place, path) = placed.unwrap_or((RegistryPlace::Driver, name));
    let (subkey, name) = path.rsplit_once('\\').unwrap_or(("", path));
    let value = match kind {
        "dword" => RegistryValue::dword(name, parse_dword(data)?),
        "string" => RegistryValue::string(name, data),
        "binary" => RegistryValue::binary(name, &parse_bytes(data)?),
        _ => return Err(RegistryError::Form),
    };
    Ok(RegistrySetting { place, subkey: subkey.to_owned(), value })
}

fn parse_dword(text: &str) -> Result<u32, RegistryError> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| RegistryError::Dword(text.to_owned()))
}

fn parse_bytes(text: &str) -> Result<Vec<u8>, RegistryError> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2));
    let digits = digits.ok_or_else(|| RegistryError::Binary(text.to_owned()))?;
    Ok(digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

/// Reads a file of registry values, one value in each line. Skips empty lines and lines that begin
/// with `#`.
///
/// # Errors
/// [`Failure`]: the file cannot be read, or a line is no value.
pub fn read_registry_file(path: &Path) -> Result<Vec<RegistrySetting>, Failure> {
    let input = Input::File(path.to_owned());
    let name = input.name();
    let bad = |line, reason| Failure::NotARegistryFile { name: name.clone(), line, reason };
    let bytes = input.bytes(REGISTRY_FILE_LIMIT).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => {
            Failure::cannot_read(&input, &error, "give a text file of registry values")
        }
        Obstacle::TooBig(bytes) => {
            bad(1, format!("the file has {bytes} bytes, the limit is {REGISTRY_FILE_LIMIT}"))
        }
    })?;
    let bytes = plain_text(bytes);
    let settings = match str::from_utf8(&bytes) {
        Ok(text) => {
            let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
            let values = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
            let read = |(number, line)| {
                parse_registry(line).map_err(|error| bad(number, error.to_string()))
            };
            values.map(read).collect()
        }
        Err(_) => Err(bad(1, "it is not UTF-8".to_owned())),
    };
    settings.map_err(|failure| other_kind(&name, &bytes, Wanted::Registry).unwrap_or(failure))
}

/// Puts registry values into a machine.
pub fn install(builder: MachineBuilder, settings: &[RegistrySetting]) -> MachineBuilder {
    settings.iter().fold(builder, |builder, setting| {
        builder.registry_value(setting.place, &setting.subkey, setting.value.clone())
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

    #[test]
    fn registry_values_have_a_place_a_path_and_a_type() {
        let read = |text| parse_registry(text).unwrap();
        let setting = read(r"service:Parameters\Fifo=dword:0x10");
        assert_eq!(setting.place, RegistryPlace::Service);
        assert_eq!(setting.subkey, "Parameters");
        assert_eq!(setting.value, RegistryValue::dword("Fifo", 16));
        let setting = read("Name=string:a=b:c");
        assert_eq!(setting.place, RegistryPlace::Driver);
        assert_eq!(setting.value, RegistryValue::string("Name", "a=b:c"));
        assert_eq!(read("X=binary:0aFF").value, RegistryValue::binary("X", &[0x0A, 0xFF]));
    }

    #[test]
    fn a_bad_registry_value_says_how_to_mend_it() {
        let error = |text| parse_registry(text).unwrap_err();
        for text in ["X", "X=1", "X=word:1"] {
            assert_eq!(error(text), RegistryError::Form, "{text}");
        }
        assert_eq!(error("X=dword:-1"), RegistryError::Dword("-1".to_owned()));
        assert_eq!(error("X=binary:123"), RegistryError::Binary("123".to_owned()));
    }
}
