//! The two main jobs: a song out through the driver, and a song in through it.
//!
//! This file owns the steps of the application in each job, and the report of the job. `figures`
//! measures the figures, `patience` says how long a wait may last, `listening` says when a capture
//! is over. This file never knows what a report means for an exit code, or how it is printed.

use std::collections::BTreeMap;

use hw_mpu401::{BYTE_TIME_NS, Counters as CardCounters, Mode};
use portcls_driver_file::symbols::Place;
use portcls_emulator::trace::WaitEnd;
use portcls_emulator::{NtStatus, Stop, Violation, Warning};
use portcls_guest::Leak;
use portcls_midi_file::Song;
use portcls_port::ks::KsState;

use crate::application::Application;
use crate::error::MachineError;
use crate::figures::{ApplicationFigures, DriverFigures, ProcessorFigures, WireFigures, WireSpan};
use crate::hints::{Hint, Passage, hints};
use crate::listening::{listen, queue_reads};
use crate::machine::Machine;
use crate::midi_pin::MidiPin;
use crate::noted_bytes::hex;
use crate::patience::{CLOSE_AFTER_IDLE_NS, PATIENCE_NS, PATIENCE_WORDS};
use crate::pin_client::{PinClient, Received};
use crate::pin_format::PinFormat;
use crate::record_buffer::{BUFFER_LENGTH, Position, RecordBuffer};
use crate::unmodelled::RangeFigures;

/// At most this number of write requests are in flight at once.
const WRITES_IN_FLIGHT: usize = 4;

/// The most failed requests of which a report has the statuses.
const MOST_FAILED_REQUESTS: usize = 1_000;

/// The facts that every job reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobReport {
    /// Simulated time from power-on to the end, in ns. After a stop the clock goes on during the
    /// driver's destructors; that time does not belong to the run.
    pub simulated_ns: u64,
    /// The pin that was opened; `None` when the run ended before that.
    pub pin: Option<MidiPin>,
    /// The format with which the application opens a pin.
    pub pin_format: PinFormat,
    /// The other pins for MIDI that the driver has.
    pub other_pins: Vec<MidiPin>,
    /// What the processor did.
    pub processor: ProcessorFigures,
    /// What the driver did while the song went through.
    pub driver: DriverFigures,
    /// What the driver did in the ports that are not modelled.
    pub ranges: Vec<RangeFigures>,
    /// Breaches of documented rules: the breaches whose text the kernel keeps.
    pub violations: Vec<Violation>,
    /// The names of the call sites of these breaches, by offset in the driver's image.
    pub call_sites: BTreeMap<u64, Place>,
    /// How many breaches there were.
    pub violation_count: u64,
    /// Times that were longer than the WDK recommends.
    pub warnings: Vec<Warning>,
    /// What the driver left behind.
    pub leaks: Vec<Leak>,
    /// What may explain a loss.
    pub hints: Vec<Hint>,
    /// Why the run ended early, if it did.
    pub stop: Option<Stop>,
}

/// The result of a run of [`play`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlayReport {
    /// The bytes of the song.
    pub song_bytes: u64,
    /// The bytes that began on MIDI OUT since power-on, with start times in ns: the first
    /// [`SENT_LIMIT`](crate::SENT_LIMIT) bytes.
    pub sent: Vec<(u64, u8)>,
    /// The figures of these bytes.
    pub wire: WireFigures,
    /// How the run went.
    pub job: JobReport,
}

impl PlayReport {
    /// True when every byte of the song reached the wire unchanged.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.wire.song_bytes == self.song_bytes
    }
}

/// The result of a run of [`capture`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaptureReport {
    /// The bytes of the song.
    pub song_bytes: u64,
    /// The bytes that the application read, with stream times.
    pub received: Vec<Received>,
    /// The figures of what the application read.
    pub application: ApplicationFigures,
    /// How the run went.
    pub job: JobReport,
}

