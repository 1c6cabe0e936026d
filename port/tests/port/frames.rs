//! Stream headers with their buffers: built and taken apart again.

use portcls_emulator::Irp;
use portcls_port::ks::{KsStreamHeader, KsTime};

/// KSSTREAM_HEADER_OPTIONSF_TIMEVALID
const TIME_VALID: u32 = 0x10;

/// One stream header with its buffer.
#[derive(Clone)]
pub struct Frame {
    pub header: KsStreamHeader,
    pub data: Vec<u8>,
}

impl Frame {
    /// Music records in a buffer without a presentation time.
    pub fn now(records: &[(u32, &[u8])]) -> Frame {
        Frame::of(music(records))
    }

    /// Music records in a buffer with a presentation time in ms.
    pub fn at_ms(time_ms: i64, records: &[(u32, &[u8])]) -> Frame {
        let mut frame = Frame::now(records);
        frame.header.presentation_time =
            KsTime { time: time_ms, numerator: 10_000, denominator: 1 };
        frame.header.options_flags = TIME_VALID;
        frame
    }

    /// DirectMusic events in a buffer without a presentation time.
    pub fn events_now(events: &[Event<'_>]) -> Frame {
        Frame::of(event_records(events))
    }

    /// DirectMusic events in a buffer with a presentation time in 100 ns.
    pub fn events_at(time_100ns: i64, events: &[Event<'_>]) -> Frame {
        let mut frame = Frame::events_now(events);
        frame.header.presentation_time = KsTime { time: time_100ns, numerator: 1, denominator: 1 };
        frame.header.options_flags = TIME_VALID;
        frame
    }

    /// Any bytes as data.
    pub fn of(data: Vec<u8>) -> Frame {
        let mut frame = Frame::room(data.len() as u32);
        frame.header.data_used = data.len() as u32;
        frame.data = data;
        frame
    }

    /// Room to read into.
    pub fn room(length: u32) -> Frame {
        let header = KsStreamHeader {
            size: 56,
            type_specific_flags: 0,
            presentation_time: KsTime { time: 0, numerator: 1, denominator: 1 },
            duration: 0,
            frame_extent: length,
            data_used: 0,
            data: 0,
            options_flags: 0,
            reserved: 0,
        };
        Frame { header, data: vec![0xEE; length as usize] }
    }
}

/// A chain of records, written down byte by byte.
pub fn music(records: &[(u32, &[u8])]) -> Vec<u8> {
    let mut chain = Vec::new();
    for (delta_ms, bytes) in records {
        chain.extend(delta_ms.to_le_bytes());
        chain.extend((bytes.len() as u32).to_le_bytes());
        chain.extend(*bytes);
        chain.resize(chain.len().div_ceil(4) * 4, 0);
    }
    chain
}

/// A DirectMusic event: its offset in 100 ns, its flags and its bytes, in channel group 1.
pub type Event<'a> = (i64, u32, &'a [u8]);

/// A chain of DirectMusic records, written down byte by byte.
pub fn event_records(events: &[Event<'_>]) -> Vec<u8> {
    let mut chain = Vec::new();
    for (offset_100ns, flags, bytes) in events {
        chain.extend((bytes.len() as u32).to_le_bytes());
        chain.extend(1_u32.to_le_bytes());
        chain.extend(offset_100ns.to_le_bytes());
        chain.extend(flags.to_le_bytes());
        chain.extend(*bytes);
        chain.resize(chain.len().div_ceil(8) * 8, 0);
    }
    chain
}

/// The result of a read request in the form of DirectMusic: the time of each buffer in 100 ns, and
/// its events.
pub type CapturedEvents = Vec<(i64, Vec<(i64, u32, Vec<u8>)>)>;

/// Takes a completed read request with DirectMusic events apart; buffers without data are left out.
pub fn captured_events(irp: &Irp) -> CapturedEvents {
    let mut buffers = Vec::new();
    for (header, mdl) in headers(irp).iter().zip(irp.mdls()) {
        let data = mdl.borrow();
        let mut rest = &data[..header.data_used as usize];
        if rest.is_empty() {
            continue;
        }
        assert_eq!(header.options_flags & TIME_VALID, TIME_VALID);
        let mut events = Vec::new();
        while !rest.is_empty() {
            let number = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
            let offset = i64::from_le_bytes(rest[8..16].try_into().unwrap());
            let (count, flags) = (number(0) as usize, number(16));
            events.push((offset, flags, rest[20..20 + count].to_vec()));
            rest = &rest[(20 + count).div_ceil(8) * 8..];
        }
        buffers.push((header.presentation_time.time, events));
    }
    buffers
}

/// The headers of a request, as the client sees them.
pub fn headers(irp: &Irp) -> Vec<KsStreamHeader> {
    let buffer = irp.buffer().borrow();
    buffer.chunks_exact(56).map(bytemuck::pod_read_unaligned).collect()
}

/// The number of bytes used in each buffer.
pub fn data_used(irp: &Irp) -> Vec<u32> {
    headers(irp).iter().map(|header| header.data_used).collect()
}

/// The result of a read request: the time of each buffer in us, and its records with their deltas
/// in ms.
pub type Captured = Vec<(i64, Vec<(u32, Vec<u8>)>)>;

/// Takes a completed read request apart; buffers without data are left out.
pub fn captured(irp: &Irp) -> Captured {
    let mut buffers = Vec::new();
    for (header, mdl) in headers(irp).iter().zip(irp.mdls()) {
        let data = mdl.borrow();
        let mut rest = &data[..header.data_used as usize];
        if rest.is_empty() {
            continue;
        }
        assert_eq!(header.options_flags & TIME_VALID, TIME_VALID);
        let time = header.presentation_time;
        assert_eq!((time.numerator, time.denominator), (1, 1));
        let mut records = Vec::new();
        while !rest.is_empty() {
            let number = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
            let (delta_ms, count) = (number(0), number(4) as usize);
            records.push((delta_ms, rest[8..8 + count].to_vec()));
            rest = &rest[8 + count.div_ceil(4) * 4..];
        }
        buffers.push((time.time / 10, records));
    }
    buffers
}

/// All bytes of read requests, without times.
pub fn bytes_of(captured: &Captured) -> Vec<u8> {
    let records = captured.iter().flat_map(|(_, records)| records);
    records.flat_map(|(_, bytes)| bytes.clone()).collect()
}
