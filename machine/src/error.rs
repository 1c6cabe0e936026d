//! What can go wrong with a machine: what, where, and how to mend it.

use std::fmt;

use portcls_emulator::{NtStatus, RefusedCall, Stop};

use crate::hints::Hint;
use crate::pin_format::PinFormat;

/// An error of the machine, its driver or its application.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MachineError {
    /// No card has this name.
    #[error("there is no card '{name}'; {hint}")]
    UnknownCard {
        /// The name.
        name: String,
        /// The card that was probably meant, or all names of cards.
        hint: String,
    },
    /// No driver has this name.
    #[error("there is no driver '{name}'; {hint}")]
    UnknownDriver {
        /// The name.
        name: String,
        /// The driver that was probably meant, or all names of drivers.
        hint: String,
    },
    /// A driver's file cannot be run.
    #[error("the driver {name}: {reason}")]
    DriverFile {
        /// The driver.
        name: String,
        /// What is wrong with the file.
        reason: String,
    },
    /// There is no compiled code that a debugger could show.
    #[error("the driver {name} is not a .sys file: give one with --driver PATH.sys")]
    NotDebuggable {
        /// The driver.
        name: String,
    },
    /// A register of the card would lie above port FFFF.
    #[error("port {port:X} is out of range: use 0 to FFFE, in hexadecimal")]
    BadPort {
        /// The base port.
        port: u32,
    },
    /// There is no such interrupt line.
    #[error("irq {irq} is out of range: use 2 to 15 (2 means 9, as on a PC)")]
    BadIrq {
        /// The line.
        irq: u32,
    },
    /// A list of resources that no device can have.
    #[error("{}: {what}; {hint}", resource.as_ref().map_or(
        "the list of resources".to_owned(),
        |resource| format!("the resource {resource}"),
    ))]
    BadResource {
        /// The resource, as `--resource` names it; `None` when the list lacks a resource.
        resource: Option<String>,
        /// What is wrong.
        what: String,
        /// What to write instead.
        hint: String,
    },
    /// A registry value that no registry can hold.
    #[error("the registry value {name}: {what}; {hint}")]
    BadRegistryValue {
        /// The path and the name of the value below its key, shortened.
        name: String,
        /// What is wrong.
        what: &'static str,
        /// What is possible.
        hint: &'static str,
    },
    /// No configuration of an INF can be taken.
    #[error("the INF's section [{section}]{}: {what}; {remedy}", at_line(*.line))]
    InfResources {
        /// The section of LogConfig.
        section: String,
        /// The line of the INF that names the resource; `None` when the fault is not in a single
        /// resource.
        line: Option<usize>,
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: InfRemedy,
    },
    /// The cards cannot be in one machine.
    #[error("{what}; {hint}")]
    CardsClash {
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The driver did not start.
    #[error(
        "the driver refuses to start: {stage} answered {status}{}{}",
        because(*.status, .cause),
        with_hint(.hint)
    )]
    DriverRefused {
        /// The call of the driver that failed.
        stage: &'static str,
        /// The status of the call.
        status: NtStatus,
        /// The refused call of the driver that most likely made it give up.
        cause: Option<RefusedCall>,
        /// What else may explain the refusal.
        hint: Option<Hint>,
    },
    /// The application found no pin with the wanted use and format.
    #[error(
        "no filter of the driver has a {wanted} pin for {format} that a client can open{}{}",
        but_for(*.has_other, *.format),
        because(NtStatus::SUCCESS, .cause)
    )]
    NoPin {
        /// The use that the application looks for.
        wanted: &'static str,
        /// The format with which the application would open the pin.
        format: PinFormat,
        /// True when the driver has a pin for this use with the other format.
        has_other: bool,
        /// The refused call of the driver that is most likely the reason why it has no such pin.
        cause: Option<RefusedCall>,
    },
    /// The pin that was chosen is not there, or the application cannot use it.
    #[error("{problem}; {known}")]
    WrongPin {
        /// What is wrong with the choice.
        problem: String,
        /// The filters or pins that the user can choose.
        known: String,
    },
    /// A request to the device stack failed. It came from the application, the Plug and Play
    /// manager or the power manager.
    #[error("{request} failed with {status}")]
    Request {
        /// The request.
        request: &'static str,
        /// The status that answered the request.
        status: NtStatus,
    },
    /// The card sent more bytes on MIDI OUT than a run keeps.
    #[error(
        "{unlisted} bytes left on MIDI OUT after the {listed} that are kept to be compared: \
         play it in parts"
    )]
    SentListFull {
        /// Bytes that are kept.
        listed: usize,
        /// Bytes that came after the kept bytes.
        unlisted: u64,
    },
    /// The machine stopped.
    #[error("{0}")]
    Stopped(#[from] Stop),
}

/// What the user can do when no configuration of an INF can be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InfRemedy {
    /// Another port, or a list of resources.
    PortOrResources,
    /// Another interrupt line, or a list of resources.
    LineOrResources,
    /// A list of resources.
    Resources,
}

impl InfRemedy {
    /// The keys of a scenario, and of a job of the lab, with which the user applies the remedy.
    #[must_use]
    pub fn keys(self) -> &'static str {
        match self {
            InfRemedy::PortOrResources => "`port` or `resources`",
            InfRemedy::LineOrResources => "`irq` or `resources`",
            InfRemedy::Resources => "`resources`",
        }
    }
}

impl fmt::Display for InfRemedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InfRemedy::PortOrResources => "choose its port, or name the resources of the device",
            InfRemedy::LineOrResources => "choose its line, or name the resources of the device",
            InfRemedy::Resources => "name the resources of the device",
        })
    }
}

fn at_line(line: Option<usize>) -> String {
    line.map_or(String::new(), |line| format!(", line {line}"))
}

/// The words about a pin with the other format, if there is one.
fn but_for(has_other: bool, wanted: PinFormat) -> String {
    if has_other { format!(", but there is one for {}", wanted.other()) } else { String::new() }
}

fn with_hint(hint: &Option<Hint>) -> String {
    hint.map_or_else(String::new, |hint| format!("; {hint}"))
}

/// The words about the refused call that explains a status, if one does.
fn because(status: NtStatus, cause: &Option<RefusedCall>) -> String {
    match cause {
        None => String::new(),
        Some(RefusedCall { routine, what, status: answer, .. }) => {
            let object = if what.is_empty() { "its call" } else { what };
            if *answer == status {
                format!(", most likely because {routine} refused {object}")
            } else {
                format!("; earlier, {routine} refused {object} with {answer}")
            }
        }
    }
}

/// Names in the form of an error's text: `a, b and c`.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
