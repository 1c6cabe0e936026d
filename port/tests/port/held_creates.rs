//! Requests to open files while a stop of the device is pending.

use std::rc::Rc;

use portcls_emulator::{Irp, Kernel, NtStatus, PnpRequest, WorkItem};
use portcls_port::ks::KsState;
use portcls_port::ks::pin_connect::{PinRequest, filter_name};

use crate::plan::RENDER;
use crate::rig::{BusAnswer, File, Rig, on_device};

fn create_filter(rig: &Rig) -> Irp {
    rig.send_create(&rig.physical.top(), None, &filter_name("Midi"))
}

fn create_pin(rig: &Rig, filter: &File<'_>) -> Irp {
    let name = PinRequest::midi(RENDER).to_name();
    rig.send_create(&rig.physical.top(), Some(Rc::clone(&filter.file)), &name)
}

#[test]
fn creates_are_held_and_done_when_the_stop_is_cancelled() {
    on_device(|rig| {
        let filter = rig.open_filter().unwrap();
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::SUCCESS);
        rig.fake.words();
        let irps = [create_filter(rig), create_pin(rig, &filter)];
        assert!(irps.iter().all(|irp| !irp.is_completed() && irp.is_marked_pending()));
        assert!(rig.fake.words().is_empty(), "the miniport is asked for no stream");
        assert_eq!(rig.pnp(PnpRequest::CancelStopDevice), NtStatus::SUCCESS);
        let [other, pin] = irps.map(|irp| rig.opened(&irp).unwrap());
        assert_eq!(rig.fake.words(), ["NewStream 0 Render"]);
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        assert_eq!(other.pin_property(1, 0, &[], 4).status(), NtStatus::SUCCESS);
        assert!(rig.open_filter().is_ok(), "nothing is held any more");
    });
}

#[test]
fn held_creates_fail_when_the_device_stops_or_goes_and_nothing_is_held_after_the_next_start() {
    for last in [PnpRequest::StopDevice, PnpRequest::SurpriseRemoval, PnpRequest::RemoveDevice] {
        on_device(|rig| {
            let filter = rig.open_filter().unwrap();
            assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::SUCCESS);
            let irps = [create_filter(rig), create_pin(rig, &filter)];
            assert_eq!(rig.pnp(last.clone()), NtStatus::SUCCESS);
            let refused = irps.map(|irp| rig.opened(&irp).err());
            let expected = [NtStatus::DEVICE_NOT_READY, NtStatus::INVALID_DEVICE_STATE];
            assert_eq!(refused, expected.map(Some));
            if last == PnpRequest::StopDevice {
                assert_eq!(rig.start(), NtStatus::SUCCESS);
                assert!(rig.open_filter().is_ok());
            }
        });
    }
}

#[test]
fn a_create_that_comes_while_the_bus_is_asked_is_held_too() {
    on_device(|rig| {
        let irp = rig.prepare_create(&rig.physical.top(), None, &filter_name("Midi"));
        let (device, sent) = (rig.physical.top(), irp.clone());
        let send = move |kernel: &Kernel| {
            assert_eq!(kernel.send_request(&device, &sent), NtStatus::PENDING);
        };
        // The system thread sends the request while the stop waits for the bus.
        rig.kernel.queue_work_item(&WorkItem::new(Rc::new(send)));
        rig.bus_answer.set(BusAnswer::Later(5));
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::SUCCESS);
        assert!(irp.is_marked_pending() && !irp.is_completed());
        rig.bus_answer.set(BusAnswer::Success);
        assert_eq!(rig.pnp(PnpRequest::CancelStopDevice), NtStatus::SUCCESS);
        assert!(rig.opened(&irp).is_ok());
    });
}

#[test]
fn no_create_is_held_after_a_stop_was_refused_by_the_bus_or_by_an_open_pin() {
    on_device(|rig| {
        rig.bus_answer.set(BusAnswer::Fails(NtStatus::UNSUCCESSFUL));
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::UNSUCCESSFUL);
        assert!(rig.open_filter().is_ok(), "no stop is pending");
        let (_, pin) = rig.open_pin(RENDER);
        rig.bus_answer.set(BusAnswer::Success);
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::DEVICE_BUSY);
        assert!(rig.open_filter().is_ok(), "no stop is pending");
        pin.close();
    });
}

#[test]
fn a_client_can_cancel_a_create_that_is_held() {
    on_device(|rig| {
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::SUCCESS);
        let irps = [create_filter(rig), create_filter(rig)];
        assert!(rig.kernel.cancel_request(&irps[0]));
        assert_eq!(irps[0].status(), NtStatus::CANCELLED);
        assert_eq!(rig.pnp(PnpRequest::CancelStopDevice), NtStatus::SUCCESS);
        assert_eq!(rig.opened(&irps[0]).err(), Some(NtStatus::CANCELLED));
        assert!(rig.opened(&irps[1]).is_ok());
        assert!(!rig.kernel.cancel_request(&irps[1]));
    });
}

#[test]
fn more_creates_than_a_device_holds_are_refused() {
    on_device(|rig| {
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::SUCCESS);
        let irps: Vec<Irp> = (0..1_024).map(|_| create_filter(rig)).collect();
        assert!(irps.iter().all(|irp| !irp.is_completed()));
        assert_eq!(create_filter(rig).status(), NtStatus::INSUFFICIENT_RESOURCES);
        assert_eq!(rig.pnp(PnpRequest::StopDevice), NtStatus::SUCCESS);
    });
}
