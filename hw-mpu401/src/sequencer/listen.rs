//! MIDI IN in intelligent mode: builds and filters messages.
//!
//! A message goes to the host, to MIDI OUT, to both, or to neither.
//!
//! Measured: with all settings at their default, a channel message goes to MIDI OUT and not to the
//! host. Realtime messages never go to MIDI OUT: the unit sends its own realtime messages. Assumed:
//! system common messages do not go to MIDI OUT either, and the unit skips F9, FD, FE and FF on
//! MIDI IN.

use super::Sequencer;
use super::message::{Assembled, Assembly, common_data_bytes};
use super::record::{Packet, RecordState};
use super::switches::Switches;
use super::thru::Part;
use crate::parts::Parts;

/// Mark to the host: a system message follows. Source: technical reference.
const SYSTEM_FOLLOWS: u8 = 0xFF;

/// A system message on its way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    None,
    Exclusive,
    /// A common message: its status, its data bytes so far, the number of data bytes so far, and
    /// the number of data bytes of the whole message.
    Common {
        status: u8,
        data: [u8; 2],
        filled: u8,
        needed: u8,
    },
}

/// The bytes from MIDI IN whose message is not complete.
#[derive(Clone)]
pub(super) struct Listener {
    assembly: Assembly,
    system: System,
}

impl Listener {
    pub(super) const fn new() -> Self {
        Self { assembly: Assembly::EMPTY, system: System::None }
    }

    /// Bytes that wait for the rest of their message.
    pub(super) fn held(&self) -> usize {
        let of_system = match self.system {
            System::None | System::Exclusive => 0,
            System::Common { filled, .. } => 1 + usize::from(filled),
        };
        self.assembly.held() + of_system
    }

    /// Whether an exclusive message is coming in.
    pub(super) fn is_exclusive(&self) -> bool {
        self.system == System::Exclusive
    }
}

impl Sequencer {
    /// Takes a byte that has arrived on MIDI IN.
    pub(crate) fn listen(&mut self, parts: &mut Parts, byte: u8) {
        if parts.now_ns() < self.hears_from_ns {
            parts.counters.unheard += 1;
            return;
        }
        self.catch_up(parts.now_ns());
        match byte {
            0xF8.. => self.hear_realtime(parts, byte),
            0xF0.. => self.hear_system(parts, byte),
            0x80.. => {
                self.end_system(parts);
                let cut = self.listener.assembly.begin(byte);
                parts.counters.unheard += cut as u64;
            }
            _ => self.hear_data(parts, byte),
        }
        self.is_stale = true;
    }

    fn hear_realtime(&mut self, parts: &mut Parts, byte: u8) {
        match byte {
            0xF8 => {
                let ticks = self.tempo.ticks_a_clock();
                self.clock.hear_clock(ticks, parts.now_ns());
            }
            0xFA..=0xFC if self.switches().contains(Switches::REALTIME_AFFECTION) => {
                self.be_affected(parts, byte);
            }
            _ => {}
        }
        let is_told = matches!(byte, 0xF8 | 0xFA..=0xFC);
        if is_told && self.switches().contains(Switches::REALTIME_TO_HOST) {
            self.queue_packet(parts, Packet { bytes: &[SYSTEM_FOLLOWS, byte], came_in: 1 });
        } else {
            parts.counters.unheard += 1;
        }
    }

    fn hear_system(&mut self, parts: &mut Parts, status: u8) {
        let was_exclusive = self.listener.is_exclusive();
        parts.counters.unheard += self.listener.assembly.cancel() as u64;
        self.end_system(parts);
        match (status, common_data_bytes(status)) {
            (0xF7, _) if was_exclusive => self.pass_exclusive(parts, status),
            (0xF4 | 0xF5 | 0xF7, _) => parts.counters.unheard += 1,
            (_, None) => {
                self.listener.system = System::Exclusive;
                self.pass_exclusive(parts, status);
            }
            (_, Some(needed)) => {
                self.listener.system = System::Common { status, data: [0; 2], filled: 0, needed };
                self.end_common(parts);
            }
        }
    }

    /// Ends the system message because a status byte comes; the bytes of an incomplete common
    /// message are lost.
    fn end_system(&mut self, parts: &mut Parts) {
        if let System::Common { filled, .. } = self.listener.system {
            parts.counters.unheard += 1 + u64::from(filled);
        }
        self.listener.system = System::None;
    }

