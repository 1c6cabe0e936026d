//! Data formats, and the ranges of formats that a pin accepts.

use bytemuck::{Pod, Zeroable};
use portcls_emulator::NtStatus;

use super::attribute::DataAttribute;
use super::guids::{data_format, technology};
use super::{assert_layout, read};
use crate::guid::Guid;

/// A data format, or the common head of a data range: 64 bytes, more may follow.
///
/// Source: WDK ks.h: the structure is a union with a 64-bit member, so it is aligned to 8 bytes.
#[doc(alias = "KSDATAFORMAT")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct KsDataFormat {
    /// Size of the whole format in bytes, this head included.
    #[doc(alias = "FormatSize")]
    pub format_size: u32,
    /// Flags. A range with an attribute list has [`DataRange::ATTRIBUTES`].
    pub flags: u32,
    /// Size of a sample in bytes; 0 for music.
    #[doc(alias = "SampleSize")]
    pub sample_size: u32,
    /// Zero.
    pub reserved: u32,
    /// The kind of data.
    #[doc(alias = "MajorFormat")]
    pub major_format: Guid,
    /// The form within that kind.
    #[doc(alias = "SubFormat")]
    pub sub_format: Guid,
    /// The type of the data after the head.
    pub specifier: Guid,
}

assert_layout!(
    KsDataFormat, 64, format_size @ 0, flags @ 4, sample_size @ 8, reserved @ 12,
    major_format @ 16, sub_format @ 32, specifier @ 48,
);
const _: () = assert!(align_of::<KsDataFormat>() == 8);

/// The head of a data range. A format has the same structure.
#[doc(alias = "KSDATARANGE")]
pub type KsDataRange = KsDataFormat;

impl KsDataFormat {
    /// The size of a format with nothing after its head, in bytes.
    pub const SIZE: u32 = 64;

    /// The format of a stream of MIDI bytes.
    pub const MIDI: KsDataFormat = KsDataFormat::music(data_format::MIDI);

    /// The format of a stream of DirectMusic events.
    pub const DIRECTMUSIC: KsDataFormat = KsDataFormat::music(data_format::DIRECTMUSIC);

    /// The range of a bridge pin with a MIDI cable behind it.
    pub const MIDI_BUS: KsDataRange = KsDataFormat::music(data_format::MIDI_BUS);

    /// A music format with no bytes after its head.
    #[must_use]
    pub const fn music(sub_format: Guid) -> KsDataFormat {
        KsDataFormat {
            format_size: KsDataFormat::SIZE,
            flags: 0,
            sample_size: 0,
            reserved: 0,
            major_format: data_format::MUSIC,
            sub_format,
            specifier: data_format::NONE,
        }
    }

    /// Reads the head of a format; the whole format must lie in `bytes`.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` when the size in the head is less than the head, or more than the
    /// number of bytes.
    pub fn read(bytes: &[u8]) -> Result<KsDataFormat, NtStatus> {
        let head: KsDataFormat = read(bytes).ok_or(NtStatus::INVALID_PARAMETER)?;
        if head.format_size < KsDataFormat::SIZE || head.format_size as usize > bytes.len() {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        Ok(head)
    }
}

/// A range of music formats.
///
/// Source: WDK ksmedia.h; the head's alignment adds the four bytes at the end.
#[doc(alias = "KSDATARANGE_MUSIC")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsDataRangeMusic {
    /// The common head; its size counts this whole structure.
    #[doc(alias = "DataRange")]
    pub data_range: KsDataRange,
    /// The technology that makes the sound.
    pub technology: Guid,
    /// How many channels sound at once; 0 for a port.
    pub channels: u32,
    /// How many notes sound at once; 0 for a port.
    pub notes: u32,
    /// One bit for each MIDI channel that is heard.
    #[doc(alias = "ChannelMask")]
    pub channel_mask: u32,
    /// Zero.
    pub padding: u32,
}

assert_layout!(
    KsDataRangeMusic, 96, data_range @ 0, technology @ 64, channels @ 80, notes @ 84,
    channel_mask @ 88, padding @ 92,
);

impl KsDataRangeMusic {
    /// The size of a music range, in bytes.
    pub const SIZE: u32 = 96;

    /// The range of a MIDI port: all sixteen channels, the device behind the cable unknown.
    ///
    /// Source: the published sample miniport describes its pins so.
    pub const MIDI_PORT: KsDataRangeMusic = KsDataRangeMusic {
        data_range: KsDataRange { format_size: KsDataRangeMusic::SIZE, ..KsDataFormat::MIDI },
        technology: technology::PORT,
        channels: 0,
        notes: 0,
        channel_mask: 0xFFFF,
        padding: 0,
    };

    /// The data range of a pin that takes DirectMusic events. Source: the published sample miniport
    /// describes its pins so.
    pub const DIRECTMUSIC_PORT: KsDataRangeMusic = KsDataRangeMusic {
        data_range: KsDataRange {
            format_size: KsDataRangeMusic::SIZE,
            ..KsDataFormat::DIRECTMUSIC
        },
        ..KsDataRangeMusic::MIDI_PORT
    };
}

/// A data range of any size: the head, the bytes after the head, and the attributes.
///
/// The driver or the client that owns the range wrote the size in the head. The checks of a
/// descriptor compare this size with the number of bytes that are present. The attributes are no
/// part of these bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRange {
    head: KsDataRange,
    rest: Vec<u8>,
    attributes: Vec<DataAttribute>,
}

