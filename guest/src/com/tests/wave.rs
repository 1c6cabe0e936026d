//! Wave miniports of the guest: the slots and arguments of Init and Service.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};
use portcls_port::com::{IUnknown, query};
use portcls_port::guid::{Guid, clsid, iid};
use portcls_port::interfaces::{
    IMiniportWaveCyclic, IMiniportWavePci, IMiniportWaveRT, IPort, IPortWaveCyclic, IPortWavePci,
    IPortWaveRT,
};
use portcls_port::pc_new_port;

use super::{guest, own_object};
use crate::com::{GuestObject, Hold};
use crate::guest::Guest;
use crate::tables::pool_table::Fill;

/// The slots of `Init`, and of `Service` in `IMiniportWavePci`.
const INIT: u64 = 5;
const SERVICE: u64 = 7;

/// The offsets in the object at which `Init` stores the port and `Service` counts its calls.
const PORT_SEEN: u64 = 0xC8;
const SERVED: u64 = 0xD0;

/// An object of the guest with methods of its own: a copy of the vtable has room for all slots.
fn wave_object(guest: &Guest, init: &[u8]) -> u64 {
    let object = own_object(guest);
    let block = guest.allocate_pool(PoolType::NonPagedExecute, 512, *b"Test", Fill::Zero);
    for slot in 0..3 {
        let method = guest.load_u64(guest.load_u64(object) + 8 * slot);
        guest.store_u64(block + 8 * slot, method);
    }
    // Service: inc dword [rcx+D0h]; ret
    let service = [0xFF, 0x81, 0xD0, 0, 0, 0, 0xC3];
    for (slot, place, code) in [(INIT, 256, init), (SERVICE, 320, &service)] {
        guest.store(block + place, code);
        guest.store_u64(block + 8 * slot, block + place);
    }
    guest.store_u64(object, block);
    object
}

/// Init without a group: mov [rcx+C8h], r9; mov eax, STATUS; ret
fn init_code(status: NtStatus) -> Vec<u8> {
    let store = [0x4C, 0x89, 0x89, 0xC8, 0, 0, 0, 0xB8];
    [&store[..], &status.0.to_le_bytes(), &[0xC3]].concat()
}

/// Runs a test with a port of a class and the wrapper of an object that answers every query.
fn run(
    init: &[u8],
    class: &Guid,
    interface: &Guid,
    test: impl FnOnce(&Kernel, &Guest, u64, Rc<GuestObject>, Rc<dyn IPort>),
) {
    let guest = guest("x64");
    let object = wave_object(&guest, init);
    let ran = guest.kernel().clone().enter(|kernel| {
        let port = pc_new_port(kernel, class).expect("a port");
        let wrapper = GuestObject::wrap(&guest, object, interface, Hold::Retain);
        test(kernel, &guest, object, wrapper, port);
    });
    assert_eq!(ran, Ok(()));
    assert_eq!(guest.kernel().violations(), []);
}

#[test]
fn init_of_a_wavecyclic_or_wavert_miniport_gets_the_port_and_no_group() {
    let code = init_code(NtStatus::SUCCESS);
    run(
        &code,
        &clsid::PORT_WAVE_CYCLIC,
        &iid::MINIPORT_WAVE_CYCLIC,
        |kernel, guest, at, own, port| {
            let port = query::<dyn IPortWaveCyclic>(&port).expect("it is one");
            let miniport: Rc<dyn IMiniportWaveCyclic> = own;
            assert_eq!(miniport.init(kernel, None, None, port.clone()), Ok(()));
            let shown = guest.lend(&(port as Rc<dyn IUnknown>), &iid::PORT_WAVE_CYCLIC);
            assert_eq!(guest.load_u64(at + PORT_SEEN), shown);
            assert_eq!(guest.interface_name(shown), "IPortWaveCyclic");
        },
    );
    let code = init_code(NtStatus::DEVICE_CONFIGURATION_ERROR);
    run(&code, &clsid::PORT_WAVE_RT, &iid::MINIPORT_WAVE_RT, |kernel, guest, at, own, port| {
        let port = query::<dyn IPortWaveRT>(&port).expect("it is one");
        let miniport: Rc<dyn IMiniportWaveRT> = own;
        let failed = miniport.init(kernel, None, None, port.clone());
        assert_eq!(failed, Err(NtStatus::DEVICE_CONFIGURATION_ERROR));
        let shown = guest.lend(&(port as Rc<dyn IUnknown>), &iid::PORT_WAVE_RT);
        assert_eq!(guest.load_u64(at + PORT_SEEN), shown);
        assert_eq!(guest.interface_name(shown), "IPortWaveRT");
    });
}

#[test]
fn service_of_a_wavepci_miniport_is_the_slot_behind_new_stream() {
    // Init: mov rax, [rsp+28h]; and qword [rax], 0; then the code of an Init without a group.
    let no_group = [0x48, 0x8B, 0x44, 0x24, 0x28, 0x48, 0x83, 0x20, 0x00];
    let code = [&no_group[..], &init_code(NtStatus::SUCCESS)].concat();
    run(&code, &clsid::PORT_WAVE_PCI, &iid::MINIPORT_WAVE_PCI, |kernel, guest, at, own, port| {
        let port = query::<dyn IPortWavePci>(&port).expect("it is one");
        let miniport: Rc<dyn IMiniportWavePci> = own;
        let group = Rc::clone(&miniport).init(kernel, None, None, port.clone());
        assert!(matches!(group, Ok(None)));
        let shown = guest.lend(&(port as Rc<dyn IUnknown>), &iid::PORT_WAVE_PCI);
        assert_eq!(guest.load_u64(at + PORT_SEEN), shown);
        miniport.service(kernel);
        miniport.service(kernel);
        assert_eq!(guest.load_u32(at + SERVED), 2);
    });
}
