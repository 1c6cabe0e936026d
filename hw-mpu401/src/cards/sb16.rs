//! Creative Sound Blaster 16: the MPU-401 that most games and drivers use.
//!
//! Source: Creative, Sound Blaster Series Hardware Programming Guide, MPU-401 UART mode. The guide
//! says little beyond the two commands: the ports are 330h or 300h, by a jumper; FF and 3F are the
//! commands; an ACK interrupts, and a read of DATA ends the interrupt. The guide names no wait
//! except for the two flags.

use super::families::UART_CHIP;
use crate::answers::{Overrun, ResetAck};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("sb16"),
    title: text("Creative Sound Blaster 16"),
    description: text(
        "UART mode only, with small buffers; acknowledges FF in UART mode too, and \
        shares its level interrupt with the rest of the card.",
    ),
    sources: Cow::Borrowed(&[
        text("Creative, Sound Blaster Series Hardware Programming Guide"),
        text("Output depth: public driver notes on the AWE64"),
    ]),
    behaviour: BEHAVIOUR,
};

/// The behaviour of this card. The AWE64 starts from this behaviour.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    // Assumed: two bytes, as in its successor, the AWE64.
    tx_depth: 2,
    // Assumed: the input has the depth of the output. A small buffer shows overruns; a large buffer
    // would hide them.
    rx_depth: 2,
    // Assumed: like a 16550.
    rx_overrun: Overrun::DropNew,
    // Assumed: the card acknowledges a reset in UART mode too. The guide says that the driver reads
    // an FE after a reset, and names no exception.
    ack_reset_in_uart: ResetAck::Acknowledged,
    ..UART_CHIP
};
