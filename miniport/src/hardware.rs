//! The card with its interrupt: start, stop, and every wait for the card.
//!
//! This file owns the connection of the interrupt and every wait of the driver. A wait at
//! PASSIVE_LEVEL stalls the processor for at most half a millisecond, and then lets other threads
//! run. The wait for output runs at DISPATCH_LEVEL and stalls the processor. Each wait for an
//! answer of the card has a limit of time, and a limit of looks at the card. So a wait ends even
//! when the clock stands still.
//!
//! Dropping a [`Hardware`] resets the card, and disconnects the interrupt if the miniport has
//! connected it. The miniport and its streams share the [`Hardware`]. A start that fails in `Init`
//! drops it too.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::com::IUnknown;
use portcls_port::interfaces::{IResourceList, IServiceGroup};
use portcls_port::pc_new_service_group;

use crate::card::{Capture, Card, Mode, NotifiedPort};
use crate::registers::{Command, Status};
use crate::resources::{Connection, assigned_registers};

/// Longest wait for a card to take a command, in ms.
///
/// The card may still be busy with the last driver's command. A reset out of UART mode takes
/// 60.5 ms, and 70.1 ms if the card's buffer is also full. Measured: Roland MPU-401, firmware 1.5A.
const READY_LIMIT_MS: u32 = 100;

/// Longest wait for an ACK, in ms.
///
/// The card sends the ACK of the UART mode command only when the reset before that command is over.
/// So this ACK comes up to 27.3 ms after the command. After a reset in UART mode the card sends
/// nothing for 70.1 ms, and takes a second reset only after this time. Measured: Roland MPU-401,
/// firmware 1.5A. `Init` waits for at most three ACKs. Three waits of full length take less than
/// the half second that `Init` may take.
const ACK_LIMIT_MS: u32 = 100;

/// The number of quick looks at the start of a wait at PASSIVE_LEVEL. An idle card answers within
/// 0.3 ms, and in such a short time no other thread need run.
/// Measured: Roland MPU-401, firmware 1.5A, 42 to 268 us.
const QUICK_LOOKS: u32 = 20;

/// Time between the quick looks, in us: half of the longest time for one stall.
/// Source: WDK, KeStallExecutionProcessor.
const QUICK_PITCH_US: u32 = 25;

/// Time between later looks, in 100 ns units: 1 ms. The wait ends only at a clock interrupt, so it
/// can take up to 2 ms.
const SLOW_PITCH_100NS: u64 = 10_000;

/// The number of looks at a card that the driver wants to silence, before the driver gives up. A
/// card that works takes a byte within 0.33 ms. So a card that takes no byte for a millisecond is
/// gone or dead.
const SILENCE_LOOKS: u32 = 2;

/// Time between looks for room to write, in us.
const OUTPUT_PITCH_US: u32 = 10;

/// Longest wait for room for one byte, in 100 ns units: 400 us.
///
/// A full buffer frees a place every 320 us, 330 us at the latest. Measured: Roland MPU-401,
/// firmware 1.5A. With a wait of this length, MIDI OUT stays busy without a gap.
const OUTPUT_BYTE_LIMIT_100NS: u64 = 4_000;

/// Longest time of one call for output, in 100 ns units: 1 ms, the pitch of the port's sequencer.
const OUTPUT_CALL_LIMIT_100NS: u64 = 10_000;

/// The greatest number of looks for room for one byte, for the case that the clock stands still.
const OUTPUT_LOOKS: u64 = 1 + OUTPUT_BYTE_LIMIT_100NS / (OUTPUT_PITCH_US as u64 * 10);

/// Longest gap between two bytes of one message, in 100 ns units. After a longer gap, a message of
/// another pin may begin. Assumed: when the rest of a SysEx has not come within 1 s, it never
/// comes.
const MESSAGE_GAP_LIMIT_100NS: u64 = 10_000_000;

/// A message on its way out.
#[derive(Clone, Copy)]
struct Message {
    pin: u32,
    /// When the driver last had bytes of this message.
    last_100ns: u64,
}

/// Whether a card answered a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The card sent an ACK.
    Acknowledged,
    /// The card took the command and sent no ACK in time.
    Silent,
}

/// How long a call for output waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The call waits up to [`OUTPUT_BYTE_LIMIT_100NS`] for each byte, and up to
    /// [`OUTPUT_CALL_LIMIT_100NS`] in all.
    Full,
    /// No wait: the driver looks once, because it found the card dead before.
    None,
}

/// A card with its interrupt.
pub(crate) struct Hardware {
    kernel: Kernel,

