//! The names in create requests: which filter or pin a client opens.
//!
//! A filter's name is a backslash and its reference string. The name of a pin is relative to its
//! filter. The name has the text of the pin GUID, a backslash, a connect request and a data format.
//! The request and the format are bytes, not characters. Source: WDK, KsCreatePin.

use portcls_emulator::NtStatus;

use super::data_format::KsDataFormat;
use super::guids::object_name;
use super::pin::KsPinConnect;
use super::read;
use crate::guid::Guid;

/// The separator of names, as a UTF-16 unit.
const BACKSLASH: u16 = b'\\' as u16;

/// The length of a GUID with braces, in characters.
const GUID_LENGTH: usize = 38;

/// The request of a client that opens a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinRequest {
    /// The pin, its interface and medium, and the priority.
    pub connect: KsPinConnect,
    /// The head of the format that the client wants to stream.
    pub format: KsDataFormat,
}

impl PinRequest {
    /// A request for a MIDI stream on a pin with the standard interface and medium.
    #[must_use]
    pub const fn midi(pin_id: u32) -> PinRequest {
        PinRequest { connect: KsPinConnect::standard(pin_id), format: KsDataFormat::MIDI }
    }

    /// A request for a stream of DirectMusic events.
    #[must_use]
    pub const fn directmusic(pin_id: u32) -> PinRequest {
        PinRequest { connect: KsPinConnect::standard(pin_id), format: KsDataFormat::DIRECTMUSIC }
    }

    /// The name that opens the pin, relative to the filter.
    #[must_use]
    pub fn to_name(&self) -> Vec<u16> {
        let connect: &[u16] = bytemuck::cast_slice(bytemuck::bytes_of(&self.connect));
        let format: &[u16] = bytemuck::cast_slice(bytemuck::bytes_of(&self.format));
        let text = object_name::PIN.to_string();
        let name: Vec<u16> = text.encode_utf16().chain([BACKSLASH]).collect();
        [&name, connect, format].concat()
    }

    /// Reads the name of a create request that is relative to a filter.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` when the name does not begin with the pin GUID;
    /// `STATUS_INVALID_PARAMETER` when the request after the GUID is too short, or when its format
    /// is shorter than a head or does not lie within the name. `Assumed:` this second status,
    /// because the pages name none.
    pub fn from_name(name: &[u16]) -> Result<PinRequest, NtStatus> {
        if object_guid(name) != Some(object_name::PIN) {
            return Err(NtStatus::OBJECT_NAME_NOT_FOUND);
        }
        let bytes: &[u8] = bytemuck::cast_slice(name.get(GUID_LENGTH + 1..).unwrap_or_default());
        let connect = read(bytes).ok_or(NtStatus::INVALID_PARAMETER)?;
        let format = KsDataFormat::read(&bytes[size_of::<KsPinConnect>()..])?;
        Ok(PinRequest { connect, format })
    }
}

/// The GUID at the beginning of a name relative to a filter or pin: the kind of object.
///
/// `None` when the name does not begin with a GUID, or when another character than a backslash
/// follows the GUID.
#[must_use]
pub fn object_guid(name: &[u16]) -> Option<Guid> {
    let text = String::from_utf16(name.get(..GUID_LENGTH)?).ok()?;
    match name.get(GUID_LENGTH) {
        None | Some(&BACKSLASH) => Guid::from_text(&text),
        Some(_) => None,
    }
}

/// The name that opens a filter, from its reference string.
#[must_use]
pub fn filter_name(reference: &str) -> Vec<u16> {
    [BACKSLASH].into_iter().chain(reference.encode_utf16()).collect()
}

/// The reference string in the name of a create request for a filter.
///
/// # Errors
/// `STATUS_OBJECT_NAME_NOT_FOUND` when the name is not a backslash and then one string without a
/// backslash, or when the string is empty or is not valid UTF-16.
pub fn filter_reference(name: &[u16]) -> Result<String, NtStatus> {
    match name {
        [BACKSLASH, reference @ ..] if !reference.is_empty() && !reference.contains(&BACKSLASH) => {
            String::from_utf16(reference).map_err(|_| NtStatus::OBJECT_NAME_NOT_FOUND)
        }
        _ => Err(NtStatus::OBJECT_NAME_NOT_FOUND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOT_FOUND: NtStatus = NtStatus(0xC000_0034);
    const INVALID: NtStatus = NtStatus(0xC000_000D);

    fn utf16(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn a_pin_name_is_the_guid_a_backslash_and_two_structures() {
        let name = PinRequest::midi(2).to_name();
        assert_eq!(name[..39], utf16("{146F1A80-4791-11D0-A5D6-28DB04C10000}\\"));
        assert_eq!(name.len(), 39 + (72 + 64) / 2);
        // From the start of the connect request, PinId is 48 bytes away, and the format 72 bytes.
        assert_eq!(name[39 + 24..39 + 26], [2, 0]);
        assert_eq!(name[39 + 36..39 + 38], [64, 0]);
    }

    #[test]
    fn a_pin_name_reads_back_whatever_the_case_of_its_guid() {
        let request = PinRequest::midi(7);
        let mut name = request.to_name();
        assert_eq!(PinRequest::from_name(&name), Ok(request));
        name[..39].copy_from_slice(&utf16("{146f1a80-4791-11d0-a5d6-28db04c10000}\\"));
        assert_eq!(PinRequest::from_name(&name), Ok(request));
    }

    #[test]
    fn bytes_after_the_format_are_ignored() {
        let request = PinRequest::midi(0);
        let name = [request.to_name(), vec![0xAAAA; 3]].concat();
        assert_eq!(PinRequest::from_name(&name), Ok(request));
    }

    #[test]
    fn another_name_is_not_found() {
        let clock = utf16("{53172480-4791-11D0-A5D6-28DB04C10000}\\");
        assert_eq!(object_guid(&clock), Some(object_name::CLOCK));
        let name = PinRequest::midi(0).to_name();
        let no_separator = [&name[..38], &[0x41], &name[39..]].concat();
        for name in [&clock[..], &[], &utf16("Midi"), &name[..37], &no_separator] {
            assert_eq!(PinRequest::from_name(name), Err(NOT_FOUND));
        }
    }

    #[test]
    fn a_request_that_is_cut_short_is_invalid() {
        let name = PinRequest::midi(0).to_name();
        for length in [38, 39, 74, 75, 106] {
            assert_eq!(PinRequest::from_name(&name[..length]), Err(INVALID));
        }
    }

    #[test]
    fn a_filter_name_is_a_backslash_and_its_reference() {
        assert_eq!(filter_name("Midi"), utf16("\\Midi"));
        assert_eq!(filter_reference(&utf16("\\Midi")), Ok("Midi".to_owned()));
    }

    #[test]
    fn other_filter_names_are_not_found() {
        for name in ["", "\\", "Midi", "\\Midi\\2", "\\\\Midi"] {
            assert_eq!(filter_reference(&utf16(name)), Err(NOT_FOUND));
        }
        assert_eq!(filter_reference(&[BACKSLASH, 0xD800]), Err(NOT_FOUND));
    }

    proptest! {
        #[test]
        fn any_name_is_read_or_refused_without_panic(name: Vec<u16>) {
            let _ = PinRequest::from_name(&name);
            let _ = filter_reference(&name);
        }

        #[test]
        fn any_bytes_after_the_guid_are_read_or_refused_without_panic(rest: Vec<u16>) {
            let name = [&PinRequest::midi(0).to_name()[..39], &rest].concat();
            let _ = PinRequest::from_name(&name);
        }
    }
}
