//! Cancel-safe queues: the driver keeps requests, the system cancels them.
//!
//! CsqInsertIrp, CsqRemoveIrp and CsqPeekNextIrp of an IO_CSQ run under the driver's own lock, at
//! the IRQL that this lock has. CsqCompleteCanceledIrp runs without this lock.
//! Assumed: the fields of an IO_CSQ_IRP_CONTEXT and DriverContext\[3\] of the IRP are written as
//! csq.h describes them; drivers must not read them.
//!
//! Source: WDK, Cancel-Safe IRP Queues and the pages of the routines; csq.h for the structures.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::rules::IRQL_RETURN;
use portcls_emulator::{Irp, NtStatus};

use super::requests::current_location;
use crate::guest::Guest;
use crate::memory::at;
use crate::routine::{Argument, Call, Pointer, Routine, Words, row};
use crate::rules::UNINITIALISED_OBJECT;

pub(super) static ROUTINES: &[Routine] = &[
    row!("IoCsqInitialize", UpTo(HIGH_LEVEL), initialize),
    row!("IoCsqInitializeEx", UpTo(HIGH_LEVEL), initialize_ex),
    row!("IoCsqInsertIrp", UpTo(DISPATCH_LEVEL), insert_irp),
    row!("IoCsqInsertIrpEx", UpTo(DISPATCH_LEVEL), insert_irp_ex),
    row!("IoCsqRemoveIrp", UpTo(DISPATCH_LEVEL), remove_irp),
    row!("IoCsqRemoveNextIrp", UpTo(DISPATCH_LEVEL), remove_next_irp),
];

/// IO_TYPE_CSQ_IRP_CONTEXT, IO_TYPE_CSQ and IO_TYPE_CSQ_EX.
const TYPE_CONTEXT: u32 = 1;
const TYPE_QUEUE: u32 = 2;
const TYPE_QUEUE_EX: u32 = 3;

/// The number of words in DriverContext before the word that these routines use.
const WORDS_BEFORE: u64 = 3;

/// A search of the driver's queue looks at no more than this number of requests. Without this limit
/// the search would never end when CsqPeekNextIrp always finds the same request.
const MOST_PEEKS: u32 = 0x1_0000;

/// A queue in the driver's memory.
#[derive(Clone)]
struct Queue {
    guest: Guest,
    address: u64,
}

/// Whether a request was cancelled while the driver put it into its queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cancelled {
    Not,
    Meanwhile,
}

/// The callbacks of a queue, in the order of the parameters of IoCsqInitialize: insert, remove,
/// peek, acquire, release, complete.
struct Callbacks([Pointer; 6]);

impl Argument for Callbacks {
    const WORDS: u8 = 6;

    fn take(words: &mut Words<'_>) -> Option<Callbacks> {
        let mut callbacks = [Pointer(0); 6];
        for callback in &mut callbacks {
            *callback = Pointer::take(words)?;
        }
        Some(Callbacks(callbacks))
    }
}

/// `NTSTATUS IoCsqInitialize(PIO_CSQ, PIO_CSQ_INSERT_IRP, PIO_CSQ_REMOVE_IRP,
/// PIO_CSQ_PEEK_NEXT_IRP, PIO_CSQ_ACQUIRE_LOCK, PIO_CSQ_RELEASE_LOCK,
/// PIO_CSQ_COMPLETE_CANCELED_IRP)`
fn initialize(call: &Call<'_>, queue: Pointer, callbacks: Callbacks) -> NtStatus {
    write_queue(call.guest(), queue, TYPE_QUEUE, callbacks)
}

/// `NTSTATUS IoCsqInitializeEx(...)`: like IoCsqInitialize, but with a CsqInsertIrpEx.
fn initialize_ex(call: &Call<'_>, queue: Pointer, callbacks: Callbacks) -> NtStatus {
    write_queue(call.guest(), queue, TYPE_QUEUE_EX, callbacks)
}

fn write_queue(guest: &Guest, queue: Pointer, kind: u32, callbacks: Callbacks) -> NtStatus {
    let fields = &guest.layout().io_csq;
    guest.store_u32(queue.at(fields.type_), kind);
    let mut field = queue.at(fields.csq_insert_irp);
    for callback in callbacks.0 {
        guest.store_word(field, callback.0);
        field = field.wrapping_add(guest.pointer_bytes());
    }
    guest.store_word(queue.at(fields.reserve_pointer), 0);
    NtStatus::SUCCESS
}

