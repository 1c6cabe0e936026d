//! Keys and values in the binary forms of ZwQueryKey and ZwQueryValueKey.
//!
//! The structures hold no pointers, so they are the same for 32-bit and 64-bit drivers.
//! Source: wdm.h, KEY_*_INFORMATION and KEY_VALUE_*_INFORMATION.

use super::{RegistryKey, RegistryValue};
use crate::status::NtStatus;

/// The form in which a value is wanted.
#[doc(alias = "KEY_VALUE_INFORMATION_CLASS")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueInformationClass {
    /// Name and type.
    Basic = 0,
    /// Name, type and data.
    Full = 1,
    /// Type and data.
    Partial = 2,
}

/// The form in which a key is wanted.
#[doc(alias = "KEY_INFORMATION_CLASS")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyInformationClass {
    /// The name.
    Basic = 0,
    /// The name and the class, which is empty here.
    Node = 1,
    /// The counts and the greatest lengths of the subkeys and values.
    Full = 2,
}

impl ValueInformationClass {
    /// The class with this number, `None` when it is not implemented.
    #[must_use]
    pub fn from_u32(value: u32) -> Option<ValueInformationClass> {
        [Self::Basic, Self::Full, Self::Partial].into_iter().find(|it| *it as u32 == value)
    }
}

impl KeyInformationClass {
    /// The class with this number, `None` when it is not implemented.
    #[must_use]
    pub fn from_u32(value: u32) -> Option<KeyInformationClass> {
        [Self::Basic, Self::Node, Self::Full].into_iter().find(|it| *it as u32 == value)
    }
}

/// The answer to a query whose caller has a buffer of limited size.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueryReply {
    /// `SUCCESS` when the whole answer fits. `BUFFER_OVERFLOW` when the fixed part fits, but not
    /// the whole answer: the answer is cut off at the end of the buffer. `BUFFER_TOO_SMALL` when
    /// not even the fixed part fits: nothing is written. The fixed part is all fields before the
    /// name or the data. With any other status nothing is written either.
    pub status: NtStatus,
    /// The length of the whole answer in bytes; 0 for a failure that does not depend on the buffer.
    pub needed: u32,
    /// The bytes that are written.
    pub bytes: Vec<u8>,
}

impl QueryReply {
    /// A failure that writes nothing.
    #[must_use]
    pub fn of_status(status: NtStatus) -> QueryReply {
        QueryReply { status, needed: 0, bytes: Vec::new() }
    }

    fn fit(mut bytes: Vec<u8>, fixed: usize, room: u32) -> QueryReply {
        let needed = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let status = match room {
            room if room >= needed => NtStatus::SUCCESS,
            room if room as usize >= fixed => NtStatus::BUFFER_OVERFLOW,
            _ => NtStatus::BUFFER_TOO_SMALL,
        };
        match status {
            NtStatus::BUFFER_TOO_SMALL => bytes.clear(),
            _ => bytes.truncate(room as usize),
        }
        QueryReply { status, needed, bytes }
    }
}

/// A structure in memory, built field by field.
#[derive(Default)]
struct Structure(Vec<u8>);

impl Structure {
    fn u32(mut self, value: usize) -> Structure {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u64(mut self, value: u64) -> Structure {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> Structure {
        self.0.extend_from_slice(bytes);
        self
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Length of the fields before the name in the full form of a value, in bytes.
const FULL_VALUE_HEAD: usize = 20;

impl RegistryValue {
    /// The value in one of its forms, cut to `room` bytes.
    #[doc(alias = "ZwQueryValueKey")]
    #[must_use]
    pub fn information(&self, class: ValueInformationClass, room: u32) -> QueryReply {
        let name = utf16(&self.name);
        let head = Structure::default().u32(0).u32(self.kind.0 as usize);
        let (structure, fixed) = match class {
            ValueInformationClass::Basic => (head.u32(name.len()).bytes(&name), 12),
            ValueInformationClass::Partial => (head.u32(self.data.len()).bytes(&self.data), 12),
            ValueInformationClass::Full => {
                // Assumed: the data begins at the next multiple of 4.
                let offset = (FULL_VALUE_HEAD + name.len()).next_multiple_of(4);
                let gap = vec![0; offset - FULL_VALUE_HEAD - name.len()];
                let head = head.u32(offset).u32(self.data.len()).u32(name.len());
                (head.bytes(&name).bytes(&gap).bytes(&self.data), FULL_VALUE_HEAD)
            }
        };
        QueryReply::fit(structure.0, fixed, room)
    }
}

impl RegistryKey {
    /// The key in one of its forms, cut to `room` bytes.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`, in the reply.
    #[doc(alias = "ZwQueryKey")]
    #[must_use]
    pub fn information(&self, class: KeyInformationClass, room: u32) -> QueryReply {
        if let Err(status) = self.alive() {
            return QueryReply::of_status(status);
        }
        const NO_CLASS: usize = 0xFFFF_FFFF;
        let name = utf16(self.name());
        let head = Structure::default().u64(self.written_100ns()).u32(0);
        let (structure, fixed) = match class {
            KeyInformationClass::Basic => (head.u32(name.len()).bytes(&name), 16),
            KeyInformationClass::Node => {
                (head.u32(NO_CLASS).u32(0).u32(name.len()).bytes(&name), 24)
            }
            KeyInformationClass::Full => {
                let (subkeys, values) = (self.subkeys(), self.values());
                let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
                let names = longest(&mut subkeys.iter().map(|key| utf16(key.name()).len()));
                let value_names = longest(&mut values.iter().map(|it| utf16(&it.name).len()));
                let data = longest(&mut values.iter().map(|value| value.data.len()));
                let head = head.u32(NO_CLASS).u32(0).u32(subkeys.len()).u32(names).u32(0);
                (head.u32(values.len()).u32(value_names).u32(data), 44)
            }
        };
        QueryReply::fit(structure.0, fixed, room)
    }
}
