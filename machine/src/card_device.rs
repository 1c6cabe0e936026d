//! The card as a device on the bus: a shell around the chip.

use std::cell::RefCell;
use std::rc::Rc;

use hw_mpu401::{BIT_TIME_NS, Lane, Mpu401, Note, Register, WireEdge};
use mpu401_card_bench::signals::{LANES, NAMES, Signal, serial_edge, serial_source};
use portcls_emulator::{
    Answer, BusDevice, DeviceReply, Inspection, LineState, Outputs, SerialByte,
};

use crate::card_faults::CardFaults;
use crate::meter::Meter;
use crate::sent::SentBytes;

/// Whether a trace shows the state inside the card: the flags of STATUS, even when no driver polls,
/// and the levels of the buffers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CardSignals {
    /// No.
    #[default]
    Hidden,
    /// Yes: the signals `drr`, `dsr`, `tx fifo` and `rx fifo`, with each change at its time.
    Traced,
}

/// Whether the card has power.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CardPower {
    /// The card works.
    On,
    /// The card's registers read FF, its interrupt line is down, and the card sends and receives
    /// nothing.
    Off,
}

/// The chip and the bytes that it has sent. The bus and the cable share them.
pub(crate) struct CardState {
    /// The name by which the card was chosen.
    pub name: String,
    /// The trace's name for the cables of the card.
    pub wire: &'static str,
    pub signals: CardSignals,
    pub power: CardPower,
    pub chip: Mpu401,
    pub sent: SentBytes,
    /// The counts for a watcher.
    pub meter: Meter,
    /// When the line MIDI OUT became idle last; 0 if nothing was sent yet.
    pub out_idle_since_ns: u64,
    /// The way of the driver's writes to the card, on which faults can happen; `None` without an
    /// oracle.
    pub faults: Option<Box<CardFaults>>,
}

/// The trace's names for the cables of the cards, by the number of the card from 0.
pub(crate) const WIRES: [&str; 4] = ["wire", "wire2", "wire3", "wire4"];

/// A shared card.
pub(crate) type Card = Rc<RefCell<CardState>>;

/// The card on the bus.
pub(crate) struct CardDevice(pub Card);

/// The number of the note for an access without power, and for a write that has not arrived.
const NO_POWER: usize = Note::ALL.len();
const NOT_ARRIVED: usize = NO_POWER + 1;

/// What a trace says of an access, by the number of its note. The last two notes do not come from
/// the chip.
const NOTES: [&str; Note::ALL.len() + 2] = {
    let mut words = ["no power"; Note::ALL.len() + 2];
    words[NOT_ARRIVED] = "not arrived";
    let mut index = 0;
    while index < Note::ALL.len() {
        words[index] = note_text(Note::ALL[index]);
        index += 1;
    }
    words
};

/// The words of a trace for a note. The words for a read of STATUS name the register.
const fn note_text(note: Note) -> &'static str {
    match note {
        Note::CanWriteData => "status: can write, data",
        Note::BusyData => "status: busy, data",
        Note::CanWriteNoData => "status: can write, no data",
        Note::BusyNoData => "status: busy, no data",
        other => other.text(),
    }
}

impl CardState {
    /// Takes the power away or gives it back. The caller must tell the bus afterwards.
    ///
    /// Assumed: a card without power forgets everything. When power comes back, the card has the
    /// state after power-on.
    pub fn set_power(&mut self, power: CardPower, now_ns: u64) {
        if self.power == power {
            return;
        }
        self.power = power;
        if let Some(faults) = &mut self.faults {
            faults.clear();
        }
        if power == CardPower::On {
            self.chip.power_on(now_ns);
        }
    }

    /// The card's answer to the bus after an action that may have changed its outputs.
    #[inline]
    fn changed(&self, value: u8) -> DeviceReply {
        DeviceReply::Changed(self.answer(value), self.outputs())
    }

    #[inline]
    fn outputs(&self) -> Outputs {
        let line = if self.chip.interrupt_line() { LineState::Up } else { LineState::Down };
        let mut next_event_ns = match self.signals {
            CardSignals::Hidden => self.chip.next_event_ns(),
            CardSignals::Traced => self.chip.next_change_ns(),
        };
        if let Some(faults) = &self.faults {
            next_event_ns = next_event_ns.min(faults.next_ns());
        }
        Outputs { line, next_event_ns, has_serial: true }
    }

