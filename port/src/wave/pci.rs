//! The kind of port for WavePci miniports.

use std::rc::{Rc, Weak};

use portcls_emulator::trace::Argument;
use portcls_emulator::{Irql, Kernel, NtStatus, PoolType};

use super::{SOUND_IS_OUTSIDE, add_directsound, tell_bound};
use crate::answer_query;
use crate::binding::{Miniport, NoStreams, StreamMiniport};
use crate::com::{IUnknown, Interface, query};
use crate::dma_channel::{new_master_channel, require_nonpaged};
use crate::guid::Guid;
use crate::interfaces::{
    DmaAddresses, IDmaChannel, IMiniport, IMiniportWavePci, IPortClsVersion, IPortWavePci,
    IResourceList, IServiceGroup,
};
use crate::ks::DataRange;
use crate::miniport_calls::{Method, MiniportCalls};
use crate::port::{Kind, Port, SOUND_CATEGORIES};
use crate::rules::require_irql_at_most;

/// The kind of port.
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
        let miniport = query::<dyn IMiniportWavePci>(object)?;
        let calls = Rc::clone(port.calls());
        Ok(Rc::new(PciMiniport { calls, port: Rc::downgrade(port), miniport }))
    }
}

/// A WavePci miniport of a driver.
struct PciMiniport {
    calls: Rc<MiniportCalls>,
    port: Weak<Port<WavePci>>,
    miniport: Rc<dyn IMiniportWavePci>,
}

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
        let port = self.port.upgrade().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let none = Argument::None;
        let init = || Rc::clone(&self.miniport).init(kernel, adapter, resources, port);
        let group = self.calls.call(kernel, Method::InitWavePci, none, init, |_| none)?;
        tell_bound(&self.calls, kernel);
        Ok(group)
    }

    fn service(&self, kernel: &Kernel) {
        let serve = || {
            self.miniport.service(kernel);
            Ok(())
        };
        let none = Argument::None;
        let _ = self.calls.call(kernel, Method::ServiceWavePci, none, serve, |()| none);
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
