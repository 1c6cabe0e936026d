//! DMA channels as drivers call them: memory, ABI, leaks.

use cpu_x86::Mode;
use portcls_emulator::{DeviceObject, DriverObject, NtStatus, PoolType, Resource, Stop};
use portcls_port::com::IUnknown;
use portcls_port::guid::{Guid, clsid, iid};
use portcls_port::{pc_new_port, pc_new_resource_list};
use std::rc::Rc;

use super::{BOTH, Bench};
use crate::com::families::{FAMILIES, slots};

/// The slots of `IDmaChannel` and `IDmaChannelSlave`. Source: portcls.h.
const ALLOCATE_BUFFER: u64 = 3;
const FREE_BUFFER: u64 = 4;
const ALLOCATED_BUFFER_SIZE: u64 = 7;
const BUFFER_SIZE: u64 = 8;
const SET_BUFFER_SIZE: u64 = 9;
const SYSTEM_ADDRESS: u64 = 10;
const PHYSICAL_ADDRESS: u64 = 11;
const GET_ADAPTER_OBJECT: u64 = 12;
const COPY_TO: u64 = 13;
const START: u64 = 15;
const READ_COUNTER: u64 = 17;
const WAIT_FOR_TC: u64 = 18;

impl Bench {
    /// Calls a method of an object.
    fn try_method(&self, object: u64, slot: u64, words: &[u64]) -> Result<u64, Stop> {
        let vtable = self.guest.load_word(object);
        let method = self.guest.load_word(vtable + slot * self.guest.pointer_bytes());
        self.run(method, &[&[object][..], words].concat())
    }

    /// The result of a method, as wide as a pointer.
    fn method(&self, object: u64, slot: u64, words: &[u64]) -> u64 {
        let result = self.try_method(object, slot, words).expect("it returns");
        if self.guest.mode() == Mode::Bits32 { result & 0xFFFF_FFFF } else { result }
    }

    fn method_status(&self, object: u64, slot: u64, words: &[u64]) -> NtStatus {
        NtStatus(self.method(object, slot, words) as u32)
    }

    /// A DEVICE_DESCRIPTION that begins with these twelve bytes, the bytes before BusNumber.
    fn description(&self, flags: [u8; 12], maximum_length: u32) -> u64 {
        let mut bytes = [0; 40];
        bytes[..12].copy_from_slice(&flags);
        bytes[32..36].copy_from_slice(&maximum_length.to_le_bytes());
        self.bytes(&bytes)
    }

    /// A channel of PcNewDmaChannel for buffers of at most 64 KiB.
    fn channel(&self, flags: [u8; 12]) -> u64 {
        let physical = DeviceObject::new(&DriverObject::new("bus"));
        let device = self.guest.device_pointer(&self.adapter_device(&physical));
        let out = self.memory(8);
        let words = [out, 0, 0, self.description(flags, 0x1_0000), device];
        assert_eq!(self.status("PcNewDmaChannel", &words), NtStatus::SUCCESS);
        self.guest.load_word(out)
    }
}

/// The bytes before BusNumber: Version, Master and the other fields.
const SLAVE: [u8; 12] = [0; 12];
const MASTER_32: [u8; 12] = [0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0];

#[test]
fn a_buffer_is_the_drivers_memory_at_its_physical_address() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (guest, channel) = (&bench.guest, bench.channel(SLAVE));
        assert_eq!(bench.method(channel, SYSTEM_ADDRESS, &[]), 0, "there is no buffer yet");
        let constraint = bench.bytes(&0xFFFF_u64.to_le_bytes());
        let words = [0x3000, constraint];
        assert_eq!(bench.method_status(channel, ALLOCATE_BUFFER, &words), NtStatus::SUCCESS);
        assert_eq!(bench.method(channel, ALLOCATED_BUFFER_SIZE, &[]), 0x3000);
        bench.method(channel, SET_BUFFER_SIZE, &[0x2000]);
        assert_eq!(bench.method(channel, BUFFER_SIZE, &[]), 0x2000);
        let address = bench.method(channel, SYSTEM_ADDRESS, &[]);
        let out = bench.memory(8);
        assert_eq!(bench.method(channel, PHYSICAL_ADDRESS, &[out]), out);
        let physical = guest.load_u64(out);
        assert_eq!(bench.try_call("MmGetPhysicalAddress", &[address]), Ok(physical), "{mode:?}");
        let last = bench.try_call("MmGetPhysicalAddress", &[address + 0x2FFF]);
        assert_eq!(last, Ok(physical + 0x2FFF), "{mode:?}: contiguous");
        assert_eq!(physical >> 16, (physical + 0x2FFF) >> 16, "no boundary of 64 KiB");
        guest.store_u32(address + 0x2FFC, 0x1234_5678);
        assert_eq!(guest.load_u32(address + 0x2FFC), 0x1234_5678);
        let source = bench.bytes(&[1, 2, 3, 4]);
        bench.method(channel, COPY_TO, &[address + 1, source, 3]);
        assert_eq!(guest.load_u32(address), 0x0302_0100, "{mode:?}");
        let behind = bench.kernel.enter(|_| guest.store_u8(address + 0x3000, 1));
        assert!(matches!(behind, Err(Stop::BugCheck(_))), "{mode:?}: {behind:?}");
    }
}

