//! What the unit says to the host: an ACK, an answer, or something of its own accord.

/// A byte that the unit wants to give to the host.
#[derive(Clone, Copy)]
pub(crate) struct Reply {
    pub(crate) byte: u8,
    pub(crate) kind: ReplyKind,
    /// Not before this time.
    pub(crate) ready_ns: u64,
    /// Not before this long after the last read of DATA.
    pub(crate) pause_ns: u64,
    /// What the unit does when the byte is in the latch.
    pub(crate) then: AfterReply,
}

/// What a reply is to the host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyKind {
    Ack,
    /// An ACK that does not raise the interrupt line.
    QuietAck,
    Answer,
    /// What the unit says by itself.
    Request,
}

/// What the unit does when a reply is in the latch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterReply {
    Nothing,
    Reset,
    EnterUart,
    Answer(u8),
    /// Runs a command of the sequencer.
    Command(u8),
    /// The host has been asked.
    Asked(Request),
}

/// What the unit says to the host by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// FD.
    ClockToHost,
    /// F9.
    Conductor,
    /// F0 to F7.
    Track(u8),
    /// FC.
    AllEnd,
}

impl Request {
    /// The byte that the host reads. Source: technical reference, messages to the host.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::ClockToHost => 0xFD,
            Self::Conductor => 0xF9,
            Self::Track(number) => 0xF0 | number,
            Self::AllEnd => 0xFC,
        }
    }
}
