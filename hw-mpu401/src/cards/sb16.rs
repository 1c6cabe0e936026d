//! Creative Sound Blaster 16 and AWE64, by the version of their DSP.
//!
//! An 8052 at 24 MHz, the DSP, carries every MIDI byte between its own UART and two one-byte
//! latches in the bus chip of the card. Six versions of its firmware are known, from 4.04 to 4.16.
//! `Firmware` has what differs between them. A version 4.17 is the work of a hobbyist, so no card
//! has it.
//!
//! Source for the firmware, unless a value names another source: the comments and cycle counts of
//! the listings in github.com/S95Sedan/CT1741_DSP. Only facts are taken from the listings:
//!
//! - The loop of UART mode looks at these things in turn: a command for the DSP, the end of UART
//!   mode, a byte from MIDI IN, a free latch to the host, and a byte in the latch from the host
//!   while the transmitter has room.
//! - A byte from MIDI IN goes into a ring of 64 or 128 bytes. When the ring is full, the byte is
//!   lost.
//! - The DSP writes an FE when it enters UART mode, and then empties its ring. It writes no FE for
//!   FF, in either mode. Creative's guide demands an FE after FF, so the bus chip has to make it.
//! - At the end of UART mode every version but 4.04 reads the byte in the latch from the host and
//!   drops it.
//! - Outside UART mode nothing reads the latch from the host. Linux' driver agrees. It writes a 00
//!   before each command. On a Sound Blaster 16 this 00 stays in the latch and DRR stays set. So on
//!   this card alone the driver does not wait until DRR clears.
//!
//! A turn of the loop takes 12 us. In 4.11 to 4.13 it takes 22 us, because each turn also shows in
//! a register of the bus chip whether the DSP is busy. What the DSP waits for may come at any point
//! of the turn.
//!
//! When the DSP writes the FE, it does not look whether the latch to the host is free. So the FE
//! replaces an unread byte. Assumed: the unread byte is lost as soon as the host writes the
//! command. Assumed: the FE of FF replaces an unread byte in the same way.

use super::families::UART_CHIP;
use crate::answers::{Fifos, HostPort, InterruptKind, Overrun, ResetAck, RxWhileBusy};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, Text, text};
use crate::spec::BIT_TIME_NS;
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

/// Where the facts on all versions come from.
const SOURCES: &[Text] = &[
    text("Comments and cycle counts of public listings of the DSP's firmware, CT1741_DSP"),
    text("Creative, Sound Blaster Series Hardware Programming Guide"),
    text("Intel, MCS-51, serial interface"),
];

/// DSP 4.13.
pub(super) const SB16: CardProfile = CardProfile {
    name: text("sb16"),
    title: text("Creative Sound Blaster 16, DSP 4.13"),
    description: text(
        "An 8052 carries each byte between a latch and its UART, and keeps 128 bytes of input. \
        Notes may hang on it: see the fault hanging-note.",
    ),
    sources: Cow::Borrowed(SOURCES),
    behaviour: DSP413_BEHAVIOUR,
};

/// DSP 4.16.
pub(super) const AWE64: CardProfile = CardProfile {
    name: text("awe64"),
    title: text("Creative Sound Blaster AWE64, DSP 4.16"),
    description: text(
        "As the Sound Blaster 16 with DSP 4.13, but its loop is shorter and no note hangs.",
    ),
    sources: Cow::Borrowed(SOURCES),
    behaviour: behaviour(Firmware { ring: 128, turn_ns: SHORT_TURN_NS, exit: Fifos::all() }),
};

/// DSP 4.04.
pub(super) const DSP404: CardProfile = CardProfile {
    name: text("sb16-dsp404"),
    title: text("Creative Sound Blaster 16, DSP 4.04"),
    description: text(
        "Keeps 64 bytes of input. A byte that FF finds in the latch goes out after the next 3F.",
    ),
    sources: Cow::Borrowed(SOURCES),
    behaviour: behaviour(Firmware { ring: 64, turn_ns: SHORT_TURN_NS, exit: Fifos::RX }),
};

/// DSP 4.05.
pub(super) const DSP405: CardProfile = CardProfile {
    name: text("sb16-dsp405"),
    title: text("Creative Sound Blaster 16, DSP 4.05"),
    description: text("As with DSP 4.04, but FF drops a byte that it finds in the latch."),
    sources: Cow::Borrowed(SOURCES),
    behaviour: behaviour(Firmware { ring: 64, turn_ns: SHORT_TURN_NS, exit: Fifos::all() }),
};

/// DSP 4.11.
pub(super) const DSP411: CardProfile = CardProfile {
    name: text("sb16-dsp411"),
    title: text("Creative Sound Blaster 16, DSP 4.11"),
    description: text("As with DSP 4.13."),
    sources: Cow::Borrowed(SOURCES),
    behaviour: DSP413_BEHAVIOUR,
};