    card: Rc<Card>,
    interrupt: Option<Connection>,

    /// The pins with an open stream, a bit for each.
    open_pins: Cell<u32>,
    /// The message that has begun on MIDI OUT and is not over.
    message: Cell<Option<Message>>,
    /// The number of lost bytes that were reported.
    reported_overruns: Cell<u64>,
}

impl Hardware {
    /// Finds the card in the resources of a device, connects the interrupt of the card and starts
    /// the card. Returns the card with the service group that the miniport and its streams share.
    ///
    /// The order is fixed. First come all objects that the service routine uses, then the
    /// connection of the interrupt, then the first command to the card. After a failure the
    /// interrupt is disconnected. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_DEVICE_CONFIGURATION_ERROR`: there are no resources, or they fit no MPU-401.
    /// - The status of a routine of the port, or of the start of the card.
    pub fn bring_up(
        kernel: &Kernel,
        adapter: Option<&Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: NotifiedPort,
    ) -> Result<(Rc<Hardware>, Rc<dyn IServiceGroup>), NtStatus> {
        let resources = resources.ok_or(NtStatus::DEVICE_CONFIGURATION_ERROR)?;
        let registers = assigned_registers(&*resources)?;
        let group = pc_new_service_group(kernel, None)?;
        port.register_service_group(kernel, &group);
        let card = Card::new(registers, port, Rc::clone(&group));
        let interrupt = Connection::new(kernel, &card, adapter, &resources)?;
        let hardware = Rc::new(Hardware::new(kernel, card, interrupt));
        hardware.start(kernel)?;
        Ok((hardware, group))
    }

    fn new(kernel: &Kernel, card: Rc<Card>, interrupt: Option<Connection>) -> Hardware {
        Hardware {
            kernel: kernel.clone(),
            card,
            interrupt,
            open_pins: Cell::new(0),
            message: Cell::new(None),
            reported_overruns: Cell::new(0),
        }
    }

    /// The card.
    pub fn card(&self) -> &Rc<Card> {
        &self.card
    }

    /// Whether the card is in UART mode and may be used.
    pub fn is_ready(&self) -> bool {
        self.card.mode() == Mode::Uart
    }

    /// Whether the card has an interrupt to announce input; without one there is no capture.
    pub fn has_interrupt(&self) -> bool {
        self.interrupt.is_some()
    }

    /// Takes the only stream of a pin.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` when the stream is taken already.
    pub fn open(&self, pin: u32) -> Result<(), NtStatus> {
        let (pins, bit) = (self.open_pins.get(), 1 << pin);
        self.open_pins.set(pins | bit);
        if pins & bit == 0 { Ok(()) } else { Err(NtStatus::INVALID_DEVICE_REQUEST) }
    }

    /// Gives the stream of a pin back.
    pub fn close(&self, pin: u32) {
        self.open_pins.set(self.open_pins.get() & !(1 << pin));
    }

    /// Takes MIDI OUT for bytes of a pin's message; false while a message of another pin goes out.
    ///
    /// Bytes of two messages must not mix on the cable. IRQL: DISPATCH_LEVEL.
    pub fn begin_message(&self, kernel: &Kernel, pin: u32) -> bool {
        let now_100ns = now_100ns(kernel);
        let is_free = self.message.get().is_none_or(|message| {
            message.pin == pin || now_100ns >= message.last_100ns + MESSAGE_GAP_LIMIT_100NS
        });
        if is_free {
            self.message.set(Some(Message { pin, last_100ns: now_100ns }));
        }
        is_free
    }

    /// Gives MIDI OUT back after the last byte of a pin's message, or when the rest of the message
    /// does not come. IRQL: up to DISPATCH_LEVEL.
    pub fn end_message(&self, pin: u32) {
        if self.message.get().is_some_and(|message| message.pin == pin) {
            self.message.set(None);
        }
    }

    /// Reports the captured bytes that were lost since the last report.
    pub fn report_overruns(&self, kernel: &Kernel) {
        let overruns = self.card.overruns();
        let news = overruns - self.reported_overruns.replace(overruns);
        if news > 0 {
            kernel.debug_print(format_args!("MPU-401: {news} bytes of MIDI IN lost, ring full"));
        }
    }

