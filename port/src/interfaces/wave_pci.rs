//! `IPortWavePci` and `IMiniportWavePci`, without streams.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};

use super::{DmaAddresses, IDmaChannel, IMiniport, IPort, IResourceList, IServiceGroup};
use crate::com::IUnknown;

/// The WavePci port, for a device that fetches sound from buffers anywhere in memory.
///
/// The port implements this interface, and the miniport calls the methods. Sound is outside this
/// program: the port binds its miniport, describes the filter to clients, and opens no pin. So no
/// driver ever gets an `IPortWavePciStream`, and none is made.
#[doc(alias = "PPORTWAVEPCI")]
pub trait IPortWavePci: IPort {
    /// Tells the port that the hardware needs service.
    ///
    /// The request goes to `group`, or to the miniport's group when the caller names no group. In
    /// the DPC of the miniport's group the port calls [`IMiniportWavePci::service`].
    ///
    /// IRQL: any. Never fails. Source: WDK, IPortWavePci::Notify.
    #[doc(alias = "IPortWavePci::Notify")]
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>);

    /// Makes a channel for a device that reads and writes memory by itself.
    ///
    /// The other parameters in C have no use here: a resource list, a width, a speed, a port, and
    /// how bytes are transferred. A paged pool is a violation.
    ///
    /// IRQL: PASSIVE_LEVEL. Units: `maximum_length` in bytes. Source: WDK,
    /// IPortWavePci::NewMasterDmaChannel.
    ///
    /// # Errors
    /// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object; aggregation is not offered.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
    #[doc(alias = "IPortWavePci::NewMasterDmaChannel")]
    fn new_master_dma_channel(
        &self,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        maximum_length: u32,
        addresses: DmaAddresses,
    ) -> Result<Rc<dyn IDmaChannel>, NtStatus>;
}

/// A WavePci miniport.
///
/// The driver implements this interface, and the port calls the methods. `NewStream`, which stands
/// between `Init` and `Service` in the vtable, has no method here, because the port never calls it.
#[doc(alias = "PMINIPORTWAVEPCI")]
pub trait IMiniportWavePci: IMiniport {
    /// Starts the miniport. Returns its service group, if it has one.
    ///
    /// The port calls this once, in `IPort::Init`, and adds its sink to the group. `resources` is
    /// what the adapter driver gave to `IPort::Init`; it may be absent.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportWavePci::Init.
    ///
    /// # Errors
    /// - Any failure: `IPort::Init` fails with the same status, and the port releases the miniport.
    ///   No other call of the miniport follows.
    #[doc(alias = "IMiniportWavePci::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortWavePci>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus>;

    /// Does the work that the ISR has left for DISPATCH_LEVEL.
    ///
    /// The port's sink calls this in the DPC of the miniport's service group. A
    /// [`notify`](IPortWavePci::notify) asks the group for service. No call follows after the port
    /// was released.
    ///
    /// IRQL: DISPATCH_LEVEL; no lock of the port is held. Never fails.
    /// Source: WDK, IMiniportWavePci::Service.
    #[doc(alias = "IMiniportWavePci::Service")]
    fn service(&self, kernel: &Kernel);
}
