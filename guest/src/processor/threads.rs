//! The current thread, as a driver's own code reads it in the control region.

use super::control_region::{tell_thread, thread_object};
use super::vm::Vm;

impl Vm {
    /// The address of the object of the thread that runs now.
    pub fn current_thread_object(&self) -> u64 {
        thread_object(self.space, self.kernel().current_thread())
    }

    /// Runs `work`, which calls the guest in a thread that has just begun. While `work` runs, the
    /// control region names the kernel's current thread; afterwards it names the thread before.
    pub fn in_current_thread<R>(&self, work: impl FnOnce() -> R) -> R {
        let begun = self.kernel().current_thread();
        let before = self.told_thread.replace(begun);
        self.tell_thread(begun);
        let result = work();
        self.told_thread.set(before);
        self.tell_thread(before);
        result
    }

    fn tell_thread(&self, thread: u32) {
        let mut cpu = self.cpu.borrow_mut();
        tell_thread(cpu.memory_mut(), self.space, self.layout(), thread);
    }
}
