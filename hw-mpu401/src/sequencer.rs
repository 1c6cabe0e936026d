//! Intelligent mode: the sequencer inside a unit with firmware.
//!
//! ```text
//!   commands ---> settings, tempo, transport         command, transport
//!                       |
//!                     ticks ---> F8, FD, clicks      tick_clock, host_clock, metronome
//!                       |
//!   host <--- requests  +---> eight tracks           service, host_bytes, track, play
//!        ---> answers         and the conductor ---> MIDI OUT
//!                                                        ^
//!   host <--- record <--- filters <--- MIDI IN --- thru -+     listen, record, switches, thru
//! ```
//!
//! Nothing ticks: the clock knows the next tick at which something happens. The clock counts the
//! ticks before that tick only when an access or an event needs their number. All that the
//! sequencer tells the host goes through the main loop and the latch to the host, see `firmware`. A
//! request goes as a reply, like an ACK. What record tells the host goes through the input FIFO.
//!
//! The sequencer gets the parts of the card that it works on. The sequencer never gets the chip or
//! the firmware. The sequencer returns what the firmware has to do with a command, as a
//! `CommandFate`.
//!
//! This file and the files that do its work call each other on purpose: [`Sequencer`] is one state,
//! and each of these files has one subject. A tick starts notes, a note asks the host, an answer of
//! the host sets the tempo, and the tempo moves the next tick. The files with their own state do
//! not call these files, and can be read alone: `tempo`, `tick_clock`, `host_clock`, `metronome`,
//! `switches`, `message`, `track`, `sounding`, `thru`.
//!
//! Source: MPU-401 technical reference, as quoted by others. Measured: firmware 1.5A. If neither
//! gives a behaviour, `Assumed:` marks the place that chooses it.

mod command;
mod host_bytes;
mod host_clock;
mod listen;
mod message;
mod metronome;
mod play;
mod record;
mod service;
mod sounding;
mod switches;
mod tempo;
#[cfg(test)]
mod tests;
mod thru;
mod tick_clock;
mod track;
mod transport;

use crate::parts::Parts;
use crate::ring::Ring;
use crate::spec::MIDI_STOP;
use crate::timing::NEVER_NS;
use crate::wire::WIRE_LIMIT;
use host_clock::HostClock;
use listen::Listener;
use metronome::{Clicks, Metronome};
use record::{PacketEnds, Record};
use ringbuf::storage::Array;
use service::{Deferred, Expects};
use sounding::Sounding;
use switches::{Settings, Switches};
use tempo::Tempo;
use thru::ThruQueue;
use tick_clock::{ClockSource, TickClock};
use track::{Answer, ConductorEvent, Slot, Track};
use transport::Silence;

pub use metronome::{Accent, Click};
pub(crate) use service::CommandFate;

/// The most clicks that wait for [`pop_click`](crate::Mpu401::pop_click). A further click drops the
/// oldest click.
pub const CLICK_LIMIT: usize = 64;

/// Room in the output that a tick waits for, in bytes. It is enough for a message of each track, FC
/// and F8, and a message of MIDI thru.
const TICK_ROOM: u64 = 32;

