//! The two main jobs: a song out through the driver, and a song in through it.

use hw_mpu401::{BYTE_TIME_NS, Counters as CardCounters};
use portcls_emulator::{Kernel, NtStatus, Stop, Violation};
use portcls_guest::Leak;
use portcls_midi_file::Song;
use portcls_port::ks::KsState;

use crate::application::Application;
use crate::error::MachineError;
use crate::machine::Machine;
use crate::pin_client::{PinClient, Received, hex};
use crate::record_buffer::{Position, RecordBuffer};

/// Time for which MIDI OUT must have been idle before the stream is closed, in ns: a reset
/// throws away what is still in the card.
pub const CLOSE_AFTER_IDLE_NS: u64 = 100_000_000;

/// Write requests in flight at once.
const WRITES_IN_FLIGHT: usize = 4;

/// Read requests in flight at once.
const READS_IN_FLIGHT: usize = 4;

/// Time without progress after which a request counts as one that never ends, in ns.
const PATIENCE_NS: u64 = 60_000_000_000;

/// Figures of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Simulated time of the whole run in ns, from power-on to the end.
    pub simulated_ns: u64,
    /// Interrupts taken.
    pub interrupts: u64,
    /// DPCs run.
    pub dpcs: u64,
    /// Longest DPC in ns.
    pub longest_dpc_ns: u64,
    /// Longest service of an interrupt in ns.
    pub longest_isr_ns: u64,
    /// Status reads while the stream ran.
    pub status_reads: u64,
    /// Data bytes written to the card while the stream ran.
    pub data_writes: u64,
    /// Bytes lost in the card: overwritten, overrun, thrown away by a reset, ignored.
    pub lost_in_card: u64,
}

/// How late the wire ran behind the song, in ns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lateness {
    /// Messages that reached the wire.
    pub messages: u64,
    /// Smallest.
    pub least_ns: u64,
    /// Sum, for the mean.
    pub sum_ns: u128,
    /// Largest.
    pub most_ns: u64,
    /// Messages that began before they were due: must be 0.
    pub early: u64,
}

impl Lateness {
    /// The mean in ns, rounded down.
    #[must_use]
    pub fn mean_ns(&self) -> u64 {
        u64::try_from(self.sum_ns / u128::from(self.messages.max(1))).unwrap_or(u64::MAX)
    }
}

/// What a run of [`play`] gave.
#[derive(Clone, Debug)]
pub struct PlayReport {
    /// Figures.
    pub figures: Figures,
    /// The bytes of the song.
    pub song_bytes: usize,
    /// What began on MIDI OUT since power-on, with start times in ns: the first
    /// [`SENT_LIMIT`](crate::SENT_LIMIT) bytes.
    pub wire: Vec<(u64, u8)>,
    /// When RUN was set: time zero of the song, in ns.
    pub run_ns: u64,
    /// Bytes of the song that reached the wire in order, from its beginning.
    pub delivered: usize,
    /// How late the wire ran.
    pub lateness: Lateness,
    /// Share of time that the wire was busy between the song's first and last byte, in 1/1000.
    pub wire_busy_permille: u32,
    /// Write requests that failed.
    pub failed: Vec<NtStatus>,
    /// Breaches of documented rules.
    pub violations: Vec<Violation>,
    /// What the driver left behind.
    pub leaks: Vec<Leak>,
    /// Why the run ended before its end, if it did.
    pub stop: Option<Stop>,
}

impl PlayReport {
    /// True when every byte of the song reached the wire unchanged.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.delivered == self.song_bytes
    }
}

/// What a run of [`capture`] gave.
#[derive(Clone, Debug)]
pub struct CaptureReport {
    /// Figures.
    pub figures: Figures,
    /// The bytes of the song.
    pub song_bytes: usize,
    /// What the application read, with stream times.
    pub received: Vec<Received>,
    /// Bytes that the application read.
    pub received_bytes: usize,
    /// Bytes that came back in order and unchanged, from the song's beginning.
    pub matching: usize,
    /// Breaches of documented rules.
    pub violations: Vec<Violation>,
    /// What the driver left behind.
    pub leaks: Vec<Leak>,
    /// Why the run ended before its end, if it did.
    pub stop: Option<Stop>,
}

impl CaptureReport {
    /// True when the application read exactly what was sent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.matching == self.song_bytes && self.received_bytes == self.song_bytes
    }
}

/// What is known of a run while it goes on, and still is when it stops early.
#[derive(Default)]
struct Progress {
    run_ns: Option<u64>,
    at_run: CardCounters,
    at_end: Option<CardCounters>,
    failed: Vec<NtStatus>,
    received: Vec<Received>,
    leaks: Vec<Leak>,
}

