//! Wrong requests: the port answers each, nothing panics, nothing is left.

use std::cell::RefCell;

use portcls_emulator::{Mdl, NtStatus};
use portcls_port::ks::KsProperty;
use portcls_port::ks::KsState;
use portcls_port::ks::guids::property_set;
use portcls_port::ks::pin_connect::PinRequest;
use proptest::prelude::*;

use crate::frames::{Frame, data_used, music};
use crate::plan::{CAPTURE, RENDER};
use crate::rig::{File, GET, PROPERTY, READ_STREAM, Rig, WRITE_STREAM, on_device};

const NOTE: &[(u32, &[u8])] = &[(0, &[0x90, 0x3C, 0x40])];

/// Sends a stream request with these headers and buffers.
fn raw(rig: &Rig, pin: &File<'_>, code: u32, headers: Vec<u8>, buffers: &[Vec<u8>]) -> NtStatus {
    let sender = rig.sender(pin, code);
    let mdls = buffers.iter().map(|data| Mdl::new(RefCell::new(data.clone()))).collect();
    let irp = sender.prepare_raw(headers, mdls);
    sender.send(&rig.kernel, &irp)
}

fn refused(frame: Frame) -> NtStatus {
    let mut status = NtStatus::SUCCESS;
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        status = pin.stream(WRITE_STREAM, &[Frame::now(NOTE), frame]).1;
        assert!(rig.fake.writes().is_empty(), "nothing of a refused request goes out");
    });
    status
}

#[test]
fn a_record_that_passes_the_end_refuses_the_whole_request() {
    let mut past_end = music(NOTE);
    past_end[4] = 5;
    let cut_head = [music(NOTE), vec![0; 7]].concat();
    let largest = [vec![0; 4], vec![0xFF; 4]].concat();
    for data in [past_end, cut_head, largest, vec![0; 1]] {
        assert_eq!(refused(Frame::of(data)), NtStatus::INVALID_PARAMETER);
    }
}

#[test]
fn a_time_over_zero_or_beyond_64_bits_is_refused() {
    let mut over_zero = Frame::at_ms(1, NOTE);
    over_zero.header.presentation_time.denominator = 0;
    assert_eq!(refused(over_zero), NtStatus::INVALID_PARAMETER);
    let mut too_far = Frame::at_ms(1, NOTE);
    too_far.header.presentation_time.time = i64::MAX;
    assert_eq!(refused(too_far), NtStatus::INVALID_PARAMETER);
}

#[test]
fn a_header_that_does_not_fit_its_buffer_is_refused() {
    let mut size = Frame::now(NOTE);
    size.header.size = 48;
    let mut extent = Frame::now(NOTE);
    extent.header.frame_extent = 13;
    let mut used = Frame::now(NOTE);
    used.header.data_used = 13;
    for frame in [size, extent, used] {
        assert_eq!(refused(frame), NtStatus::INVALID_BUFFER_SIZE);
    }
}

#[test]
fn empty_records_an_unaligned_end_and_no_data_are_accepted() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let mut unaligned = Frame::now(NOTE);
        unaligned.header.data_used = 11;
        let frames = [Frame::now(&[(0, &[]), (0, &[])]), unaligned, Frame::now(&[])];
        let irp = pin.write(&frames);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 16 + 11));
        assert_eq!(data_used(&irp), [16, 11, 0]);
        assert_eq!(rig.fake.taken(), [0x90, 0x3C, 0x40]);
    });
}

#[test]
fn headers_of_a_wrong_length_or_number_are_refused() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let header = bytemuck::bytes_of(&Frame::now(NOTE).header).to_vec();
        let data = music(NOTE);
        let size = NtStatus::INVALID_BUFFER_SIZE;
        assert_eq!(raw(rig, &pin, WRITE_STREAM, vec![], &[]), size);
        for length in [1, 48, 55] {
            let cut = header[..length].to_vec();
            assert_eq!(raw(rig, &pin, WRITE_STREAM, cut, std::slice::from_ref(&data)), size);
        }
        let number = NtStatus::INVALID_PARAMETER;
        assert_eq!(raw(rig, &pin, WRITE_STREAM, header.clone(), &[]), number);
        assert_eq!(raw(rig, &pin, WRITE_STREAM, header, &[data.clone(), data]), number);
    });
}

