//! The kind of port for topology: filters that move no data.
//!
//! This file owns the calls of a topology miniport. No client can open a pin of such a filter, so
//! this file has no stream. As for every kind of port, `filter/requests.rs` has the requests that a
//! client can send to a filter.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use crate::answer_query;
use crate::binding::{Miniport, NoStreams, StreamMiniport};
use crate::bound::Bound;
use crate::com::{IUnknown, Interface};
use crate::guid::Guid;
use crate::interfaces::{
    IMiniport, IMiniportTopology, IPortClsVersion, IPortTopology, IResourceList, IServiceGroup,
};
use crate::ks::guids::category;
use crate::miniport_calls::Method;
use crate::port::{Kind, Port};

/// The kind of port that `PcNewPort` makes for the topology class.
pub(crate) enum Topology {}

impl Kind for Topology {
    const MINIPORT: &'static str = "IMiniportTopology";

    /// Source: WDK, Installing Device Interfaces for an Audio Adapter: the category of all audio
    /// devices and the category of topology miniports. Assumed: a filter that names no categories
    /// gets these categories. No page says this of the topology port.
    const CATEGORIES: &'static [Guid] = &[category::AUDIO, category::TOPOLOGY];

    fn query(port: Rc<Port<Self>>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(port, iid, IPortTopology, IPortClsVersion)
    }

    fn find_miniport(
        port: &Rc<Port<Self>>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<Rc<dyn Miniport>, NtStatus> {
        let miniport = TopologyMiniport::find(port.calls(), Rc::downgrade(port), object)?;
        Ok(Rc::new(miniport))
    }
}

impl IPortTopology for Port<Topology> {}

/// A topology miniport of a driver.
type TopologyMiniport = Bound<dyn IMiniportTopology, Port<Topology>>;

impl Miniport for TopologyMiniport {
    fn object(&self) -> Rc<dyn IMiniport> {
        Rc::clone(&self.miniport) as _
    }

    fn init(
        &self,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.start(kernel, Method::InitTopology, |miniport, port| {
            miniport.init(kernel, adapter, resources, port)
        })?;
        Ok(None)
    }

    /// Assumed: a client that tries to open a pin of a topology filter gets the same status as for
    /// any pin that no client can open. No page names a status.
    fn streams(&self) -> Result<&dyn StreamMiniport, NoStreams> {
        let status = NtStatus::INVALID_DEVICE_REQUEST;
        Err(NoStreams { status, reason: "a topology filter has no streams" })
    }
}
