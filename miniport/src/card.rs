//! What the service routine and the rest of the driver share: the card and what it sent.
//!
//! Every method runs at the level of the interrupt with its lock held, or where no interrupt can
//! come between, except those that only ask for or set one value. Nothing here allocates or waits.
//! It never knows streams or IRPs; the port learns of new bytes by `Notify` and nothing else.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::interfaces::{IPortMidi, IServiceGroup};
use ringbuf::LocalRb;
use ringbuf::storage::Array;

use crate::registers::{ACK, Command, Registers, Status};

/// Bytes that wait for the DPC: a third of a second of MIDI (3 125 bytes a second), which is more
/// than any DPC may be late, and a power of two so that the ring wraps with a mask.
const RING_BYTES: usize = 1_024;

/// Most bytes taken at one go.
///
/// More than any card holds behind its register without a pause (16, Source: SMSC LPC47M data
/// sheet), because on an edge-triggered line a byte that is left behind brings no second edge.
/// A card whose flag is stuck costs 128 reads, and not the machine.
const DRAIN_LIMIT: u32 = 128;

/// What a byte from the card means, and whether the card may be touched at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The registers are left alone: no power, or a card that does not work.
    Off,
    /// Commands are under way: an FE is an answer, and everything else is thrown away.
    Command,
    /// UART mode: every byte is MIDI, FE among them.
    Uart,
}

/// Whether MIDI bytes from the card are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capture {
    /// They are read, for the card needs that, and thrown away.
    Discard,
    /// They go into the ring.
    Keep,
}

/// What a drain found.
pub(crate) struct Drained {
    /// How many bytes were read.
    pub bytes: u32,
    /// STATUS as it was read last.
    pub status: Status,
}

/// A card and the bytes it has sent.
pub(crate) struct Card {
    registers: Registers,

    port: Rc<dyn IPortMidi>,
    group: Rc<dyn IServiceGroup>,

    mode: Cell<Mode>,
    acknowledged: Cell<bool>,
    capture: Cell<Capture>,
    ring: RefCell<LocalRb<Array<u8, RING_BYTES>>>,
    overruns: Cell<u64>,
}

impl Card {
    /// A card that was not spoken to yet; `port` is told of its bytes for `group`.
    ///
    /// What it may have left over from its last driver is thrown away: a line that is up already
    /// asks for that as soon as the interrupt is connected.
    pub fn new(
        registers: Registers,
        port: Rc<dyn IPortMidi>,
        group: Rc<dyn IServiceGroup>,
    ) -> Rc<Card> {
        Rc::new(Card {
            registers,
            port,
            group,
            mode: Cell::new(Mode::Command),
            acknowledged: Cell::new(false),
            capture: Cell::new(Capture::Discard),
            ring: RefCell::new(LocalRb::default()),
            overruns: Cell::new(0),
        })
    }

    /// Its registers.
    pub fn registers(&self) -> Registers {
        self.registers
    }

    /// The group that is served when bytes have come.
    pub fn group(&self) -> &Rc<dyn IServiceGroup> {
        &self.group
    }

    /// What its bytes mean now.
    pub fn mode(&self) -> Mode {
        self.mode.get()
    }

    /// Changes what its bytes mean.
    pub fn set_mode(&self, mode: Mode) {
        self.mode.set(mode);
    }

    /// Whether an ACK has come since the last command.
    pub fn is_acknowledged(&self) -> bool {
        self.acknowledged.get()
    }

    /// Bytes that were lost because the ring was full.
    pub fn overruns(&self) -> u64 {
        self.overruns.get()
    }

    /// The service routine: takes what waits, and says whether that was anything.
    ///
    /// Reading DATA is what makes the card lower its line, so the line is down, or the next byte's,
    /// before the port is told. On a shared line a card with nothing to read did not ask.
    /// IRQL: DIRQL. Time: two port accesses a byte and one more.
    pub fn serve_interrupt(&self, kernel: &Kernel) -> NtStatus {
        if self.mode.get() == Mode::Off || self.drain(kernel).bytes == 0 {
            return NtStatus::UNSUCCESSFUL;
        }
        NtStatus::SUCCESS
    }

    /// Reads until nothing waits, or [`DRAIN_LIMIT`] bytes; tells the port of captured ones.
    pub fn drain(&self, kernel: &Kernel) -> Drained {
        let mut status = self.registers.read_status(kernel);
        let mut bytes = 0;
        let mut captured = 0;
        while status.can_read() && bytes < DRAIN_LIMIT {
            let byte = self.registers.read_data(kernel);
            bytes += 1;
            captured += self.accept(byte);
            status = self.registers.read_status(kernel);
        }
        if captured > 0 {
            self.port.notify(kernel, Some(&self.group));
        }
        Drained { bytes, status }
    }

    /// Puts a byte where it belongs; returns how many bytes the stream has to do with it.
    fn accept(&self, byte: u8) -> u32 {
        match (self.mode.get(), self.capture.get()) {
            (Mode::Uart, Capture::Keep) => {
                if self.ring.borrow_mut().try_push(byte).is_err() {
                    self.overruns.set(self.overruns.get() + 1);
                }
                1
            }
            (Mode::Command, _) => {
                if byte == ACK {
                    self.acknowledged.set(true);
                }
                0
            }
            (Mode::Uart, Capture::Discard) | (Mode::Off, _) => 0,
        }
    }

    /// Drains the card and, if it then takes one, writes a command; returns the status it was
    /// decided by.
    ///
    /// What waited before the command cannot be its answer, so an old FE is not taken for an ACK.
    pub fn try_command(&self, kernel: &Kernel, command: Command) -> Status {
        let status = self.drain(kernel).status;
        if status.can_write() {
            self.acknowledged.set(false);
            self.registers.write_command(kernel, command);
        }
        status
    }

    /// Begins or ends keeping MIDI bytes.
    pub fn set_capture(&self, capture: Capture) {
        self.capture.set(capture);
    }

    /// Throws away what was kept.
    pub fn clear(&self) {
        self.ring.borrow_mut().clear();
    }

    /// Takes the oldest kept bytes; returns how many.
    pub fn take(&self, buffer: &mut [u8]) -> usize {
        self.ring.borrow_mut().pop_slice(buffer)
    }
}
