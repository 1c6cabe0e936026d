//! Power requests: their order, their IRQL, and a driver that holds one.

mod fake;

use std::cell::RefCell;
use std::rc::Rc;

use fake::{Logbook, bug_check, kernel};
use portcls_emulator::{
    DeviceObject, DevicePowerState, DriverObject, Irp, Irql, Kernel, MajorFunction, NtStatus,
    Parameters, PowerAction, PowerState, PowerStateType, SystemPowerState,
};

/// A device whose driver writes each power request into the logbook and keeps it.
fn holding_device(book: &Logbook) -> (Rc<DeviceObject>, Rc<RefCell<Vec<Irp>>>) {
    let held: Rc<RefCell<Vec<Irp>>> = Rc::default();
    let driver = DriverObject::new("test");
    let (keep, book) = (Rc::clone(&held), book.clone());
    let dispatch = move |kernel: &Kernel, _: &Rc<DeviceObject>, irp: &Irp| {
        let Parameters::Power(request) = irp.parameters() else { panic!("a power request") };
        let PowerState::Device(state) = request.state else { panic!("a device state") };
        book.write(kernel, &format!("{:?} {state:?}", request.action));
        irp.mark_pending();
        keep.borrow_mut().push(irp.clone());
        NtStatus::PENDING
    };
    driver.set_major_function(MajorFunction::Power, Rc::new(dispatch));
    (DeviceObject::new(&driver), held)
}

fn complete_next(kernel: &Kernel, held: &RefCell<Vec<Irp>>) {
    let irp = held.borrow_mut().remove(0);
    irp.set_status(NtStatus::SUCCESS);
    kernel.start_next_power_irp(&irp);
    kernel.complete_request(&irp);
}

#[test]
fn requests_for_one_stack_are_sent_one_after_the_other() {
    let (kernel, book) = (kernel(), Logbook::default());
    let (device, held) = holding_device(&book);
    let (action, log) = (PowerAction::Set, book.clone());
    let done: portcls_emulator::PowerCompletion =
        Box::new(move |kernel, status| log.write(kernel, &format!("done {status}")));
    let first = kernel.request_power_irp(&device, action, DevicePowerState::D3, Some(done));
    assert_eq!(first, NtStatus::PENDING);
    kernel.request_power_irp(&device, action, DevicePowerState::D0, None);
    assert_eq!((book.count("Set D3"), book.count("Set D0")), (1, 0));
    complete_next(&kernel, &held);
    assert_eq!((book.count("done STATUS_SUCCESS"), book.count("Set D0")), (1, 0));
    kernel.run_until(1_000_000);
    assert_eq!(book.count("Set D0"), 1);
    complete_next(&kernel, &held);
    assert_eq!(kernel.violation_count(), 0);
}

#[test]
fn requests_for_two_stacks_do_not_wait_for_each_other() {
    let (kernel, book) = (kernel(), Logbook::default());
    let (one, _held_one) = holding_device(&book);
    let (two, _held_two) = holding_device(&book);
    kernel.request_power_irp(&one, PowerAction::Query, DevicePowerState::D3, None);
    kernel.request_power_irp(&two, PowerAction::Query, DevicePowerState::D3, None);
    assert_eq!(book.count("Query D3"), 2);
}

#[test]
fn a_request_from_dispatch_level_is_sent_by_the_system_thread_at_passive_level() {
    let kernel = kernel();
    let driver = DriverObject::new("test");
    driver.set_major_function(
        MajorFunction::Power,
        Rc::new(|kernel, _, irp| {
            assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
            irp.set_status(NtStatus::SUCCESS);
            kernel.complete_request(irp);
            NtStatus::SUCCESS
        }),
    );
    let device = DeviceObject::new(&driver);
    let log = Logbook::default();
    let book = log.clone();
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    let done: portcls_emulator::PowerCompletion =
        Box::new(move |kernel, _| book.write(kernel, "done"));
    kernel.request_power_irp(&device, PowerAction::Set, DevicePowerState::D1, Some(done));
    kernel.lower_irql(old);
    assert_eq!(log.count("done"), 0);
    kernel.run_until(1_000_000);
    assert_eq!(log.count("done"), 1);
}

#[test]
fn a_driver_that_holds_a_power_request_is_bug_check_9f() {
    let kernel = kernel();
    let (device, _held) = holding_device(&Logbook::default());
    let result = kernel.enter(|kernel| {
        kernel.request_power_irp(&device, PowerAction::Set, DevicePowerState::D3, None);
        kernel.run_until(200_000_000_000);
    });
    let (code, parameter) = bug_check(result);
    assert_eq!((code, parameter), (0x9F, 3));
    assert_eq!(kernel.stopped().unwrap().time_ns(), 120_000_000_000);
}

#[test]
fn a_device_is_in_d0_until_somebody_says_otherwise() {
    let kernel = kernel();
    let device = DeviceObject::new(&DriverObject::new("test"));
    let states = [DevicePowerState::D0, DevicePowerState::D3];
    assert_eq!(kernel.set_power_state(&device, DevicePowerState::D3), states[0]);
    assert_eq!(kernel.set_power_state(&device, DevicePowerState::D0), states[1]);
    assert_eq!(device.power_state(), DevicePowerState::D0);
}

#[test]
fn states_have_the_numbers_of_the_header() {
    assert_eq!(DevicePowerState::ALL.map(DevicePowerState::number), [1, 2, 3, 4]);
    assert_eq!(SystemPowerState::ALL.map(SystemPowerState::number), [1, 2, 3, 4, 5, 6]);
    assert_eq!(DevicePowerState::from_number(4), Some(DevicePowerState::D3));
    assert_eq!((DevicePowerState::from_number(0), SystemPowerState::from_number(7)), (None, None));
    let off = PowerState::Device(DevicePowerState::D3);
    assert_eq!((off.kind().number(), off.number(), off.name()), (1, 4, "D3"));
    assert_eq!(PowerState::from_number(PowerStateType::Device, 4), Some(off));
    assert_eq!(PowerState::from_number(PowerStateType::System, 0), None);
}
