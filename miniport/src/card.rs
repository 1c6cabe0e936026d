//! The card and its bytes: what the service routine and the other code share.
//!
//! Methods that only read or set one value run at any time. Every other method runs at DIRQL with
//! the interrupt lock held, or at a time when no interrupt can come. No code here waits, and only
//! `Card::new` allocates. This file never knows streams or IRPs, and it tells the port of new bytes
//! only by `Notify`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::interfaces::{IMasterClock, IPortDMus, IPortMidi, IServiceGroup};
use ringbuf::LocalRb;
use ringbuf::storage::Array;
use ringbuf::traits::Observer;

use crate::registers::{ACK, Command, Registers, Status};

/// Room for bytes that wait for the DPC: a third of a second of MIDI (3 125 bytes a second). No DPC
/// may come later than that. The number is a power of two, so that the ring wraps with a mask.
const RING_BYTES: usize = 1_024;

/// The greatest number of bytes that one call of [`Card::drain`] reads.
///
/// No card can send this number of bytes without a pause. The largest buffer of a card has
/// 16 bytes. Source: SMSC LPC47M data sheet. One call must empty the card, because on an
/// edge-triggered line a byte that is left in the card brings no second edge. If the STATUS of a
/// broken card always says that a byte waits, a call costs 128 reads of DATA and does not stop the
/// system.
const DRAIN_LIMIT: u32 = 128;

/// The meaning of a byte from the card, and whether the driver may access the card at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The driver does not access the registers: the card has no power, did not start, or was
    /// silenced.
    Off,
    /// The driver is sending commands: an FE is an answer, and every other byte is thrown away.
    Command,
    /// UART mode: every byte is MIDI, FE among them.
    Uart,
}

/// Whether MIDI bytes from the card are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capture {
    /// The driver reads the bytes, because the card must be empty, and throws them away.
    Discard,
    /// The driver puts the bytes into the ring.
    Keep,
}

/// The port that the driver notifies of bytes from the card.
pub(crate) enum NotifiedPort {
    /// The port of a MIDI miniport.
    Midi(Rc<dyn IPortMidi>),
    /// The port of a DirectMusic miniport.
    DirectMusic(Rc<dyn IPortDMus>),
}

impl NotifiedPort {
    fn notify(&self, kernel: &Kernel, group: &Rc<dyn IServiceGroup>) {
        match self {
            NotifiedPort::Midi(port) => port.notify(kernel, Some(group)),
            NotifiedPort::DirectMusic(port) => port.notify(kernel, Some(group)),
        }
    }

    /// Tells the port the miniport's service group. The caller does so before the card can
    /// interrupt.
    pub fn register_service_group(&self, kernel: &Kernel, group: &Rc<dyn IServiceGroup>) {
        let group = Rc::clone(group);
        match self {
            NotifiedPort::Midi(port) => port.register_service_group(kernel, group),
            NotifiedPort::DirectMusic(port) => port.register_service_group(kernel, group),
        }
    }
}

/// A byte from the card.
#[derive(Clone, Copy, Default)]
struct Received {
    byte: u8,
    /// The time at which the call of [`Card::drain`] that read the byte began to read bytes, by the
    /// master clock; 0 without a clock.
    time_100ns: i64,
}

/// The result of [`Card::drain`].
pub(crate) struct Drained {
    /// The number of bytes that were read.
    pub bytes: u32,
    /// The last value that was read from STATUS.
    pub status: Status,
}

/// A card and the bytes that the card has sent.
pub(crate) struct Card {
    registers: Registers,

    port: NotifiedPort,
    group: Rc<dyn IServiceGroup>,
    clock: RefCell<Option<Rc<dyn IMasterClock>>>,

    mode: Cell<Mode>,
    acknowledged: Cell<bool>,
    capture: Cell<Capture>,
    ring: RefCell<LocalRb<Array<Received, RING_BYTES>>>,
    overruns: Cell<u64>,
}

impl Card {
    /// A card that has got no command yet. When bytes for the capture stream have come in, the
    /// driver calls `Notify` of `port` with `group`.
    ///
    /// Bytes that are left over from the last driver are thrown away. If such a byte holds the line
    /// up, the service routine reads it when the interrupt is connected.
    pub fn new(registers: Registers, port: NotifiedPort, group: Rc<dyn IServiceGroup>) -> Rc<Card> {
        Rc::new(Card {
            registers,
            port,
            group,
            clock: RefCell::new(None),
            mode: Cell::new(Mode::Command),
            acknowledged: Cell::new(false),
            capture: Cell::new(Capture::Discard),
            ring: RefCell::new(LocalRb::default()),
            overruns: Cell::new(0),
        })
    }

    /// The card's registers.
    pub fn registers(&self) -> Registers {
        self.registers
    }

    /// The service group that the port serves after bytes came in.
    pub fn group(&self) -> &Rc<dyn IServiceGroup> {
        &self.group
    }

    /// The clock for the times of received bytes. Each DirectMusic stream sets the clock when it is
    /// opened; before that there is none.
    pub fn clock(&self) -> Option<Rc<dyn IMasterClock>> {
        self.clock.borrow().clone()
    }

