//! DMA channels: their memory and addresses, and no transfers.

use std::rc::Rc;

use portcls_emulator::{Irql, Kernel, NtStatus, PoolType, Resource};
use portcls_port::com::{IUnknown, query};
use portcls_port::device_description::DeviceDescription;
use portcls_port::guid::clsid;
use portcls_port::interfaces::{
    DmaAddresses, DmaDirection, IDmaChannel, IDmaChannelSlave, IPortWaveCyclic, IPortWavePci,
    IResourceList, SlaveDmaRequest,
};
use portcls_port::{pc_new_dma_channel, pc_new_resource_list};

use crate::fake_wave::{FakeWave, plan_wave};
use crate::rig::{Rig, on_planned_device};

/// Runs a test with a device that has a WaveCyclic port.
fn on_cyclic(test: impl FnOnce(&Rig, &Rc<dyn IPortWaveCyclic>)) {
    on_planned_device(plan_wave(clsid::PORT_WAVE_CYCLIC), |rig| {
        let port = FakeWave::newest().port_as::<dyn IPortWaveCyclic>();
        test(rig, &port);
    });
}

/// A list with two DMA channels, as a sound card has them.
fn list(kernel: &Kernel) -> Rc<dyn IResourceList> {
    let resources = [
        Resource::Port { start: 0x220, length: 16 },
        Resource::Dma { channel: 1, port: 0 },
        Resource::Dma { channel: 5, port: 0 },
    ];
    pc_new_resource_list(kernel, None, PoolType::Paged, &resources, &resources).expect("a list")
}

fn slave(
    rig: &Rig,
    port: &Rc<dyn IPortWaveCyclic>,
    dma_index: u32,
    maximum_length: u32,
) -> Result<Rc<dyn IDmaChannelSlave>, NtStatus> {
    let resources = Some(list(&rig.kernel));
    let request = SlaveDmaRequest { resources, dma_index, maximum_length };
    port.new_slave_dma_channel(&rig.kernel, None, &request)
}

fn newest_refusal(rig: &Rig) -> String {
    rig.kernel.refused_calls().last().map(ToString::to_string).expect("there is one")
}

#[test]
fn a_channel_is_made_for_each_dma_resource_of_the_list() {
    on_cyclic(|rig, port| {
        for index in [0, 1] {
            let channel = slave(rig, port, index, 0x8000).expect("the list has it");
            assert_eq!(channel.maximum_buffer_size(), 0x8000);
        }
        assert_eq!(slave(rig, port, 2, 0x8000).err(), Some(NtStatus::INVALID_PARAMETER));
        let line = "IPortWaveCyclic::NewSlaveDmaChannel refuses DMA resource 2 of a list with 2 \
                    of them: STATUS_INVALID_PARAMETER";
        assert_eq!(newest_refusal(rig), line);
        let without = SlaveDmaRequest { resources: None, dma_index: 0, maximum_length: 1 };
        let refused = port.new_slave_dma_channel(&rig.kernel, None, &without).err();
        assert_eq!(refused, Some(NtStatus::INVALID_PARAMETER));
        assert!(newest_refusal(rig).contains("without a list of resources"));
    });
}

#[test]
fn a_buffer_has_memory_and_sizes_from_allocate_to_free() {
    on_cyclic(|rig, port| {
        let kernel = &rig.kernel;
        let channel = slave(rig, port, 0, 0x4000).unwrap();
        let sizes = || (channel.allocated_buffer_size(), channel.buffer_size());
        assert_eq!((sizes(), channel.physical_address()), ((0, 0), 0));
        assert!(channel.system_address().is_none());
        channel.allocate_buffer(kernel, 0x2000, Some(0xFFFF)).expect("there is memory");
        assert_eq!(sizes(), (0x2000, 0x2000));
        channel.set_buffer_size(0x1800);
        assert_eq!(sizes(), (0x2000, 0x1800), "stored, and no more");
        let buffer = channel.system_address().expect("there is a buffer");
        assert_eq!(buffer.physical_address(), channel.physical_address());
        assert_eq!((buffer.size(), buffer.system_address()), (0x2000, None));
        let mut bytes = [0xAA; 4];
        buffer.read(0, &mut bytes);
        assert_eq!(bytes, [0; 4], "a new buffer is zeroed");
        channel.copy_to(0x1FFE, &[1, 2, 3, 4]);
        channel.copy_from(&mut bytes, 0x1FFE);
        assert_eq!(bytes, [1, 2, 0, 0], "what lies behind the end is left out");
        channel.copy_from(&mut bytes, 0x2000);
        channel.copy_to(u32::MAX, &[9]);
        assert_eq!(bytes, [1, 2, 0, 0]);
        channel.free_buffer(kernel);
        channel.free_buffer(kernel);
        assert_eq!((sizes(), channel.physical_address()), ((0, 0), 0));
        channel.allocate_buffer(kernel, 0x4000, None).expect("after FreeBuffer");
    });
}

