//! Why a job could not be done: one sentence, and the place in a file.

use portcls_machine::MachineError;
use portcls_machine::card_bench::card_file::CardFileError;
use portcls_machine::card_bench::nearest;
use portcls_machine::card_bench::ops::OpsError;
use portcls_machine::inf_file::InfError;
use portcls_machine::scenario::ScenarioError;
use portcls_results::Exit;
use portcls_results::file_kind::{Wanted, other_kind};
use serde::Serialize;

/// Where the fault lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The job itself.
    Job,
    /// A file.
    File,
    /// The machine, its driver or its application.
    Machine,
    /// This program.
    OwnFault,
}

/// Why a job could not be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Refusal {
    kind: Kind,
    /// The exit code that the program would have.
    #[serde(skip)]
    pub exit: Exit,
    /// One sentence: what is wrong, where, and how to mend it.
    pub sentence: String,
    /// The file.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// How to mend it, if an error of a file gives this apart from the fault. The sentence has it
    /// too.
    pub hint: Option<String>,
}

impl Refusal {
    /// A job that is impossible.
    pub fn job(sentence: impl Into<String>) -> Refusal {
        Refusal::new(Kind::Job, Exit::Usage, sentence.into())
    }

    /// A job with an unknown word. The sentence names the nearest known word, or all known words.
    pub fn unknown<'k>(
        what: &str,
        word: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Refusal {
        let hint = match nearest(word, known.clone()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("the {what}s are {}", known.collect::<Vec<_>>().join(", ")),
        };
        Refusal::job(format!("there is no {what} '{word}'; {hint}"))
    }

    /// A file that cannot be used. `what` says why, without the name of the file.
    pub fn file(name: &str, what: impl std::fmt::Display) -> Refusal {
        let mut refusal = Refusal::new(Kind::File, Exit::BadFile, format!("{name}: {what}"));
        refusal.file = Some(name.to_owned());
        refusal
    }

    /// A fault of this program.
    pub fn own_fault(panic: &str) -> Refusal {
        let sentence = format!(
            "a fault of portcls-emu {} itself, not of the driver or the file: {panic}; please \
             report it to the project with this line and the files",
            env!("CARGO_PKG_VERSION")
        );
        Refusal::new(Kind::OwnFault, Exit::OwnFault, sentence)
    }

    /// This refusal, or a better one if the first bytes of the file show that it is of a wrong
    /// kind.
    pub fn or_other_kind(self, name: &str, bytes: &[u8], wanted: Wanted) -> Refusal {
        other_kind(bytes, wanted).map_or(self, |kind| Refusal::file(name, kind))
    }

    fn new(kind: Kind, exit: Exit, sentence: String) -> Refusal {
        Refusal { kind, exit, sentence, file: None, line: None, column: None, hint: None }
    }

    fn at(sentence: String, file: String, (line, column): (usize, usize), hint: String) -> Refusal {
        let refusal = Refusal::new(Kind::File, Exit::BadFile, sentence);
        let (line, column) = (Some(line), Some(column));
        Refusal { file: Some(file), line, column, hint: Some(hint), ..refusal }
    }
}

impl From<MachineError> for Refusal {
    fn from(error: MachineError) -> Refusal {
        let sentence = match &error {
            MachineError::InfResources { remedy, .. } => format!("{error}: {}", remedy.keys()),
            _ => error.to_string(),
        };
        Refusal::new(Kind::Machine, Exit::from(&error), sentence)
    }
}

impl From<CardFileError> for Refusal {
    fn from(error: CardFileError) -> Refusal {
        let sentence = error.to_string();
        Refusal::at(sentence, error.file, (error.line, error.column), error.hint)
    }
}

impl From<OpsError> for Refusal {
    fn from(error: OpsError) -> Refusal {
        let sentence = error.to_string();
        Refusal::at(sentence, error.file, (error.line, error.column), error.hint)
    }
}

impl From<ScenarioError> for Refusal {
    fn from(error: ScenarioError) -> Refusal {
        let sentence = error.to_string();
        Refusal::at(sentence, error.file, (error.line, error.column), error.hint)
    }
}

impl From<InfError> for Refusal {
    fn from(error: InfError) -> Refusal {
        let sentence = error.to_string();
        Refusal::at(sentence, error.file, (error.line, error.column), error.hint)
    }
}
