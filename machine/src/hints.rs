//! Hints: what may explain a loss, or why a driver does not start.
//!
//! A hint is a fact of the run and no verdict. This file owns the facts that become hints, and
//! their words.

use std::fmt;

use hw_mpu401::Mode;
use portcls_emulator::UnclaimedAccesses;
use serde::Serialize;

/// A fact that may explain a loss, or why a driver does not start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Hint {
    /// The card was in intelligent mode when the song was over, or when the run stopped before.
    NoUartMode,
    /// More bytes came than the song has.
    ForeignBytes {
        /// How many more bytes.
        bytes: u64,
    },
    /// The driver accessed ports that no device has.
    UnclaimedPorts {
        /// How many accesses there were.
        accesses: u64,
        /// The port of the first access.
        first_port: u16,
    },
}

impl Hint {
    /// The hint about accesses to ports that no device has.
    pub(crate) fn of_unclaimed(unclaimed: Option<UnclaimedAccesses>) -> Option<Hint> {
        unclaimed.map(|UnclaimedAccesses { count, first_port }| Hint::UnclaimedPorts {
            accesses: count,
            first_port,
        })
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: u64, one: &str, many: &str| match count {
            1 => format!("1 {one} was"),
            _ => format!("{count} {many} were"),
        };
        match *self {
            Hint::NoUartMode => {
                write!(
                    f,
                    "at the end the card was in intelligent mode: the driver did not enter UART \
                     mode, or left it"
                )
            }
            Hint::ForeignBytes { bytes } => {
                write!(f, "{} not in the song", counted(bytes, "byte", "bytes"))
            }
            Hint::UnclaimedPorts { accesses, first_port } => write!(
                f,
                "{} to ports that no card has, the first to port {first_port:X}",
                counted(accesses, "access", "accesses")
            ),
        }
    }
}

/// How much of a song came through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Passage {
    /// Bytes of the song.
    pub song_bytes: u64,
    /// How many bytes of the song came through unchanged and in order.
    pub passed_bytes: u64,
    /// How many more bytes came than the song has.
    pub foreign_bytes: u64,
}

/// The hints for a run. If every byte of the song and no other byte came, there are none.
///
/// `mode` is the card's mode at the end of the song, or at the stop of a run that ended before.
/// `None` when the song did not begin.
pub(crate) fn hints(
    passage: Passage,
    mode: Option<Mode>,
    unclaimed: Option<UnclaimedAccesses>,
) -> Vec<Hint> {
    let Passage { song_bytes, passed_bytes, foreign_bytes } = passage;
    if passed_bytes == song_bytes && foreign_bytes == 0 {
        return Vec::new();
    }
    let no_uart_mode = (mode == Some(Mode::Intelligent)).then_some(Hint::NoUartMode);
    let foreign = (foreign_bytes > 0).then_some(Hint::ForeignBytes { bytes: foreign_bytes });
    [no_uart_mode, foreign, Hint::of_unclaimed(unclaimed)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_has_hints_and_a_complete_run_has_none() {
        let unclaimed = Some(UnclaimedAccesses { count: 1, first_port: 0x332 });
        let told = |passed_bytes, foreign_bytes, mode| -> Vec<String> {
            let passage = Passage { song_bytes: 3, passed_bytes, foreign_bytes };
            hints(passage, mode, unclaimed).iter().map(Hint::to_string).collect()
        };
        assert_eq!(told(3, 0, Some(Mode::Intelligent)), [""; 0]);
        let port = "1 access was to ports that no card has, the first to port 332";
        assert_eq!(
            told(0, 0, Some(Mode::Intelligent)),
            [
                "at the end the card was in intelligent mode: the driver did not enter UART mode, \
              or left it",
                port
            ]
        );
        assert_eq!(told(3, 47, Some(Mode::Uart)), ["47 bytes were not in the song", port]);
        assert_eq!(told(0, 0, None), [port]);
    }
}
