//! The DirectMusic miniport: pins, interrupt, power, nodes, technology.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Irp, NtStatus, Parameters, PoolType};
use portcls_miniport::{MiniportDMusUart, MiniportMidiUart, SYSTEM_MINIPORTS};
use portcls_port::automation::PcPropertyRequest;
use portcls_port::com::IUnknown;
use portcls_port::guid::clsid;
use portcls_port::interfaces::{
    DevicePowerState, DmusStreamType, IInterruptSync, IMiniport, IMusicTechnology, IPowerNotify,
    InterruptSyncMode,
};
use portcls_port::ks::guids::technology;
use portcls_port::ks::{KsPinCommunication, KsPropertySynth, KsPropertyType, KsState};
use portcls_port::{pc_new_interrupt_sync, pc_new_resource_list};

use crate::dmus_rig::{DmusRig, init};
use crate::rig::{QUICK_START, Rig, Wiring, interrupt, ports};

const REFUSED: Option<NtStatus> = Some(NtStatus::INVALID_DEVICE_REQUEST);

#[test]
fn a_card_with_an_interrupt_has_five_pins_and_without_one_three() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let filter = dmus.miniport.get_description(&dmus.rig.kernel).unwrap();
    let communications: Vec<_> = filter.pins.iter().map(|pin| pin.pin.communication).collect();
    let (sink, none) = (KsPinCommunication::Sink, KsPinCommunication::None);
    assert_eq!(communications, [sink, sink, none, none, sink]);
    let filter_node = 0xFFFF_FFFF;
    let lines: Vec<[u32; 4]> =
        filter.connections.iter().map(|line| bytemuck::cast(*line)).collect();
    let expected: [[u32; 4]; 5] = [
        [filter_node, 0, filter_node, 2],
        [filter_node, 1, 0, 1],
        [0, 0, filter_node, 2],
        [filter_node, 3, 1, 1],
        [1, 0, filter_node, 4],
    ];
    assert_eq!(lines, expected);
    assert_eq!((filter.nodes.len(), filter.categories.len()), (2, 3));

    let dmus = DmusRig::started(Wiring::Polled);
    let filter = dmus.miniport.get_description(&dmus.rig.kernel).unwrap();
    assert_eq!((filter.pins.len(), filter.nodes.len(), filter.connections.len()), (3, 1, 3));
    assert_eq!(dmus.open(4, DmusStreamType::Capture).err(), REFUSED);
}

#[test]
fn each_pin_has_one_stream_of_its_own_type() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    for pin in 0..6 {
        let render = dmus.open(pin, DmusStreamType::Render);
        assert_eq!(render.as_ref().err(), if pin < 2 { None } else { REFUSED.as_ref() });
        let capture = dmus.open(pin, DmusStreamType::Capture);
        assert_eq!(capture.as_ref().err(), if pin == 4 { None } else { REFUSED.as_ref() });
        assert_eq!(dmus.open(pin, DmusStreamType::WaveSink).err(), REFUSED);
        for opened in [render, capture].into_iter().flatten() {
            let group = opened.service_group.unwrap();
            assert!(Rc::ptr_eq(&group, &dmus.rig.port.groups.borrow()[0]));
            assert_eq!(opened.schedule_pre_fetch_100ns, 0);
            let again = if pin == 4 { DmusStreamType::Capture } else { DmusStreamType::Render };
            assert_eq!(dmus.open(pin, again).err(), REFUSED, "{pin} is open");
        }
    }
    assert!(dmus.open(0, DmusStreamType::Render).is_ok(), "a closed stream is given back");
}

/// An interrupt sync object of the adapter driver, on the card's interrupt.
fn sync_of_adapter(rig: &Rig) -> Rc<dyn IInterruptSync> {
    let (kernel, list) = (&rig.kernel, [interrupt()]);
    let list = pc_new_resource_list(kernel, None, PoolType::Paged, &list, &list).unwrap();
    pc_new_interrupt_sync(kernel, None, &list, 0, InterruptSyncMode::Normal).unwrap()
}

#[test]
fn the_adapters_interrupt_is_used_and_the_side_that_connects_it_disconnects_it() {
    for is_connected_before in [false, true] {
        let rig = Rig::new(Wiring::Interrupt);
        let sync = sync_of_adapter(&rig);
        if is_connected_before {
            let nothing = Rc::new(|_: &_| NtStatus::UNSUCCESSFUL);
            let tail = portcls_port::interfaces::RoutinePosition::Tail;
            sync.register_service_routine(&rig.kernel, nothing, tail).unwrap();
            sync.connect(&rig.kernel).unwrap();
        }
        rig.script.expect(QUICK_START);
        let miniport = MiniportDMusUart::new();
        let adapter: Rc<dyn IUnknown> = Rc::clone(&sync) as _;
        init(&rig, &miniport, Some(adapter), &[ports(0x330, 2)]).unwrap();
        rig.script.check();
        assert!(sync.get_kinterrupt().is_some());
        let filter = miniport.get_description(&rig.kernel).unwrap();
        assert_eq!(filter.pins.len(), 5, "the list has no interrupt, and the card has one");
        drop(filter);

        rig.script.expect("R S -> 80\n W C FF\n R S -> 80");
        drop(miniport);
        rig.script.check();
        assert_eq!(sync.get_kinterrupt().is_some(), is_connected_before);
        // The service routine is still in the object's list, and must not access the card any more.
        sync.connect(&rig.kernel).unwrap();
        rig.share_line();
        rig.expect("irq up");
        rig.kernel.run_until(rig.kernel.now_ns() + 1_000_000);
        rig.script.check();
    }
}

