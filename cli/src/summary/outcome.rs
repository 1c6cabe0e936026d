//! How a run ended, in a word, in a sentence and as an exit code.

use portcls_machine::Leak;
use portcls_machine::emulator::{NtStatus, Stop, Violation, Warning};
use serde::Serialize;

use crate::failure::Exit;
use crate::figures::{counted, duration, grouped};

/// How a run ended. Of several, the one that says most about the driver: a death, then a broken
/// rule, then a loss, then the time limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every byte came through unchanged.
    Complete,
    /// `--until` was reached.
    TimeLimit,
    /// Bytes were lost or changed, or a request failed.
    Incomplete,
    /// The driver needs a routine or an instruction that is not there.
    Unsupported,
    /// A documented rule was broken, or something was left behind.
    RuleBroken,
    /// A bug check.
    BugCheck,
    /// A wait that nothing can end.
    Hang,
    /// The driver panicked.
    DriverFailure,
}

impl Outcome {
    /// The exit code of a run that ended so.
    pub fn exit(self) -> Exit {
        match self {
            Outcome::Complete | Outcome::TimeLimit => Exit::Good,
            Outcome::Incomplete | Outcome::Unsupported => Exit::CheckFailed,
            Outcome::RuleBroken => Exit::RuleBroken,
            Outcome::BugCheck | Outcome::Hang | Outcome::DriverFailure => Exit::DriverDied,
        }
    }
}

/// What decides how a run ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Where the bytes of the song go, in words.
    pub goal: &'static str,
    /// Why the run ended early, if it did.
    pub stop: Option<Stop>,
    /// Breaches of rules, as far as they are kept in words.
    pub violations: Vec<Violation>,
    /// How many there were.
    pub violation_count: u64,
    /// Times that were longer than is advised.
    pub warnings: Vec<Warning>,
    /// What the driver left behind.
    pub leaks: Vec<Leak>,
    /// Requests that failed.
    pub failed: Vec<NtStatus>,
    /// Bytes lost in the card.
    pub lost_in_card: u64,
    /// Bytes of the song.
    pub song_bytes: u64,
    /// Bytes of the song that came through in order and unchanged.
    pub passed: u64,
    /// Bytes that came and are not of the song.
    pub surplus: u64,
}

impl Ending {
    /// When the run stopped early, in ns. The clock of the machine may show more: it goes on for
    /// what a driver does in its destructors.
    pub fn stopped_ns(&self) -> Option<u64> {
        self.stop.as_ref().map(Stop::time_ns)
    }

    /// The outcome.
    ///
    /// Assumed: what is left behind at unload counts as a broken rule, because Windows with Driver
    /// Verifier on would stop for it.
    pub fn outcome(&self) -> Outcome {
        let missing = self.passed < self.song_bytes;
        match &self.stop {
            Some(Stop::BugCheck(_)) => Outcome::BugCheck,
            Some(Stop::Hang(_)) => Outcome::Hang,
            Some(Stop::DriverFailure { .. }) => Outcome::DriverFailure,
            Some(Stop::Unsupported { .. }) => Outcome::Unsupported,
            _ if self.violation_count > 0 || !self.leaks.is_empty() => Outcome::RuleBroken,
            _ if self.lost_in_card > 0 || self.surplus > 0 || !self.failed.is_empty() => {
                Outcome::Incomplete
            }
            Some(Stop::TimeLimit { .. } | Stop::Abandoned { .. }) => Outcome::TimeLimit,
            None if missing => Outcome::Incomplete,
            None => Outcome::Complete,
        }
    }

    /// One sentence, without a point at its end.
    pub fn reason(&self, outcome: Outcome) -> String {
        match (outcome, &self.stop) {
            (Outcome::Complete, _) => format!("every byte reached {} unchanged", self.goal),
            (Outcome::Incomplete, _) => self.losses(),
            (Outcome::RuleBroken, _) => self.breaches(),
            (_, Some(Stop::TimeLimit { time_ns })) => {
                let (time, bytes) = (duration(*time_ns), grouped(self.song_bytes));
                let passed = grouped(self.passed);
                format!(
                    "stopped at --until, {time} after power-on: {passed} of {bytes} bytes had \
                     reached {}",
                    self.goal
                )
            }
            (_, Some(stop)) => stop.to_string(),
            (_, None) => String::new(),
        }
    }

