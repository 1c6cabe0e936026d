//! Topology miniports of the guest, and the names of their pins.

use std::rc::Rc;

use portcls_emulator::{Irp, Kernel, NtStatus};
use portcls_port::com::IUnknown;
use portcls_port::guid::iid;
use portcls_port::interfaces::{IMiniportTopology, IPinName, IPortTopology, IResourceList};
use portcls_port::ks::{KsPPin, LengthReply};

use super::GuestObject;
use super::miniport::STOPPED;
use crate::memory::at;

/// The slot of `IPinName::GetPinName`. Source: portcls.h.
const GET_PIN_NAME: u64 = 3;

impl IMiniportTopology for GuestObject {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortTopology>,
    ) -> Result<(), NtStatus> {
        let iids = (&iid::MINIPORT_TOPOLOGY, &iid::PORT_TOPOLOGY);
        self.init_without_group(iids, adapter, resources, port)
    }
}

impl IPinName for GuestObject {
    /// The miniport writes the name into `Data` and leaves the length of the name in the request's
    /// status block, like a handler of kernel streaming.
    fn get_pin_name(&self, _kernel: &Kernel, irp: &Irp, pin: &KsPPin, length: u32) -> LengthReply {
        let guest = &self.guest;
        let Some(file) = irp.file() else { return LengthReply::of_status(STOPPED) };
        let pin = bytemuck::bytes_of(pin);
        let mut reply = LengthReply::of_status(STOPPED);
        let routine = self.method(&iid::PIN_NAME, GET_PIN_NAME);
        guest.with_irp(irp, file.device(), routine, |irp_at| {
            let called = guest.with_pool_buffer(pin.len() as u64, |pin_at| {
                guest.store(pin_at, pin);
                guest.with_pool_buffer(length.into(), |room| {
                    let data = if length == 0 { 0 } else { room };
                    let words = [irp_at, pin_at, data];
                    let status = NtStatus(self.call(&iid::PIN_NAME, GET_PIN_NAME, &words) as u32);
                    let fields = guest.layout();
                    let status_block = at(irp_at, fields.irp.io_status);
                    let information = at(status_block, fields.io_status_block.information);
                    let information = guest.load_word(information) as u32;
                    let bytes = match status {
                        NtStatus::SUCCESS => guest.load_bytes(room, information.min(length).into()),
                        _ => Vec::new(),
                    };
                    LengthReply { status, information, bytes }
                })
            });
            if let Some(answer) = called.flatten() {
                reply = answer;
            }
            reply.status
        });
        if reply.status == NtStatus::PENDING { LengthReply::of_status(STOPPED) } else { reply }
    }
}
