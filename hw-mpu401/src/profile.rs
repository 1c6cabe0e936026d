//! What makes one card differ from another, as plain data.
//!
//! A profile is resolved into numbers when a chip is made and is not looked at again. The value
//! that each card gives a field stands in its file under `cards`, with its ground.

use crate::timing::Timing;
use alloc::borrow::Cow;
use bitflags::bitflags;

/// Positions that a profile's `tx_depth` may use, at most; a larger depth is cut to it.
pub const MAX_TX_DEPTH: u16 = 512;

/// Positions that a profile's `rx_depth` may use, at most; a larger depth is cut to it.
pub const MAX_RX_DEPTH: u16 = 2048;

/// Words of a profile: of the program, or of a file.
pub type Text = Cow<'static, str>;

/// Words of the program.
pub(crate) const fn text(words: &'static str) -> Text {
    Text::Borrowed(words)
}

/// How a card behaves towards the host and the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardProfile {
    /// The name by which the card is chosen: lower case, words joined by `-`.
    pub name: Text,
    /// The name on the box.
    pub title: Text,
    /// What is special about it, in one or two sentences.
    pub description: Text,
    /// Where the numbers come from.
    pub sources: Cow<'static, [Text]>,
    /// What the card answers to commands AC and AD; `None` if it does not know them.
    pub firmware: Option<FirmwareId>,
    /// Whether there is a COMMAND port behind base+1.
    pub command_port: CommandPort,
    /// Where STATUS and COMMAND are, counted from DATA: 1, and 2 on a bus whose devices use every
    /// other port.
    pub status_offset: u16,
    /// The port of DATA as the card leaves its factory. The chip does not use it: it is for the
    /// bus that the card sits on.
    pub usual_port: u16,
    /// What stands between the two ports and the rest of the card.
    pub host_port: HostPort,
    /// Bits 5 to 0 of STATUS that are always set.
    pub status_low_bits: u8,
    /// Those that are set as well while the input is full.
    pub status_rx_full_bits: u8,
    /// Those that are set as well in UART mode.
    pub status_uart_bits: u8,
    /// What a read of DATA returns when no byte waits.
    pub empty_read: EmptyRead,
    /// Bytes on their way out that the card holds: the latch, the FIFO and the shifter together.
    /// From 1 to [`MAX_TX_DEPTH`].
    pub tx_depth: u16,
    /// MIDI IN bytes that the card holds, the one shown in DATA included. From 1 to
    /// [`MAX_RX_DEPTH`].
    pub rx_depth: u16,
    /// Which byte is lost when one arrives and the input is full.
    pub rx_overrun: Overrun,
    /// What becomes of MIDI IN bytes while the card is busy entering UART mode.
    pub rx_while_busy: RxWhileBusy,
    /// What becomes of data that the host writes meanwhile.
    pub tx_while_busy: TxWhileBusy,
    /// Whether input that the host leaves unread stops the output.
    pub unread_input: UnreadInput,
    /// The commands that are known in intelligent mode, and those that are acknowledged.
    pub ack_set: AckSet,
    /// Whether a reset out of UART mode is acknowledged.
    pub ack_reset_in_uart: ResetAck,
    /// Where an ACK goes when input is still unread.
    pub ack_position: AckPosition,
    /// Whether an ACK raises the interrupt line.
    pub ack_interrupt: AckInterrupt,
    /// How the interrupt line follows the bytes that wait.
    pub interrupt: InterruptKind,
    /// What a reset empties at once.
    pub cleared_by_reset: Fifos,
    /// What the entry into UART mode empties at once.
    pub cleared_by_uart_entry: Fifos,
    /// What the unit sends by itself after a reset; `None` for nothing.
    pub reset_output: Option<ResetOutput>,
    /// How long everything takes.
    pub timing: Timing,
    /// Time that one port access takes on the card's bus, in ns. The chip does not use it: it is
    /// for the bus that the card sits on.
    pub access_ns: u64,
}

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

/// Whether base+1 can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CommandPort {
    /// There is a COMMAND port.
    Present,
    /// There is only STATUS: writes are ignored and the card is always in UART mode.
    StatusOnly,
}

/// What stands between the ports and the rest of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HostPort {
    /// One byte each way, emptied and filled by a microcontroller. DRR is set while the latch is
    /// full, and a byte written meanwhile replaces the one in it.
    Mailbox,
    /// The ends of two FIFOs. DRR is set while the output FIFO is full, and a byte written
    /// meanwhile is lost.
    Fifo,
}

/// What a read of DATA returns when no byte waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmptyRead {
    /// The byte that was there last.
    Stale,
    /// This value.
    Value(u8),
}

/// Which byte is lost when one arrives and the input is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overrun {
    /// The one that arrives.
    DropNew,
    /// The oldest one: a register of one byte is overwritten.
    DropOld,
}

/// What becomes of MIDI IN bytes while the card is busy entering UART mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RxWhileBusy {
    /// They are lost.
    Lost,
    /// They are kept and come after the ACK.
    Kept,
}

/// What becomes of data that the host writes while the card is busy entering UART mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TxWhileBusy {
    /// The first byte waits in the latch, and DRR says so.
    Waits,
    /// The card takes it as ever, and it is lost.
    Lost,
}

/// Whether input that the host leaves unread stops the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnreadInput {
    /// The unit waits for the host to read and takes no byte meanwhile, not even a reset.
    BlocksOutput,
    /// Input and output do not know of each other.
    Harmless,
}

/// The commands that are known in intelligent mode, and those that are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckSet {
    /// All 256 codes are known and acknowledged.
    All,
    /// All 256 codes are known, only FF is acknowledged.
    ResetOnly,
    /// FF and 3F are known and acknowledged; the others are ignored.
    ResetAndUart,
    /// FF and 3F are known, and the card has no acknowledge.
    None,
}

/// Whether a reset out of UART mode is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResetAck {
    /// With FE, as any other command.
    Acknowledged,
    /// With FE, but that one does not raise the interrupt line.
    WithoutInterrupt,
    /// Not at all.
    Silent,
}

/// Where an ACK goes when input is still unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckPosition {
    /// Behind the byte that waits in DATA.
    Tail,
    /// Before every byte that waits; a second ACK joins one that is unread.
    Front,
}

/// Whether an ACK raises the interrupt line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckInterrupt {
    /// As any other byte.
    Raised,
    /// No: the host has to poll for it.
    Silent,
}

/// How the interrupt line follows the bytes that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InterruptKind {
    /// A latch: each read lets the line fall, each byte raises it again, so there is an edge a
    /// byte. The line is low for 1 ns at least.
    LatchEdge,
    /// A level: high until the last byte has been read.
    Level,
}
