//! The causes of a device's bytes, of its line's changes and of its signals.

use std::collections::{BTreeMap, VecDeque};

use portcls_emulator::trace::{AccessEvent, Direction, NameId, SerialEdge, SerialSource, TraceLog};

use super::note::tells_state;
use super::sent::Sent;
use super::{LANE_IN, Past, Reason, Why};

/// The most arrived bytes that the code remembers. A device holds fewer bytes.
const MOST_ARRIVED: usize = 8192;
/// The most arrived bytes among which a read looks for its byte.
const MOST_SKIPPED: usize = 32;

struct Arrived {
    value: u8,
    past: Past,
    /// True when the line has risen for this byte.
    is_announced: bool,
}

#[derive(Clone, Copy)]
struct Lane {
    is_input: bool,
    start: Past,
    end: Past,
}

/// The state of the device, as far as the trace shows it.
pub(super) struct Device {
    lane_in: Option<NameId>,
    sent: Sent,

    lanes: BTreeMap<NameId, Lane>,
    /// The bytes that came in and that no read has taken.
    arrived: VecDeque<Arrived>,
    last_access: Past,
    /// The last read that took a byte from the device.
    last_taken: Past,
    /// The last write to another port than the data port.
    last_command: Past,
    last_wire: Past,
    last_arrived: Past,
}

impl Device {
    pub(super) fn new(log: &TraceLog) -> Device {
        let mut lane_in = None;
        for record in log.records() {
            if let Some(portcls_emulator::trace::Event::Serial { lane, .. }) = record.event()
                && log.name(lane) == LANE_IN
            {
                lane_in = Some(lane);
                break;
            }
        }
        Device {
            lane_in,
            sent: Sent::new(log, lane_in),
            lanes: BTreeMap::new(),
            arrived: VecDeque::new(),
            last_access: Past::NOTHING,
            last_taken: Past::NOTHING,
            last_command: Past::NOTHING,
            last_wire: Past::NOTHING,
            last_arrived: Past::NOTHING,
        }
    }

    /// Takes an access of the driver. If the driver took an arrived byte, returns the byte's event.
    pub(super) fn access(&mut self, past: Past, log: &TraceLog, access: &AccessEvent) -> Past {
        self.last_access = past;
        match access.direction {
            Direction::Write => {
                if self.sent.data_port != Some(access.port) {
                    self.last_command = past;
                }
            }
            Direction::Read if tells_state(log.name(access.note)) => {}
            Direction::Read => {
                self.last_taken = past;
                return self.take_arrived(access.value as u8);
            }
        }
        Past::NOTHING
    }

    fn take_arrived(&mut self, value: u8) -> Past {
        let found = self.arrived.iter().take(MOST_SKIPPED).position(|byte| byte.value == value);
        let taken = match found {
            Some(index) => self.arrived.drain(..=index).next_back(),
            None if self.arrived.front().is_some_and(|byte| byte.is_announced) => {
                self.arrived.pop_front()
            }
            None => None,
        };
        taken.map_or(Past::NOTHING, |byte| byte.past)
    }

    /// The end of a lane's last byte, if a lane's last byte ended at `time_ns`; otherwise `other`.
    pub(super) fn last_end_at(&self, time_ns: u64, other: Past) -> Past {
        let mut ends = self.lanes.values().map(|lane| lane.end);
        ends.rfind(|end| end.is_there() && end.end_ns == time_ns).unwrap_or(other)
    }

    /// Takes the start or the end of a byte.
    pub(super) fn serial(
        &mut self,
        past: Past,
        lane: NameId,
        byte: u8,
        (edge, source): (SerialEdge, SerialSource),
        mark: Past,
    ) -> Why {
        let is_input = self.lane_in == Some(lane);
        let entry = Lane { is_input, start: Past::NOTHING, end: Past::NOTHING };
        let known = *self.lanes.entry(lane).or_insert(entry);
        let why = match edge {
            SerialEdge::End => {
                if known.is_input {
                    self.arrive(byte, past);
                }
                Why::new(Reason::Begun, known.start)
            }
            SerialEdge::Start if known.is_input => {
                let is_next = known.end.is_there() && known.end.end_ns == past.end_ns;
                match is_next {
                    true => Why::new(Reason::LaneFree, known.end),
                    false => Why::new(Reason::Scenario, mark),
                }
            }
            SerialEdge::Start => {
                let trigger = match source {
                    SerialSource::Outside => self.sent.write_of(past.event),
                    SerialSource::Device => self.last_command.or_later(self.last_arrived),
                };
                let reason = match source {
                    SerialSource::Outside => Reason::Written,
                    SerialSource::Device => Reason::Accessed,
                };
                match trigger.is_there() {
                    true => Why::later(reason, trigger, Reason::LaneFree, known.end),
                    false => Why::new(Reason::LaneFree, known.end),
                }
            }
        };
        let lane = self.lanes.get_mut(&lane).expect("just inserted");
        match edge {
            SerialEdge::Start => lane.start = past,
            SerialEdge::End => lane.end = past,
        }
        self.last_wire = past;
        why
    }

    fn arrive(&mut self, value: u8, past: Past) {
        if self.arrived.len() == MOST_ARRIVED {
            self.arrived.pop_front();
        }
        self.arrived.push_back(Arrived { value, past, is_announced: false });
        self.last_arrived = past;
    }

    /// Takes a change of an interrupt line or of another signal.
    pub(super) fn signal(&mut self, past: Past, is_line: bool, value: u32) -> Why {
        if !is_line {
            return Why::new(Reason::Accessed, self.last_access.or_later(self.last_wire));
        }
        if value == 0 {
            return Why::new(Reason::Accessed, self.last_access);
        }
        match self.arrived.front_mut().filter(|byte| !byte.is_announced) {
            Some(byte) => {
                byte.is_announced = true;
                let taken = Some(self.last_taken).filter(|taken| taken.end_ns <= past.end_ns);
                let taken = taken.unwrap_or(Past::NOTHING);
                Why::later(Reason::CameIn, byte.past, Reason::Accessed, taken)
            }
            None => Why::new(Reason::Accessed, self.last_command.or_later(self.last_taken)),
        }
    }
}
