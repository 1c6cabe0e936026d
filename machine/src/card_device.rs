//! The card as a device on the bus: a thin shell around the chip, and its cable.

use std::cell::RefCell;
use std::rc::Rc;

use hw_mpu401::{
    BIT_TIME_NS, CardProfile, CardTiming, InitialState, Lane, Mpu401, Note, Register, Spread,
    Status, WireEdge,
};
use portcls_emulator::trace::SerialEdge;
use portcls_emulator::{BusDevice, DeviceReply, LineState, SerialByte};

use crate::card_faults::CardFaults;

/// Whether a trace has what goes on inside the card: the flags of STATUS as they are, polled or
/// not, and how full its buffers are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CardSignals {
    /// No: what a driver can see.
    #[default]
    Hidden,
    /// Yes, as the signals `drr`, `dsr`, `tx fifo` and `rx fifo`, each at its time.
    Traced,
}

/// The names of the signals in a trace, and in this order their numbers: bit 6 of STATUS, 0 while
/// the card takes a byte; bit 7, 0 while a byte waits in DATA; bytes for MIDI OUT, the one on the
/// wire included; bytes from MIDI IN that the driver has not read.
pub(crate) const SIGNALS: [&str; 4] = ["drr", "dsr", "tx fifo", "rx fifo"];

/// Whether the card has power.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CardPower {
    /// It works.
    On,
    /// Its registers read FF, its line is down, nothing leaves it and nothing is heard.
    Off,
}

/// The chip and what has left it, shared by the bus and the cable.
pub(crate) struct CardState {
    pub signals: CardSignals,
    pub profile: CardProfile,
    pub timing: CardTiming,
    pub power: CardPower,
    pub chip: Mpu401,
    /// Every byte that has begun on MIDI OUT since power-on, with the time of its start bit.
    pub sent: Vec<(u64, u8)>,
    /// When the line MIDI OUT fell idle last; 0 if nothing was sent yet.
    pub out_idle_since_ns: u64,
    /// What the bus was told last: nothing that it sees changes by itself before this time.
    pub next_event_ns: u64,
    /// The interrupt line as the bus was told last.
    pub line: LineState,
    /// What may happen to the driver's writes on their way, while an oracle is asked.
    pub faults: Option<Box<CardFaults>>,
}

/// A shared card.
pub(crate) type Card = Rc<RefCell<CardState>>;

/// The card on the bus.
pub(crate) struct CardDevice(pub Card);

/// The number of the note of an access without power, and of a write that has not arrived.
const NO_POWER: usize = Note::ALL.len();
const NOT_ARRIVED: usize = NO_POWER + 1;

/// What the chip says of an access, by the number of its note, and what is said without it.
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

/// What a trace says of an access, with the register it concerns.
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
    /// Takes the power away or gives it back; the bus has to look at the card afterwards.
    ///
    /// Assumed: a card without power forgets all, and comes back as from power-on.
    pub fn set_power(&mut self, power: CardPower, now_ns: u64) {
        if self.power == power {
            return;
        }
        self.power = power;
        if let Some(faults) = &mut self.faults {
            faults.clear();
        }
        if power == CardPower::On {
            // The time of a chip begins at 0: it is busy from now on for as long as it says.
            let mut profile = self.profile.clone();
            let busy = &mut profile.timing.busy_after_power_on_ns;
            let later = |time_ns: u64| time_ns.saturating_add(now_ns);
            *busy = Spread::between(later(busy.min), later(busy.typ), later(busy.max));
            self.chip = Mpu401::with_timing(&profile, InitialState::PowerOn, self.timing);
            self.chip.advance(now_ns);
        }
    }

    /// What the bus is told of a card without power.
    fn dead_reply(&mut self) -> DeviceReply {
        self.line = LineState::Down;
        self.next_event_ns = u64::MAX;
        DeviceReply { note: NO_POWER as u8, ..self.same_reply(0xFF) }
    }

    /// What the bus is told after something that may have changed what it sees.
    #[inline]
    fn reply(&mut self, value: u8) -> DeviceReply {
        self.line = if self.chip.interrupt_line() { LineState::Up } else { LineState::Down };
        self.next_event_ns = match self.signals {
            CardSignals::Hidden => self.chip.next_event_ns(),
            CardSignals::Traced => self.chip.next_change_ns(),
        };
        if let Some(faults) = &self.faults {
            self.next_event_ns = self.next_event_ns.min(faults.next_ns());
        }
        DeviceReply { has_serial: true, ..self.same_reply(value) }
    }

    /// What the bus is told after an access that changed nothing but the value.
    #[inline]
    fn same_reply(&self, value: u8) -> DeviceReply {
        DeviceReply {
            value,
            note: self.chip.last_access_note() as u8,
            line: self.line,
            next_event_ns: self.next_event_ns,
            has_serial: false,
        }
    }
}

