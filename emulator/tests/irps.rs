//! Requests: dispatch, pending, completion, cancelling, and their checks.

mod fake;

use std::cell::RefCell;
use std::rc::Rc;

use fake::{Logbook, bug_check, kernel};
use portcls_emulator::{
    DeviceObject, DispatchRoutine, DriverObject, Event, EventKind, FileObject, Irp, Irql, Kernel,
    MajorFunction, NtStatus, Parameters, PnpMinor, PnpRequest, PowerAction, Timeout,
};

fn device_that(dispatch: DispatchRoutine) -> Rc<DeviceObject> {
    let driver = DriverObject::new("test");
    driver.set_major_function(MajorFunction::Cleanup, dispatch);
    DeviceObject::new(&driver)
}

fn request() -> Irp {
    Irp::new(Parameters::Cleanup, None, Vec::new())
}

fn rules(kernel: &Kernel) -> Vec<&'static str> {
    kernel.violations().iter().map(|breach| breach.rule.id).collect()
}

#[test]
fn a_request_is_completed_with_its_status_and_information() {
    let (kernel, log) = (kernel(), Logbook::default());
    let device = device_that(Rc::new(|kernel, _, irp| {
        irp.set_status(NtStatus::SUCCESS);
        irp.set_information(12);
        kernel.complete_request(irp);
        NtStatus::SUCCESS
    }));
    let irp = request();
    let book = log.clone();
    irp.set_completion_routine(Box::new(move |kernel, irp| {
        assert!(irp.is_completed());
        book.write(kernel, "completion");
    }));
    assert_eq!(irp.status(), NtStatus::PENDING);
    assert_eq!(kernel.send_request(&device, &irp), NtStatus::SUCCESS);
    assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 12));
    assert_eq!(log.count("completion"), 1);
    assert_eq!(kernel.violation_count(), 0);
}

#[test]
fn a_major_function_without_a_routine_is_an_invalid_device_request() {
    let kernel = kernel();
    let device = DeviceObject::new(&DriverObject::new("empty"));
    let irp = Irp::new(Parameters::Close, None, Vec::new());
    assert_eq!(kernel.send_request(&device, &irp), NtStatus::INVALID_DEVICE_REQUEST);
    assert_eq!(irp.status(), NtStatus::INVALID_DEVICE_REQUEST);
    assert!(irp.is_completed());
}

#[test]
fn completing_a_request_twice_is_bug_check_44() {
    let result = kernel().enter(|kernel| {
        let irp = request();
        irp.set_status(NtStatus::SUCCESS);
        kernel.complete_request(&irp);
        kernel.complete_request(&irp);
    });
    assert_eq!(bug_check(result).0, 0x44);
}

#[test]
fn a_pending_request_is_completed_later_and_ends_the_wait_of_its_sender() {
    let kernel = kernel();
    let device = device_that(Rc::new(|kernel, _, irp| {
        irp.mark_pending();
        let irp = irp.clone();
        kernel.at(5_000, move |kernel| {
            irp.set_status(NtStatus::SUCCESS);
            kernel.complete_request(&irp);
        });
        NtStatus::PENDING
    }));
    let (irp, done) = (request(), Event::new(EventKind::Notification, "done"));
    let event = done.clone();
    irp.set_completion_routine(Box::new(move |kernel, _| {
        kernel.set_event(&event);
    }));
    assert_eq!(kernel.send_request(&device, &irp), NtStatus::PENDING);
    assert_eq!(kernel.wait_for_single_object(&done, Timeout::Never), NtStatus::SUCCESS);
    assert_eq!((kernel.now_ns(), kernel.violation_count()), (5_000, 0));
}

