//! The machine for a driver's code: interpreter, stacks, thunks, fixed pages.
//!
//! The interpreter is borrowed while it runs, and not while the kernel or a routine serves a stop.
//! The processor asks an [`Outside`](super::outside::Outside) to serve the stops that it cannot
//! serve alone. This file must never know a routine, a pool block, or the purpose of a driver.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cpu_x86::{Cpu, MapError, Mode, X87Registers};
use portcls_emulator::{Irql, Kernel};

use super::control_region;
use super::course::{self, Spender};
use super::paging::Paging;
use super::shared_data;
use super::space::Space;
use super::stacks::Stacks;
use super::thunk::{RoutineNumber, Thunks};
use crate::debugger::Debugger;
use crate::layout::Layout;

/// The options of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestOptions {
    /// Time of one instruction in ns.
    /// Assumed: 1 ns. This is short beside a port access of 1 µs, and a loop still takes time.
    pub instruction_ns: u64,
    /// The largest number of instructions in one call into the driver. More instructions count as a
    /// hang. A call of a routine that takes no simulated time counts as 250 instructions. Without
    /// this cost, this program would need far longer to find a hang in a loop around such calls
    /// than in any other loop.
    pub call_budget: u64,
    /// The largest number of instructions between two preemption points. A deadline of the kernel
    /// is always met at the exact instruction.
    pub longest_slice: u64,
}

impl Default for GuestOptions {
    fn default() -> Self {
        GuestOptions { instruction_ns: 1, call_budget: 100_000_000, longest_slice: u64::MAX }
    }
}

/// A processor with its memory. The `Vm` does not know which image was loaded into the memory.
pub(crate) struct Vm {
    pub options: GuestOptions,
    pub space: &'static Space,
    layout: &'static Layout,
    mode: Mode,

    kernel: Kernel,
    pub cpu: Rc<RefCell<Cpu>>,
    pub(super) debugger: RefCell<Option<Rc<dyn Debugger>>>,

    pub thunks: RefCell<Thunks>,
    pub stacks: Stacks,
    pub paging: Paging,
    /// The instruction count at which the guest asks the debugger; `u64::MAX` when the guest asks
    /// no debugger.
    pub(super) pause_at: Cell<u64>,
    /// The IRQL for which [`Vm::settle_irql`] last set up the guest's memory.
    pub(super) settled_irql: Cell<Irql>,
    /// The thread that the control region names as the current one, by the address of its object.
    pub(super) told_thread: Cell<u64>,
    /// Whether the innermost call into the guest is the call of a system thread. Only then can a
    /// routine make the thread give the processor back, to wait, to delay or to end.
    pub(super) may_leave: Cell<bool>,
    /// The code whose instructions make the time pass now; `None` while a routine makes the time
    /// pass.
    pub(super) spender: Spender,
    /// Whether a routine asked the system thread to give the processor back.
    pub(super) leaves: Cell<bool>,
    /// The IRQL before CLI, while interrupts are off.
    pub(super) irql_before_cli: Cell<Option<Irql>>,
}

impl Vm {
    /// Makes a processor of one bitness, with its stacks and the pages at fixed places.
    ///
    /// # Errors
    /// When the stacks or the pages cannot be mapped.
    pub fn new(kernel: &Kernel, mode: Mode, options: GuestOptions) -> Result<Vm, MapError> {
        let (space, layout) = (Space::of(mode), Layout::of(mode));
        let mut cpu = Cpu::new(mode);
        cpu.add_stop_addresses(space.thunks.start..=space.thunks.end - 1);
        cpu.set_x87(&initial_x87());
        let stacks = Stacks::map(&mut cpu, space)?;
        control_region::map(&mut cpu, space, layout)?;
        shared_data::map(cpu.memory_mut(), space)?;
        let (cpu, spender) = (Rc::new(RefCell::new(cpu)), Spender::default());
        kernel.judge_code_by(course::judge(&cpu, &spender));
        Ok(Vm {
            options,
            space,
            layout,
            mode,
            kernel: kernel.clone(),
            cpu,
            debugger: RefCell::new(None),
            thunks: RefCell::new(Thunks::new(space.thunks.clone())),
            stacks,
            paging: Paging::default(),
            pause_at: Cell::new(u64::MAX),
            settled_irql: Cell::new(Irql::PASSIVE_LEVEL),
            told_thread: Cell::new(control_region::thread_object(space, 0)),
            may_leave: Cell::new(false),
            spender,
            leaves: Cell::new(false),
            irql_before_cli: Cell::new(None),
        })
    }

    /// The kernel whose time passes while instructions run.
    #[inline]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// 32 or 64 bits.
    #[inline]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The offsets of the fields of structures.
    #[inline]
    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Bytes of a pointer.
    #[inline]
    pub fn pointer_bytes(&self) -> u64 {
        self.space.pointer_bytes
    }

    /// The address of a routine's thunk, for a field or vtable through which the driver calls it.
    pub fn thunk_of(&self, routine: RoutineNumber) -> u64 {
        self.thunks.borrow_mut().of_routine(routine).expect("the range holds every routine")
    }
}

/// The state in which a driver finds the x87: the register stack is empty, all exceptions are
/// masked, and results are rounded to the 53 bits of a `double`.
///
/// Source: Microsoft, x64 ABI conventions, FpCsr: the state at the start of a program.
/// Assumed: the state is the same in the kernel and on x86. The page of `_controlfp` states this
/// for programs on x86.
pub(crate) fn initial_x87() -> X87Registers {
    X87Registers { control: 0x027F, ..X87Registers::default() }
}
