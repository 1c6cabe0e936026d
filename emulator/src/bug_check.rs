//! Bug checks: the codes, what is known of each, and how one is raised.
//!
//! Owns the type of a code and the shape of an entry; `table` holds the entries, `values` the words
//! for the values of their parameters. A code of the kernel's own comes out of the table alone,
//! so one that is raised always has a name and words; a driver may give KeBugCheckEx any number,
//! and [`BugCheckCode::of_driver`] is the one door for it. It never knows what a report of a bug
//! check looks like.

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
    /// The code that a driver gave to KeBugCheck or KeBugCheckEx, whatever it is. A check of ours
    /// takes a constant.
    #[must_use]
    pub const fn of_driver(number: u32) -> BugCheckCode {
        BugCheckCode(number)
    }

    /// The number that Windows shows.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// What is known of the code, unless a driver made it up.
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

/// What is known of a bug check: one entry of [`BUG_CHECKS`].
#[derive(Debug)]
pub struct BugCheckEntry {
    /// The code.
    pub code: BugCheckCode,
    /// Its symbolic name.
    pub name: &'static str,
    /// What it means, and where to look.
    pub meaning: &'static str,
    /// Its four parameters.
    pub parameters: [ParameterWords; 4],
    /// The parameters where the first one has a certain value and they then say more.
    pub by_first: &'static [(u64, [ParameterWords; 4])],
    /// What tells two failures of this code apart.
    pub distinction: Distinction,
}

impl BugCheckEntry {
    /// An entry about which nothing special is to be said.
    const PLAIN: BugCheckEntry = BugCheckEntry {
        code: BugCheckCode(0),
        name: "",
        meaning: "",
        parameters: [ParameterWords::UNUSED; 4],
        by_first: &[],
        distinction: Distinction::Code,
    };

    /// The words for the four parameters, when the first one has this value.
    #[must_use]
    pub fn parameters_for(&self, first: u64) -> &[ParameterWords; 4] {
        let special = self.by_first.iter().find(|(value, _)| *value == first);
        special.map_or(&self.parameters, |(_, parameters)| parameters)
    }
}

/// What a parameter of a bug check is, in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParameterWords {
    /// What it is.
    pub meaning: &'static str,
    /// What its values say, where it is one of a list.
    pub values: &'static [(u64, &'static str)],
}

impl ParameterWords {
    const UNUSED: ParameterWords = ParameterWords::new("not used");

    /// A parameter that is an address, or a number that speaks for itself.
    const fn new(meaning: &'static str) -> ParameterWords {
        ParameterWords { meaning, values: &[] }
    }

    /// A parameter that is one of a list.
    const fn listed(
        meaning: &'static str,
        values: &'static [(u64, &'static str)],
    ) -> ParameterWords {
        ParameterWords { meaning, values }
    }

    /// What a value says, where it is one of the list.
    #[must_use]
    pub fn value_words(&self, value: u64) -> Option<&'static str> {
        self.values.iter().find(|(listed, _)| *listed == value).map(|(_, words)| *words)
    }
}

/// What tells two failures of one code apart, beside the place where they happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Distinction {
    /// Nothing does.
    Code,
    /// Whether the address in the first parameter is in the first 64 KiB: a null pointer.
    NullAddress,
    /// The first parameter.
    FirstParameter,
}

/// A bug check that was raised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BugCheck {
    /// Its code.
    pub code: BugCheckCode,
    /// Its four parameters, as Windows would give them.
    pub parameters: [u64; 4],
    /// What happened, in words.
    pub message: String,
    /// The IRQL at that moment.
    pub irql: Irql,
    /// Simulated time in ns.
    pub time_ns: u64,
}

impl Kernel {
    /// Stops the machine with a code and four parameters; does not return, except on a kernel
    /// that is frozen already. IRQL: any.
    #[doc(alias = "KeBugCheckEx")]
    pub fn bug_check(&self, code: BugCheckCode, parameters: [u64; 4]) {
        self.bug_check_with(code, parameters, "the driver called KeBugCheckEx");
    }

    /// As [`Kernel::bug_check`], with a sentence for the report.
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
