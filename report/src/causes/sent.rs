//! Finds out which write became which byte on a lane.
//!
//! A device sends bytes in the order in which the driver wrote them to the port, and may lose some
//! of them. So the values of the writes are aligned with the values of the bytes.

use std::collections::BTreeMap;

use portcls_emulator::trace::{Direction, Event, NameId, SerialEdge, SerialSource, TraceLog};

use super::Past;
use super::note::{Fate, fate};
use crate::subsequence::common;

/// The most writes and the most bytes that one step of the alignment compares where their values
/// differ. A device loses fewer bytes in a row.
const WINDOW: usize = 64;

/// A value, and the event that wrote it or carries it.
#[derive(Clone, Copy)]
struct Value {
    past: Past,
    value: u64,
}

/// The writes of a trace, matched with its bytes.
#[derive(Default)]
pub(super) struct Sent {
    /// For each byte that is matched with a write: the number of the event that starts the byte,
    /// and the write. The entries are in the order of these numbers.
    writes: Vec<(u32, Past)>,
    /// The port whose writes become bytes.
    pub data_port: Option<u16>,
}

impl Sent {
    /// Aligns the writes to each port with the bytes on all lanes but `lane_in`, without the bytes
    /// that the device made by itself. Keeps the port with the most pairs of equal values.
    pub(super) fn new(log: &TraceLog, lane_in: Option<NameId>) -> Sent {
        let mut bytes: Vec<Value> = Vec::new();
        let mut ports: BTreeMap<u16, Vec<Value>> = BTreeMap::new();
        for (number, event) in log.events().enumerate() {
            let past = Past::new(number, &event);
            match event.event {
                Event::Serial { lane, byte, edge: SerialEdge::Start, source, .. }
                    if Some(lane) != lane_in && source == SerialSource::Outside =>
                {
                    bytes.push(Value { past, value: u64::from(byte) });
                }
                Event::Access(access) if access.direction == Direction::Write => {
                    let value = u64::from(access.value);
                    let writes = ports.entry(access.port).or_default();
                    match fate(log.name(access.note)) {
                        Fate::Lost => {}
                        Fate::Taken => writes.push(Value { past, value }),
                        Fate::TakenOverOlder => {
                            writes.pop();
                            writes.push(Value { past, value });
                        }
                    }
                }
                _ => {}
            }
        }
        let matched = ports.iter().map(|(&port, writes)| (port, align(writes, &bytes)));
        let best = matched.max_by_key(|(_, pairs)| pairs.iter().filter(|pair| pair.2).count());
        match best {
            Some((port, pairs)) if !pairs.is_empty() => Sent {
                writes: pairs.into_iter().map(|(write, byte, _)| (byte, write)).collect(),
                data_port: Some(port),
            },
            _ => Sent::default(),
        }
    }

    /// The write of the byte whose start is the event `byte`.
    pub(super) fn write_of(&self, byte: u32) -> Past {
        let found = self.writes.binary_search_by_key(&byte, |&(byte, _)| byte);
        found.map_or(Past::NOTHING, |index| self.writes[index].1)
    }
}

/// Pairs of a write and the event that starts its byte. The last member says whether the two values
/// are equal.
fn align(writes: &[Value], bytes: &[Value]) -> Vec<(Past, u32, bool)> {
    let mut pairs = Vec::new();
    let mut pair = |write: Value, byte: Value| {
        if write.past.event < byte.past.event {
            pairs.push((write.past, byte.past.event, write.value == byte.value));
        }
    };
    let (mut next_write, mut next_byte) = (0, 0);
    while next_write < writes.len() && next_byte < bytes.len() {
        if writes[next_write].value == bytes[next_byte].value {
            pair(writes[next_write], bytes[next_byte]);
            (next_write, next_byte) = (next_write + 1, next_byte + 1);
            continue;
        }
        let some_writes = &writes[next_write..writes.len().min(next_write + WINDOW)];
        let some_bytes = &bytes[next_byte..bytes.len().min(next_byte + WINDOW)];
        let keys = |values: &[Value]| values.iter().map(|value| value.value).collect::<Vec<_>>();
        let equal = common(&keys(some_writes), &keys(some_bytes));
        let (x, y) = match equal.first() {
            Some(&(x, y)) => (x as usize, y as usize),
            None => (some_writes.len(), some_bytes.len()),
        };
        // The writes and bytes before the next equal values are paired in order, although their
        // values differ. The device has changed the value of such a byte.
        for (write, byte) in some_writes[..x].iter().zip(&some_bytes[..y]) {
            pair(*write, *byte);
        }
        (next_write, next_byte) = (next_write + x, next_byte + y);
    }
    pairs
}
