//! The exit codes of the program.

use portcls_machine::MachineError;

/// The exit code of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// All went well, or `--until` was reached.
    Good = 0,
    /// A check failed or checked nothing, bytes were lost or came from nowhere, a part of the file
    /// was left out, a request failed, or the driver refused to start.
    CheckFailed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A file cannot be read, played or written, or a debugger's connection broke.
    BadFile = 3,
    /// The driver ended in a bug check, a hang or a panic.
    DriverDied = 4,
    /// The driver broke a documented rule, or left something behind.
    RuleBroken = 5,
    /// A fault of this program.
    OwnFault = 70,
}

impl Exit {
    /// The exit code of a program whose parts ended with these codes. The worst code counts. A file
    /// that is not valid is worse than any other end.
    #[must_use]
    pub fn worst(ends: impl IntoIterator<Item = Exit>) -> Exit {
        const WORST_FIRST: [Exit; 4] =
            [Exit::BadFile, Exit::DriverDied, Exit::RuleBroken, Exit::CheckFailed];
        let ends: Vec<Exit> = ends.into_iter().collect();
        WORST_FIRST.into_iter().find(|exit| ends.contains(exit)).unwrap_or(Exit::Good)
    }

    /// The word for this exit code in the JSON of a verb that failed.
    #[must_use]
    pub fn outcome(self) -> &'static str {
        match self {
            Exit::Good => "good",
            Exit::CheckFailed => "refused",
            Exit::Usage => "usage",
            Exit::BadFile => "bad-file",
            Exit::DriverDied => "driver-died",
            Exit::RuleBroken => "rule-broken",
            Exit::OwnFault => "own-fault",
        }
    }
}

impl From<&MachineError> for Exit {
    /// The exit code of a verb when its machine cannot be built or its driver does not start.
    fn from(error: &MachineError) -> Exit {
        match error {
            MachineError::NotDebuggable { .. }
            | MachineError::WrongPin { .. }
            | MachineError::BadResource { .. }
            | MachineError::InfResources { .. }
            | MachineError::CardsClash { .. } => Exit::Usage,
            MachineError::DriverFile { .. } | MachineError::BadRegistryValue { .. } => {
                Exit::BadFile
            }
            MachineError::Stopped(_) => Exit::DriverDied,
            _ => Exit::CheckFailed,
        }
    }
}
