//! The results of register scripts on cards.
//!
//! `text` writes the results for people, `facts` for programs.

mod facts;
mod text;

use std::str;

use portcls_machine::card_bench::ops::{OpsError, RunReport, Verdict};

use crate::exit::Exit;

pub use facts::Facts;
pub use text::report as text;

/// The longest script in bytes.
pub const MAX_SCRIPT_BYTES: usize = 1 << 24;

/// Where the user named a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// On the command line.
    Named,
    /// In a folder that is on the command line.
    InFolder,
}

/// The results of a file.
pub struct FileResult {
    /// The name of the file for messages.
    pub name: String,
    /// Where the user named it.
    pub place: Place,
    /// A run for each card; or the reason why the file cannot be read or is not a script.
    pub runs: Result<Vec<RunReport>, Invalid>,
}

/// Why a file cannot be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invalid {
    /// The whole message, with the name of the file.
    pub message: String,
    /// The line, from 1; `None` if the fault is not in a line of a script.
    pub line: Option<usize>,
    /// The column, from 1; `None` without a line.
    pub column: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Invalid {
    /// A fault that is not in a line of a script, such as a file that cannot be read.
    #[must_use]
    pub fn new(message: String) -> Invalid {
        Invalid { what: message.clone(), message, line: None, column: None, hint: None }
    }
}

impl From<OpsError> for Invalid {
    fn from(error: OpsError) -> Invalid {
        let message = error.to_string();
        let OpsError { line, column, what, hint, .. } = error;
        Invalid { message, line: Some(line), column: Some(column), what, hint: Some(hint) }
    }
}

/// The verdict on a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileVerdict {
    /// All expectations were met.
    Passed,
    /// An expectation was not met.
    Failed,
    /// The script expected nothing of the cards.
    NothingChecked,
    /// No scenario of the script is meant for a card on which the script ran.
    NotMeant,
    /// The file cannot be read or is not a script.
    Invalid,
}

impl FileVerdict {
    /// The verdict as a word, for the JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NothingChecked => "nothing-checked",
            Self::NotMeant => "not-meant",
            Self::Invalid => "invalid",
        }
    }
}

impl FileResult {
    /// The verdict on the file, from its runs on all cards.
    #[must_use]
    pub fn verdict(&self) -> FileVerdict {
        let Ok(runs) = &self.runs else { return FileVerdict::Invalid };
        let has = |verdict| runs.iter().any(|run| run.verdict() == verdict);
        let mut scenarios = runs.iter().flat_map(|run| &run.scenarios);
        if has(Verdict::Failed) {
            FileVerdict::Failed
        } else if has(Verdict::Passed) {
            FileVerdict::Passed
        } else if scenarios.any(|scenario| scenario.lines.is_some()) {
            FileVerdict::NothingChecked
        } else {
            FileVerdict::NotMeant
        }
    }

    /// True if the file passed, or if it comes from a folder and no scenario of it is meant for the
    /// card.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self.verdict() {
            FileVerdict::Passed => true,
            FileVerdict::NotMeant => self.place == Place::InFolder,
            FileVerdict::Failed | FileVerdict::NothingChecked | FileVerdict::Invalid => false,
        }
    }
}

/// The exit code of the program. A file that checked nothing counts as a failed check. So does a
/// run of the program in which no file passed.
#[must_use]
pub fn exit(results: &[FileResult]) -> Exit {
    let has = |verdict| results.iter().any(|result| result.verdict() == verdict);
    if has(FileVerdict::Invalid) {
        Exit::BadFile
    } else if results.iter().all(FileResult::is_good) && has(FileVerdict::Passed) {
        Exit::Good
    } else {
        Exit::CheckFailed
    }
}

/// Reads the bytes as text, and refuses text that is not safe on a terminal. A report prints lines
/// of this text, so the text must be safe.
///
/// # Errors
/// [`OpsError`] with the first byte or character that is not text.
///
/// # Panics
/// Never: the bytes before the first wrong byte are text.
pub fn script_text<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, OpsError> {
    let not_text = |before: &str, what: String| {
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Err(OpsError {
            file: name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what,
            hint: "save the script as plain text in UTF-8".to_owned(),
        })
    };
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let (before, rest) = bytes.split_at(error.valid_up_to());
            let before = str::from_utf8(before).expect("valid up to here");
            return not_text(before, format!("the byte {:02X} is no text", rest[0]));
        }
    };
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\r' | '\n');
    match text.char_indices().find(|&(_, letter)| is_odd(letter)) {
        Some((at, letter)) => {
            let number = u32::from(letter);
            not_text(&text[..at], format!("the control character {number:02X} is no text"))
        }
        None => Ok(text),
    }
}
