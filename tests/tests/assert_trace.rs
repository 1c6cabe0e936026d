//! `assert_trace!`: golden traces in Rust tests, compared by causes.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcls_machine::golden::Golden;
use portcls_machine::report::Filter;
use portcls_machine::report::diff::{DiffOptions, FindingKind, Mode, Tolerance};
use portcls_machine::{Application, Machine, MachineBuilder, MachineError, assert_trace};

/// A machine with this card that has played a note.
fn played(card: &str) -> Result<Machine, MachineError> {
    let machine = MachineBuilder::new().card(card)?.build()?;
    machine.start()?;
    let pin = Application::new(&machine).open_render()?;
    pin.run()?;
    machine.run(|kernel| kernel.mark("a note goes out"))?;
    pin.write_now(&[0x90, 0x3C, 0x40])?;
    machine.run_for_ns(2_000_000)?;
    pin.close()?;
    Ok(machine)
}

/// How many goldens were compared. The number is a part of the name of the next golden, because
/// insta numbers the goldens of one function.
static COMPARED: AtomicUsize = AtomicUsize::new(0);

/// Writes a golden of this text into `folder`, and compares the trace of a machine with the golden.
/// Returns true if the comparison passed.
fn held_against(folder: &Path, golden: &str, machine: &Machine, compare: DiffOptions) -> bool {
    let name = match COMPARED.fetch_add(1, Ordering::Relaxed) {
        0 => "held_against".to_owned(),
        before => format!("held_against-{}", before + 1),
    };
    let head = "---\nsource: tests/tests/assert_trace.rs\n---\n";
    fs::write(folder.join(format!("{name}.snap")), format!("{head}{golden}")).expect("a golden");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    let result = settings.bind(|| {
        catch_unwind(AssertUnwindSafe(|| {
            assert_trace!(
                machine,
                filter = Filter::Full,
                from = "a note goes out",
                compare = compare,
            );
        }))
    });
    result.is_ok()
}

#[test]
fn a_note_goes_out() -> Result<(), MachineError> {
    let machine = played("smsc-superio")?;
    assert_trace!(machine, filter = Filter::Registers, from = "a note goes out");
    Ok(())
}

#[test]
fn a_golden_holds_until_something_else_happens() -> Result<(), MachineError> {
    let folder = std::env::temp_dir().join(format!("assert-trace-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let machine = played("smsc-superio")?;
    let golden = Golden::default().from("a note goes out");
    let text = golden.text(&machine);
    let held =
        |golden: &str, compare: DiffOptions| held_against(&folder, golden, &machine, compare);
    assert!(held(&text, DiffOptions::default()));
    let later = text.replace("== 200", "== 300");
    assert_ne!(later, text);
    assert!(held(&later, DiffOptions::default()), "what came before the mark does not count");
    let other = text.replacen("out 330 <- 3C", "out 330 <- 3D", 1);
    assert_ne!(other, text);
    // A run that accepts every text cannot show what fails.
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        return Ok(());
    }
    assert!(!held(&other, DiffOptions::default()));
    let order = DiffOptions { mode: Mode::Order, ..DiffOptions::default() };
    assert!(!held(&other, order), "a value is no time");
    assert!(!held("no trace", DiffOptions::default()));
    fs::remove_dir_all(&folder).expect("the folder goes");
    Ok(())
}

#[test]
fn a_tolerance_lets_another_card_pass_only_as_far_as_it_says() -> Result<(), MachineError> {
    let texts = ["smsc-superio", "via-vt1211"].map(|card| {
        let machine = played(card).expect("it plays");
        Golden::default().filter(Filter::Registers).from("a note goes out").text(&machine)
    });
    let with = |ns| {
        let tolerance = Tolerance { ns, ..Tolerance::default() };
        let compare = DiffOptions { tolerance, ..DiffOptions::default() };
        let golden = Golden::default().from("a note goes out").compare(compare);
        golden.judge(&texts[0], &texts[1]).expect("two traces")
    };
    let is_delay = |kind| matches!(kind, FindingKind::Delay | FindingKind::Length);
    let strict = with(0);
    let delays = strict.findings.iter().filter(|finding| is_delay(finding.kind)).count();
    let loose = with(1_000_000);
    assert!(!loose.findings.iter().any(|finding| is_delay(finding.kind)), "{}", loose.text(9));
    assert_eq!(loose.residual.is_some(), delays > 0, "{}", strict.text(9));
    Ok(())
}
