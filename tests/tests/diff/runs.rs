//! Runs of many kinds, for which nobody has tuned the diff.
//!
//! They have other cards and drivers, both directions at once, load, two cards on one interrupt
//! line, a change of power, and system exclusive messages.

use std::path::Path;

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::Filter;
use portcls_machine::report::text::{parse, print};
use portcls_machine::scenario;

/// Plays and captures at once. For a time, other work keeps the processor at DISPATCH_LEVEL, and
/// later at the interrupt's level.
const BOTH: &str = r#"
step = [
    { open = "render" },
    { open = "capture" },
    { state = "run", pin = "render" },
    { state = "run", pin = "capture" },
    { requests = 3, pin = "capture", refill = true },
    { mark = "both" },
    { cable-notes = "C4 E4 G4", every = "1500us", times = 6 },
    { notes = "C3 E3 G3 C5", due = "3ms", pin = "render" },
    { hold = "DISPATCH_LEVEL", for = "700us" },
    { wait = "3ms" },
    { hold = "irq 9", for = "400us" },
    { write = "F0 7E 7F 06 01 F7 90 40 7F", pin = "render" },
    { wait = "20ms" },
]
"#;

/// Two cards on one interrupt line. An application reads from each card, and writes to the first.
/// At the end the second card is stopped.
const TWO_CARDS: &str = r#"
step = [
    { open = "capture", id = "c1" },
    { open = "capture", id = "c2", card = 2 },
    { open = "render", id = "r1" },
    { state = "run", pin = "c1" },
    { state = "run", pin = "c2" },
    { state = "run", pin = "r1" },
    { requests = 2, pin = "c1", refill = true },
    { requests = 2, pin = "c2", refill = true },
    { mark = "go" },
    { cable = "F0 41 10 42 12 40 00 7F 00 41 F7" },
    { cable = "F0 7E 7F 09 01 F7 FE", card = 2 },
    { write = "F0 43 10 4C 00 00 7E 00 F7", pin = "r1" },
    { wait = "6ms" },
    { pnp = "stop", card = 2 },
    { wait = "2ms" },
]
"#;

/// An application reads and writes, the device sleeps for 2 ms, and the application goes on.
const SLEEP: &str = r#"
step = [
    { open = "capture", id = "c1" },
    { open = "render" },
    { state = "run", pin = "c1" },
    { state = "run", pin = "render" },
    { requests = 2, pin = "c1", refill = true },
    { cable = "90 3C 40 43 40 47 40", pace = "500us" },
    { notes = "C4 E4 @100", due = "1ms", pin = "render" },
    { wait = "5ms" },
    { power = "D3" },
    { wait = "2ms" },
    { power = "D0" },
    { write = "F0 43 10 4C 00 00 7E 00 F7", pin = "render" },
    { cable = "F0 7E 7F 09 01 F7" },
    { wait = "8ms" },
]
"#;

/// The runs: the card and what else stands in `[machine]`, the `.sys` driver, and the steps.
const RUNS: [(&str, Option<&str>, &str); 14] = [
    (r#"card = "smsc-superio""#, None, BOTH),
    (r#"card = "cs4237b""#, Some("x64/uart"), BOTH),
    (r#"card = "roland-mpu401""#, Some("x86/uart"), BOTH),
    (r#"card = "sb16""#, Some("x64/rewind_race"), BOTH),
    (r#"card = "es1688", timing = "seeded:7""#, Some("x64/two_threads"), BOTH),
    (r#"card = "ymf724""#, Some("x64/thread_feeds"), BOTH),
    (r#"card = "roland-mpu401""#, Some("x64/own_interrupt_sync"), BOTH),
    (r#"card = "smsc-superio", cards = [{ card = "ns-pc87363", port = "300" }]"#, None, TWO_CARDS),
    (
        r#"card = "smsc-superio", cards = [{ card = "via-vt1211", port = "300" }]"#,
        Some("x64/uart"),
        TWO_CARDS,
    ),
    (r#"card = "via-vt1211""#, None, SLEEP),
    (r#"card = "roland-mpu401", timing = "max""#, None, SLEEP),
    (r#"card = "sb16-dsp404""#, Some("x64/around_uart"), SLEEP),
    (r#"card = "clone-dumb""#, None, SLEEP),
    (r#"card = "cmi8738", access = "700ns""#, Some("x86/system_uart"), SLEEP),
];

/// The trace of each run with a name, printed as text and read back.
pub fn runs() -> Vec<(String, TraceLog)> {
    RUNS.iter().enumerate().map(|(index, run)| trace_of(index, run)).collect()
}

fn trace_of(
    index: usize,
    (machine, driver, steps): &(&str, Option<&str>, &str),
) -> (String, TraceLog) {
    let driver = driver.map_or(String::new(), |path| {
        format!("driver = {{ path = \"../guest/drivers/bin/{path}.sys\" }}\n")
    });
    let head = format!("version = 1\ntitle = \"run {index}\"\nmachine = {{ {machine} }}\n");
    let text = format!("{head}{driver}{steps}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = scenario::read("run.toml", &text, folder);
    let scenarios = read.unwrap_or_else(|error| panic!("{error} in\n{text}"));
    let outcome = scenarios[0].run();
    let failed: Vec<String> = outcome.checks.iter().map(ToString::to_string).collect();
    assert!(outcome.stop.is_none() && outcome.checks.iter().all(|it| it.passed), "{failed:?}");
    let printed = print(&outcome.trace, &outcome.header, Filter::Full);
    (format!("run {index}, {machine}"), parse(&printed).expect("a trace reads back").1)
}
