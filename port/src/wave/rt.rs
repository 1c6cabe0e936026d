//! The kind of port for WaveRT miniports.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use super::{SOUND_IS_OUTSIDE, add_directsound, tell_bound};
use crate::answer_query;
use crate::binding::{Miniport, NoStreams, StreamMiniport};
use crate::bound::Bound;
use crate::com::{IUnknown, Interface};
use crate::guid::Guid;
use crate::interfaces::{IMiniport, IMiniportWaveRT, IPortWaveRT, IResourceList, IServiceGroup};
use crate::ks::DataRange;
use crate::miniport_calls::Method;
use crate::port::{Kind, Port, SOUND_CATEGORIES};

/// The kind of port that `PcNewPort` makes for the WaveRT class.
pub(crate) enum WaveRT {}

impl Kind for WaveRT {
    const MINIPORT: &'static str = "IMiniportWaveRT";
    const CATEGORIES: &'static [Guid] = &SOUND_CATEGORIES;

    /// Source: WDK, IPortClsVersion: the page lists the ports that have this interface. The WaveRT
    /// port is not in the list.
    fn query(port: Rc<Port<Self>>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(port, iid, IPortWaveRT)
    }

    fn find_miniport(
        port: &Rc<Port<Self>>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<Rc<dyn Miniport>, NtStatus> {
        Ok(Rc::new(RtMiniport::find(port.calls(), Rc::downgrade(port), object)?))
    }
}

/// A WaveRT miniport of a driver. Such a miniport has no service group.
type RtMiniport = Bound<dyn IMiniportWaveRT, Port<WaveRT>>;

impl Miniport for RtMiniport {
    fn object(&self) -> Rc<dyn IMiniport> {
        Rc::clone(&self.miniport) as _
    }

    fn init(
        &self,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.start(kernel, Method::InitWaveRT, |miniport, port| {
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

impl IPortWaveRT for Port<WaveRT> {}