/// The queue at an address. If the memory does not begin with the type of a queue, the driver has
/// not initialised the queue. This is a violation, and the result is `None`.
fn queue_at(call: &Call<'_>, address: Pointer) -> Option<Queue> {
    let guest = call.guest();
    let queue = Queue { guest: guest.clone(), address: address.0 };
    match queue.kind() {
        TYPE_QUEUE | TYPE_QUEUE_EX => Some(queue),
        _ => {
            let name = call.routine().name;
            let message = format!("{name} of an IO_CSQ that was not initialised");
            call.kernel().report_violation(&UNINITIALISED_OBJECT, &message);
            None
        }
    }
}

/// `VOID IoCsqInsertIrp(PIO_CSQ, PIRP, PIO_CSQ_IRP_CONTEXT)`
fn insert_irp(call: &Call<'_>, queue: Pointer, irp: Pointer, context: Pointer) {
    insert_irp_ex(call, queue, irp, context, Pointer::NULL);
}

/// `NTSTATUS IoCsqInsertIrpEx(PIO_CSQ, PIRP, PIO_CSQ_IRP_CONTEXT, PVOID InsertContext)`
fn insert_irp_ex(
    call: &Call<'_>,
    queue: Pointer,
    irp: Pointer,
    context: Pointer,
    insert_context: Pointer,
) -> NtStatus {
    let Some(queue) = queue_at(call, queue) else { return NtStatus::INVALID_PARAMETER };
    queue.insert(irp.0, context, insert_context)
}

/// `PIRP IoCsqRemoveNextIrp(PIO_CSQ, PVOID PeekContext)`
fn remove_next_irp(call: &Call<'_>, queue: Pointer, peek_context: Pointer) -> Pointer {
    let Some(queue) = queue_at(call, queue) else { return Pointer::NULL };
    Pointer(queue.remove_next(peek_context))
}

/// `PIRP IoCsqRemoveIrp(PIO_CSQ, PIO_CSQ_IRP_CONTEXT)`: null when the request is no longer in the
/// queue.
fn remove_irp(call: &Call<'_>, queue: Pointer, context: Pointer) -> Pointer {
    let Some(queue) = queue_at(call, queue) else { return Pointer::NULL };
    Pointer(queue.remove(context))
}

impl Queue {
    fn kind(&self) -> u32 {
        self.guest.load_u32(at(self.address, self.guest.layout().io_csq.type_))
    }

    /// Calls the callback in a field with the queue and further words.
    fn call(&self, field: u32, words: &[u64]) -> u64 {
        let routine = self.guest.load_word(at(self.address, field));
        let words: Vec<u64> = std::iter::once(self.address).chain(words.iter().copied()).collect();
        let result = self.guest.call(routine, &words);
        if self.guest.pointer_bytes() == 8 { result } else { result & u64::from(u32::MAX) }
    }