/// Plays a song: starts the driver, opens a render pin, writes the song, waits until the wire is
/// idle, closes, removes the device and unloads the driver.
///
/// # Errors
/// [`MachineError`] when the driver refuses to start or offers no pin, and
/// [`MachineError::SentListFull`] when more left on MIDI OUT than can be compared with the song. A
/// machine that stopped is not an error here: the report says how far it came and why it stopped.
pub fn play(machine: &Machine, song: &Song) -> Result<PlayReport, MachineError> {
    let mut progress = Progress::default();
    let stop = stop_of(play_through(machine, song, &mut progress))?;
    let wire = machine.cable().sent();
    let unlisted = machine.cable().unlisted_count();
    if unlisted > 0 && stop.is_none() {
        return Err(MachineError::SentListFull { listed: wire.len(), unlisted });
    }
    let run_ns = progress.run_ns.unwrap_or(machine.now_ns());
    let song_wire = &wire[wire.partition_point(|&(start_ns, _)| start_ns < run_ns)..];
    let delivered = song
        .iter()
        .flat_map(|message| message.bytes)
        .zip(song_wire)
        .take_while(|(expected, (_, byte))| **expected == *byte)
        .count();
    Ok(PlayReport {
        figures: figures(machine, &progress),
        song_bytes: song.byte_count(),
        lateness: lateness(song, &song_wire[..delivered], run_ns),
        wire_busy_permille: busy_permille(&song_wire[..delivered]),
        delivered,
        run_ns,
        failed: progress.failed,
        violations: machine.kernel().violations(),
        leaks: progress.leaks,
        stop,
        wire,
    })
}

/// Captures a song: starts the driver, opens a capture pin, sends the song into MIDI IN at its
/// own times from the moment of RUN, and reads until nothing more comes.
///
/// # Errors
/// As [`play`].
pub fn capture(machine: &Machine, song: &Song) -> Result<CaptureReport, MachineError> {
    let mut progress = Progress::default();
    let stop = stop_of(capture_through(machine, song, &mut progress))?;
    let received = std::mem::take(&mut progress.received);
    let matching = song
        .iter()
        .flat_map(|message| message.bytes)
        .zip(received.iter().flat_map(|chunk| &chunk.bytes))
        .take_while(|(expected, byte)| expected == byte)
        .count();
    Ok(CaptureReport {
        figures: figures(machine, &progress),
        song_bytes: song.byte_count(),
        received_bytes: received.iter().map(|chunk| chunk.bytes.len()).sum(),
        received,
        matching,
        violations: machine.kernel().violations(),
        leaks: progress.leaks,
        stop,
    })
}

/// A stop is part of a report; other errors are errors.
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
    pin.set_state(KsState::Pause)?;
    let mut position = Position::default();
    let mut next = RecordBuffer::next(song, &mut position);
    // The first buffers wait in PAUSE, so that the song begins with RUN.
    while pin.in_flight() < WRITES_IN_FLIGHT
        && let Some(buffer) = next.take()
    {
        write(&pin, buffer)?;
        next = RecordBuffer::next(song, &mut position);
    }
    machine.run(|kernel| kernel.mark("the song begins"))?;
    progress.run_ns = Some(machine.now_ns());
    progress.at_run = machine.card_counters();
    pin.run()?;
    while let Some(buffer) = next.take() {
        let patience_ns = buffer.start_100ns as u64 * 100 + PATIENCE_NS;
        wait_for(machine, &pin, WRITES_IN_FLIGHT - 1, patience_ns)?;
        progress.failed.extend(failures(&pin));
        write(&pin, buffer)?;
        next = RecordBuffer::next(song, &mut position);
    }
    wait_for(machine, &pin, 0, song.duration_ns() + PATIENCE_NS)?;
    progress.failed.extend(failures(&pin));
    wait_for_silence(machine)?;
    progress.at_end = Some(machine.card_counters());
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

fn failures(pin: &PinClient<'_>) -> Vec<NtStatus> {
    pin.take_statuses().into_iter().filter(|status| *status != NtStatus::SUCCESS).collect()
}

/// Waits until at most `count` requests are in flight; a request that never ends is a hang. The
/// time is measured from now, so that what the wire needs for queued bytes is allowed for.
fn wait_for(
    machine: &Machine,
    pin: &PinClient<'_>,
    count: usize,
    patience_ns: u64,
) -> Result<(), MachineError> {
    let queued_ns = (WRITES_IN_FLIGHT as u64) * 4_096 * BYTE_TIME_NS;
    let limit_ns = machine.now_ns().saturating_add(patience_ns).saturating_add(queued_ns);
    if !pin.wait_in_flight(count, limit_ns)? {
        machine.run(|kernel| kernel.hang("a write request to complete"))?;
    }
    Ok(())
}

