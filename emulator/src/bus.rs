//! The I/O port bus: devices, port accesses and the time that they take.

mod inspect;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};

use crate::clock::NEVER;
use crate::inspection::Inspection;
use crate::interrupt::LineState;
use crate::kernel::Kernel;
use crate::trace::{AccessEvent, Direction, Event, Layer, Level, NameId, SerialEdge, SerialSource};

/// What a device replies to an access, or after time has passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceReply {
    /// The outputs have not changed since the last reply, so the device need not calculate them.
    /// Most polls get this reply.
    Same(Answer),
    /// The outputs may have changed. The first reply of a device must be this one.
    Changed(Answer, Outputs),
}

/// The result of an access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The byte read. After a write or an advance the bus ignores this value.
    pub value: u8,
    /// Which of [`BusDevice::notes`] describes the access.
    pub note: u8,
}

/// The outputs of a device, which the bus watches. They depend only on the device's state. The bus
/// remembers the last line and the last time, so the device need not remember them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outputs {
    /// The present state of the interrupt output.
    pub line: LineState,
    /// Earliest time in ns at which the device changes by itself; `u64::MAX` for never.
    pub next_event_ns: u64,
    /// True when [`BusDevice::drain_serial`] may have bytes, or a signal may have changed.
    pub has_serial: bool,
}

impl DeviceReply {
    /// The result of the access.
    #[inline]
    #[must_use]
    pub fn answer(&self) -> Answer {
        match self {
            DeviceReply::Same(answer) | DeviceReply::Changed(answer, _) => *answer,
        }
    }
}

/// The start or the end of a byte on a serial lane of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SerialByte {
    /// Time in ns, at or before the time of the access or advance that reported the byte.
    pub time_ns: u64,
    /// Index into [`BusDevice::lanes`].
    pub lane: u8,
    /// The byte.
    pub byte: u8,
    /// Whether the byte starts or ends.
    pub edge: SerialEdge,
    /// Length of one bit in ns.
    pub bit_ns: u32,
    /// Whether the device made the byte by itself.
    pub source: SerialSource,
}

/// A device with byte-wide registers: a pure function of its state, the time and the access.
///
/// A device never ticks. The only function of the kernel that a device calls is [`Kernel::choose`].
/// The oracle, which makes the choice, must not touch the bus. The times that the bus gives to a
/// device never go back. A device says when it changes next by itself ([`Outputs::next_event_ns`]).
/// The bus advances the device at each such time, before it passes on any access of a later time.
pub trait BusDevice {
    /// The words for [`Answer::note`]; an empty word is no note.
    fn notes(&self) -> &'static [&'static str];

    /// The names of the device's serial lanes; most devices have no lane.
    fn lanes(&self) -> &'static [&'static str] {
        &[]
    }

    /// The name in the trace for the observer of the lanes. If two devices have lanes, each of them
    /// needs a name of its own.
    fn wire(&self) -> &'static str {
        USUAL_WIRE
    }

    /// The names of the signals inside the device that a trace shows; most devices show no signal.
    fn signals(&self) -> &'static [&'static str] {
        &[]
    }

    /// The value of a signal now: a function of the device's state. `index` is the index into
    /// [`BusDevice::signals`].
    ///
    /// The bus calls this after each access and advance whose reply says [`Outputs::has_serial`].
    /// If the device changes a signal by itself, the trace shows the exact time only when
    /// [`Outputs::next_event_ns`] announced that time.
    fn signal(&self, _index: usize) -> u32 {
        0
    }

    /// Reads the register at `offset` from the device's first port.
    fn read(&mut self, offset: u16, now_ns: u64) -> DeviceReply;

    /// Writes the register at `offset` from the device's first port.
    fn write(&mut self, offset: u16, value: u8, now_ns: u64) -> DeviceReply;

    /// Lets time pass up to `now_ns`.
    fn advance(&mut self, now_ns: u64) -> DeviceReply;

    /// Hands over the serial bytes since the last call, in order of time.
    fn drain_serial(&mut self, _sink: &mut dyn FnMut(SerialByte)) {}

    /// Writes the device's state at `now_ns` for a debugger or a report. The call is not an access,
    /// and it does not change the state. Most devices write nothing.
    fn inspect(&self, _now_ns: u64, _told: &mut Inspection) {}
}

/// The number of a device on the bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeviceId(usize);

struct Attached {
    first_port: u16,
    last_port: u16,
    line: Option<u8>,
    notes: Vec<NameId>,
    lanes: Vec<NameId>,
    wire: NameId,
    signals: Vec<NameId>,

    device: RefCell<Box<dyn BusDevice>>,

