//! Kernel streaming: the binary forms in requests, and their rules.
//!
//! This file and its modules own the wire structures, the rules for the length of a property's
//! answer, music and DirectMusic buffers, data intersection and the names of create requests. These
//! files have only data and pure functions: they never know an IRP, a port or a driver. Sizes and
//! offsets are the values of 64-bit Windows. An assertion beside each type checks them.
//!
//! Structures are read from and written to buffers of any alignment ([`read`]), in the byte order
//! of the host. So the host must be little endian, as Windows is.

pub mod dmus;
pub mod guids;
pub mod intersection;
pub mod music;
pub mod pin_connect;

mod attribute;
mod control;
mod data_format;
mod event;
mod identifier;
mod pin;
mod property;
mod stream_header;
mod stream_position;

pub use attribute::{DataAttribute, list_of_ranges, read_list_of_ranges};
pub use control::{KsIoctl, KsReset, KsState};
pub use data_format::{DataRange, KsDataFormat, KsDataRange, KsDataRangeMusic};
pub use event::{KsEvent, KsEventData, KsEventType, KsNodeEvent, KsPinEvent};
pub use identifier::{
    KsIdentifier, KsNodeProperty, KsPPin, KsProperty, KsPropertyAudio, KsPropertyConnection,
    KsPropertyDrmAudioStream, KsPropertyGeneral, KsPropertyPin, KsPropertyStream, KsPropertySynth,
    KsPropertySynthClock, KsPropertyTopology, KsPropertyType,
};
pub use pin::{
    INSTANCES_UNLIMITED, KsPinCInstances, KsPinCommunication, KsPinConnect, KsPinDataFlow,
    KsPriority,
};
pub use property::{
    KsMultipleItem, KsPropertyDescription, LengthReply, multiple_item, read_multiple_item,
};
pub use stream_header::{KsStreamHeader, KsStreamOptions, KsTime};
pub use stream_position::{KsAllocatorFraming, KsAudioPosition};

use bytemuck::AnyBitPattern;

const _: () = assert!(cfg!(target_endian = "little"), "wire structures need a little-endian host");

/// Reads a wire structure from the start of a buffer of any alignment; `None` when the buffer is
/// shorter than the structure.
#[must_use]
pub fn read<T: AnyBitPattern>(bytes: &[u8]) -> Option<T> {
    bytes.get(..size_of::<T>()).map(bytemuck::pod_read_unaligned)
}

/// Declares an enumeration that is a ULONG in requests: its values, and both conversions.
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $value:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $name {
            $($(#[$variant_meta])* $variant = $value,)*
        }

        impl $name {
            /// The member with this value on the wire, `None` when there is none.
            #[must_use]
            pub const fn from_u32(value: u32) -> Option<$name> {
                match value {
                    $($value => Some($name::$variant),)*
                    _ => None,
                }
            }

            /// The value on the wire.
            #[must_use]
            pub const fn value(self) -> u32 {
                self as u32
            }
        }
    };
}
pub(crate) use wire_enum;

/// Asserts, when the program is compiled, the size of a wire structure and its fields' offsets.
macro_rules! assert_layout {
    ($type:ty, $size:literal $(, $field:ident @ $offset:literal)* $(,)?) => {
        const _: () = {
            assert!(size_of::<$type>() == $size);
            $(assert!(core::mem::offset_of!($type, $field) == $offset);)*
        };
    };
}
pub(crate) use assert_layout;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structure_is_read_from_any_alignment() {
        let buffer = [0xFF, 0x08, 0, 0, 0, 0x02, 0, 0, 0, 0xFF];
        for (start, size) in [(1, 8), (0, 0x8FF)] {
            let item: KsMultipleItem = read(&buffer[start..]).unwrap();
            assert_eq!(item.size, size);
        }
    }

    #[test]
    fn a_short_buffer_holds_no_structure() {
        assert_eq!(read::<KsMultipleItem>(&[0; 7]), None);
    }

    #[test]
    fn an_enumeration_reads_back_and_refuses_other_values() {
        assert_eq!(KsState::from_u32(3), Some(KsState::Run));
        assert_eq!(KsState::Run.value(), 3);
        assert_eq!(KsState::from_u32(4), None);
    }
}
