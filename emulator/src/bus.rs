//! The I/O port bus: devices, port accesses and what they cost.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::clock::NEVER;
use crate::interrupt::LineState;
use crate::kernel::Kernel;
use crate::trace::{AccessEvent, Direction, Event, Level, NameId, SerialEdge};

/// What a device says after an access, or after time has passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeviceReply {
    /// The byte read; 0 after a write or an advance.
    pub value: u8,
    /// Which of [`BusDevice::notes`] describes the access.
    pub note: u8,
    /// The interrupt output as it is now: a function of the device's state.
    pub line: LineState,
    /// Earliest time in ns at which the device changes by itself; `u64::MAX` for never.
    pub next_event_ns: u64,
    /// True when [`BusDevice::pop_serial`] has something.
    pub has_serial: bool,
}

/// One end of a byte on a serial lane of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SerialByte {
    /// Time in ns, not after the access or advance that it came with.
    pub time_ns: u64,
    /// Index into [`BusDevice::lanes`].
    pub lane: u8,
    /// The byte.
    pub byte: u8,
    /// Its start or its end.
    pub edge: SerialEdge,
    /// Length of one bit in ns.
    pub bit_ns: u32,
}

/// A device with byte-wide registers: a pure function of its state, the time and the access.
///
/// A device never ticks and never calls out. Times never go back.
pub trait BusDevice {
    /// The words for [`DeviceReply::note`]; an empty word is no note.
    fn notes(&self) -> &'static [&'static str];

    /// The names of its serial lanes.
    fn lanes(&self) -> &'static [&'static str];

    /// Reads the register at `offset` from the device's first port.
    fn read(&mut self, offset: u16, now_ns: u64) -> DeviceReply;

    /// Writes the register at `offset` from the device's first port.
    fn write(&mut self, offset: u16, value: u8, now_ns: u64) -> DeviceReply;

    /// Lets time pass up to `now_ns`.
    fn advance(&mut self, now_ns: u64) -> DeviceReply;

    /// The next serial event, in order of time.
    fn pop_serial(&mut self) -> Option<SerialByte>;
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

    device: RefCell<Box<dyn BusDevice>>,

    next_event_ns: Cell<u64>,
    line_state: Cell<LineState>,
}

/// The devices, in order of birth.
#[derive(Default)]
pub(crate) struct Bus {
    devices: RefCell<Vec<Rc<Attached>>>,
}

/// What a port reads where no device answers: the bus floats high.
const FLOATING: u8 = 0xFF;

impl Kernel {
    /// Puts a device on the bus: `length` ports from `first_port`, and its interrupt line.
    ///
    /// The first device to claim a port keeps it. At most 32 devices share one line.
    pub fn attach_device(
        &self,
        first_port: u16,
        length: u16,
        line: Option<u8>,
        device: Box<dyn BusDevice>,
    ) -> DeviceId {
        let trace = self.trace();
        let name = |words: &[&str]| words.iter().map(|word| trace.name(word)).collect();
        let attached = Attached {
            first_port,
            last_port: first_port.saturating_add(length.saturating_sub(1)),
            line,
            notes: name(device.notes()),
            lanes: name(device.lanes()),
            device: RefCell::new(device),
            next_event_ns: Cell::new(NEVER),
            line_state: Cell::new(LineState::Down),
        };
        let mut devices = self.state.bus.devices.borrow_mut();
        devices.push(Rc::new(attached));
        let id = DeviceId(devices.len() - 1);
        drop(devices);
        self.touch_device(id);
        id
    }

    /// Looks at a device that was changed from outside the bus: its line, lanes and deadline.
    pub fn touch_device(&self, id: DeviceId) {
        if self.is_frozen() {
            return;
        }
        let attached = self.state.bus.devices.borrow().get(id.0).cloned();
        if let Some(attached) = attached {
            let reply = attached.device.borrow_mut().advance(self.now_ns());
            self.settle(id.0, &attached, reply);
        }
    }

    /// Reads a byte from a port. IRQL: any. Time: one port access.
    #[doc(alias = "READ_PORT_UCHAR")]
    #[must_use]
    pub fn read_port_u8(&self, port: u16) -> u8 {
        self.read_port(port, 1) as u8
    }

    /// Reads two adjacent byte ports in one access. IRQL: any. Time: one port access.
    #[doc(alias = "READ_PORT_USHORT")]
    #[must_use]
    pub fn read_port_u16(&self, port: u16) -> u16 {
        self.read_port(port, 2) as u16
    }

    /// Reads four adjacent byte ports in one access. IRQL: any. Time: one port access.
    #[doc(alias = "READ_PORT_ULONG")]
    #[must_use]
    pub fn read_port_u32(&self, port: u16) -> u32 {
        self.read_port(port, 4)
    }

    /// Writes a byte to a port. IRQL: any. Time: one port access.
    #[doc(alias = "WRITE_PORT_UCHAR")]
    pub fn write_port_u8(&self, port: u16, value: u8) {
        self.write_port(port, 1, u32::from(value));
    }

