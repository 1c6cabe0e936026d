//! The interrupt line, and the causes that raise it.
//!
//! The receive cause changes only at an access or when a part acts, and then the chip updates
//! [`Line`]. The transmit cause also changes when a byte starts or ends on MIDI OUT, without any
//! action of a part. So on a card with a transmit interrupt the line follows from [`Line`] and from
//! the time.

use crate::answers::{AckInterrupt, InterruptCauses, TransmitInterrupt};
use crate::latches::Outbox;
use crate::parts::Parts;
use crate::reply::ReplyKind;
use crate::spec::{BYTE_TIME_NS, Mpur2};

/// What the line does until the next access or the next action of a part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Down,
    Up,
    /// The line is up while the transmit cause is there.
    FollowsOutput,
}

impl Parts {
    /// Whether the interrupt line is up.
    #[inline]
    pub(crate) fn line_is_up(&self) -> bool {
        match self.line {
            Line::Down => false,
            Line::Up => true,
            Line::FollowsOutput => self.transmits_interrupt(),
        }
    }

    /// The causes that are there now, whether or not they reach the line.
    pub(crate) fn interrupt_causes(&self) -> InterruptCauses {
        let mut causes = InterruptCauses::empty();
        causes.set(InterruptCauses::RECEIVE, self.receives_interrupt());
        causes.set(InterruptCauses::TRANSMIT, self.transmits_interrupt());
        causes
    }

    /// Updates the line to the state of the parts.
    pub(crate) fn refresh_line(&mut self) {
        let causes = match self.mpur2.contains(Mpur2::INTERRUPT_OFF) {
            true => InterruptCauses::empty(),
            false => self.controls.causes_on_line(),
        };
        let can_transmit = self.rules.transmit_interrupt != TransmitInterrupt::None
            && causes.contains(InterruptCauses::TRANSMIT);
        self.line = if causes.contains(InterruptCauses::RECEIVE) && self.receives_interrupt() {
            Line::Up
        } else if can_transmit {
            Line::FollowsOutput
        } else {
            Line::Down
        };
    }

    /// Whether the byte in DATA is a cause. Assumed: the threshold applies only to bytes from MIDI
    /// IN, so an ACK interrupts at once.
    fn receives_interrupt(&self) -> bool {
        match self.latches.outbox() {
            Outbox::Empty | Outbox::Reply(ReplyKind::QuietAck) => false,
            Outbox::Reply(ReplyKind::Ack) => self.rules.ack_interrupt == AckInterrupt::Raised,
            Outbox::Reply(ReplyKind::Answer | ReplyKind::Request) => true,
            Outbox::Midi => self.input_held() >= usize::from(self.rules.rx_threshold),
        }
    }

    /// Whether the state of the output FIFO is a cause.
    fn transmits_interrupt(&self) -> bool {
        match self.rules.transmit_interrupt {
            TransmitInterrupt::None => false,
            TransmitInterrupt::NotFull => !self.output_is_full(),
            // The FIFO is empty when the last byte has started on the line.
            TransmitInterrupt::Empty => {
                self.now_ns() >= self.transmitter.free_ns().saturating_sub(BYTE_TIME_NS)
            }
        }
    }
}