/// What the unit knows in intelligent mode. A reset starts everything anew. Only the clicks that
/// the caller has not fetched stay.
#[derive(Clone)]
pub(crate) struct Sequencer {
    // The settings that commands make.
    tempo: Tempo,
    settings: Settings,
    /// The tracks that B8 makes active, a bit for each track. Command EC sets them.
    active: u8,
    // Time.
    clock: TickClock,
    host_clock: HostClock,
    metronome: Metronome,
    /// Whether the sequencer has to search again for the next tick at which something happens.
    is_stale: bool,
    /// Whether FC goes out with the next MIDI clock.
    sends_stop: bool,
    silence: Silence,
    // Play.
    is_playing: bool,
    tracks: [Track; 8],
    conductor: Slot<ConductorEvent>,
    sounding: Sounding,
    // The exchange with the host.
    expects: Expects,
    answer: Answer,
    deferred: Option<Deferred>,
    /// No request comes before this time.
    service_from_ns: u64,
    /// No FD comes before this time.
    clock_to_host_from_ns: u64,
    /// From this time on the unit can tell the host that all tracks have ended.
    all_end_from_ns: Option<u64>,
    // MIDI IN.
    /// The unit ignores MIDI IN before this time. Assumed: a unit busy with a reset does not
    /// listen.
    hears_from_ns: u64,
    listener: Listener,
    record: Record,
    ends: PacketEnds,
    /// Whether the unit has fetched a part of a packet for the host, but not the whole packet.
    in_packet: bool,
    thru: ThruQueue,
    // The metronome's output.
    clicks: Ring<Array<Click, CLICK_LIMIT>>,
    /// Stops at every tick, as a simple model would.
    #[cfg(test)]
    stops_at_every_tick: bool,
}

impl Sequencer {
    /// The state after a reset, with the clock not started.
    pub(crate) fn new() -> Self {
        let tempo = Tempo::new();
        Self {
            clock: TickClock::new(tempo.tick_ns(0), tempo.ticks_a_clock()),
            tempo,
            settings: Settings::new(),
            active: 0,
            host_clock: HostClock::new(),
            metronome: Metronome::new(),
            is_stale: true,
            sends_stop: false,
            silence: Silence::None,
            is_playing: false,
            tracks: [Track::IDLE; 8],
            conductor: Slot::Idle,
            sounding: Sounding::new(),
            expects: Expects::Nothing,
            answer: Answer::EMPTY,
            deferred: None,
            service_from_ns: 0,
            clock_to_host_from_ns: 0,
            all_end_from_ns: None,
            hears_from_ns: 0,
            listener: Listener::new(),
            record: Record::new(),
            ends: PacketEnds::new(0),
            in_packet: false,
            thru: ThruQueue::EMPTY,
            clicks: Ring::default(),
            #[cfg(test)]
            stops_at_every_tick: false,
        }
    }

    /// Starts the clock at time 0.
    pub(crate) fn start_clock_at_zero(&mut self) {
        self.clock.start_at_zero();
    }

    /// Bytes from MIDI IN that wait for the rest of their message.
    pub(crate) fn held(&self) -> usize {
        self.listener.held()
    }

    /// Ticks from the last counted tick until something happens.
    fn find_next_tick(&self) -> u64 {
        #[cfg(test)]
        if self.stops_at_every_tick {
            return 1;
        }
        // In two cases each tick matters: the tempo changes, or a tick may have to wait for a
        // request.
        if self.tempo.has_glide() || (self.is_playing && self.wants_events()) {
            return 1;
        }
        let mut next = u64::from(self.clock.clock_in);
        if self.settings.switches.contains(Switches::CLOCK_TO_HOST) {
            next = next.min(self.host_clock.ticks_left());
        }
        if self.record.is_on() {
            next = next.min(self.record.ticks_left());
        }
        if self.is_playing {
            let held = self.tracks.iter().filter_map(|track| track.slot.ticks_left());
            let soonest = held.chain(self.conductor.ticks_left()).min();
            next = soonest.map_or(next, |ticks| next.min(ticks.into()));
        }
        next.max(1)
    }

    /// Whether a track or the conductor wants its next event.
    fn wants_events(&self) -> bool {
        self.conductor.wants_from_ns().is_some()
            || self.tracks.iter().any(|track| track.slot.wants_from_ns().is_some())
    }

    /// Lets ticks pass. The caller goes no further than the next tick at which something happens.
    fn pass(&mut self, ticks: u64) {
        self.clock.count(ticks);
        let is_wanted = self.settings.switches.contains(Switches::CLOCK_TO_HOST);
        self.host_clock.pass(ticks, is_wanted);
        self.record.pass(ticks);
        if self.is_playing {
            self.tracks.iter_mut().for_each(|track| track.slot.pass(ticks));
            self.conductor.pass(ticks);
        }
    }

