//! Scenarios: tests of a driver in text files.
//!
//! A scenario is one file with a machine, the steps of a run on it, and the expected results.
//!
//! This module owns the form of the file (`file`), its reader ([`read`]), the run
//! ([`Scenario::run`]), and the results of the expectations ([`Outcome`]). The errors of the reader
//! name a place. [`GoldenSettings`] says how a trace is compared with its golden. The comparison
//! itself is not here. This module never knows of a terminal.
//!
//! ```
//! use std::path::Path;
//!
//! use portcls_machine::scenario;
//!
//! let text = r#"
//!     version = 1
//!     title = "A note goes out"
//!     [machine]
//!     card = "smsc-superio"
//!     [[step]]
//!     open = "render"
//!     [[step]]
//!     state = "run"
//!     [[step]]
//!     write = "90 3C 40"
//!     [[step]]
//!     wait = "2ms"
//!     [expect]
//!     wire-out = "90 3C 40"
//! "#;
//! let scenarios = scenario::read("note.toml", text, Path::new("."))?;
//! let outcome = scenarios[0].run();
//! assert_eq!(outcome.verdict(), scenario::Verdict::Passed);
//! assert!(outcome.checks[0].to_string().starts_with("wire-out: 90 3C 40"));
//! # Ok::<(), scenario::ScenarioError>(())
//! ```

mod check;
mod edition;
mod error;
mod faults;
mod file;
mod files;
mod golden;
mod outcome;
mod pattern;
mod pins;
mod plan;
mod read;
mod read_steps;
mod run;
mod timing;
mod values;

#[cfg(test)]
mod tests;

use std::path::Path;

use files::DiskFolder;
use plan::Plan;

use crate::driver::Driver;

pub use error::ScenarioError;
pub use files::ScenarioFiles;
pub use golden::{Compare, GoldenSettings, Polls, Tolerance, Undriven};
pub use outcome::{Check, MissingMark, Outcome, Verdict};

/// The longest text of a scenario in bytes.
pub const MAX_SCENARIO_BYTES: usize = read::MAX_BYTES;

/// A scenario on one card, ready to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name: the file's name without its folder and extension. If the file has the key
    /// `each-card`, a dot and the card follow, as in `start.sb16`. The golden is in the scenario's
    /// folder, under this name with the extension `trace`.
    pub name: String,
    /// What the scenario shows, in one line.
    pub title: String,
    /// Why the scenario expects its results.
    pub why: Option<String>,
    /// How its trace is compared with its golden; `None` for a scenario without a golden.
    pub golden: Option<GoldenSettings>,
    /// The edition, which the head of the golden repeats. The edition changes when a key changes
    /// that may change the trace. The title, the reason, the table `expect` and the content of the
    /// named files do not change the edition.
    pub edition: String,
    plan: Plan,
}

/// Reads a scenario file. The result has one scenario for each card that the file names.
///
/// `file` is the name of the file, for messages and for the names of the scenarios. The files that
/// the scenario names are read now, relative to `folder`, so the runs read no file.
///
/// # Errors
/// [`ScenarioError`] with the first mistake in the text, or in a file that the text names.
pub fn read(file: &str, text: &str, folder: &Path) -> Result<Vec<Scenario>, ScenarioError> {
    read_among(file, text, &DiskFolder(folder))
}

/// Reads a scenario file, as [`read`] does. `files` holds the files that the scenario names,
/// instead of a disk.
///
/// # Errors
/// The errors of [`read`].
pub fn read_among(
    file: &str,
    text: &str,
    files: &dyn ScenarioFiles,
) -> Result<Vec<Scenario>, ScenarioError> {
    let found = read::read(text, files).map_err(|fault| fault.place(file, text))?;
    let edition = edition::edition(text);
    let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    let scenario = |read: read::Read| Scenario {
        name: match &read.card {
            None => stem.clone().into_owned(),
            Some(card) => format!("{stem}.{card}"),
        },
        title: read.title,
        why: read.why,
        golden: read.plan.golden.clone(),
        edition: edition.clone(),
        plan: read.plan,
    };
    Ok(found.into_iter().map(scenario).collect())
}

impl Scenario {
    /// Runs the scenario. Two runs give the same outcome.
    #[must_use]
    pub fn run(&self) -> Outcome {
        run::run(&self.plan, self.golden.clone(), &self.edition)
    }

    /// The same scenario with another driver, such as the caller's own driver in Rust, which a file
    /// cannot name.
    #[must_use]
    pub fn with_driver(mut self, driver: Driver) -> Scenario {
        self.plan.builder = self.plan.builder.driver(driver);
        self
    }

    /// The name of the golden's file, in the folder of the scenario.
    #[must_use]
    pub fn golden_file(&self) -> String {
        format!("{}.trace", self.name)
    }

    /// True when the scenario has an expectation of its own. A run of such a scenario checks
    /// something even if there is no golden.
    #[must_use]
    pub fn has_expectations(&self) -> bool {
        let names_a_status = |step: &plan::Step| step.status.is_some();
        self.plan.expect.is_some_named() || self.plan.steps.iter().any(names_a_status)
    }
}

/// The JSON Schema of a scenario file, made from the structures that the reader uses.
#[cfg(feature = "schema")]
#[must_use]
pub fn json_schema() -> schemars::Schema {
    schemars::schema_for!(file::ScenarioFile)
}
