//! Devices, a logbook and helper functions that the kernel's tests share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use portcls_emulator::trace::{SerialEdge, SerialSource};
use portcls_emulator::{
    Answer, BusDevice, Claim, DeviceId, DeviceReply, Interrupt, InterruptLine, InterruptRoutine,
    Kernel, KernelConfig, LineState, Outputs, SerialByte, Share, Stop, TriggerMode,
};

/// The port of the first device of a test.
pub const PORT: u16 = 0x330;

/// A kernel whose port accesses take 1 us. No device is on its bus.
pub fn kernel() -> Kernel {
    Kernel::new(KernelConfig::default())
}

/// A device that rings at given times, and when a driver writes to offset 0. The device's line is
/// up while a ring waits.
///
/// Reading offset 0 returns how many rings waited, and takes one ring away. Reading offset 1 only
/// returns the number. The value written to offset 0 is the number of rings to add. Each ring at a
/// given time also starts a byte on the device's one lane.
#[derive(Default)]
pub struct Bell {
    rings_ns: VecDeque<u64>,
    waiting: u8,
    serial: VecDeque<SerialByte>,
}

impl Bell {
    /// A bell that rings at these times, which must be in order.
    pub fn ringing_at(times_ns: &[u64]) -> Box<Bell> {
        Box::new(Bell { rings_ns: times_ns.iter().copied().collect(), ..Bell::default() })
    }

    fn reply(&self, value: u8) -> DeviceReply {
        let outputs = Outputs {
            line: if self.waiting > 0 { LineState::Up } else { LineState::Down },
            next_event_ns: self.rings_ns.front().copied().unwrap_or(u64::MAX),
            has_serial: !self.serial.is_empty(),
        };
        DeviceReply::Changed(Answer { value, note: u8::from(self.waiting > 0) }, outputs)
    }

    fn ring_until(&mut self, now_ns: u64) {
        while let Some(time_ns) = self.rings_ns.pop_front_if(|time_ns| *time_ns <= now_ns) {
            self.waiting += 1;
            let byte = self.waiting;
            let edge = SerialEdge::Start;
            let source = SerialSource::Outside;
            let bit_ns = 32_000;
            self.serial.push_back(SerialByte { time_ns, lane: 0, byte, edge, bit_ns, source });
        }
    }
}

impl BusDevice for Bell {
    fn notes(&self) -> &'static [&'static str] {
        &["", "rings wait"]
    }

    fn lanes(&self) -> &'static [&'static str] {
        &["bell"]
    }

    fn read(&mut self, offset: u16, now_ns: u64) -> DeviceReply {
        self.ring_until(now_ns);
        let waiting = self.waiting;
        if offset == 0 {
            self.waiting = waiting.saturating_sub(1);
        }
        self.reply(waiting)
    }

    fn write(&mut self, offset: u16, value: u8, now_ns: u64) -> DeviceReply {
        self.ring_until(now_ns);
        if offset == 0 {
            self.waiting = self.waiting.saturating_add(value);
        }
        self.reply(0)
    }

    fn advance(&mut self, now_ns: u64) -> DeviceReply {
        self.ring_until(now_ns);
        self.reply(0)
    }

    fn drain_serial(&mut self, sink: &mut dyn FnMut(SerialByte)) {
        self.serial.drain(..).for_each(sink);
    }
}

/// A device whose line a test sets by hand. The device has one port, which reads 0.
pub struct Switch(Rc<Cell<LineState>>);

/// Moves the line of a [`Switch`].
#[derive(Clone)]
pub struct Hand {
    state: Rc<Cell<LineState>>,
    device: DeviceId,
}

impl Switch {
    /// Puts a switch on the bus at port FF00, with this interrupt line.
    pub fn attach(kernel: &Kernel, line: u8) -> Hand {
        let state = Rc::new(Cell::new(LineState::Down));
        let switch = Box::new(Switch(Rc::clone(&state)));
        let device = kernel.attach_device(0xFF00, 1, Some(line), switch);
        Hand { state, device }
    }
}

