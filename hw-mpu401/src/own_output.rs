//! What the unit is about to put on MIDI OUT by itself, and when.
//!
//! Behind a reset that is FC, then F8 until UART mode is entered. What each step does stands in
//! `after_reset`.

use crate::timing::NEVER_NS;

/// The steps, in their order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputStep {
    /// After a reset in UART mode: what has not been sent is thrown away.
    DropBacklog,
    /// FC.
    Stop,
    /// The first F8.
    FirstClock,
    /// F8, again and again.
    Clock,
}

/// What the unit sends, or throws away, by itself.
#[derive(Clone, Copy)]
pub(crate) struct OwnOutput {
    due_ns: u64,
    step: OutputStep,
}

impl OwnOutput {
    /// Nothing to come.
    pub(crate) const IDLE: Self = Self { due_ns: NEVER_NS, step: OutputStep::Clock };

    /// This step at this time.
    pub(crate) const fn at(due_ns: u64, step: OutputStep) -> Self {
        Self { due_ns, step }
    }

    /// When, [`NEVER_NS`] for never.
    pub(crate) fn due_ns(&self) -> u64 {
        self.due_ns
    }

    pub(crate) fn step(&self) -> OutputStep {
        self.step
    }

    /// The clock that a reset has prepared does not come: it has been started already.
    pub(crate) fn cancel_first_clock(&mut self) {
        if self.step == OutputStep::FirstClock {
            *self = Self::IDLE;
        }
    }
}
