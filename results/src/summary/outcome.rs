//! How a run ended, in a word, in a sentence and as an exit code.

use portcls_machine::emulator::Stop;
use portcls_machine::midi_file::LeftOut;
use portcls_machine::{ApplicationFigures, Difference, JobReport, WireFigures, at_place};
use serde::{Serialize, Serializer};

use super::Flow;
use crate::exit::Exit;
use crate::numbers::{counted, duration, grouped};

/// How a run ended. When several outcomes apply, the first in this order counts: a bug check, a
/// hang, a panic or something unsupported; then a broken rule; then [`Outcome::Incomplete`]; then
/// the time limit. The outcome that says most about the driver comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Every byte of the whole file came through unchanged.
    Complete,
    /// `--until` was reached, or the debugger gave the run up.
    TimeLimit,
    /// Bytes were lost, changed or added, a part of the file was left out, or a request failed.
    /// In a run that the time limit ended, bytes that did not come yet are not lost.
    Incomplete,
    /// The driver needs a routine or an instruction that the emulator does not have.
    Unsupported,
    /// The driver broke a documented rule, or left something behind.
    RuleBroken,
    /// The run ended in a bug check.
    BugCheck,
    /// The run ended in a wait or a loop that nothing can end, or that passed its limit.
    Hang,
    /// The driver panicked.
    DriverFailure,
}

