//! The answer to a job: an exit code, a result in JSON, and the outputs.

use portcls_results::{Exit, json};
use serde::Serialize;

use crate::refusal::Refusal;

/// The version of the result.
const VERSION: u32 = 1;

/// The answer to a job.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The exit code that the program would have.
    pub exit: Exit,
    /// The outputs. The first one is `result`, once the answer is finished.
    pub outputs: Vec<Output>,
    verdict: Option<Verdict>,
    error: Option<Refusal>,
    notes: Vec<String>,
    command: Option<String>,
}

/// An output.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// The name in the result and in a job.
    pub name: String,
    /// The type of its content.
    pub media: &'static str,
    /// The name under which a person would save the output.
    pub file_name: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// How a job ended, as a word and a sentence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// The word.
    pub word: String,
    /// One sentence, without a full stop.
    pub sentence: String,
    /// Whether the job ended well.
    pub is_good: bool,
    /// The place in the driver where the run failed or the driver first broke a rule.
    pub place: Option<String>,
    /// The time since power-on, in ns, at which the run ended early, the driver first broke a rule,
    /// or the first expectation failed.
    pub time_ns: Option<u64>,
}

#[derive(Serialize)]
struct ResultFacts<'a> {
    version: u32,
    job: &'a str,
    exit_code: u8,
    verdict: &'a Option<Verdict>,
    error: &'a Option<Refusal>,
    outputs: Vec<OutputFacts<'a>>,
    notes: &'a [String],
    command: &'a Option<String>,
}

#[derive(Serialize)]
struct OutputFacts<'a> {
    name: &'a str,
    r#type: &'static str,
    file_name: &'a str,
    bytes: usize,
}

impl Default for Answer {
    fn default() -> Answer {
        Answer::new(Exit::Good)
    }
}

impl Answer {
    /// An answer without outputs.
    pub(crate) fn new(exit: Exit) -> Answer {
        let outputs = Vec::new();
        Answer { exit, outputs, verdict: None, error: None, notes: Vec::new(), command: None }
    }

    /// The answer to a job that could not be done.
    pub(crate) fn refused(refusal: Refusal) -> Answer {
        Answer::new(refusal.exit).refusing(refusal)
    }

    /// The same answer with the reason why the job was not finished.
    pub(crate) fn refusing(mut self, refusal: Refusal) -> Answer {
        self.exit = refusal.exit;
        self.error = Some(refusal);
        self
    }

    /// The same answer with a verdict.
    pub(crate) fn judged(mut self, verdict: Verdict) -> Answer {
        self.verdict = Some(verdict);
        self
    }

    /// The same answer with notes for people.
    pub(crate) fn noting(mut self, notes: impl IntoIterator<Item = String>) -> Answer {
        self.notes.extend(notes);
        self
    }

    /// The same answer with the command line that does the same work.
    pub(crate) fn by_command(mut self, command: String) -> Answer {
        self.command = Some(command);
        self
    }

    /// The same answer with outputs.
    pub(crate) fn with(mut self, outputs: impl IntoIterator<Item = Output>) -> Answer {
        self.outputs.extend(outputs);
        self
    }

    /// Puts the result before the outputs.
    pub(crate) fn finish(mut self, job: &str) -> Answer {
        let outputs = self.outputs.iter().map(|output| OutputFacts {
            name: &output.name,
            r#type: output.media,
            file_name: &output.file_name,
            bytes: output.bytes.len(),
        });
        let result = json(&ResultFacts {
            version: VERSION,
            job,
            exit_code: self.exit as u8,
            verdict: &self.verdict,
            error: &self.error,
            outputs: outputs.collect(),
            notes: &self.notes,
            command: &self.command,
        });
        self.outputs.insert(0, Output::json("result", "result.json", result));
        self
    }

    /// The bytes of an output; `None` if the job made no output of this name.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        let found = self.outputs.iter().find(|output| output.name == name);
        found.map(|output| output.bytes.as_slice())
    }

    /// The text of an output; `None` if the job made no output of this name, or if it is not text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.bytes(name)?).ok()
    }
}

impl Output {
    /// An output of text.
    pub(crate) fn text(name: &str, file_name: impl Into<String>, text: String) -> Output {
        Output::new(name, "text/plain", file_name, text.into_bytes())
    }

    /// An output in JSON.
    pub(crate) fn json(name: &str, file_name: impl Into<String>, text: String) -> Output {
        Output::new(name, "application/json", file_name, text.into_bytes())
    }

    /// An output of any type.
    pub(crate) fn new(
        name: &str,
        media: &'static str,
        file_name: impl Into<String>,
        bytes: Vec<u8>,
    ) -> Output {
        Output { name: name.to_owned(), media, file_name: file_name.into(), bytes }
    }
}

/// A text without its colours for a terminal.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
