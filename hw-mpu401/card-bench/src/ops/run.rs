//! Runs a register script on a model of a card.

use std::collections::VecDeque;

use hw_mpu401::{
    BYTE_TIME_NS, CardProfile, CardTiming, InitialState, Lane, Mode, Mpu401, Register, WireEdge,
};

use super::model::Model;
use super::record::Recorder;
use super::report::{Got, LineResult, Outcome, RunReport, ScenarioReport};
use super::script::{
    Action, Expectation, Expected, Level, OwnClocks, Poll, PollEnd, Scenario, Script, Span, Step,
};

/// The MIDI clock. Source: MIDI 1.0 Detailed Specification, System Real Time.
const MIDI_CLOCK: u8 = 0xF8;

/// The longest time between two looks of the bench at the wire, in ns. So no model has to keep more
/// than the events of this time.
const WIRE_LOOK_NS: u64 = 50_000_000;

/// Runs a script on the model of this card.
#[must_use]
pub fn run(script: &Script, profile: &CardProfile) -> RunReport {
    run_with(script, profile, CardTiming::Typical)
}

/// Runs a script as [`run`] does, with latencies from the card's ranges.
#[must_use]
pub fn run_with(script: &Script, profile: &CardProfile, timing: CardTiming) -> RunReport {
    run_on(script, &profile.name, profile.behaviour.access_ns, |initial| {
        Mpu401::with_timing(profile, initial, timing)
    })
}

/// Runs a script as [`run_with`] does, and records a trace of everything that happens at the card.
#[must_use]
pub fn run_recorded(
    script: &Script,
    profile: &CardProfile,
    timing: CardTiming,
    recorder: &Recorder,
) -> RunReport {
    run_on(script, &profile.name, profile.behaviour.access_ns, |initial| {
        recorder.watch(Mpu401::with_timing(profile, initial, timing))
    })
}

/// Runs a script on any model. `card` is the card's name in the script, `access_ns` is the time of
/// an access, and `make` makes a card in the state of an `init` line.
pub fn run_on<M: Model>(
    script: &Script,
    card: &str,
    access_ns: u64,
    mut make: impl FnMut(InitialState) -> M,
) -> RunReport {
    let scenarios = script.scenarios.iter().map(|scenario| {
        let is_meant = scenario.cards.is_empty() || scenario.cards.iter().any(|name| name == card);
        ScenarioReport {
            title: scenario.title.clone(),
            line: scenario.line,
            lines: is_meant.then(|| run_scenario(scenario, card, access_ns, &mut make)),
        }
    });
    RunReport {
        file: script.file.clone(),
        card: card.to_owned(),
        access_ns,
        scenarios: scenarios.collect(),
    }
}

fn run_scenario<M: Model>(
    scenario: &Scenario,
    card: &str,
    access_ns: u64,
    make: &mut impl FnMut(InitialState) -> M,
) -> Vec<LineResult> {
    let mut lines = Vec::new();
    let mut bench: Option<Bench<M>> = None;
    for block in &scenario.blocks {
        for step in (0..block.times).flat_map(|_| &block.steps) {
            if let Action::Init(initial) = step.action {
                bench = Some(Bench::new(make(initial), access_ns));
            }
            let bench = bench.as_mut().expect("the first step is init");
            let start_ns = bench.now_ns;
            let got = bench.run(&step.action);
            lines.push(judge(step, card, got, start_ns, bench.now_ns));
        }
    }
    lines
}

/// A model on its own bus, with a cable at each MIDI socket.
struct Bench<M> {
    // Configuration.
    access_ns: u64,
    // Links.
    model: M,
    // State.
    now_ns: u64,
    /// When the last byte that the bench has given to MIDI IN ends.
    input_until_ns: u64,
    /// Clock bytes that the host has written and that have not left yet.
    host_clocks: u64,
    /// Bytes that have left on MIDI OUT, and that no `wire` line has checked yet.
    sent: VecDeque<Sent>,
}

struct Sent {
    byte: u8,
    /// Whether this is a clock byte that the card sent by itself.
    is_own_clock: bool,
}

impl<M: Model> Bench<M> {
    fn new(model: M, access_ns: u64) -> Self {
        let sent = VecDeque::new();
        Bench { access_ns, model, now_ns: 0, input_until_ns: 0, host_clocks: 0, sent }
    }

