//! Golden traces in tests: what `assert_trace!` takes and says.
//!
//! This file owns the text of a golden, and the comparison of a golden with the text of a new
//! trace. The code here opens no file: insta does that, in the crate of the test.

use portcls_report::Filter;
use portcls_report::diff::{Diff, DiffOptions, Start, diff};
use portcls_report::marks::between_marks;
use portcls_report::text::{parse, print};

use crate::Machine;

/// The most findings that are printed; further findings are only counted.
const MOST_FINDINGS: usize = 12;

/// What a golden trace has, and how it is compared.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Golden {
    filter: Filter,
    from: Option<String>,
    to: Option<String>,
    compare: DiffOptions,
}

impl Golden {
    /// Chooses the events of the golden. Without this call the golden has all events.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Golden {
        Golden { filter, ..self }
    }

    /// Lets the golden begin with the first mark that begins with these words.
    #[must_use]
    pub fn from(self, words: impl Into<String>) -> Golden {
        let compare = DiffOptions { start: Start::FirstEvent, ..self.compare };
        Golden { from: Some(words.into()), compare, ..self }
    }

    /// Lets the golden end before the first mark after its beginning that begins with these words.
    #[must_use]
    pub fn to(self, words: impl Into<String>) -> Golden {
        Golden { to: Some(words.into()), ..self }
    }

    /// Chooses what counts as a difference. If the golden begins with a mark, times count from this
    /// mark, whatever `compare.start` is.
    #[must_use]
    pub fn compare(self, compare: DiffOptions) -> Golden {
        let start = if self.from.is_some() { Start::FirstEvent } else { compare.start };
        Golden { compare: DiffOptions { start, ..compare }, ..self }
    }

    /// The trace of a machine as the text of a golden.
    ///
    /// # Panics
    /// When the trace does not have the mark at which the golden begins or ends: the test is
    /// wrong.
    #[must_use]
    pub fn text(&self, machine: &Machine) -> String {
        let log = machine.trace_log();
        let part = between_marks(&log, self.from.as_deref(), self.to.as_deref());
        let part = part.unwrap_or_else(|mark| {
            panic!("the trace has no mark that begins with '{mark}': see machine.trace_text(..)")
        });
        print(&part, &machine.trace_header(), self.filter)
    }

    /// Compares a trace with its golden, both as texts.
    ///
    /// # Errors
    /// What is wrong with a text that is not a trace.
    pub fn judge(&self, golden: &str, now: &str) -> Result<Diff, String> {
        let read = |text: &str| parse(text).map(|(_, log)| log).map_err(|error| error.to_string());
        Ok(diff(&read(golden)?, &read(now)?, self.compare.clone()))
    }

    /// True when the comparison of a trace with its golden has no findings. Otherwise prints on
    /// stderr what differs, and who caused it. Also prints when a delay uses more than half of its
    /// tolerance.
    ///
    /// If a text is not a trace, the function prints this, and compares the two as texts.
    #[must_use]
    pub fn matches(&self, name: &str, golden: &str, now: &str) -> bool {
        match self.judge(golden, now) {
            Ok(found) if found.findings.is_empty() => {
                if found.residual.is_some_and(|residual| residual.over_half > 0) {
                    eprintln!("{name}: {}", found.text(0));
                }
                true
            }
            Ok(found) => {
                eprintln!("{name}: {}", found.text(MOST_FINDINGS));
                false
            }
            Err(fault) => {
                eprintln!("{name}: the golden cannot be compared by causes: {fault}");
                golden == now
            }
        }
    }
}

/// Compares the trace of a machine with its golden, by causes.
///
/// The golden is a snapshot of [insta](https://insta.rs), which the crate of the test needs as a
/// dependency. If the trace differs, the findings go to stderr. Then insta shows the lines, writes
/// the new text beside the golden, and fails the test. `cargo insta review` accepts the new text.
/// A trace in which events only moved with their causes counts as equal, unless cargo insta is
/// called with `--require-full-match`.
///
/// The caller may give settings after the machine. Each setting is a method of
/// [`Golden`](crate::golden::Golden).
///
/// ```no_run
/// # use portcls_machine::Machine;
/// # fn test(machine: &Machine) {
/// use portcls_machine::report::Filter;
/// use portcls_machine::report::diff::{DiffOptions, Tolerance};
///
/// let tolerance = Tolerance { ns: 5_000, ..Tolerance::default() };
/// portcls_machine::assert_trace!(
///     machine,
///     filter = Filter::Registers,
///     from = "three bytes come in",
///     compare = DiffOptions { tolerance, ..DiffOptions::default() },
/// );
/// # }
/// ```
#[macro_export]
macro_rules! assert_trace {
    ($machine:expr $(, $setting:ident = $value:expr)* $(,)?) => {{
        #[derive(Clone)]
        struct ByCause($crate::golden::Golden);

        impl ::insta::Comparator for ByCause {
            fn matches(&self, reference: &::insta::Snapshot, test: &::insta::Snapshot) -> bool {
                let (Some(golden), Some(now)) = (reference.as_text(), test.as_text()) else {
                    return false;
                };
                let name = reference.snapshot_name().unwrap_or("the trace");
                self.0.matches(name, &golden.to_string(), &now.to_string())
            }

            fn matches_fully(&self, golden: &::insta::Snapshot, test: &::insta::Snapshot) -> bool {
                self.matches(golden, test)
                    && ::insta::DefaultComparator.matches_fully(golden, test)
            }

            fn dyn_clone(&self) -> ::std::boxed::Box<dyn ::insta::Comparator> {
                ::std::boxed::Box::new(self.clone())
            }
        }

        let golden = $crate::golden::Golden::default()$(.$setting($value))*;
        let text = golden.text(&$machine);
        let comparator: ::std::boxed::Box<dyn ::insta::Comparator> =
            ::std::boxed::Box::new(ByCause(golden));
        ::insta::with_settings!({ comparator => comparator, omit_expression => true }, {
            ::insta::assert_snapshot!(text);
        });
    }};
}
