//! Crystal CS4237B: the MPU-401 of a codec on many ISA cards and mainboards.
//!
//! Source: the data sheets of the CS4237B (page 72) and of the CS4235 (page 63). The CS4235 has the
//! same MPU-401, and its sheet says more about the commands. ACKs and answers go into the receive
//! FIFO, as bytes from MIDI IN do.

use super::families::FIFO_CHIP;
use crate::answers::{AckPosition, AckSet, Fifos};
use crate::behaviour::Behaviour;
use crate::fixed_answers::FixedAnswers;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

/// The fixed answers of this card and of the PC87363. They are the values of Roland's unit after a
/// reset: the play counters of eight tracks, the record counter, version, revision and tempo.
///
/// Source: CS4235 data sheet, page 63.
pub(super) const ANSWERS: FixedAnswers = FixedAnswers::NONE
    .with(0xA0..=0xA7, 0x00)
    .with(0xAB..=0xAB, 0x00)
    .with(0xAC..=0xAC, 0x15)
    .with(0xAD..=0xAD, 0x01)
    .with(0xAF..=0xAF, 0x64);

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("cs4237b"),
    title: text("Crystal CS4237B"),
    description: text(
        "A codec with an MPU-401 of its own: two 16-byte FIFOs, an ACK for every command outside \
        UART mode, and fixed answers.",
    ),
    sources: Cow::Borrowed(&[
        text("Crystal CS4237B data sheet, page 72: the FIFOs"),
        text("Crystal CS4235 data sheet DS252PP2, page 63: the commands"),
        text("Linux, driver mpu401_uart: a list of output depths"),
    ]),
    behaviour: BEHAVIOUR,
};

/// The behaviour of this card. The PC87363 starts from this behaviour.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    // Source: CS4235 data sheet.
    answers: ANSWERS,
    // Assumed: bits 5 to 0 of STATUS show those of the last command, as the manual of the CS4281
    // says of that chip. The manual gives compatibility as the reason, so the maker's chips for the
    // ISA bus probably do the same.
    status_command_bits: 0x3F,
    // Source: CS4235 data sheet: outside UART mode a read of DATA gives the byte that was received
    // last. The family's value of `empty_read` agrees.
    // Source: CS4237B data sheet: 16 bytes in the FIFO; Linux sends 16 bytes in a row. Assumed: one
    // more byte on the wire, because no page names the shifter.
    tx_depth: 17,
    // Source: CS4237B data sheet: 16 bytes in the FIFO.
    rx_depth: 16,
    // Source: CS4235 data sheet: every write to COMMAND outside UART mode is acknowledged.
    ack_set: AckSet::All,
    // Source: CS4235 data sheet: the ACK goes into the receive FIFO, and interrupts.
    ack_position: AckPosition::Tail,
    // Source: CS4235 data sheet: 3F sets the mode and puts its ACK into the FIFO. The page names
    // no buffer that 3F empties.
    cleared_by_uart_entry: Fifos::empty(),
    ..FIFO_CHIP
};
