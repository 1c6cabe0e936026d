//! A trace for the Perfetto UI: tracks, and flows from causes to effects.
//!
//! The tracks have the order of the lanes of the page. A call, a byte, a high interrupt line and
//! folded polls are slices. An access, a mark and a note are instants. The IRQL, the number of
//! waiting bytes and a signal that is not an interrupt line are counters. The viewer draws an arrow
//! from the cause of an event to the event, and another arrow from its trigger. A step of code
//! after another step has no arrow.
//!
//! Source: the published Perfetto protocol, `trace_packet.proto` and `track_event.proto`, for the
//! messages and the numbers of their fields; see `perfetto/message.rs`.

mod message;

use std::collections::BTreeMap;
use std::io;

use portcls_emulator::trace::{Event, SerialEdge, TraceLog};

use crate::causes::{NONE, Reason};
use crate::legend::Legend;
use crate::text::Header;
use crate::timeline::{FindingsLane, LaneKind, Speaker, Timeline, byte_words};
use message::{
    Annotation, COUNTER, Counter, EXPLICIT_ORDER, INSTANT, Packet, SLICE_BEGIN, SLICE_END,
    STATE_CLEARED, TrackDescriptor, TrackEvent,
};

/// The track that holds all other tracks.
const ROOT: u64 = 1;
/// The track of the first lane; the tracks of the other lanes follow.
const FIRST_LANE: u64 = 2;
/// Field 1 of the message `Trace`, which is a list of packets.
const PACKET_TAG: u32 = 1;

/// Writes a trace as a file of the Perfetto UI.
///
/// # Errors
/// Any error of `to`.
pub fn write(
    log: &TraceLog,
    header: &Header,
    legend: &Legend,
    to: &mut impl io::Write,
) -> io::Result<()> {
    let timeline = Timeline::new(log, legend, FindingsLane::WhenNeeded);
    let mut buffer = Vec::new();
    let mut put = |packet: &Packet| {
        buffer.clear();
        prost::encoding::message::encode(PACKET_TAG, packet, &mut buffer);
        to.write_all(&buffer)
    };
    for packet in tracks(&timeline, header) {
        put(&packet)?;
    }
    let mut packets = Packets::new(&timeline, legend).collect();
    // `take` makes the packet for the end of polls right after the packet for their beginning.
    packets.sort_by_key(|packet| packet.timestamp);
    packets.iter().try_for_each(put)
}

/// The descriptions of the tracks: first [`ROOT`], then one track for each lane, in order.
fn tracks(timeline: &Timeline<'_>, header: &Header) -> Vec<Packet> {
    let root = TrackDescriptor {
        uuid: ROOT,
        name: format!("portcls-emu: {}", header.machine),
        child_ordering: EXPLICIT_ORDER,
        ..TrackDescriptor::default()
    };
    let lanes = timeline.lanes.iter().enumerate();
    let lanes = lanes.map(|(number, lane)| TrackDescriptor {
        uuid: FIRST_LANE + number as u64,
        name: lane.title.clone(),
        parent_uuid: ROOT,
        counter: is_counter(lane.kind).then_some(Counter),
        sibling_order_rank: number as i32,
        ..TrackDescriptor::default()
    });
    let described = std::iter::once(root).chain(lanes).enumerate();
    let packet = |(number, descriptor)| Packet {
        sequence_flags: if number == 0 { STATE_CLEARED } else { 0 },
        track_descriptor: Some(descriptor),
        ..Packet::default()
    };
    described.map(packet).collect()
}

fn is_counter(kind: LaneKind) -> bool {
    matches!(kind, LaneKind::Irql | LaneKind::Waiting | LaneKind::Signal(_))
}

/// The events of a trace as packets.
struct Packets<'t, 'a> {
    timeline: &'t Timeline<'a>,
    speaker: Speaker<'t>,
    meanings: Vec<String>,
    meaning_of: Vec<u32>,
    /// The flows that begin at an event.
    flows: BTreeMap<usize, Vec<u64>>,
    /// The flows that end at an event.
    ends: BTreeMap<usize, Vec<u64>>,
    packets: Vec<Packet>,
}

impl<'t, 'a> Packets<'t, 'a> {
    fn new(timeline: &'t Timeline<'a>, legend: &'t Legend) -> Packets<'t, 'a> {
        let (meanings, meaning_of) = byte_words(&timeline.tree, legend);
        Packets {
            timeline,
            speaker: Speaker::new(timeline.tree.log, legend),
            meanings,
            meaning_of,
            flows: BTreeMap::new(),
            ends: BTreeMap::new(),
            packets: Vec::new(),
        }
    }

    fn collect(mut self) -> Vec<Packet> {
        self.find_flows();
        for event in 0..self.timeline.tree.events.len() {
            self.take(event);
        }
        self.count(
            LaneKind::Irql,
            self.timeline.irql.iter().map(|&(at, value)| (at, value.into())),
        );
        self.count(LaneKind::Waiting, self.timeline.waiting.iter().copied());
        self.packets
    }

    /// Finds the flows of each event that is not just the next step of its code: a flow from its
    /// cause, and a flow from its trigger if the trigger is another event.
    fn find_flows(&mut self) {
        let mut number = 0;
        for (event, cause) in self.timeline.tree.causes.iter().enumerate() {
            if self.carrier(event) != Some(event) {
                continue;
            }
            let follows = matches!(cause.reason, Reason::Unknown | Reason::Step | Reason::Begun);
            let trigger = cause.trigger().filter(|&trigger| Some(trigger) != cause.event());
            for from in [cause.event().filter(|_| !follows), trigger].into_iter().flatten() {
                if let Some(from) = self.carrier(from) {
                    number += 1;
                    self.flows.entry(from).or_default().push(number);
                    self.ends.entry(event).or_default().push(number);
                }
            }
        }
    }