    fn run(&mut self, action: &Action) -> Got {
        match action {
            Action::Init(_) => {}
            Action::Read(register) => return Got::Byte(self.read(*register)),
            Action::Write(register, byte) => self.write(*register, *byte),
            Action::Poll(poll) => return self.poll(poll),
            Action::Wait(time_ns) => self.wait(*time_ns),
            Action::MidiIn(bytes) => self.midi_in(bytes),
            Action::Hold(time_ns) => self.model.hold_midi(self.now_ns + time_ns),
            Action::Fault(fault, bytes) => self.model.inject(*fault, *bytes),
            Action::Wire(own_clocks) => return Got::Wire(self.look_at_wire(*own_clocks)),
            Action::InterruptLine => {
                let is_up = self.model.interrupt_line();
                return Got::Line(if is_up { Level::Up } else { Level::Down });
            }
        }
        Got::Nothing
    }

    fn read(&mut self, register: Register) -> u8 {
        self.wait(self.access_ns);
        self.model.read(register, self.now_ns)
    }

    fn write(&mut self, register: Register, byte: u8) {
        self.wait(self.access_ns);
        if (register, byte, self.model.mode()) == (Register::Data, MIDI_CLOCK, Mode::Uart) {
            self.host_clocks += 1;
        }
        self.model.write(register, byte, self.now_ns);
    }

    fn poll(&mut self, poll: &Poll) -> Got {
        for reads in 1..=poll.times {
            if self.read(poll.register) & poll.mask == poll.wanted {
                return Got::Poll { end: PollEnd::Ok, reads };
            }
            if reads < poll.times {
                self.wait(poll.pause_ns);
            }
        }
        Got::Poll { end: PollEnd::Timeout, reads: poll.times }
    }

    fn wait(&mut self, time_ns: u64) {
        let end_ns = self.now_ns + time_ns;
        while self.now_ns < end_ns {
            self.now_ns = end_ns.min(self.now_ns + WIRE_LOOK_NS);
            self.model.advance(self.now_ns);
            self.fetch_sent();
        }
    }

    fn midi_in(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let start_ns = self.now_ns.max(self.input_until_ns);
            self.model.midi_in(start_ns, *byte);
            self.input_until_ns = start_ns + BYTE_TIME_NS;
        }
    }

    fn look_at_wire(&mut self, own_clocks: OwnClocks) -> Vec<u8> {
        self.fetch_sent();
        let is_shown = |sent: &Sent| own_clocks == OwnClocks::Shown || !sent.is_own_clock;
        self.sent.drain(..).filter(is_shown).map(|sent| sent.byte).collect()
    }

    /// Fetches the bytes that have left on MIDI OUT.
    ///
    /// Assumed: the first clock bytes that leave after the host writes F8 are the host's clock
    /// bytes.
    fn fetch_sent(&mut self) {
        while let Some(event) = self.model.pop_wire() {
            if (event.lane, event.edge) != (Lane::Out, WireEdge::End) {
                continue;
            }
            let is_host_clock = event.byte == MIDI_CLOCK && self.host_clocks > 0;
            self.host_clocks -= u64::from(is_host_clock);
            let is_own_clock = event.byte == MIDI_CLOCK && !is_host_clock;
            self.sent.push_back(Sent { byte: event.byte, is_own_clock });
        }
    }
}

fn judge(step: &Step, card: &str, got: Got, start_ns: u64, end_ns: u64) -> LineResult {
    let expectation = step.expectation_of(card).filter(|expectation| expectation.checks());
    let is_met = |expectation: &Expectation| {
        let is_inside = |span: Option<Span>, time_ns| span.is_none_or(|s| s.contains(time_ns));
        meets(&expectation.result, &got)
            && is_inside(expectation.within, end_ns)
            && is_inside(expectation.took, end_ns - start_ns)
    };
    let outcome = match expectation {
        None => Outcome::Unchecked,
        Some(expectation) if is_met(expectation) => Outcome::Pass,
        Some(expectation) => Outcome::Fail {
            expected: expectation.to_string(),
            got: got.words(expectation, start_ns, end_ns),
        },
    };
    let reads = match got {
        Got::Poll { reads, .. } => reads,
        _ => 0,
    };
    let text = got.line(&step.action);
    LineResult { line: step.line, time_ns: end_ns, text, reads, outcome }
}

fn meets(expected: &Expected, got: &Got) -> bool {
    match (expected, got) {
        (Expected::Any, _) => true,
        (Expected::Byte { value, mask }, Got::Byte(byte)) => byte & mask == *value,
        (Expected::Poll(expected), Got::Poll { end, .. }) => expected == end,
        (Expected::Bytes(bytes), Got::Wire(sent)) => bytes == sent,
        (Expected::Count { least, most }, Got::Wire(sent)) => {
            (*least..=*most).contains(&(sent.len() as u64))
        }
        (Expected::Line(expected), Got::Line(level)) => expected == level,
        _ => false,
    }
}
