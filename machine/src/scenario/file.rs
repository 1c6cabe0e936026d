//! The keys of a scenario file.
//!
//! The reader fills these structures from a file. The JSON Schema is made from them, so the doc
//! comment of a key is its description in the schema. `read` and `read_steps` decide what a key
//! means in a run.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::values::{
    BugCheck, Byte, Bytes, Level, Line, Notes, PollsText, Port, Status, Time, ToleranceText,
    WaitText, WireText,
};

/// Declares the tables of a file. A key is optional if its type is an `Option` or if it has a
/// default.
macro_rules! tables {
    ($($(#[$meta:meta])* struct $name:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(super) struct $name {
            $($(#[$field_meta])* pub $field: $type,)+
        }
    )+};
}

/// Declares the words that a key takes.
macro_rules! words {
    ($($(#[$meta:meta])* enum $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        pub(super) enum $name {
            $($(#[$variant_meta])* $variant,)+
        }
    )+};
}

tables! {
    /// A scenario: a machine, the steps of a run, and the expected results.
    struct ScenarioFile {
        /// The version of the form: 1.
        version: u32,
        /// What the scenario shows, in one line.
        title: String,
        /// Why this expectation must hold. A report of its failure shows this text.
        why: Option<String>,
        /// The machine.
        #[serde(default)]
        machine: MachineTable,
        /// The driver, and what its installation left in the registry.
        #[serde(default)]
        driver: DriverTable,
        /// The steps of the run, in order.
        #[serde(default)]
        step: Vec<StepTable>,
        /// The expected results.
        #[serde(default)]
        expect: ExpectTable,
        /// The golden trace beside the scenario. Without this table there is none.
        golden: Option<GoldenTable>,
    }

    /// A machine. The keys about a card, such as `card`, `port` and `irq`, are for its first card.
    #[derive(Default)]
    struct MachineTable {
        /// The card: a name of `cards`, a card file (.toml) relative to the scenario, or the word
        /// absent for an empty slot. Without it roland-mpu401.
        card: Option<String>,
        /// The scenario runs once on each of these cards: names, or "all" alone for every card.
        each_card: Option<Vec<String>>,
        /// The base port in hexadecimal, as in "330". Without it the usual port of the card.
        port: Option<Port>,
        /// The interrupt line. Without it 9.
        irq: Option<Line>,
        /// Which time the card takes from the range of each latency: min, typ, max, or seeded:N for
        /// random times.
        timing: Option<String>,
        /// The cost of a port access.
        access: Option<Time>,
        /// The state of the card at the beginning. Without it power-on.
        state: Option<CardStateWord>,
        /// The byte that DATA shows in the state uart.
        stale: Option<Byte>,
        /// Whether the interrupt line of the card is connected. Without it connected.
        line: Option<LineWord>,
        /// All resources of the device in order, as `--resource` takes them.
        resources: Option<Vec<String>>,
        /// The time between two clock interrupts. Without it 1ms.
        clock: Option<Time>,
        /// The time at which the run ends, if no other end comes first.
        until: Option<Time>,
        /// Whether KeSynchronizeExecution is in the trace. Without it hidden.
        regions: Option<ShownWord>,
        /// More cards, numbered from 2. The same driver gets a device for each.
        cards: Option<Vec<CardTable>>,
    }

    /// One more card. Its keys mean the same as the keys of the first card.
    struct CardTable {
        /// The card: a name of `cards`, a card file (.toml), or the word absent for an empty slot.
        card: String,
        /// The base port in hexadecimal. Without it the usual port of the card.
        port: Option<Port>,
        /// The interrupt line. Two cards may share a line if both hold it up as a level. Without it
        /// 9.
        irq: Option<Line>,
        /// Which time the card takes from the range of each latency.
        timing: Option<String>,
        /// The state of the card at the beginning.
        state: Option<CardStateWord>,
        /// The byte that DATA shows in the state uart.
        stale: Option<Byte>,
        /// Whether the interrupt line of the card is connected.
        line: Option<LineWord>,
        /// All resources of the device in order.
        resources: Option<Vec<String>>,
    }

    /// The driver.
    #[derive(Default)]
    struct DriverTable {
        /// A driver of the project: uart. Without name and path the driver is uart.
        name: Option<String>,
        /// The .sys file of a driver, relative to the scenario.
        path: Option<String>,
        /// The INF of the driver, relative to the scenario, as `--inf` takes it: x.inf, or
        /// x.inf:MODEL with a description, a hardware identifier or an install section. It gives
        /// registry values, and the resources of the first card unless `resources` names them.
        inf: Option<String>,
        /// Registry values that the installation left, as `--registry` takes them: the name, and
        /// dword:1, string:x or binary:0A1B.
        #[serde(default)]
        registry: BTreeMap<String, String>,
        /// The time that one instruction of a .sys driver takes. Without it 1ns. With 0ns the times
        /// of a golden do not depend on the compiler of the driver.
        instruction_time: Option<Time>,
        /// The most instructions of one call into a .sys driver.
        call_budget: Option<u64>,
    }

    /// A step. It has exactly one of the keys that say what happens: open, state, mark, write,
    /// notes, messages, file, cable, cable-notes, cable-file, requests, read, cancel, close, hold,
    /// wait, pnp, power, vanish, fault. The other keys say when and how this happens.
    struct StepTable {
        /// The step begins at this time, counted from the last mark or end-mark, or else from
        /// power-on.
        at: Option<Time>,
        /// `at` counts from power-on.
        #[serde(default)]
        absolute: bool,
        /// The expected status of the step. Without it STATUS_SUCCESS. If the step gets another
        /// status, the scenario has failed and ends.
        status: Option<Status>,

        /// Opens a pin for this use.
        open: Option<UseWord>,
        /// Sets the state of a pin.
        state: Option<StateWord>,
        /// Puts a mark into the trace: a new time base.
        mark: Option<String>,
        /// Writes bytes in hexadecimal.
        write: Option<Bytes>,
        /// Writes notes by their names.
        notes: Option<Notes>,
        /// Writes one buffer with several messages, each at its time.
        messages: Option<Vec<MessageTable>>,
        /// Plays a file in the background: .mid, .rmi or .syx, relative to the scenario.
        file: Option<String>,
        /// Sends bytes in hexadecimal into MIDI IN.
        cable: Option<Bytes>,
        /// Sends notes into MIDI IN.
        cable_notes: Option<Notes>,
        /// Sends a file into MIDI IN.
        cable_file: Option<String>,
        /// Queues this number of read requests and goes on.
        requests: Option<u32>,
        /// Reads this number of bytes and waits for them.
        read: Option<u32>,
        /// Cancels a request that is not complete: the oldest.
        cancel: Option<CancelWord>,
        /// Closes the pin of this name.
        close: Option<String>,
        /// Other work keeps the processor at this level.
        hold: Option<Level>,
        /// Lets time pass. With a time: for this long. With silence: until every write is complete
        /// and MIDI OUT has been idle for 100 ms. With requests: until all requests of the pin are
        /// complete. With input: until the driver has read every byte that came on MIDI IN.
        wait: Option<WaitText>,
        /// Sends a Plug and Play request to the device.
        pnp: Option<PnpWord>,
        /// Puts the device (D0 to D3) or the machine (S0 to S4) into a state of power.
        power: Option<PowerWord>,
        /// The card vanishes after this time, even in the middle of the driver's work.
        vanish: Option<Time>,
        /// Makes something unusual happen from now on: another answer to a choice of the kernel,
        /// which is named by its id, or a fault of the card, ack-lost or hanging-note.
        fault: Option<String>,

        /// The name of the pin that is opened. Without it render or capture.
        id: Option<String>,
        /// The name of the pin that the step is for. Without it the only open pin that fits.
        pin: Option<String>,
        /// The number of the card that the step is for, from 1. Without it the first card.
        card: Option<u32>,
        /// The filter and the pin to open, as `--pin` takes them: Uart:0.
        filter: Option<String>,
        /// The format of the pin that is opened. Without it midi.
        format: Option<FormatWord>,
        /// When the bytes are due, by the clock of the pin. Without it at once.
        due: Option<Time>,
        /// The time from one sending of the bytes to the next.
        every: Option<Time>,
        /// How often the bytes come, or how often the fault happens. Without it once.
        times: Option<u32>,
        /// The time from one byte on the cable to the next: wire for back to back, or a time.
        pace: Option<String>,
        /// What is wrong with the bytes on the cable: framing, or baud and a speed.
        wire: Option<WireText>,
        /// How long the processor is held.
        r#for: Option<Time>,
        /// A mark at the end of the hold, before the level is lowered.
        end_mark: Option<String>,
        /// Queues a new read request for each one that completes.
        #[serde(default)]
        refill: bool,
        /// The longest time that the step waits. Without it 10s.
        within: Option<Time>,
        /// The answer that the choice gets instead of the usual one, in the words of the choice.
        answer: Option<String>,
        /// How many times the usual answer still comes before the fault. Without it 0.
        skip: Option<u32>,
    }

    /// A message of a buffer.
    struct MessageTable {
        /// When it is due, by the clock of the pin.
        at: Time,
        /// Its bytes in hexadecimal.
        bytes: Bytes,
    }

    /// The expected results of a scenario. Each key is a check of its own.
    #[derive(Default)]
    struct ExpectTable {
        /// The bytes that the driver put on MIDI OUT of the first card.
        wire_out: Option<Bytes>,
        /// The number of bytes that the driver put on MIDI OUT of the first card.
        wire_out_count: Option<u64>,
        /// The bytes that the application read, one pin after the other.
        read: Option<Bytes>,
        /// The number of bytes that the application read, on all pins.
        read_count: Option<u64>,
        /// The last status that a call into the driver or a request returned, by its name in the
        /// trace, as in { Init = "STATUS_SUCCESS" }.
        #[serde(default)]
        status: BTreeMap<String, Status>,
        /// Rules that the driver breaks. Without this key the driver breaks no rule.
        #[serde(default)]
        violations: Vec<String>,
        /// Bytes lost in the first card.
        lost: Option<u64>,
        /// How many things the driver leaves behind at its unload. Without it 0.
        leaks: Option<u64>,
        /// DPCs: how often they run and how long.
        #[serde(default)]
        dpcs: Vec<RoutineTable>,
        /// Service routines: how often they run and how long.
        #[serde(default)]
        isrs: Vec<RoutineTable>,
        /// Events that come in this order. Other events may come between them.
        order: Option<Vec<String>>,
        /// Events that never come, as in "out 330 while busy".
        #[serde(default)]
        never: Vec<String>,
        /// Events, each with the time at which it comes.
        #[serde(default)]
        times: Vec<TimeTable>,
        /// The status with which the driver refuses to start.
        refused: Option<Status>,
        /// The bug check that ends the run.
        bug_check: Option<BugCheck>,
        /// The hang that ends the run: the words of its report, or a part of them.
        hang: Option<String>,
        /// The expected results of one card.
        #[serde(default)]
        card: Vec<CardExpectTable>,
        /// The expected results of one pin.
        #[serde(default)]
        pin: Vec<PinExpectTable>,
    }

    /// The expected results of one card.
    struct CardExpectTable {
        /// The number of the card, from 1.
        number: u32,
        /// The bytes that the driver put on MIDI OUT of this card.
        wire_out: Option<Bytes>,
        /// The number of bytes that the driver put on MIDI OUT of this card.
        wire_out_count: Option<u64>,
        /// Bytes lost in the card.
        lost: Option<u64>,
    }

    /// The expected results of one pin.
    struct PinExpectTable {
        /// The name of the pin.
        name: String,
        /// The bytes that the application read from this pin.
        read: Option<Bytes>,
        /// The number of bytes that the application read from this pin.
        read_count: Option<u64>,
        /// The times that the port gave to the bytes that the application read, by the clock of
        /// the pin.
        times: Option<Vec<Time>>,
        /// The statuses of its requests, in the order of their completion.
        statuses: Option<Vec<Status>>,
        /// Requests that are not complete at the end.
        in_flight: Option<u64>,
    }

    /// A routine: how often it runs and how long.
    struct RoutineTable {
        /// The name of the routine in the trace, as in "service group" or "irq 9". Without it all.
        routine: Option<String>,
        /// How often it runs.
        count: Option<u64>,
        /// The most times that it runs.
        most: Option<u64>,
        /// The longest time of one run, without what interrupts it.
        max: Option<Time>,
        /// Counts only what comes after the first mark that begins with these words.
        since: Option<String>,
    }

    /// An event at a time.
    struct TimeTable {
        /// The event, as in `order`. If it happens more than once, the first time counts.
        event: String,
        /// The event comes at this time, counted from the last mark before the event.
        at: Time,
        /// How much earlier or later it may come. Without it not at all.
        within: Option<Time>,
        /// Looks only at events after the first mark that begins with these words.
        since: Option<String>,
    }

    /// The golden trace beside the scenario: the file with the same name that ends in .trace.
    struct GoldenTable {
        /// Which events the golden has.
        #[serde(default)]
        filter: FilterWord,
        /// The golden begins with the first mark that begins with these words.
        from: Option<String>,
        /// The golden ends before the next mark that begins with these words.
        to: Option<String>,
        /// What has to be equal.
        #[serde(default)]
        compare: CompareWord,
        /// How much the time from a cause to its event may differ, as in 5us, 2% or 5us|2%. Without
        /// it not at all.
        time: Option<ToleranceText>,
        /// How far a number of polls may differ: exact, any, or count:2 for at most 2.
        /// Without it exact.
        polls: Option<PollsText>,
        /// Whether to compare the bits of STATUS that the card does not drive.
        #[serde(default)]
        undriven: UndrivenWord,
        /// Actors whose events have no fixed place among the events of other actors, as in ["wire",
        /// "line"].
        #[serde(default)]
        unordered: Vec<String>,
    }
}

words! {
    /// The state of a card at the beginning.
    enum CardStateWord {
        /// Fresh from power-on.
        PowerOn,
        /// In UART mode, as another driver left it.
        Uart,
    }

    /// Whether a line is connected.
    enum LineWord {
        /// Connected, as the driver is told.
        Connected,
        /// The driver is told of a line, and no interrupt comes.
        Cut,
    }

    /// Whether the trace shows something.
    enum ShownWord {
        /// Yes.
        Shown,
        /// No.
        Hidden,
    }

    /// The use of a pin.
    enum UseWord {
        /// MIDI out.
        Render,
        /// MIDI in.
        Capture,
    }

    /// The state of a pin.
    enum StateWord {
        /// KSSTATE_STOP.
        Stop,
        /// KSSTATE_ACQUIRE.
        Acquire,
        /// KSSTATE_PAUSE.
        Pause,
        /// KSSTATE_RUN.
        Run,
    }

    /// Which request is cancelled.
    enum CancelWord {
        /// The request that was sent first.
        Oldest,
    }

    /// A Plug and Play request.
    enum PnpWord {
        /// Loads the driver if it is not loaded, and starts the device.
        Start,
        /// Stops the device.
        Stop,
        /// Asks whether the device may be stopped.
        QueryStop,
        /// The device will not be stopped after all.
        CancelStop,
        /// Removes the device.
        Remove,
        /// Asks whether the device may be removed.
        QueryRemove,
        /// The device will not be removed after all.
        CancelRemove,
        /// The card is pulled, and then the driver is told.
        SurpriseRemove,
        /// Removes every device and unloads the driver.
        Unload,
    }

    /// The format of a pin.
    enum FormatWord {
        /// MIDI bytes.
        Midi,
        /// DirectMusic events.
        Directmusic,
    }
}

words! {
    /// The events of a golden.
    #[derive(Default)]
    enum FilterWord {
        /// The bus, the interrupt line and the wires.
        Registers,
        /// Every event.
        #[default]
        Full,
    }

    /// What has to be equal.
    #[derive(Default)]
    enum CompareWord {
        /// Each event, and its time to the ns.
        Exact,
        /// Each event has the same cause, and comes at the same time after this cause.
        #[default]
        Causal,
        /// Each event has the same cause, at any time.
        Order,
    }

    /// Whether to compare the bits of STATUS that the card does not drive.
    #[derive(Default)]
    enum UndrivenWord {
        /// A difference in these bits is a difference.
        #[default]
        Exact,
        /// A difference in these bits is none.
        Ignore,
    }
}

/// A state of power of the device or of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) enum PowerWord {
    D0,
    D1,
    D2,
    D3,
    S0,
    S1,
    S2,
    S3,
    S4,
}
