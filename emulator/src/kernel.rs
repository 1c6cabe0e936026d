//! The kernel's state and the handle to it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::bus::Bus;
use crate::choice::Choices;
use crate::clock::Deadlines;
use crate::device_interface::DeviceInterfaces;
use crate::dpc::DpcQueue;
use crate::endless::CodeJudge;
use crate::handle::Handles;
use crate::installed::Installed;
use crate::interrupt::InterruptController;
use crate::irql::Irql;
use crate::object_namespace::ObjectNamespace;
use crate::physical_memory::PhysicalMemory;
use crate::pool::Pool;
use crate::power::PowerManager;
use crate::refusal::Refusals;
use crate::registry::Registry;
use crate::running::Running;
use crate::spin_lock::HeldLocks;
use crate::stop::StopState;
use crate::thread::Threads;
use crate::trace::{Argument, Event, Layer, Level, NameId, Trace, TraceConfig, WaitEnd};
use crate::violation::Violations;
use crate::warning::Warnings;
use crate::work_item::WorkQueue;
use crate::{NtStatus, wait};

/// The settings of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct KernelConfig {
    /// Time of one port access of any width, in ns.
    /// Source: ISA 8-bit I/O takes 0.7 to 1.5 us with recovery; the default is 1 us.
    pub port_access_ns: u64,
    /// Time between two clock interrupts in ns. Timers expire only at a clock interrupt.
    /// Assumed: 1 ms, the resolution that a multimedia application asks the system for.
    pub clock_interval_ns: u64,
    /// The system time (100 ns units since 1601) at power-on.
    /// Assumed: 1 January 2000, so that absolute times look realistic.
    pub boot_time_100ns: u64,
    /// The longest time of one DPC, and the longest time at DISPATCH_LEVEL and above, in ns. A
    /// longer time is bug check DPC_WATCHDOG_VIOLATION.
    pub dpc_watchdog_ns: u64,
    /// The longest wait without a time-out, in ns. The kernel reports a longer wait as a hang. A
    /// wait of a system thread's own code has no limit.
    pub longest_wait_ns: u64,
    /// The longest call into a driver, in ns. The kernel reports a longer call as a hang.
    pub longest_call_ns: u64,
    /// How many times the kernel may service one line before the line falls. One more service is
    /// an interrupt storm, which stops the run as a hang.
    pub interrupt_storm_limit: u32,
    /// Time at which the run stops, if no other end comes first. Each run stops at
    /// [`LONGEST_RUN_NS`](crate::LONGEST_RUN_NS).
    pub until_ns: Option<u64>,
    /// The settings of the trace.
    pub trace: TraceConfig,
}

impl Default for KernelConfig {
    fn default() -> Self {
        KernelConfig {
            port_access_ns: 1_000,
            clock_interval_ns: 1_000_000,
            boot_time_100ns: 125_911_584_000_000_000,
            dpc_watchdog_ns: 20_000_000_000,
            longest_wait_ns: 3_600_000_000_000,
            longest_call_ns: 600_000_000_000,
            interrupt_storm_limit: 10_000,
            until_ns: None,
            trace: TraceConfig::default(),
        }
    }
}

/// The counters of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Interrupts taken. Each interrupt may call several service routines.
    pub interrupts: u64,
    /// Interrupts that no service routine claimed.
    pub unclaimed_interrupts: u64,
    /// DPCs that ran.
    pub dpcs: u64,
    /// Port reads.
    pub port_reads: u64,
    /// Port writes.
    pub port_writes: u64,
    /// Longest single DPC in ns.
    pub longest_dpc_ns: u64,
    /// Longest service of one interrupt in ns.
    pub longest_isr_ns: u64,
}

/// The actors and words that the kernel itself puts into a trace.
pub(crate) struct KernelNames {
    pub bus: NameId,
    pub line: NameId,
    pub hw: NameId,
    pub isr: NameId,
    pub dpc: NameId,
    pub kernel: NameId,
    pub debug_print: NameId,
    pub claimed: NameId,
    pub not_mine: NameId,
    pub synchronize: NameId,
    pub no_dpc: NameId,
}

