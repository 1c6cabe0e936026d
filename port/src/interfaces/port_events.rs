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

    /// Tells the clients of an event that it has happened.
    ///
    /// Each event of the list that fits is signalled: the number of the event is equal, and so are
    /// the set, the pin and the node, each of which counts for all when it is absent. An event that
    /// was enabled for one time leaves the list.
    ///
    /// IRQL: any. Above DISPATCH_LEVEL a DPC does it, which has the parameters of one call: of
    /// several calls in a row, one may be lost. Never fails.
    /// Source: WDK, IPortEvents::GenerateEventList.
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
