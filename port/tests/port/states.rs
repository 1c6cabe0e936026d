//! A stream's way from state to state, and its requests and bytes meanwhile.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Irp, Irql, NtStatus};
use portcls_port::ks::KsState;

use crate::frames::{Frame, bytes_of, captured};
use crate::plan::{CAPTURE, RENDER};
use crate::rig::{Sender, WRITE_STREAM, on_device};

const NOTE: &[(u32, &[u8])] = &[(0, &[0x90, 0x3C, 0x40])];

#[test]
fn a_jump_is_walked_through_the_neighbours_both_ways() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        rig.fake.words();
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        assert_eq!(rig.fake.words(), ["SetState Acquire", "SetState Pause", "SetState Run"]);
        assert_eq!(pin.state(), 3);
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        assert!(rig.fake.words().is_empty());
        assert_eq!(pin.set_state(KsState::Acquire), NtStatus::SUCCESS);
        assert_eq!(rig.fake.words(), ["SetState Pause", "SetState Acquire"]);
        assert_eq!(pin.set_state(KsState::Pause), NtStatus::SUCCESS);
        assert_eq!(pin.set_state(KsState::Stop), NtStatus::SUCCESS);
        let words = ["SetState Pause", "SetState Acquire", "SetState Stop"];
        assert_eq!(rig.fake.words(), words);
        assert_eq!(pin.state(), 0);
    });
}

#[test]
fn a_state_that_is_none_changes_nothing() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        rig.fake.words();
        assert_eq!(pin.set_raw_state(&[4, 0, 0, 0]), NtStatus::INVALID_PARAMETER);
        assert_eq!(pin.set_raw_state(&[0xFF; 4]), NtStatus::INVALID_PARAMETER);
        assert_eq!(pin.set_raw_state(&[3, 0, 0]), NtStatus::BUFFER_TOO_SMALL);
        assert_eq!(pin.set_raw_state(&[]), NtStatus::BUFFER_TOO_SMALL);
        assert!(rig.fake.words().is_empty());
    });
}

#[test]
fn a_failure_on_the_way_up_stays_in_the_last_good_state() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        rig.fake.answer_state(|_, state| match state {
            KsState::Run => Err(NtStatus::INVALID_DEVICE_STATE),
            _ => Ok(()),
        });
        assert_eq!(pin.set_state(KsState::Run), NtStatus::INVALID_DEVICE_STATE);
        assert_eq!(pin.state(), 2);
        pin.write(&[Frame::now(NOTE)]);
        rig.pass_ms(10);
        assert!(rig.fake.writes().is_empty());
        rig.fake.answer_state(|_, _| Ok(()));
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        assert_eq!(rig.fake.taken(), [0x90, 0x3C, 0x40]);
    });
}

#[test]
fn a_failure_on_the_way_down_is_a_violation_and_the_walk_goes_on() {
    on_device(|rig| {
        rig.expect_violations(&["state-down-failed"; 3]);
        let pin = rig.run_pin(RENDER);
        rig.fake.words();
        rig.fake.answer_state(|_, _| Err(NtStatus::IO_DEVICE_ERROR));
        assert_eq!(pin.set_state(KsState::Stop), NtStatus::SUCCESS);
        let words = ["SetState Pause", "SetState Acquire", "SetState Stop"];
        assert_eq!(rig.fake.words(), words);
        assert_eq!(pin.state(), 0);
    });
}

#[test]
fn closing_in_run_walks_down_and_then_drops_the_stream() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        rig.fake.words();
        pin.close();
        let down = ["SetState Pause", "SetState Acquire", "SetState Stop", "drop stream"];
        assert_eq!(rig.fake.words(), down);
    });
}

#[test]
fn a_callback_that_returns_at_another_level_is_a_violation() {
    on_device(|rig| {
        rig.expect_violations(&["IrqlReturn"]);
        let (_, pin) = rig.open_pin(RENDER);
        rig.fake.answer_state(|kernel, state| {
            if state == KsState::Run {
                kernel.raise_irql(Irql::DISPATCH_LEVEL);
            }
            Ok(())
        });
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        assert_eq!(rig.kernel.current_irql().0, 0);
    });
}

#[test]
fn data_is_refused_in_stop_and_a_client_that_resends_is_refused_on_the_way_there() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        let (_, status) = pin.stream(WRITE_STREAM, &[Frame::now(NOTE)]);
        assert_eq!(status, NtStatus::INVALID_DEVICE_STATE);
        pin.set_state(KsState::Pause);
        let sender = rig.sender(&pin, WRITE_STREAM);
        let last = Rc::new(Cell::new(NtStatus::SUCCESS));
        let irp = sender.prepare(&[Frame::now(NOTE)]);
        resend(&sender, &irp, &last);
        sender.send(&rig.kernel, &irp);
        assert_eq!(pin.set_state(KsState::Stop), NtStatus::SUCCESS);
        assert_eq!(last.get(), NtStatus::INVALID_DEVICE_STATE);
    });
}

/// Lets the completion of each cancelled request send another request. `last` gets the status of
/// each completed request.
fn resend(sender: &Sender, irp: &Irp, last: &Rc<Cell<NtStatus>>) {
    let (sender, last) = (sender.clone(), Rc::clone(last));
    irp.set_completion_routine(Box::new(move |kernel, done| {
        last.set(done.status());
        if done.status() == NtStatus::CANCELLED {
            let next = sender.prepare(&[Frame::now(NOTE)]);
            resend(&sender, &next, &last);
            sender.send(kernel, &next);
        }
    }));
}

#[test]
fn bytes_that_come_while_the_stream_steps_down_to_acquire_are_discarded() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        pin.set_state(KsState::Pause);
        let fake = Rc::downgrade(&rig.fake);
        rig.fake.answer_state(move |kernel, state| {
            if let Some(fake) = fake.upgrade()
                && state == KsState::Acquire
            {
                fake.incoming.borrow_mut().push_back(vec![0x90, 1, 2]);
                fake.interrupt(kernel);
            }
            Ok(())
        });
        pin.set_state(KsState::Acquire);
        rig.fake.answer_state(|_, _| Ok(()));
        pin.set_state(KsState::Run);
        let irp = pin.read(&[Frame::room(64)]);
        assert!(!irp.is_completed());
        rig.fake.incoming.borrow_mut().push_back(vec![0xF8]);
        rig.fake.interrupt(&rig.kernel);
        assert_eq!(bytes_of(&captured(&irp)), [0xF8]);
    });
}
