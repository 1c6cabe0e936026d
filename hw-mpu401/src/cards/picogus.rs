//! PicoGUS with its MPU-401 firmware: an emulation on a card.
//!
//! Source: the card's public firmware, which began as DOSBox's model. The firmware takes each byte
//! at the access itself, so the card needs no time between two bytes.

use super::families::UART_CHIP;
use crate::answers::{AckSet, EmptyRead, Fifos, FirmwareId, Overrun, WaitsAfterReset};
use crate::behaviour::Behaviour;
use crate::fixed_answers::FixedAnswers;
use crate::profile::{CardProfile, text};
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("picogus"),
    title: text("PicoGUS, MPU-401 firmware"),
    description: text(
        "DOSBox's model on an RP2040: an empty DATA gives FE, and one command waits in the first \
        14 ms after FF.",
    ),
    sources: Cow::Borrowed(&[text("PicoGUS, files mpu401.c and midi.c of the firmware")]),
    behaviour: Behaviour {
        // Source: firmware: the answers to AC and AD.
        firmware: Some(FirmwareId { version: 0x15, revision: 0x01 }),
        // Source: firmware: the record counter is always 0, and the tempo is 100 after a reset.
        // Assumed: no tracks are played. The sequencer of this crate would send F8 by itself, so
        // this profile has no sequencer.
        answers: FixedAnswers::NONE.with(0xAB..=0xAB, 0x00).with(0xAF..=0xAF, 0x64),
        // Source: firmware.
        status_low_bits: 0x3F,
        empty_read: EmptyRead::Value(0xFE),
        // Source: older firmware: busy from 254 bytes in a ring of 256. Assumed: one more byte in
        // the UART. The ring of newer firmware has 65 536 bytes and is never shown as full.
        tx_depth: 255,
        // Source: firmware: a queue of 32 bytes for the host, and the newest byte is lost.
        rx_depth: 32,
        rx_overrun: Overrun::DropNew,
        // Source: firmware: data and another FF are taken during the 14 ms after FF.
        waits_after_reset: WaitsAfterReset::Commands,
        // Source: firmware: FE for every command outside UART mode.
        ack_set: AckSet::All,
        // Source: firmware: FF empties the queue for the host; 3F empties nothing.
        cleared_by_reset: Fifos::RX,
        cleared_by_uart_entry: Fifos::empty(),
        timing: Timing {
            busy_after_reset_ns: BUSY,
            busy_after_exit_ns: BUSY,
            busy_after_exit_full_ns: BUSY,
            ..UART_CHIP.timing
        },
        ..UART_CHIP
    },
};

/// How long a command waits after FF. Source: firmware.
const BUSY: Spread = Spread::exactly(14_000_000);
