//! The whole driver under PortCls: load, start, stop, removal and unload.

use std::rc::Rc;

use portcls_emulator::{
    DeviceObject, DriverObject, InterruptLine, Irp, MajorFunction, NtStatus, Parameters,
    PnpRequest, Resource, Share, TriggerMode,
};
use portcls_miniport::drivers;

use crate::rig::{QUICK_START, Rig, Wiring, interrupt, ports};

const SILENCED: &str = "
    R S -> 80
    W C FF
    R S -> 80
";

/// A device of the bus, with the driver's device on top.
struct Loaded {
    driver: Rc<DriverObject>,
    physical: Rc<DeviceObject>,
}

impl Loaded {
    /// Loads the driver and calls its AddDevice with a device.
    fn new(rig: &Rig) -> Loaded {
        let bus = DriverObject::new("bus");
        let complete = |kernel: &portcls_emulator::Kernel, _: &Rc<DeviceObject>, irp: &Irp| {
            irp.set_status(NtStatus::SUCCESS);
            kernel.complete_request(irp);
            NtStatus::SUCCESS
        };
        bus.set_major_function(MajorFunction::Pnp, Rc::new(complete));
        let physical = DeviceObject::new(&bus);
        let driver = DriverObject::new("uart");
        (drivers()[0].entry)(&rig.kernel, &driver, r"\Registry\Machine\uart").unwrap();
        let add_device = driver.add_device().unwrap();
        add_device(&rig.kernel, &driver, &physical).unwrap();
        Loaded { driver, physical }
    }

    fn request(&self, rig: &Rig, request: PnpRequest) -> NtStatus {
        let irp = Irp::new(Parameters::Pnp(request), None, Vec::new());
        rig.kernel.send_request(&self.physical.top(), &irp)
    }

    fn start(&self, rig: &Rig, resources: &[Resource]) -> NtStatus {
        let (translated, raw) = (resources.to_vec(), resources.to_vec());
        self.request(rig, PnpRequest::StartDevice { translated, raw })
    }
}

/// Whether a service routine is connected to the line of the card.
fn is_connected(rig: &Rig) -> bool {
    let vector = InterruptLine::vector_of(9);
    let routine = Rc::new(|_: &_| portcls_emulator::Claim::NotMine);
    let probe = rig.kernel.connect_interrupt(vector, TriggerMode::Level, Share::Exclusive, routine);
    match probe {
        Ok(interrupt) => {
            rig.kernel.disconnect_interrupt(&interrupt);
            false
        }
        Err(_) => true,
    }
}

#[test]
fn a_device_starts_stops_starts_again_and_goes() {
    let rig = Rig::new(Wiring::Interrupt);
    let loaded = Loaded::new(&rig);
    for end in [PnpRequest::StopDevice, PnpRequest::RemoveDevice] {
        rig.expect(QUICK_START);
        assert_eq!(loaded.start(&rig, &[ports(0x330, 2), interrupt()]), NtStatus::SUCCESS);
        rig.script.check();
        assert!(is_connected(&rig));
        rig.expect(SILENCED);
        assert_eq!(loaded.request(&rig, end), NtStatus::SUCCESS);
        rig.script.check();
        assert!(!is_connected(&rig));
    }
    let unload = loaded.driver.unload().unwrap();
    unload(&rig.kernel, &loaded.driver);
    assert_eq!(rig.kernel.pool_in_use(), []);
    assert_eq!(rig.kernel.violations(), []);
}

#[test]
fn a_start_that_fails_leaves_nothing_connected() {
    let rig = Rig::new(Wiring::Interrupt);
    let loaded = Loaded::new(&rig);
    rig.expect("R S -> FF x71");
    let status = loaded.start(&rig, &[ports(0x330, 2), interrupt()]);
    assert_eq!(status, NtStatus::IO_DEVICE_ERROR);
    rig.script.check();
    assert!(!is_connected(&rig));
    let status = loaded.start(&rig, &[]);
    assert_eq!(status, NtStatus::DEVICE_CONFIGURATION_ERROR);
}

#[test]
fn a_device_that_was_pulled_out_is_let_go_without_a_write() {
    let rig = Rig::new(Wiring::Interrupt);
    let loaded = Loaded::new(&rig);
    rig.expect(QUICK_START);
    assert_eq!(loaded.start(&rig, &[ports(0x330, 2), interrupt()]), NtStatus::SUCCESS);
    rig.expect("R S -> FF x2");
    assert_eq!(loaded.request(&rig, PnpRequest::SurpriseRemoval), NtStatus::SUCCESS);
    assert_eq!(loaded.request(&rig, PnpRequest::RemoveDevice), NtStatus::SUCCESS);
    rig.script.check();
    assert!(!is_connected(&rig));
}

#[test]
fn drivers_are_found_by_name() {
    let names: Vec<&str> = drivers().iter().map(|driver| driver.name).collect();
    assert_eq!(names, ["uart"]);
}
