//! Reports of failures, as text for people and as JSON for programs.

#[path = "../driver-file/tests/image/builder.rs"]
#[allow(dead_code, reason = "shared with the tests of the image")]
mod builder;

use builder::Builder;
use cpu_x86::Mode;
use portcls_driver_file::image::Image;
use portcls_driver_file::symbols::Symbols;
use portcls_emulator::{BUG_CHECKS, BugCheckCode, Irql, Kernel, KernelConfig, PoolType};
use portcls_guest::analysis::{Analysis, watch_guest, watch_native};
use portcls_guest::{Fill, Guest, GuestOptions};

/// A driver whose entry is `code`. Its export at 1020 has the name Isr.
fn guest(mode: Mode, code: &[u8]) -> (Guest, Symbols) {
    let mut builder = Builder::driver(mode);
    builder.put(0x1000, code);
    builder.put_u32(0x4300 + 24, 2);
    builder.put_u32(0x4330, 0x4350);
    builder.put_u32(0x4334, 0x4358);
    builder.put(0x4338, &[0, 0, 1, 0]);
    builder.put_u32(0x4300 + 36, 0x4338);
    builder.put(0x4350, b"Start\0\0\0Isr\0");
    let image = Image::parse(&builder.build()).expect("a good image");
    let symbols = Symbols::new("uart", &image);
    let options = GuestOptions { call_budget: 10_000, ..GuestOptions::default() };
    let guest = Guest::new(&Kernel::new(KernelConfig::default()), &image, options);
    (guest.expect("it fits"), symbols)
}

/// Runs `before` and calls the driver's entry. Returns the report of the failure.
fn failure(
    (guest, symbols): (Guest, Symbols),
    words: &[u64],
    before: impl FnOnce(&Guest),
) -> Analysis {
    let watch = watch_guest(&guest, move || symbols.clone());
    let entry = guest.loaded().entry;
    let kernel = guest.kernel().clone();
    let result = kernel.enter(|_| {
        before(&guest);
        guest.call(entry, words)
    });
    assert!(result.is_err(), "it came back: {result:?}");
    watch.analysis().expect("a failure has a report")
}

/// `call 1020; ret`, and at 1020 a stack frame and a read at RAX + 8, where RAX is 0.
fn null_reader(mode: Mode) -> (Guest, Symbols) {
    let mut code = vec![0xE8, 0x1B, 0, 0, 0, 0xC3];
    code.resize(0x20, 0xCC);
    code.extend(match mode {
        Mode::Bits64 => vec![0x48, 0x83, 0xEC, 0x28, 0x31, 0xC0, 0x8B, 0x48, 0x08],
        Mode::Bits32 => vec![0x83, 0xEC, 0x28, 0x31, 0xC0, 0x8B, 0x48, 0x08],
    });
    code.extend([0x89, 0xC8, 0x90, 0xC3]);
    guest(mode, &code)
}

fn at_dispatch(guest: &Guest) {
    guest.kernel().raise_irql(Irql::DISPATCH_LEVEL);
}

#[test]
fn a_null_pointer_at_dispatch_level_on_x64() {
    let analysis = failure(null_reader(Mode::Bits64), &[], at_dispatch);
    insta::assert_snapshot!(analysis);
}

#[test]
fn a_null_pointer_at_passive_level_on_x86() {
    let analysis = failure(null_reader(Mode::Bits32), &[], |_| ());
    insta::assert_snapshot!(analysis);
}

#[test]
fn the_same_for_programs() {
    let mut analysis = failure(null_reader(Mode::Bits64), &[], at_dispatch);
    analysis.events.push("    1.000   D  bus       in  331 -> 80".to_owned());
    insta::assert_snapshot!(serde_json::to_string_pretty(&analysis).expect("plain data"));
}

#[test]
fn a_rust_driver_has_the_same_report_without_registers() {
    let kernel = Kernel::new(KernelConfig::default());
    let watch = watch_native(&kernel, "mine");
    let result = kernel.enter(|kernel| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        kernel.raise_irql(Irql::PASSIVE_LEVEL);
    });
    assert!(result.is_err());
    insta::assert_snapshot!(watch.analysis().expect("a report"));
}

#[test]
fn a_panic_of_a_rust_driver_has_a_report() {
    let kernel = Kernel::new(KernelConfig::default());
    let watch = watch_native(&kernel, "mine");
    let result = kernel.enter(|kernel| {
        kernel.call_driver_code("Init", || panic!("index 3 of 2"));
    });
    assert!(result.is_err());
    let analysis = watch.analysis().expect("a report");
    assert_eq!(analysis.failure_bucket_id, "PANIC_mine");
    assert_eq!(analysis.what_happened, "the driver panicked in Init: index 3 of 2");
}

#[test]
fn a_run_that_ends_well_has_no_report() {
    let (guest, symbols) = guest(Mode::Bits64, &[0xC3]);
    let watch = watch_guest(&guest, move || symbols.clone());
    let entry = guest.loaded().entry;
    guest.kernel().clone().enter(|_| guest.call(entry, &[])).expect("it returns");
    assert_eq!(watch.analysis(), None);
}