    /// False when the device was pulled off the bus.
    present: Cell<bool>,
    next_event_ns: Cell<u64>,
    line_state: Cell<LineState>,
    /// The number of devices with a line that were attached before.
    line_number: usize,
    /// The last signal values in the trace; empty until the first values are recorded.
    signal_values: RefCell<Vec<u32>>,
}

/// The devices, in the order in which they were attached, and the counts of accesses.
///
/// The bus keeps the list borrowed while it calls a device. This is safe, because a device never
/// calls the bus.
#[derive(Default)]
pub(crate) struct Bus {
    devices: RefCell<Vec<Attached>>,
    pub reads: Cell<u64>,
    pub writes: Cell<u64>,
    unclaimed: Cell<Option<UnclaimedAccesses>>,
}

/// The accesses to ports that no device has. A wide access is one of them only if no device has any
/// of its ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnclaimedAccesses {
    /// How many there were.
    pub count: u64,
    /// The port of the first one.
    pub first_port: u16,
}

/// The name of the observer of a device's lanes, unless the device chooses another name.
pub(crate) const USUAL_WIRE: &str = "wire";

/// The most devices with an interrupt line: a line has a bit for each.
pub const MOST_DEVICES_WITH_LINE: usize = 32;

/// The most advances of one device at one time of the clock. If a device needs more, the kernel
/// assumes that the device never gets past this time, and panics.
const ADVANCES_AT_ONE_TIME: u32 = 1_000;

/// Bytes of the widest access.
const WIDEST: usize = 4;

/// The value of a port without a device: the bus floats high.
const FLOATING: u8 = 0xFF;

impl Kernel {
    /// Puts a device on the bus. The device gets `length` ports from `first_port` on, and the
    /// interrupt line `line`. With `None` it has no interrupt line.
    ///
    /// Of several devices on the bus that claim a port, the device that was attached first has it.
    ///
    /// # Panics
    /// When [`MOST_DEVICES_WITH_LINE`] devices have a line already and this one has one too.
    pub fn attach_device(
        &self,
        first_port: u16,
        length: u16,
        line: Option<u8>,
        device: Box<dyn BusDevice>,
    ) -> DeviceId {
        let has_line = |device: &&Attached| device.line.is_some();
        let line_number = self.state.bus.devices.borrow().iter().filter(has_line).count();
        let has_room = line.is_none() || line_number < MOST_DEVICES_WITH_LINE;
        assert!(has_room, "at most {MOST_DEVICES_WITH_LINE} devices have an interrupt line");
        let trace = self.trace();
        let name = |words: &[&str]| words.iter().map(|word| trace.name(word)).collect();
        let attached = Attached {
            first_port,
            last_port: first_port.saturating_add(length.saturating_sub(1)),
            line,
            notes: name(device.notes()),
            lanes: name(device.lanes()),
            wire: trace.actor(device.wire(), Layer::Hardware),
            signals: name(device.signals()),
            device: RefCell::new(device),
            present: Cell::new(true),
            next_event_ns: Cell::new(NEVER),
            line_state: Cell::new(LineState::Down),
            line_number,
            signal_values: RefCell::default(),
        };
        let mut devices = self.state.bus.devices.borrow_mut();
        devices.push(attached);
        let id = DeviceId(devices.len() - 1);
        drop(devices);
        self.touch_device(id);
        id
    }

    /// Pulls a device off the bus: its ports float, its line falls, its serial lanes go quiet.
    pub fn detach_device(&self, id: DeviceId) {
        if self.is_frozen() {
            return;
        }
        let devices = self.state.bus.devices.borrow();
        if let Some(attached) = devices.get(id.0) {
            let gone = Outputs { line: LineState::Down, next_event_ns: NEVER, has_serial: false };
            attached.present.set(false);
            self.settle_outputs(&devices, id.0, gone);
        }
    }

    /// Reads the line, the lanes and the deadline of a device again, after something other than the
    /// bus has changed the device.
    pub fn touch_device(&self, id: DeviceId) {
        if self.is_frozen() {
            return;
        }
        let devices = self.state.bus.devices.borrow();
        if let Some(attached) = devices.get(id.0).filter(|device| device.present.get()) {
            let reply = attached.device.borrow_mut().advance(self.now_ns());
            self.settle(&devices, id.0, &reply);
        }
    }

    /// Reads a byte from a port. IRQL: any. Time: one port access.
    #[doc(alias = "READ_PORT_UCHAR")]
    #[must_use]
    pub fn read_port_u8(&self, port: u16) -> u8 {
        self.read_byte(port) as u8
    }

    /// Reads two adjacent byte ports in one access. IRQL: any. Time: one port access.
    #[doc(alias = "READ_PORT_USHORT")]
    #[must_use]
    pub fn read_port_u16(&self, port: u16) -> u16 {
        self.access_wide(Direction::Read, port, 2, 0) as u16
    }

