//! A miniport of the system, which is in Rust, as a driver's pointer.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType, Stop};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface, query};
use portcls_port::descriptor::PcFilterDescriptor;
use portcls_port::guid::{Guid, iid};
use portcls_port::interfaces::{
    DmusStreamRequest, IMiniport, IMiniportDMus, IMusicTechnology, IPortDMus, IResourceList,
    IServiceGroup, NewDmusStream,
};
use portcls_port::ks::guids::technology;
use portcls_port::ks::{DataRange, LengthReply};

use super::{call, guest};
use crate::com::Hold;

#[test]
fn a_miniport_in_rust_is_one_object_for_the_driver_and_the_port() {
    for place in ["x64", "x86"] {
        let guest = guest(place);
        let miniport: Rc<dyn IUnknown> = Rc::new(Miniport::default());
        let pointer = guest.give(&miniport, &iid::MINIPORT);
        assert_eq!(guest.lend(&miniport, &iid::MINIPORT_DMUS), pointer);
        let back = guest.object_at(pointer, &iid::UNKNOWN, Hold::Retain).expect("it is there");
        assert!(Rc::ptr_eq(&back, &miniport), "the port finds the object behind the pointer");

        let technology = guest.lend(&miniport, &iid::MUSIC_TECHNOLOGY);
        assert_ne!(technology, pointer, "another vtable");
        let answer = guest.with_scratch(16, |scratch| {
            guest.store(scratch, bytemuck::bytes_of(&technology::WAVETABLE));
            guest.call_method(technology, 3, &[scratch])
        });
        assert_eq!(answer, Some(0));
        let set = query::<dyn IMusicTechnology>(&miniport).expect("it has the interface");
        let again = set.set_technology(guest.kernel(), &technology::WAVETABLE);
        assert_eq!(again, Err(NtStatus::UNSUCCESSFUL), "it was set before");

        let Err(Stop::Unsupported { what, .. }) = call(&guest, pointer, 3, &[0]) else {
            panic!("{place}: the driver went on")
        };
        assert_eq!(
            what,
            "IMiniport::GetDescription of a miniport of the system, called by a driver"
        );
    }
}

/// A DirectMusic miniport whose technology can be set once.
#[derive(Default)]
struct Miniport {
    is_set: Cell<bool>,
}

impl IUnknown for Miniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportDMus, IMusicTechnology)
    }
}

impl IMusicTechnology for Miniport {
    fn set_technology(&self, _: &Kernel, technology: &Guid) -> Result<(), NtStatus> {
        assert_eq!(*technology, technology::WAVETABLE);
        if self.is_set.replace(true) { Err(NtStatus::UNSUCCESSFUL) } else { Ok(()) }
    }
}

impl IMiniport for Miniport {
    fn get_description(&self, _: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        unreachable!("the guest does not call it")
    }

    fn data_range_intersection(
        &self,
        _: &Kernel,
        _: u32,
        _: &DataRange,
        _: &DataRange,
        _: u32,
    ) -> LengthReply {
        unreachable!("the guest does not call it")
    }
}

impl IMiniportDMus for Miniport {
    fn init(
        self: Rc<Self>,
        _: &Kernel,
        _: Option<Rc<dyn IUnknown>>,
        _: Option<Rc<dyn IResourceList>>,
        _: Rc<dyn IPortDMus>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        unreachable!("the guest does not call it")
    }

    fn service(&self, _: &Kernel) {}

    fn new_stream(
        self: Rc<Self>,
        _: &Kernel,
        _: Option<Rc<dyn IUnknown>>,
        _: PoolType,
        _: &DmusStreamRequest<'_>,
    ) -> Result<NewDmusStream, NtStatus> {
        unreachable!("the guest does not call it")
    }
}
