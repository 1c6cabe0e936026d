//! The header of a stream buffer, and presentation time.

use bytemuck::{Pod, Zeroable};
use portcls_emulator::NtStatus;

use super::assert_layout;

/// A time in units that the client chose: `time * numerator / denominator` in 100 ns.
#[doc(alias = "KSTIME")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsTime {
    /// The time in units of the client.
    pub time: i64,
    /// The numerator of the unit.
    pub numerator: u32,
    /// The denominator of the unit; 0 is not allowed.
    pub denominator: u32,
}

assert_layout!(KsTime, 16, time @ 0, numerator @ 8, denominator @ 12);

impl KsTime {
    /// A time in units of 100 ns.
    #[must_use]
    pub const fn from_100ns(time_100ns: i64) -> KsTime {
        KsTime { time: time_100ns, numerator: 1, denominator: 1 }
    }

    /// The time in units of 100 ns, rounded towards zero.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` when the denominator is 0 or the time does not fit 64 bits.
    /// `Assumed:` this status in both cases, because the pages name none.
    pub fn to_100ns(self) -> Result<i64, NtStatus> {
        let scaled = i128::from(self.time) * i128::from(self.numerator);
        let time_100ns = scaled.checked_div(i128::from(self.denominator));
        time_100ns.and_then(|time| time.try_into().ok()).ok_or(NtStatus::INVALID_PARAMETER)
    }
}

/// The header of one buffer of a read or write request, in the form of 64-bit Windows.
#[doc(alias = "KSSTREAM_HEADER")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsStreamHeader {
    /// Size of the header in bytes.
    pub size: u32,
    /// Zero for music.
    #[doc(alias = "TypeSpecificFlags")]
    pub type_specific_flags: u32,
    /// The time at which the buffer is due; see [`KsStreamHeader::presentation_100ns`].
    #[doc(alias = "PresentationTime")]
    pub presentation_time: KsTime,
    /// The length of the buffer in time, in units of the presentation time.
    pub duration: i64,
    /// The room of the buffer in bytes.
    #[doc(alias = "FrameExtent")]
    pub frame_extent: u32,
    /// The number of bytes of the buffer that are data.
    #[doc(alias = "DataUsed")]
    pub data_used: u32,
    /// The address of the buffer.
    pub data: u64,
    /// [`KsStreamOptions`]; see [`KsStreamHeader::options`].
    #[doc(alias = "OptionsFlags")]
    pub options_flags: u32,
    /// Zero.
    pub reserved: u32,
}

assert_layout!(
    KsStreamHeader, 56, size @ 0, type_specific_flags @ 4, presentation_time @ 8, duration @ 24,
    frame_extent @ 32, data_used @ 36, data @ 40, options_flags @ 48, reserved @ 52,
);

impl KsStreamHeader {
    /// The size of a header, in bytes.
    pub const SIZE: u32 = 56;

    /// The flags; unknown bits are kept.
    #[must_use]
    pub const fn options(&self) -> KsStreamOptions {
        KsStreamOptions::from_bits_retain(self.options_flags)
    }

    /// The time at which the buffer is due, in units of 100 ns; `None` means at once.
    ///
    /// `Assumed:` the port reads a time only when a flag says that the time is valid. Without the
    /// flag the denominator may be 0, because a client may clear the whole header.
    ///
    /// # Errors
    /// The errors of [`KsTime::to_100ns`].
    pub fn presentation_100ns(&self) -> Result<Option<i64>, NtStatus> {
        if self.options().contains(KsStreamOptions::TIMEVALID) {
            self.presentation_time.to_100ns().map(Some)
        } else {
            Ok(None)
        }
    }
}