impl KernelNames {
    fn new(trace: &Trace) -> Self {
        KernelNames {
            bus: trace.actor("bus", Layer::Hardware),
            line: trace.actor("line", Layer::Hardware),
            hw: trace.actor("hw", Layer::Hardware),
            isr: trace.actor("isr", Layer::Software),
            dpc: trace.actor("dpc", Layer::Software),
            kernel: trace.actor("kernel", Layer::Software),
            debug_print: trace.actor("dbgprint", Layer::Software),
            claimed: trace.name("claimed"),
            not_mine: trace.name("not mine"),
            synchronize: trace.name("KeSynchronizeExecution"),
            no_dpc: trace.name("without a DPC"),
        }
    }
}

pub(crate) struct KernelState {
    pub config: KernelConfig,
    pub names: KernelNames,

    pub bus: Bus,
    pub trace: Trace,

    pub now_ns: Cell<u64>,
    pub irql: Cell<Irql>,
    pub running: Cell<Running>,
    /// Where the processor is, as a trace shows it. This value follows from `irql` and `running`.
    pub level: Cell<Level>,
    /// The highest IRQL at which an interrupt line or a DPC waits. The value may be too high, but
    /// never too low. While there is an oracle, the value is above every level. When the current
    /// IRQL is at or above this value, a preemption point does nothing.
    pub attention: Cell<Irql>,
    pub deadlines: Deadlines,
    pub interrupts: InterruptController,
    pub dpcs: DpcQueue,
    pub work: WorkQueue,
    pub threads: Threads,
    pub locks: HeldLocks,
    pub waits: wait::StandingWaits,
    pub interfaces: DeviceInterfaces,
    pub handles: Handles,
    pub names_of_objects: ObjectNamespace,
    pub physical_memory: PhysicalMemory,
    pub pool: Pool,
    pub power: PowerManager,
    pub registry: Registry,
    pub installed: Installed,
    pub stop: StopState,
    pub code_judge: RefCell<Option<CodeJudge>>,
    pub violations: Violations,
    pub refusals: Refusals,
    pub counters: Cell<Counters>,
    pub warnings: Warnings,
    pub choices: Choices,
    /// The thread that runs now; 0 is the thread of the event loop.
    pub thread: Cell<u32>,
}

/// A handle to the simulated kernel; cloning it is cheap.
#[derive(Clone)]
pub struct Kernel {
    pub(crate) state: Rc<KernelState>,
}

impl Kernel {
    /// A kernel at power-on: time 0, PASSIVE_LEVEL, nothing on the bus.
    #[must_use]
    pub fn new(config: KernelConfig) -> Self {
        let trace = Trace::new(config.trace);
        let names = KernelNames::new(&trace);
        let deadlines = Deadlines::new(config.until_ns);
        Kernel {
            state: Rc::new(KernelState {
                config,
                names,
                bus: Bus::default(),
                trace,
                now_ns: Cell::new(0),
                irql: Cell::new(Irql::PASSIVE_LEVEL),
                running: Cell::new(Running::Thread),
                level: Cell::new(Level::Passive),
                attention: Cell::new(Irql::PASSIVE_LEVEL),
                deadlines,
                interrupts: InterruptController::default(),
                dpcs: DpcQueue::default(),
                work: WorkQueue::default(),
                threads: Threads::default(),
                locks: HeldLocks::default(),
                waits: wait::StandingWaits::default(),
                interfaces: DeviceInterfaces::default(),
                handles: Handles::default(),
                names_of_objects: ObjectNamespace::default(),
                physical_memory: PhysicalMemory::default(),
                pool: Pool::default(),
                power: PowerManager::default(),
                registry: Registry::default(),
                installed: Installed::default(),
                stop: StopState::default(),
                code_judge: RefCell::default(),
                violations: Violations::default(),
                refusals: Refusals::default(),
                counters: Cell::new(Counters::default()),
                warnings: Warnings::default(),
                choices: Choices::default(),
                thread: Cell::new(0),
            }),
        }
    }

    /// Ends the machine of this kernel. The kernel drops what waits: deadlines, DPCs, work items,
    /// system threads and power requests. It also drops what is registered, such as service
    /// routines, device interfaces, handles and names. Such objects often hold a handle to the
    /// kernel, so without this call a machine that stopped half-way would never free its memory. No
    /// code may run on the kernel after this call. The trace and the counters stay.
    pub fn end(&self) {
        let state = &self.state;
        state.deadlines.clear();
        state.dpcs.clear();
        state.work.clear();
        state.threads.clear();
        state.interrupts.clear();
        state.interfaces.clear();
        state.handles.clear();
        state.names_of_objects.clear();
        state.power.clear();
        state.choices.clear();
        state.installed.clear();
    }