    /// Runs `work` under the driver's lock. `None` when the stack has no room for the old IRQL.
    /// When the driver's lock routines do not restore the IRQL, the driver breaks a rule.
    fn locked<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let fields = &self.guest.layout().io_csq;
        let kernel = self.guest.kernel();
        let before = kernel.current_irql();
        self.guest.with_scratch(self.guest.pointer_bytes(), |irql_at| {
            self.call(fields.csq_acquire_lock, &[irql_at]);
            let result = work();
            let irql = self.guest.load_u8(irql_at);
            self.call(fields.csq_release_lock, &[irql.into()]);
            if kernel.current_irql() != before {
                let message = format!("CsqReleaseLock returned at {}", kernel.current_irql());
                kernel.report_violation(&IRQL_RETURN, &message);
                kernel.restore_irql(before);
            }
            result
        })
    }

    /// Puts a request into the queue. From then on the kernel can cancel the request.
    ///
    /// A request that was cancelled before this call is not put into the queue.
    /// Assumed: CsqCompleteCanceledIrp completes such a request, just like a cancelled request in
    /// the queue.
    fn insert(&self, irp: u64, context: Pointer, insert_context: Pointer) -> NtStatus {
        let guest = &self.guest;
        let fields = &guest.layout().io_csq;
        let request = guest.irp_at(irp);
        self.write_context(irp, context);
        if request.as_ref().is_some_and(Irp::is_cancelled) {
            guest.mark_location(current_location(guest, irp));
            self.clear_context(irp);
            self.call(fields.csq_complete_canceled_irp, &[irp]);
            return NtStatus::SUCCESS;
        }
        let is_cancelled = Cell::new(false);
        let inserted = self.locked(|| {
            let words = [irp, insert_context.0];
            let status = match self.kind() {
                TYPE_QUEUE_EX => NtStatus(self.call(fields.csq_insert_irp, &words) as u32),
                _ => {
                    self.call(fields.csq_insert_irp, &words[..1]);
                    NtStatus::SUCCESS
                }
            };
            if status.is_success() {
                guest.mark_location(current_location(guest, irp));
                is_cancelled.set(self.let_be_cancelled(irp, request) == Cancelled::Meanwhile);
            }
            if is_cancelled.get() {
                self.call(fields.csq_remove_irp, &[irp]);
            }
            status
        });
        let status = inserted.unwrap_or(NtStatus::UNSUCCESSFUL);
        if !status.is_success() || is_cancelled.get() {
            self.clear_context(irp);
        }
        if is_cancelled.get() {
            self.call(fields.csq_complete_canceled_irp, &[irp]);
        }
        status
    }

    /// Sets the cancel routine of a request, unless the request was cancelled while the driver put
    /// it into the queue. A request that the driver allocated has no cancel routine, because
    /// nothing here cancels such a request.
    fn let_be_cancelled(&self, irp: u64, request: Option<Irp>) -> Cancelled {
        let Some(request) = request else { return Cancelled::Not };
        request.mark_pending();
        if request.is_cancelled() {
            return Cancelled::Meanwhile;
        }
        let queue = self.clone();
        request.set_cancel_routine(Some(Rc::new(move |_, _| queue.cancel(irp))));
        Cancelled::Not
    }

    /// Takes a cancelled request out of the queue and lets the driver complete it.
    fn cancel(&self, irp: u64) {
        let fields = &self.guest.layout().io_csq;
        self.guest.put_u8(at(irp, self.guest.layout().irp.cancel), 1);
        let removed = self.locked(|| {
            self.call(fields.csq_remove_irp, &[irp]);
            self.clear_context(irp);
        });
        if removed.is_some() {
            self.call(fields.csq_complete_canceled_irp, &[irp]);
        }
    }

    /// Removes from the queue the first request that CsqPeekNextIrp finds and that is not being
    /// cancelled. Returns this request, or 0 when there is no such request.
    fn remove_next(&self, peek_context: Pointer) -> u64 {
        let fields = &self.guest.layout().io_csq;
        let removed = self.locked(|| {
            let mut irp = 0;
            for _ in 0..MOST_PEEKS {
                irp = self.call(fields.csq_peek_next_irp, &[irp, peek_context.0]);
                if irp == 0 {
                    break;
                }
                if self.take_from_cancelling(irp) {
                    self.call(fields.csq_remove_irp, &[irp]);
                    self.clear_context(irp);
                    return irp;
                }
            }
            0
        });
        removed.unwrap_or(0)
    }

    /// Removes the request of a context from the queue. Returns this request, or 0 when the request
    /// is not in the queue or is being cancelled.
    fn remove(&self, context: Pointer) -> u64 {
        let guest = &self.guest;
        let removed = self.locked(|| {
            let irp = guest.load_word(context.at(guest.layout().io_csq_irp_context.irp));
            if irp == 0 || !self.take_from_cancelling(irp) {
                return 0;
            }
            self.call(guest.layout().io_csq.csq_remove_irp, &[irp]);
            self.clear_context(irp);
            irp
        });
        removed.unwrap_or(0)
    }

    /// Removes the cancel routine of a request. Returns false when the kernel has already taken the
    /// cancel routine in order to call it.
    fn take_from_cancelling(&self, irp: u64) -> bool {
        let request = self.guest.irp_at(irp);
        request.is_none_or(|request| request.set_cancel_routine(None).is_some())
    }

    /// Fills in the driver's context, and writes the address of the context into the request.
    /// Without a context, the request gets the address of the queue.
    fn write_context(&self, irp: u64, context: Pointer) {
        let guest = &self.guest;
        let fields = &guest.layout().io_csq_irp_context;
        if context.is_null() {
            guest.store_word(self.kept_in(irp), self.address);
            return;
        }
        guest.store_u32(context.at(fields.type_), TYPE_CONTEXT);
        guest.store_word(context.at(fields.irp), irp);
        guest.store_word(context.at(fields.csq), self.address);
        guest.store_word(self.kept_in(irp), context.0);
    }

    /// If the request has a context, notes there that the request is out of the queue.
    fn clear_context(&self, irp: u64) {
        let guest = &self.guest;
        let kept = guest.load_word(self.kept_in(irp));
        guest.store_word(self.kept_in(irp), 0);
        if kept != 0 && kept != self.address {
            guest.store_word(at(kept, guest.layout().io_csq_irp_context.irp), 0);
        }
    }

    /// The address of DriverContext\[3\] of a request.
    fn kept_in(&self, irp: u64) -> u64 {
        let context = at(irp, self.guest.layout().irp.tail_overlay_driver_context);
        context.wrapping_add(WORDS_BEFORE * self.guest.pointer_bytes())
    }
}
