//! The driver's system threads, and their KTHREAD objects in guest memory.
//!
//! Source: WDK, PsCreateSystemThread, PsTerminateSystemThread, KeSetPriorityThread; wdm.h for the
//! numbers.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use cpu_x86::Mode;
use portcls_emulator::{Kernel, NORMAL_PRIORITY, NtStatus, Step, Thread, ThreadBody};

use super::handles::new_handle;
use super::waits::leave;
use crate::guest::Guest;
use crate::processor::control_region;
use crate::processor::space::Space;
use crate::processor::threads::{Entry, Exit, Standing};
use crate::routine::{Call, Out, Pointer, Routine, Word, row};
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("KeQueryPriorityThread", UpTo(DISPATCH_LEVEL), query_priority),
    row!("KeSetPriorityThread", ByKernel, set_priority),
    row!("PsCreateSystemThread", ByKernel, create_system_thread),
    row!("PsGetCurrentThreadId", UpTo(DISPATCH_LEVEL), get_current_thread_id),
    row!("PsTerminateSystemThread", UpTo(PASSIVE_LEVEL), terminate_system_thread),
];

/// `DISPATCHER_HEADER.Type` of a thread.
const THREAD_OBJECT: u8 = 6;

/// Bytes of a thread's object. Assumed: any size will do, because a KTHREAD is opaque to drivers.
/// Drivers find the header at the beginning of the object.
const THREAD_BYTES: usize = 0x400;

/// The process that system threads belong to. Source: Windows, the System process has this number.
const SYSTEM_PROCESS: u64 = 4;

/// The content of `PsThreadType`: a pointer to the object type of threads.
pub(super) fn thread_type(mode: Mode) -> Vec<u8> {
    let space = Space::of(mode);
    control_region::thread_type(space).to_le_bytes()[..space.pointer_bytes as usize].to_vec()
}

/// A system thread that the driver created, bound to the address of its object.
pub(super) struct SystemThread {
    object: u64,
    /// Empty until the kernel has made the thread.
    thread: OnceCell<Thread>,

    /// The references that the driver took.
    references: Cell<u64>,
    /// The handles that the driver has not closed.
    handles: Cell<u64>,
    has_ended: Cell<bool>,
}

impl SystemThread {
    /// The kernel's object for this thread.
    pub fn thread(&self) -> &Thread {
        self.thread.get().expect("it is made together with its object")
    }

    /// Counts references of the driver. Returns the number of all references, including the
    /// reference of the system. `None` when the driver gives back more than it took.
    pub fn count_reference(&self, guest: &Guest, change: i64) -> Option<u64> {
        let count = self.references.get().checked_add_signed(change)?;
        self.references.set(count);
        self.free_if_unused(guest);
        Some(count + 1)
    }

    /// Frees the object when the thread has ended and the driver can no longer reach it.
    fn free_if_unused(&self, guest: &Guest) {
        let in_use = self.references.get() + self.handles.get();
        if self.has_ended.get() && in_use == 0 && guest.unbind(self.object).is_some() {
            guest.free_object_block(self.object, THREAD_BYTES);
        }
    }

    /// Notes the end of the thread, and signals its object. An unused object is freed.
    fn end(&self, guest: &Guest) {
        self.has_ended.set(true);
        let signal = guest.layout().dispatcher_header.signal_state;
        guest.put_u32(Pointer(self.object).at(signal), 1);
        self.free_if_unused(guest);
    }
}

impl Bound for SystemThread {
    fn still_runs(&self) -> Option<String> {
        let number = self.thread().number();
        (!self.has_ended.get()).then(|| format!("its system thread {number} has not ended"))
    }

    fn left(&self) -> Option<&'static str> {
        (self.references.get() > 0).then_some("referenced system threads")
    }
}

/// A handle of a system thread.
pub(super) struct ThreadHandle(Rc<SystemThread>);

impl ThreadHandle {
    /// Notes that the driver closed the handle.
    pub fn close(&self, guest: &Guest) {
        self.0.handles.set(self.0.handles.get() - 1);
        self.0.free_if_unused(guest);
    }
}

impl Bound for ThreadHandle {
    fn left(&self) -> Option<&'static str> {
        Some("open handles of system threads")
    }
}

/// Takes a reference to the thread of a handle; returns the address of its object.
pub(super) fn reference_thread(guest: &Guest, handle: &ThreadHandle) -> Pointer {
    handle.0.count_reference(guest, 1);
    Pointer(handle.0.object)
}