    /// The settings of this kernel.
    #[must_use]
    pub fn config(&self) -> &KernelConfig {
        &self.state.config
    }

    /// The number of the thread that runs now. IRQL: any. A DPC and a service routine run in the
    /// thread that they interrupt.
    /// Assumed: a work item never runs in the thread whose wait lets the work item run.
    #[must_use]
    pub fn current_thread(&self) -> u32 {
        self.state.thread.get()
    }

    /// The recorder.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.state.trace
    }

    /// The counters so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let bus = &self.state.bus;
        let (port_reads, port_writes) = (bus.reads.get(), bus.writes.get());
        Counters { port_reads, port_writes, ..self.state.counters.get() }
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Counters)) {
        let mut counters = self.state.counters.get();
        change(&mut counters);
        self.state.counters.set(counters);
    }

    /// Where the processor is, as a trace shows it.
    #[inline]
    pub(crate) fn level(&self) -> Level {
        self.state.level.get()
    }

    /// Settles the level after a change of the IRQL or of what runs.
    #[inline]
    pub(crate) fn settle_level(&self) {
        let level = match self.current_irql().level() {
            Level::Device if !matches!(self.running(), Running::Interrupt(_)) => Level::Raised,
            level => level,
        };
        self.state.level.set(level);
    }

    /// Records an event of an actor that runs on the processor, at the current IRQL.
    #[inline]
    pub fn record(&self, who: NameId, event: Event) {
        if !self.is_frozen() {
            self.state.trace.record(self.now_ns(), self.level(), who, event);
        }
    }

    /// Records the end of a wait of an actor that runs on the processor. [`Event::Wait`] says what
    /// `counted_ns` means.
    pub fn record_wait(&self, who: NameId, object: &str, end: WaitEnd, counted_ns: u64) {
        if self.state.trace.is_recording() {
            let object = self.state.trace.name(object);
            self.record(who, Event::Wait { object, end, counted_ns });
        }
    }

    /// Records the end of a delay of `time_100ns`, in units of 100 ns, that began at `since_ns`.
    pub(crate) fn record_delay(&self, time_100ns: u64, since_ns: u64) {
        if !self.is_frozen() {
            let asked_ns = time_100ns.saturating_mul(100);
            let delay = Event::Delay { asked_ns, taken_ns: self.now_ns() - since_ns };
            let who = self.state.names.kernel;
            self.state.trace.record_delay(self.now_ns(), self.level(), who, delay);
        }
    }

    /// Records a call into `function`.
    #[inline]
    pub fn record_call(&self, who: NameId, function: NameId, argument: Argument) {
        self.record(who, Event::Call { function, argument });
    }

    /// Records the return from `function`.
    #[inline]
    pub fn record_return(
        &self,
        who: NameId,
        function: NameId,
        status: NtStatus,
        argument: Argument,
    ) {
        self.record(who, Event::Return { function, status, argument });
    }

    /// Records a note of an actor that runs on the processor.
    pub fn record_note(&self, who: NameId, text: &str) {
        if !self.is_frozen() && self.state.trace.is_recording() {
            let text = self.state.trace.text(text);
            self.record(who, Event::Note(text));
        }
    }

    /// Records a note about the hardware, which does not run on the processor.
    pub fn record_hardware_note(&self, text: &str) {
        if !self.is_frozen() && self.state.trace.is_recording() {
            let text = self.state.trace.text(text);
            let who = self.state.names.hw;
            self.state.trace.record(self.now_ns(), Level::Hardware, who, Event::Note(text));
        }
    }

    /// Sets a mark: a new time base for the reader of the trace.
    pub fn mark(&self, text: &str) {
        if self.is_frozen() {
            return;
        }
        log::debug!("{} ns: {text}", self.now_ns());
        if self.state.trace.is_recording() {
            let text = self.state.trace.text(text);
            self.record(self.state.names.kernel, Event::Mark(text));
        }
    }
}