#[test]
fn a_buffer_keeps_to_the_constraint_and_to_the_addresses_of_its_channel() {
    on_cyclic(|rig, port| {
        let kernel = &rig.kernel;
        let mut channels = Vec::new();
        for _ in 0..8 {
            let channel = slave(rig, port, 0, 0x1_0000).unwrap();
            channel.allocate_buffer(kernel, 0xC000, Some(0xFFFF)).expect("there is memory");
            let (first, last) = (channel.physical_address(), channel.physical_address() + 0xBFFF);
            assert_eq!(first >> 16, last >> 16, "{first:X} to {last:X}");
            assert!(last <= 0xFF_FFFF, "24 bits");
            channels.push(channel);
        }
        assert_eq!(kernel.physical_ranges_in_use(), 8);
        drop(channels);
        assert_eq!(kernel.physical_ranges_in_use(), 0, "a buffer goes with its channel");
        let channel = slave(rig, port, 0, 0x2_0000).unwrap();
        let refused = channel.allocate_buffer(kernel, 0x1_0001, Some(0xFFFF));
        assert_eq!(refused, Err(NtStatus::INSUFFICIENT_RESOURCES));
        let line = "IDmaChannel::AllocateBuffer refuses 65537 bytes with the constraint FFFF: \
                    STATUS_INSUFFICIENT_RESOURCES";
        assert_eq!(newest_refusal(rig), line);
    });
}

#[test]
fn a_master_reaches_as_far_as_its_addresses() {
    on_cyclic(|rig, port| {
        let kernel = &rig.kernel;
        // Contiguous memory begins at 1 MiB, so 15 MiB of it are below 16 MiB. A second buffer of
        // 8 MiB must lie above.
        let make = |addresses| {
            let channel = port.new_master_dma_channel(kernel, None, 0x80_0000, addresses).unwrap();
            (channel.allocate_buffer(kernel, 0x80_0000, None), channel)
        };
        let (first, low) = make(DmaAddresses::Bits24);
        assert_eq!((first, low.physical_address() < 0x80_0000), (Ok(()), true));
        let (second, _) = make(DmaAddresses::Bits24);
        assert_eq!(second, Err(NtStatus::INSUFFICIENT_RESOURCES));
        for addresses in [DmaAddresses::Bits32, DmaAddresses::Bits64] {
            let (made, channel) = make(addresses);
            assert_eq!((made, channel.physical_address() >= 0x80_0000), (Ok(()), true));
        }
        assert!(query::<dyn IDmaChannelSlave>(&low).is_err(), "a master has no controller");
        assert!(query::<dyn IDmaChannel>(&low).is_ok());
    });
}

#[test]
fn a_size_that_is_senseless_and_a_second_buffer_are_refused() {
    on_cyclic(|rig, port| {
        let kernel = &rig.kernel;
        let channel = slave(rig, port, 0, 0x1000).unwrap();
        for size in [0, 0x1001, u32::MAX] {
            let refused = channel.allocate_buffer(kernel, size, None);
            assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER), "{size}");
        }
        assert!(newest_refusal(rig).contains("on a channel for at most 4096"));
        assert_eq!(channel.allocate_buffer(kernel, 0x1000, None), Ok(()));
        let address = channel.physical_address();
        assert_eq!(channel.allocate_buffer(kernel, 0x1000, None), Err(NtStatus::UNSUCCESSFUL));
        assert_eq!(channel.physical_address(), address, "the first one stays");
        rig.expect_violations(&["dma-buffer-twice"]);
    });
}

