//! The interpreter against the host's processor: every form, one at a time.
//!
//! The walk over the opcode maps is in `forms.rs`, one comparison in `compare.rs`, and the only
//! unsafe code in `host.rs`. The x87 has a walk and a comparison of its own, in `x87_forms.rs` and
//! `x87.rs`. On a host that is not x86-64 Linux the tests skip with a message.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod compare;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod forms;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod host;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod x87;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod x87_forms;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod native {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;

    use cpu_x86::Mode;
    use iced_x86::Mnemonic;
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::{
        Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner,
    };

    use crate::compare::{Verdict, compare, interpreter, operands};
    use crate::forms;
    use crate::host::Host;

    /// The number of operand sets for each form.
    const CASES: u32 = 8;

    /// Compares every form of a mode; returns how many cases agreed, by mnemonic.
    fn sweep(mode: Mode, host: &mut Host) -> BTreeMap<String, u32> {
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let mut agreed: BTreeMap<String, u32> = BTreeMap::new();
        let mut failures: BTreeMap<Mnemonic, String> = BTreeMap::new();
        let mut cpu = interpreter(host, mode);
        let forms = forms::all(mode, host);
        for form in forms {
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            let mut runner = TestRunner::new_with_rng(config.clone(), rng);
            let sample = operands().new_tree(&mut runner).expect("nothing is rejected").current();
            if compare(host, &mut cpu, &form, &sample) == Ok(Verdict::Unsupported) {
                continue;
            }
            let processors = RefCell::new((&mut *host, &mut cpu));
            let same = Cell::new(0);
            let result = runner.run(&operands(), |operands| {
                let (host, cpu) = &mut *processors.borrow_mut();
                match compare(host, cpu, &form, &operands) {
                    Ok(Verdict::Same) => same.set(same.get() + 1),
                    Ok(_) => {}
                    Err(text) => return Err(TestCaseError::fail(text)),
                }
                Ok(())
            });
            if let Err(failure) = result {
                let text = match failure {
                    TestError::Fail(reason, _) => reason.to_string(),
                    TestError::Abort(reason) => format!("{}: {reason}", form.text()),
                };
                failures.entry(form.instruction.mnemonic()).or_insert(text);
            }
            if same.get() > 0 {
                *agreed.entry(format!("{:?}", form.instruction.mnemonic())).or_default() +=
                    same.get();
            }
        }
        let texts: Vec<String> = failures.into_values().collect();
        assert!(texts.is_empty(), "{} mnemonics differ:\n{}", texts.len(), texts.join("\n\n"));
        agreed
    }

    /// Fails if an instruction of the list `expected` was not compared. An instruction that the
    /// host may not have is no failure.
    fn expect_covered(expected: &str, agreed: &BTreeMap<String, u32>) {
        let names: Vec<&str> = agreed.keys().map(String::as_str).collect();
        let missing: Vec<&str> =
            expected.split_whitespace().filter(|name| !names.contains(name)).collect();
        let absent_here = ["Lzcnt", "Tzcnt", "Popcnt", "Movbe"];
        assert!(
            missing.iter().all(|name| absent_here.contains(name)),
            "not compared any more: {missing:?}\ncompared: {}",
            names.join(" ")
        );
    }

    #[test]
    fn every_64_bit_form_does_what_the_host_processor_does() {
        expect_covered(include_str!("covered_64.txt"), &sweep(Mode::Bits64, &mut Host::lock()));
    }

    #[test]
    fn every_32_bit_form_does_what_the_host_processor_does() {
        let mut host = Host::lock();
        if !host.runs_32_bit_code() {
            println!("skipped: this host does not run 32-bit code");
            return;
        }
        expect_covered(include_str!("covered_32.txt"), &sweep(Mode::Bits32, &mut host));
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[test]
fn the_comparison_with_the_host_processor_is_skipped() {
    println!("skipped: the oracle needs x86-64 Linux");
}
