//! The answers that a behaviour is made of: a type for each question, and what each answer means.
//!
//! The questions are the rows of `behaviour`. Which card gives which answer is not known here.

use bitflags::bitflags;

/// Positions that a behaviour's `tx_depth` may use, at most; a larger depth is cut to it.
pub const MAX_TX_DEPTH: u16 = 512;

/// Positions that a behaviour's `rx_depth` may use, at most; a larger depth is cut to it.
pub const MAX_RX_DEPTH: u16 = 2048;

/// What a unit with firmware sends on MIDI OUT by itself after a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResetOutput {
    /// The start bit of FC comes this long before the busy time ends, in ns.
    pub stop_before_ready_ns: u64,
    /// The start bit of the first F8 comes this long after the busy time ended, in ns.
    pub clock_after_ready_ns: u64,
    /// From one F8 to the next, in ns; at least a byte time.
    pub clock_period_ns: u64,
}

/// The numbers that firmware says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FirmwareId {
    /// The answer to command AC: a digit before the point and one behind.
    pub version: u8,
    /// The answer to command AD.
    pub revision: u8,
}

bitflags! {
    /// The buffers of a card that an event empties.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Fifos: u8 {
        /// Bytes on their way to MIDI OUT, but for the one already on the wire.
        const TX = 0x01;
        /// Bytes that came from MIDI IN. A byte already in a mailbox stays there.
        const RX = 0x02;
    }
}

/// What a read of DATA returns when no byte waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmptyRead {
    /// The byte that was there last.
    Stale,
    /// This value.
    Value(u8),
}

/// Makes enums whose values have a word each, by which a card file and a report name them.
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

            /// The word for each value, in this order.
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
    /// Whether base+1 can be written.
    pub enum CommandPort {
        /// There is a COMMAND port.
        Present: "present",
        /// There is only STATUS: writes are ignored and the card is always in UART mode.
        StatusOnly: "status-only",
    }

    /// What stands between the ports and the rest of the card.
    pub enum HostPort {
        /// One byte each way, emptied and filled by a microcontroller. DRR is set while the latch
        /// is full, and a byte written meanwhile replaces the one in it.
        Mailbox: "mailbox",
        /// The ends of two FIFOs. DRR is set while the output FIFO is full, and a byte written
        /// meanwhile is lost.
        Fifo: "fifo",
    }

    /// Which byte is lost when one arrives and the input is full.
    pub enum Overrun {
        /// The one that arrives.
        DropNew: "drop-new",
        /// The oldest one: a register of one byte is overwritten.
        DropOld: "drop-old",
    }

    /// What becomes of MIDI IN bytes while the card is busy entering UART mode.
    pub enum RxWhileBusy {
        /// They are lost.
        Lost: "lost",
        /// They are kept and come after the ACK.
        Kept: "kept",
    }

    /// What becomes of data that the host writes while the card is busy entering UART mode.
    pub enum TxWhileBusy {
        /// The first byte waits in the latch, and DRR says so.
        Waits: "waits",
        /// The card takes it as ever, and it is lost.
        Lost: "lost",
    }

    /// Whether input that the host leaves unread stops the output.
    pub enum UnreadInput {
        /// The unit waits for the host to read and takes no byte meanwhile, not even a reset.
        BlocksOutput: "blocks-output",
        /// Input and output do not know of each other.
        Harmless: "harmless",
    }

    /// The commands that are known in intelligent mode, and those that are acknowledged.
    pub enum AckSet {
        /// All 256 codes are known and acknowledged.
        All: "all",
        /// All 256 codes are known, only FF is acknowledged.
        ResetOnly: "reset-only",
        /// FF and 3F are known and acknowledged; the others are ignored.
        ResetAndUart: "reset-and-uart",
        /// FF and 3F are known, and the card has no acknowledge.
        None: "none",
    }

    /// Whether a reset out of UART mode is acknowledged.
    pub enum ResetAck {
        /// With FE, as any other command.
        Acknowledged: "acknowledged",
        /// With FE, but that one does not raise the interrupt line.
        WithoutInterrupt: "without-interrupt",
        /// Not at all.
        Silent: "silent",
    }

    /// Where an ACK goes when input is still unread.
    pub enum AckPosition {
        /// Behind the byte that waits in DATA.
        Tail: "tail",
        /// Before every byte that waits; a second ACK joins one that is unread.
        Front: "front",
    }

    /// Whether an ACK raises the interrupt line.
    pub enum AckInterrupt {
        /// As any other byte.
        Raised: "raised",
        /// No: the host has to poll for it.
        Silent: "silent",
    }

    /// How the interrupt line follows the bytes that wait.
    pub enum InterruptKind {
        /// A latch: each read lets the line fall, each byte raises it again, so there is an edge a
        /// byte. The line is low for 1 ns at least.
        LatchEdge: "latch-edge",
        /// A level: high until the last byte has been read.
        Level: "level",
    }
}
