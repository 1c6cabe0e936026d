//! The guest: a processor, its memory and a driver's image, beside the simulated kernel.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use cpu_x86::{Cpu, Mode};
use portcls_emulator::{Irql, Kernel};

use crate::com::{GuestObjects, PortObjects};
use crate::debugger::Debugger;
use crate::import::{self, Found};
use crate::layout::Layout;
use crate::life::loaded::{self, LoadError, Loaded};
use crate::objects::binding::Bindings;
use crate::objects::leak::Serving;
use crate::objects::pool::Pool;
use crate::objects::shown::Objects;
use crate::processor::control_region;
use crate::processor::paging::Paging;
use crate::processor::space::{Space, Upwards};
use crate::processor::stacks::Stacks;
use crate::processor::thunk::Thunks;
use portcls_driver_file::image::Image;

/// What may be set about a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestOptions {
    /// Time of one instruction in ns.
    /// Assumed: 1 ns; the port accesses of 1 us dwarf it, and a loop still takes time.
    pub instruction_ns: u64,
    /// The most instructions of one call into the driver; more are reported as a hang.
    pub call_budget: u64,
    /// The most instructions between two looks at the kernel's preemption point. The kernel's
    /// deadlines are met to the instruction in any case; 1 is for whoever explores.
    pub longest_slice: u64,
}

impl Default for GuestOptions {
    fn default() -> Self {
        GuestOptions { instruction_ns: 1, call_budget: 100_000_000, longest_slice: u64::MAX }
    }
}

/// A handle to a guest; cloning it is cheap.
#[derive(Clone)]
pub struct Guest(pub(crate) Rc<GuestState>);

/// Everything of a guest.
pub(crate) struct GuestState {
    pub options: GuestOptions,
    pub space: &'static Space,
    pub layout: &'static Layout,
    pub mode: Mode,
    pub loaded: Loaded,

    pub kernel: Kernel,
    pub cpu: Rc<RefCell<Cpu>>,
    pub debugger: RefCell<Option<Rc<dyn Debugger>>>,
    /// The instruction count at which the debugger wants to be asked, `u64::MAX` for none.
    pub pause_at: Cell<u64>,

    pub thunks: RefCell<Thunks>,
    pub stacks: Stacks,
    pub pool: Pool,
    pub paging: Paging,
    pub bindings: Bindings,
    pub objects: Objects,
    pub port_objects: PortObjects,
    pub guest_objects: GuestObjects,
    /// The routine that is served now, for the words of a bug check and of a leak.
    pub serving: Cell<Option<Serving>>,
    /// The IRQL that the memory of the guest was last settled for.
    pub settled_irql: Cell<Irql>,
    /// The IRQL before CLI, while interrupts are off.
    pub irql_before_cli: Cell<Option<Irql>>,
    /// Whether the transfer buffer is taken.
    pub transfer_taken: Cell<bool>,
    /// The driver was unloaded: nothing calls into it any more.
    pub gone: Cell<bool>,
}

impl Guest {
    /// Loads an image into a new guest; nothing of it runs yet.
    ///
    /// # Errors
    /// When the image cannot be mapped.
    pub fn new(kernel: &Kernel, image: &Image, options: GuestOptions) -> Result<Guest, LoadError> {
        let mode = image.mode();
        let space = Space::of(mode);
        let mut cpu = Cpu::new(mode);
        let mut thunks = Thunks::new(space.thunks.clone());
        cpu.add_stop_addresses(space.thunks.start..=space.thunks.end - 1);
        let loaded = loaded::load(&mut cpu, image, space, &mut thunks)?;
        let paging = Paging::new(&loaded);
        let stacks = Stacks::map(&mut cpu, space)?;
        let layout = Layout::of(mode);
        control_region::map(&mut cpu, space, layout)?;
        Ok(Guest(Rc::new(GuestState {
            options,
            space,
            layout,
            mode,
            loaded,
            kernel: kernel.clone(),
            cpu: Rc::new(RefCell::new(cpu)),
            debugger: RefCell::new(None),
            pause_at: Cell::new(u64::MAX),
            thunks: RefCell::new(thunks),
            stacks,
            pool: Pool::new(space),
            paging,
            bindings: Bindings::default(),
            objects: Objects::new(Upwards::new(&space.objects)),
            port_objects: PortObjects::new(space),
            guest_objects: GuestObjects::default(),
            serving: Cell::new(None),
            settled_irql: Cell::new(Irql::PASSIVE_LEVEL),
            irql_before_cli: Cell::new(None),
            transfer_taken: Cell::new(false),
            gone: Cell::new(false),
        })))
    }

    /// The kernel that it runs on.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.0.kernel
    }

    /// 32 or 64 bits.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Where the fields of structures lie.
    #[must_use]
    pub fn layout(&self) -> &'static Layout {
        self.0.layout
    }

    /// Bytes of a pointer.
    #[must_use]
    pub fn pointer_bytes(&self) -> u64 {
        self.0.space.pointer_bytes
    }

    /// The loaded image.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.0.loaded
    }

    /// The processor, which is not borrowed while anything outside of it runs.
    #[must_use]
    pub fn cpu(&self) -> &Rc<RefCell<Cpu>> {
        &self.0.cpu
    }

    /// What a thunk's address stands for, for a report: `KeSetEvent`, `IPortMidi::Notify`.
    #[must_use]
    pub fn name_of_thunk(&self, address: u64) -> Option<String> {
        self.0.thunks.borrow().name(address).map(str::to_owned)
    }

    /// The stack that an address is on, be it in the guard page below it.
    #[must_use]
    pub fn stack_around(&self, address: u64) -> Option<std::ops::Range<u64>> {
        self.0.stacks.range(address)
    }

    /// The address that stands for a routine of a module, as an import of it would get; `None` for
    /// what is no routine that is there.
    #[must_use]
    pub fn routine_address(&self, module: &str, name: &str) -> Option<u64> {
        match import::find(module, name)? {
            Found::Routine(routine) => Some(self.thunk_of(routine)),
            Found::Data(_) => None,
        }
    }

    /// Has a debugger asked at instruction boundaries.
    pub fn set_debugger(&self, debugger: Rc<dyn Debugger>) {
        self.0.pause_at.set(debugger.next_pause());
        *self.0.debugger.borrow_mut() = Some(debugger);
    }

    /// The address of a routine, for a field or a vtable that the guest calls it through.
    pub(crate) fn thunk_of(&self, routine: &'static crate::routine::Routine) -> u64 {
        self.0.thunks.borrow_mut().of_routine(routine).expect("the range holds every routine")
    }

    /// Ends it: nothing calls into the guest any more, and what the kernel and the port held for
    /// it goes. The driver was unloaded, or the machine goes.
    pub fn end(&self) {
        self.0.gone.set(true);
        self.0.bindings.clear();
        self.0.objects.clear();
        self.0.port_objects.clear();
        self.0.debugger.borrow_mut().take();
        self.0.pause_at.set(u64::MAX);
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "guest of {} bytes at {:#x}", self.0.loaded.size, self.0.loaded.base)
    }
}