#[test]
fn each_mismatch_between_the_mark_and_the_answer_is_a_violation() {
    let answers: [(DispatchRoutine, &str, &str); 3] = [
        (Rc::new(|_, _, _| NtStatus::PENDING), "MarkIrpPending2", "STATUS_PENDING was returned"),
        (
            Rc::new(|kernel, _, irp| {
                irp.mark_pending();
                irp.set_status(NtStatus::SUCCESS);
                kernel.complete_request(irp);
                NtStatus::SUCCESS
            }),
            "MarkIrpPending",
            "marked pending and another status",
        ),
        (Rc::new(|_, _, _| NtStatus::SUCCESS), "request-forgotten", "neither completed nor queued"),
    ];
    for (dispatch, rule, words) in answers {
        let kernel = kernel();
        kernel.send_request(&device_that(dispatch), &request());
        assert_eq!(rules(&kernel), [rule]);
        let message = &kernel.violations()[0].message;
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn cancelling_calls_the_cancel_routine_once_at_dispatch_level() {
    let (kernel, log) = (kernel(), Logbook::default());
    let irp = request();
    let book = log.clone();
    irp.set_cancel_routine(Some(Rc::new(move |kernel, irp| {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        assert!(irp.is_cancelled());
        book.write(kernel, "cancel");
        irp.set_status(NtStatus::CANCELLED);
        kernel.complete_request(irp);
    })));
    assert!(kernel.cancel_request(&irp));
    assert!(!kernel.cancel_request(&irp));
    assert_eq!((log.count("cancel"), irp.status()), (1, NtStatus::CANCELLED));
    assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
    assert_eq!(kernel.violation_count(), 0);
}

#[test]
fn a_request_without_a_cancel_routine_only_learns_that_it_was_cancelled() {
    let kernel = kernel();
    let irp = request();
    assert!(!kernel.cancel_request(&irp));
    assert!(irp.is_cancelled() && !irp.is_completed());
}

#[test]
fn completing_with_the_cancel_routine_set_or_with_status_pending_is_a_violation() {
    let kernel = kernel();
    let irp = request();
    irp.set_cancel_routine(Some(Rc::new(|_, _| ())));
    kernel.complete_request(&irp);
    assert_eq!(rules(&kernel), ["completed-as-pending", "completed-cancellable"]);
    assert!(!kernel.cancel_request(&irp), "it was taken away");
}

#[test]
fn a_completion_routine_may_send_the_next_request_and_cancel_others() {
    let kernel = kernel();
    let queue: Rc<RefCell<Vec<Irp>>> = Rc::default();
    let held = Rc::clone(&queue);
    let device = device_that(Rc::new(move |_, _, irp| {
        irp.mark_pending();
        irp.set_cancel_routine(Some(Rc::new(|kernel, irp| {
            irp.set_status(NtStatus::CANCELLED);
            kernel.complete_request(irp);
        })));
        held.borrow_mut().push(irp.clone());
        NtStatus::PENDING
    }));
    let (first, second) = (request(), request());
    let (next, stack) = (second.clone(), Rc::clone(&device));
    first.set_completion_routine(Box::new(move |kernel, _| {
        kernel.send_request(&stack, &next);
        kernel.cancel_request(&next);
    }));
    kernel.send_request(&device, &first);
    assert!(kernel.cancel_request(&first));
    assert_eq!(second.status(), NtStatus::CANCELLED);
    assert!(queue.borrow()[1].is(&second));
    assert_eq!(kernel.violation_count(), 0);
}

#[test]
fn a_request_completed_above_dispatch_level_is_a_violation() {
    let kernel = kernel();
    let irp = request();
    irp.set_status(NtStatus::SUCCESS);
    kernel.raise_irql(Irql::of_line(9));
    kernel.complete_request(&irp);
    assert_eq!(rules(&kernel), ["complete-above-dispatch"]);
}

#[test]
fn the_last_handle_ends_with_cleanup_then_the_routine_of_the_file_then_close() {
    let kernel = kernel();
    let words: Rc<RefCell<Vec<&str>>> = Rc::default();
    let driver = DriverObject::new("test");
    for (major, word) in [(MajorFunction::Cleanup, "cleanup"), (MajorFunction::Close, "close")] {
        let words = Rc::clone(&words);
        driver.set_major_function(
            major,
            Rc::new(move |kernel: &Kernel, _, irp: &Irp| {
                words.borrow_mut().push(word);
                irp.set_status(NtStatus::SUCCESS);
                kernel.complete_request(irp);
                NtStatus::SUCCESS
            }),
        );
    }
    let file = FileObject::new(&DeviceObject::new(&driver), None);
    let told = Rc::clone(&words);
    file.set_last_handle_routine(Some(Rc::new(move |_| told.borrow_mut().push("routine"))));
    assert_eq!(kernel.close_file(&file), NtStatus::SUCCESS);
    assert_eq!(*words.borrow(), ["cleanup", "routine", "close"]);
}

#[test]
fn a_driver_without_an_entry_for_cleanup_is_closed_all_the_same() {
    let kernel = kernel();
    let driver = DriverObject::new("test");
    let close = |kernel: &Kernel, _: &Rc<DeviceObject>, irp: &Irp| {
        irp.set_status(NtStatus::SUCCESS);
        kernel.complete_request(irp);
        NtStatus::SUCCESS
    };
    driver.set_major_function(MajorFunction::Close, Rc::new(close));
    let file = FileObject::new(&DeviceObject::new(&driver), None);
    assert_eq!(kernel.close_file(&file), NtStatus::SUCCESS);
    assert_eq!(kernel.violation_count(), 0);
}

#[test]
fn function_codes_have_the_numbers_and_names_of_the_header() {
    let numbers = [0x00, 0x02, 0x03, 0x04, 0x09, 0x0E, 0x12, 0x14, 0x15, 0x16, 0x17, 0x1B];
    assert_eq!(MajorFunction::ALL.map(MajorFunction::number), numbers);
    assert_eq!(MajorFunction::from_number(0x1B).map(MajorFunction::name), Some("IRP_MJ_PNP"));
    assert_eq!(MajorFunction::from_number(0x01), None);
    let minors = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0D, 0x14, 0x17];
    assert_eq!(PnpMinor::ALL.map(PnpMinor::number), minors);
    assert_eq!(PnpRequest::SurpriseRemoval.minor().name(), "IRP_MN_SURPRISE_REMOVAL");
    assert_eq!((PowerAction::Set.number(), PowerAction::Query.number()), (2, 3));
}
