//! The state of the system threads in words, for a debugger or a report.

use crate::kernel::Kernel;
use crate::wait::wait_in_words;

use super::{Standing, State, Thread};

impl Thread {
    /// The thread in words, by its number and its name.
    pub(super) fn named(&self) -> String {
        format!("system thread {} '{}'", self.number(), self.0.name)
    }

    /// What the thread does, in words.
    fn tell_state(&self) -> String {
        match &*self.0.state.borrow() {
            State::Ready(_) => "is ready".to_owned(),
            State::Runs => "runs".to_owned(),
            State::Waits(Standing { object, since_ns, deadline_ns, .. }) => {
                format!("waits {}", wait_in_words(&object.in_words(), *since_ns, *deadline_ns))
            }
            State::Ended(status) => format!("ended with {status}"),
        }
    }
}

impl Kernel {
    /// The system threads that live, in words; `None` when there is none.
    pub(crate) fn describe_threads(&self) -> Option<Vec<String>> {
        let slots = self.state.threads.slots.borrow();
        let describe = |thread: &Thread| {
            let (name, priority) = (&thread.0.name, thread.priority());
            let state = thread.tell_state();
            format!("{} '{name}', priority {priority}: {state}", thread.number())
        };
        let told: Vec<String> = slots.iter().flatten().map(describe).collect();
        (!told.is_empty()).then_some(told)
    }

    /// What the system threads wait for, to be added to the sentence about a hang. The text begins
    /// with a semicolon; it is empty when no system thread waits.
    pub(crate) fn describe_thread_waits(&self) -> String {
        let slots = self.state.threads.slots.borrow();
        let waits = slots.iter().flatten().filter_map(|thread| match &*thread.0.state.borrow() {
            State::Waits(wait) => {
                Some(format!("; {} waits for {}", thread.named(), wait.object.in_words()))
            }
            _ => None,
        });
        waits.collect()
    }
}
