//! A list of answers: what an oracle must answer to repeat a run.
//!
//! This file makes a list of answers from a trace. It also reads and writes the text of a list.
//! [`AnswersError`] has the errors of all these tasks. The text `allocation:3=1,interrupt:12=2`
//! says that question 3 of `allocation` has answer 1, and question 12 of `interrupt` has answer 2.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{Choice, Question};
use crate::trace::{Event, TraceLog};

/// A list has at most this number of answers.
pub const MOST_ANSWERS: usize = 1 << 20;

/// An answer with its question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answered {
    /// The question.
    pub question: Question,
    /// The number of the answer.
    pub answer: u32,
}

/// The answers of a run that are not 0. They are sorted by choice, then by the number of the
/// question.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answers(BTreeMap<(Choice, u64), u32>);

/// Why a trace or a text gives no list of answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnswersError {
    /// Events are missing in the trace, so answers may be missing too.
    TraceIsCut {
        /// The number of missing events.
        dropped: u64,
    },
    /// The text names a choice that is not in the register.
    UnknownChoice {
        /// The unknown id.
        id: String,
    },
    /// The choice has no answer with this number, or the number is 0. A list never has the answer
    /// 0.
    NoSuchAnswer {
        /// The choice.
        choice: Choice,
        /// The number.
        answer: u32,
    },
    /// One question has two answers.
    Twice(Question),
    /// A part of the text is not an answer.
    Unreadable {
        /// The part.
        text: String,
    },
    /// There are more answers than [`MOST_ANSWERS`].
    TooMany,
}

impl fmt::Display for AnswersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswersError::TraceIsCut { dropped } => write!(
                f,
                "{dropped} events of the trace were not held, and answers may be among them; \
                 take the trace again with a higher limit"
            ),
            AnswersError::UnknownChoice { id } => {
                let known = Choice::ALL.map(Choice::id).join(", ");
                write!(f, "there is no choice '{id}'; there are {known}")
            }
            AnswersError::NoSuchAnswer { choice, answer } => write!(
                f,
                "'{}' has no answer {answer} to repeat; it has 1 to {}",
                choice.id(),
                choice.answers().len() - 1
            ),
            AnswersError::Twice(Question { choice, ordinal }) => write!(
                f,
                "question {ordinal} of '{}' has two answers; keep one of them",
                choice.id()
            ),
            AnswersError::Unreadable { text } => write!(
                f,
                "'{text}' is no answer; write CHOICE:QUESTION=ANSWER, as in allocation:3=1"
            ),
            AnswersError::TooMany => {
                write!(f, "a list has at most {MOST_ANSWERS} answers; repeat a shorter run")
            }
        }
    }
}

impl std::error::Error for AnswersError {}

impl Answers {
    /// The answers in a trace.
    ///
    /// # Errors
    /// All of [`AnswersError`] except `Unreadable`.
    pub fn of_trace(log: &TraceLog) -> Result<Answers, AnswersError> {
        if log.dropped() > 0 {
            return Err(AnswersError::TraceIsCut { dropped: log.dropped() });
        }
        let mut answers = Answers::default();
        for event in log.events() {
            if let Event::Choice { choice, ordinal, answer, .. } = event.event {
                let choice = choice_of(log.name(choice))?;
                answers.add(Answered { question: Question { choice, ordinal }, answer })?;
            }
        }
        Ok(answers)
    }

    /// Adds an answer.
    ///
    /// # Errors
    /// [`AnswersError::NoSuchAnswer`], [`AnswersError::Twice`] or [`AnswersError::TooMany`].
    pub fn add(&mut self, Answered { question, answer }: Answered) -> Result<(), AnswersError> {
        let Question { choice, ordinal } = question;
        if answer == 0 || answer as usize >= choice.answers().len() {
            return Err(AnswersError::NoSuchAnswer { choice, answer });
        }
        if self.0.len() >= MOST_ANSWERS {
            return Err(AnswersError::TooMany);
        }
        match self.0.insert((choice, ordinal), answer) {
            None => Ok(()),
            Some(_) => Err(AnswersError::Twice(question)),
        }
    }

    /// Every answer, in order.
    pub fn iter(&self) -> impl Iterator<Item = Answered> + '_ {
        self.0.iter().map(|(&(choice, ordinal), &answer)| Answered {
            question: Question { choice, ordinal },
            answer,
        })
    }

    /// The number of answers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when the list has no answer: every question of the run has answer 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the answer to a question out of the list.
    pub(super) fn take(&mut self, question: &Question) -> Option<u32> {
        self.0.remove(&(question.choice, question.ordinal))
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Answered { question, answer }) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}:{}={answer}", question.choice.id(), question.ordinal)?;
        }
        Ok(())
    }
}

impl FromStr for Answers {
    type Err = AnswersError;

    /// Reads a text that `Display` wrote. The empty text is the empty list.
    fn from_str(text: &str) -> Result<Answers, AnswersError> {
        let mut answers = Answers::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            answers.add(read_answered(part)?)?;
        }
        Ok(answers)
    }
}

fn read_answered(part: &str) -> Result<Answered, AnswersError> {
    let unreadable = || AnswersError::Unreadable { text: part.to_owned() };
    let (id, numbers) = part.split_once(':').ok_or_else(unreadable)?;
    let (ordinal, answer) = numbers.split_once('=').ok_or_else(unreadable)?;
    let choice = choice_of(id)?;
    let ordinal = ordinal.parse().map_err(|_| unreadable())?;
    let answer = answer.parse().map_err(|_| unreadable())?;
    Ok(Answered { question: Question { choice, ordinal }, answer })
}

fn choice_of(id: &str) -> Result<Choice, AnswersError> {
    Choice::from_id(id).ok_or_else(|| AnswersError::UnknownChoice { id: id.to_owned() })
}