    /// The event that carries the flows of an event: the event that begins the slice, or the event
    /// itself if it is an instant. A counter has neither.
    fn carrier(&self, event: usize) -> Option<usize> {
        let known = |number: u32| (number != NONE).then_some(number as usize);
        match self.timeline.tree.events[event].event {
            Event::Return { .. } => known(self.timeline.parent_of[event]),
            Event::Serial { edge: SerialEdge::End, .. } => self.timeline.tree.causes[event].event(),
            Event::Signal { value, .. } => {
                let lane = self.lane(event);
                (matches!(lane, LaneKind::Line(_)) && value != 0).then_some(event)
            }
            _ => Some(event),
        }
    }

    fn lane(&self, event: usize) -> LaneKind {
        self.timeline.lanes[usize::from(self.timeline.lane_of[event])].kind
    }

    fn take(&mut self, event: usize) {
        let found = self.timeline.tree.events[event];
        let time_ns = found.time_ns;
        let is_span = self.timeline.end_of[event] != NONE;
        match found.event {
            Event::Call { .. } if is_span => self.put(event, SLICE_BEGIN),
            Event::Return { .. } => {
                // A return without its call ends no slice.
                let call = self.carrier(event);
                if call.is_some_and(|call| self.timeline.end_of[call] as usize == event) {
                    self.end(event, time_ns);
                }
            }
            Event::Serial { edge: SerialEdge::Start, .. } if is_span => {
                self.put(event, SLICE_BEGIN);
            }
            Event::Serial { edge: SerialEdge::End, .. } => {
                if self
                    .carrier(event)
                    .is_some_and(|from| self.timeline.end_of[from] as usize == event)
                {
                    self.end(event, time_ns);
                }
            }
            Event::Access(access) if access.count > 1 => {
                self.put(event, SLICE_BEGIN);
                self.end(event, self.timeline.end_ns(event));
            }
            Event::Signal { value, .. } => match self.lane(event) {
                LaneKind::Line(_) if value != 0 => self.put(event, SLICE_BEGIN),
                LaneKind::Line(_) => self.end(event, time_ns),
                _ => self.value(self.timeline.lane_of[event], time_ns, value),
            },
            _ => self.put(event, INSTANT),
        }
    }

    fn track(&self, event: usize) -> u64 {
        FIRST_LANE + u64::from(self.timeline.lane_of[event])
    }

    /// The beginning of a slice, or an instant, with its words and its flows.
    fn put(&mut self, event: usize, kind: i32) {
        let found = &self.timeline.tree.events[event];
        let meaning = match self.meaning_of[event] {
            NONE => "",
            number => &self.meanings[number as usize],
        };
        let words = self.speaker.words(found);
        let name = words.strip_prefix("call ").unwrap_or(&words).to_owned();
        let packet = Packet {
            timestamp: found.time_ns,
            track_event: Some(TrackEvent {
                kind,
                track_uuid: self.track(event),
                name,
                annotations: vec![
                    Annotation::text("sentence", self.speaker.sentence(found, meaning)),
                    Annotation::number("event", event as u64),
                ],
                flow_ids: self.flows.get(&event).cloned().unwrap_or_default(),
                terminating_flow_ids: self.ends.get(&event).cloned().unwrap_or_default(),
                ..TrackEvent::default()
            }),
            ..Packet::default()
        };
        self.packets.push(packet);
    }

    fn end(&mut self, event: usize, time_ns: u64) {
        let track_event =
            TrackEvent { kind: SLICE_END, track_uuid: self.track(event), ..Default::default() };
        let track_event = Some(track_event);
        self.packets.push(Packet { timestamp: time_ns, track_event, ..Packet::default() });
    }

    fn value(&mut self, lane: u8, time_ns: u64, value: u32) {
        let track_event = TrackEvent {
            kind: COUNTER,
            track_uuid: FIRST_LANE + u64::from(lane),
            counter_value: Some(i64::from(value)),
            ..TrackEvent::default()
        };
        let track_event = Some(track_event);
        self.packets.push(Packet { timestamp: time_ns, track_event, ..Packet::default() });
    }

    fn count(&mut self, kind: LaneKind, steps: impl Iterator<Item = (u32, u32)>) {
        let lane = self.timeline.lanes.iter().position(|lane| lane.kind == kind);
        let Some(lane) = lane else { return };
        for (event, value) in steps {
            let time_ns = self.timeline.tree.events[event as usize].time_ns;
            self.value(lane as u8, time_ns, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn a_packet_has_the_bytes_that_the_protocol_says() {
        let packet = Packet {
            timestamp: 300,
            track_event: Some(TrackEvent {
                kind: INSTANT,
                track_uuid: 2,
                name: "go".to_owned(),
                flow_ids: vec![7],
                ..TrackEvent::default()
            }),
            ..Packet::default()
        };
        let bytes = packet.encode_to_vec();
        let expected = [
            &[0x40, 0xAC, 0x02][..], // 8: timestamp 300
            &[0x50, 0x01],           // 10: sequence 1
            &[0x5A, 0x12],           // 11: track_event, 18 bytes
            &[0x48, 0x03],           // 9: type 3
            &[0x58, 0x02],           // 11: track_uuid 2
            &[0xBA, 0x01, 0x02],     // 23: name, 2 bytes
            b"go",
            &[0xF9, 0x02, 7, 0, 0, 0, 0, 0, 0, 0], // 47: flow_ids, fixed64
        ]
        .concat();
        assert_eq!(bytes.len(), packet.encoded_len());
        assert_eq!(bytes[..5], expected[..5]);
        assert_eq!(bytes[7..], expected[7..]);
    }
}
