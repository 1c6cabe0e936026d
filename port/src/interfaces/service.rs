//! Service sinks and groups: from an interrupt to a call at DISPATCH_LEVEL.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use crate::com::IUnknown;

/// An object that is called when the hardware needs service.
///
/// The port implements this interface once for itself and once for each stream with a service
/// group. A service group implements the interface too, and a driver may implement it.
#[doc(alias = "PSERVICESINK")]
pub trait IServiceSink: IUnknown {
    /// Serves the hardware. A group queues its DPC, and calls its members in this DPC.
    ///
    /// After a request to a group, the DPC calls each member once, in the order in which the
    /// members were added. A member that was removed before its call gets no call. A second request
    /// before the DPC begins adds no call. A request while the DPC runs adds one more call of each
    /// member.
    ///
    /// IRQL: DISPATCH_LEVEL for a member of a group. Any for a group, because a group only queues
    /// its DPC. Never fails. Source: WDK, IServiceSink::RequestService. `Assumed:` for a group any
    /// IRQL is allowed. The page of the group says PASSIVE_LEVEL, but an ISR could not obey this.
    #[doc(alias = "IServiceSink::RequestService")]
    #[doc(alias = "IServiceGroup::RequestService")]
    fn request_service(&self, kernel: &Kernel);
}

/// A group of sinks behind a single DPC. A group is itself a sink, so it can be in another group.
///
/// PortCls implements this interface (`PcNewServiceGroup`); drivers and ports call it. All requests
/// before the DPC begins count as one request.
#[doc(alias = "PSERVICEGROUP")]
pub trait IServiceGroup: IServiceSink {
    /// Adds a sink and keeps a reference to the sink.
    ///
    /// `Assumed:` the group calls its members in the order in which they were added; the pages do
    /// not say.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IServiceGroup::AddMember.
    ///
    /// # Errors
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the group is full. The group keeps no reference and never
    ///   calls the sink.
    #[doc(alias = "IServiceGroup::AddMember")]
    fn add_member(&self, kernel: &Kernel, sink: Rc<dyn IServiceSink>) -> Result<(), NtStatus>;

    /// Removes a sink and drops the reference. When the sink is not a member, the call has no
    /// effect.
    ///
    /// The group removes the member that is the same object as `sink`. The group does not call the
    /// sink any more, even when the DPC is queued already.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IServiceGroup::RemoveMember.
    #[doc(alias = "IServiceGroup::RemoveMember")]
    fn remove_member(&self, kernel: &Kernel, sink: &Rc<dyn IServiceSink>);

    /// Prepares the timer of delayed service; the driver calls this before the first delayed
    /// request.
    ///
    /// IRQL: at most DISPATCH_LEVEL. Source: WDK, IServiceGroup::SupportDelayedService.
    #[doc(alias = "IServiceGroup::SupportDelayedService")]
    fn support_delayed_service(&self, kernel: &Kernel);

    /// Calls each member once, at a later time. A new request replaces the waiting request.
    ///
    /// Without [`support_delayed_service`](Self::support_delayed_service) no call follows, and the
    /// request is a violation. Units: 100 ns; negative is from now, positive is a point of system
    /// time.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IServiceGroup::RequestDelayedService. In C the number is
    /// unsigned; here it is read as signed.
    #[doc(alias = "IServiceGroup::RequestDelayedService")]
    fn request_delayed_service(&self, kernel: &Kernel, delay_100ns: i64);

    /// Cancels a delayed request that has not been served yet. This request then brings no call of
    /// the members.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IServiceGroup::CancelDelayedService.
    #[doc(alias = "IServiceGroup::CancelDelayedService")]
    fn cancel_delayed_service(&self, kernel: &Kernel);
}
