//! The kind of port for WavePci miniports.

use std::rc::Rc;

use portcls_emulator::{Irql, Kernel, NtStatus, PoolType};

use super::{SOUND_IS_OUTSIDE, add_directsound, tell_bound};
use crate::answer_query;
use crate::binding::{Miniport, NoStreams, StreamMiniport};
use crate::bound::Bound;
use crate::com::{IUnknown, Interface};
use crate::dma_channel::{new_master_channel, require_nonpaged};
use crate::guid::Guid;
use crate::interfaces::{
    DmaAddresses, IDmaChannel, IMiniport, IMiniportWavePci, IPortClsVersion, IPortWavePci,
    IResourceList, IServiceGroup,
};
use crate::ks::DataRange;
use crate::miniport_calls::Method;
use crate::port::{Kind, Port, SOUND_CATEGORIES};
use crate::rules::require_irql_at_most;

/// The kind of port that `PcNewPort` makes for the WavePci class.
pub(crate) enum WavePci {}

impl Kind for WavePci {
    const MINIPORT: &'static str = "IMiniportWavePci";
    const CATEGORIES: &'static [Guid] = &SOUND_CATEGORIES;

    fn query(port: Rc<Port<Self>>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(port, iid, IPortWavePci, IPortClsVersion)
    }

    fn find_miniport(
        port: &Rc<Port<Self>>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<Rc<dyn Miniport>, NtStatus> {
        Ok(Rc::new(PciMiniport::find(port.calls(), Rc::downgrade(port), object)?))
    }
}

/// A WavePci miniport of a driver.
type PciMiniport = Bound<dyn IMiniportWavePci, Port<WavePci>>;

impl Miniport for PciMiniport {
    fn object(&self) -> Rc<dyn IMiniport> {
        Rc::clone(&self.miniport) as _
    }

    fn init(
        &self,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        let group = self.start(kernel, Method::InitWavePci, |miniport, port| {
            miniport.init(kernel, adapter, resources, port)
        })?;
        tell_bound(&self.calls, kernel);
        Ok(group)
    }

    fn service(&self, kernel: &Kernel) {
        self.serve(kernel, Method::ServiceWavePci, |miniport| miniport.service(kernel));
    }

    fn add_ranges(&self, ranges: &mut Vec<DataRange>) {
        add_directsound(ranges);
    }

    fn streams(&self) -> Result<&dyn StreamMiniport, NoStreams> {
        Err(SOUND_IS_OUTSIDE)
    }
}

impl IPortWavePci for Port<WavePci> {
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        self.request_service(kernel, group);
    }

    fn new_master_dma_channel(
        &self,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        maximum_length: u32,
        addresses: DmaAddresses,
    ) -> Result<Rc<dyn IDmaChannel>, NtStatus> {
        const METHOD: &str = "IPortWavePci::NewMasterDmaChannel";
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, METHOD);
        require_nonpaged(kernel, pool, METHOD);
        new_master_channel(kernel, METHOD, outer, maximum_length, addresses)
    }
}