#[test]
fn the_memory_of_a_buffer_goes_with_it() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let channel = bench.channel(MASTER_32);
        let words = [0x1000, 0];
        assert_eq!(bench.method_status(channel, ALLOCATE_BUFFER, &words), NtStatus::SUCCESS);
        let address = bench.method(channel, SYSTEM_ADDRESS, &[]);
        assert!(bench.guest.is_readable(address, 0x1000));
        bench.method(channel, FREE_BUFFER, &[]);
        assert!(!bench.guest.is_readable(address, 1));
        assert_eq!(bench.method_status(channel, ALLOCATE_BUFFER, &words), NtStatus::SUCCESS);
        let again = bench.method(channel, SYSTEM_ADDRESS, &[]);
        let leak = ["1 reference to IDmaChannel, by PcNewDmaChannel before the kernel"];
        assert_eq!(bench.left(), leak, "{mode:?}");
        assert_eq!(bench.method(channel, 2, &[]), 0, "Release");
        assert!(!bench.guest.is_readable(again, 1), "the channel took its buffer along");
        assert_eq!(bench.left(), [""; 0]);
        assert_eq!(bench.kernel.physical_ranges_in_use(), 0);
    }
}

/// The caller passes the address of the result as a hidden argument after the object. Source:
/// Microsoft, "Return values" of the x64 calling convention. The compilers for x86 pass a hidden
/// argument too. The code here does what the compilers make of `channel->PhysicalAddress()`.
#[test]
fn a_physical_address_is_returned_through_a_hidden_pointer() {
    // x64, with the channel in RCX and the result in RDX: mov rax, [rcx]; jmp [rax+58h]
    let wide = [0x48, 0x8B, 0x01, 0xFF, 0x60, 0x58];
    // x86: push ebx; mov ebx, esp; push [esp+0Ch]; push [esp+0Ch]; mov eax, [esp]; mov eax, [eax];
    // call [eax+2Ch]; mov edx, esp; sub edx, ebx; mov esp, ebx; pop ebx; ret 8
    let narrow = [
        0x53, 0x8B, 0xDC, 0xFF, 0x74, 0x24, 0x0C, 0xFF, 0x74, 0x24, 0x0C, 0x8B, 0x04, 0x24, 0x8B,
        0x00, 0xFF, 0x50, 0x2C, 0x8B, 0xD4, 0x2B, 0xD3, 0x8B, 0xE3, 0x5B, 0xC2, 0x08, 0x00,
    ];
    for mode in BOTH {
        let bench = Bench::new(mode, [&narrow, &wide]);
        let channel = bench.channel(SLAVE);
        bench.method(channel, ALLOCATE_BUFFER, &[0x1000, 0]);
        let out = bench.bytes(&[0xEE; 16]);
        let returned = bench.run(bench.code(), &[channel, out]).expect("it returns");
        // On x86 the upper half is the number of bytes that the method left on the stack. It must
        // be 0.
        assert_eq!(returned, out, "{mode:?}: the address of the result");
        let address = bench.method(channel, SYSTEM_ADDRESS, &[]);
        let physical = bench.try_call("MmGetPhysicalAddress", &[address]);
        assert_eq!(physical, Ok(bench.guest.load_u64(out)), "{mode:?}");
        assert_eq!(bench.guest.load_u64(out + 8), 0xEEEE_EEEE_EEEE_EEEE, "{mode:?}: 8 bytes");
    }
}

#[test]
fn a_slave_channel_has_the_controllers_methods_and_a_master_has_not() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let wanted = bench.bytes(bytemuck::bytes_of(&iid::DMA_CHANNEL_SLAVE));
        let out = bench.memory(8);
        let master = bench.channel(MASTER_32);
        let refused = bench.method_status(master, 0, &[wanted, out]);
        assert_eq!(refused, NtStatus::INVALID_PARAMETER, "{mode:?}");
        let slave = bench.channel(SLAVE);
        assert_eq!(bench.method_status(slave, 0, &[wanted, out]), NtStatus::SUCCESS);
        let slave = bench.guest.load_word(out);
        bench.method(slave, ALLOCATE_BUFFER, &[0x1000, 0]);
        assert_eq!(bench.method_status(slave, START, &[0x1000, 1]), NtStatus::SUCCESS);
        assert_eq!(bench.method_status(slave, START, &[0x1000, 1]), NtStatus::UNSUCCESSFUL);
        assert_eq!(bench.method(slave, READ_COUNTER, &[]), 0);
        assert_eq!(bench.method_status(slave, WAIT_FOR_TC, &[100]), NtStatus::SUCCESS);
    }
}

#[test]
fn the_adapter_object_of_a_channel_ends_the_run_by_the_name_of_the_method() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let channel = bench.channel(SLAVE);
        let stop = bench.try_method(channel, GET_ADAPTER_OBJECT, &[]).expect_err("it stops");
        assert!(stop.to_string().contains("IDmaChannel::GetAdapterObject"), "{stop}");
    }
}

