//! The lab and the program give the same traces, byte for byte.
//!
//! A scenario that the lab saved also passes in the program.
//!
//! The variable `PORTCLS_EMU` names the program. Without it the tests say that they are skipped, or
//! fail if `PORTCLS_REQUIRE_TOOLS` is set.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use portcls_lab::Lab;
use portcls_machine::midi_file::{Song, default_tune, write_smf};
use serde_json::{Value, json};

/// The budget of a call, in instructions. It is small, so that the lab and the program stop an
/// endless driver soon.
const CALL_BUDGET: u64 = 1_000_000;

/// The stack of a test's thread. The stack is large, because an ISR can interrupt a DPC that
/// interrupted a call, and then the frames of all three are on it.
const STACK_BYTES: usize = 32 << 20;

/// The path of the program, if the variable names it.
fn program() -> Option<PathBuf> {
    let found = std::env::var_os("PORTCLS_EMU").map(PathBuf::from);
    if found.is_none() {
        assert!(
            std::env::var_os("PORTCLS_REQUIRE_TOOLS").is_none(),
            "PORTCLS_EMU names no program"
        );
        eprintln!("SKIPPED: PORTCLS_EMU names no program");
    }
    found
}

/// A run: the files, the job, and the options of the program that mean the same as the job.
struct Case {
    name: String,
    files: Vec<(String, Vec<u8>)>,
    job: Value,
    arguments: Vec<String>,
}

/// The trace that the program writes.
fn of_program(program: &Path, case: &Case, folder: &Path) -> Vec<u8> {
    for (name, bytes) in &case.files {
        std::fs::write(folder.join(name), bytes).expect("a file for a test");
    }
    let mut command = Command::new(program);
    command.args(&case.arguments).args(["--trace", "t.trace"]).current_dir(folder);
    command.env_remove("RUST_LOG").output().expect("the program runs");
    std::fs::read(folder.join("t.trace")).expect("the program has written a trace")
}

/// The trace that the lab makes.
fn of_lab(case: &Case) -> Vec<u8> {
    let mut lab = Lab::default();
    for (name, bytes) in &case.files {
        lab.put(name, bytes.clone()).expect("a file");
    }
    let answer = lab.run(case.job.to_string().as_bytes());
    let trace = answer.bytes("trace");
    trace.unwrap_or_else(|| panic!("{}: {:?}", case.name, answer.text("result"))).to_vec()
}

/// Compares the traces of all cases, on all processors.
fn compare(cases: &[Case]) {
    let Some(program) = program() else { return };
    let next = AtomicUsize::new(0);
    let different: Mutex<Vec<String>> = Mutex::default();
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let folder = tempfile::tempdir().expect("a folder for a test");
            if of_program(&program, case, folder.path()) != of_lab(case) {
                different.lock().expect("no thread panics with it").push(case.name.clone());
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, work).expect("the system has a thread more");
        }
    });
    let different = different.into_inner().expect("no thread panics with it");
    assert!(different.is_empty(), "other traces than the program: {different:?}");
}

#[test]
fn every_driver_of_the_project_has_the_trace_of_the_program() {
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/drivers/bin");
    let mut cases = Vec::new();
    for folder in ["x64", "x86", "msvc-x64"] {
        let entries = std::fs::read_dir(bin.join(folder)).expect("the drivers of the project");
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.extension().is_none_or(|ending| ending != "sys") {
                continue;
            }
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            let bytes = std::fs::read(&path).expect("a driver");
            cases.push(Case {
                name: format!("{folder}/{file}"),
                files: vec![(file.clone(), bytes)],
                job: json!({
                    "job": "run", "driver": {"file": file}, "call_budget": CALL_BUDGET,
                    "outputs": ["trace"]
                }),
                arguments: ["play", "--driver", &format!("./{file}"), "--call-budget", "1000000"]
                    .map(str::to_owned)
                    .to_vec(),
            });
        }
    }
    assert!(cases.len() > 100, "{} drivers", cases.len());
    compare(&cases);
}