#[test]
fn a_channel_starts_once_transfers_nothing_and_has_always_just_ended() {
    on_cyclic(|rig, port| {
        let kernel = &rig.kernel;
        let channel = slave(rig, port, 0, 0x1000).unwrap();
        channel.allocate_buffer(kernel, 0x1000, None).unwrap();
        let start = |bytes| channel.start(kernel, bytes, DmaDirection::ToDevice);
        assert_eq!(start(0x1001), Err(NtStatus::INVALID_PARAMETER));
        let told = "IDmaChannelSlave::Start for 4097 bytes of a buffer of 4096";
        assert_eq!(kernel.violations()[0].message, told);
        assert_eq!(start(0x1000), Ok(()));
        assert_eq!(start(0x1000), Err(NtStatus::UNSUCCESSFUL));
        assert_eq!((channel.transfer_count(), channel.read_counter(kernel)), (0, 0));
        let before_ns = kernel.now_ns();
        assert_eq!(channel.wait_for_tc(kernel, 1_000), Ok(()));
        assert_eq!(kernel.now_ns(), before_ns);
        assert_eq!(channel.stop(kernel), Ok(()));
        assert_eq!(channel.start(kernel, 16, DmaDirection::FromDevice), Ok(()));
        assert_eq!(channel.stop(kernel), Ok(()));
        assert_eq!(channel.stop(kernel), Ok(()));
        rig.expect_violations(&["dma-map-beyond-buffer"]);
    });
}

#[test]
fn methods_for_passive_level_break_the_rule_at_dispatch_level() {
    on_cyclic(|rig, port| {
        let kernel = &rig.kernel;
        let channel = slave(rig, port, 0, 0x1000).unwrap();
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        channel.allocate_buffer(kernel, 0x1000, None).unwrap();
        channel.read_counter(kernel);
        channel.stop(kernel).unwrap();
        channel.wait_for_tc(kernel, 0).unwrap();
        channel.free_buffer(kernel);
        kernel.lower_irql(old);
        let told = [
            "IDmaChannel::AllocateBuffer",
            "IDmaChannelSlave::WaitForTC",
            "IDmaChannel::FreeBuffer",
        ];
        for (violation, method) in kernel.violations().iter().zip(told) {
            assert!(violation.message.contains(method), "{}", violation.message);
        }
        rig.expect_violations(&["PcIrqlIport"; 3]);
    });
}

#[test]
fn a_wavepci_port_makes_master_channels_in_nonpaged_pool() {
    on_planned_device(plan_wave(clsid::PORT_WAVE_PCI), |rig| {
        let (kernel, wave) = (&rig.kernel, FakeWave::newest());
        let port = wave.port_as::<dyn IPortWavePci>();
        let make = |pool| port.new_master_dma_channel(kernel, None, pool, 64, DmaAddresses::Bits32);
        let channel = make(PoolType::NonPagedNx).expect("a channel");
        assert_eq!(channel.allocate_buffer(kernel, 64, None), Ok(()));
        assert!(make(PoolType::Paged).is_ok());
        let told = "IPortWavePci::NewMasterDmaChannel was called with a paged pool";
        assert_eq!(kernel.violations()[0].message, told);
        rig.expect_violations(&["dma-channel-paged"]);
    });
}

#[test]
fn the_old_routine_makes_a_channel_by_the_description_of_the_device() {
    on_cyclic(|rig, _| {
        let (kernel, device) = (&rig.kernel, rig.physical.top());
        let description = DeviceDescription {
            master: true,
            dma_32_bit_addresses: true,
            maximum_length: 0x1000,
            ..DeviceDescription::default()
        };
        let make = |description: &DeviceDescription, device| {
            pc_new_dma_channel(kernel, None, PoolType::NonPagedNx, description, device)
        };
        let master = make(&description, &device).expect("a channel");
        assert_eq!(master.maximum_buffer_size(), 0x1000);
        assert!(query::<dyn IDmaChannelSlave>(&master).is_err());
        let slave = DeviceDescription { master: false, ..description };
        let slave = make(&slave, &device).expect("a channel");
        assert!(query::<dyn IDmaChannelSlave>(&slave).is_ok());
        let unknown = DeviceDescription { version: 4, ..description };
        assert_eq!(make(&unknown, &device).err(), Some(NtStatus::INVALID_PARAMETER));
        assert!(newest_refusal(rig).contains("PcNewDmaChannel refuses a DEVICE_DESCRIPTION of"));
        assert_eq!(make(&description, &rig.physical).err(), Some(NtStatus::INVALID_PARAMETER));
    });
}

#[test]
fn aggregation_is_not_offered() {
    on_cyclic(|rig, port| {
        let outer: Option<Rc<dyn IUnknown>> = Some(FakeWave::newest());
        let addresses = DmaAddresses::Bits32;
        let refused = port.new_master_dma_channel(&rig.kernel, outer, 64, addresses).err();
        assert_eq!(refused, Some(NtStatus::INVALID_DEVICE_REQUEST));
    });
}
