//! What the unit sends next on MIDI OUT without the host, and when.
//!
//! After a reset a unit with firmware sends FC, then F8 until it enters UART mode. `after_reset`
//! does the work of the steps. On a card with a sequencer, the sequencer sends the F8s.

use crate::timing::NEVER_NS;

/// The steps, in their order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputStep {
    /// After a reset in UART mode: the unit drops the bytes that have not been sent.
    DropBacklog,
    /// FC.
    Stop,
    /// The first F8.
    FirstClock,
    /// F8, repeated.
    Clock,
}

/// The next step that the unit takes on MIDI OUT without the host.
#[derive(Clone, Copy)]
pub(crate) struct OwnOutput {
    due_ns: u64,
    step: OutputStep,
}

impl OwnOutput {
    /// There is no next step.
    pub(crate) const IDLE: Self = Self { due_ns: NEVER_NS, step: OutputStep::Clock };

    /// A step that is due at this time.
    pub(crate) const fn at(due_ns: u64, step: OutputStep) -> Self {
        Self { due_ns, step }
    }

    /// When the step is due; [`NEVER_NS`] for never.
    pub(crate) fn due_ns(&self) -> u64 {
        self.due_ns
    }

    pub(crate) fn step(&self) -> OutputStep {
        self.step
    }

    /// Cancels the first F8 that a reset has planned, because the sequencer has started its clock.
    pub(crate) fn cancel_first_clock(&mut self) {
        if self.step == OutputStep::FirstClock {
            *self = Self::IDLE;
        }
    }
}