bitflags::bitflags! {
    /// Flags of a stream buffer.
    ///
    /// Source: WDK ks.h, KSSTREAM_HEADER_OPTIONSF.
    #[doc(alias = "KSSTREAM_HEADER_OPTIONSF")]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct KsStreamOptions: u32 {
        /// A decoder can start here.
        const SPLICEPOINT = 0x1;
        /// Data before the start of presentation.
        const PREROLL = 0x2;
        /// Data is missing before this buffer.
        const DATADISCONTINUITY = 0x4;
        /// The format changes; the buffer holds the new format.
        const TYPECHANGED = 0x8;
        /// The presentation time is valid.
        const TIMEVALID = 0x10;
        /// Time jumps before this buffer.
        const TIMEDISCONTINUITY = 0x40;
        /// Throw the buffer away on pause.
        const FLUSHONPAUSE = 0x80;
        /// The duration is valid.
        const DURATIONVALID = 0x100;
        /// The stream ends here.
        const ENDOFSTREAM = 0x200;
        /// Play the buffer again and again.
        const LOOPEDDATA = 0x8000_0000;
        const _ = !0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ks::read;

    const INVALID: NtStatus = NtStatus(0xC000_000D);

    fn time(time: i64, numerator: u32, denominator: u32) -> Result<i64, NtStatus> {
        KsTime { time, numerator, denominator }.to_100ns()
    }

    #[test]
    fn milliseconds_become_units_of_100_ns() {
        assert_eq!(time(3, 10_000, 1), Ok(30_000));
        assert_eq!(time(44_100, 10_000_000, 44_100), Ok(10_000_000));
        assert_eq!(KsTime::from_100ns(-5).to_100ns(), Ok(-5));
    }

    #[test]
    fn a_part_of_a_unit_is_dropped_towards_zero() {
        assert_eq!(time(5, 1, 3), Ok(1));
        assert_eq!(time(-5, 1, 3), Ok(-1));
    }

    #[test]
    fn a_denominator_of_zero_is_refused() {
        assert_eq!(time(1, 1, 0), Err(INVALID));
        assert_eq!(time(0, 0, 0), Err(INVALID));
    }

    #[test]
    fn a_time_beyond_64_bits_is_refused_and_one_below_is_exact() {
        assert_eq!(time(i64::MAX, 2, 1), Err(INVALID));
        assert_eq!(time(i64::MIN, u32::MAX, 1), Err(INVALID));
        assert_eq!(time(i64::MAX, u32::MAX, u32::MAX), Ok(i64::MAX));
        assert_eq!(time(i64::MIN, u32::MAX, u32::MAX), Ok(i64::MIN));
    }

    #[test]
    fn a_header_is_read_from_its_bytes() {
        #[rustfmt::skip]
        let image = [
            0x38, 0, 0, 0, 0, 0, 0, 0,
            0x10, 0x27, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0,
            0x00, 0x10, 0, 0, 0x0C, 0, 0, 0,
            0x00, 0x00, 0x40, 0x80, 0, 0, 0, 0,
            0x10, 0x02, 0, 0, 0, 0, 0, 0,
        ];
        let header: KsStreamHeader = read(&image).unwrap();
        assert_eq!((header.size, header.frame_extent, header.data_used), (56, 4096, 12));
        assert_eq!(header.data, 0x8040_0000);
        assert_eq!(header.options(), KsStreamOptions::TIMEVALID | KsStreamOptions::ENDOFSTREAM);
        assert_eq!(header.presentation_100ns(), Ok(Some(5_000)));
    }

    #[test]
    fn a_time_that_is_not_valid_means_as_soon_as_possible() {
        let mut header = KsStreamHeader::zeroed();
        assert_eq!(header.presentation_100ns(), Ok(None));
        header.options_flags = 0x10;
        assert_eq!(header.presentation_100ns(), Err(INVALID));
    }

    proptest::proptest! {
        #[test]
        fn any_time_is_converted_or_refused_without_panic(
            time: i64, numerator: u32, denominator: u32,
        ) {
            let _ = KsTime { time, numerator, denominator }.to_100ns();
        }
    }
}
