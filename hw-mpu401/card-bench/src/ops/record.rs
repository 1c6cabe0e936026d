//! A run of a script as a trace: wires, interrupt line, flags and buffers.
//!
//! A script has no kernel, so this file takes from the card what a bus would see. The recorder
//! records at each access, and each time the card changes by itself.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use hw_mpu401::{
    BIT_TIME_NS, Control, Corruption, Fault, InterruptCauses, Lane, LineSignal, Mode, Mpu401,
    Register, WireEvent,
};
use portcls_emulator::trace::{Event, Layer, Level, NameId, Trace, TraceConfig, TraceLog};

use super::model::Model;
use crate::signals::{LANES, NAMES, Signal, serial_edge, serial_source};

/// Time before the first card, and the least time from the end of one card's part to the beginning
/// of the next, in ns. This time is longer than a byte. So a byte that is on the wire at the end of
/// a part does not reach into the next part, and a decoder sees an idle line before the first start
/// bit.
const BETWEEN_CARDS_NS: u64 = 1_000_000;

/// Records scripts one after the other. Each `init` begins a new part of the trace, shortly after
/// the end of the part before.
pub struct Recorder {
    trace: Trace,
    names: Names,
    end_ns: Cell<u64>,
    begins_ns: RefCell<Vec<u64>>,
}

/// The trace's names for the actors, the lanes and the signals of a card.
#[derive(Clone, Copy)]
struct Names {
    wire: NameId,
    card: NameId,
    lanes: [NameId; 2],
    /// The signals of a card, and its interrupt line.
    signals: [NameId; 5],
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder::new()
    }
}

impl Recorder {
    /// A recorder that has recorded nothing yet.
    #[must_use]
    pub fn new() -> Recorder {
        let trace = Trace::new(TraceConfig::default());
        let [drr, dsr, tx, rx] = NAMES.map(|name| trace.name(name));
        let names = Names {
            wire: trace.actor("wire", Layer::Hardware),
            card: trace.actor("hw", Layer::Hardware),
            lanes: LANES.map(|name| trace.name(name)),
            signals: [drr, dsr, tx, rx, trace.name("irq")],
        };
        Recorder { trace, names, end_ns: Cell::new(0), begins_ns: RefCell::default() }
    }

    /// The trace up to now.
    #[must_use]
    pub fn log(&self) -> TraceLog {
        self.trace.log()
    }

    /// The time of the first event that the full trace dropped, in ns of the trace. `None` if the
    /// trace has every event.
    #[must_use]
    pub fn first_dropped_ns(&self) -> Option<u64> {
        self.trace.first_dropped_ns()
    }

    /// When each part of the trace begins, in ns of the trace: a part for each `init`, in order.
    /// The times in a script's results count from the beginning of the part.
    #[must_use]
    pub fn begins_ns(&self) -> Vec<u64> {
        self.begins_ns.borrow().clone()
    }

    /// Takes a card and records it.
    pub(super) fn watch(&self, chip: Mpu401) -> Watched<'_> {
        let begin_ns = (self.end_ns.get() + BETWEEN_CARDS_NS).next_multiple_of(BETWEEN_CARDS_NS);
        self.begins_ns.borrow_mut().push(begin_ns);
        let mut watched =
            Watched { recorder: self, chip, begin_ns, values: [None; 5], events: VecDeque::new() };
        watched.look(0);
        watched
    }
}

/// A card that is recorded.
pub(super) struct Watched<'r> {
    recorder: &'r Recorder,
    chip: Mpu401,
    /// The time in the trace at which this card's time begins.
    begin_ns: u64,
    values: [Option<u32>; 5],
    /// Events on the wires that are recorded and that the bench has not fetched yet.
    events: VecDeque<WireEvent>,
}

impl Watched<'_> {
    /// Lets time pass, and records at each change and at the end.
    fn pass(&mut self, now_ns: u64) {
        loop {
            let change_ns = self.chip.next_change_ns();
            if change_ns >= now_ns {
                break;
            }
            self.chip.advance(change_ns);
            self.look(change_ns);
        }
        self.chip.advance(now_ns);
        self.look(now_ns);
    }

    /// Records what has changed.
    fn look(&mut self, now_ns: u64) {
        while let Some(event) = self.chip.pop_wire() {
            self.record_byte(event);
            self.events.push_back(event);
        }
        let Names { card, signals, .. } = self.recorder.names;
        let [drr, dsr, tx, rx] = Signal::ALL.map(|signal| signal.value(&self.chip));
        let values = [drr, dsr, tx, rx, u32::from(self.chip.interrupt_line())];
        for ((signal, value), last) in signals.into_iter().zip(values).zip(&mut self.values) {
            if last.replace(value) != Some(value) {
                let event = Event::Signal { signal, value };
                self.recorder.trace.record(self.begin_ns + now_ns, Level::Hardware, card, event);
            }
        }
        self.recorder.end_ns.set(self.begin_ns + now_ns);
    }

    fn record_byte(&self, event: WireEvent) {
        let Names { wire, lanes: [out, input], .. } = self.recorder.names;
        let lane = match event.lane {
            Lane::Out => out,
            Lane::In => input,
        };
        let edge = serial_edge(event.edge);
        let source = serial_source(event.source);
        let bit_ns = BIT_TIME_NS as u32;
        let serial = Event::Serial { lane, byte: event.byte, edge, bit_ns, source };
        let time_ns = self.begin_ns + event.time_ns;
        self.recorder.trace.record(time_ns, Level::Hardware, wire, serial);
    }
}

impl Model for Watched<'_> {
    fn read(&mut self, register: Register, now_ns: u64) -> u8 {
        self.pass(now_ns);
        let value = self.chip.read(register, now_ns);
        self.look(now_ns);
        value
    }

    fn write(&mut self, register: Register, value: u8, now_ns: u64) {
        self.pass(now_ns);
        self.chip.write(register, value, now_ns);
        self.look(now_ns);
    }

    fn advance(&mut self, now_ns: u64) {
        self.pass(now_ns);
    }

    fn midi_in_signal(&mut self, start_ns: u64, signal: LineSignal) {
        self.chip.midi_in_signal(start_ns, signal);
    }

    fn control(&mut self, control: Control, now_ns: u64) {
        self.pass(now_ns);
        self.chip.control(control, now_ns);
        self.look(now_ns);
    }

    fn corrupt(&mut self, lane: Lane, corruption: Corruption) {
        self.chip.corrupt(lane, corruption);
    }

    fn hold_midi(&mut self, until_ns: u64) {
        self.chip.hold_midi(until_ns);
    }

    fn inject(&mut self, fault: Fault, bytes: u32) {
        self.chip.inject(fault, bytes);
    }

    fn interrupt_line(&self) -> bool {
        self.chip.interrupt_line()
    }

    fn interrupt_causes(&self) -> InterruptCauses {
        self.chip.interrupt_causes()
    }

    fn pop_wire(&mut self) -> Option<WireEvent> {
        self.events.pop_front()
    }

    fn mode(&self) -> Mode {
        self.chip.mode()
    }
}