impl Outcome {
    /// The outcome as a word, as in the JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::TimeLimit => "time-limit",
            Outcome::Incomplete => "incomplete",
            Outcome::Unsupported => "unsupported",
            Outcome::RuleBroken => "rule-broken",
            Outcome::BugCheck => "bug-check",
            Outcome::Hang => "hang",
            Outcome::DriverFailure => "driver-failure",
        }
    }

    /// The exit code for this outcome.
    #[must_use]
    pub fn exit(self) -> Exit {
        match self {
            Outcome::Complete | Outcome::TimeLimit => Exit::Good,
            Outcome::Incomplete | Outcome::Unsupported => Exit::CheckFailed,
            Outcome::RuleBroken => Exit::RuleBroken,
            Outcome::BugCheck | Outcome::Hang | Outcome::DriverFailure => Exit::DriverDied,
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// How a run ended: what came through, and everything that decides the outcome.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Bytes of the song.
    pub song_bytes: u64,
    /// The parts of the file that are missing from the song.
    pub left_out: LeftOut,
    /// What passed through the machine.
    pub flow: Flow,
    /// What the machine reports.
    pub job: JobReport,
}

impl Ending {
    /// Where the bytes of the song go, in words.
    fn goal(&self) -> &'static str {
        match self.flow {
            Flow::Wire(_) => "MIDI OUT",
            Flow::Application(_) => "the application",
        }
    }

    /// Bytes of the song that came through in order and unchanged.
    fn passed(&self) -> u64 {
        match self.flow {
            Flow::Wire(WireFigures { song_bytes, .. })
            | Flow::Application(ApplicationFigures { song_bytes, .. }) => song_bytes,
        }
    }

    /// How many more bytes came than the song has. On MIDI OUT the bytes that the card itself sent
    /// do not count.
    fn surplus(&self) -> u64 {
        match self.flow {
            Flow::Wire(WireFigures { foreign_bytes, .. })
            | Flow::Application(ApplicationFigures { foreign_bytes, .. }) => foreign_bytes,
        }
    }

    /// The first place at which the bytes that came differ from the song.
    fn first_difference(&self) -> Option<Difference> {
        match self.flow {
            Flow::Wire(WireFigures { first_difference, .. })
            | Flow::Application(ApplicationFigures { first_difference, .. }) => first_difference,
        }
    }

    /// Whether the first difference is a wrong byte in the place of a byte of the song. False if
    /// the song's bytes only ended too early.
    fn is_changed(&self) -> bool {
        let difference = self.first_difference();
        difference.is_some_and(|one| one.expected.is_some() && one.found.is_some())
    }

    /// The first difference in words.
    fn difference_in_words(&self) -> Option<String> {
        let verb = match self.flow {
            Flow::Wire(_) => "left",
            Flow::Application(_) => "came",
        };
        let Difference { position, time_ns, expected, found } = self.first_difference()?;
        let (byte, time) = (grouped(position + 1), duration(time_ns));
        Some(match (expected, found) {
            (Some(expected), Some(found)) => {
                format!(
                    "byte {byte} of the song is {expected:02X}, and {found:02X} {verb} at {time}"
                )
            }
            (Some(expected), None) => format!(
                "byte {byte} of the song, {expected:02X}, is the first that never {verb}; it was \
                 due at {time}"
            ),
            (None, Some(found)) => {
                format!("behind the song {found:02X} {verb} first, at {time}")
            }
            (None, None) => return None,
        })
    }

    /// The outcome.
    ///
    /// Assumed: if the driver leaves something behind at unload, this counts as a broken rule,
    /// because Driver Verifier would then stop Windows.
    pub fn outcome(&self) -> Outcome {
        let missing = self.passed() < self.song_bytes;
        match &self.job.stop {
            Some(Stop::BugCheck(_)) => Outcome::BugCheck,
            Some(Stop::Hang(_)) => Outcome::Hang,
            Some(Stop::DriverFailure { .. }) => Outcome::DriverFailure,
            Some(Stop::Unsupported { .. }) => Outcome::Unsupported,
            _ if self.job.violation_count > 0 || !self.job.leaks.is_empty() => Outcome::RuleBroken,
            _ if self.job.driver.lost_in_card > 0
                || self.surplus() > 0
                || self.is_changed()
                || !self.left_out.is_nothing()
                || !self.job.driver.failed_requests.is_empty() =>
            {
                Outcome::Incomplete
            }
            Some(stop) if missing && stop.is_end_of_longest_run() => Outcome::Incomplete,
            Some(Stop::TimeLimit { .. } | Stop::Abandoned { .. }) => Outcome::TimeLimit,
            None if missing => Outcome::Incomplete,
            None => Outcome::Complete,
        }
    }

    /// One sentence on how the run ended, without a full stop.
    pub fn reason(&self, outcome: Outcome) -> String {
        match (outcome, &self.job.stop) {
            (Outcome::Complete, _) => format!("every byte reached {} unchanged", self.goal()),
            (Outcome::Incomplete, _) => self.losses(),
            (Outcome::RuleBroken, _) => self.breaches(),
            (_, Some(stop @ Stop::TimeLimit { time_ns })) => {
                let (time, bytes) = (duration(*time_ns), grouped(self.song_bytes));
                let passed = grouped(self.passed());
                let end = match stop.is_end_of_longest_run() {
                    true => "stopped after 100 years, the longest run".to_owned(),
                    false => format!("stopped at --until, {time} after power-on"),
                };
                format!("{end}: {passed} of {bytes} bytes had reached {}", self.goal())
            }
            (_, Some(stop)) => stop.to_string(),
            (_, None) => String::new(),
        }
    }

    fn losses(&self) -> String {
        let mut parts = Vec::new();
        let is_through = self.passed() == self.song_bytes && self.surplus() == 0;
        if is_through && !self.left_out.is_nothing() {
            parts.push(format!("every byte of the song reached {} unchanged", self.goal()));
        }
        if !self.left_out.is_nothing() {
            parts.push(self.left_out.to_string());
        }
        if self.passed() < self.song_bytes {
            let (passed, bytes) = (grouped(self.passed()), counted(self.song_bytes, "byte"));
            let goal = self.goal();
            parts.push(format!("{passed} of {bytes} reached {goal} in order and unchanged"));
        }
        if self.surplus() > 0 {
            let surplus = counted(self.surplus(), "byte");
            parts.push(format!("{surplus} came that were not sent"));
        }
        if !is_through {
            parts.extend(self.difference_in_words());
        }
        if self.job.driver.lost_in_card > 0 {
            parts.push(format!(
                "{} lost in the card",
                counted(self.job.driver.lost_in_card, "byte")
            ));
        }
        if let Some(first) = self.job.driver.failed_requests.first() {
            let failed = counted(self.job.driver.failed_requests.len() as u64, "request");
            parts.push(format!("{failed} failed, the first with {first}"));
        }
        parts.join("; ")
    }

    fn breaches(&self) -> String {
        let left_behind = self.job.leaks.first().map_or_else(String::new, |first| {
            format!("the driver left something behind at unload, first {first}")
        });
        match self.job.violations.first() {
            None => left_behind,
            Some(first) => {
                let count = counted(self.job.violation_count, "violation");
                let site = first.call_site.and_then(|offset| self.job.call_sites.get(&offset));
                let message = at_place(&first.message, site);
                let more = if left_behind.is_empty() { "" } else { "; " };
                format!(
                    "{count} of documented rules, the first of {}: {message}{more}{left_behind}",
                    first.rule.id
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use portcls_machine::emulator::{Hang, LONGEST_RUN_NS, NtStatus, Violation, rules};
    use portcls_machine::{DriverFigures, Leak, PinFormat, ProcessorFigures};

    use super::*;

    /// The flow of a `play` of which this many bytes of the song came through unchanged.
    fn wire(song_bytes: u64) -> Flow {
        Flow::Wire(WireFigures { song_bytes, ..WireFigures::default() })
    }

    fn good() -> Ending {
        let job = JobReport {
            ranges: Vec::new(),
            simulated_ns: 0,
            pin: None,
            pin_format: PinFormat::Midi,
            other_pins: Vec::new(),
            processor: ProcessorFigures::default(),
            driver: DriverFigures::default(),
            violations: Vec::new(),
            violation_count: 0,
            call_sites: BTreeMap::new(),
            warnings: Vec::new(),
            leaks: Vec::new(),
            hints: Vec::new(),
            stop: None,
        };
        Ending { song_bytes: 3, left_out: LeftOut::default(), flow: wire(3), job }
    }

    fn ends(ending: &Ending) -> (u8, String) {
        let outcome = ending.outcome();
        (outcome.exit() as u8, ending.reason(outcome))
    }

    #[test]
    fn a_run_in_which_every_byte_came_through_is_good() {
        assert_eq!(ends(&good()), (0, "every byte reached MIDI OUT unchanged".to_owned()));
    }

    #[test]
    fn lost_bytes_and_failed_requests_are_exit_1() {
        let mut lost = Ending { flow: wire(1), ..good() };
        lost.job.driver.lost_in_card = 2;
        let text = "1 of 3 bytes reached MIDI OUT in order and unchanged; 2 bytes lost in the card";
        assert_eq!(ends(&lost), (1, text.to_owned()));
        let mut failed = good();
        failed.job.driver.failed_requests = vec![NtStatus::IO_DEVICE_ERROR; 2];
        let text = "2 requests failed, the first with STATUS_IO_DEVICE_ERROR";
        assert_eq!(ends(&failed), (1, text.to_owned()));
    }

    #[test]
    fn a_song_is_complete_only_when_its_file_is() {
        let left_out = LeftOut { messages: 1, ..LeftOut::default() };
        let text = "every byte of the song reached MIDI OUT unchanged; 1 message of the file was \
                    left out";
        assert_eq!(ends(&Ending { left_out, ..good() }), (1, text.to_owned()));
        let mut limit = Ending { left_out, ..good() };
        limit.job.stop = Some(Stop::TimeLimit { time_ns: 250_000_000 });
        assert_eq!(ends(&limit).0, 1);
    }

    #[test]
    fn a_loss_names_the_first_difference_with_both_sides() {
        let with = |difference, foreign_bytes| {
            let first_difference = Some(difference);
            let figures = WireFigures {
                song_bytes: 1,
                foreign_bytes,
                first_difference,
                ..WireFigures::default()
            };
            ends(&Ending { flow: Flow::Wire(figures), ..good() })
        };
        let at = |expected, found| Difference { position: 1, time_ns: 2_000_000, expected, found };
        let begins = "1 of 3 bytes reached MIDI OUT in order and unchanged";
        let changed = "byte 2 of the song is 3C, and 3D left at 2 ms";
        assert_eq!(with(at(Some(0x3C), Some(0x3D)), 0), (1, format!("{begins}; {changed}")));
        let lost = "byte 2 of the song, 3C, is the first that never left; it was due at 2 ms";
        assert_eq!(with(at(Some(0x3C), None), 0), (1, format!("{begins}; {lost}")));
        let mut added = good();
        added.flow = Flow::Wire(WireFigures {
            song_bytes: 3,
            foreign_bytes: 47,
            first_difference: Some(Difference { position: 3, ..at(None, Some(0xFE)) }),
            ..WireFigures::default()
        });
        let text = "47 bytes came that were not sent; behind the song FE left first, at 2 ms";
        assert_eq!(ends(&added), (1, text.to_owned()));
    }

    #[test]
    fn the_time_limit_is_good_unless_something_was_lost_before_it() {
        let mut limit = good();
        limit.job.stop = Some(Stop::TimeLimit { time_ns: 250_000_000 });
        let text = "stopped at --until, 250 ms after power-on: 3 of 3 bytes had reached MIDI OUT";
        assert_eq!(ends(&limit), (0, text.to_owned()));
        assert_eq!(ends(&Ending { flow: wire(0), ..limit.clone() }).0, 0);
        let mut longest = Ending { flow: wire(0), ..limit.clone() };
        longest.job.stop = Some(Stop::TimeLimit { time_ns: LONGEST_RUN_NS });
        assert_eq!(ends(&longest).0, 1, "without --until a song that is not played is incomplete");
        let changed = Difference { position: 1, time_ns: 9, expected: Some(1), found: Some(2) };
        let figures = WireFigures { song_bytes: 1, ..WireFigures::default() };
        let seen = |first_difference| Ending {
            flow: Flow::Wire(WireFigures { first_difference: Some(first_difference), ..figures }),
            ..limit.clone()
        };
        assert_eq!(ends(&seen(changed)).0, 1);
        assert_eq!(ends(&seen(Difference { found: None, ..changed })).0, 0, "it may still come");
        limit.job.driver.lost_in_card = 1;
        assert_eq!(ends(&limit).0, 1);
    }

    #[test]
    fn a_broken_rule_weighs_more_than_a_loss_and_a_death_more_than_both() {
        let violation = Violation {
            rule: &rules::IRQL_RETURN,
            message: "one byte".to_owned(),
            time_ns: 5,
            call_site: None,
        };
        let mut broken = Ending { flow: wire(0), ..good() };
        broken.job.violations = vec![violation];
        broken.job.violation_count = 2;
        broken.job.leaks = vec![Leak::of("connected interrupts", 1)];
        let text = "2 violations of documented rules, the first of IrqlReturn: one byte; the \
                    driver left something behind at unload, first connected interrupts: 1";
        assert_eq!(ends(&broken), (5, text.to_owned()));
        let hang = Hang { waits_for: "a wire".to_owned(), limit: None, time_ns: 9 };
        broken.job.stop = Some(Stop::Hang(hang));
        let text = "hang: nothing can end the wait for a wire";
        assert_eq!(ends(&broken), (4, text.to_owned()));
    }
}
