//! What a guest sees of the MPU-401 in 86Box and in DOSBox.
//!
//! These profiles are not of real cards. A user may find a driver's fault in one of these
//! emulators. With these profiles the user can compare what the driver meets there with what it
//! would meet on hardware.
//!
//! Source: the public sources of both emulators, and reports on them. Both emulators take any
//! number of bytes for MIDI OUT at once. Assumed: in these profiles MIDI OUT has the pace of the
//! wire, and DRR is set when 512 bytes wait. Both emulators send no byte by themselves after a
//! reset. DOSBox has no MIDI IN.

use super::families::UART_CHIP;
use crate::answers::{
    AckSet, EmptyRead, Fifos, FirmwareId, InterruptKind, MAX_TX_DEPTH, Overrun, WaitsAfterReset,
};
use crate::behaviour::Behaviour;
use crate::fixed_answers::FixedAnswers;
use crate::profile::{CardProfile, text};
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

pub(super) const IN_86BOX: CardProfile = CardProfile {
    name: text("as-seen-in-86box"),
    title: text("The MPU-401 as seen in 86Box"),
    description: text(
        "An empty DATA gives FE. ACKs come at once, but a command waits in the first 0.891 ms \
        after FF. The interrupt line has an edge for each byte.",
    ),
    sources: Cow::Borrowed(&[text("86Box, file snd_mpu401.c, and its issues 129, 4419 and 6827")]),
    behaviour: Behaviour {
        // Source: 86Box: 1024 bytes of MIDI IN, and a queue of 32 bytes for the host.
        rx_depth: 1056,
        // Source: 86Box: each read lowers the line, and the next byte raises it again.
        interrupt: InterruptKind::LatchEdge,
        timing: Timing {
            // Assumed: the line is low for 1 us between two bytes. In 86Box it is low for no time
            // at all, but the guest's interrupt controller gets the edge.
            next_byte_ns: Spread::exactly(1_000),
            ..timing(Spread::exactly(891_000))
        },
        ..EMULATED
    },
};

pub(super) const IN_DOSBOX: CardProfile = CardProfile {
    name: text("as-seen-in-dosbox"),
    title: text("The MPU-401 as seen in DOSBox"),
    description: text(
        "An empty DATA gives FE. ACKs come at once, but a command waits in the first 14 ms after \
        FF. The interrupt line is up until the queue is empty.",
    ),
    sources: Cow::Borrowed(&[text("DOSBox, DOSBox Staging and DOSBox-X, file mpu401.cpp")]),
    behaviour: Behaviour {
        // Source: DOSBox: a queue of 32 bytes for the host.
        rx_depth: 32,
        timing: timing(Spread::exactly(14_000_000)),
        ..EMULATED
    },
};

/// What both emulators have in common, because the model of the MPU-401 in 86Box began as DOSBox's
/// model.
const EMULATED: Behaviour = Behaviour {
    // Source: both emulators: the answers to AC and AD.
    firmware: Some(FirmwareId { version: 0x15, revision: 0x01 }),
    // Source: both emulators: the record counter is always 0, and the tempo is 100 after a reset.
    // Assumed: no tracks are played. The sequencer of this crate would send F8 by itself, and these
    // emulators do not, so these profiles have no sequencer.
    answers: FixedAnswers::NONE.with(0xAB..=0xAB, 0x00).with(0xAF..=0xAF, 0x64),
    // Source: both emulators.
    status_low_bits: 0x3F,
    empty_read: EmptyRead::Value(0xFE),
    tx_depth: MAX_TX_DEPTH,
    // Source: both emulators: the newest byte is lost when the queue is full.
    rx_overrun: Overrun::DropNew,
    // Source: DOSBox: data and another FF are taken at once. Assumed: the profile of 86Box may have
    // the same value. In fact 86Box runs every command at once, and runs a command that should have
    // waited once more after the wait.
    waits_after_reset: WaitsAfterReset::Commands,
    // Source: both emulators: FE for every command outside UART mode.
    ack_set: AckSet::All,
    // Source: both emulators: FF leaves an unread answer in the queue; 3F empties nothing.
    cleared_by_reset: Fifos::empty(),
    cleared_by_uart_entry: Fifos::empty(),
    ..UART_CHIP
};

/// The times of both emulators. The only time is the one after FF: a command waits until this time
/// has passed.
const fn timing(after_reset: Spread) -> Timing {
    Timing {
        busy_after_reset_ns: after_reset,
        busy_after_exit_ns: after_reset,
        busy_after_exit_full_ns: after_reset,
        ..Timing::AT_ONCE
    }
}
