//! Which events of a trace a view shows.

use portcls_emulator::trace::{Event, Layer, TimedEvent, TraceLog};

/// A choice of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Filter {
    /// The hardware contract: what actors of [`Layer::Hardware`] do, all marks, and what went
    /// another way than usual.
    ///
    /// It survives a refactoring of the driver.
    Registers,
    /// Every event.
    #[default]
    Full,
}

impl Filter {
    /// Whether a view with this filter shows `event`.
    #[inline]
    #[must_use]
    pub fn keeps(self, log: &TraceLog, event: &TimedEvent) -> bool {
        match self {
            Filter::Full => true,
            Filter::Registers => {
                matches!(event.event, Event::Mark(_) | Event::Choice { .. })
                    || log.layer(event.who) == Some(Layer::Hardware)
            }
        }
    }
}
