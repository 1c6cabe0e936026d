//! Adapter drivers without MIDI code: their miniports come from the system.

use std::rc::Rc;

use portcls_machine::emulator::{
    DeviceObject, DriverObject, Irp, Kernel, NtStatus, PoolType, ResourceKind,
};
use portcls_machine::midi_file::{Song, default_tune};
use portcls_machine::{
    Application, Driver, Machine, MachineBuilder, PinChoice, PinFormat, Received, capture, play,
};
use portcls_port::com::IUnknown;
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::{IInterruptSync, IResourceList, InterruptSyncMode};
use portcls_port::ks::KsState;
use portcls_port::{
    pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_interrupt_sync, pc_new_miniport,
    pc_new_port, pc_new_resource_sublist, pc_register_subdevice,
};

use crate::songs::sysex;
use crate::{assert_captured, assert_played};

/// A card with a FIFO, a card that is slow to take a byte, and the MPU-401 of a sound card.
const CARDS: [&str; 3] = ["smsc-superio", "roland-mpu401", "sb16"];

/// The arguments of StartDevice.
struct Started<'a> {
    kernel: &'a Kernel,
    device: &'a Rc<DeviceObject>,
    irp: &'a Irp,
    resources: Rc<dyn IResourceList>,
}

impl Started<'_> {
    /// Installs a subdevice of a class of ports and a class of miniports.
    fn install(
        &self,
        [port, miniport]: [&Guid; 2],
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Rc<dyn IResourceList>,
    ) -> Result<(), NtStatus> {
        let port = pc_new_port(self.kernel, port)?;
        let miniport = pc_new_miniport(self.kernel, miniport)?;
        let (irp, resources) = (Some(self.irp), Some(resources));
        Rc::clone(&port).init(self.kernel, self.device, irp, miniport, adapter, resources)?;
        pc_register_subdevice(self.kernel, self.device, "Uart", port)
    }

    /// Installs a subdevice on the resources of the device.
    fn install_plain(&self, classes: [&Guid; 2]) -> Result<(), NtStatus> {
        self.install(classes, None, Rc::clone(&self.resources))
    }

    /// An interrupt sync object that the adapter driver makes.
    fn interrupt(&self) -> Result<Rc<dyn IInterruptSync>, NtStatus> {
        let mode = InterruptSyncMode::Normal;
        pc_new_interrupt_sync(self.kernel, None, &self.resources, 0, mode)
    }

    /// A list of one entry: the ports of the device.
    fn ports(&self) -> Result<Rc<dyn IResourceList>, NtStatus> {
        let parent = &self.resources;
        let list = pc_new_resource_sublist(self.kernel, None, PoolType::Paged, parent, 1)?;
        list.add_entry_from_parent(parent, ResourceKind::Port, 0)?;
        Ok(list)
    }
}

const MIDI: [&Guid; 2] = [&clsid::PORT_MIDI, &clsid::MINIPORT_DRIVER_UART];
const DIRECTMUSIC: [&Guid; 2] = [&clsid::PORT_DMUS, &clsid::MINIPORT_DRIVER_DMUS_UART];

fn midi(started: &Started<'_>) -> Result<(), NtStatus> {
    started.install_plain(MIDI)
}

fn directmusic(started: &Started<'_>) -> Result<(), NtStatus> {
    started.install_plain(DIRECTMUSIC)
}

fn capture_class(started: &Started<'_>) -> Result<(), NtStatus> {
    started.install_plain([&clsid::PORT_DMUS, &clsid::MINIPORT_DRIVER_DMUS_UART_CAPTURE])
}

fn directmusic_on_the_midi_port(started: &Started<'_>) -> Result<(), NtStatus> {
    started.install_plain([&clsid::PORT_MIDI, &clsid::MINIPORT_DRIVER_DMUS_UART])
}

fn midi_with_the_adapters_interrupt(started: &Started<'_>) -> Result<(), NtStatus> {
    started.install(MIDI, Some(started.interrupt()?), started.ports()?)
}

