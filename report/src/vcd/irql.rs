//! The IRQL as far as a trace tells it: at each event, and after each return.

use portcls_emulator::trace::{Event, Level, NameId, TimedEvent};

/// Calls that are remembered at once; of a deeper nesting the outermost are forgotten.
const DEEPEST: usize = 256;

/// Follows the IRQL through a trace.
///
/// A processor that goes idle leaves no event. What it last did was to return from something,
/// so a return brings back the level that the call interrupted.
pub(super) struct IrqlFollower {
    level: Level,
    /// The functions that have been called, each with the level before.
    calls: Vec<(NameId, Level)>,
}

impl IrqlFollower {
    /// At PASSIVE_LEVEL, as at power-on.
    pub(super) fn new() -> Self {
        IrqlFollower { level: Level::Passive, calls: Vec::new() }
    }

    /// The value of the IRQL from this event on; `None` if the event does not tell.
    pub(super) fn follow(&mut self, event: &TimedEvent) -> Option<u32> {
        if event.level == Level::Hardware {
            return None;
        }
        let before = std::mem::replace(&mut self.level, event.level);
        match event.event {
            Event::Call { function, .. } => self.enter(function, before),
            Event::Return { function, .. } => self.leave(function),
            _ => {}
        }
        Some(value(self.level))
    }

    fn enter(&mut self, function: NameId, before: Level) {
        if self.calls.len() == DEEPEST {
            self.calls.remove(0);
        }
        self.calls.push((function, before));
    }

    /// Goes back to where the function was called; calls above it that never returned go too.
    fn leave(&mut self, function: NameId) {
        let called = self.calls.iter().rposition(|&(called, _)| called == function);
        if let Some(index) = called {
            self.level = self.calls[index].1;
            self.calls.truncate(index);
        }
    }
}

/// How a level shows on a wire.
fn value(level: Level) -> u32 {
    match level {
        Level::Hardware | Level::Passive => 0,
        Level::Dispatch => 2,
        Level::Device => 3,
    }
}