    /// Fetches the oldest click of the metronome.
    pub(crate) fn pop_click(&mut self) -> Option<Click> {
        self.clicks.try_pop()
    }

    fn switches(&self) -> Switches {
        self.settings.switches
    }

    /// Does a reset: drops incomplete messages from MIDI IN, and leaves the clock stopped.
    pub(crate) fn reset(&mut self, parts: &mut Parts) {
        parts.counters.input_cleared += self.held() as u64;
        let clicks = core::mem::take(&mut self.clicks);
        let ends = PacketEnds::new(parts.input.midi_bytes());
        let hears_from_ns = parts.unit.free_ns();
        *self = Self { clicks, ends, hears_from_ns, ..Self::new() };
    }

    /// Starts the clock: the first MIDI clock after a reset comes now.
    pub(crate) fn start_first_clock(&mut self, now_ns: u64) {
        self.clock.restart(now_ns);
        self.is_stale = true;
    }

    /// When the sequencer next acts by itself; [`NEVER_NS`] for never.
    fn find_due_ns(&mut self, parts: &Parts) -> u64 {
        if self.is_stale {
            let next = self.find_next_tick();
            self.clock.set_next_in(next);
            self.is_stale = false;
        }
        let tick_ns = match self.clock.due_ns() {
            NEVER_NS => NEVER_NS,
            due_ns => due_ns.max(tick_room_ns(parts)),
        };
        let due_ns = tick_ns.min(self.thru.due_ns()).min(self.silence.due_ns());
        due_ns.max(parts.now_ns())
    }

    /// Does one piece of the work that is due. No access and no MIDI IN byte comes before
    /// `quiet_until_ns`.
    pub(crate) fn run(&mut self, parts: &mut Parts, quiet_until_ns: u64) {
        let now_ns = parts.now_ns();
        if self.thru.due_ns() <= now_ns {
            self.send_thru(parts);
        } else if self.silence.due_ns() <= now_ns {
            self.send_silence(parts);
        } else {
            self.run_tick(parts, quiet_until_ns);
        }
    }

    /// Counts the ticks up to now, but stops before a tick at which something happens.
    fn catch_up(&mut self, now_ns: u64) {
        let ticks = self.clock.passed(now_ns);
        if ticks > 0 {
            self.pass(ticks);
        }
    }

    /// Does the work of a tick at which something happens. If ticks wait for the host, this method
    /// only holds the clock.
    fn run_tick(&mut self, parts: &mut Parts, quiet_until_ns: u64) {
        if self.requests_hold_ticks(parts) {
            self.catch_up(parts.now_ns());
            self.clock.hold();
            return;
        }
        self.skip_quiet_clocks(parts, quiet_until_ns);
        let ticks = self.clock.next_in();
        self.pass(ticks);
        self.mark_overflow(parts);
        if self.clock.clock_in == 0 {
            self.run_midi_clock(parts);
        }
        if self.is_playing {
            self.play_due_events(parts);
        }
        if self.tempo.has_glide() {
            self.tempo.settle(parts.now_ns());
            self.take_tempo(parts.now_ns());
        }
        self.is_stale = true;
    }

    /// Does the work of a MIDI clock: FC if one waits, F8, and where they are due a click and the
    /// mark of a measure's end.
    fn run_midi_clock(&mut self, parts: &mut Parts) {
        self.clock.clock_in = self.tempo.ticks_a_clock();
        if core::mem::take(&mut self.sends_stop) {
            self.send_realtime(parts, MIDI_STOP);
        }
        if self.switches().contains(Switches::REALTIME_OUT) {
            parts.send_midi_clock();
        }
        self.clock_has_fallen(parts);
        let falls = self.metronome.beat();
        if let Some(accent) = falls.click {
            parts.counters.clicks += 1;
            let click = Click { time_ns: parts.now_ns(), accent };
            self.clicks.push_overwrite(click);
        }
        let is_marked = self.switches().contains(Switches::MEASURE_END);
        if falls.measure_ends && is_marked && self.record.is_on() {
            self.mark_measure(parts);
        }
    }

