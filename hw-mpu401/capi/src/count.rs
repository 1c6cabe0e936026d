//! The sums that an instance keeps.

/// What mpu401_count counts, from the moment when the card was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub enum Count {
    /// Reads of DATA.
    DataReads = 0,
    /// Reads of STATUS.
    StatusReads = 1,
    /// Writes to DATA.
    DataWrites = 2,
    /// Writes to COMMAND.
    CommandWrites = 3,
    /// Bytes that have left on MIDI OUT, including bytes that the unit sends by itself.
    BytesSent = 4,
    /// Bytes that have arrived on MIDI IN.
    BytesReceived = 5,
    /// Bytes that were lost. For MIDI OUT: bytes overwritten before the card took them, bytes
    /// written without effect, and bytes that a reset or the entry into UART mode dropped. From
    /// MIDI IN: bytes beyond what the line or the card could hold, bytes that came while the card
    /// was busy or did not pass them on, bytes without a stop bit that the card did not take, bytes
    /// of MIDI thru that found the output full, and bytes that a reset or the entry into UART mode
    /// dropped. To the host: bytes sent while the queue of mpu401_midi_out was full.
    BytesDropped = 6,
    /// Times that were clamped: a time before the latest time seen, or after INT64_MAX.
    ClampedTimes = 7,
}

impl Count {
    /// The count of this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::DataReads),
            1 => Some(Self::StatusReads),
            2 => Some(Self::DataWrites),
            3 => Some(Self::CommandWrites),
            4 => Some(Self::BytesSent),
            5 => Some(Self::BytesReceived),
            6 => Some(Self::BytesDropped),
            7 => Some(Self::ClampedTimes),
            _ => None,
        }
    }
}
