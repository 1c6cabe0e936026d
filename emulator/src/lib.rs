//! The simulated NT kernel: one processor, integer time, and a trace.
//!
//! Owns: the clock, IRQL, interrupt lines and their service routines, the DPC queue, timers, spin
//! locks, mutexes, events, semaphores and waits, the handles of a program, work items, system
//! threads, pool, physical addresses, the bus of I/O ports, IRPs and device objects, power
//! requests, the registry, device interfaces, the names of objects, bug checks, the rules of its
//! routines, the choices that an oracle answers, and the trace. This crate never knows what the
//! devices on its bus are for.
//!
//! # How a run works
//!
//! Nothing ticks. The clock stands still until code lets time pass: a port access, a stall, the
//! instructions of a compiled driver, a wait, or the event loop of an idle thread. While time
//! passes, the kernel serves the deadlines (timers, devices, scheduled callbacks) in order. An ISR
//! or a DPC is a plain call on the stack of the thread that it interrupts, as on a real machine
//! with one processor. An ISR or a DPC can begin at one place only, the preemption point of
//! `preempt.rs`. Waits nest too: an outer wait returns only after the inner wait has ended. Only
//! the code of a system thread waits without nesting, see `thread.rs`.
//!
//! A [`Kernel`] is a cheap handle; an object may keep one for its destructor. A bug check unwinds
//! to [`Kernel::enter`]. After the bug check the kernel is frozen: its routines return at once and
//! do nothing.

mod bug_check;
mod bus;
pub mod choice;
mod clock;
mod debug_print;
mod device_interface;
mod device_object;
mod dpc;
mod endless;
mod event;
mod handle;
mod inspection;
mod installed;
mod interrupt;
mod irp;
mod irql;
mod kernel;
mod mutex;
mod numbered;
mod object_namespace;
mod physical_memory;
mod pool;
mod power;
mod preempt;
mod queues;
mod refusal;
pub mod registry;
mod repetition;
mod requirements;
mod resource;
mod rule;
pub mod rules;
mod running;
mod semaphore;
mod spin_lock;
mod status;
mod stop;
mod thread;
mod timer;
pub mod trace;
mod violation;
mod wait;
mod wait_set;
mod warning;
mod work_item;

pub use bug_check::{
    BUG_CHECKS, BugCheck, BugCheckCode, BugCheckEntry, Distinction, ParameterWords,
};
pub use bus::{
    Answer, BusDevice, DeviceId, DeviceReply, MOST_DEVICES_WITH_LINE, Outputs, SerialByte,
    UnclaimedAccesses,
};
pub use clock::{LONGEST_RUN_NS, Progress};
pub use device_interface::{
    DeviceInterface, InterfaceChange, InterfaceProperty, InterfaceRoutine, InterfaceState,
    InterfaceValue, InterfaceWatch, Registration,
};
pub use device_object::{
    AddDeviceRoutine, DeviceKeys, DeviceObject, DispatchRoutine, DriverObject, FileObject,
    LastHandleRoutine, MajorFunction, ObjectType, UnloadRoutine,
};
pub use dpc::{Dpc, DpcImportance, DpcRoutine};
pub use endless::{CodeJudge, Course};
pub use event::{Event, EventKind};
pub use handle::HandleTarget;
pub use inspection::{Inspection, Moment};
pub use interrupt::{Claim, Interrupt, InterruptLine, InterruptMode, InterruptRoutine, LineState};
pub use irp::{CancelRoutine, CompletionRoutine, Irp, Mdl, Parameters, PnpMinor, PnpRequest};
pub use irql::Irql;
pub use kernel::{Counters, Kernel, KernelConfig};
pub use mutex::{FastMutex, Mutex};
pub use physical_memory::{CONTIGUOUS_MEMORY, PhysicalRequest};
pub use pool::{PoolBlock, PoolLeak, PoolType};
pub use power::{
    DeviceCapabilities, DevicePowerState, PowerAction, PowerCompletion, PowerRequest, PowerSource,
    PowerState, PowerStateType, SystemPowerState,
};
pub use refusal::{Need, RefusedCall};
pub use requirements::{AddressRange, Requirement, RequirementRange, ResourceRequirements};
pub use resource::{Resource, ResourceKind, Share, TriggerMode};
pub use rule::{Rule, Severity};
pub use running::Running;
pub use semaphore::Semaphore;
pub use spin_lock::SpinLock;
pub use status::NtStatus;
pub use stop::{Hang, Stop, StopObserver};
pub use thread::{NORMAL_PRIORITY, PRIORITIES, SYSTEM_THREADS, Step, Thread, ThreadBody};
pub use timer::{DueTime, Timer, TimerKind};
pub use violation::{CallSiteSource, Violation};
pub use wait::{Timeout, Waitable, WaitedFor};
pub use wait_set::{WAIT_OBJECTS, WaitSet, WaitType};
pub use warning::{Advice, Warning};
pub use work_item::WorkItem;