    /// Sets the length of a tick from the tempo.
    fn take_tempo(&mut self, now_ns: u64) {
        let tick_ns = self.tempo.tick_ns(now_ns);
        self.clock.set_tick_ns(tick_ns);
        self.is_stale = true;
    }

    /// Leaves out most of the MIDI clocks up to `quiet_until_ns`, if every clock is like the one
    /// before it. Until that time no access and no MIDI IN byte comes. The queues hold only the
    /// newest wire events and clicks, so they would drop what the earlier clocks add.
    fn skip_quiet_clocks(&mut self, parts: &mut Parts, quiet_until_ns: u64) {
        if !self.is_steady(parts) {
            return;
        }
        let quiet_until_ns =
            quiet_until_ns.min(parts.unit.plan().due_ns).min(parts.own_output.due_ns());
        let ticks_a_clock = u64::from(self.tempo.ticks_a_clock());
        let period_ns = ticks_a_clock * self.clock.tick_ns();
        let due = quiet_until_ns.saturating_sub(parts.now_ns()) / period_ns;
        let clocks = due.saturating_sub(self.clocks_worth_keeping());
        if clocks == 0 {
            return;
        }
        if self.switches().contains(Switches::REALTIME_OUT) {
            parts.transmitter.skip(clocks);
            parts.out_fault.skip(clocks);
        }
        let ticks = clocks * ticks_a_clock;
        self.clock.leave_out(ticks);
        let is_wanted = self.settings.switches.contains(Switches::CLOCK_TO_HOST);
        self.host_clock.pass(ticks, is_wanted);
        self.record.leave_out(ticks);
        parts.counters.clicks += self.metronome.skip(clocks);
        parts.come_to(parts.now_ns() + clocks * period_ns);
    }

    /// Whether every MIDI clock is like the clock before it, and nothing happens between two
    /// clocks, until an access or a MIDI IN byte comes.
    fn is_steady(&self, parts: &Parts) -> bool {
        let next_is_clock = self.clock.next_in() == u64::from(self.clock.clock_in);
        let is_blocked = parts.unit.plan().due_ns == NEVER_NS && parts.latches.holds_byte();
        let no_fd = !self.settings.switches.contains(Switches::CLOCK_TO_HOST) || is_blocked;
        let plays_nothing = !self.is_playing
            || (self.conductor.ticks_left().is_none()
                && self.tracks.iter().all(|track| track.slot.ticks_left().is_none()));
        let records_nothing = !self.record.is_on() || !parts.has_input_room(1);
        (next_is_clock || is_blocked)
            && no_fd
            && plays_nothing
            && records_nothing
            && self.clock.source == ClockSource::Internal
            && !self.tempo.has_glide()
            && !self.sends_stop
            && !self.record.starts
            && self.silence == Silence::None
            && self.thru.due_ns() == NEVER_NS
            && parts.transmitter.free_ns() <= parts.now_ns()
    }

    fn clocks_worth_keeping(&self) -> u64 {
        let for_clicks = match self.metronome.clicks {
            Clicks::Off => 0,
            Clicks::Plain | Clicks::WithAccent => {
                (CLICK_LIMIT as u64 + 1) * self.metronome.clocks_a_beat()
            }
        };
        for_clicks.max(WIRE_LIMIT as u64)
    }

    #[cfg(test)]
    pub(crate) fn stop_at_every_tick(&mut self) {
        self.stops_at_every_tick = true;
        self.is_stale = true;
    }
}

/// When the output has room for everything that a tick may send.
fn tick_room_ns(parts: &Parts) -> u64 {
    parts.transmitter.room_for_ns(TICK_ROOM)
}
