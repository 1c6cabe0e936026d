//! Faults of a card, which a test switches on.
//!
//! A new chip has no fault. This file knows what a fault does to a byte; the caller of
//! [`Mpu401::inject`](crate::Mpu401::inject) decides when.

/// What can be wrong with a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The hanging-note fault of the Sound Blaster 16 with DSP 4.11 to 4.13. In place of a byte
    /// that the unit has taken from the host, the unit sends the byte before that byte once more on
    /// MIDI OUT.
    ///
    /// Source: reports of users: the fault comes while the card plays sound. Listings of the DSP's
    /// firmware, and comments on them (vogons.org, topic 48732): an interrupt comes while the DSP
    /// fetches the byte, and its routine leaves another register of the bus chip selected. So the
    /// DSP reads that register. A MIDI OUT log of such a card (vogons.org, topic 41042): the byte
    /// before stands in the place of the right one, as in 28 72 72 00 for 28 72 28 00. Assumed: the
    /// log shows the usual case. Nobody has measured what that register holds.
    HangingNote,
    /// The unit carries out a command and does not acknowledge it. This fault hits ACKs.
    ///
    /// Assumed: no real card is known to do so. A driver also misses its ACK when other code on the
    /// host reads DATA first.
    AckLost,
}

impl Fault {
    /// Every fault.
    pub const ALL: &[Self] = &[Self::HangingNote, Self::AckLost];

    /// The word for the fault in a register script.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::HangingNote => "hanging-note",
            Self::AckLost => "ack-lost",
        }
    }
}

/// The faults of a chip that are still to come.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    /// The number of bytes for MIDI OUT that the hanging-note fault will hit.
    hanging_notes: u32,
    /// The number of ACKs that will not come.
    lost_acks: u32,
}

impl Faults {
    /// Lets this fault hit the next `bytes` bytes. The number replaces the number of an earlier
    /// call for the same fault.
    pub(crate) fn inject(&mut self, fault: Fault, bytes: u32) {
        match fault {
            Fault::HangingNote => self.hanging_notes = bytes,
            Fault::AckLost => self.lost_acks = bytes,
        }
    }

    /// Returns whether the ACK that the unit is about to give is lost. A lost ACK uses up one hit
    /// of the fault.
    pub(crate) fn lose_ack(&mut self) -> bool {
        let is_lost = self.lost_acks > 0;
        self.lost_acks -= u32::from(is_lost);
        is_lost
    }

    /// Whether these faults leave the next byte of the host for MIDI OUT unchanged.
    pub(crate) fn spare_output(&self) -> bool {
        self.hanging_notes == 0
    }

    /// What goes to MIDI OUT when the unit has taken `byte`. `before` is the byte that MIDI OUT
    /// got before `byte`.
    pub(crate) fn carry(&mut self, byte: u8, before: u8) -> u8 {
        if self.hanging_notes == 0 {
            return byte;
        }
        self.hanging_notes -= 1;
        before
    }
}
