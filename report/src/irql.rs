//! The IRQL that a trace shows: at each event, and after it.

use portcls_emulator::trace::{Event, Level, NameId, TimedEvent, TimerChange};

/// The most calls that the follower remembers. In a deeper nesting the follower forgets the
/// outermost calls.
const DEEPEST: usize = 256;

/// Follows the IRQL through a trace.
///
/// A processor that goes idle records no event, so the level after the last event is shown for the
/// whole idle time. That event is usually the return of a function. Therefore a return restores the
/// level from before the call. Outside every call, the level after an event is PASSIVE_LEVEL.
pub(crate) struct IrqlFollower {
    level: Level,
    /// The functions that were called and have not returned, each with the level before its call.
    calls: Vec<(NameId, Level)>,
}

impl IrqlFollower {
    /// A follower at PASSIVE_LEVEL, the level at power-on.
    pub(crate) fn new() -> Self {
        IrqlFollower { level: Level::Passive, calls: Vec::new() }
    }

    /// Takes an event. Returns the IRQL at the event and after it, or `None` if the event does not
    /// show the IRQL.
    pub(crate) fn follow(&mut self, event: &TimedEvent) -> Option<(u32, u32)> {
        // A timer expires in the clock interrupt, which leaves the level as it was.
        let is_expiry = matches!(event.event, Event::Timer { change: TimerChange::Expired, .. });
        if event.level == Level::Hardware || is_expiry {
            return None;
        }
        let before = std::mem::replace(&mut self.level, event.level);
        match event.event {
            Event::Call { function, .. } => self.enter(function, before),
            Event::Return { function, .. } => self.leave(function),
            // The thread lowers the level before it waits. The trace has no event for this.
            _ if self.calls.is_empty() => self.level = Level::Passive,
            // Code that raised its level lowers it again. The trace has no event for this either.
            _ if event.level == Level::Raised => self.level = before,
            _ => {}
        }
        Some((value(event.level), value(self.level)))
    }

    fn enter(&mut self, function: NameId, before: Level) {
        if self.calls.len() == DEEPEST {
            self.calls.remove(0);
        }
        self.calls.push((function, before));
    }

    /// Restores the level from before the call of `function`. Also forgets the calls inside this
    /// call that never returned.
    fn leave(&mut self, function: NameId) {
        let called = self.calls.iter().rposition(|&(called, _)| called == function);
        if let Some(index) = called {
            self.level = self.calls[index].1;
            self.calls.truncate(index);
        }
    }
}

/// The IRQL of a level as a number: 0, 2, or 3 for a device level or above.
fn value(level: Level) -> u32 {
    match level {
        Level::Hardware | Level::Passive => 0,
        Level::Dispatch => 2,
        Level::Device | Level::Raised => 3,
    }
}