    #[inline]
    fn answer(&self, value: u8) -> Answer {
        Answer { value, note: self.chip.last_access_note() as u8 }
    }
}

/// What a card without power answers the bus.
fn dead_reply() -> DeviceReply {
    let outputs = Outputs { line: LineState::Down, next_event_ns: u64::MAX, has_serial: false };
    DeviceReply::Changed(Answer { value: 0xFF, note: NO_POWER as u8 }, outputs)
}

impl BusDevice for CardDevice {
    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }

    fn lanes(&self) -> &'static [&'static str] {
        &LANES
    }

    fn wire(&self) -> &'static str {
        self.0.borrow().wire
    }

    fn signals(&self) -> &'static [&'static str] {
        match self.0.borrow().signals {
            CardSignals::Hidden => &[],
            CardSignals::Traced => &NAMES,
        }
    }

    fn signal(&self, index: usize) -> u32 {
        Signal::ALL[index].value(&self.0.borrow().chip)
    }

    #[inline]
    fn read(&mut self, offset: u16, now_ns: u64) -> DeviceReply {
        let mut card = self.0.borrow_mut();
        if card.power == CardPower::Off {
            return dead_reply();
        }
        let Some(register) = card.chip.register_at(offset) else {
            return DeviceReply::Same(card.answer(0xFF));
        };
        let value = card.chip.read(register, now_ns);
        match register {
            // A read at the offset of COMMAND reads STATUS. Most accesses to a card are such
            // polls. A poll changes nothing in the card, and the card has already told the bus of
            // every earlier change. So there is nothing new to tell.
            Register::Command => DeviceReply::Same(card.answer(value)),
            Register::Data | Register::Control => card.changed(value),
        }
    }

    #[inline]
    fn write(&mut self, offset: u16, value: u8, now_ns: u64) -> DeviceReply {
        let mut card = self.0.borrow_mut();
        if card.power == CardPower::Off {
            return dead_reply();
        }
        let card = &mut *card;
        let Some(register) = card.chip.register_at(offset) else { return card.changed(0) };
        let arrives = match &mut card.faults {
            None => Some(value),
            Some(faults) => faults.write(&mut card.chip, register, value, now_ns),
        };
        let Some(value) = arrives else {
            let answer = Answer { value: 0, note: NOT_ARRIVED as u8 };
            return DeviceReply::Changed(answer, card.outputs());
        };
        card.chip.write(register, value, now_ns);
        card.changed(0)
    }

    fn advance(&mut self, now_ns: u64) -> DeviceReply {
        let mut card = self.0.borrow_mut();
        if card.power == CardPower::Off {
            return dead_reply();
        }
        let card = &mut *card;
        card.chip.advance(now_ns);
        if let Some(faults) = &mut card.faults {
            faults.arrive(&mut card.chip, now_ns);
        }
        card.changed(0)
    }

    fn inspect(&self, now_ns: u64, told: &mut Inspection) {
        match self.0.try_borrow() {
            Ok(card) => card.inspect(now_ns, told),
            Err(_) => told.tell("card", "in the middle of an access"),
        }
    }

    fn drain_serial(&mut self, sink: &mut dyn FnMut(SerialByte)) {
        let mut card = self.0.borrow_mut();
        let card = &mut *card;
        while let Some(event) = card.chip.pop_wire() {
            match (event.lane, event.edge) {
                (Lane::Out, WireEdge::Start) => {
                    card.sent.push(event.time_ns, event.byte);
                    card.meter.count_midi_out();
                }
                (Lane::Out, WireEdge::End) => card.out_idle_since_ns = event.time_ns,
                (Lane::In, WireEdge::Start) => card.meter.count_midi_in(),
                (Lane::In, WireEdge::End) => {}
            }
            sink(SerialByte {
                time_ns: event.time_ns,
                lane: match event.lane {
                    Lane::Out => 0,
                    Lane::In => 1,
                },
                byte: event.byte,
                edge: serial_edge(event.edge),
                bit_ns: BIT_TIME_NS as u32,
                source: serial_source(event.source),
            });
        }
    }
}