impl CaptureReport {
    /// True when the application read exactly what was sent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let ApplicationFigures { bytes, song_bytes, .. } = self.application;
        song_bytes == self.song_bytes && bytes == self.song_bytes
    }
}

/// The facts that are collected while a run goes on. These facts are kept when the run stops early.
#[derive(Default)]
struct Progress {
    run_ns: Option<u64>,
    at_run: CardCounters,
    at_end: Option<CardCounters>,
    end_ns: Option<u64>,
    mode_at_end: Option<Mode>,
    failed: Vec<NtStatus>,
    received: Vec<Received>,
    leaks: Vec<Leak>,
    pin: Option<MidiPin>,
    other_pins: Vec<MidiPin>,
}

impl Progress {
    fn take_pins(&mut self, pin: &PinClient<'_>) {
        self.pin = Some(pin.midi_pin().clone());
        self.other_pins = pin.other_midi_pins().to_vec();
    }

    /// When the song began; `None` when the run stopped before that moment or at that moment.
    fn song_start_ns(&self, machine: &Machine) -> Option<u64> {
        self.run_ns.filter(|&run_ns| run_ns < end_ns(machine))
    }

    /// Notes that the song is over.
    fn note_end(&mut self, machine: &Machine) {
        self.at_end = Some(machine.card_counters());
        self.end_ns = Some(machine.now_ns());
        self.mode_at_end = Some(machine.card_mode());
    }

    /// The report of the run.
    fn into_report(self, machine: &Machine, mut stop: Option<Stop>, passage: Passage) -> JobReport {
        let end = self.at_end.unwrap_or(machine.card_counters());
        // A run that stopped before the song began has nothing to count.
        let start = self.song_start_ns(machine).map_or(end, |_| self.at_run);
        let kernel = machine.kernel();
        let mut violations = kernel.violations();
        let call_sites = machine.name_places(stop.as_mut(), &mut violations);
        // Before the song begins, the card need not be in UART mode.
        let mode = self.run_ns.map(|_| self.mode_at_end.unwrap_or(machine.card_mode()));
        JobReport {
            call_sites,
            hints: hints(passage, mode, kernel.unclaimed_accesses()),
            simulated_ns: end_ns(machine),
            pin: self.pin,
            pin_format: machine.pin_format(),
            other_pins: self.other_pins,
            processor: ProcessorFigures::of(kernel),
            driver: DriverFigures::of(&start, &end, passage.passed_bytes, self.failed),
            ranges: machine.range_figures(),
            violations,
            violation_count: kernel.violation_count(),
            warnings: kernel.warnings(),
            leaks: self.leaks,
            stop,
        }
    }

    /// Adds the statuses of failed requests, up to the limit.
    fn note_failed(&mut self, statuses: Vec<NtStatus>) {
        let failed = statuses.into_iter().filter(|status| *status != NtStatus::SUCCESS);
        self.failed.extend(failed.take(MOST_FAILED_REQUESTS - self.failed.len()));
    }
}

/// When the run ended, in ns. After a stop the clock goes on during destructors.
fn end_ns(machine: &Machine) -> u64 {
    machine.kernel().stopped().map_or(machine.now_ns(), |stop| stop.time_ns())
}

