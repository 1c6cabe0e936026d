//! Properties that the port answers on every open pin.

use portcls_emulator::{Irp, NtStatus};
use portcls_port::guid::Guid;
use portcls_port::ks::guids::property_set;
use portcls_port::ks::{KsProperty, KsState};

use crate::frames::Frame;
use crate::plan::{CAPTURE, RENDER};
use crate::rig::{File, GET, PROPERTY, SET, on_device};

const BASIC_SUPPORT: u32 = 0x200;
/// KSPROPERTY_STREAM_ALLOCATOR and KSPROPERTY_STREAM_MASTERCLOCK: the first and the fourth name in
/// the enumeration KSPROPERTY_STREAM of ks.h.
const HANDLES: [u32; 2] = [0, 3];
/// The other names: QUALITY, DEGRADATION, TIMEFORMAT, PRESENTATIONTIME, PRESENTATIONEXTENT,
/// FRAMETIME, RATECAPABILITY, RATE and PIPE_ID. These names have the numbers 1, 2 and 4 to 10.
const NOT_ANSWERED: [u32; 9] = [1, 2, 4, 5, 6, 7, 8, 9, 10];
/// KSPROPERTY_AUDIO_POSITION
const POSITION: u32 = 5;

fn ask(pin: &File<'_>, set: Guid, id: u32, flags: u32, value: &[u8], length: u32) -> Irp {
    let property = KsProperty { set, id, flags };
    pin.control(PROPERTY, bytemuck::bytes_of(&property), value, length)
}

/// The position of a pin: the end of the played or captured bytes, and the end of all bytes.
fn position(pin: &File<'_>) -> (u64, u64) {
    let irp = ask(pin, property_set::AUDIO, POSITION, GET, &[], 16);
    assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 16));
    let value = irp.buffer().borrow();
    let half = |at: usize| u64::from_le_bytes(value[at..at + 8].try_into().unwrap());
    (half(0), half(8))
}

#[test]
fn a_pin_has_neither_an_allocator_nor_a_clock_and_says_so_with_a_null_handle() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        for id in HANDLES {
            let handle = ask(&pin, property_set::STREAM, id, GET, &[], 8);
            assert_eq!((handle.status(), handle.information()), (NtStatus::SUCCESS, 8));
            assert_eq!(*handle.buffer().borrow(), [0; 8]);
            let set = |value: &[u8]| {
                let length = value.len() as u32;
                ask(&pin, property_set::STREAM, id, SET, value, length).status()
            };
            assert_eq!(set(&[0; 8]), NtStatus::SUCCESS);
            assert_eq!(set(&[4, 0, 0, 0, 0, 0, 0, 0]), NtStatus(0xC000_0008));
            assert_eq!(set(&[0; 7]), NtStatus::BUFFER_TOO_SMALL);
            let on_filter = ask(&filter, property_set::STREAM, id, GET, &[], 8);
            assert_eq!(on_filter.status(), NtStatus::PROPSET_NOT_FOUND);
        }
        for id in NOT_ANSWERED {
            let other = ask(&pin, property_set::STREAM, id, GET, &[], 16);
            assert_eq!(other.status(), NtStatus::NOT_FOUND, "{id}");
        }
    });
}

#[test]
fn a_pin_names_the_buffers_that_it_would_like() {
    on_device(|rig| {
        let (_filter, pin) = rig.open_pin(RENDER);
        let framing = ask(&pin, property_set::CONNECTION, 3, GET, &[], 24);
        assert_eq!((framing.status(), framing.information()), (NtStatus::SUCCESS, 24));
        assert_eq!(framing.buffer().borrow()[..4], [2, 0, 0, 0x80], "preferences only");
        let set = ask(&pin, property_set::CONNECTION, 3, SET, &[0; 24], 24);
        assert_eq!(set.status(), NtStatus::INVALID_DEVICE_REQUEST);
    });
}

#[test]
fn rights_to_content_are_known_and_refused_to_a_program() {
    on_device(|rig| {
        let (_filter, pin) = rig.open_pin(RENDER);
        let set = property_set::DRM_AUDIO_STREAM;
        let support = ask(&pin, set, 0, BASIC_SUPPORT, &[], 4);
        assert_eq!(*support.buffer().borrow(), [2, 0, 0, 0]);
        let refused = ask(&pin, set, 0, SET, &[0; 16], 16);
        assert_eq!(refused.status(), NtStatus::INVALID_DEVICE_REQUEST);
    });
}

#[test]
fn the_position_of_a_render_stream_follows_its_requests() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        assert_eq!(position(&pin), (0, 0));
        // Each request has a record of 8 + 3 bytes, padded to 12.
        pin.write(&[Frame::at_ms(1, &[(0, &[0x90, 0x3C, 0x40])])]);
        let late = pin.write(&[Frame::at_ms(50, &[(0, &[0x80, 0x3C, 0x40])])]);
        assert_eq!(position(&pin), (0, 24));
        rig.pass_ms(5);
        assert_eq!(position(&pin), (12, 24));
        assert!(rig.kernel.cancel_request(&late));
        assert_eq!(position(&pin), (12, 12), "the second was not played");
        assert_eq!(pin.set_state(KsState::Stop), NtStatus::SUCCESS);
        assert_eq!(position(&pin), (0, 0));
    });
}

#[test]
fn the_position_of_a_capture_stream_is_what_came_and_the_room_for_more() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        pin.read(&[Frame::room(64)]);
        assert_eq!(position(&pin), (0, 64));
        rig.fake.incoming.borrow_mut().push_back(vec![0x90, 0x3C, 0x40]);
        rig.fake.interrupt(&rig.kernel);
        rig.pass_ms(1);
        assert_eq!(position(&pin), (12, 12));
    });
}
