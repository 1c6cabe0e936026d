//! What a trace shows of a card: its signals and its lanes.
//!
//! A card on a bus and a card under a script have the same names in a trace. So the same views
//! show both cards.

use hw_mpu401::{MAX_RX_DEPTH, MAX_TX_DEPTH, Mpu401, Source, Status, WireEdge};
use portcls_emulator::trace::{SerialEdge, SerialSource};

/// The lanes of a card, indexed by [`hw_mpu401::Lane`]: MIDI OUT and MIDI IN.
pub const LANES: [&str; 2] = ["out", "in"];

/// The names of [`Signal::ALL`], in the same order.
pub const NAMES: [&str; Signal::ALL.len()] = {
    let mut names = [""; Signal::ALL.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = Signal::ALL[index].name();
        index += 1;
    }
    names
};

/// A value inside a card. A driver sees it only in a read of STATUS, or never.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Bit 6 of STATUS: 0 while the card takes a byte.
    Drr,
    /// Bit 7 of STATUS: 0 while a byte waits in DATA.
    Dsr,
    /// Bytes for MIDI OUT, including the byte on the wire.
    TxFifo,
    /// Bytes from MIDI IN that the driver has not read.
    RxFifo,
}

impl Signal {
    /// Every signal, in the order in which a trace numbers them.
    pub const ALL: [Signal; 4] = [Signal::Drr, Signal::Dsr, Signal::TxFifo, Signal::RxFifo];

    /// The signal's name in a trace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Signal::Drr => "drr",
            Signal::Dsr => "dsr",
            Signal::TxFifo => "tx fifo",
            Signal::RxFifo => "rx fifo",
        }
    }

    /// The signal's width in bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Signal::Drr | Signal::Dsr => 1,
            Signal::TxFifo => (u16::BITS - MAX_TX_DEPTH.leading_zeros()) as u8,
            Signal::RxFifo => (u16::BITS - MAX_RX_DEPTH.leading_zeros()) as u8,
        }
    }

    /// The signal's value now.
    #[must_use]
    pub fn value(self, chip: &Mpu401) -> u32 {
        match self {
            Signal::Drr => u32::from(chip.status().contains(Status::DRR)),
            Signal::Dsr => u32::from(chip.status().contains(Status::DSR)),
            Signal::TxFifo => chip.waiting().output as u32,
            Signal::RxFifo => chip.waiting().input as u32,
        }
    }
}

/// The edge of a byte on a wire, as a trace shows it.
#[must_use]
pub const fn serial_edge(edge: WireEdge) -> SerialEdge {
    match edge {
        WireEdge::Start => SerialEdge::Start,
        WireEdge::End => SerialEdge::End,
    }
}

/// Who made a byte on a wire, as a trace shows it.
#[must_use]
pub const fn serial_source(source: Source) -> SerialSource {
    match source {
        Source::Host | Source::Cable => SerialSource::Outside,
        Source::Unit => SerialSource::Device,
    }
}
