//! Threads of the guest: their registers, and which thread is the current one.
//!
//! A system thread runs on a stack of its own. When the code of the thread waits,
//! [`Vm::run_thread`] returns the registers of the thread. The caller hands them in again when the
//! thread goes on. Only the thread's own code can give up the processor in this way. Code that the
//! thread reached through the kernel or the port cannot, such as a method of the driver that the
//! port called.

use cpu_x86::{Register, Registers, X87Registers};

use super::call::Served;
use super::control_region::{tell_thread, thread_object};
use super::outside::{Mistake, Outside};
use super::vm::{Vm, initial_x87};

/// The state of a system thread that has given up the processor.
pub(crate) struct Standing {
    registers: Registers,
    x87: X87Registers,
    /// Where the return address of the thread's function lies.
    stack_pointer: u64,
}

/// How a run of a system thread begins.
pub(crate) enum Entry {
    /// At this function of the thread, with this argument.
    Start(u64, u64),
    /// After the routine in which the thread waited, with the status of the wait.
    GoOn(Box<Standing>, u64),
}

/// How the run of a system thread ended.
pub(crate) enum Exit {
    /// The function of the thread returned, or the kernel is frozen.
    Returned,
    /// A routine asked the thread to leave.
    Left(Box<Standing>),
}

impl Vm {
    /// Runs a system thread on its own stack, until the function of the thread returns or a routine
    /// asks the thread to leave. The kernel has already made this thread its current thread.
    pub fn run_thread(&self, outside: &impl Outside, entry: Entry) -> Exit {
        let saved = self.cpu.borrow().registers();
        let saved_x87 = self.cpu.borrow().x87();
        let x87 = match &entry {
            Entry::Start(..) => initial_x87(),
            Entry::GoOn(standing, _) => standing.x87,
        };
        self.cpu.borrow_mut().set_x87(&x87);
        let stack_pointer = match entry {
            Entry::Start(function, word) => match self.begin_call(function, &[word]) {
                (begun, None) => begun.stack_pointer,
                (_, Some(fault)) => {
                    outside.accuse(Mistake::Access(fault));
                    self.put_back(&saved, &saved_x87);
                    return Exit::Returned;
                }
            },
            Entry::GoOn(standing, status) => {
                let mut cpu = self.cpu.borrow_mut();
                cpu.set_registers(&standing.registers);
                cpu.set_register(Register::Rax, status);
                standing.stack_pointer
            }
        };
        let deeper = self.may_leave.replace(true);
        let served = self.run::<true>(outside);
        self.may_leave.set(deeper);
        let exit = match served {
            Served::Left => {
                let (registers, x87) = (self.cpu.borrow().registers(), self.cpu.borrow().x87());
                Exit::Left(Box::new(Standing { registers, x87, stack_pointer }))
            }
            Served::Returned => {
                self.take_result(stack_pointer);
                Exit::Returned
            }
            Served::GoOn => Exit::Returned,
        };
        self.put_back(&saved, &saved_x87);
        exit
    }

    /// Gives the registers back to the code that ran before the thread.
    fn put_back(&self, registers: &Registers, x87: &X87Registers) {
        let mut cpu = self.cpu.borrow_mut();
        cpu.set_registers(registers);
        cpu.set_x87(x87);
    }

    /// Whether the system thread can leave now: the thread's own code called the routine that the
    /// guest runs.
    pub fn may_leave(&self) -> bool {
        self.may_leave.get()
    }

    /// Ends the run of a system thread when the routine being served returns. The routine must have
    /// checked [`Vm::may_leave`] before.
    pub fn leave_thread(&self) {
        debug_assert!(self.may_leave(), "the routine checks it");
        self.leaves.set(true);
    }

    /// The address of the object of the thread that runs now.
    pub fn current_thread_object(&self) -> u64 {
        match self.kernel().current_system_thread() {
            Some(_) => self.told_thread.get(),
            None => thread_object(self.space, self.kernel().current_thread()),
        }
    }

    /// Runs `work`, which calls the guest in a thread that has just begun. While `work` runs, the
    /// control region names the kernel's current thread. After `work`, the control region again
    /// names the thread from before.
    pub fn in_current_thread<R>(&self, work: impl FnOnce() -> R) -> R {
        self.in_thread(thread_object(self.space, self.kernel().current_thread()), work)
    }

    /// Runs `work` as [`Vm::in_current_thread`] does, in the thread with the object at `object`.
    pub fn in_thread<R>(&self, object: u64, work: impl FnOnce() -> R) -> R {
        let before = self.told_thread.replace(object);
        self.tell_thread(object);
        let result = work();
        self.told_thread.set(before);
        self.tell_thread(before);
        result
    }

    fn tell_thread(&self, object: u64) {
        let mut cpu = self.cpu.borrow_mut();
        tell_thread(cpu.memory_mut(), self.space, self.layout(), object);
    }
}