#[test]
fn a_buffer_without_room_for_one_byte_cannot_be_read_into() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        for length in [0, 8, 11] {
            let (_, status) = pin.stream(READ_STREAM, &[Frame::room(64), Frame::room(length)]);
            assert_eq!(status, NtStatus::INVALID_BUFFER_SIZE);
        }
        let mut extent = Frame::room(64);
        extent.header.frame_extent = 65;
        let (_, status) = pin.stream(READ_STREAM, &[extent]);
        assert_eq!(status, NtStatus::INVALID_BUFFER_SIZE);
    });
}

#[test]
fn a_client_that_cuts_its_buffers_while_they_are_queued_is_answered() {
    on_device(|rig| {
        let filter = rig.open_filter().unwrap();
        let (render, capture) = (filter.pin(RENDER).unwrap(), filter.pin(CAPTURE).unwrap());
        render.set_state(KsState::Pause);
        capture.set_state(KsState::Run);
        let write = render.write(&[Frame::now(&[(0, &[1]), (0, &[2]), (0, &[3])])]);
        write.mdls()[0].borrow_mut().truncate(20);
        write.buffer().borrow_mut().truncate(10);
        render.set_state(KsState::Run);
        assert_eq!(write.status(), NtStatus::SUCCESS);
        assert_eq!(rig.fake.taken(), [1]);
        let read = capture.read(&[Frame::room(64)]);
        read.mdls()[0].borrow_mut().truncate(5);
        read.buffer().borrow_mut().clear();
        let next = capture.read(&[Frame::room(64)]);
        rig.fake.incoming.borrow_mut().push_back(vec![0xF8]);
        rig.fake.interrupt(&rig.kernel);
        assert!(read.is_completed());
        assert_eq!(data_used(&next), [12]);
    });
}

#[test]
fn the_records_of_a_request_are_found_once_and_a_client_that_rewrites_their_heads_is_late() {
    on_device(|rig| {
        let (_, render) = rig.open_pin(RENDER);
        render.set_state(KsState::Pause);
        let write = render.write(&[Frame::now(&[(0, &[1, 2, 3]), (2, &[4])])]);
        {
            let mut data = write.mdls()[0].borrow_mut();
            data[..8].fill(0xFF);
            data[12..20].fill(0xFF);
            data[8] = 9;
        }
        render.set_state(KsState::Run);
        rig.pass_ms(3);
        assert_eq!(write.status(), NtStatus::SUCCESS);
        assert_eq!(rig.fake.taken(), [9, 2, 3, 4]);
        assert_eq!(write.information(), 24);
    });
}

#[test]
fn unknown_controls_are_no_requests_of_a_filter_or_pin() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let wrong = NtStatus::INVALID_DEVICE_REQUEST;
        for code in [0, 0x002F_000F, u32::MAX] {
            assert_eq!(filter.control(code, &[], &[], 0).status(), wrong);
            assert_eq!(pin.control(code, &[], &[], 0).status(), wrong);
        }
        for code in [WRITE_STREAM, READ_STREAM] {
            assert_eq!(filter.control(code, &[], &[], 0).status(), wrong);
        }
    });
}

#[test]
fn property_requests_that_are_wrong_say_what_is_wrong() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let ask = |file: &File<'_>, set, id, flags, rest: &[u8]| {
            let property = KsProperty { set, id, flags };
            let input = [bytemuck::bytes_of(&property), rest].concat();
            file.control(PROPERTY, &input, &[], 8).status()
        };
        let pins = property_set::PIN;
        let connection = property_set::CONNECTION;
        for file in [&filter, &pin] {
            let short = file.control(PROPERTY, &[0; 23], &[], 8).status();
            assert_eq!(short, NtStatus::INVALID_BUFFER_SIZE);
            let unknown = ask(file, property_set::GENERAL, 0, GET, &[]);
            assert_eq!(unknown, NtStatus::PROPSET_NOT_FOUND);
        }
        assert_eq!(ask(&pin, pins, 0, GET, &[0; 8]), NtStatus::PROPSET_NOT_FOUND);
        assert_eq!(ask(&filter, connection, 0, GET, &[]), NtStatus::PROPSET_NOT_FOUND);
        assert_eq!(ask(&filter, pins, 99, GET, &[0; 8]), NtStatus::NOT_FOUND);
        assert_eq!(ask(&pin, connection, 99, GET, &[]), NtStatus::NOT_FOUND);
        assert_eq!(ask(&filter, pins, 2, GET, &[0; 7]), NtStatus::INVALID_BUFFER_SIZE);
        assert_eq!(ask(&filter, pins, 2, GET, &[3; 8]), NtStatus::INVALID_PARAMETER);
        assert_eq!(ask(&filter, pins, 2, 2, &[0; 8]), NtStatus::INVALID_DEVICE_REQUEST);
        assert_eq!(ask(&filter, pins, 2, 0, &[0; 8]), NtStatus::INVALID_PARAMETER);
        assert_eq!(ask(&pin, connection, 0, 3, &[]), NtStatus::INVALID_PARAMETER);
        assert_eq!(ask(&filter, pins, 99, 0x100, &[]), NtStatus::SUCCESS);
        assert_eq!(ask(&filter, pins, 4, GET, &[0; 8]), NtStatus::INVALID_PARAMETER);
    });
}