impl DataRange {
    /// The flag of a range that has an attribute list. Source: WDK, KSDATARANGE, Flags.
    #[doc(alias = "KSDATARANGE_ATTRIBUTES")]
    pub const ATTRIBUTES: u32 = 0x2;

    /// A range from its head and the bytes after the head. This function checks nothing.
    #[must_use]
    pub fn new(head: KsDataRange, rest: Vec<u8>) -> DataRange {
        DataRange { head, rest, attributes: Vec::new() }
    }

    /// The range with an attribute list, and with the flag for an attribute list.
    #[must_use]
    pub fn with_attributes(mut self, attributes: Vec<DataAttribute>) -> DataRange {
        self.head.flags |= DataRange::ATTRIBUTES;
        self.attributes = attributes;
        self
    }

    /// Whether the range has the flag for an attribute list. The list may be empty.
    #[must_use]
    pub fn has_attributes(&self) -> bool {
        self.head.flags & DataRange::ATTRIBUTES != 0
    }

    /// The attributes of the range.
    #[must_use]
    pub fn attributes(&self) -> &[DataAttribute] {
        &self.attributes
    }

    /// Reads the range at the start of a buffer. Bytes after the range, such as its attribute list,
    /// are ignored.
    ///
    /// # Errors
    /// The errors of [`KsDataFormat::read`].
    pub fn read(bytes: &[u8]) -> Result<DataRange, NtStatus> {
        let head = KsDataFormat::read(bytes)?;
        let rest = bytes[KsDataFormat::SIZE as usize..head.format_size as usize].to_vec();
        Ok(DataRange::new(head, rest))
    }

    /// The common head.
    #[must_use]
    pub fn head(&self) -> &KsDataRange {
        &self.head
    }

    /// The range as a music range, `None` when the range is of another kind or shorter than a music
    /// range.
    #[must_use]
    pub fn as_music(&self) -> Option<KsDataRangeMusic> {
        if self.head.major_format != data_format::MUSIC {
            return None;
        }
        read(&self.to_bytes())
    }

    /// The same range with another specifier.
    #[must_use]
    pub fn with_specifier(&self, specifier: Guid) -> DataRange {
        DataRange { head: KsDataRange { specifier, ..self.head }, ..self.clone() }
    }

    /// The number of bytes that are present, without the attributes. The size in the head should be
    /// this number.
    #[must_use]
    pub fn size(&self) -> usize {
        KsDataFormat::SIZE as usize + self.rest.len()
    }

    /// The range in its binary form, without its attributes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [bytemuck::bytes_of(&self.head), &self.rest].concat()
    }
}

impl From<KsDataRange> for DataRange {
    fn from(head: KsDataRange) -> DataRange {
        DataRange::new(head, Vec::new())
    }
}

impl From<KsDataRangeMusic> for DataRange {
    fn from(range: KsDataRangeMusic) -> DataRange {
        let rest = bytemuck::bytes_of(&range)[KsDataFormat::SIZE as usize..].to_vec();
        DataRange::new(range.data_range, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_midi_format_has_the_published_bytes() {
        #[rustfmt::skip]
        let image = [
            0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0x60, 0xD3, 0x25, 0xE7, 0xCC, 0x62, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 4, 0xC1, 0, 0,
            0x60, 0x27, 0x26, 0x1D, 0x57, 0xE9, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 4, 0xC1, 0, 0,
            0xD6, 0x17, 0x64, 0x0F, 0x18, 0xC3, 0xD0, 0x11, 0xA4, 0x3F, 0, 0xA0, 0xC9, 0x22, 0x31,
            0x96,
        ];
        assert_eq!(bytemuck::bytes_of(&KsDataFormat::MIDI), image);
        assert_eq!(KsDataFormat::read(&image), Ok(KsDataFormat::MIDI));
    }

    #[test]
    fn a_music_range_is_96_bytes_and_reads_back() {
        let range = DataRange::from(KsDataRangeMusic::MIDI_PORT);
        let bytes = range.to_bytes();
        assert_eq!(bytes.len(), 96);
        assert_eq!(bytes[0], 96);
        assert_eq!(bytes[88..92], [0xFF, 0xFF, 0, 0]);
        assert_eq!(DataRange::read(&bytes).as_ref(), Ok(&range));
        assert_eq!(range.as_music(), Some(KsDataRangeMusic::MIDI_PORT));
    }

    #[test]
    fn a_range_of_64_bytes_is_no_music_range() {
        let bridge = DataRange::from(KsDataFormat::MIDI_BUS);
        assert_eq!(bridge.size(), 64);
        assert_eq!(bridge.as_music(), None);
    }

    #[test]
    fn a_size_below_64_or_past_the_end_is_refused() {
        let invalid = Err(NtStatus(0xC000_000D));
        let mut bytes = bytemuck::bytes_of(&KsDataFormat::MIDI).to_vec();
        assert_eq!(KsDataFormat::read(&bytes[..63]), invalid);
        for size in [0, 63, 65, 0xFF] {
            bytes[0] = size;
            assert_eq!(KsDataFormat::read(&bytes), invalid);
        }
        bytes[0] = 65;
        bytes.push(0xAA);
        assert_eq!(DataRange::read(&bytes).map(|range| range.size()), Ok(65));
    }
}