/// Plays a song: starts the driver, opens a render pin, writes the song, waits until the wire is
/// idle, closes, removes the device and unloads the driver.
///
/// # Errors
/// [`MachineError`] when the driver refuses to start, offers no pin, or refuses a request.
/// [`MachineError::SentListFull`] when the machine did not stop, and more bytes left on MIDI OUT
/// than can be compared with the song. A machine that stopped is not an error here: the report says
/// how far the song came and why the machine stopped.
pub fn play(machine: &Machine, song: &Song) -> Result<PlayReport, MachineError> {
    let mut progress = Progress::default();
    let stop = stop_of(play_through(machine, song, &mut progress))?;
    let song_start_ns = progress.song_start_ns(machine);
    let sent = machine.cable().sent();
    let unlisted = machine.cable().unlisted_count();
    if unlisted > 0 && stop.is_none() {
        return Err(MachineError::SentListFull { listed: sent.len(), unlisted });
    }
    let own_bytes = machine.card_counters().generated;
    let own_bytes_at_end = progress.at_end.map_or(own_bytes, |at_end| at_end.generated);
    let span = WireSpan {
        song_start_ns,
        song_end_ns: progress.end_ns,
        own_bytes,
        own_bytes_in_song: own_bytes_at_end.saturating_sub(progress.at_run.generated),
        unlisted_bytes: unlisted,
    };
    let wire = WireFigures::of(song, &sent, span);
    let song_bytes = song.byte_count() as u64;
    let passage =
        Passage { song_bytes, passed_bytes: wire.song_bytes, foreign_bytes: wire.foreign_bytes };
    let job = progress.into_report(machine, stop, passage);
    Ok(PlayReport { song_bytes, sent, wire, job })
}

/// Captures a song: starts the driver, opens a capture pin, sends the song into MIDI IN, and reads
/// until nothing more comes. The times of the song's messages count from the moment of RUN.
///
/// # Errors
/// The errors of [`play`], but never [`MachineError::SentListFull`].
pub fn capture(machine: &Machine, song: &Song) -> Result<CaptureReport, MachineError> {
    let mut progress = Progress::default();
    let stop = stop_of(capture_through(machine, song, &mut progress))?;
    let received = std::mem::take(&mut progress.received);
    let arrived_bytes = machine.card_counters().received;
    let application = ApplicationFigures::of(song, &received, arrived_bytes);
    let song_bytes = song.byte_count() as u64;
    let passage = Passage {
        song_bytes,
        passed_bytes: application.song_bytes,
        foreign_bytes: application.foreign_bytes,
    };
    let mut job = progress.into_report(machine, stop, passage);
    if arrived_bytes == 0 {
        // No byte of the song arrived. Assumed: the bytes that the card lost came from the driver's
        // start, not from the song.
        job.driver.lost_in_card = 0;
    }
    Ok(CaptureReport { song_bytes, received, application, job })
}

/// Returns a stop as a value, because a stop is part of a report; other errors stay errors.
fn stop_of(result: Result<(), MachineError>) -> Result<Option<Stop>, MachineError> {
    match result {
        Ok(()) => Ok(None),
        Err(MachineError::Stopped(stop)) => Ok(Some(stop)),
        Err(error) => Err(error),
    }
}

fn play_through(
    machine: &Machine,
    song: &Song,
    progress: &mut Progress,
) -> Result<(), MachineError> {
    machine.start()?;
    let pin = Application::new(machine).open_render()?;
    progress.take_pins(&pin);
    pin.set_state(KsState::Pause)?;
    let format = pin.format();
    let mut position = Position::default();
    let mut next = RecordBuffer::next(song, &mut position, format);
    // The first buffers wait in PAUSE, so that the song begins with RUN.
    while pin.in_flight() < WRITES_IN_FLIGHT
        && let Some(buffer) = next.take()
    {
        write(&pin, buffer)?;
        next = RecordBuffer::next(song, &mut position, format);
    }
    machine.run(|kernel| kernel.mark("the song begins"))?;
    progress.run_ns = Some(pin.zero_ns()?);
    progress.at_run = machine.card_counters();
    pin.run()?;
    while let Some(buffer) = next.take() {
        let patience_ns = buffer.start_100ns as u64 * 100 + PATIENCE_NS;
        let waited = wait_for(machine, &pin, WRITES_IN_FLIGHT - 1, patience_ns);
        progress.note_failed(pin.take_statuses());
        waited?;
        write(&pin, buffer)?;
        next = RecordBuffer::next(song, &mut position, format);
    }
    let waited = wait_for(machine, &pin, 0, song.duration_ns() + PATIENCE_NS);
    progress.note_failed(pin.take_statuses());
    waited?;
    wait_for_silence(machine, &pin)?;
    progress.note_end(machine);
    machine.run(|kernel| kernel.mark("the song is over"))?;
    pin.set_state(KsState::Stop)?;
    pin.close()?;
    progress.leaks = machine.unload()?;
    Ok(())
}