#[test]
fn the_length_protocol_holds_for_values_and_lists() {
    on_device(|rig| {
        let filter = rig.open_filter().unwrap();
        let ask = |id, length| {
            let irp = filter.pin_property(id, RENDER, &[], length);
            let bytes = irp.buffer().borrow().len();
            (irp.status(), irp.information(), bytes)
        };
        let overflow = NtStatus::BUFFER_OVERFLOW;
        let small = NtStatus::BUFFER_TOO_SMALL;
        assert_eq!(ask(2, 0), (overflow, 4, 0));
        assert_eq!(ask(2, 3), (small, 0, 0));
        assert_eq!(ask(2, 100), (NtStatus::SUCCESS, 4, 4));
        assert_eq!(ask(3, 0), (overflow, 104, 0));
        assert_eq!(ask(3, 8), (NtStatus::SUCCESS, 8, 8));
        assert_eq!(ask(3, 103), (small, 0, 0));
        assert_eq!(ask(11, 0), (overflow, 16, 0));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_name_opens_something_or_nothing(name: Vec<u16>, pin_part: Vec<u16>) {
        on_device(|rig| {
            let device = rig.physical.top();
            let _ = rig.open(&device, None, &name);
            let filter = rig.open_filter().unwrap();
            let _ = filter.open(&name);
            let guid = &PinRequest::midi(0).to_name()[..39];
            let _ = filter.open(&[guid, &pin_part].concat());
        });
    }

    #[test]
    fn any_property_request_is_answered(
        in_known_set in 0_usize..4,
        id in 0_u32..20,
        flags: u32,
        rest in prop::collection::vec(any::<u8>(), 0..120),
        value in prop::collection::vec(any::<u8>(), 0..120),
        length in 0_u32..200,
    ) {
        on_device(|rig| {
            let (filter, pin) = rig.open_pin(RENDER);
            let sets = [
                property_set::PIN, property_set::TOPOLOGY, property_set::CONNECTION,
                property_set::GENERAL,
            ];
            for flags in [flags, flags & 3, 1, 2] {
                let property = KsProperty { set: sets[in_known_set], id, flags };
                let input = [bytemuck::bytes_of(&property), &rest].concat();
                for file in [&filter, &pin] {
                    let irp = file.control(PROPERTY, &input, &value, length);
                    if irp.status() == NtStatus::SUCCESS {
                        assert!(irp.information() <= u64::from(length));
                    }
                    file.control(PROPERTY, &rest, &value, length);
                }
            }
        });
    }

    #[test]
    fn any_stream_buffer_is_answered_or_queued(
        data in prop::collection::vec(any::<u8>(), 0..200),
        header in prop::collection::vec(any::<u8>(), 0..120),
        changed in prop::collection::vec((0_usize..56, any::<u8>()), 0..3),
    ) {
        on_device(|rig| {
            let filter = rig.open_filter().unwrap();
            let (render, capture) = (filter.pin(RENDER).unwrap(), filter.pin(CAPTURE).unwrap());
            for (pin, code) in [(&render, WRITE_STREAM), (&capture, READ_STREAM)] {
                pin.set_state(KsState::Run);
                raw(rig, pin, code, header.clone(), std::slice::from_ref(&data));
                let mut near = bytemuck::bytes_of(&Frame::of(data.clone()).header).to_vec();
                for (index, byte) in &changed {
                    near[*index] = *byte;
                }
                raw(rig, pin, code, near, std::slice::from_ref(&data));
            }
            rig.fake.incoming.borrow_mut().push_back(vec![0x55; 100]);
            rig.fake.interrupt(&rig.kernel);
            rig.pass_ms(20);
        });
    }
}