    /// Sets the clock for the times of received bytes.
    pub fn set_clock(&self, clock: &Rc<dyn IMasterClock>) {
        *self.clock.borrow_mut() = Some(Rc::clone(clock));
    }

    /// The present meaning of the card's bytes.
    pub fn mode(&self) -> Mode {
        self.mode.get()
    }

    /// Changes the meaning of the card's bytes.
    pub fn set_mode(&self, mode: Mode) {
        self.mode.set(mode);
    }

    /// Whether an ACK has come since the last command.
    pub fn is_acknowledged(&self) -> bool {
        self.acknowledged.get()
    }

    /// The number of bytes that were lost because the ring was full.
    pub fn overruns(&self) -> u64 {
        self.overruns.get()
    }

    /// The service routine: reads the waiting bytes. `STATUS_SUCCESS` says that there was at least
    /// one byte.
    ///
    /// The card lowers its line when DATA is read. So the line is down, or up for the next byte,
    /// before the driver notifies the port. On a shared line, a card without a byte to read did not
    /// interrupt.
    /// IRQL: DIRQL. Time: one port access, and two more for each byte.
    pub fn serve_interrupt(&self, kernel: &Kernel) -> NtStatus {
        if self.mode.get() == Mode::Off || self.drain(kernel).bytes == 0 {
            return NtStatus::UNSUCCESSFUL;
        }
        NtStatus::SUCCESS
    }

    /// Reads bytes until no byte waits, at most [`DRAIN_LIMIT`] bytes. Tells the port of captured
    /// bytes.
    pub fn drain(&self, kernel: &Kernel) -> Drained {
        let mut status = self.registers.read_status(kernel);
        let time_100ns = if status.can_read() { self.time_100ns(kernel) } else { 0 };
        let mut bytes = 0;
        let mut captured = 0;
        while status.can_read() && bytes < DRAIN_LIMIT {
            let byte = self.registers.read_data(kernel);
            bytes += 1;
            captured += self.accept(Received { byte, time_100ns });
            status = self.registers.read_status(kernel);
        }
        if captured > 0 {
            self.port.notify(kernel, &self.group);
        }
        Drained { bytes, status }
    }

    /// The present time by the master clock; 0 without a clock.
    fn time_100ns(&self, kernel: &Kernel) -> i64 {
        let clock = self.clock.borrow();
        clock.as_ref().and_then(|clock| clock.get_time(kernel).ok()).unwrap_or(0)
    }

    /// Handles a byte as the mode and the capture setting say: keeps it, notes it as an ACK, or
    /// discards it. Returns 1 for a byte of the capture stream, even if the ring was full, and 0
    /// for any other byte.
    fn accept(&self, received: Received) -> u32 {
        match (self.mode.get(), self.capture.get()) {
            (Mode::Uart, Capture::Keep) => {
                if self.ring.borrow_mut().try_push(received).is_err() {
                    self.overruns.set(self.overruns.get() + 1);
                }
                1
            }
            (Mode::Command, _) => {
                if received.byte == ACK {
                    self.acknowledged.set(true);
                }
                0
            }
            (Mode::Uart, Capture::Discard) | (Mode::Off, _) => 0,
        }
    }

    /// Reads the waiting bytes, and then writes a command if the card can take one. Returns the
    /// value of STATUS after the bytes were read, which says whether the card could take the
    /// command.
    ///
    /// A byte that waited before the command cannot be the answer to the command. The driver reads
    /// such a byte first, so that it does not take an old FE for the ACK.
    pub fn try_command(&self, kernel: &Kernel, command: Command) -> Status {
        let status = self.drain(kernel).status;
        if status.can_write() {
            self.acknowledged.set(false);
            self.registers.write_command(kernel, command);
        }
        status
    }

    /// Sets whether MIDI bytes from the card are kept.
    pub fn set_capture(&self, capture: Capture) {
        self.capture.set(capture);
    }

    /// Throws away the bytes that were kept.
    pub fn clear(&self) {
        self.ring.borrow_mut().clear();
    }

    /// Whether a byte is kept.
    pub fn has_bytes(&self) -> bool {
        !self.ring.borrow().is_empty()
    }

    /// Takes the oldest bytes that were kept; returns their number.
    pub fn take(&self, buffer: &mut [u8]) -> usize {
        let mut ring = self.ring.borrow_mut();
        let mut taken = 0;
        for (place, received) in buffer.iter_mut().zip(ring.pop_iter()) {
            *place = received.byte;
            taken += 1;
        }
        taken
    }

    /// Takes the oldest bytes that were kept, but only bytes with the same time. Returns their
    /// number, and this time in units of 100 ns.
    pub fn take_of_one_time(&self, buffer: &mut [u8]) -> (usize, i64) {
        let mut ring = self.ring.borrow_mut();
        let time_100ns = ring.first().map_or(0, |received| received.time_100ns);
        let mut taken = 0;
        while taken < buffer.len()
            && let Some(&received) = ring.first()
            && received.time_100ns == time_100ns
        {
            buffer[taken] = received.byte;
            taken += 1;
            let _ = ring.try_pop();
        }
        (taken, time_100ns)
    }
}