fn write(pin: &PinClient<'_>, buffer: RecordBuffer) -> Result<(), MachineError> {
    let plural = if buffer.messages == 1 { "" } else { "s" };
    let note = format!("write {} message{plural}: {}", buffer.messages, hex(&buffer.data));
    pin.write_records(Some(buffer.start_100ns), buffer.records, &note)
}

/// Waits until at most `count` requests are in flight. When a request never ends, the run ends with
/// a hang. The limit of the wait counts from now, and includes the time that the wire needs for
/// queued bytes.
fn wait_for(
    machine: &Machine,
    pin: &PinClient<'_>,
    count: usize,
    patience_ns: u64,
) -> Result<(), MachineError> {
    let queued_ns = (WRITES_IN_FLIGHT * BUFFER_LENGTH) as u64 * BYTE_TIME_NS;
    let limit_ns = machine.now_ns().saturating_add(patience_ns).saturating_add(queued_ns);
    if !pin.wait_in_flight(count, limit_ns)? {
        let waits_for = "a write request to complete";
        machine.run(|kernel| {
            if kernel.now_ns() < limit_ns {
                kernel.hang(waits_for);
            } else {
                kernel.hang_at_limit(waits_for, PATIENCE_WORDS);
            }
        })?;
    }
    Ok(())
}

/// Lets time pass until MIDI OUT has been idle for long enough, at most for [`PATIENCE_NS`]. If a
/// card sends by itself again and again, the line never becomes idle. Then the song counts as over
/// at this limit.
fn wait_for_silence(machine: &Machine, pin: &PinClient<'_>) -> Result<(), MachineError> {
    let cable = machine.cable();
    let since_ns = machine.now_ns();
    let limit_ns = since_ns + PATIENCE_NS;
    while !cable.is_idle_for(CLOSE_AFTER_IDLE_NS) {
        if machine.now_ns() >= limit_ns {
            return pin.record_wait(SILENCE, WaitEnd::TimedOut, machine.now_ns() - since_ns);
        }
        // The last step ends just when the silence is long enough, and not up to a step later.
        let over_ns = cable.idle_since_ns() + CLOSE_AFTER_IDLE_NS;
        let left_ns = over_ns.saturating_sub(machine.now_ns());
        machine.run_for_ns(if left_ns == 0 { STEP_NS } else { left_ns.min(STEP_NS) })?;
    }
    pin.record_wait(SILENCE, WaitEnd::Over, machine.now_ns() - cable.idle_since_ns())
}

/// The longest time between two looks at MIDI OUT, in ns.
const STEP_NS: u64 = 1_000_000;

/// What the application waits for after a song.
const SILENCE: &str = "silence on MIDI OUT";

fn capture_through(
    machine: &Machine,
    song: &Song,
    progress: &mut Progress,
) -> Result<(), MachineError> {
    machine.start()?;
    let pin = Application::new(machine).open_capture()?;
    progress.take_pins(&pin);
    pin.set_state(KsState::Pause)?;
    queue_reads(&pin)?;
    machine.run(|kernel| kernel.mark("the song begins"))?;
    progress.run_ns = Some(pin.zero_ns()?);
    progress.at_run = machine.card_counters();
    pin.run()?;
    let mut statuses = Vec::new();
    let listened = listen(machine, song, &pin, &mut progress.received, &mut statuses);
    pin.append_completed(&mut statuses, &mut progress.received);
    progress.note_failed(statuses);
    listened?;
    progress.note_end(machine);
    machine.run(|kernel| kernel.mark("the song is over"))?;
    pin.set_state(KsState::Stop)?;
    pin.close()?;
    progress.leaks = machine.unload()?;
    Ok(())
}