    /// Reads four adjacent byte ports in one access. IRQL: any. Time: one port access.
    #[doc(alias = "READ_PORT_ULONG")]
    #[must_use]
    pub fn read_port_u32(&self, port: u16) -> u32 {
        self.access_wide(Direction::Read, port, 4, 0)
    }

    /// Writes a byte to a port. IRQL: any. Time: one port access.
    #[doc(alias = "WRITE_PORT_UCHAR")]
    pub fn write_port_u8(&self, port: u16, value: u8) {
        self.write_byte(port, value);
    }

    /// Writes two adjacent byte ports in one access. IRQL: any. Time: one port access.
    #[doc(alias = "WRITE_PORT_USHORT")]
    pub fn write_port_u16(&self, port: u16, value: u16) {
        self.access_wide(Direction::Write, port, 2, u32::from(value));
    }

    /// Writes four adjacent byte ports in one access. IRQL: any. Time: one port access.
    #[doc(alias = "WRITE_PORT_ULONG")]
    pub fn write_port_u32(&self, port: u16, value: u32) {
        self.access_wide(Direction::Write, port, 4, value);
    }

    /// The accesses to ports that no device has; `None` when there was none. A port whose device
    /// was pulled off the bus is such a port.
    #[must_use]
    pub fn unclaimed_accesses(&self) -> Option<UnclaimedAccesses> {
        self.state.bus.unclaimed.get()
    }

    #[cold]
    fn note_unclaimed(&self, port: u16) {
        let unclaimed = &self.state.bus.unclaimed;
        let seen = unclaimed.get().unwrap_or(UnclaimedAccesses { count: 0, first_port: port });
        unclaimed.set(Some(UnclaimedAccesses { count: seen.count + 1, ..seen }));
    }

    /// Reads one byte without the bookkeeping of a wide access. The polls of drivers run through
    /// here.
    #[inline]
    fn read_byte(&self, port: u16) -> u32 {
        if !self.begin_access(Direction::Read) {
            return u32::from(FLOATING);
        }
        let devices = self.state.bus.devices.borrow();
        let mut value = u32::from(FLOATING);
        if let Some((number, attached)) = device_at(&devices, port) {
            let reply = attached.access(Direction::Read, port, 0, self.now_ns());
            value = u32::from(reply.answer().value);
            self.record_port(Direction::Read, port, 1, value, attached.note(&reply));
            self.settle(&devices, number, &reply);
        } else {
            self.note_unclaimed(port);
            self.record_port(Direction::Read, port, 1, value, NameId::NONE);
        }
        drop(devices);
        self.preemption_point();
        value
    }

    /// Writes one byte.
    #[inline]
    fn write_byte(&self, port: u16, value: u8) {
        if !self.begin_access(Direction::Write) {
            return;
        }
        let devices = self.state.bus.devices.borrow();
        let word = u32::from(value);
        if let Some((number, attached)) = device_at(&devices, port) {
            let reply = attached.access(Direction::Write, port, value, self.now_ns());
            self.record_port(Direction::Write, port, 1, word, attached.note(&reply));
            self.settle(&devices, number, &reply);
        } else {
            self.note_unclaimed(port);
            self.record_port(Direction::Write, port, 1, word, NameId::NONE);
        }
        drop(devices);
        self.preemption_point();
    }

    /// Accesses several adjacent bytes at once, from the low byte up. The bytes may belong to
    /// several devices.
    fn access_wide(&self, direction: Direction, port: u16, width: usize, value: u32) -> u32 {
        if !self.begin_access(direction) {
            return u32::MAX;
        }
        let devices = self.state.bus.devices.borrow();
        let mut bytes = value.to_le_bytes();
        let mut note = NameId::NONE;
        let mut replies = [None; WIDEST];
        for (index, byte) in bytes[..width].iter_mut().enumerate() {
            let port = port.wrapping_add(index as u16);
            let found = device_at(&devices, port);
            let reply =
                found.map(|(_, device)| device.access(direction, port, *byte, self.now_ns()));
            if let (Some((number, attached)), Some(reply)) = (found, reply) {
                note = attached.note(&reply);
                replies[index] = Some((number, reply));
            }
            if direction == Direction::Read {
                *byte = reply.map_or(FLOATING, |reply| reply.answer().value);
            }
        }
        if replies.iter().all(Option::is_none) {
            self.note_unclaimed(port);
        }
        let value = u32::from_le_bytes(bytes);
        self.record_port(direction, port, width as u8, value, note);
        for (number, reply) in replies.iter().flatten() {
            self.settle(&devices, *number, reply);
        }
        drop(devices);
        self.preemption_point();
        value
    }