/// DSP 4.12.
pub(super) const DSP412: CardProfile = CardProfile {
    name: text("sb16-dsp412"),
    title: text("Creative Sound Blaster 16, DSP 4.12"),
    // Source: listings: two images of 4.12 exist.
    // Assumed: they do the same with MIDI.
    description: text("As with DSP 4.13."),
    sources: Cow::Borrowed(SOURCES),
    behaviour: DSP413_BEHAVIOUR,
};

/// DSP 4.11 and 4.12 do the same with MIDI as DSP 4.13.
const DSP413_BEHAVIOUR: Behaviour =
    behaviour(Firmware { ring: 128, turn_ns: LONG_TURN_NS, exit: Fifos::all() });

/// A turn of the loop in 4.04, 4.05 and 4.16, in ns.
const SHORT_TURN_NS: u64 = 12_000;

/// A turn of the loop in 4.11 to 4.13, in ns.
const LONG_TURN_NS: u64 = 22_000;

/// What differs between the versions.
struct Firmware {
    /// Bytes from MIDI IN that the ring keeps.
    ring: u16,
    /// How long a turn of the loop takes, in ns.
    turn_ns: u64,
    /// What the end of UART mode drops.
    exit: Fifos,
}

const fn behaviour(firmware: Firmware) -> Behaviour {
    Behaviour {
        // Source: listings: one latch each way, and FF and 3F reach the DSP as the level of a pin.
        // Assumed: a byte written while DRR is set replaces the byte in the latch, and a command
        // does not go through the latch.
        host_port: HostPort::BusChip,
        // Source: listings: one byte in the latch and one in the UART. Linux' driver notes two
        // bytes in a row for the AWE64.
        tx_depth: 2,
        // Source: listings: the ring and the latch.
        rx_depth: firmware.ring + 1,
        // Source: listings.
        rx_overrun: Overrun::DropNew,
        // Source: listings: the DSP empties its UART at the entry.
        rx_while_busy: RxWhileBusy::Lost,
        // Assumed: the bus chip acknowledges a reset in UART mode too. Creative's guide tells the
        // driver to read an FE after a reset and names no exception, and two programs wait for it.
        // Against this assumption: no other maker's data sheet has this FE, and the firmware does
        // not write it.
        ack_reset_in_uart: ResetAck::Acknowledged,
        // Assumed: the line follows the latch, so each byte is an edge. Creative's guide: a read of
        // DATA ends the interrupt.
        interrupt: InterruptKind::LatchEdge,
        // Source: listings, for FF in UART mode. Assumed: FF outside UART mode drops the same
        // bytes.
        cleared_by_reset: firmware.exit,
        // Source: listings. A byte in the latch from the host goes out after the entry.
        cleared_by_uart_entry: Fifos::RX,
        timing: timing(firmware.turn_ns),
        ..UART_CHIP
    }
}

/// The times of a DSP whose loop takes `turn_ns` for each turn.
///
/// Source: listings, cycle counts, at 0.5 us a cycle. Assumed: the usual time is the time in the
/// middle of a turn.
const fn timing(turn_ns: u64) -> Timing {
    Timing {
        // 3 us from the look at the latch to the read of its byte.
        drr_clear_uart_ns: after_part_of_turn(3_000, turn_ns),
        // Source: Intel, MCS-51, serial interface: a byte starts at the next bit of the baud clock.
        tx_start_ns: Spread::between(0, BIT_TIME_NS / 2, BIT_TIME_NS),
        // The UART has the byte in the middle of the stop bit, half a bit before the byte ends. One
        // turn moves the byte into the ring, and the next turn moves it into the latch.
        rx_to_dsr_ns: Spread::between(
            turn_ns + 6_000 - BIT_TIME_NS / 2,
            turn_ns * 3 / 2 + 6_000 - BIT_TIME_NS / 2,
            turn_ns * 2 + 6_000 - BIT_TIME_NS / 2,
        ),
        // 6 us from the look at the latch to the write of the next byte.
        next_byte_ns: after_part_of_turn(6_000, turn_ns),
        // 4 us from the look at the pin to the write of the FE. Assumed: a turn of the loop outside
        // UART mode takes as long as a turn in UART mode.
        uart_entry_ns: after_part_of_turn(4_000, turn_ns),
        ..Timing::AT_ONCE
    }
}

/// A time from `path_ns` to `path_ns` and one turn. The usual time is in the middle.
const fn after_part_of_turn(path_ns: u64, turn_ns: u64) -> Spread {
    Spread::between(path_ns, path_ns + turn_ns / 2, path_ns + turn_ns)
}