    /// Resets the card and puts it into UART mode, from any state.
    ///
    /// A card in UART mode may take the first reset without an ACK. Then the driver repeats the
    /// reset. The driver accepts a card that takes commands and never answers. Some cards have no
    /// command port at the address, or never send an ACK, but they play MIDI. A Roland loses MIDI
    /// IN for 34.7 ms after the ACK of the UART mode command, and takes the second byte for MIDI
    /// OUT only after that time. This function does not wait so long, because each write waits for
    /// room.
    ///
    /// IRQL: PASSIVE_LEVEL. Time: 0.2 ms to 600 ms.
    ///
    /// # Errors
    /// `STATUS_IO_DEVICE_ERROR` when the card takes no command, or there is no card.
    pub fn start(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        self.card.set_mode(Mode::Command);
        let started = self.reset_and_enter_uart(kernel);
        self.card.set_mode(if started.is_ok() { Mode::Uart } else { Mode::Off });
        started
    }

    fn reset_and_enter_uart(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        let mut reset = self.command(kernel, Command::Reset)?;
        if reset == Answer::Silent {
            reset = self.command(kernel, Command::Reset)?;
        }
        let uart = self.command(kernel, Command::EnterUart)?;
        let base = self.card.registers().base();
        match (reset, uart) {
            (Answer::Silent, Answer::Silent) => kernel.debug_print(format_args!(
                "MPU-401 at {base:X}: takes commands and never acknowledges, used as it is"
            )),
            (Answer::Acknowledged, Answer::Silent) => kernel.debug_print(format_args!(
                "MPU-401 at {base:X}: did not acknowledge UART mode, used as it is"
            )),
            (_, Answer::Acknowledged) => (),
        }
        Ok(())
    }

    /// Sends a command when the card takes it, and waits for the ACK.
    fn command(&self, kernel: &Kernel, command: Command) -> Result<Answer, NtStatus> {
        let mut status = Status::all();
        let taken = wait_politely(kernel, READY_LIMIT_MS, || {
            status = self.try_command(kernel, command);
            status.can_write()
        });
        if !taken {
            let base = self.card.registers().base();
            let what = if status.is_floating() { "no card answers" } else { "takes no command" };
            kernel.debug_print(format_args!("MPU-401 at {base:X}: {what}"));
            return Err(NtStatus::IO_DEVICE_ERROR);
        }
        let answered = wait_politely(kernel, ACK_LIMIT_MS, || {
            // The service routine may have read the ACK. Not every card interrupts for an ACK.
            if !self.card.is_acknowledged() {
                self.poll(kernel);
            }
            self.card.is_acknowledged()
        });
        Ok(if answered { Answer::Acknowledged } else { Answer::Silent })
    }

    /// Resets the card. After that the card sends nothing more, and answers the next driver.
    ///
    /// Bytes that the card has not yet put on MIDI OUT are lost. When the card takes no command,
    /// the driver leaves the card alone, because the card may be gone.
    ///
    /// IRQL: PASSIVE_LEVEL. Time: 1 to 4 ms, or none in [`Mode::Off`].
    pub fn silence(&self, kernel: &Kernel) {
        if self.card.mode() == Mode::Off {
            return;
        }
        self.card.set_mode(Mode::Command);
        for _ in 0..SILENCE_LOOKS {
            let taken = self.try_command(kernel, Command::Reset).can_write();
            kernel.delay_execution_thread(SLOW_PITCH_100NS);
            if taken {
                // An unread ACK would hold the line up, and no driver would lower it.
                self.poll(kernel);
                break;
            }
        }
        self.synchronized(kernel, &mut |_| self.card.set_mode(Mode::Off));
    }