/// The code of a system thread in the guest.
struct Body {
    guest: Guest,
    state: Rc<SystemThread>,
    routine: u64,
    context: u64,
    /// The state of the thread while it waits. The state is empty before the thread begins.
    standing: RefCell<Option<Box<Standing>>>,
    /// The rest of the work of the routine in which the thread waits. The work runs when the wait
    /// has ended.
    then: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl ThreadBody for Body {
    fn resume(&self, _kernel: &Kernel, status: NtStatus) -> Step {
        let guest = &self.guest;
        if guest.0.is_gone.get() {
            return Step::Ends(NtStatus::UNSUCCESSFUL);
        }
        let entry = match self.standing.take() {
            Some(standing) => Entry::GoOn(standing, u64::from(status.0)),
            None => Entry::Start(self.routine, self.context),
        };
        if let Some(then) = self.then.take() {
            then();
        }
        let exit = guest.0.vm.in_thread(self.state.object, || guest.0.vm.run_thread(guest, entry));
        let step = match exit {
            // A routine that returns ends its thread. Source: WDK, PsCreateSystemThread.
            Exit::Returned => Step::Ends(NtStatus::SUCCESS),
            Exit::Left(standing) => {
                self.standing.replace(Some(standing));
                let left = guest.0.left_step.take().expect("the routine left a step");
                self.then.replace(left.then);
                left.step
            }
        };
        if matches!(step, Step::Ends(_)) {
            self.state.end(guest);
        }
        step
    }
}

/// `NTSTATUS PsCreateSystemThread(PHANDLE, ULONG DesiredAccess, POBJECT_ATTRIBUTES, HANDLE
/// ProcessHandle, PCLIENT_ID, PKSTART_ROUTINE, PVOID StartContext)`
///
/// Assumed: the object attributes make no difference. On Windows only their flags matter for a
/// thread. Here the flags do not matter either, because a handle of the kernel is valid in every
/// process.
fn create_system_thread(
    call: &Call<'_>,
    out: Out<Word>,
    _access: u32,
    _attributes: Pointer,
    process: Word,
    client: Pointer,
    routine: Pointer,
    context: Pointer,
) -> Result<(), NtStatus> {
    let (guest, kernel) = (call.guest(), call.kernel());
    if process.0 != 0 {
        return Err(NtStatus::INVALID_HANDLE);
    }
    kernel.ask_allocation()?;
    let object = guest.try_object_block(&[0; THREAD_BYTES]);
    let object = object.ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
    let state = Rc::new(SystemThread {
        object,
        thread: OnceCell::new(),
        references: Cell::new(0),
        handles: Cell::new(1),
        has_ended: Cell::new(false),
    });
    let body = Rc::new(Body {
        guest: guest.clone(),
        state: Rc::clone(&state),
        routine: routine.0,
        context: context.0,
        standing: RefCell::default(),
        then: RefCell::default(),
    });
    let name = guest.describe_address(routine.0);
    let made = kernel.create_system_thread(&name, body);
    let thread = made.inspect_err(|_| guest.free_object_block(object, THREAD_BYTES))?;
    let mapped = {
        let vm = &guest.0.vm;
        vm.stacks.map_for_thread(&mut vm.cpu.borrow_mut(), thread.number())
    };
    if mapped.is_err() {
        kernel.unsupported("more stacks of system threads than there is memory for");
        return Err(NtStatus::INSUFFICIENT_RESOURCES);
    }
    let number = thread_id(thread.kernel_number());
    let _ = state.thread.set(thread);
    let header = Pointer(object);
    guest.put_u8(header.at(guest.layout().dispatcher_header.type_), THREAD_OBJECT);
    guest.bind(object, Rc::clone(&state) as Rc<dyn Bound>);
    let handle = new_handle(guest, ThreadHandle(state));
    out.set(guest, handle.ok_or(NtStatus::INSUFFICIENT_RESOURCES)?);
    if !client.is_null() {
        // CLIENT_ID has two pointers: the process and the thread. Source: wdm.h.
        guest.store_word(client.0, SYSTEM_PROCESS);
        guest.store_word(client.0.wrapping_add(guest.pointer_bytes()), number);
    }
    Ok(())
}

/// `NTSTATUS PsTerminateSystemThread(NTSTATUS)`
///
/// A thread that is not a system thread gets STATUS_INVALID_PARAMETER. A system thread can end only
/// in its own code. A method that the thread reached through the port cannot end the thread,
/// because the frames of the port would stay on the stack. Such a call ends the run.
fn terminate_system_thread(call: &Call<'_>, status: NtStatus) -> Result<(), NtStatus> {
    let guest = call.guest();
    if call.kernel().current_system_thread().is_none() {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    if !guest.0.vm.may_leave() {
        call.kernel().unsupported("PsTerminateSystemThread by code that the port called");
        return Err(NtStatus::NOT_SUPPORTED);
    }
    leave(guest, Step::Ends(status));
    Ok(())
}

/// `KPRIORITY KeSetPriorityThread(PKTHREAD, KPRIORITY)`: returns the earlier priority.
///
/// Assumed: the priority of a thread that is not a system thread of the driver stays as it is,
/// because such threads do not compete with each other here.
fn set_priority(call: &Call<'_>, thread: Pointer, priority: u32) -> i32 {
    match call.guest().bound::<SystemThread>(thread.0) {
        Some(found) => call.kernel().set_thread_priority(found.thread(), priority as i32),
        None => NORMAL_PRIORITY,
    }
}

/// `KPRIORITY KeQueryPriorityThread(PKTHREAD)`
fn query_priority(call: &Call<'_>, thread: Pointer) -> i32 {
    let found = call.guest().bound::<SystemThread>(thread.0);
    found.map_or(NORMAL_PRIORITY, |found| found.thread().priority())
}

/// `HANDLE PsGetCurrentThreadId(VOID)`
fn get_current_thread_id(call: &Call<'_>) -> Word {
    Word(thread_id(call.kernel().current_thread()))
}

/// The number of a thread as the system tells it.
/// Assumed: the numbers of threads are the multiples of 4 after the number of the process, as on
/// Windows.
fn thread_id(kernel_number: u32) -> u64 {
    SYSTEM_PROCESS + 4 * (1 + u64::from(kernel_number))
}