#[test]
fn power_goes_down_without_an_access_and_comes_back_with_uart_mode() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let kernel = &dmus.rig.kernel;
    let stream = dmus.run(1, DmusStreamType::Render);
    stream.set_state(kernel, KsState::Pause).unwrap();
    dmus.miniport.power_change_notify(kernel, DevicePowerState::D3);
    assert_eq!(stream.set_state(kernel, KsState::Run), Err(NtStatus::INVALID_DEVICE_STATE));
    dmus.rig.script.check();
    dmus.rig.expect(QUICK_START);
    dmus.miniport.power_change_notify(kernel, DevicePowerState::D0);
    dmus.rig.script.check();
    assert_eq!(stream.set_state(kernel, KsState::Run), Ok(()));
}

/// The answer to a request for a property of the synthesizer nodes.
struct Asked {
    status: NtStatus,
    size: u32,
    value: Vec<u8>,
}

/// Calls the handler of a node's property, for a stream's pin or for the filter.
fn ask(
    dmus: &DmusRig,
    (node, id): (u32, KsPropertySynth),
    verb: KsPropertyType,
    stream: Option<Rc<dyn IUnknown>>,
    (instance, value): (&[u8], &[u8]),
) -> Asked {
    let filter = dmus.miniport.get_description(&dmus.rig.kernel).unwrap();
    let table = filter.nodes[node as usize].automation.clone().unwrap();
    let item = table.properties.iter().find(|item| item.id == id.value()).unwrap().clone();
    assert!(item.flags.contains(verb), "{id:?}");
    let handler = item.handler.clone().unwrap();
    let parameters = Parameters::Cleanup;
    let request = Rc::new(PcPropertyRequest {
        major_target: Rc::clone(&dmus.miniport) as _,
        minor_target: stream,
        node,
        property_item: item,
        verb,
        instance: instance.to_vec(),
        value: RefCell::new(value.to_vec()),
        value_size: Cell::new(value.len() as u32),
        irp: Irp::new(parameters, None, Vec::new()),
    });
    let status = handler(&dmus.rig.kernel, &request);
    Asked { status, size: request.value_size.get(), value: request.value.take() }
}

const GET: KsPropertyType = KsPropertyType::GET;
const SUPPORT: KsPropertyType = KsPropertyType::BASICSUPPORT;

#[test]
fn the_caps_of_each_node_are_296_bytes_with_its_class_and_its_port() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let classes = [clsid::MINIPORT_DRIVER_DMUS_UART, clsid::MINIPORT_DRIVER_DMUS_UART_CAPTURE];
    let texts = ["DMusic MPU-401 Out [330]", "DMusic MPU-401 In [330]"];
    for node in 0..2 {
        let property = (node, KsPropertySynth::Caps);
        let asked = ask(&dmus, property, GET, None, (&[], &[0; 296]));
        assert_eq!((asked.status, asked.size), (NtStatus::SUCCESS, 296));
        let class = bytemuck::bytes_of(&classes[node as usize]);
        assert_eq!(asked.value[..16], *class);
        #[rustfmt::skip]
        let numbers = [
            2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0,
        ];
        assert_eq!(asked.value[16..40], numbers);
        let units = asked.value[40..].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        assert_eq!(String::from_utf16(&units).unwrap(), texts[node as usize]);

        let none = ask(&dmus, property, GET, None, (&[], &[]));
        assert_eq!((none.status, none.size), (NtStatus::BUFFER_OVERFLOW, 296));
        let short = ask(&dmus, property, GET, None, (&[], &[0; 295]));
        assert_eq!((short.status, short.size), (NtStatus::BUFFER_TOO_SMALL, 0));
    }
}

