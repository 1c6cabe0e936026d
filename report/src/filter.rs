//! Filters: which events of a trace a view shows.

use portcls_emulator::trace::{Event, Layer, TimedEvent, TraceLog};

/// The events that a view shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Filter {
    /// The events of actors of [`Layer::Hardware`], all marks, and all unusual answers of an
    /// oracle.
    ///
    /// These events stay the same if a change only rearranges the driver's code.
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
