//! Warnings: times longer than the WDK advises. Windows allows these times.

use std::cell::RefCell;

use crate::kernel::Kernel;
use crate::rule::Rule;
use crate::rules;

/// Advice that a driver did not follow, with the number of times and the longest time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Warning {
    /// The kind of routine that took too long.
    pub advice: Advice,
    /// How many times such a routine took too long.
    pub count: u64,
    /// When this happened first, in ns: the end of the service routine or DPC, or the beginning of
    /// the stall.
    pub first_ns: u64,
    /// The longest time, in ns.
    pub longest_ns: u64,
}

/// The routines that should be short.
/// Source: WDK, guidelines for ISRs, DPCs and KeStallExecutionProcessor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advice {
    /// A service routine: 25 µs.
    ServiceRoutine,
    /// A DPC: 100 µs.
    Dpc,
    /// One call of KeStallExecutionProcessor: 50 µs.
    Stall,
}

impl Advice {
    /// The rule that gives the advice.
    #[must_use]
    pub fn rule(self) -> &'static Rule {
        match self {
            Advice::ServiceRoutine => &rules::SERVICE_ROUTINE_TIME,
            Advice::Dpc => &rules::DPC_TIME,
            Advice::Stall => &rules::STALL_TIME,
        }
    }

    /// The longest time that is advised, in ns.
    #[must_use]
    pub const fn limit_ns(self) -> u64 {
        match self {
            Advice::ServiceRoutine => 25_000,
            Advice::Dpc => 100_000,
            Advice::Stall => 50_000,
        }
    }
}

#[derive(Default)]
pub(crate) struct Warnings(RefCell<Vec<Warning>>);

impl Kernel {
    /// Notes the time of a routine if it is longer than advised. The trace gets no note, because it
    /// already shows the times.
    #[inline]
    pub(crate) fn advise(&self, advice: Advice, took_ns: u64) {
        if took_ns > advice.limit_ns() {
            self.warn(advice, took_ns);
        }
    }

    #[inline(never)]
    fn warn(&self, advice: Advice, took_ns: u64) {
        let mut warnings = self.state.warnings.0.borrow_mut();
        match warnings.iter_mut().find(|warning| warning.advice == advice) {
            Some(warning) => {
                warning.count += 1;
                warning.longest_ns = warning.longest_ns.max(took_ns);
            }
            None => {
                let first_ns = self.now_ns();
                warnings.push(Warning { advice, count: 1, first_ns, longest_ns: took_ns });
            }
        }
    }

    /// The advice that was not followed, ordered by the first time.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.state.warnings.0.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::Advice;
    use crate::rule::Severity;

    #[test]
    fn a_rule_that_gives_advice_names_the_limit() {
        for advice in [Advice::ServiceRoutine, Advice::Dpc, Advice::Stall] {
            let rule = advice.rule();
            let limit = format!(" {} us.", advice.limit_ns() / 1_000);
            assert!(rule.meaning.ends_with(&limit), "{}: {limit}", rule.meaning);
            assert_eq!(rule.severity, Severity::Advice);
        }
    }
}