/// Lets time pass until MIDI OUT has been idle for long enough.
fn wait_for_silence(machine: &Machine) -> Result<(), MachineError> {
    let cable = machine.cable();
    let limit_ns = machine.now_ns() + PATIENCE_NS;
    while !cable.is_idle_for(CLOSE_AFTER_IDLE_NS) && machine.now_ns() < limit_ns {
        machine.run_for_ns(1_000_000)?;
    }
    Ok(())
}

fn capture_through(
    machine: &Machine,
    song: &Song,
    progress: &mut Progress,
) -> Result<(), MachineError> {
    machine.start()?;
    let pin = Application::new(machine).open_capture()?;
    pin.set_state(KsState::Pause)?;
    for _ in 0..READS_IN_FLIGHT {
        pin.queue_read()?;
    }
    machine.run(|kernel| kernel.mark("the song begins"))?;
    progress.run_ns = Some(machine.now_ns());
    progress.at_run = machine.card_counters();
    pin.run()?;
    let feeding = machine.cable().send_song(song.clone());
    let mut quiet_since_ns = machine.now_ns();
    loop {
        machine.run(|kernel: &Kernel| {
            let limit_ns = kernel.now_ns() + CLOSE_AFTER_IDLE_NS;
            kernel.run_while(limit_ns, || pin.in_flight() == READS_IN_FLIGHT)
        })?;
        let received = pin.take_received();
        if !received.is_empty() {
            quiet_since_ns = machine.now_ns();
        }
        progress.received.extend(received);
        while pin.in_flight() < READS_IN_FLIGHT {
            pin.queue_read()?;
        }
        let all_sent = feeding.is_done() && machine.cable().is_in_empty();
        if all_sent && machine.now_ns() >= quiet_since_ns + CLOSE_AFTER_IDLE_NS {
            break;
        }
    }
    progress.at_end = Some(machine.card_counters());
    machine.run(|kernel| kernel.mark("the song is over"))?;
    pin.set_state(KsState::Stop)?;
    pin.close()?;
    progress.leaks = machine.unload()?;
    Ok(())
}

fn figures(machine: &Machine, progress: &Progress) -> Figures {
    let kernel = machine.kernel().counters();
    let card = machine.card_counters();
    let end = progress.at_end.unwrap_or(card);
    // A run that stopped before the song began has nothing to count.
    let start = progress.run_ns.map_or(end, |_| progress.at_run);
    // After a stop the clock runs on for destructors.
    let stopped_ns = machine.kernel().stopped().map(|stop| stop.time_ns());
    Figures {
        simulated_ns: stopped_ns.unwrap_or(machine.now_ns()),
        interrupts: kernel.interrupts,
        dpcs: kernel.dpcs,
        longest_dpc_ns: kernel.longest_dpc_ns,
        longest_isr_ns: kernel.longest_isr_ns,
        status_reads: end.status_reads - start.status_reads,
        data_writes: end.data_writes - start.data_writes,
        lost_in_card: lost(&end) - lost(&start),
    }
}

fn lost(counters: &CardCounters) -> u64 {
    counters.overwritten
        + counters.ignored
        + counters.dropped_by_reset
        + counters.rx_overrun
        + counters.lost_in_busy
        + counters.unheard
        + counters.thru_lost
        + counters.input_cleared
}

/// Compares the start of each message on the wire with its due time.
fn lateness(song: &Song, wire: &[(u64, u8)], run_ns: u64) -> Lateness {
    let mut lateness = Lateness { least_ns: u64::MAX, ..Lateness::default() };
    let mut first_byte = 0;
    for message in song {
        let Some(&(start_ns, _)) = wire.get(first_byte) else { break };
        first_byte += message.bytes.len();
        let due_ns = run_ns + message.due_ns;
        lateness.early += u64::from(start_ns < due_ns);
        let late_ns = start_ns.saturating_sub(due_ns);
        lateness.messages += 1;
        lateness.least_ns = lateness.least_ns.min(late_ns);
        lateness.most_ns = lateness.most_ns.max(late_ns);
        lateness.sum_ns += u128::from(late_ns);
    }
    if lateness.messages == 0 {
        lateness.least_ns = 0;
    }
    lateness
}

fn busy_permille(wire: &[(u64, u8)]) -> u32 {
    let (Some((first_ns, _)), Some((last_ns, _))) = (wire.first(), wire.last()) else { return 0 };
    let busy_ns = wire.len() as u64 * BYTE_TIME_NS;
    let whole_ns = last_ns + BYTE_TIME_NS - first_ns;
    (busy_ns * 1_000 / whole_ns) as u32
}