    /// Makes no access to the card from now on, because the card is about to lose its power.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn leave_alone(&self, kernel: &Kernel) {
        self.synchronized(kernel, &mut |_| self.card.set_mode(Mode::Off));
    }

    /// Writes MIDI bytes at the speed of the card, as long as `patience` allows. Returns how many
    /// bytes were written.
    ///
    /// IRQL: DISPATCH_LEVEL. Time: at most 1 ms.
    pub fn write(&self, kernel: &Kernel, data: &[u8], patience: Patience) -> usize {
        if self.card.mode() != Mode::Uart {
            return 0;
        }
        let call_end_100ns = now_100ns(kernel) + OUTPUT_CALL_LIMIT_100NS;
        let mut written = 0;
        for &byte in data {
            let end_100ns = match patience {
                Patience::Full => call_end_100ns.min(now_100ns(kernel) + OUTPUT_BYTE_LIMIT_100NS),
                Patience::None => 0,
            };
            let late = written > 0 && now_100ns(kernel) >= call_end_100ns;
            if late || !self.wait_for_room(kernel, end_100ns) {
                break;
            }
            self.card.registers().write_data(kernel, byte);
            written += 1;
        }
        written
    }

    /// Looks for room for a byte until `end_100ns`, but at least once. Returns whether there is
    /// room.
    ///
    /// On a Roland unread input blocks output. So the driver reads the input of a busy card here.
    /// It does not wait for the interrupt for this input, because that interrupt may be lost, or
    /// the card may have no interrupt.
    fn wait_for_room(&self, kernel: &Kernel, end_100ns: u64) -> bool {
        for _ in 0..OUTPUT_LOOKS {
            let status = self.card.registers().read_status(kernel);
            if status.can_write() {
                return true;
            }
            if status.can_read() {
                self.poll(kernel);
            }
            if now_100ns(kernel) + u64::from(OUTPUT_PITCH_US) * 10 > end_100ns {
                return false;
            }
            kernel.stall_us(OUTPUT_PITCH_US);
        }
        false
    }

    /// Sets whether MIDI bytes from the card are kept. IRQL: PASSIVE_LEVEL.
    pub fn set_capture(&self, kernel: &Kernel, capture: Capture) {
        self.synchronized(kernel, &mut |_| self.card.set_capture(capture));
    }

    /// Throws captured bytes away. IRQL: up to DISPATCH_LEVEL.
    pub fn clear_captured(&self, kernel: &Kernel) {
        self.synchronized(kernel, &mut |_| self.card.clear());
    }

    /// Takes captured bytes; returns their number. IRQL: up to DISPATCH_LEVEL.
    pub fn take_captured(&self, kernel: &Kernel, buffer: &mut [u8]) -> usize {
        let mut taken = 0;
        self.synchronized(kernel, &mut |_| taken = self.card.take(buffer));
        taken
    }

    /// Whether a captured byte waits. IRQL: up to DISPATCH_LEVEL.
    pub fn has_captured(&self, kernel: &Kernel) -> bool {
        let mut has_bytes = false;
        self.synchronized(kernel, &mut |_| has_bytes = self.card.has_bytes());
        has_bytes
    }

    /// Takes captured bytes that have the same time. Returns their number, and this time by the
    /// master clock, in units of 100 ns. IRQL: up to DISPATCH_LEVEL.
    pub fn take_captured_of_one_time(&self, kernel: &Kernel, buffer: &mut [u8]) -> (usize, i64) {
        let mut taken = (0, 0);
        self.synchronized(kernel, &mut |_| taken = self.card.take_of_one_time(buffer));
        taken
    }

    /// Reads the bytes that wait in the card, as the service routine does, but without an
    /// interrupt. IRQL: up to DISPATCH_LEVEL.
    fn poll(&self, kernel: &Kernel) {
        self.synchronized(kernel, &mut |kernel| {
            self.card.drain(kernel);
        });
    }

    fn try_command(&self, kernel: &Kernel, command: Command) -> Status {
        let mut status = Status::all();
        self.synchronized(kernel, &mut |kernel| status = self.card.try_command(kernel, command));
        status
    }

    /// Runs a routine that the service routine cannot interrupt.
    fn synchronized(&self, kernel: &Kernel, routine: &mut dyn FnMut(&Kernel)) {
        match &self.interrupt {
            Some(interrupt) => interrupt.synchronized(kernel, routine),
            None => routine(kernel),
        }
    }
}

impl Drop for Hardware {
    /// Resets the card, and disconnects the interrupt if the miniport has connected it.
    ///
    /// IRQL: PASSIVE_LEVEL.
    fn drop(&mut self) {
        self.silence(&self.kernel);
        if let Some(interrupt) = &self.interrupt {
            interrupt.end(&self.kernel);
        }
    }
}

/// Waits until `done` returns true, for at most `limit_ms`. Returns false when `done` never
/// returned true.
///
/// The first looks follow each other quickly; between later looks other threads can run.
/// IRQL: PASSIVE_LEVEL.
fn wait_politely(kernel: &Kernel, limit_ms: u32, mut done: impl FnMut() -> bool) -> bool {
    let end_100ns = now_100ns(kernel) + u64::from(limit_ms) * 10_000;
    for _ in 0..QUICK_LOOKS {
        if done() {
            return true;
        }
        kernel.stall_us(QUICK_PITCH_US);
    }
    for _ in 0..limit_ms {
        if done() {
            return true;
        }
        if now_100ns(kernel) >= end_100ns {
            return false;
        }
        kernel.delay_execution_thread(SLOW_PITCH_100NS);
    }
    done()
}

/// Time on the clock in 100 ns units. IRQL: any.
fn now_100ns(kernel: &Kernel) -> u64 {
    let (count, frequency_hz) = kernel.performance_counter();
    (u128::from(count) * 10_000_000 / u128::from(frequency_hz)) as u64
}