/// Songs of different kinds: each with its name and its file.
fn songs() -> Vec<(&'static str, Vec<u8>)> {
    let song = |messages: Vec<(u64, Vec<u8>)>| {
        let mut song = Song::new();
        messages.iter().for_each(|(due_ns, message)| song.push(*due_ns, message));
        write_smf(song.iter()).expect("a song")
    };
    let ms = |count: u64| count * 1_000_000;
    let scale = |step_ms: u64, count: u64| {
        song((0..count).map(|n| (ms(n * step_ms), vec![0x90, (n % 128) as u8, 64])).collect())
    };
    let mut sysex = vec![0xF0, 0x41];
    sysex.extend((0..4_000).map(|n| (n % 128) as u8));
    sysex.push(0xF7);
    let mut riff = b"RIFF\0\0\0\0RMIDdata".to_vec();
    let inner = scale(20, 40);
    riff.extend((inner.len() as u32).to_le_bytes());
    riff.extend(&inner);
    let length = (riff.len() - 8) as u32;
    riff[4..8].copy_from_slice(&length.to_le_bytes());
    let all_kinds = vec![
        (0, vec![0xC0, 5]),
        (ms(1), vec![0xB0, 7, 100]),
        (ms(1), vec![0xE0, 0, 64]),
        (ms(2), vec![0xD0, 1]),
        (ms(3), vec![0xA0, 60, 1]),
        (ms(4), vec![0xF8]),
        (ms(5), vec![0xF2, 1, 2]),
        (ms(6), vec![0xFE]),
    ];
    vec![
        ("tune.mid", write_smf(default_tune().iter()).expect("the tune")),
        ("scale.mid", scale(10, 128)),
        ("dense.mid", scale(0, 300)),
        ("sparse.mid", scale(1_500, 5)),
        ("hundred-seconds.mid", scale(100, 1_000)),
        ("chords.mid", song((0..90).map(|n| (ms(n / 3 * 40), vec![0x91, n as u8, 1])).collect())),
        ("all-kinds.mid", song(all_kinds)),
        ("dump.syx", sysex),
        ("wrapped.rmi", riff),
        ("damaged.mid", {
            let mut cut = scale(10, 60);
            cut.truncate(cut.len() - 40);
            cut
        }),
    ]
}

#[test]
fn ten_songs_have_the_trace_of_the_program_out_and_in_on_two_cards() {
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest/drivers/bin/x64/uart.sys");
    let driver = std::fs::read(driver).expect("a driver");
    let mut cases = Vec::new();
    for (name, song) in songs() {
        for (verb, card, timing) in
            [("play", "roland-mpu401", "typ"), ("capture", "sb16", "seeded:7")]
        {
            let files = vec![(name.to_owned(), song.clone()), ("u.sys".to_owned(), driver.clone())];
            let arguments =
                [verb, name, "--driver", "./u.sys", "--card", card, "--card-timing", timing];
            cases.push(Case {
                name: format!("{verb} {name}"),
                files,
                job: json!({
                    "job": "run", "verb": verb, "song": {"file": name}, "card": {"name": card},
                    "timing": timing, "driver": {"file": "u.sys"}, "outputs": ["trace"]
                }),
                arguments: arguments.map(str::to_owned).to_vec(),
            });
        }
    }
    compare(&cases);
}

#[test]
fn the_settings_of_a_job_are_the_options_of_the_program() {
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest/drivers/bin/x64/links.sys");
    let files = vec![
        ("links.sys".to_owned(), std::fs::read(driver).expect("a driver")),
        ("card.toml".to_owned(), b"name = \"mine\"\nbased-on = \"sb16\"\ntx-depth = 4\n".to_vec()),
        ("values.txt".to_owned(), b"# values\r\nB=string:x\r\n".to_vec()),
    ];
    let line = "play --driver ./links.sys --card card.toml --card-timing max --port 300 --irq 5 \
                --registry A=dword:1 --registry-file values.txt --instruction-time 2ns \
                --call-budget 5000000 --until 400ms --filter registers --pin 0";
    let case = Case {
        name: line.to_owned(),
        files,
        job: json!({
            "job": "run", "driver": {"file": "links.sys"}, "card": {"file": "card.toml"},
            "timing": "max", "port": "300", "irq": 5, "registry": ["A=dword:1"],
            "registry_file": "values.txt", "instruction_time": "2ns", "call_budget": 5_000_000,
            "until": "400ms", "trace_filter": "registers", "pin": "0", "outputs": ["trace"]
        }),
        arguments: line.split_whitespace().map(str::to_owned).collect(),
    };
    compare(&[case]);
}

#[test]
fn a_scenario_that_the_lab_saved_passes_in_the_program() {
    let Some(program) = program() else { return };
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest/drivers/bin/x64/pool_leak.sys");
    let driver = std::fs::read(driver).expect("a driver");
    for (name, keys) in [
        ("notes", json!({"song": {"notes": "C4 E4"}, "card": {"name": "sb16"}, "irq": 5})),
        ("leak", json!({"driver": {"file": "pool_leak.sys"}, "verb": "both"})),
    ] {
        let mut lab = Lab::default();
        lab.put("pool_leak.sys", driver.clone()).expect("a file");
        let mut job = keys.as_object().expect("keys").clone();
        job.extend([("job".to_owned(), json!("save")), ("name".to_owned(), json!(name))]);
        let answer = lab.run(Value::Object(job).to_string().as_bytes());
        let folder = tempfile::tempdir().expect("a folder for a test");
        for output in answer.outputs.iter().skip(1) {
            std::fs::write(folder.path().join(&output.file_name), &output.bytes).expect("a file");
        }
        let file = format!("{name}.toml");
        let mut check = Command::new(&program);
        check.args(["check", &file]).current_dir(folder.path());
        let checked = check.output().expect("the program runs");
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success(), "{name}: {said}{:?}", answer.text("result"));
    }
}
