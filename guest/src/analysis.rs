//! The report of a failed driver: what happened, where, and what came before.
//!
//! The form is the form of `!analyze -v`, which driver developers know; the words are our own. The
//! report is made at the moment of the stop, while the driver's frames are still on the stack
//! ([`watch_guest`]). The report holds only facts: [`Analysis`]'s `Display` makes the text, and its
//! `Serialize` makes the JSON. The caller adds the last events of the trace, because this crate
//! cannot print a trace.
//!
//! The report of a Rust driver has no registers, no code and no stack. So it does not know the
//! instruction that failed. It has all other facts of the report of a compiled driver.
//!
//! This circular dependency stays: `bucket.rs` and `text.rs` read the whole report, which is
//! declared here. `bucket.rs` makes one field of the report, the name, from the other fields.

mod bucket;
mod context;
mod hex;
mod stack;
mod text;

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{BugCheck, Inspection, Irql, Kernel, Stop};
use serde::Serialize;

use crate::guest::Guest;
use portcls_driver_file::symbols::{Place, Symbols};

pub use context::{CodeLine, GuestContext, RegisterValue, StackLine};
pub use hex::Hex;

/// The version of the JSON form. The version goes up when a field is removed or changes its
/// meaning; new fields may come without a new version.
pub const FORMAT_VERSION: u32 = 1;

/// The number of the trace's last events that a report shows.
pub const EVENTS_SHOWN: usize = 30;

/// The facts about a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// [`FORMAT_VERSION`].
    pub version: u32,
    /// The kind of end.
    pub kind: Kind,
    /// The bug check, if the run ended in a bug check.
    pub bug_check: Option<BugCheckReport>,
    /// The event in one sentence.
    pub what_happened: String,
    /// What this kind of failure means, and where the driver's developer can look for the cause.
    pub description: String,
    /// The driver: the file's name without `.sys`.
    pub module: String,
    /// The time of the failure in ns of simulated time.
    pub time_ns: u64,
    /// The IRQL of the processor at the failure.
    pub irql: IrqlReport,
    /// What the processor ran: a thread, a DPC, a service routine.
    pub running: String,
    /// The driver's instruction that failed, or the driver's instruction that called the failed
    /// routine. `None` for a Rust driver, and if no driver code is on the stack.
    pub location: Option<Place>,
    /// The name of the failure. The same failure at the same place has the same name, in every run
    /// and every build of this program.
    pub failure_bucket_id: String,
    /// A hash of the name.
    pub failure_id_hash: Hex,
    /// Registers, code and stack of a compiled driver.
    #[serde(flatten)]
    pub context: Option<GuestContext>,
    /// The last events of the trace, oldest first, in the form of the trace's text.
    pub events: Vec<String>,
    /// In a hang, what each device on the bus tells of its state, in lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// In a hang, what waits in the kernel, in lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    /// The files of symbols that could not be used completely, and why.
    pub notes: Vec<String>,
}

/// The kind of end that a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A bug check.
    BugCheck,
    /// A wait or a loop that nothing can end, or that passed its limit.
    Hang,
    /// A Rust driver panicked.
    DriverFailure,
    /// The driver needs something that the emulator does not have.
    Unsupported,
}

/// A bug check with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BugCheckReport {
    /// The code.
    pub code: Hex,
    /// The symbolic name.
    pub name: String,
    /// The four parameters.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a bug check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// The value.
    pub value: Hex,
    /// The meaning of the parameter, and of this value.
    pub meaning: String,
}

/// A level with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IrqlReport {
    /// The number.
    pub level: u8,
    /// The name.
    pub name: String,
}

/// Holds the report from the failure on.
#[derive(Debug, Clone, Default)]
pub struct Watch(Rc<RefCell<Option<Analysis>>>);

impl Watch {
    /// The report, if the run ended in a failure.
    #[must_use]
    pub fn analysis(&self) -> Option<Analysis> {
        self.0.borrow().clone()
    }
}

/// Watches a run of a compiled driver. If the run fails, the report is made at that moment.
///
/// `symbols` is only called at a stop, because reading symbols may take longer than the run.
pub fn watch_guest(guest: &Guest, symbols: impl Fn() -> Symbols + 'static) -> Watch {
    // The reference is weak, because the kernel holds its observer, and the guest holds the kernel.
    // With a strong reference none of the three would ever be freed.
    let state = Rc::downgrade(&guest.0);
    observe(guest.kernel(), move |kernel, stop| {
        let guest = Guest(state.upgrade()?);
        analyze(kernel, stop, Driver::Compiled { guest: &guest, symbols: &symbols })
    })
}

/// Watches a run of a Rust driver. If the run fails, the report is made at that moment.
pub fn watch_native(kernel: &Kernel, module: &str) -> Watch {
    let module = module.to_owned();
    observe(kernel, move |kernel, stop| analyze(kernel, stop, Driver::Native(&module)))
}

