//! The receiver at MIDI IN: makes bytes of the level of the line.
//!
//! The receiver sees the line go to space and takes this for a start bit. It looks at the middle of
//! each of the ten bits, at 31 250 bit/s. It then waits for the next start bit, from the middle of
//! the stop bit on. A whole byte at the same speed arrives as it was sent, so nothing is computed
//! for it. Any other signal is computed bit by bit.
//!
//! Source: 16550 and 8051 data sheets, for the look at the start bit and for the new start bit from
//! the middle of the stop bit on. Assumed: after a missing stop bit the receiver first waits for a
//! mark.

use crate::line::{Frame, LineSignal};
use crate::spec::{BIT_TIME_NS, BYTE_TIME_NS};
use crate::timing::NEVER_NS;

/// From the start of a bit to the middle of that bit.
const MIDDLE_NS: u64 = BIT_TIME_NS / 2;

/// From the start of a start bit to the middle of the stop bit.
const STOP_NS: u64 = 9 * BIT_TIME_NS + MIDDLE_NS;

/// A byte as the receiver has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reception {
    pub(crate) byte: u8,
    pub(crate) framing: Framing,
}

/// Whether a byte has ended in a stop bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Good,
    /// The line was at space in the place of the stop bit.
    Error,
}

/// The receiver.
#[derive(Clone)]
pub(crate) struct Receiver {
    /// When the start bit of the present or next byte begins; [`NEVER_NS`] while none is known.
    begun_ns: u64,
    /// The receiver looks for a start bit from this time on.
    from_ns: u64,
}

impl Receiver {
    /// A receiver at an idle line.
    pub(crate) const IDLE: Self = Self { begun_ns: NEVER_NS, from_ns: 0 };

    /// When the present byte is complete; [`NEVER_NS`] while no start bit is known.
    ///
    /// Assumed: the card hears the byte at the end of its stop bit.
    pub(crate) fn due_ns(&self) -> u64 {
        self.begun_ns.saturating_add(BYTE_TIME_NS)
    }

    /// A frame that ended at this time or earlier is of no more use.
    pub(crate) fn needs_from_ns(&self) -> u64 {
        self.begun_ns
    }

    /// Looks for the next start bit in these frames, if none is known.
    pub(crate) fn look<'f>(&mut self, mut frames: impl Iterator<Item = &'f Frame>) {
        if self.begun_ns == NEVER_NS {
            let fall_ns = frames.find_map(|frame| frame.fall_ns(self.from_ns));
            self.begun_ns = fall_ns.unwrap_or(NEVER_NS);
        }
    }

    /// Ends the present byte. Returns `None` if the start bit was too short to be one. `frames` are
    /// all frames from the start bit on.
    pub(crate) fn finish<'f, I>(&mut self, frames: I) -> Option<Reception>
    where
        I: Iterator<Item = &'f Frame> + Clone,
    {
        let start_ns = core::mem::replace(&mut self.begun_ns, NEVER_NS);
        self.from_ns = start_ns.saturating_add(STOP_NS + 1);
        let mut current = frames.clone().skip_while(|frame| frame.end_ns <= start_ns);
        if let Some(Frame { signal: LineSignal::Byte(byte), start_ns: sent_ns, .. }) =
            current.next()
            && *sent_ns == start_ns
        {
            return Some(Reception { byte: *byte, framing: Framing::Good });
        }
        let is_mark = |after_ns: u64| {
            let time_ns = start_ns + after_ns;
            frames.clone().take_while(|f| f.start_ns <= time_ns).all(|f| f.is_mark(time_ns))
        };
        if is_mark(MIDDLE_NS) {
            self.from_ns = start_ns + MIDDLE_NS + 1;
            return None;
        }
        let bits = (0..8).map(|bit| is_mark(MIDDLE_NS + (bit + 1) * BIT_TIME_NS));
        let byte = bits.rev().fold(0, |byte, bit| byte << 1 | u8::from(bit));
        let framing = if is_mark(STOP_NS) { Framing::Good } else { Framing::Error };
        Some(Reception { byte, framing })
    }
}
