//! Service groups: sinks behind one DPC, and delayed service.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use portcls_emulator::{Dpc, DueTime, Irql, Kernel, NtStatus, Timer, TimerKind};

use crate::answer_query;
use crate::com::{IUnknown, Interface};
use crate::guid::Guid;
use crate::interfaces::{IServiceGroup, IServiceSink};
use crate::rules::{self, require_irql_at_most};

/// The greatest number of members of one group. Assumed: this number, because no document gives
/// one.
const MEMBER_LIMIT: usize = 256;

/// The group that `PcNewServiceGroup` makes.
struct ServiceGroup {
    kernel: Kernel,

    dpc: Dpc,
    delayed_dpc: Dpc,

    timer: RefCell<Option<Timer>>,
    members: RefCell<Vec<Rc<dyn IServiceSink>>>,
}

/// Makes a service group without members.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewServiceGroup.
///
/// # Errors
/// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object; aggregation is not offered. PortCls
///   itself passes no outer object.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
#[doc(alias = "PcNewServiceGroup")]
pub fn pc_new_service_group(
    kernel: &Kernel,
    outer: Option<Rc<dyn IUnknown>>,
) -> Result<Rc<dyn IServiceGroup>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewServiceGroup");
    if outer.is_some() {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    kernel.ask_allocation()?;
    Ok(Rc::new_cyclic(|group: &Weak<ServiceGroup>| ServiceGroup {
        kernel: kernel.clone(),
        dpc: service_dpc(kernel, group),
        delayed_dpc: service_dpc(kernel, group),
        timer: RefCell::new(None),
        members: RefCell::new(Vec::new()),
    }))
}

/// A DPC that serves a group's members. KeInsertQueueDpc must not queue a DPC that belongs to a
/// timer. So a group has two DPCs, and one of them is for its timer.
fn service_dpc(kernel: &Kernel, group: &Weak<ServiceGroup>) -> Dpc {
    let group = Weak::clone(group);
    Dpc::new(
        kernel,
        "service group",
        Rc::new(move |kernel| {
            if let Some(group) = group.upgrade() {
                group.serve_members(kernel);
            }
        }),
    )
}

/// A sink's membership in a group. The owner of the membership uses it to leave the group.
pub(crate) struct Membership {
    group: Rc<dyn IServiceGroup>,
    sink: Rc<dyn IServiceSink>,
}

impl Membership {
    /// Adds `sink` to `group`.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The status with which the group refused the sink.
    pub fn join(
        kernel: &Kernel,
        group: Rc<dyn IServiceGroup>,
        sink: Rc<dyn IServiceSink>,
    ) -> Result<Membership, NtStatus> {
        group.add_member(kernel, Rc::clone(&sink))?;
        Ok(Membership { group, sink })
    }

    /// The group.
    pub fn group(&self) -> Rc<dyn IServiceGroup> {
        Rc::clone(&self.group)
    }

    /// Takes the sink out of the group.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn leave(self, kernel: &Kernel) {
        self.group.remove_member(kernel, &self.sink);
    }
}

impl ServiceGroup {
    /// Calls every member, in the order in which they were added. A member that another member's
    /// call has removed from the group gets no call.
    fn serve_members(&self, kernel: &Kernel) {
        let members = self.members.borrow().clone();
        for sink in members {
            let still_member = self.members.borrow().iter().any(|other| Rc::ptr_eq(other, &sink));
            if still_member {
                sink.request_service(kernel);
            }
        }
    }
}

impl IUnknown for ServiceGroup {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IServiceGroup, IServiceSink)
    }
}

impl IServiceSink for ServiceGroup {
    fn request_service(&self, kernel: &Kernel) {
        kernel.insert_queue_dpc(&self.dpc);
    }
}

impl IServiceGroup for ServiceGroup {
    fn add_member(&self, kernel: &Kernel, sink: Rc<dyn IServiceSink>) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IServiceGroup::AddMember");
        let mut members = self.members.borrow_mut();
        if members.len() >= MEMBER_LIMIT {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        members.push(sink);
        Ok(())
    }

    fn remove_member(&self, kernel: &Kernel, sink: &Rc<dyn IServiceSink>) {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IServiceGroup::RemoveMember");
        let removed = {
            let mut members = self.members.borrow_mut();
            let position = members.iter().position(|other| Rc::ptr_eq(other, sink));
            position.map(|position| members.remove(position))
        };
        // This statement may drop the last reference, and the sink's destructor may call this
        // group.
        drop(removed);
    }

    fn support_delayed_service(&self, kernel: &Kernel) {
        require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "IServiceGroup::SupportDelayedService");
        self.timer.borrow_mut().get_or_insert_with(|| Timer::new(TimerKind::Notification));
    }

    fn request_delayed_service(&self, kernel: &Kernel, delay_100ns: i64) {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IServiceGroup::RequestDelayedService");
        let timer = self.timer.borrow().clone();
        let Some(timer) = timer else {
            let message = "RequestDelayedService without SupportDelayedService";
            kernel.report_violation(&rules::DELAYED_SERVICE_UNSUPPORTED, message);
            return;
        };
        let time_100ns = delay_100ns.unsigned_abs();
        let due = if delay_100ns < 0 {
            DueTime::Relative(time_100ns)
        } else {
            DueTime::Absolute(time_100ns)
        };
        kernel.set_timer(&timer, due, 0, Some(&self.delayed_dpc));
    }

    fn cancel_delayed_service(&self, kernel: &Kernel) {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IServiceGroup::CancelDelayedService");
        let timer = self.timer.borrow().clone();
        if let Some(timer) = timer {
            kernel.cancel_timer(&timer);
            kernel.remove_queue_dpc(&self.delayed_dpc);
        }
    }
}

impl Drop for ServiceGroup {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.get_mut() {
            self.kernel.cancel_timer(timer);
        }
        self.kernel.remove_queue_dpc(&self.dpc);
        self.kernel.remove_queue_dpc(&self.delayed_dpc);
    }
}
