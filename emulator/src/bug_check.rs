//! Bug checks: the codes, the entry of each code, and how to raise one.
//!
//! This file owns the type of a code and the shape of an entry. `table.rs` holds the entries.
//! `values.rs` holds the words for the values of their parameters. The codes that the kernel itself
//! raises are all in the table, so each of them has a name and words. A driver may give
//! KeBugCheckEx any number. Only [`BugCheckCode::of_driver`] makes a code from such a number.

mod table;
mod values;

use std::fmt;

use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::stop::Stop;

pub use table::BUG_CHECKS;

/// A bug check code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BugCheckCode(u32);

impl BugCheckCode {
    /// The code for a number that a driver gave to KeBugCheck or KeBugCheckEx. The number need not
    /// be in the table. The kernel's own bug checks use the constants.
    #[must_use]
    pub const fn of_driver(number: u32) -> BugCheckCode {
        BugCheckCode(number)
    }

    /// The number that Windows shows.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The entry of the code; `None` when the code is not in the table.
    #[must_use]
    pub fn entry(self) -> Option<&'static BugCheckEntry> {
        BUG_CHECKS.iter().find(|entry| entry.code == self)
    }

    /// The symbolic name, if the code is in the table.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.name)
    }
}

impl fmt::Display for BugCheckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:X})", self.name().unwrap_or("bug check"), self.0)
    }
}

/// The entry of a bug check in [`BUG_CHECKS`].
#[derive(Debug)]
pub struct BugCheckEntry {
    /// The code.
    pub code: BugCheckCode,
    /// The symbolic name.
    pub name: &'static str,
    /// The meaning of the bug check, and where to look for the mistake.
    pub meaning: &'static str,
    /// The four parameters.
    pub parameters: [ParameterWords; 4],
    /// More exact meanings of the parameters, for certain values of the first parameter.
    pub by_first: &'static [(u64, [ParameterWords; 4])],
    /// The fact that tells two failures with this code apart.
    pub distinction: Distinction,
}

impl BugCheckEntry {
    /// The values of the fields that an entry leaves out.
    const PLAIN: BugCheckEntry = BugCheckEntry {
        code: BugCheckCode(0),
        name: "",
        meaning: "",
        parameters: [ParameterWords::UNUSED; 4],
        by_first: &[],
        distinction: Distinction::Code,
    };

    /// The meanings of the four parameters when the first parameter has the value `first`.
    #[must_use]
    pub fn parameters_for(&self, first: u64) -> &[ParameterWords; 4] {
        let special = self.by_first.iter().find(|(value, _)| *value == first);
        special.map_or(&self.parameters, |(_, parameters)| parameters)
    }
}

/// The meaning of a parameter of a bug check, in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParameterWords {
    /// The meaning.
    pub meaning: &'static str,
    /// The words for the values, when the parameter has a value from a list.
    pub values: &'static [(u64, &'static str)],
}

impl ParameterWords {
    const UNUSED: ParameterWords = ParameterWords::new("not used");

    /// A parameter that is an address, or a number that needs no words.
    const fn new(meaning: &'static str) -> ParameterWords {
        ParameterWords { meaning, values: &[] }
    }

    /// A parameter with a value from a list.
    const fn listed(
        meaning: &'static str,
        values: &'static [(u64, &'static str)],
    ) -> ParameterWords {
        ParameterWords { meaning, values }
    }

    /// The words for a value, if the value is in the list.
    #[must_use]
    pub fn value_words(&self, value: u64) -> Option<&'static str> {
        self.values.iter().find(|(listed, _)| *listed == value).map(|(_, words)| *words)
    }
}

/// What tells two failures with the same code apart when they also have the same place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Distinction {
    /// Nothing: such failures count as the same failure.
    Code,
    /// Whether the address in the first parameter is in the first 64 KiB: a null pointer.
    NullAddress,
    /// The first parameter.
    FirstParameter,
}

/// A bug check that was raised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BugCheck {
    /// The code.
    pub code: BugCheckCode,
    /// The four parameters, as Windows would give them.
    pub parameters: [u64; 4],
    /// What happened, in words.
    pub message: String,
    /// The IRQL when the bug check was raised.
    pub irql: Irql,
    /// Simulated time in ns.
    pub time_ns: u64,
}

impl Kernel {
    /// Stops the machine with a code and four parameters. If this function returns, the kernel is
    /// frozen. IRQL: any.
    #[doc(alias = "KeBugCheckEx")]
    pub fn bug_check(&self, code: BugCheckCode, parameters: [u64; 4]) {
        self.bug_check_with(code, parameters, "the driver called KeBugCheckEx");
    }

    /// Does the same as [`Kernel::bug_check`], with a sentence for the report.
    pub fn bug_check_with(&self, code: BugCheckCode, parameters: [u64; 4], message: &str) {
        self.stop(Stop::BugCheck(BugCheck {
            code,
            parameters,
            message: message.to_owned(),
            irql: self.current_irql(),
            time_ns: self.now_ns(),
        }));
    }
}
