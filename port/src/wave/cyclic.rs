//! The kind of port for WaveCyclic miniports.

use std::rc::Rc;

use portcls_emulator::{Irql, Kernel, NtStatus};

use super::{SOUND_IS_OUTSIDE, add_directsound, tell_bound};
use crate::answer_query;
use crate::binding::{Miniport, NoStreams, StreamMiniport};
use crate::bound::Bound;
use crate::com::{IUnknown, Interface};
use crate::dma_channel::{new_master_channel, new_slave_channel};
use crate::guid::Guid;
use crate::interfaces::{
    DmaAddresses, IDmaChannel, IDmaChannelSlave, IMiniport, IMiniportWaveCyclic, IPortClsVersion,
    IPortWaveCyclic, IResourceList, IServiceGroup, SlaveDmaRequest,
};
use crate::ks::DataRange;
use crate::miniport_calls::Method;
use crate::port::{Kind, Port, SOUND_CATEGORIES};
use crate::rules::require_irql_at_most;

/// The kind of port that `PcNewPort` makes for the WaveCyclic class.
pub(crate) enum WaveCyclic {}

impl Kind for WaveCyclic {
    const MINIPORT: &'static str = "IMiniportWaveCyclic";
    const CATEGORIES: &'static [Guid] = &SOUND_CATEGORIES;

    fn query(port: Rc<Port<Self>>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(port, iid, IPortWaveCyclic, IPortClsVersion)
    }

    fn find_miniport(
        port: &Rc<Port<Self>>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<Rc<dyn Miniport>, NtStatus> {
        Ok(Rc::new(CyclicMiniport::find(port.calls(), Rc::downgrade(port), object)?))
    }
}

/// A WaveCyclic miniport of a driver. Such a miniport has no service group of its own.
type CyclicMiniport = Bound<dyn IMiniportWaveCyclic, Port<WaveCyclic>>;

impl Miniport for CyclicMiniport {
    fn object(&self) -> Rc<dyn IMiniport> {
        Rc::clone(&self.miniport) as _
    }

    fn init(
        &self,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.start(kernel, Method::InitWaveCyclic, |miniport, port| {
            miniport.init(kernel, adapter, resources, port)
        })?;
        tell_bound(&self.calls, kernel);
        Ok(None)
    }

    fn add_ranges(&self, ranges: &mut Vec<DataRange>) {
        add_directsound(ranges);
    }

    fn streams(&self) -> Result<&dyn StreamMiniport, NoStreams> {
        Err(SOUND_IS_OUTSIDE)
    }
}

impl IPortWaveCyclic for Port<WaveCyclic> {
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        self.request_service(kernel, group);
    }

    fn new_slave_dma_channel(
        &self,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        request: &SlaveDmaRequest,
    ) -> Result<Rc<dyn IDmaChannelSlave>, NtStatus> {
        const METHOD: &str = "IPortWaveCyclic::NewSlaveDmaChannel";
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, METHOD);
        new_slave_channel(kernel, METHOD, outer, request)
    }

    fn new_master_dma_channel(
        &self,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        maximum_length: u32,
        addresses: DmaAddresses,
    ) -> Result<Rc<dyn IDmaChannel>, NtStatus> {
        const METHOD: &str = "IPortWaveCyclic::NewMasterDmaChannel";
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, METHOD);
        new_master_channel(kernel, METHOD, outer, maximum_length, addresses)
    }
}
