//! Devices with more resources than an MPU-401 has: what their drivers get.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_machine::emulator::{
    AddressRange, DeviceObject, DriverObject, Irp, Kernel, MajorFunction, NtStatus, Parameters,
    PnpRequest, PoolType, Requirement, RequirementRange, Resource, ResourceRequirements, Share,
};
use portcls_machine::midi_file::default_tune;
use portcls_machine::{CardResource, Driver, Machine, MachineBuilder, MachineError, capture, play};
use portcls_port::guid::clsid;
use portcls_port::interfaces::IResourceList;
use portcls_port::{
    pc_add_adapter_device, pc_dispatch_irp, pc_initialize_adapter_driver, pc_new_miniport,
    pc_new_port, pc_new_resource_sublist, pc_register_subdevice,
};

/// The ranges of a sound card, two DMA channels and two lines.
const RESOURCES: &str = "port:388+4 mpu401 port:220+16,sb-dsp dma:1 dma:5 irq:5 irq:9";

type Change = fn(&mut ResourceRequirements);

thread_local! {
    /// How the driver changes the list of requirements, if it does.
    static CHANGE: RefCell<Option<Change>> = const { RefCell::new(None) };
    /// The translated list and the raw list of resources that the driver got at its start.
    static SEEN: RefCell<(Vec<Resource>, Vec<Resource>)> = const { RefCell::new((vec![], vec![])) };
}

/// A driver whose MPU-401 has the second range and the second line.
fn driver_entry(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
) -> Result<(), NtStatus> {
    let add_device = |kernel: &Kernel, driver: &Rc<DriverObject>, physical: &Rc<_>| {
        pc_add_adapter_device(kernel, driver, physical, Rc::new(start_device), 1, 0)
    };
    pc_initialize_adapter_driver(kernel, driver, registry_path, Rc::new(add_device))?;
    let pnp = |kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp| {
        if let Parameters::Pnp(PnpRequest::FilterResourceRequirements(list)) = irp.parameters()
            && let Some(change) = CHANGE.with_borrow(|change| *change)
        {
            change(&mut list.borrow_mut());
        }
        pc_dispatch_irp(kernel, device, irp)
    };
    driver.set_major_function(MajorFunction::Pnp, Rc::new(pnp));
    driver.set_unload(Rc::new(|_, _| ()));
    Ok(())
}

fn start_device(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    irp: &Irp,
    resources: Rc<dyn IResourceList>,
) -> Result<(), NtStatus> {
    SEEN.set((resources.translated_list(), resources.untranslated_list()));
    // The driver looks for the synthesizer in the first range, and goes on whatever it reads.
    let Some(Resource::Port { start, .. }) = resources.find_translated_port(0) else {
        return Err(NtStatus::DEVICE_CONFIGURATION_ERROR);
    };
    kernel.write_port_u8(start as u16, 0x04);
    kernel.write_port_u8(start as u16 + 1, 0x60);
    let _ = kernel.read_port_u8(start as u16);
    let own = pc_new_resource_sublist(kernel, None, PoolType::Paged, &resources, 2)?;
    own.add_port_from_parent(&resources, 1)?;
    own.add_interrupt_from_parent(&resources, 1)?;
    let port = pc_new_port(kernel, &clsid::PORT_DMUS)?;
    let miniport = pc_new_miniport(kernel, &clsid::MINIPORT_DRIVER_DMUS_UART)?;
    Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(own))?;
    pc_register_subdevice(kernel, device, "Uart", port)
}

fn list(words: &str) -> Vec<CardResource> {
    words.split(' ').map(|word| word.parse().expect(word)).collect()
}

fn machine(card: &str) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    let builder = builder.driver(Driver::new("second-range", driver_entry));
    builder.resources(list(RESOURCES)).build().expect("the machine can be built")
}

#[test]
fn the_tune_goes_through_a_rust_driver_whose_mpu_401_has_the_second_of_three_ranges() {
    for card in ["smsc-superio", "roland-mpu401", "sb16"] {
        let played = play(&machine(card), &default_tune()).expect("it plays");
        assert!(played.is_complete(), "{card}: {:?}", played.job.stop);
        let recorded = capture(&machine(card), &default_tune()).expect("it captures");
        assert!(recorded.is_complete(), "{card}: {:?}", recorded.job.stop);
        for job in [played.job, recorded.job] {
            assert_eq!((job.violations, job.leaks), (vec![], vec![]), "{card}");
            let counts: Vec<_> =
                job.ranges.iter().map(|one| (&*one.range, one.reads, one.writes)).collect();
            assert_eq!(counts, [("388+4", 1, 2), ("220+16,sb-dsp", 0, 0)], "{card}");
        }
    }
}

