//! MIDI IN in intelligent mode: messages are put together, filtered, and go to the host, to
//! MIDI OUT, to both or nowhere.
//!
//! Measured: with everything at its default a channel message goes through and not to the host.
//! Realtime messages never go through: the unit sends its own. Assumed: system common messages
//! do not either, and FE and FF on MIDI IN are passed over.

use super::figures::THRU_NS;
use super::message::{Assembled, Assembly, common_data_bytes};
use super::record::{Packet, RecordState};
use super::switches::Switches;
use super::thru::Part;
use crate::chip::Mpu401;

/// Mark to the host: a system message follows. Source: technical reference.
const SYSTEM_FOLLOWS: u8 = 0xFF;

/// A system message on its way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    None,
    Exclusive,
    /// A common message: its status, its data bytes so far, how many there are, how many come.
    Common {
        status: u8,
        data: [u8; 2],
        filled: u8,
        needed: u8,
    },
}

/// The bytes on MIDI IN so far.
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

impl Mpu401 {
    /// A byte has arrived on MIDI IN.
    pub(crate) fn listen(&mut self, byte: u8) {
        if self.hot.now_ns < self.sequencer.hears_from_ns {
            self.counters.unheard += 1;
            return;
        }
        self.catch_up();
        match byte {
            0xF8.. => self.hear_realtime(byte),
            0xF0.. => self.hear_system(byte),
            0x80.. => {
                self.end_system();
                let cut = self.sequencer.listener.assembly.begin(byte);
                self.counters.unheard += cut as u64;
            }
            _ => self.hear_data(byte),
        }
        self.sequencer.is_stale = true;
    }

    fn hear_realtime(&mut self, byte: u8) {
        match byte {
            0xF8 => {
                let ticks = self.sequencer.tempo.ticks_a_clock();
                self.sequencer.clock.hear_clock(ticks, self.hot.now_ns);
            }
            0xFA..=0xFC if self.switches().contains(Switches::REALTIME_AFFECTION) => {
                self.be_affected(byte);
            }
            _ => {}
        }
        let is_told = matches!(byte, 0xF8 | 0xFA..=0xFC);
        if is_told && self.switches().contains(Switches::REALTIME_TO_HOST) {
            self.queue_packet(Packet { bytes: &[SYSTEM_FOLLOWS, byte], came_in: 1 });
        } else {
            self.counters.unheard += 1;
        }
    }

    fn hear_system(&mut self, status: u8) {
        let was_exclusive = self.sequencer.listener.is_exclusive();
        self.counters.unheard += self.sequencer.listener.assembly.cancel() as u64;
        self.end_system();
        match (status, common_data_bytes(status)) {
            (0xF7, _) if was_exclusive => self.pass_exclusive(status),
            (0xF4 | 0xF5 | 0xF7, _) => self.counters.unheard += 1,
            (_, None) => {
                self.sequencer.listener.system = System::Exclusive;
                self.pass_exclusive(status);
            }
            (_, Some(needed)) => {
                self.sequencer.listener.system =
                    System::Common { status, data: [0; 2], filled: 0, needed };
                self.end_common();
            }
        }
    }

    /// A status byte ends the system message before it: what came of a common one is lost.
    fn end_system(&mut self) {
        if let System::Common { filled, .. } = self.sequencer.listener.system {
            self.counters.unheard += 1 + u64::from(filled);
        }
        self.sequencer.listener.system = System::None;
    }

    fn hear_data(&mut self, byte: u8) {
        match &mut self.sequencer.listener.system {
            System::Exclusive => return self.pass_exclusive(byte),
            System::Common { data, filled, .. } => {
                if let Some(slot) = data.get_mut(usize::from(*filled)) {
                    *slot = byte;
                }
                *filled += 1;
                return self.end_common();
            }
            System::None => {}
        }
        let assembly = &mut self.sequencer.listener.assembly;
        if !assembly.is_open() {
            self.counters.unheard += 1;
        } else if let Some(whole) = assembly.data(byte) {
            self.hear_message(&whole);
        }
    }

    /// A byte of an exclusive message, to host and MIDI OUT as the switches say.
    fn pass_exclusive(&mut self, byte: u8) {
        if self.switches().contains(Switches::EXCLUSIVE_THRU) {
            self.pass_through(&[byte]);
        }
        if !self.switches().contains(Switches::EXCLUSIVE_TO_HOST) {
            self.counters.unheard += 1;
        } else if byte == 0xF0 {
            self.queue_packet(Packet { bytes: &[SYSTEM_FOLLOWS, byte], came_in: 1 });
        } else {
            self.queue_packet(Packet { bytes: &[byte], came_in: 1 });
        }
    }

    /// Ends a common message if it is whole.
    fn end_common(&mut self) {
        let System::Common { status, data, filled, needed } = self.sequencer.listener.system else {
            return;
        };
        if filled < needed {
            return;
        }
        self.sequencer.listener.system = System::None;
        let length = 1 + usize::from(filled);
        if self.switches().contains(Switches::COMMON_TO_HOST) {
            let bytes = [SYSTEM_FOLLOWS, status, data[0], data[1]];
            let bytes = bytes.get(..=length).unwrap_or_default();
            self.queue_packet(Packet { bytes, came_in: length });
        } else {
            self.counters.unheard += length as u64;
        }
    }

    fn hear_message(&mut self, whole: &Assembled) {
        let message = &whole.message;
        let sequencer = &self.sequencer;
        let is_guarded = sequencer.settings.tables.cover(message.channel())
            && message
                .note()
                .is_some_and(|(key, _)| sequencer.sounding.has(message.channel(), key));
        if sequencer.settings.lets_through(message) && !is_guarded {
            self.pass_through(message.bytes());
        }
        let wants = match self.sequencer.record.state {
            RecordState::On | RecordState::Standby => true,
            RecordState::Off => self.switches().contains(Switches::DATA_IN_STOP),
        };
        if wants && self.sequencer.settings.lets_to_host(message) {
            self.record_message(whole);
        } else {
            let came_in = message.bytes().len() - usize::from(!whole.has_status);
            self.counters.unheard += came_in as u64;
        }
    }

    /// Measured: in record a timing byte stands before each message, in stop none; running status
    /// stays as it came. Where a filter has taken out a status byte that the host would miss, the
    /// unit puts it in.
    fn record_message(&mut self, whole: &Assembled) {
        let timing_always = self.switches().contains(Switches::TIMING_ALWAYS);
        let record = &mut self.sequencer.record;
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
        self.queue_packet(Packet { bytes, came_in });
    }

    fn pass_through(&mut self, bytes: &[u8]) {
        let part = Part::new(self.hot.now_ns.saturating_add(THRU_NS), bytes);
        if let Err(part) = self.sequencer.thru.push(part) {
            self.counters.thru_lost += part.bytes().len() as u64;
        }
    }

    /// Puts what is due on MIDI OUT.
    pub(super) fn send_thru(&mut self) {
        let Some(part) = self.sequencer.thru.pop() else {
            return;
        };
        let length = part.bytes().len() as u64;
        if self.output_is_full() {
            self.counters.thru_lost += length;
            return;
        }
        for byte in part.bytes() {
            self.transmitter.generate(*byte, self.hot.now_ns);
        }
        self.counters.thru += length;
    }
}