#[test]
fn a_pin_is_granted_one_channel_group_of_what_it_asks_for() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let property = (0, KsPropertySynth::PortParameters);
    let mut wanted = [0x11; 28];
    wanted[..4].copy_from_slice(&[0x3F, 0, 0, 0]);
    let on_filter = ask(&dmus, property, GET, None, (&wanted, &[0; 28]));
    assert_eq!((on_filter.status, on_filter.size), (NtStatus::INVALID_DEVICE_REQUEST, 0));
    let stream = || Some(dmus.open(1, DmusStreamType::Render).unwrap().stream as Rc<dyn IUnknown>);
    let asked = ask(&dmus, property, GET, stream(), (&wanted, &[0; 28]));
    assert_eq!((asked.status, asked.size), (NtStatus::SUCCESS, 28));
    let mut granted = wanted;
    granted[..4].copy_from_slice(&[2, 0, 0, 0]);
    granted[8..12].copy_from_slice(&[1, 0, 0, 0]);
    assert_eq!(asked.value, granted);
    let cut = ask(&dmus, property, GET, stream(), (&wanted[..27], &[0; 28]));
    assert_eq!(cut.status, NtStatus::INVALID_BUFFER_SIZE);
}

#[test]
fn there_is_one_channel_group_and_no_other_number_can_be_set() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let property = (1, KsPropertySynth::ChannelGroups);
    let asked = ask(&dmus, property, GET, None, (&[], &[0; 4]));
    assert_eq!((asked.status, asked.value), (NtStatus::SUCCESS, vec![1, 0, 0, 0]));
    let set = |value: &[u8]| ask(&dmus, property, KsPropertyType::SET, None, (&[], value)).status;
    assert_eq!(set(&[1, 0, 0, 0]), NtStatus::SUCCESS);
    assert_eq!(set(&[2, 0, 0, 0]), NtStatus::INVALID_PARAMETER);
    assert_eq!(set(&[1]), NtStatus::BUFFER_TOO_SMALL);
}

#[test]
fn the_latency_clock_of_a_pin_is_the_master_clock() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let property = (0, KsPropertySynth::LatencyClock);
    let on_filter = ask(&dmus, property, GET, None, (&[], &[0; 8]));
    assert_eq!(on_filter.status, NtStatus::INVALID_DEVICE_REQUEST);
    let stream = dmus.run(1, DmusStreamType::Render);
    let asked = ask(&dmus, property, GET, Some(stream as Rc<dyn IUnknown>), (&[], &[0; 8]));
    let now_100ns = dmus.rig.kernel.now_ns() / 100;
    assert_eq!((asked.status, asked.value), (NtStatus::SUCCESS, now_100ns.to_le_bytes().to_vec()));
}

#[test]
fn basic_support_tells_the_accesses_and_those_of_a_pin_on_a_pin_alone() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let stream = dmus.run(1, DmusStreamType::Render);
    let support = |id, on_pin: bool| {
        let target = on_pin.then(|| Rc::clone(&stream) as Rc<dyn IUnknown>);
        ask(&dmus, (0, id), SUPPORT, target, (&[], &[0; 4])).value
    };
    // Source: WDK ks.h: GET is 1, SET is 2, BASICSUPPORT is 200h.
    for (id, on_filter, on_pin) in [
        (KsPropertySynth::Caps, 1, 1),
        (KsPropertySynth::ChannelGroups, 3, 3),
        (KsPropertySynth::PortParameters, 0, 1),
        (KsPropertySynth::LatencyClock, 0, 1),
    ] {
        assert_eq!(support(id, false), [on_filter, 2, 0, 0], "{id:?}");
        assert_eq!(support(id, true), [on_pin, 2, 0, 0], "{id:?}");
    }
}

#[test]
fn the_table_of_the_system_has_three_classes() {
    let classes: Vec<_> = SYSTEM_MINIPORTS.iter().map(|entry| entry.class).collect();
    let expected = [
        clsid::MINIPORT_DRIVER_UART,
        clsid::MINIPORT_DRIVER_DMUS_UART,
        clsid::MINIPORT_DRIVER_DMUS_UART_CAPTURE,
    ];
    assert_eq!(classes, expected);
}

#[test]
fn an_adapter_sets_the_technology_before_init_and_not_after() {
    let rig = Rig::new(Wiring::Interrupt);
    let miniport = MiniportDMusUart::new();
    let wavetable = technology::WAVETABLE;
    assert_eq!(miniport.set_technology(&rig.kernel, &wavetable), Ok(()));
    rig.script.expect(QUICK_START);
    init(&rig, &miniport, None, &[ports(0x330, 2), interrupt()]).unwrap();
    let late = miniport.set_technology(&rig.kernel, &technology::FMSYNTH);
    assert_eq!(late, Err(NtStatus::UNSUCCESSFUL));
    let filter = miniport.get_description(&rig.kernel).unwrap();
    let ranges = filter.pins.iter().flat_map(|pin| &pin.pin.data_ranges);
    let technologies: Vec<_> =
        ranges.filter_map(|range| range.as_music()).map(|range| range.technology).collect();
    assert_eq!(technologies, [wavetable; 4]);

    let midi = MiniportMidiUart::new();
    assert_eq!(midi.set_technology(&rig.kernel, &wavetable), Ok(()));
}