/// Starts the device with a driver that makes this change in the list of requirements. Returns the
/// resources that the driver then gets, and what the trace says about the list.
fn started(change: Change) -> (Vec<String>, String) {
    CHANGE.set(Some(change));
    let machine = machine("smsc-superio");
    let _ = machine.start();
    CHANGE.set(None);
    let (translated, raw) = SEEN.take();
    assert_eq!(translated.len(), raw.len());
    let words = raw.iter().map(|one| match one {
        Resource::Port { start, length } => format!("port {start:X}+{length}"),
        Resource::Interrupt { vector, .. } => format!("irq {vector}"),
        Resource::Dma { channel, .. } => format!("dma {channel}"),
        Resource::Memory { .. } => "memory".to_owned(),
    });
    let text = machine.trace_text(portcls_machine::report::Filter::Full);
    let note = text.lines().find(|line| line.contains("list of requirements"));
    let note = note.map_or("", |line| line.split("requirements ").nth(1).expect("there is more"));
    (words.collect(), note.to_owned())
}

const ALL: [&str; 7] =
    ["port 388+4", "port 330+2", "port 220+16", "dma 1", "dma 5", "irq 5", "irq 9"];

#[test]
fn a_list_that_drops_and_reorders_resources_is_taken() {
    let (got, note) = started(|_| ());
    assert_eq!((got, note), (ALL.map(str::to_owned).to_vec(), String::new()));
    let (got, note) = started(|list| {
        list.alternatives[0].remove(4);
        list.alternatives[0].swap(0, 2);
    });
    assert_eq!(got, ["port 220+16", "port 330+2", "port 388+4", "dma 1", "irq 5", "irq 9"]);
    assert_eq!(note, "is taken: 6 of 7");
}

#[test]
fn a_list_that_asks_for_more_is_not_used_and_a_note_says_so() {
    let more: [Change; 3] = [
        |list| {
            let range = AddressRange { length: 2, alignment: 1, minimum: 0x300, maximum: 0x301 };
            let range = RequirementRange::Port(range);
            list.alternatives[0].push(Requirement { option: 0, range, share: Share::Exclusive });
        },
        |list| {
            let first = list.alternatives[0][0];
            list.alternatives[0].push(first);
        },
        |list| list.alternatives.clear(),
    ];
    for change in more {
        let (got, note) = started(change);
        assert_eq!(got, ALL);
        assert_eq!(note, "is not used: it asks for more");
    }
}

#[test]
fn a_second_start_has_all_resources_again() -> Result<(), MachineError> {
    CHANGE.set(Some(|list| {
        list.alternatives[0].remove(4);
    }));
    let machine = machine("smsc-superio");
    machine.start()?;
    assert_eq!(SEEN.take().0.len(), 6);
    CHANGE.set(None);
    machine.pnp(PnpRequest::StopDevice)?;
    machine.start()?;
    assert_eq!(SEEN.take().0.len(), 7);
    Ok(())
}

#[test]
fn a_card_that_is_pulled_takes_all_its_ranges_with_it() -> Result<(), MachineError> {
    let machine = machine("smsc-superio");
    machine.start()?;
    let reset = |kernel: &Kernel| {
        kernel.write_port_u8(0x226, 1);
        kernel.write_port_u8(0x226, 0);
        kernel.stall_us(50);
        kernel.stall_us(50);
        kernel.read_port_u8(0x22A)
    };
    assert_eq!(machine.run(reset)?, 0xAA);
    machine.pull_card()?;
    assert_eq!(machine.run(reset)?, 0xFF);
    Ok(())
}

#[test]
fn a_card_without_power_answers_nowhere() -> Result<(), MachineError> {
    use portcls_machine::emulator::DevicePowerState::{D0, D3};
    let machine = machine("smsc-superio");
    machine.start()?;
    let status = |kernel: &Kernel| kernel.read_port_u8(0x22E);
    assert_eq!(machine.run(status)?, 0x7F);
    machine.set_device_power(D3)?;
    assert_eq!(machine.run(status)?, 0xFF);
    machine.set_device_power(D0)?;
    assert_eq!(machine.run(status)?, 0x7F);
    Ok(())
}
