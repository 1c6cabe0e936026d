//! The types of a behaviour's values, except numbers and fixed answers.
//!
//! The rows of the table in `behaviour` use these types. This file does not know which card has
//! which value.

use bitflags::bitflags;

/// The largest `tx_depth` of a behaviour; the chip cuts a larger depth to this number.
pub const MAX_TX_DEPTH: u16 = 512;

/// The largest `rx_depth` of a behaviour; the chip cuts a larger depth to this number.
pub const MAX_RX_DEPTH: u16 = 2048;

/// When a unit sends FC and F8 on MIDI OUT by itself after a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResetOutput {
    /// Time from the start bit of FC to the end of the busy time, in ns.
    pub stop_before_ready_ns: u64,
    /// Time from the end of the busy time to the start bit of the first F8, in ns.
    pub clock_after_ready_ns: u64,
    /// Time from an F8 to the next F8, in ns. A time below a byte time counts as a byte time. A
    /// sequencer does not use this time, because its F8s follow the tempo.
    pub clock_period_ns: u64,
}

/// The numbers by which firmware identifies itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FirmwareId {
    /// The answer to command AC: one digit before the point and one digit after it.
    pub version: u8,
    /// The answer to command AD.
    pub revision: u8,
}

bitflags! {
    /// The buffers of a card that an event can empty.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Fifos: u8 {
        /// Bytes on their way to MIDI OUT, except the byte already on the wire. On a card with a
        /// [bus chip](HostPort::BusChip) only the byte in the latch counts. The card's 8052 still
        /// sends a byte that it has taken from the latch.
        const TX = 0x01;
        /// Bytes that came from MIDI IN. A byte already in a mailbox stays there.
        const RX = 0x02;
    }
}

bitflags! {
    /// The causes for which a card can raise its interrupt line.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct InterruptCauses: u8 {
        /// A byte for the host: an ACK, an answer, a request, or enough bytes from MIDI IN.
        const RECEIVE = 0x01;
        /// Room for output, see [`TransmitInterrupt`].
        const TRANSMIT = 0x02;
    }
}

/// What a read of DATA returns when no byte waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmptyRead {
    /// The read returns the last byte that was in DATA.
    Stale,
    /// The read returns the last MIDI IN byte that was in DATA: an ACK or an answer comes from a
    /// register of its own, and leaves the receive register as it is.
    LastInput,
    /// The read returns this value.
    Value(u8),
}