impl BusDevice for CardDevice {
    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }

    fn lanes(&self) -> &'static [&'static str] {
        &["out", "in"]
    }

    fn signals(&self) -> &'static [&'static str] {
        match self.0.borrow().signals {
            CardSignals::Hidden => &[],
            CardSignals::Traced => &SIGNALS,
        }
    }

    fn signal(&self, index: usize) -> u32 {
        let chip = &self.0.borrow().chip;
        match index {
            0 => u32::from(chip.status().contains(Status::DRR)),
            1 => u32::from(chip.status().contains(Status::DSR)),
            2 => chip.waiting().output as u32,
            _ => chip.waiting().input as u32,
        }
    }

    #[inline]
    fn read(&mut self, offset: u16, now_ns: u64) -> DeviceReply {
        let mut card = self.0.borrow_mut();
        if card.power == CardPower::Off {
            return card.dead_reply();
        }
        let Some(register) = card.chip.register_at(offset) else { return card.same_reply(0xFF) };
        let value = card.chip.read(register, now_ns);
        // A poll before anything is due is most of what a card is asked.
        if register == Register::Command && now_ns < card.next_event_ns {
            return card.same_reply(value);
        }
        card.reply(value)
    }

    #[inline]
    fn write(&mut self, offset: u16, value: u8, now_ns: u64) -> DeviceReply {
        let mut card = self.0.borrow_mut();
        if card.power == CardPower::Off {
            return card.dead_reply();
        }
        let card = &mut *card;
        let Some(register) = card.chip.register_at(offset) else { return card.reply(0) };
        let arrives = match &mut card.faults {
            None => Some(value),
            Some(faults) => faults.write(&mut card.chip, register, value, now_ns),
        };
        let Some(value) = arrives else {
            return DeviceReply { note: NOT_ARRIVED as u8, ..card.reply(0) };
        };
        card.chip.write(register, value, now_ns);
        card.reply(0)
    }

    fn advance(&mut self, now_ns: u64) -> DeviceReply {
        let mut card = self.0.borrow_mut();
        if card.power == CardPower::Off {
            return card.dead_reply();
        }
        let card = &mut *card;
        card.chip.advance(now_ns);
        if let Some(faults) = &mut card.faults {
            faults.arrive(&mut card.chip, now_ns);
        }
        card.reply(0)
    }

    fn drain_serial(&mut self, sink: &mut dyn FnMut(SerialByte)) {
        let mut card = self.0.borrow_mut();
        let card = &mut *card;
        while let Some(event) = card.chip.pop_wire() {
            if event.lane == Lane::Out {
                match event.edge {
                    WireEdge::Start => card.sent.push((event.time_ns, event.byte)),
                    WireEdge::End => card.out_idle_since_ns = event.time_ns,
                }
            }
            sink(SerialByte {
                time_ns: event.time_ns,
                lane: match event.lane {
                    Lane::Out => 0,
                    Lane::In => 1,
                },
                byte: event.byte,
                edge: match event.edge {
                    WireEdge::Start => SerialEdge::Start,
                    WireEdge::End => SerialEdge::End,
                },
                bit_ns: BIT_TIME_NS as u32,
            });
        }
    }
}
