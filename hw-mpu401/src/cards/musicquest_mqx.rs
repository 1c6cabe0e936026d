//! Music Quest MQX: another maker's unit with Roland's commands and some more.
//!
//! Source: public reports. All values that the reports do not give come from Roland's own unit.

use super::families::ROLAND_FIRMWARE;
use crate::answers::{AckSet, FirmwareId, TxWhileBusy};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("musicquest-mqx"),
    title: text("Music Quest MQX"),
    description: text(
        "A compatible unit with more commands: acknowledges FF alone, and loses what is written \
        in the first 100 ms of UART mode.",
    ),
    sources: Cow::Borrowed(&[
        text("A comment in MAME's tracker: only FF is acknowledged; version 20h"),
        text("Reports on mt32-pi-control: bytes lost after the switch to UART mode"),
        text("Roland MPU-401 firmware 1.5A for all else"),
    ]),
    behaviour: Behaviour {
        // Source: a comment in MAME's tracker, for version 20h. Bit 6 of the revision says that the
        // unit has the timebases 216 and 240.
        // Assumed: the unit has no other extension, neither CLS (bit 1) nor 32 ports (bit 3).
        firmware: Some(FirmwareId { version: 0x20, revision: 0x40 }),
        // Source: reports: without a pause, the first bytes after the switch to UART mode are
        // lost, so DRR does not hold the host back.
        tx_while_busy: TxWhileBusy::Lost,
        // Source: a comment in MAME's tracker. Assumed: the other commands are executed without an
        // ACK.
        ack_set: AckSet::ResetOnly,
        // Source: reports: a pause of about 100 ms is enough.
        timing: Timing {
            busy_after_uart_entry_ns: Spread::exactly(100_000_000),
            busy_after_early_uart_entry_ns: Spread::exactly(100_000_000),
            ..ROLAND_FIRMWARE.timing
        },
        ..ROLAND_FIRMWARE
    },
};
