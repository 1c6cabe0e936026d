//! `IPortWaveRT` and `IMiniportWaveRT`, without streams.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use super::{IMiniport, IPort, IResourceList};
use crate::com::IUnknown;

/// The WaveRT port, whose clients write sound straight into the device's buffer.
///
/// The port implements this interface, and the driver calls the methods. The interface has no
/// method of its own. Sound is outside this program: the port binds its miniport, describes the
/// filter to clients, and opens no pin. So no driver ever gets an `IPortWaveRTStream`, and none is
/// made.
#[doc(alias = "PPORTWAVERT")]
pub trait IPortWaveRT: IPort {}

/// A WaveRT miniport.
///
/// The driver implements this interface, and the port calls the methods. `NewStream` and
/// `GetDeviceDescription`, which follow `Init` in the vtable, have no method here, because the port
/// never calls them. `Assumed:` the device's description is for the memory of streams. The page
/// does not say when the port asks for the description.
#[doc(alias = "PMINIPORTWAVERT")]
pub trait IMiniportWaveRT: IMiniport {
    /// Starts the miniport.
    ///
    /// The port calls this once, in `IPort::Init`. `resources` is what the adapter driver gave to
    /// `IPort::Init`; it may be absent.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportWaveRT::Init.
    ///
    /// # Errors
    /// - Any failure: `IPort::Init` fails with the same status, and the port releases the miniport.
    ///   No other call of the miniport follows.
    #[doc(alias = "IMiniportWaveRT::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortWaveRT>,
    ) -> Result<(), NtStatus>;
}