#[test]
fn a_channel_is_refused_for_a_bad_description_device_or_place() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let physical = DeviceObject::new(&DriverObject::new("bus"));
        let device = bench.guest.device_pointer(&bench.adapter_device(&physical));
        let other = bench.guest.device_pointer(&physical);
        let out = bench.bytes(&[0xAA; 8]);
        let (good, bad) = (bench.description(SLAVE, 64), bench.description([9; 12], 64));
        for words in [
            [out, 0, 0, bad, device],
            [out, 0, 0, good, other],
            [out, 0, 0, good, 0],
            [0, 0, 0, good, device],
        ] {
            assert_eq!(bench.status("PcNewDmaChannel", &words), NtStatus::INVALID_PARAMETER);
        }
        assert_eq!(bench.guest.load_word(out), 0, "{mode:?}: the pointer is null");
        let (code, _) = bench.bug_check("PcNewDmaChannel", &[out, 0, 0, 0, device]);
        assert_eq!(code, 0x7E, "{mode:?}: a null description");
    }
}

/// Makes a port of a class. Returns the driver's pointer to the port.
fn port(bench: &Bench, class: &Guid) -> u64 {
    let port: Rc<dyn IUnknown> = pc_new_port(&bench.kernel, class).expect("a port");
    bench.guest.give(&port, &iid::PORT)
}

/// A list with one DMA channel.
fn dma_list(bench: &Bench) -> u64 {
    let dma = [Resource::Dma { channel: 1, port: 0 }];
    let list = pc_new_resource_list(&bench.kernel, None, PoolType::Paged, &dma, &dma);
    let list: Rc<dyn IUnknown> = list.expect("a list");
    bench.guest.give(&list, &iid::RESOURCE_LIST)
}

#[test]
fn the_wave_ports_make_channels_of_both_kinds() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (cyclic, pci) =
            (port(&bench, &clsid::PORT_WAVE_CYCLIC), port(&bench, &clsid::PORT_WAVE_PCI));
        let (list, out) = (dma_list(&bench), bench.memory(8));
        let slave = |index| bench.method_status(cyclic, 7, &[out, 0, list, index, 0x2000, 1, 0]);
        assert_eq!(slave(1), NtStatus::INVALID_PARAMETER);
        assert_eq!(slave(0), NtStatus::SUCCESS);
        let channel = bench.guest.load_word(out);
        assert_eq!(bench.method_status(channel, ALLOCATE_BUFFER, &[0x2000, 0]), NtStatus::SUCCESS);
        assert_eq!(bench.method(channel, READ_COUNTER, &[]), 0);
        let unused = 0xFFFF_FFFF;
        let words = [out, 0, 0, 0x3000, 1, 0, unused, unused];
        assert_eq!(bench.method_status(cyclic, 8, &words), NtStatus::SUCCESS);
        let maximum = |channel| bench.method(channel, 6, &[]);
        assert_eq!(maximum(bench.guest.load_word(out)), 0x3000, "{mode:?}");
        let words = [out, 0, 0x200, 0, 1, 1, 0, 0, unused, unused, 0x4000, 0];
        assert_eq!(bench.method_status(pci, 7, &words), NtStatus::SUCCESS);
        assert_eq!(maximum(bench.guest.load_word(out)), 0x4000, "{mode:?}");
        let expected = ["IDmaChannel", "IDmaChannelSlave", "IPortWaveCyclic", "IPortWavePci"];
        for interface in expected {
            let held = bench.guest.0.port_objects.references_in_use();
            assert!(held.iter().any(|(name, _, _)| *name == interface), "{interface}");
        }
    }
}

#[test]
fn a_pointer_that_leads_to_no_list_is_refused() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let cyclic = port(&bench, &clsid::PORT_WAVE_CYCLIC);
        let out = bench.memory(8);
        for list in [0, cyclic] {
            let words = [out, 0, list, 0, 0x2000, 0, 0];
            assert_eq!(bench.method_status(cyclic, 7, &words), NtStatus::INVALID_PARAMETER);
        }
    }
}

/// Source: portcls.h, compiled for x86.
#[test]
fn each_method_removes_the_words_of_its_declaration_on_x86() {
    const CHANNEL: [u8; 12] = [3, 1, 1, 1, 1, 1, 2, 1, 2, 1, 4, 4];
    const CONTROLLER: [u8; 4] = [3, 1, 1, 2];
    const PORT: [u8; 3] = [6, 5, 8];
    let slave = [&CHANNEL[..], &CONTROLLER].concat();
    for (name, words) in [
        ("IDmaChannel", &CHANNEL[..]),
        ("IDmaChannelSlave", &slave),
        ("IPortWaveCyclic", &[&PORT[..], &[2, 8, 9]].concat()),
        ("IPortWavePci", &[&PORT[..], &[2, 13]].concat()),
        ("IPortWaveRT", &PORT),
    ] {
        let family = FAMILIES.iter().find(|family| family.name == name).expect("a family");
        let found: Vec<u8> = slots(family).skip(3).map(|method| method.words).collect();
        assert_eq!(found, words, "{name}");
    }
}
