//! Interrupt sync objects: service routines, and calls that exclude them.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{
    Claim, Interrupt, Irql, Kernel, Need, NtStatus, Resource, ResourceKind, Share, TriggerMode,
};

use crate::answer_query;
use crate::com::{IUnknown, Interface};
use crate::guid::Guid;
use crate::interfaces::{
    IInterruptSync, IResourceList, InterruptSyncMode, RoutinePosition, ServiceRoutine,
};
use crate::refusal::Told;
use crate::rules::require_irql_at_most;

/// After this many passes over the service routines for one interrupt, the run ends as a hang. In
/// the mode `Repeat` the passes would never end if a routine always returned success.
/// Source: WDK, Interrupt Sync Objects.
const PASS_LIMIT: u32 = 10_000;

/// The greatest number of service routines of one object. Assumed: this number, because no document
/// gives one.
const ROUTINE_LIMIT: usize = 256;

/// The name of the method that connects the interrupt, for the trace and for violations.
const CONNECT: &str = "IInterruptSync::Connect";

/// The object that `PcNewInterruptSync` makes.
struct InterruptSync {
    kernel: Kernel,
    mode: InterruptSyncMode,
    irql: Irql,
    vector: u32,
    trigger: TriggerMode,
    share: Share,

    _resources: Rc<dyn IResourceList>,
    this: Weak<InterruptSync>,

    routines: RefCell<Vec<ServiceRoutine>>,
    interrupt: RefCell<Option<Interrupt>>,
    told_unconnected: Cell<bool>,
}

/// Makes an interrupt sync object, not connected yet.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewInterruptSync.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the list has no interrupt of that index.
/// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object; aggregation is not offered.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
#[doc(alias = "PcNewInterruptSync")]
pub fn pc_new_interrupt_sync(
    kernel: &Kernel,
    outer: Option<Rc<dyn IUnknown>>,
    resources: &Rc<dyn IResourceList>,
    resource_index: u32,
    mode: InterruptSyncMode,
) -> Result<Rc<dyn IInterruptSync>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewInterruptSync");
    if outer.is_some() {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    let entry = resources.find_translated_entry(ResourceKind::Interrupt, resource_index);
    let Some(Resource::Interrupt { level, vector, trigger, share, .. }) = entry else {
        let none = Err(NtStatus::INVALID_PARAMETER);
        return none.told(kernel, Need::Required, "PcNewInterruptSync", || {
            format!("interrupt {resource_index} of the list, which has no such entry")
        });
    };
    kernel.ask_allocation()?;
    Ok(Rc::new_cyclic(|this: &Weak<InterruptSync>| InterruptSync {
        kernel: kernel.clone(),
        mode,
        irql: Irql(u8::try_from(level).unwrap_or(Irql::HIGH_LEVEL.0)),
        vector,
        trigger,
        share,
        _resources: Rc::clone(resources),
        this: Weak::clone(this),
        routines: RefCell::new(Vec::new()),
        interrupt: RefCell::new(None),
        told_unconnected: Cell::new(false),
    }))
}

impl InterruptSync {
    /// Calls the routines as the mode says.
    ///
    /// IRQL: the interrupt's, with its lock held.
    fn serve(&self, kernel: &Kernel) -> Claim {
        let mut claim = Claim::NotMine;
        for _ in 0..PASS_LIMIT {
            if self.pass(kernel) == Claim::NotMine {
                return claim;
            }
            claim = Claim::Mine;
            if self.mode != InterruptSyncMode::Repeat {
                return claim;
            }
        }
        kernel.hang("a pass in which no service routine of a Repeat sync object succeeds");
        claim
    }

    fn pass(&self, kernel: &Kernel) -> Claim {
        let mut claim = Claim::NotMine;
        let mut index = 0;
        loop {
            let routine = self.routines.borrow().get(index).cloned();
            let Some(routine) = routine else { return claim };
            index += 1;
            let status =
                kernel.call_driver_code("an interrupt service routine", || routine(kernel));
            if status == NtStatus::SUCCESS {
                claim = Claim::Mine;
                if self.mode == InterruptSyncMode::Normal {
                    return claim;
                }
            }
        }
    }

    /// Runs a synchronised routine while the interrupt is not connected, at DIRQL and without a
    /// lock.
    ///
    /// Without a connection there is no interrupt object, and so no lock. There is only one
    /// processor, so no code at this IRQL or below can run meanwhile.
    fn call_unconnected(
        &self,
        kernel: &Kernel,
        routine: &mut dyn FnMut(&Kernel) -> NtStatus,
    ) -> NtStatus {
        if !self.told_unconnected.replace(true) {
            let who = kernel.trace().name("port");
            kernel.record_note(who, "CallSynchronizedRoutine without a connected interrupt");
        }
        let old = kernel.raise_irql(self.irql.max(kernel.current_irql()));
        let status = routine(kernel);
        kernel.lower_irql(old);
        status
    }
}

impl IUnknown for InterruptSync {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IInterruptSync)
    }
}

impl IInterruptSync for InterruptSync {
    fn call_synchronized_routine(
        &self,
        kernel: &Kernel,
        routine: &mut dyn FnMut(&Kernel) -> NtStatus,
    ) -> NtStatus {
        require_irql_at_most(kernel, self.irql, "IInterruptSync::CallSynchronizedRoutine");
        let interrupt = self.interrupt.borrow().clone();
        match interrupt {
            Some(interrupt) => kernel.synchronize_execution(&interrupt, routine),
            None => self.call_unconnected(kernel, routine),
        }
    }

    fn get_kinterrupt(&self) -> Option<Interrupt> {
        self.interrupt.borrow().clone()
    }

    fn connect(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, CONNECT);
        if self.interrupt.borrow().is_some() {
            return Ok(());
        }
        if self.routines.borrow().is_empty() {
            let who = kernel.trace().name("port");
            kernel.record_note(who, "Connect without a service routine");
        }
        let this = Weak::clone(&self.this);
        let service = move |kernel: &Kernel| match this.upgrade() {
            Some(sync) => sync.serve(kernel),
            None => Claim::NotMine,
        };
        let interrupt =
            kernel.connect_interrupt(self.vector, self.trigger, self.share, Rc::new(service));
        let what = || format!("vector {:X}, {:?}, {:?}", self.vector, self.trigger, self.share);
        let interrupt = interrupt.told(kernel, Need::Required, CONNECT, what)?;
        *self.interrupt.borrow_mut() = Some(interrupt);
        Ok(())
    }

    fn disconnect(&self, kernel: &Kernel) {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IInterruptSync::Disconnect");
        let interrupt = self.interrupt.borrow_mut().take();
        if let Some(interrupt) = interrupt {
            kernel.disconnect_interrupt(&interrupt);
        }
    }

    fn register_service_routine(
        &self,
        kernel: &Kernel,
        routine: ServiceRoutine,
        position: RoutinePosition,
    ) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IInterruptSync::RegisterServiceRoutine");
        let mut routines = self.routines.borrow_mut();
        if routines.len() >= ROUTINE_LIMIT {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        match position {
            RoutinePosition::Head => routines.insert(0, routine),
            RoutinePosition::Tail => routines.push(routine),
        }
        Ok(())
    }
}

impl Drop for InterruptSync {
    fn drop(&mut self) {
        if let Some(interrupt) = self.interrupt.get_mut().take() {
            self.kernel.disconnect_interrupt(&interrupt);
        }
    }
}