    fn hear_data(&mut self, parts: &mut Parts, byte: u8) {
        match &mut self.listener.system {
            System::Exclusive => return self.pass_exclusive(parts, byte),
            System::Common { data, filled, .. } => {
                if let Some(slot) = data.get_mut(usize::from(*filled)) {
                    *slot = byte;
                }
                *filled += 1;
                return self.end_common(parts);
            }
            System::None => {}
        }
        let assembly = &mut self.listener.assembly;
        if !assembly.is_open() {
            parts.counters.unheard += 1;
        } else if let Some(whole) = assembly.data(byte) {
            self.hear_message(parts, &whole);
        }
    }

    /// Sends a byte of an exclusive message to the host and to MIDI OUT, as the switches say.
    fn pass_exclusive(&mut self, parts: &mut Parts, byte: u8) {
        if self.switches().contains(Switches::EXCLUSIVE_THRU) {
            self.pass_through(parts, &[byte]);
        }
        if !self.switches().contains(Switches::EXCLUSIVE_TO_HOST) {
            parts.counters.unheard += 1;
        } else if byte == 0xF0 {
            self.queue_packet(parts, Packet { bytes: &[SYSTEM_FOLLOWS, byte], came_in: 1 });
        } else {
            self.queue_packet(parts, Packet { bytes: &[byte], came_in: 1 });
        }
    }

    /// Ends a common message if all bytes of the message are there.
    fn end_common(&mut self, parts: &mut Parts) {
        let System::Common { status, data, filled, needed } = self.listener.system else {
            return;
        };
        if filled < needed {
            return;
        }
        self.listener.system = System::None;
        let length = 1 + usize::from(filled);
        if self.switches().contains(Switches::COMMON_TO_HOST) {
            let bytes = [SYSTEM_FOLLOWS, status, data[0], data[1]];
            let bytes = bytes.get(..=length).unwrap_or_default();
            self.queue_packet(parts, Packet { bytes, came_in: length });
        } else {
            parts.counters.unheard += length as u64;
        }
    }

    fn hear_message(&mut self, parts: &mut Parts, whole: &Assembled) {
        let message = &whole.message;
        let is_guarded = self.settings.tables.cover(message.channel())
            && message.note().is_some_and(|(key, _)| self.sounding.has(message.channel(), key));
        if self.settings.lets_through(message) && !is_guarded {
            self.pass_through(parts, message.bytes());
        }
        let wants = match self.record.state {
            RecordState::On | RecordState::Standby => true,
            RecordState::Off => self.switches().contains(Switches::DATA_IN_STOP),
        };
        if wants && self.settings.lets_to_host(message) {
            self.record_message(parts, whole);
        } else {
            let came_in = message.bytes().len() - usize::from(!whole.has_status);
            parts.counters.unheard += came_in as u64;
        }
    }

    /// Sends a message to the host. After command 34 a timing byte comes before each message, even
    /// while record is off.
    ///
    /// Measured: without command 34 a timing byte comes before each message in record, and no
    /// timing byte comes while record is off. The unit does not add a status byte to a message with
    /// running status. When a filter has removed a status byte that the host needs, the unit
    /// inserts it.
    fn record_message(&mut self, parts: &mut Parts, whole: &Assembled) {
        let timing_always = self.switches().contains(Switches::TIMING_ALWAYS);
        let record = &mut self.record;
        if record.state == RecordState::Standby {
            record.state = RecordState::On;
            record.ticks = 0;
        }
        let is_timed = record.is_on() || timing_always;
        let message = whole.message.bytes();
        let has_status = whole.has_status || record.last_status != whole.message.status();
        record.last_status = whole.message.status();
        let shown = message.get(usize::from(!has_status)..).unwrap_or_default();
        let came_in = message.len() - usize::from(!whole.has_status);
        let mut bytes = [0; 4];
        let mut length = 0;
        let timing = is_timed.then(|| record.take_ticks());
        for byte in timing.iter().chain(shown) {
            if let Some(slot) = bytes.get_mut(length) {
                *slot = *byte;
                length += 1;
            }
        }
        let bytes = bytes.get(..length).unwrap_or_default();
        self.queue_packet(parts, Packet { bytes, came_in });
    }

    fn pass_through(&mut self, parts: &mut Parts, bytes: &[u8]) {
        let part = Part::new(parts.now_ns().saturating_add(parts.unit.timing().thru_ns), bytes);
        if let Err(part) = self.thru.push(part) {
            parts.counters.thru_lost += part.bytes().len() as u64;
        }
    }

    /// Sends the due part of MIDI thru to MIDI OUT. If the output is full, the part is lost.
    pub(super) fn send_thru(&mut self, parts: &mut Parts) {
        let Some(part) = self.thru.pop() else {
            return;
        };
        let length = part.bytes().len() as u64;
        if parts.output_is_full() {
            parts.counters.thru_lost += length;
            return;
        }
        parts.generate(part.bytes());
        parts.counters.thru += length;
    }
}
