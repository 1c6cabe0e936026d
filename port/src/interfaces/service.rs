//! Service sinks and groups: how an interrupt becomes a call at DISPATCH_LEVEL.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use crate::com::IUnknown;

/// Something that wants to be told when the hardware needs service.
///
/// Implemented by the port and its pins, called in the DPC of a group they are members of.
#[doc(alias = "PSERVICESINK")]
pub trait IServiceSink: IUnknown {
    /// Serves, or for a group, has its members served soon.
    ///
    /// IRQL: DISPATCH_LEVEL for a member of a group; any for a group, which only queues its DPC.
    /// Never fails. Source: WDK, IServiceSink::RequestService. `Assumed:` the page of the group
    /// says PASSIVE_LEVEL, which an ISR could not obey.
    #[doc(alias = "IServiceSink::RequestService")]
    #[doc(alias = "IServiceGroup::RequestService")]
    fn request_service(&self, kernel: &Kernel);
}

/// A group of sinks behind one DPC; a group is itself a sink, so groups nest.
///
/// Implemented by PortCls (`PcNewServiceGroup`), called by drivers and ports. Requests made
/// before the DPC has run are one request.
#[doc(alias = "PSERVICEGROUP")]
pub trait IServiceGroup: IServiceSink {
    /// Adds a sink and keeps a reference to it.
    ///
    /// `Assumed:` members are called in the order they were added; the pages do not say.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IServiceGroup::AddMember.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when the group is full.
    #[doc(alias = "IServiceGroup::AddMember")]
    fn add_member(&self, kernel: &Kernel, sink: Rc<dyn IServiceSink>) -> Result<(), NtStatus>;

    /// Removes a sink, known by its object, and drops the reference; without effect when it is
    /// no member.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IServiceGroup::RemoveMember.
    #[doc(alias = "IServiceGroup::RemoveMember")]
    fn remove_member(&self, kernel: &Kernel, sink: &Rc<dyn IServiceSink>);

    /// Prepares the timer of delayed service; called once, before the first delayed request.
    ///
    /// IRQL: at most DISPATCH_LEVEL. Source: WDK, IServiceGroup::SupportDelayedService.
    #[doc(alias = "IServiceGroup::SupportDelayedService")]
    fn support_delayed_service(&self, kernel: &Kernel);

    /// Has the members served once, later; a new request replaces the one that waits.
    ///
    /// Units: 100 ns; negative is from now, positive is a point of system time.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IServiceGroup::RequestDelayedService, where the number is
    /// unsigned in C and read as signed.
    #[doc(alias = "IServiceGroup::RequestDelayedService")]
    fn request_delayed_service(&self, kernel: &Kernel, delay_100ns: i64);

    /// Takes back a delayed request that has not yet been served.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IServiceGroup::CancelDelayedService.
    #[doc(alias = "IServiceGroup::CancelDelayedService")]
    fn cancel_delayed_service(&self, kernel: &Kernel);
}
