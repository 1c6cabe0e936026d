//! What the unit tells the host: an ACK, an answer, or a request.

/// A byte that the unit wants to give to the host.
#[derive(Clone, Copy)]
pub(crate) struct Reply {
    pub(crate) byte: u8,
    pub(crate) kind: ReplyKind,
    /// The unit does not give the byte before this time.
    pub(crate) ready_ns: u64,
    /// The shortest time from the last read of DATA until the unit gives the byte.
    pub(crate) pause_ns: u64,
    /// What the unit does after it has given the byte.
    pub(crate) then: AfterReply,
}

/// The kind of a reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyKind {
    Ack,
    /// An ACK that does not raise the interrupt line.
    QuietAck,
    Answer,
    /// A message of the unit without a command of the host.
    Request,
}

/// What the unit does after it has given a reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterReply {
    Nothing,
    Reset,
    EnterUart,
    Answer(u8),
    /// The sequencer runs this command.
    Command(u8),
    /// The sequencer notes that the unit has given this request.
    Asked(Request),
}

/// The messages that the unit sends to the host without a command.
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
