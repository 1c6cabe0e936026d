//! `IPortEvents`: the list of events that clients have enabled.

use std::rc::Rc;

use portcls_emulator::Kernel;

use crate::com::IUnknown;
use crate::event::KsEventEntry;
use crate::guid::Guid;

/// The list of a port, for its miniport.
///
/// The port implements this interface. The miniport queries the port for the interface and calls
/// its methods.
#[doc(alias = "PPORTEVENTS")]
pub trait IPortEvents: IUnknown {
    /// Adds an event that a client enables; the miniport's handler calls this.
    ///
    /// The entry comes from the request with [`PcEventVerb::Add`](crate::event::PcEventVerb::Add)
    /// that the handler serves. Another entry, or the same entry a second time, is a violation and
    /// changes nothing.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IPortEvents::AddEventToEventList.
    #[doc(alias = "IPortEvents::AddEventToEventList")]
    fn add_event_to_event_list(&self, kernel: &Kernel, entry: Rc<KsEventEntry>);

    /// Tells the clients that an event has happened.
    ///
    /// The port tells the client of each event of the list that fits. An event fits when its
    /// number, its set, its pin and its node are equal to those of the call. Without a set in the
    /// call, events of every set fit. The same holds for the pin and for the node. An event that
    /// was enabled for one notice leaves the list.
    ///
    /// IRQL: any. Above DISPATCH_LEVEL the call only queues a DPC, and the DPC tells the clients.
    /// The DPC has the parameters of one call. So when several calls come before the DPC runs, only
    /// the last call counts. Never fails. Source: WDK, IPortEvents::GenerateEventList.
    #[doc(alias = "IPortEvents::GenerateEventList")]
    fn generate_event_list(
        &self,
        kernel: &Kernel,
        set: Option<&Guid>,
        id: u32,
        pin: Option<u32>,
        node: Option<u32>,
    );
}