/// PortCls refuses the FM synthesizer, and the driver ignores the refusal.
fn sound_card(started: &Started<'_>) -> Result<(), NtStatus> {
    let interrupt = started.interrupt()?;
    let adapter: Rc<dyn IUnknown> = interrupt;
    let synthesizer = [&clsid::PORT_MIDI, &clsid::MINIPORT_DRIVER_FM_SYNTH];
    let refused =
        started.install(synthesizer, Some(Rc::clone(&adapter)), Rc::clone(&started.resources));
    assert_eq!(refused, Err(NtStatus::NOT_SUPPORTED));
    started.install(DIRECTMUSIC, Some(adapter), started.ports()?)
}

/// Loads a driver with this StartDevice.
fn load(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
    start: fn(&Started<'_>) -> Result<(), NtStatus>,
) -> Result<(), NtStatus> {
    let add_device = move |kernel: &Kernel, driver: &Rc<DriverObject>, physical: &Rc<_>| {
        let start = move |kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp, resources| {
            start(&Started { kernel, device, irp, resources })
        };
        pc_add_adapter_device(kernel, driver, physical, Rc::new(start), 1, 0)
    };
    pc_initialize_adapter_driver(kernel, driver, registry_path, Rc::new(add_device))?;
    driver.set_unload(Rc::new(|_, _| ()));
    Ok(())
}

macro_rules! drivers {
    ($($start:ident),* $(,)?) => {
        /// A driver for each StartDevice.
        fn drivers() -> Vec<Driver> {
            vec![$(Driver::new(stringify!($start), |kernel, driver, path| {
                load(kernel, driver, path, $start)
            })),*]
        }
    };
}

drivers!(
    midi,
    directmusic,
    capture_class,
    directmusic_on_the_midi_port,
    midi_with_the_adapters_interrupt,
    sound_card,
);

fn machine(card: &str, driver: &Driver) -> Machine {
    machine_with(card, driver, PinFormat::Midi)
}

fn machine_with(card: &str, driver: &Driver, format: PinFormat) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    let builder = builder.driver(driver.clone()).pin_format(format);
    builder.build().expect("the machine can be built")
}

/// The drivers whose miniport has pins for DirectMusic events.
fn event_drivers() -> impl Iterator<Item = Driver> {
    let has_events = |driver: &Driver| !driver.name.starts_with("midi");
    drivers().into_iter().filter(has_events)
}

/// The tune, then two SysEx messages of these lengths. A Note On is between the two, and a clock
/// and a Note Off come after them.
fn song_with_sysex(lengths: [usize; 2]) -> Song {
    let [first, second] = lengths.map(sysex);
    let mut song = default_tune();
    let mut due_ns = song.duration_ns();
    for message in [&first[..], &[0x90, 60, 64], &second, &[0xF8], &[0x80, 60, 0]] {
        song.push(due_ns, message);
        due_ns += (message.len() as u64 + 2) * 320_000;
    }
    song
}

/// The song for a driver with pins for events. Only one driver gets the long song, because all
/// these drivers have the same miniport.
fn song_for(driver: &Driver) -> Song {
    song_with_sysex(if driver.name == "directmusic" { [5, 100 * 1_024] } else { [5, 1_100] })
}

/// Each byte with its time.
fn timed_bytes(received: &[Received]) -> Vec<(u64, u8)> {
    let bytes = |chunk: &Received| {
        let time_ns = chunk.time_ns;
        chunk.bytes.iter().map(move |byte| (time_ns, *byte)).collect::<Vec<_>>()
    };
    received.iter().flat_map(bytes).collect()
}

#[test]
fn the_tune_goes_out_and_comes_in_byte_for_byte_through_each_driver() {
    for driver in drivers() {
        for card in CARDS {
            let name = format!("{}, {card}", driver.name);
            let played = play(&machine(card, &driver), &default_tune()).expect("it plays");
            assert_played(&name, &played);
            let captured = capture(&machine(card, &driver), &default_tune());
            assert_captured(&name, &captured.expect("it captures"));
        }
    }
}