    /// Writes two adjacent byte ports in one access. IRQL: any. Time: one port access.
    #[doc(alias = "WRITE_PORT_USHORT")]
    pub fn write_port_u16(&self, port: u16, value: u16) {
        self.write_port(port, 2, u32::from(value));
    }

    /// Writes four adjacent byte ports in one access. IRQL: any. Time: one port access.
    #[doc(alias = "WRITE_PORT_ULONG")]
    pub fn write_port_u32(&self, port: u16, value: u32) {
        self.write_port(port, 4, value);
    }

    #[inline]
    fn read_port(&self, port: u16, width: u8) -> u32 {
        if self.is_frozen() {
            return u32::MAX;
        }
        self.pass_time(self.now_ns() + self.state.config.port_access_ns);
        self.count(|counters| counters.port_reads += 1);
        let mut value = 0;
        let mut note = NameId::NONE;
        let mut served = None;
        for index in 0..u16::from(width) {
            let byte = match self.device_at(port.wrapping_add(index)) {
                Some((number, attached, offset)) => {
                    let reply = attached.device.borrow_mut().read(offset, self.now_ns());
                    note = attached.note(reply);
                    served = Some((number, attached, reply));
                    reply.value
                }
                None => FLOATING,
            };
            value |= u32::from(byte) << (8 * index);
        }
        self.record_port(Direction::Read, port, width, value, note);
        self.after_access(served);
        value
    }

    #[inline]
    fn write_port(&self, port: u16, width: u8, value: u32) {
        if self.is_frozen() {
            return;
        }
        self.pass_time(self.now_ns() + self.state.config.port_access_ns);
        self.count(|counters| counters.port_writes += 1);
        let mut note = NameId::NONE;
        let mut served = None;
        for index in 0..u16::from(width) {
            let byte = (value >> (8 * index)) as u8;
            if let Some((number, attached, offset)) = self.device_at(port.wrapping_add(index)) {
                let reply = attached.device.borrow_mut().write(offset, byte, self.now_ns());
                note = attached.note(reply);
                served = Some((number, attached, reply));
            }
        }
        self.record_port(Direction::Write, port, width, value, note);
        self.after_access(served);
    }

    #[inline]
    fn record_port(&self, direction: Direction, port: u16, width: u8, value: u32, note: NameId) {
        let access = AccessEvent { direction, port, width, value, note, count: 1, pitch_ns: 0 };
        let level = self.current_irql().level();
        self.trace().record_access(self.now_ns(), level, self.state.names.bus, access);
    }

    #[inline]
    fn after_access(&self, served: Option<(usize, Rc<Attached>, DeviceReply)>) {
        if let Some((number, attached, reply)) = served {
            self.settle(number, &attached, reply);
        }
        self.preemption_point();
    }

    #[inline]
    fn device_at(&self, port: u16) -> Option<(usize, Rc<Attached>, u16)> {
        let devices = self.state.bus.devices.borrow();
        let number = devices
            .iter()
            .position(|device| (device.first_port..=device.last_port).contains(&port))?;
        let attached = &devices[number];
        Some((number, Rc::clone(attached), port - attached.first_port))
    }

    /// Takes over what a device said: serial bytes, its line, its deadline.
    #[inline]
    fn settle(&self, number: usize, attached: &Attached, reply: DeviceReply) {
        if reply.has_serial {
            self.record_serial(attached);
        }
        if attached.line_state.get() != reply.line {
            attached.line_state.set(reply.line);
            if let Some(line) = attached.line {
                self.sample_line(line, number, reply.line);
            }
        }
        if attached.next_event_ns.get() != reply.next_event_ns {
            attached.next_event_ns.set(reply.next_event_ns);
            self.state.deadlines.set_devices(self.earliest_device_ns());
        }
    }

    fn record_serial(&self, attached: &Attached) {
        while let Some(serial) = {
            let mut device = attached.device.borrow_mut();
            device.pop_serial()
        } {
            let lane = attached.lanes.get(usize::from(serial.lane)).copied().unwrap_or_default();
            let SerialByte { time_ns, byte, edge, bit_ns, .. } = serial;
            let event = Event::Serial { lane, byte, edge, bit_ns };
            self.trace().record(time_ns, Level::Hardware, self.state.names.wire, event);
        }
    }

    fn earliest_device_ns(&self) -> u64 {
        let devices = self.state.bus.devices.borrow();
        devices.iter().map(|device| device.next_event_ns.get()).min().unwrap_or(NEVER)
    }

    /// Advances every device whose deadline has come.
    pub(crate) fn advance_devices(&self) {
        let now_ns = self.now_ns();
        let count = self.state.bus.devices.borrow().len();
        for number in 0..count {
            let attached = Rc::clone(&self.state.bus.devices.borrow()[number]);
            if attached.next_event_ns.get() <= now_ns {
                let reply = attached.device.borrow_mut().advance(now_ns);
                self.settle(number, &attached, reply);
            }
        }
    }
}

impl Attached {
    #[inline]
    fn note(&self, reply: DeviceReply) -> NameId {
        self.notes.get(usize::from(reply.note)).copied().unwrap_or_default()
    }
}
