//! The result of a step, and its text.

use std::fmt::Write;

use super::action::Action;
use super::expectation::{Expectation, Expected, Level, PollEnd};
use super::text::{bytes_beside, bytes_text, us};

/// The result of a step.
#[derive(Debug)]
pub(super) enum Got {
    Nothing,
    Byte(u8),
    Poll { end: PollEnd, reads: u32 },
    Wire(Vec<u8>),
    Line(Level),
}

impl Got {
    /// The step and its result in the words of a script.
    pub fn line(&self, action: &Action) -> String {
        let mut text = action.to_string();
        if let Some(result) = self.result() {
            // Writing to a String cannot fail.
            let _ = write!(text, " -> {result}");
        }
        text
    }

    /// The result of the step, but only the part that the expectation is about.
    pub fn words(&self, wanted: &Expectation, start_ns: u64, end_ns: u64) -> String {
        let mut text = match (self, &wanted.result) {
            (Self::Wire(bytes), Expected::Count { .. }) => format!("count {}", bytes.len()),
            (Self::Wire(bytes), Expected::Bytes(wanted)) if !bytes.is_empty() => {
                bytes_beside(bytes, wanted)
            }
            _ => self.result().unwrap_or_default(),
        };
        // Writing to a String cannot fail.
        if wanted.within.is_some() {
            let _ = write!(text, " at {}", us(end_ns));
        }
        if wanted.took.is_some() {
            let _ = write!(text, " after {}", us(end_ns - start_ns));
        }
        text
    }

    /// The number of reads of a poll; 0 if the step is not a poll.
    pub fn reads(&self) -> u32 {
        match self {
            Self::Poll { reads, .. } => *reads,
            _ => 0,
        }
    }

    fn result(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => return None,
            Self::Byte(byte) => format!("{byte:02X}"),
            Self::Poll { end, .. } => end.to_string(),
            Self::Wire(bytes) => bytes_text(bytes),
            Self::Line(level) => level.to_string(),
        })
    }
}
