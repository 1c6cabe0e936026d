//! Registry values as text: on a command line, or one on each line of a file.
//!
//! Owns the form of such a text. It opens no file itself.

use std::str::FromStr;

use mpu401_card_bench::shown;
use portcls_emulator::registry::RegistryValue;

use crate::installation::RegistryPlace;

/// The longest file of registry values in bytes.
/// Assumed: an installation writes some dozens of values.
pub const MAX_REGISTRY_FILE_BYTES: usize = 1 << 20;

/// A registry value that an installation would have written, and the place of the value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegistrySetting {
    /// The key in or below which the value is.
    pub place: RegistryPlace,
    /// The path below that key; empty for the key itself.
    pub subkey: String,
    /// The value.
    pub value: RegistryValue,
}

/// A text that is not a registry value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParseRegistryError {
    /// The text is not `NAME=TYPE:DATA`, or there is no such type.
    #[error("give NAME=dword:NUMBER, NAME=string:TEXT or NAME=binary:HEX")]
    Form,
    /// The data after `dword:` is not a number.
    #[error("'{0}' is no dword: give a number up to 4294967295, or 0x and hexadecimal digits")]
    Dword(String),
    /// The data after `binary:` is not a list of bytes.
    #[error("'{0}' are no bytes: give pairs of hexadecimal digits, as in 0A1B")]
    Binary(String),
}

/// A line of a file that is not a registry value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct RegistryFileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Reads `[service:|driver:|device:][PATH\]NAME=TYPE:DATA`. When the text names no place, the value
/// goes into the key that PortCls calls the driver key.
impl FromStr for RegistrySetting {
    type Err = ParseRegistryError;

    fn from_str(text: &str) -> Result<RegistrySetting, ParseRegistryError> {
        let (name, value) = text.split_once('=').ok_or(ParseRegistryError::Form)?;
        let (kind, data) = value.split_once(':').ok_or(ParseRegistryError::Form)?;
        let places = [
            ("service:", RegistryPlace::Service),
            ("driver:", RegistryPlace::Driver),
            ("device:", RegistryPlace::Device),
        ];
        let placed =
            places.iter().find_map(|(word, place)| Some((*place, name.strip_prefix(word)?)));
        let (place, path) = placed.unwrap_or((RegistryPlace::Driver, name));
        let (subkey, name) = path.rsplit_once('\\').unwrap_or(("", path));
        let value = match kind {
            "dword" => RegistryValue::dword(name, read_dword(data)?),
            "string" => RegistryValue::string(name, data),
            "binary" => RegistryValue::binary(name, &read_bytes(data)?),
            _ => return Err(ParseRegistryError::Form),
        };
        Ok(RegistrySetting { place, subkey: subkey.to_owned(), value })
    }
}

fn read_dword(text: &str) -> Result<u32, ParseRegistryError> {
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |digits| (digits, 16));
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    let number = u32::from_str_radix(digits, radix).ok().filter(|_| is_number);
    number.ok_or_else(|| ParseRegistryError::Dword(shown(text)))
}

fn read_bytes(text: &str) -> Result<Vec<u8>, ParseRegistryError> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2));
    let digits = digits.ok_or_else(|| ParseRegistryError::Binary(shown(text)))?;
    Ok(digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

/// Reads a file of registry values, one value on each line. Skips empty lines and lines that begin
/// with `#`.
///
/// # Errors
/// [`RegistryFileError`] with the first line that is not a value. For a file that is too long or is
/// not UTF-8, the error names line 1.
pub fn read_registry(file: &[u8]) -> Result<Vec<RegistrySetting>, RegistryFileError> {
    let whole = |what| RegistryFileError { line: 1, what };
    if file.len() > MAX_REGISTRY_FILE_BYTES {
        let bytes = file.len();
        let what = format!("the file has {bytes} bytes, the limit is {MAX_REGISTRY_FILE_BYTES}");
        return Err(whole(what));
    }
    let text = str::from_utf8(file).map_err(|_| whole("it is not UTF-8".to_owned()))?;
    let lines = text.lines().zip(1..).map(|(line, number)| (number, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let read = line.parse::<RegistrySetting>();
            read.map_err(|error| RegistryFileError { line: number, what: error.to_string() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_a_place_a_path_and_a_type() {
        let read = |text: &str| text.parse::<RegistrySetting>().expect("a value");
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
    fn a_bad_value_says_how_to_mend_it() {
        let error = |text: &str| text.parse::<RegistrySetting>().expect_err("no value");
        for text in ["X", "X=1", "X=word:1"] {
            assert_eq!(error(text), ParseRegistryError::Form, "{text}");
        }
        for number in ["-1", "+1", "0x+1", "0x", ""] {
            let dword = ParseRegistryError::Dword(number.to_owned());
            assert_eq!(error(&format!("X=dword:{number}")), dword);
        }
        assert_eq!(error("X=binary:123"), ParseRegistryError::Binary("123".to_owned()));
    }

    #[test]
    fn a_file_has_a_value_on_each_line_and_a_bad_line_is_named() {
        let file = b"# values\r\n\r\n  A=dword:1\r\nB=string:\n";
        let settings = read_registry(file).expect("two values");
        assert_eq!(settings.len(), 2);
        let error = read_registry(b"A=dword:1\n\nB\n").expect_err("no value");
        assert_eq!(error.line, 3);
        let error = read_registry(b"\xFF").expect_err("no text").to_string();
        assert_eq!(error, "line 1: it is not UTF-8");
        let long = vec![b'#'; MAX_REGISTRY_FILE_BYTES + 1];
        assert!(read_registry(&long).is_err());
    }
}