impl Hand {
    /// Moves the line now.
    pub fn set(&self, kernel: &Kernel, state: LineState) {
        self.state.set(state);
        kernel.touch_device(self.device);
    }

    /// Moves the line up and down again now.
    pub fn pulse(&self, kernel: &Kernel) {
        self.set(kernel, LineState::Up);
        self.set(kernel, LineState::Down);
    }

    /// Moves the line at a later time.
    pub fn set_at(&self, kernel: &Kernel, time_ns: u64, state: LineState) {
        let hand = self.clone();
        kernel.at(time_ns, move |kernel| hand.set(kernel, state));
    }
}

impl BusDevice for Switch {
    fn notes(&self) -> &'static [&'static str] {
        &[]
    }

    fn lanes(&self) -> &'static [&'static str] {
        &[]
    }

    fn read(&mut self, _offset: u16, now_ns: u64) -> DeviceReply {
        self.advance(now_ns)
    }

    fn write(&mut self, _offset: u16, _value: u8, now_ns: u64) -> DeviceReply {
        self.advance(now_ns)
    }

    fn advance(&mut self, _now_ns: u64) -> DeviceReply {
        let outputs = Outputs { line: self.0.get(), next_event_ns: u64::MAX, has_serial: false };
        DeviceReply::Changed(Answer { value: 0, note: 0 }, outputs)
    }
}

/// The words that the routines of a test wrote, each with its time in ns.
#[derive(Clone, Default)]
pub struct Logbook(Rc<RefCell<Vec<(u64, String)>>>);

impl Logbook {
    /// Writes a word down at the kernel's time.
    pub fn write(&self, kernel: &Kernel, word: &str) {
        self.0.borrow_mut().push((kernel.now_ns(), word.to_owned()));
    }

    /// The words in the order in which they came.
    pub fn words(&self) -> Vec<String> {
        self.0.borrow().iter().map(|(_, word)| word.clone()).collect()
    }

    /// The times of the words, in the order of the words.
    pub fn times_ns(&self) -> Vec<u64> {
        self.0.borrow().iter().map(|(time_ns, _)| *time_ns).collect()
    }

    /// How many times a word was written down.
    pub fn count(&self, word: &str) -> usize {
        self.0.borrow().iter().filter(|(_, other)| other == word).count()
    }
}

/// Wires a line and attaches a bell to it at [`PORT`].
pub fn bell_on_line(kernel: &Kernel, line: u8, trigger: TriggerMode, times_ns: &[u64]) {
    kernel.wire_line(InterruptLine { number: line, trigger });
    kernel.attach_device(PORT, 2, Some(line), Bell::ringing_at(times_ns));
}

/// Connects a shared routine to a line.
pub fn connect(
    kernel: &Kernel,
    line: u8,
    mode: TriggerMode,
    routine: InterruptRoutine,
) -> Interrupt {
    kernel
        .connect_interrupt(InterruptLine::vector_of(line), mode, Share::Shared, routine)
        .expect("the line is wired in this mode and shared")
}

/// A service routine that takes one ring from the bell at `port` and writes `name` into the
/// logbook.
pub fn answering(port: u16, log: &Logbook, name: &'static str) -> InterruptRoutine {
    let log = log.clone();
    Rc::new(move |kernel| {
        log.write(kernel, name);
        match kernel.read_port_u8(port) {
            0 => Claim::NotMine,
            _ => Claim::Mine,
        }
    })
}

/// The code and the first parameter of a bug check.
#[track_caller]
pub fn bug_check<R>(result: Result<R, Stop>) -> (u32, u64) {
    match result {
        Err(Stop::BugCheck(bug)) => (bug.code.number(), bug.parameters[0]),
        Err(other) => panic!("not a bug check: {other}"),
        Ok(_) => panic!("the run went on"),
    }
}

/// What a hang waits for, in words.
#[track_caller]
pub fn hang<R>(result: Result<R, Stop>) -> String {
    match result {
        Err(Stop::Hang(hang)) => hang.waits_for,
        Err(other) => panic!("not a hang: {other}"),
        Ok(_) => panic!("the run went on"),
    }
}
