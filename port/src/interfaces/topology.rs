//! `IPortTopology` and `IMiniportTopology`: a filter that moves no data.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use super::{IMiniport, IPort, IResourceList};
use crate::com::IUnknown;

/// The topology port, the object of `CLSID_PortTopology`. The interface has no method beside those
/// of `IPort`.
///
/// The port implements this interface, and the driver calls the methods. Source: WDK,
/// IPortTopology.
#[doc(alias = "PPORTTOPOLOGY")]
pub trait IPortTopology: IPort {}

/// A topology miniport: its filter describes pins, nodes and the lines between them.
///
/// The driver implements this interface, and the port calls the methods. There is no stream and no
/// service group, and no client can open a pin of the filter.
#[doc(alias = "PMINIPORTTOPOLOGY")]
pub trait IMiniportTopology: IMiniport {
    /// Starts the miniport.
    ///
    /// The port calls this once, from `IPort::Init`. `resources` is what the adapter driver gave to
    /// `IPort::Init`. A driver whose topology has no hardware of its own gives no resources.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportTopology::Init; a published sample, which gives
    /// no resources.
    ///
    /// # Errors
    /// - Any failure: `IPort::Init` fails with the same status. The port releases the miniport,
    ///   and no other call of the miniport follows.
    #[doc(alias = "IMiniportTopology::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortTopology>,
    ) -> Result<(), NtStatus>;
}