/// Makes enums with a word for each value; card files and reports use these words.
macro_rules! worded {
    ($(
        $(#[$meta:meta])+
        pub enum $name:ident { $($(#[$doc:meta])+ $value:ident: $word:literal,)+ }
    )+) => {$(
        $(#[$meta])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])+ $value,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The word for each value, in the same order.
            pub const WORDS: &[&str] = &[$($word),+];

            /// The word for this value.
            #[must_use]
            pub const fn word(self) -> &'static str {
                Self::WORDS[self as usize]
            }
        }
    )+};
}

worded! {
    /// Whether the host can write commands to the port of STATUS.
    pub enum CommandPort {
        /// There is a COMMAND port.
        Present: "present",
        /// There is only STATUS: the card ignores writes to it and is always in UART mode.
        StatusOnly: "status-only",
    }

    /// Whether there is a register at base+2.
    pub enum ControlPort {
        /// There is none.
        Absent: "absent",
        /// There is the control register of National's chips, see [`Mpur2`](crate::Mpur2).
        National: "national",
    }

    /// What a card does outside UART mode.
    pub enum IntelligentMode {
        /// The firmware has a sequencer: it plays, records, and keeps time. Such a card needs
        /// numbers in [`firmware`](crate::Behaviour::firmware), knows all commands, and has no bus
        /// chip. A card with this word that does not meet these conditions has no sequencer.
        Sequencer: "sequencer",
        /// The card acknowledges and answers commands, and does the work of FF and 3F only.
        AnswersOnly: "answers-only",
    }

    /// What lies between the ports and the rest of the card.
    pub enum HostPort {
        /// A latch of one byte for each direction; a microcontroller empties and fills the latches.
        /// DRR is set while the latch from the host is full. If the host writes during that time,
        /// the new byte replaces the byte in the latch.
        Mailbox: "mailbox",
        /// Two latches as with a mailbox, in a bus chip. The bus chip carries out a command itself,
        /// at once, so a command does not replace a data byte in the latch. An 8052, which also has
        /// other work, carries the data bytes, but only in UART mode. Outside this mode a data byte
        /// stays in the latch.
        BusChip: "bus-chip",
        /// The ends of two FIFOs. DRR is set while the output FIFO is full. If the host writes data
        /// during that time, the new byte is lost.
        Fifo: "fifo",
    }

    /// Which byte is lost when a byte arrives and the input is full.
    pub enum Overrun {
        /// The byte that arrives.
        DropNew: "drop-new",
        /// The oldest byte, as when a register of one byte is overwritten.
        DropOld: "drop-old",
    }

    /// What happens to MIDI IN bytes while the card is busy entering UART mode.
    pub enum RxWhileBusy {
        /// The bytes are lost.
        Lost: "lost",
        /// The card keeps the bytes for the host.
        Kept: "kept",
    }

    /// What happens to data that the host writes while the card is busy entering UART mode.
    pub enum TxWhileBusy {
        /// The first byte waits in the latch, and DRR says so.
        Waits: "waits",
        /// The card takes the byte as usual, and the byte is lost.
        Lost: "lost",
    }

    /// What waits in the latch while the card is busy after a reset. DRR is set while it waits.
    pub enum WaitsAfterReset {
        /// Any byte.
        All: "all",
        /// Any command except another FF, which begins the busy time anew. The card takes data at
        /// once.
        Commands: "commands",
    }

    /// Whether unread input stops the output.
    pub enum UnreadInput {
        /// While the unit has a byte for the host in hand, it takes no byte of the host, not even a
        /// reset. The byte stays in hand until the host has read the byte before it.
        BlocksOutput: "blocks-output",
        /// Input and output are independent.
        Harmless: "harmless",
    }

    /// What happens to MIDI IN bytes outside UART mode, on a card without a sequencer.
    pub enum RxOutsideUart {
        /// The bytes are lost.
        Deaf: "deaf",
        /// The card keeps the bytes for the host, as in UART mode.
        Heard: "heard",
    }

    /// What happens to data that the host writes outside UART mode, on a card without a sequencer.
    pub enum TxOutsideUart {
        /// The byte has no effect.
        Ignored: "ignored",
        /// The byte goes to MIDI OUT, as in UART mode.
        Sent: "sent",
    }

    /// When the card begins a command.
    pub enum CommandStart {
        /// As soon as it can take a byte.
        AtOnce: "at-once",
        /// After the byte that was on MIDI OUT when the host wrote the command.
        AfterByteOnWire: "after-byte-on-wire",
    }

    /// The commands that the card knows in intelligent mode, and the commands that it acknowledges.
    pub enum AckSet {
        /// The card knows and acknowledges all 256 codes.
        All: "all",
        /// The card knows all 256 codes, and acknowledges only FF.
        ResetOnly: "reset-only",
        /// The card knows and acknowledges FF and 3F, and ignores other commands.
        ResetAndUart: "reset-and-uart",
        /// The card knows FF and 3F, acknowledges only FF, and ignores other commands.
        ResetWithoutUart: "reset-without-uart",
        /// The card knows FF and 3F, and acknowledges nothing.
        None: "none",
    }

    /// Whether the unit acknowledges a reset in UART mode.
    pub enum ResetAck {
        /// Yes, with FE, like any other command.
        Acknowledged: "acknowledged",
        /// Yes, with FE, but this FE does not raise the interrupt line.
        WithoutInterrupt: "without-interrupt",
        /// No.
        Silent: "silent",
    }

    /// Where an ACK goes when input is still unread.
    pub enum AckPosition {
        /// After the byte that waits in a mailbox. In a FIFO the ACK is an entry like a byte from
        /// MIDI IN: it goes after every byte that waits, and [`Overrun`] says which entry a full
        /// FIFO loses. Behind a bus chip the ACK replaces the byte that waits.
        Tail: "tail",
        /// Before every byte that waits. While an ACK is unread, the card sends no second ACK.
        Front: "front",
    }

    /// Whether an ACK raises the interrupt line.
    pub enum AckInterrupt {
        /// Yes, like any other byte.
        Raised: "raised",
        /// No: the host has to poll for the ACK.
        Silent: "silent",
    }

    /// How the interrupt line follows the bytes that wait.
    pub enum InterruptKind {
        /// A latch: each read lowers the line, and each byte raises the line again. So the line has
        /// an edge for each byte. The line is low for at least 1 ns.
        LatchEdge: "latch-edge",
        /// A level: the line is high until the last byte has been read.
        Level: "level",
    }

    /// The state of the output FIFO in which the card interrupts, if it has a transmit interrupt.
    pub enum TransmitInterrupt {
        /// The card has no transmit interrupt.
        None: "none",
        /// While the output FIFO has room for a byte.
        NotFull: "not-full",
        /// While no byte waits in the output FIFO. The shifter may still send a byte.
        Empty: "empty",
    }

    /// A gate outside the MPU-401, between its interrupt and the line.
    pub enum InterruptGate {
        /// The interrupt reaches the line.
        Open: "open",
        /// The line stays low. STATUS and the causes do not change.
        Closed: "closed",
    }

    /// Whether the card answers at its ports.
    pub enum Activation {
        /// The card answers.
        Active: "active",
        /// The card does not answer until it is activated, as a Plug and Play device. Reads give
        /// FF, writes are lost, MIDI IN is not heard, and the interrupt line is low.
        Inactive: "inactive",
        /// There is no card. Accesses have the same results as with `inactive`, and nothing can
        /// activate the card.
        Absent: "absent",
    }

    /// What happens to a byte from MIDI IN whose stop bit is missing. A break as long as a byte is
    /// read as such a byte, with the value 00.
    pub enum FramingError {
        /// The card takes the byte as it was read. No flag tells the host of the error.
        Kept: "kept",
        /// The byte is lost.
        Dropped: "dropped",
    }
}

impl AckSet {
    /// Whether the card knows all 256 codes in intelligent mode, and not only FF and 3F.
    #[must_use]
    pub const fn knows_all(self) -> bool {
        matches!(self, Self::All | Self::ResetOnly)
    }
}
