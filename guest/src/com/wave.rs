//! Wave miniports of the guest, as Rust traits of the port.
//!
//! The port binds these miniports and shows their filters to clients, but the port opens none of
//! their pins and makes no stream. So `NewStream` of these interfaces is not here.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::com::IUnknown;
use portcls_port::guid::iid;
use portcls_port::interfaces::{
    IMiniportWaveCyclic, IMiniportWavePci, IMiniportWaveRT, IPortWaveCyclic, IPortWavePci,
    IPortWaveRT, IResourceList, IServiceGroup,
};

use super::GuestObject;

/// The slot of `Service` in `IMiniportWavePci`, where it follows `NewStream`. Source: portcls.h.
const SERVICE: u64 = 7;

impl IMiniportWaveCyclic for GuestObject {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortWaveCyclic>,
    ) -> Result<(), NtStatus> {
        let iids = (&iid::MINIPORT_WAVE_CYCLIC, &iid::PORT_WAVE_CYCLIC);
        self.init_without_group(iids, adapter, resources, port)
    }
}

impl IMiniportWavePci for GuestObject {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortWavePci>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        let iids = (&iid::MINIPORT_WAVE_PCI, &iid::PORT_WAVE_PCI);
        self.init_miniport(iids, adapter, resources, port)
    }

    fn service(&self, _kernel: &Kernel) {
        self.call(&iid::MINIPORT_WAVE_PCI, SERVICE, &[]);
    }
}

impl IMiniportWaveRT for GuestObject {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortWaveRT>,
    ) -> Result<(), NtStatus> {
        let iids = (&iid::MINIPORT_WAVE_RT, &iid::PORT_WAVE_RT);
        self.init_without_group(iids, adapter, resources, port)
    }
}
