//! The result of a step, and its text.

use std::fmt::Write;

use hw_mpu401::InterruptCauses;

use super::action::Action;
use super::bench::Sent;
use super::expectation::{Expectation, Expected, Level, PollEnd};
use super::text::{MOST_BYTES, bytes_beside, bytes_text, causes_text, us};

/// The result of a step.
#[derive(Debug)]
pub(super) enum Got {
    Nothing,
    Byte(u8),
    Poll { end: PollEnd, reads: u32 },
    Drained(Vec<u8>),
    Wire(Vec<Sent>),
    Line(Level),
    Causes(InterruptCauses),
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

    /// The result of the step in the form of the expected result. Of the times, only those that the
    /// expectation is about.
    pub fn words(&self, wanted: &Expectation, start_ns: u64, end_ns: u64) -> String {
        let mut text = match (self.bytes(), &wanted.result) {
            (Some(bytes), Expected::Count { .. }) => format!("count {}", bytes.len()),
            (Some(bytes), Expected::Bytes(wanted)) if !bytes.is_empty() => {
                bytes_beside(&bytes, wanted)
            }
            _ => self.result().unwrap_or_default(),
        };
        if !wanted.starts.is_empty() {
            let gaps = self.start_gaps();
            let shown: Vec<String> = gaps.iter().take(MOST_BYTES).map(|gap| us(*gap)).collect();
            let _ = write!(text, " starts {}", shown.join(" "));
        }
        if wanted.pace.is_some() {
            let paces = self.paces();
            match paces.iter().min().zip(paces.iter().max()) {
                Some((least, most)) => {
                    let _ = write!(text, " pace {}..{}", us(*least), us(*most));
                }
                None => text.push_str(" without a pace: fewer than two bytes"),
            }
        }
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

    /// The bytes of a step whose result is a list of bytes; `None` for any other step.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Drained(bytes) => Some(bytes.clone()),
            Self::Wire(sent) => Some(sent.iter().map(|sent| sent.byte).collect()),
            _ => None,
        }
    }

    /// When each byte began on MIDI OUT, in ns: the first one counted from `init`, each further one
    /// from the beginning of the byte before it.
    pub fn start_gaps(&self) -> Vec<u64> {
        let Self::Wire(sent) = self else { return Vec::new() };
        let starts = || sent.iter().map(|sent| sent.start_ns);
        let before = std::iter::once(0).chain(starts());
        starts().zip(before).map(|(start_ns, before_ns)| start_ns - before_ns).collect()
    }

    /// The times from one start on MIDI OUT to the next, in ns.
    pub fn paces(&self) -> Vec<u64> {
        self.start_gaps().split_off(1.min(self.start_gaps().len()))
    }

    /// The result in the words of a script; `None` if the step has none.
    pub fn result(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => return None,
            Self::Byte(byte) => format!("{byte:02X}"),
            Self::Poll { end, .. } => end.to_string(),
            Self::Drained(_) | Self::Wire(_) => bytes_text(&self.bytes()?),
            Self::Line(level) => level.to_string(),
            Self::Causes(causes) => causes_text(*causes),
        })
    }
}
