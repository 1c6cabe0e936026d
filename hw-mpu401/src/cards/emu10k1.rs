//! Creative EMU10K1: the MPU-401 of the Sound Blaster Live!.
//!
//! Source: Linux, drivers emu10k1 of ALSA and of OSS; FreeBSD, driver emu10kx. The Audigy has the
//! same registers twice, behind an index register.

use super::pci::{PCI_BASE, PCI_CHIP};
use crate::answers::{InterruptCauses, TransmitInterrupt};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("emu10k1"),
    title: text("Creative Sound Blaster Live! and Audigy"),
    description: text(
        "A PCI sound chip that knows only FF and 3F, and whose driver writes four bytes before it \
        waits.",
    ),
    sources: Cow::Borrowed(&[
        text("Linux, ALSA driver emu10k1: registers, ACKs, four bytes of output"),
        text("Linux, OSS driver emu10k1: FF, FF, 3F, then one read of DATA that has to be FE"),
        text("FreeBSD, driver emu10kx: the receive interrupt lasts until DATA is read"),
    ]),
    behaviour: Behaviour {
        // Source: Linux: DATA at 18h and STATUS at 19h of the chip's ports. The header of the
        // driver says that commands other than FF and 3F are ignored.
        usual_port: PCI_BASE + 0x18,
        // Assumed: four bytes in the buffer, the number that Linux writes before it waits for the
        // transmit interrupt, and one more byte in the shifter.
        tx_depth: 5,
        // Assumed: the input has the depth of the output's buffer.
        rx_depth: 4,
        // Source: Linux: one cause for an empty transmit buffer and one for a received byte, each
        // with its enable. Assumed: only the second is enabled, as after the start of FreeBSD's
        // driver.
        transmit_interrupt: TransmitInterrupt::Empty,
        interrupt_enables: InterruptCauses::RECEIVE,
        ..PCI_CHIP
    },
};
