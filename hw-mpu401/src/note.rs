//! What happened at the last access, in a few words, for a trace.

/// The short remark that a trace prints after an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Note {
    /// Status read: the unit can take a byte, and has a byte for the host.
    CanWriteData,
    /// Status read: the unit cannot take a byte, and has a byte for the host.
    BusyData,
    /// Status read: the unit can take a byte, and has no byte for the host.
    CanWriteNoData,
    /// Status read: the unit cannot take a byte, and has no byte for the host.
    BusyNoData,
    /// A data byte was read or written.
    Data,
    /// Data read: the byte acknowledges a command.
    Ack,
    /// Data read: no new byte waited, and the host read an old byte again.
    Stale,
    /// Data read: no byte waited, and the card answered with a fixed value. Also a read of a
    /// control register that the card does not have.
    Empty,
    /// Data write: the unit had not taken the older byte from the latch. The older byte is lost.
    OverwritesByte,
    /// The written byte has no effect.
    Ignored,
    /// Command write: reset.
    Reset,
    /// Command write: enter UART mode.
    UartMode,
    /// Command write: any other command that the card knows.
    Command,
    /// Command write: the unit had not taken the older byte from the latch. The older byte is lost.
    CommandOverwritesByte,
    /// The control register was read or written.
    Control,
    /// No card answers at the port: a read gives FF, and a write is lost.
    NoAnswer,
}

impl Note {
    /// Every note, in the order of the numbers.
    pub const ALL: [Self; 16] = [
        Self::CanWriteData,
        Self::BusyData,
        Self::CanWriteNoData,
        Self::BusyNoData,
        Self::Data,
        Self::Ack,
        Self::Stale,
        Self::Empty,
        Self::OverwritesByte,
        Self::Ignored,
        Self::Reset,
        Self::UartMode,
        Self::Command,
        Self::CommandOverwritesByte,
        Self::Control,
        Self::NoAnswer,
    ];

    /// The note on a status read. The first four notes are in the order of the two flags, so that
    /// this function needs no branch.
    #[inline]
    pub(crate) const fn on_status(status: u8) -> Self {
        match status >> 6 {
            0 => Self::CanWriteData,
            1 => Self::BusyData,
            2 => Self::CanWriteNoData,
            _ => Self::BusyNoData,
        }
    }

    /// The remark: ASCII, at most 26 characters.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::CanWriteNoData => "can write, no data",
            Self::CanWriteData => "can write, data",
            Self::BusyNoData => "busy, no data",
            Self::BusyData => "busy, data",
            Self::Data => "data",
            Self::Ack => "ACK",
            Self::Stale => "stale",
            Self::Empty => "empty",
            Self::OverwritesByte => "overwrites a byte",
            Self::Ignored => "ignored",
            Self::Reset => "reset",
            Self::UartMode => "UART mode",
            Self::Command => "command",
            Self::CommandOverwritesByte => "command, overwrites a byte",
            Self::Control => "control",
            Self::NoAnswer => "no answer",
        }
    }
}
