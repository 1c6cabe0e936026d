//! The emulator for a page in a browser: files and a job in, results out.
//!
//! This crate owns the jobs of the page: their JSON, the work for each, and the names of the
//! results. `abi` has the functions that WebAssembly exports. The other rooms run the drivers and
//! report on the runs. Neither this crate nor the page computes such a report again.
//!
//! A wrong job does not end the WebAssembly module. If a file is not a driver, if a job is
//! impossible, or if this program panics, the result has a sentence that says so. Only a trap,
//! such as an overflow of the stack, ends the module.
//!
//! ```
//! use portcls_lab::Lab;
//!
//! let mut lab = Lab::default();
//! let answer = lab.run(br#"{"job": "run", "outputs": ["trace"]}"#);
//! assert_eq!(answer.exit as u8, 0);
//! assert!(answer.text("trace").unwrap().starts_with("# portcls-emu trace"));
//! ```

mod abi;
mod answer;
mod catalog;
mod check;
mod choice;
mod command;
mod compare;
mod files;
mod job;
mod own_fault;
mod recipe;
mod refusal;
mod run;
mod save;
mod scripts;
mod song;
mod view;
mod zip;

use std::collections::BTreeMap;

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::text::Header;
use serde_json::Value;

pub use answer::{Answer, Output};
pub use files::{MOST_FILE_BYTES, MOST_FILES};
pub use portcls_results::Exit;
pub use refusal::Refusal;

use files::Files;

/// The most traces that the lab keeps.
/// Assumed: a person compares two or three runs, and a page may keep some more.
pub const MOST_KEPT: usize = 16;

/// The files of a page, and the traces that the lab keeps for the page. The lab does the page's
/// jobs.
#[derive(Default)]
pub struct Lab {
    files: Files,
    kept: BTreeMap<String, Kept>,
}

/// A trace that is kept under a name.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    header: Header,
    log: TraceLog,
}

impl Lab {
    /// Takes a file. It replaces a file of the same name.
    ///
    /// # Errors
    /// [`Refusal`]: the name is not allowed, the file is too long, or there are too many files.
    pub fn put(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Refusal> {
        self.files.put(name, bytes)
    }

    /// Forgets all files and all kept traces.
    pub fn forget(&mut self) {
        *self = Lab::default();
    }

    /// Does a job, which is JSON.
    pub fn run(&mut self, job: &[u8]) -> Answer {
        let (name, result) = match job::read(job) {
            Ok((name, keys)) => {
                let result = self.do_job(&name, keys);
                (name, result)
            }
            Err(refusal) => (String::new(), Err(refusal)),
        };
        result.unwrap_or_else(Answer::refused).finish(&name)
    }

    fn do_job(&mut self, name: &str, keys: Value) -> Result<Answer, Refusal> {
        match name {
            "catalog" => catalog::catalog(job::of(keys)?),
            "run" => run::run(self, &job::of(keys)?),
            "filters" => run::filters(self, &job::of(keys)?),
            "imports" => run::imports(self, &job::of(keys)?),
            "view" => view::view(self, &job::of(keys)?),
            "compare" => compare::compare(self, &job::of(keys)?),
            "check" => check::check(self, &job::of(keys)?),
            "save" => save::save(self, keys),
            "ops" => scripts::run(self, &job::of(keys)?),
            "forget" => self.forget_one(&job::of(keys)?),
            "kept" => {
                let job::None {} = job::of(keys)?;
                Ok(Answer::new(Exit::Good).noting(self.kept.keys().cloned()))
            }
            _ => Err(Refusal::unknown("job", name, job::JOBS.into_iter())),
        }
    }

    fn forget_one(&mut self, job: &job::Forget) -> Result<Answer, Refusal> {
        match self.kept.remove(&job.keep) {
            Some(_) => Ok(Answer::new(Exit::Good)),
            None => Err(Refusal::job(format!("no trace is kept as '{}'", job.keep))),
        }
    }

    /// Keeps a trace if the job gives it a name.
    fn keep(
        &mut self,
        name: Option<&String>,
        header: &Header,
        log: &TraceLog,
    ) -> Result<(), Refusal> {
        let Some(name) = name else { return Ok(()) };
        if self.kept.len() >= MOST_KEPT && !self.kept.contains_key(name) {
            let words = format!("{MOST_KEPT} traces are kept already; forget one of them");
            return Err(Refusal::job(words));
        }
        self.kept.insert(name.clone(), Kept { header: header.clone(), log: log.clone() });
        Ok(())
    }
}