    /// Lets the time of an access pass, and counts the access. If the machine has stopped by then,
    /// the function returns false and does not count the access.
    #[inline]
    fn begin_access(&self, direction: Direction) -> bool {
        self.pass_time(self.now_ns() + self.state.config.port_access_ns);
        if self.is_frozen() {
            return false;
        }
        let counter = match direction {
            Direction::Read => &self.state.bus.reads,
            Direction::Write => &self.state.bus.writes,
        };
        counter.set(counter.get() + 1);
        true
    }

    #[inline]
    fn record_port(&self, direction: Direction, port: u16, width: u8, value: u32, note: NameId) {
        let access = AccessEvent { direction, port, width, value, note, count: 1, pitch_ns: 0 };
        self.trace().record_access(self.now_ns(), self.level(), self.state.names.bus, access);
    }

    /// Handles the reply of a device. Most polls change nothing.
    #[inline]
    fn settle(&self, devices: &[Attached], number: usize, reply: &DeviceReply) {
        if let DeviceReply::Changed(_, outputs) = reply {
            self.settle_outputs(devices, number, *outputs);
        }
    }

    #[inline]
    fn settle_outputs(&self, devices: &[Attached], number: usize, outputs: Outputs) {
        let attached = &devices[number];
        if outputs.has_serial
            || attached.line_state.get() != outputs.line
            || attached.next_event_ns.get() != outputs.next_event_ns
        {
            self.settle_change(devices, number, outputs);
        }
    }

    /// Handles changed outputs: serial bytes, signals, the line and the deadline.
    #[inline(never)]
    fn settle_change(&self, devices: &[Attached], number: usize, outputs: Outputs) {
        let attached = &devices[number];
        if outputs.has_serial {
            self.record_serial(attached);
            self.record_signals(attached);
        }
        if attached.line_state.get() != outputs.line {
            attached.line_state.set(outputs.line);
            if let Some(line) = attached.line {
                self.sample_line(line, attached.line_number, outputs.line);
            }
        }
        if attached.next_event_ns.get() != outputs.next_event_ns {
            attached.next_event_ns.set(outputs.next_event_ns);
            let earliest = devices.iter().map(|device| device.next_event_ns.get()).min();
            self.state.deadlines.set_devices(earliest.unwrap_or(NEVER));
        }
    }

    fn record_serial(&self, attached: &Attached) {
        attached.device.borrow_mut().drain_serial(&mut |serial| {
            let lane = attached.lanes.get(usize::from(serial.lane)).copied().unwrap_or_default();
            let SerialByte { time_ns, byte, edge, bit_ns, source, .. } = serial;
            let event = Event::Serial { lane, byte, edge, bit_ns, source };
            self.trace().record(time_ns, Level::Hardware, attached.wire, event);
        });
    }

    /// Records the signals that have changed. The first call records all signals.
    fn record_signals(&self, attached: &Attached) {
        let device = attached.device.borrow();
        let mut values = attached.signal_values.borrow_mut();
        for (index, &signal) in attached.signals.iter().enumerate() {
            let value = device.signal(index);
            match values.get_mut(index) {
                Some(old) if *old == value => continue,
                Some(old) => *old = value,
                None => values.push(value),
            }
            let event = Event::Signal { signal, value };
            self.trace().record(self.now_ns(), Level::Hardware, self.state.names.hw, event);
        }
    }

    /// Advances every device whose deadline has come.
    pub(crate) fn advance_devices(&self) {
        let now_ns = self.now_ns();
        let devices = self.state.bus.devices.borrow();
        for (number, attached) in devices.iter().enumerate() {
            let mut advances = 0;
            while attached.next_event_ns.get() <= now_ns {
                assert!(
                    advances < ADVANCES_AT_ONE_TIME,
                    "the device at port {:X} does not get past {now_ns} ns",
                    attached.first_port
                );
                advances += 1;
                let reply = attached.device.borrow_mut().advance(now_ns);
                self.settle(&devices, number, &reply);
            }
        }
    }
}

/// The device that owns a port, with its number.
#[inline]
fn device_at(devices: &[Attached], port: u16) -> Option<(usize, &Attached)> {
    let owns = |device: &Attached| {
        (device.first_port..=device.last_port).contains(&port) && device.present.get()
    };
    devices.iter().enumerate().find(|(_, device)| owns(device))
}

impl Attached {
    #[inline]
    fn access(&self, direction: Direction, port: u16, value: u8, now_ns: u64) -> DeviceReply {
        let offset = port - self.first_port;
        let mut device = self.device.borrow_mut();
        match direction {
            Direction::Read => device.read(offset, now_ns),
            Direction::Write => device.write(offset, value, now_ns),
        }
    }

    #[inline]
    fn note(&self, reply: &DeviceReply) -> NameId {
        self.notes.get(usize::from(reply.answer().note)).copied().unwrap_or_default()
    }
}
