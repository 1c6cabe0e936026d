//! A scenario after its reader has checked it.
//!
//! This file owns the machine, the steps and the expectations in the form that a run needs.

use std::sync::Arc;

use hw_mpu401::Fault as CardFault;
use portcls_emulator::choice::Choice;
use portcls_emulator::{Irql, NtStatus};
use portcls_midi_file::Song;
use portcls_port::ks::KsState;

use super::file::{ExpectTable, PnpWord, PowerWord};
use super::golden::GoldenSettings;
use super::pattern::Pattern;
use super::values::Wait;
use crate::builder::MachineBuilder;
use crate::cable::Sender;
use crate::midi_pin::PinUse;
use crate::pin_choice::PinChoice;
use crate::pin_format::PinFormat;

/// Everything that a run needs.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub builder: MachineBuilder,
    pub start: Start,
    pub steps: Vec<Step>,
    /// The names of the pins, in the order in which steps open them.
    pub pins: Vec<PinName>,
    pub expect: Expect,
    pub golden: Option<GoldenSettings>,
}

/// When the driver starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Start {
    /// Before the first step.
    BeforeSteps,
    /// The first step that is not a fault starts the driver.
    FirstStep,
}

/// A pin that a step opens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PinName {
    pub id: String,
    pub pin_use: PinUse,
}

/// A step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The line in the file, from 1.
    pub line: usize,
    /// The key that names the action.
    pub verb: &'static str,
    /// The time of the step in ns, and the moment from which it counts.
    pub at: Option<(u64, Since)>,
    /// The status that the step must get, if the scenario names one.
    pub status: Option<NtStatus>,
    pub action: Action,
}

/// The moment from which a time counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Since {
    /// The last mark that a step put: a mark step, or the end mark of a hold. Before the first such
    /// mark, power-on.
    Mark,
    /// Power-on.
    PowerOn,
}

/// The action of a step. An action names a pin by its index in [`Plan::pins`], and a card by its
/// index in the machine.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Open {
        pin: usize,
        card: usize,
        choice: Option<PinChoice>,
        format: PinFormat,
    },
    State {
        pin: usize,
        state: KsState,
    },
    Mark(String),
    WriteNow {
        pin: usize,
        bytes: Vec<u8>,
    },
    /// Messages of one buffer, with their times on the pin's clock in ns.
    WriteBuffer {
        pin: usize,
        messages: Vec<(u64, Vec<u8>)>,
    },
    Play {
        pin: usize,
        song: Arc<Song>,
    },
    /// Bytes into MIDI IN, back to back.
    Send {
        card: usize,
        sender: Sender,
        bytes: Vec<u8>,
    },
    /// Messages into MIDI IN, at their times. The times count from the beginning of the step.
    SendSong {
        card: usize,
        sender: Sender,
        song: Arc<Song>,
    },
    Requests {
        pin: usize,
        count: u32,
        refill: Refill,
    },
    Read {
        pin: usize,
        count: usize,
        within_ns: u64,
    },
    Cancel {
        pin: usize,
    },
    Close {
        pin: usize,
    },
    Hold {
        level: Irql,
        time_us: u64,
        end_mark: Option<String>,
    },
    Wait {
        wait: Wait,
        pin: Option<usize>,
        within_ns: u64,
    },
    Pnp {
        card: usize,
        request: PnpWord,
    },
    Power {
        card: usize,
        state: PowerWord,
    },
    Vanish {
        card: usize,
        in_ns: u64,
    },
    Fault(Fault),
    /// A fault of a card. The fault hits the next `bytes` bytes of the kind that it can hit.
    CardFault {
        card: usize,
        fault: CardFault,
        bytes: u32,
    },
}

/// Whether completed read requests are queued again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refill {
    No,
    Yes,
}

/// A choice of the kernel, and the answer that it gets instead of the usual one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub choice: Choice,
    /// The number of the answer.
    pub answer: u32,
    /// How many questions about the choice get the usual answer before the fault.
    pub skip: u32,
    /// How many questions after the skipped ones get this answer.
    pub times: u32,
}

/// The expectations, with their patterns parsed.
#[derive(Clone, Debug)]
pub(super) struct Expect {
    pub table: ExpectTable,
    pub order: Vec<Pattern>,
    pub never: Vec<Pattern>,
    pub times: Vec<Pattern>,
}

impl Expect {
    /// True when the scenario has an expectation of its own. The expected statuses of steps do not
    /// count here.
    pub fn is_some_named(&self) -> bool {
        let table = &self.table;
        let ExpectTable { wire_out, wire_out_count, read, read_count, lost, leaks, .. } = table;
        let has_bytes = wire_out.is_some() || read.is_some();
        let counts = [wire_out_count, read_count, lost, leaks];
        has_bytes
            || counts.into_iter().any(Option::is_some)
            || !(table.status.is_empty() && table.violations.is_empty())
            || !(table.dpcs.is_empty() && table.isrs.is_empty())
            || !(self.order.is_empty() && self.never.is_empty() && self.times.is_empty())
            || table.refused.is_some()
            || table.bug_check.is_some()
            || table.hang.is_some()
            || !(table.card.is_empty() && table.pin.is_empty())
    }
}