fn observe(
    kernel: &Kernel,
    report: impl Fn(&Kernel, &Stop) -> Option<Analysis> + 'static,
) -> Watch {
    let watch = Watch::default();
    let kept = watch.clone();
    kernel.observe_stop(Rc::new(move |kernel, stop| {
        *kept.0.borrow_mut() = report(kernel, stop);
    }));
    watch
}

/// The driver that failed.
#[derive(Clone, Copy)]
enum Driver<'a> {
    Compiled { guest: &'a Guest, symbols: &'a dyn Fn() -> Symbols },
    Native(&'a str),
}

/// Makes the report of a stop; `None` for a stop that is not a failure. Registers and stack are
/// only right while the driver's frames are still on the stack.
fn analyze(kernel: &Kernel, stop: &Stop, driver: Driver<'_>) -> Option<Analysis> {
    let (kind, bug_check) = match stop {
        Stop::BugCheck(bug) => (Kind::BugCheck, Some(bug)),
        Stop::Hang(_) => (Kind::Hang, None),
        Stop::DriverFailure { .. } => (Kind::DriverFailure, None),
        Stop::Unsupported { .. } => (Kind::Unsupported, None),
        _ => return None,
    };
    let irql = bug_check.map_or_else(|| kernel.current_irql(), |bug| bug.irql);
    let (module, context, notes) = match driver {
        Driver::Compiled { guest, symbols } => {
            let symbols = symbols();
            let context = context::read(guest, &symbols);
            (symbols.module().to_owned(), context, symbols.notes().to_vec())
        }
        Driver::Native(module) => (module.to_owned(), None, Vec::new()),
    };
    let location = context.as_ref().and_then(GuestContext::location);
    let mut analysis = Analysis {
        version: FORMAT_VERSION,
        kind,
        bug_check: bug_check.map(report_bug_check),
        what_happened: what_happened(stop),
        description: description(kind, bug_check).to_owned(),
        module,
        time_ns: stop.time_ns(),
        irql: IrqlReport { level: irql.0, name: irql_name(irql) },
        running: kernel.describe_running(kernel.running()),
        location,
        failure_bucket_id: String::new(),
        failure_id_hash: Hex(0),
        context,
        events: Vec::new(),
        devices: Vec::new(),
        queues: Vec::new(),
        notes,
    };
    if kind == Kind::Hang {
        // The driver may wait for a device, or for something that waits in the kernel.
        analysis.devices = lines_of(&kernel.inspect_devices());
        analysis.queues = lines_of(&[kernel.inspect_queues()]);
    }
    analysis.failure_bucket_id = bucket::name(&analysis, bug_check);
    analysis.failure_id_hash = Hex(bucket::hash(&analysis.failure_bucket_id));
    Some(analysis)
}

fn report_bug_check(bug: &BugCheck) -> BugCheckReport {
    let entry = bug.code.entry();
    let words = entry.map(|entry| entry.parameters_for(bug.parameters[0]));
    let meaning = |index: usize, value: u64| {
        let Some(words) = words else { return "chosen by the driver".to_owned() };
        let words = words[index];
        match words.value_words(value) {
            Some(said) => format!("{}: {said}", words.meaning),
            None => words.meaning.to_owned(),
        }
    };
    let parameters = bug.parameters.iter().enumerate();
    BugCheckReport {
        code: Hex(bug.code.number().into()),
        name: entry.map_or("a code of the driver's own", |entry| entry.name).to_owned(),
        parameters: parameters
            .map(|(index, &value)| Parameter { value: Hex(value), meaning: meaning(index, value) })
            .collect(),
    }
}

fn what_happened(stop: &Stop) -> String {
    match stop {
        Stop::BugCheck(bug) => bug.message.clone(),
        other => other.to_string(),
    }
}

fn description(kind: Kind, bug_check: Option<&BugCheck>) -> &'static str {
    let entry = bug_check.and_then(|bug| bug.code.entry());
    match (entry, kind) {
        (Some(entry), _) => entry.meaning,
        (None, Kind::BugCheck) => {
            "The driver called KeBugCheckEx with a code that is not in the table here. The \
             documentation of the driver says what the code means."
        }
        (None, Kind::Hang) => {
            "The driver did not come back, and nothing that is still to come would let it go on. \
             Look for a loop that waits for the device without a limit, or a wait for an object \
             that nobody signals."
        }
        (None, Kind::DriverFailure) => {
            "The driver's own code panicked. Its frames are gone; the message tells the place."
        }
        (None, Kind::Unsupported) => {
            "The driver is not to blame: it used a routine or an instruction that this emulator \
             does not have. `portcls-emu imports` lists what else it would miss."
        }
    }
}

fn irql_name(irql: Irql) -> String {
    irql.to_string()
}

fn lines_of(parts: &[Inspection]) -> Vec<String> {
    Inspection::text_of(parts).lines().map(str::to_owned).collect()
}