/// The part of a report that identifies the failure: title, arguments, what happened, bucket.
fn summary(analysis: &Analysis) -> String {
    let text = analysis.to_string();
    let title = text.lines().nth(6).unwrap_or_default();
    let arguments: Vec<&str> = text.lines().filter(|line| line.starts_with("Arg")).collect();
    format!(
        "{title}\n{}\n{}\n{}\n",
        arguments.join("\n"),
        analysis.what_happened,
        analysis.failure_bucket_id
    )
}

/// The report of each of these mistakes names the mistake.
#[test]
fn mistakes_by_their_reports() {
    // mov eax, [rcx]; ret
    let reader = || guest(Mode::Bits64, &[0x8B, 0x01, 0xC3]);
    let block = |pool, free_it: bool| {
        let (guest, symbols) = reader();
        let address = guest.allocate_pool(pool, 16, *b"tEsT", Fill::Zero);
        if free_it {
            guest.free_pool(address, None);
        }
        ((guest, symbols), address)
    };
    let mut text = String::new();
    let mut add = |name: &str, analysis: Analysis| {
        text.push_str(&format!("== {name}\n{}\n", summary(&analysis)));
    };
    add("wild pointer", failure(reader(), &[0xFFFF_9999_0000_0000], |_| ()));
    let (subject, address) = block(PoolType::NonPagedNx, false);
    add("overrun pool block", failure(subject, &[address + 16], |_| ()));
    let (subject, address) = block(PoolType::NonPagedNx, true);
    add("freed pool block", failure(subject, &[address], |_| ()));
    let (subject, address) = block(PoolType::Paged, false);
    add("paged pool at DISPATCH_LEVEL", failure(subject, &[address], at_dispatch));
    let (subject, address) = block(PoolType::NonPagedNx, true);
    add("double free", failure(subject, &[], |guest| guest.free_pool(address, None)));
    // call $
    let recursion = guest(Mode::Bits64, &[0xE8, 0xFB, 0xFF, 0xFF, 0xFF]);
    add("stack overflow", failure(recursion, &[], |_| ()));
    // jmp $
    add("endless loop", failure(guest(Mode::Bits64, &[0xEB, 0xFE]), &[], |_| ()));
    // mov ecx, 3; int 29h
    let fast_fail = guest(Mode::Bits64, &[0xB9, 3, 0, 0, 0, 0xCD, 0x29]);
    add("fast fail", failure(fast_fail, &[], |_| ()));
    // div ecx, with ECX 0
    add("division by zero", failure(guest(Mode::Bits64, &[0xF7, 0xF1]), &[], |_| ()));
    // fsin
    add("missing instruction", failure(guest(Mode::Bits64, &[0xD9, 0xFE]), &[], |_| ()));
    // jmp rcx
    let jump = guest(Mode::Bits64, &[0xFF, 0xE1]);
    let data = jump.0.loaded().base + 0x2000;
    add("jump into data", failure(jump, &[data], |_| ()));
    let own_code = |guest: &Guest| {
        guest.kernel().bug_check(BugCheckCode::of_driver(0xDEAD), [1, 2, 3, 4]);
    };
    add("the driver's own code", failure(guest(Mode::Bits64, &[0xC3]), &[], own_code));
    insta::assert_snapshot!(text);
}

#[test]
fn a_hang_tells_the_devices_and_the_queues_to_people_and_to_programs() {
    // jmp $
    let analysis = failure(guest(Mode::Bits64, &[0xEB, 0xFE]), &[], at_dispatch);
    let text = analysis.to_string();
    let parts = text.split_once("\nDEVICES").expect("a hang has them").1;
    let (parts, _) = parts.split_once("\nFAILURE_BUCKET_ID").expect("the end");
    let told = ": what each tells of its state
no device is on the bus

QUEUES: what waits in the kernel
the kernel at 10.000 us
  IRQL           2 (DISPATCH_LEVEL)
  running        a thread
  interrupts     none
  DPC queue      none
  timers         none
  work items     none
  spin locks     none
  waits          none
";
    assert_eq!(parts, told);
    let json = serde_json::to_value(&analysis).expect("plain data");
    assert_eq!(json["devices"], serde_json::json!(["no device is on the bus"]));
    assert_eq!(json["queues"][1], "  IRQL           2 (DISPATCH_LEVEL)");
}

#[test]
fn every_bug_check_of_the_table_is_reported_by_its_name_with_its_words() {
    for entry in BUG_CHECKS {
        let kernel = Kernel::new(KernelConfig::default());
        let watch = watch_native(&kernel, "mine");
        let first = entry.parameters[0].values.last().map_or(0, |(value, _)| *value);
        let result = kernel.enter(|kernel| kernel.bug_check(entry.code, [first, 0, 0, 0]));
        let stop = result.expect_err("a bug check").to_string();
        assert!(stop.starts_with(&format!("{} ({:X})", entry.name, entry.code.number())), "{stop}");
        let analysis = watch.analysis().expect("a report");
        let report = analysis.bug_check.expect("a bug check");
        assert_eq!(
            (report.name.as_str(), analysis.description.as_str()),
            (entry.name, entry.meaning)
        );
        for (parameter, words) in report.parameters.iter().zip(entry.parameters_for(first)) {
            assert!(parameter.meaning.starts_with(words.meaning), "{parameter:?}");
        }
    }
}
