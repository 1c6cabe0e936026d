//! A driver without MIDI code: the system's own miniport on its own port.
//!
//! ```sh
//! cargo run -p portcls-examples --example system_miniport
//! ```
//!
//! Windows comes with two miniports for the MPU-401, one for DirectMusic and an older one for MIDI.
//! A driver that uses one of them says which port and which miniport it wants, and hands over the
//! resources of the device. It does no more. The example plays and records a tune with such a
//! driver, and prints the results for three cards and both miniports.
//!
//! What it teaches: the least that an adapter driver has to do. The miniports themselves are in
//! `miniport/`; `PcNewMiniport` finds them because the machine has installed them.

use std::error::Error;
use std::rc::Rc;

use portcls_machine::emulator::{DeviceObject, DriverObject, Irp, Kernel, NtStatus};
use portcls_machine::midi_file::default_tune;
use portcls_machine::{Driver, MachineBuilder, capture, play};
use portcls_port::guid::clsid;
use portcls_port::interfaces::IResourceList;
use portcls_port::{
    pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_miniport, pc_new_port,
    pc_register_subdevice,
};

/// A card with a FIFO, a card that takes a byte in 155 us, and the MPU-401 of a sound card.
const CARDS: [&str; 3] = ["smsc-superio", "roland-mpu401", "sb16"];

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", report()?);
    Ok(())
}

/// Plays and records the built-in tune through each driver on each card.
pub fn report() -> Result<String, Box<dyn Error>> {
    let drivers =
        [Driver::new("directmusic", driver_entry), Driver::new("midi", midi_driver_entry)];
    let mut text = String::new();
    for driver in drivers {
        for card in CARDS {
            let machine = || MachineBuilder::new().card(card)?.driver(driver.clone()).build();
            let played = play(&machine()?, &default_tune())?;
            let recorded = capture(&machine()?, &default_tune())?;
            let whole = |is_complete| if is_complete { "all" } else { "NOT all" };
            text += &format!(
                "{:11}  {card:13}  {} bytes: {} out, {} in; {} rules broken, {} left behind\n",
                driver.name,
                played.song_bytes,
                whole(played.is_complete()),
                whole(recorded.is_complete()),
                played.job.violation_count + recorded.job.violation_count,
                played.job.leaks.len() + recorded.job.leaks.len(),
            );
        }
    }
    Ok(text)
}

// The driver has fewer than 30 lines. It has no code for MIDI.

fn driver_entry(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
) -> Result<(), NtStatus> {
    let add_device = |kernel: &Kernel, driver: &Rc<DriverObject>, physical: &Rc<DeviceObject>| {
        pc_add_adapter_device(kernel, driver, physical, Rc::new(start_device), 1, 0)
    };
    pc_initialize_adapter_driver(kernel, driver, registry_path, Rc::new(add_device))?;
    driver.set_unload(Rc::new(|_, _| ()));
    Ok(())
}

fn start_device(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    irp: &Irp,
    resources: Rc<dyn IResourceList>,
) -> Result<(), NtStatus> {
    let port = pc_new_port(kernel, &clsid::PORT_DMUS)?;
    let miniport = pc_new_miniport(kernel, &clsid::MINIPORT_DRIVER_DMUS_UART)?;
    Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
    pc_register_subdevice(kernel, device, "Uart", port)
}

// The same driver with the older classes; the miniport of these classes has IMiniportMidi.

fn midi_driver_entry(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
) -> Result<(), NtStatus> {
    let add_device = |kernel: &Kernel, driver: &Rc<DriverObject>, physical: &Rc<DeviceObject>| {
        let start = |kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp, resources| {
            let port = pc_new_port(kernel, &clsid::PORT_MIDI)?;
            let miniport = pc_new_miniport(kernel, &clsid::MINIPORT_DRIVER_UART)?;
            Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
            pc_register_subdevice(kernel, device, "Uart", port)
        };
        pc_add_adapter_device(kernel, driver, physical, Rc::new(start), 1, 0)
    };
    pc_initialize_adapter_driver(kernel, driver, registry_path, Rc::new(add_device))?;
    driver.set_unload(Rc::new(|_, _| ()));
    Ok(())
}
