//! The guest: a processor with a driver's image, and the state of both.
//!
//! This file holds the state, and the functions that the wings above this file share. Some of these
//! wings, such as `objects/` and `com/`, have their own parts of `impl Guest`.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use cpu_x86::{Cpu, Mode};
use portcls_emulator::{Kernel, Step};

use crate::debugger::Debugger;
use crate::layout::Layout;
use crate::processor::outside::{Mistake, Outside};
use crate::processor::thunk::{RoutineNumber, Thunk};
use crate::processor::vm::Vm;
use crate::tables::bindings::Bindings;
use crate::tables::event_table::EventTable;
use crate::tables::guest_table::GuestTable;
use crate::tables::link_table::LinkTable;
use crate::tables::loaded::Loaded;
use crate::tables::origin::{Origin, Serving};
use crate::tables::physical_table::PhysicalTable;
use crate::tables::pool_table::PoolTable;
use crate::tables::port_table::PortTable;
use crate::tables::shown_table::ShownTable;

/// A handle to a guest; cloning it is cheap.
#[derive(Clone)]
pub struct Guest(pub(crate) Rc<GuestState>);

/// The state of a guest.
pub(crate) struct GuestState {
    pub vm: Vm,
    pub loaded: Loaded,

    pub pool: PoolTable,
    pub bindings: Bindings,
    pub shown: ShownTable,
    pub port_objects: PortTable,
    pub guest_objects: GuestTable,
    pub events: EventTable,
    pub links: LinkTable,
    pub physical: PhysicalTable,
    /// The name of each routine, by its number.
    pub routine_names: &'static [&'static str],
    /// The routine being served, for the message of a bug check and the origin of a leak.
    pub serving: Cell<Option<Serving>>,
    /// The return address of the routine being served. `None` as soon as code of the driver has run
    /// since the driver called the routine.
    pub call_site: Cell<Option<u64>>,
    /// What happens when a system thread leaves the processor to other threads.
    pub left_step: RefCell<Option<LeftStep>>,
    /// Whether a call is using the transfer buffer.
    pub is_transfer_taken: Cell<bool>,
    /// Whether the guest has ended, because the driver was unloaded or the machine was dropped.
    /// Then no call enters the driver any more.
    pub is_gone: Cell<bool>,
}

/// What happens when a system thread leaves the processor to other threads.
pub(crate) struct LeftStep {
    pub step: Step,
    /// The rest of the work of the routine in which the thread waits. This work runs in the thread,
    /// when the wait has ended.
    pub then: Option<Box<dyn FnOnce()>>,
}

impl Guest {
    /// The kernel that the guest runs on.
    #[must_use]
    #[inline]
    pub fn kernel(&self) -> &Kernel {
        self.0.vm.kernel()
    }