#[test]
fn a_song_as_events_is_the_song_as_bytes_when_it_is_on_the_wire() {
    for driver in event_drivers() {
        let song = song_for(&driver);
        for card in CARDS {
            let [bytes, events] = [PinFormat::Midi, PinFormat::DirectMusic].map(|format| {
                let machine = machine_with(card, &driver, format);
                let played = play(&machine, &song).expect("it plays");
                assert_played(&format!("{}, {card}, {format}", driver.name), &played);
                machine.cable().sent_bytes()
            });
            assert!(events == bytes, "{}, {card}", driver.name);
        }
    }
}

#[test]
fn what_is_recorded_as_events_has_the_bytes_and_times_of_what_is_recorded_as_bytes() {
    for driver in event_drivers() {
        let song = song_for(&driver);
        for card in CARDS {
            let name = format!("{}, {card}", driver.name);
            let [bytes, events] = [PinFormat::Midi, PinFormat::DirectMusic].map(|format| {
                let captured = capture(&machine_with(card, &driver, format), &song);
                let captured = captured.expect("it captures");
                assert_captured(&format!("{name}, {format}"), &captured);
                timed_bytes(&captured.received)
            });
            assert_eq!(events.len(), bytes.len(), "{name}");
            for ((event_ns, event), (byte_ns, byte)) in events.into_iter().zip(bytes) {
                assert_eq!(event, byte, "{name}");
                // A record of bytes has its time in whole milliseconds. A real-time byte inside
                // another message may be in a buffer with the time of that message.
                assert!(event_ns.abs_diff(byte_ns) <= 1_000_000, "{name}: {event_ns} {byte_ns}");
            }
        }
    }
}

#[test]
fn the_time_of_a_pin_begins_anew_after_stop_in_both_formats() {
    let driver = event_drivers().next().expect("there is one");
    for format in [PinFormat::Midi, PinFormat::DirectMusic] {
        let machine = machine_with("smsc-superio", &driver, format);
        machine.start().expect("the driver starts");
        let pin = Application::new(&machine).open_capture().expect("there is a capture pin");
        for round in ["first", "second"] {
            pin.run().expect("it runs");
            pin.queue_read().expect("a read is queued");
            machine.run_for_ns(7_000_000).expect("the machine runs");
            machine.cable().send(&[0xF8]);
            machine.run_for_ns(2_000_000).expect("the machine runs");
            pin.set_state(KsState::Stop).expect("it stops");
            // The byte has arrived completely after 320 us.
            let [received] = &pin.take_received()[..] else { panic!("{format}, {round} time") };
            let expected_ns = 7_320_000..=7_340_000;
            assert!(expected_ns.contains(&received.time_ns), "{format}, {round}: {received:?}");
            machine.run_for_ns(50_000_000).expect("the machine runs");
        }
    }
}

/// DMusUART has a pin for bytes and a pin for events, and one cable for both pins.
#[test]
fn a_client_of_bytes_and_a_client_of_events_play_at_the_same_time() {
    let driver = drivers().into_iter().find(|driver| driver.name == "directmusic");
    let machine = machine("roland-mpu401", &driver.expect("it is one of them"));
    machine.start().expect("the driver starts");
    let choice = |text: &str| text.parse::<PinChoice>().expect("it has the form");
    let application = || Application::new(&machine);
    let bytes = application().open_render_at(&choice("Uart:0")).expect("it opens");
    let events = application().pin_format(PinFormat::DirectMusic);
    let events = events.open_render_at(&choice("Uart:1")).expect("it opens");
    let before = machine.cable().sent_bytes().len();
    let messages = [sysex(300), sysex(200)];
    for (pin, message) in [&bytes, &events].into_iter().zip(&messages) {
        pin.run().expect("it runs");
        pin.write_now(message).expect("it is written");
    }
    machine.run_for_ns(1_000_000_000).expect("the machine runs");
    assert_eq!(machine.cable().sent_bytes()[before..], messages.concat());
    assert_eq!([&bytes, &events].map(|pin| pin.format().to_string()), ["MIDI", "DirectMusic"]);
    drop((bytes, events));
    assert_eq!(machine.kernel().violations(), []);
    assert_eq!(machine.unload().expect("it goes"), []);
}
