//! `IPortWaveCyclic` and `IMiniportWaveCyclic`, without streams.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use super::{
    DmaAddresses, IDmaChannel, IDmaChannelSlave, IMiniport, IPort, IResourceList, IServiceGroup,
};
use crate::com::IUnknown;

/// The WaveCyclic port, for a device whose sound lies in one cyclic buffer.
///
/// The port implements this interface, and the miniport calls the methods. Sound is outside this
/// program: the port binds its miniport, describes the filter to clients, and opens no pin. A
/// driver that installs a wave filter first, and its MIDI filter after that, starts as it does on
/// Windows.
#[doc(alias = "PPORTWAVECYCLIC")]
pub trait IPortWaveCyclic: IPort {
    /// Tells the port that the hardware needs service.
    ///
    /// The request goes to `group`. Without a group, the call has no effect. No stream exists, and
    /// a WaveCyclic miniport has no group, so the port has no sink in any group. The group calls
    /// only the members that the driver itself has added.
    ///
    /// IRQL: any. Never fails. Source: WDK, IPortWaveCyclic::Notify.
    #[doc(alias = "IPortWaveCyclic::Notify")]
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>);

    /// Makes a channel of the system's DMA controller, for one of the DMA resources of a list.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IPortWaveCyclic::NewSlaveDmaChannel.
    ///
    /// # Errors
    /// The trace tells of a failure. `Assumed:` all statuses except the last, because the page
    /// names none.
    /// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object; aggregation is not offered.
    /// - `STATUS_INVALID_PARAMETER`: the list has no DMA resource with the index of the request, or
    ///   there is no list.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
    #[doc(alias = "IPortWaveCyclic::NewSlaveDmaChannel")]
    fn new_slave_dma_channel(
        &self,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        request: &SlaveDmaRequest,
    ) -> Result<Rc<dyn IDmaChannelSlave>, NtStatus>;

    /// Makes a channel for a device that reads and writes memory by itself.
    ///
    /// The other parameters in C have no use here: a resource list, a width and a speed.
    ///
    /// IRQL: PASSIVE_LEVEL. Units: `maximum_length` in bytes. Source: WDK,
    /// IPortWaveCyclic::NewMasterDmaChannel.
    ///
    /// # Errors
    /// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object; aggregation is not offered.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
    #[doc(alias = "IPortWaveCyclic::NewMasterDmaChannel")]
    fn new_master_dma_channel(
        &self,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        maximum_length: u32,
        addresses: DmaAddresses,
    ) -> Result<Rc<dyn IDmaChannel>, NtStatus>;
}

/// What a driver wants of a channel of the system's DMA controller.
///
/// The speed and the demand mode of the C method are left out. They would only change how bytes are
/// transferred, and here no bytes are transferred.
#[derive(Clone)]
pub struct SlaveDmaRequest {
    /// The list with the resource.
    pub resources: Option<Rc<dyn IResourceList>>,
    /// The number of the resource among the DMA resources of the list, from 0.
    pub dma_index: u32,
    /// The largest buffer in bytes.
    pub maximum_length: u32,
}

/// A WaveCyclic miniport.
///
/// The driver implements this interface, and the port calls the methods. `NewStream`, which follows
/// `Init` in the vtable, has no method here, because the port never calls it.
#[doc(alias = "PMINIPORTWAVECYCLIC")]
pub trait IMiniportWaveCyclic: IMiniport {
    /// Starts the miniport.
    ///
    /// The port calls this once, in `IPort::Init`. The miniport usually makes its DMA channels here
    /// and allocates their buffers. `resources` is what the adapter driver gave to `IPort::Init`;
    /// it may be absent.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportWaveCyclic::Init.
    ///
    /// # Errors
    /// - Any failure: `IPort::Init` fails with the same status, and the port releases the miniport.
    ///   No other call of the miniport follows.
    #[doc(alias = "IMiniportWaveCyclic::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortWaveCyclic>,
    ) -> Result<(), NtStatus>;
}