    /// 32 or 64 bits.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.vm.mode()
    }

    /// The offsets of the fields of structures.
    #[must_use]
    pub fn layout(&self) -> &'static Layout {
        self.0.vm.layout()
    }

    /// Bytes of a pointer.
    #[must_use]
    pub fn pointer_bytes(&self) -> u64 {
        self.0.vm.pointer_bytes()
    }

    /// The loaded image.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.0.loaded
    }

    /// The processor. The interpreter borrows the processor only while it runs, and code outside
    /// borrows it only for single accesses.
    #[must_use]
    pub fn cpu(&self) -> &Rc<RefCell<Cpu>> {
        &self.0.vm.cpu
    }

    /// The stack that holds an address. An address in the guard page below a stack also counts.
    #[must_use]
    pub fn stack_around(&self, address: u64) -> Option<Range<u64>> {
        self.0.vm.stacks.range(address)
    }

    /// A code address in words: an offset in the driver, the name of a routine, or else the number.
    #[must_use]
    pub fn describe_address(&self, address: u64) -> String {
        if let Some(rva) = self.0.loaded.rva(address) {
            return format!("the driver+{rva:#x}");
        }
        self.name_of_thunk(address).unwrap_or_else(|| format!("{address:#x}"))
    }

    /// The name of the routine that a thunk stands for, for a report: `KeSetEvent`,
    /// `IPortMidi::Notify`.
    #[must_use]
    pub fn name_of_thunk(&self, address: u64) -> Option<String> {
        match self.0.vm.thunks.borrow().at(address)? {
            Thunk::Return => Some("the kernel".to_owned()),
            Thunk::Routine(number) => Some(self.name_of_routine(*number).to_owned()),
            Thunk::Missing(name) => Some(name.clone()),
        }
    }

    /// The name of the routine being served.
    pub(crate) fn name_of_serving(&self) -> &'static str {
        let serving = self.0.serving.get();
        serving.map_or("the kernel", |serving| self.name_of_routine(serving.routine))
    }

    fn name_of_routine(&self, number: RoutineNumber) -> &'static str {
        self.0.routine_names[number.index()]
    }

    /// The origin of an object that the routine being served gives out.
    pub(crate) fn origin(&self) -> Option<Origin> {
        let Serving { routine, return_address } = self.0.serving.get()?;
        Some(Origin::Call { routine: self.name_of_routine(routine), return_address })
    }

    /// Sets the debugger that the guest asks at instruction boundaries.
    pub fn set_debugger(&self, debugger: Rc<dyn Debugger>) {
        self.0.vm.set_debugger(debugger);
    }

    /// Calls a function of the guest and returns its result: RAX, or EDX:EAX on x86.
    ///
    /// Each word is an argument. On x86 a 64-bit argument is two words. A change of the IRQL by the
    /// function stays. On a frozen kernel, and after the driver was unloaded, nothing runs and the
    /// result is 0.
    pub fn call(&self, function: u64, words: &[u64]) -> u64 {
        if self.0.is_gone.get() {
            return 0;
        }
        let result = self.0.vm.call(self, function, words);
        self.0.call_site.set(None);
        result
    }

    /// Where the driver called the routine being served, as an offset in its image. `None` when the
    /// driver's own code has run since that call: the cause of a mistake that the kernel finds now
    /// may be in that code, and not in the call.
    fn call_site(&self) -> Option<u64> {
        self.0.loaded.rva(self.0.call_site.get()?).map(u64::from)
    }

    /// Gives the kernel a function that tells where the driver called the routine being served. The
    /// kernel asks this function when the driver breaks a rule.
    pub(crate) fn tell_call_sites(&self) {
        // The reference is weak, because the kernel holds this function, and the guest holds the
        // kernel. With a strong reference to the guest, none of the three would ever be freed.
        let state = Rc::downgrade(&self.0);
        let source = move || Guest(state.upgrade()?).call_site();
        self.kernel().set_call_site_source(Rc::new(source));
    }

    /// Calls a function of the guest as [`Guest::call`] does, for a work item. In this call the
    /// current thread is the thread that the kernel names.
    pub(crate) fn call_in_system_thread(&self, function: u64, words: &[u64]) -> u64 {
        self.0.vm.in_current_thread(|| self.call(function, words))
    }

    /// Runs `work` with `bytes` of zeroed memory on the current stack. The result is `None` when
    /// the stack has no room for these bytes, which is the driver's mistake.
    pub fn with_scratch<R>(&self, bytes: u64, work: impl FnOnce(u64) -> R) -> Option<R> {
        match self.0.vm.take_scratch(bytes) {
            Ok((address, scratch)) => {
                let result = work(address);
                self.0.vm.give_scratch_back(scratch);
                Some(result)
            }
            Err(fault) => {
                self.accuse(Mistake::Access(fault));
                None
            }
        }
    }

    /// Ends the guest after the driver was unloaded, or when the machine is dropped. No call enters
    /// the guest any more. The guest drops its references to objects of the kernel and of the port.
    pub fn end(&self) {
        self.0.is_gone.set(true);
        self.0.bindings.clear();
        self.0.shown.clear();
        self.0.port_objects.clear();
        self.0.events.clear();
        self.0.vm.remove_debugger();
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "guest of {} bytes at {:#x}", self.0.loaded.size, self.0.loaded.base)
    }
}
