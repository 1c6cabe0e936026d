//! Adapter drivers without MIDI code, with every kind of resources.

use std::rc::Rc;

use portcls_machine::emulator::{
    DeviceObject, DriverObject, Irp, Kernel, NtStatus, PoolType, ResourceKind,
};
use portcls_machine::midi_file::default_tune;
use portcls_machine::{Driver, Machine, MachineBuilder, capture, play};
use portcls_port::com::IUnknown;
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::{IInterruptSync, IResourceList, InterruptSyncMode};
use portcls_port::{
    pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_interrupt_sync, pc_new_miniport,
    pc_new_port, pc_new_resource_sublist, pc_register_subdevice,
};

use crate::{assert_captured, assert_played};

/// A card with a FIFO, a card that is slow to take a byte, and the MPU-401 of a sound card.
const CARDS: [&str; 3] = ["smsc-superio", "roland-mpu401", "sb16"];

/// A device as StartDevice gets it.
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

    /// An interrupt sync object of the adapter driver's own.
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

/// PortCls refuses the FM synthesizer, and the driver ignores this.
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
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    builder.driver(driver.clone()).build().expect("the machine can be built")
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
