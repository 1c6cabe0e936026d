//! Stream headers: their length, and their content after a request.

use std::cell::RefCell;

use portcls_emulator::{Irp, Mdl, NtStatus};
use portcls_port::ks::KsState;

use crate::frames::{Frame, headers};
use crate::plan::{CAPTURE, RENDER};
use crate::rig::{File, READ_STREAM, Rig, WRITE_STREAM, on_device};

const NOTE: &[(u32, &[u8])] = &[(0, &[0x90, 0x3C, 0x40])];

/// The bytes that a client adds to a header: the first few of these, or all.
const ADDED: [u8; 8] = [0xA5; 8];

/// Sends frames. For each frame, `added` has the number of bytes by which the header is longer than
/// the structure.
fn send(rig: &Rig, pin: &File<'_>, code: u32, frames: &[Frame], added: &[usize]) -> Irp {
    let mut bytes = Vec::new();
    for (frame, added) in frames.iter().zip(added) {
        let mut header = frame.header;
        header.size = 56 + *added as u32;
        bytes.extend(bytemuck::bytes_of(&header));
        bytes.extend(&ADDED[..*added]);
    }
    let mdls = frames.iter().map(|frame| Mdl::new(RefCell::new(frame.data.clone()))).collect();
    let sender = rig.sender(pin, code);
    let irp = sender.prepare_raw(bytes, mdls);
    sender.send(&rig.kernel, &irp);
    irp
}

#[test]
fn a_write_leaves_the_headers_alone_and_counts_the_bytes_written() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let frames = [Frame::now(NOTE), Frame::at_ms(20, NOTE), Frame::at_ms(40, NOTE)];
        for (wait_ms, status, written) in
            [(50, NtStatus::SUCCESS, 36), (30, NtStatus::CANCELLED, 24)]
        {
            pin.set_state(KsState::Stop);
            pin.set_state(KsState::Run);
            let irp = pin.write(&frames);
            let before: Vec<_> = frames.iter().map(|frame| frame.header).collect();
            rig.pass_ms(wait_ms);
            rig.kernel.cancel_request(&irp);
            assert_eq!((irp.status(), irp.information()), (status, written));
            assert_eq!(headers(&irp), before);
        }
    });
}

#[test]
fn a_longer_header_is_taken_and_the_next_one_begins_where_it_ends() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let frames = [Frame::now(&[(0, &[1])]), Frame::now(&[(0, &[2])]), Frame::now(&[(0, &[3])])];
        let irp = send(rig, &pin, WRITE_STREAM, &frames, &[8, 0, 4]);
        assert_eq!(rig.fake.taken(), [1, 2, 3]);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 36));
    });
}

#[test]
fn a_read_counts_the_headers_that_it_used_and_keeps_what_the_client_added_to_them() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let frames = [Frame::room(12), Frame::room(64), Frame::room(64)];
        let irp = send(rig, &pin, READ_STREAM, &frames, &[8, 4, 0]);
        rig.fake.incoming.borrow_mut().push_back(vec![1, 2, 3, 4, 5]);
        rig.fake.interrupt(&rig.kernel);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 64 + 60));
        let bytes = irp.buffer().borrow();
        let used = |at: usize| u32::from_le_bytes(bytes[at + 36..at + 40].try_into().unwrap());
        assert_eq!([used(0), used(64), used(124)], [12, 12, 0]);
        assert_eq!((&bytes[56..64], &bytes[120..124]), (&ADDED[..], &ADDED[..4]));
    });
}

#[test]
fn bytes_are_read_into_as_many_headers_as_they_need() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let irp = pin.read(&[Frame::room(12), Frame::room(64)]);
        rig.fake.incoming.borrow_mut().push_back(vec![1, 2, 3, 4, 5, 6, 7]);
        rig.fake.interrupt(&rig.kernel);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 112));
        let record = |at: usize| irp.mdls()[at].borrow()[..12].to_vec();
        assert_eq!(record(0), [0, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4]);
        assert_eq!(record(1)[..11], [0, 0, 0, 0, 3, 0, 0, 0, 5, 6, 7]);
    });
}

#[test]
fn a_header_that_is_too_short_or_ends_outside_the_buffer_refuses_the_request() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let refused = |sizes: &[u32], length: usize| {
            let mut bytes = Vec::new();
            for size in sizes {
                let mut header = Frame::now(NOTE).header;
                header.size = *size;
                bytes.extend(bytemuck::bytes_of(&header));
            }
            bytes.resize(length, 0);
            let data = || Mdl::new(RefCell::new(Frame::now(NOTE).data));
            let sender = rig.sender(&pin, WRITE_STREAM);
            let irp = sender.prepare_raw(bytes, sizes.iter().map(|_| data()).collect());
            sender.send(&rig.kernel, &irp)
        };
        let cases: [(&[u32], usize); 6] = [
            (&[0], 56),
            (&[48], 56),
            (&[57], 56),
            (&[u32::MAX], 56),
            (&[56], 57),
            (&[56, 57], 112),
        ];
        for (sizes, length) in cases {
            assert_eq!(refused(sizes, length), NtStatus::INVALID_BUFFER_SIZE, "{sizes:?} {length}");
        }
        assert!(rig.fake.writes().is_empty());
    });
}