    fn losses(&self) -> String {
        let mut parts = Vec::new();
        if self.passed < self.song_bytes {
            let (passed, bytes) = (grouped(self.passed), counted(self.song_bytes, "byte"));
            let goal = self.goal;
            parts.push(format!("{passed} of {bytes} reached {goal} in order and unchanged"));
        }
        if self.surplus > 0 {
            let surplus = counted(self.surplus, "byte");
            parts.push(format!("{surplus} came that were not sent"));
        }
        if self.lost_in_card > 0 {
            parts.push(format!("{} lost in the card", counted(self.lost_in_card, "byte")));
        }
        if let Some(first) = self.failed.first() {
            let failed = counted(self.failed.len() as u64, "request");
            parts.push(format!("{failed} failed, the first with {first}"));
        }
        parts.join("; ")
    }

    fn breaches(&self) -> String {
        let left_behind = match self.leaks.len() {
            0 => String::new(),
            _ => "the driver left something behind at unload".to_owned(),
        };
        match self.violations.first() {
            None => left_behind,
            Some(first) => {
                let count = counted(self.violation_count, "violation");
                let more = if left_behind.is_empty() { "" } else { "; " };
                format!(
                    "{count} of documented rules, the first of {}: {}{more}{left_behind}",
                    first.rule.id, first.message
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use portcls_machine::emulator::{Hang, rules};

    use super::*;

    fn good() -> Ending {
        Ending {
            goal: "MIDI OUT",
            stop: None,
            violations: Vec::new(),
            violation_count: 0,
            warnings: Vec::new(),
            leaks: Vec::new(),
            failed: Vec::new(),
            lost_in_card: 0,
            song_bytes: 3,
            passed: 3,
            surplus: 0,
        }
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
        let lost = Ending { passed: 1, lost_in_card: 2, ..good() };
        let text = "1 of 3 bytes reached MIDI OUT in order and unchanged; 2 bytes lost in the card";
        assert_eq!(ends(&lost), (1, text.to_owned()));
        let failed = Ending { failed: vec![NtStatus::IO_DEVICE_ERROR; 2], ..good() };
        let text = "2 requests failed, the first with STATUS_IO_DEVICE_ERROR";
        assert_eq!(ends(&failed), (1, text.to_owned()));
    }

    #[test]
    fn the_time_limit_is_good_unless_something_was_lost_before_it() {
        let limit = Ending { stop: Some(Stop::TimeLimit { time_ns: 250_000_000 }), ..good() };
        let text = "stopped at --until, 250 ms after power-on: 3 of 3 bytes had reached MIDI OUT";
        assert_eq!(ends(&limit), (0, text.to_owned()));
        assert_eq!(ends(&Ending { passed: 0, ..limit.clone() }).0, 0);
        assert_eq!(ends(&Ending { lost_in_card: 1, ..limit }).0, 1);
    }

    #[test]
    fn a_broken_rule_weighs_more_than_a_loss_and_a_death_more_than_both() {
        let violation =
            Violation { rule: &rules::IRQL_RETURN, message: "one byte".to_owned(), time_ns: 5 };
        let broken = Ending {
            violations: vec![violation],
            violation_count: 2,
            leaks: vec![Leak::of("connected interrupts", 1)],
            passed: 0,
            ..good()
        };
        let text = "2 violations of documented rules, the first of IrqlReturn: one byte; the \
                    driver left something behind at unload";
        assert_eq!(ends(&broken), (5, text.to_owned()));
        let hang = Hang { waits_for: "a wire".to_owned(), time_ns: 9 };
        let dead = Ending { stop: Some(Stop::Hang(hang)), ..broken };
        let text = "hang: nothing can end the wait for a wire";
        assert_eq!(ends(&dead), (4, text.to_owned()));
    }
}
