//! gdb itself as the judge of the remote stub.
//!
//! When gdb is not installed, the tests skip with a message.

// On wasm no process can be started.
#![cfg(not(target_family = "wasm"))]

use std::cell::RefCell;
use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use cpu_x86::{Cpu, Mode, Register, Rights, Stop};
use portcls_guest::debugger::{Debuggee, Debugger, LoadedImage, Pause, Verdict};
use portcls_guest::gdb::GdbServer;

const DATA: u64 = 0x8000_2000;
const CODE: u64 = 0x8000_1000;

/// Sums 5 + 4 + 3 + 2 + 1 and writes each partial sum to memory. The bytes are the same in both
/// modes.
const PROGRAM: &[u8] = &[
    0xB9, 0x05, 0x00, 0x00, 0x00, // 1000 mov ecx, 5
    0x31, 0xC0, //                   1005 xor eax, eax
    0x01, 0xC8, //                   1007 add eax, ecx
    0x89, 0x03, //                   1009 mov [rbx], eax
    0x83, 0xE9, 0x01, //             100b sub ecx, 1
    0x75, 0xF7, //                   100e jnz 1007
    0xF4, //                         1010 hlt
];

fn machine(mode: Mode) -> Rc<RefCell<Cpu>> {
    let mut cpu = Cpu::new(mode);
    let memory = cpu.memory_mut();
    memory.map(CODE, 0x1000, Rights::READ | Rights::EXECUTE).unwrap();
    memory.map(DATA, 0x1000, Rights::READ | Rights::WRITE).unwrap();
    memory.poke(CODE, PROGRAM).unwrap();
    cpu.set_register(Register::Rbx, DATA);
    cpu.set_rip(CODE);
    Rc::new(RefCell::new(cpu))
}

/// Runs the program under the debugger until the debugger wants no more replay. Returns the number
/// of runs.
fn serve(mode: Mode, listener: &TcpListener) -> u32 {
    let (connection, _) = listener.accept().unwrap();
    let server = GdbServer::new(connection);
    let mut runs = 0;
    loop {
        runs += 1;
        run(&machine(mode), &server);
        if !server.wants_replay() {
            assert!(server.take_error().is_none());
            return runs;
        }
    }
}

fn run(cpu: &Rc<RefCell<Cpu>>, server: &GdbServer) {
    let facts = |question: &str| (question == "irql").then(|| "PASSIVE_LEVEL".to_owned());
    let image = LoadedImage {
        path: "/no/such/driver.sys".into(),
        base: CODE,
        preferred_base: CODE,
        first_section: CODE,
    };
    server.attach(Debuggee { cpu: Rc::clone(cpu), facts: Rc::new(facts), image });
    let mut pause = None;
    loop {
        let count = cpu.borrow().instruction_count();
        if count >= server.next_pause() {
            pause = Some(Pause::Count);
        }
        let is_end = pause == Some(Pause::Ended);
        if let Some(pause) = pause.take()
            && server.pause(pause) == Verdict::Abandon
        {
            return;
        }
        if is_end {
            return;
        }
        let budget = server.next_pause().saturating_sub(count);
        let stop = cpu.borrow_mut().run(budget);
        pause = match stop {
            Stop::Budget => None,
            Stop::Breakpoint { .. } => Some(Pause::Breakpoint),
            Stop::Watchpoint { address, access } => Some(Pause::Watchpoint { address, access }),
            Stop::Halt => Some(Pause::Ended),
            other => panic!("{other}"),
        };
    }
}

fn start_gdb(listener: &TcpListener, commands: &[&str]) -> Option<Child> {
    let port = listener.local_addr().unwrap().port();
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-ex", "set pagination off", "-ex", "set width 0"]);
    gdb.args(["-ex", &format!("target remote 127.0.0.1:{port}")]);
    for command in commands {
        gdb.args(["-ex", command]);
    }
    let child = gdb.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    match child {
        Ok(child) => Some(child),
        Err(error) => {
            portcls_test_tools::skip(&format!("gdb does not start: {error}"));
            None
        }
    }
}

/// The output of gdb for these commands, and the number of runs of the program. `None` when gdb is
/// not installed.
fn talk(mode: Mode, commands: &[&str]) -> Option<(String, u32)> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let child = start_gdb(&listener, commands)?;
    let runs = serve(mode, &listener);
    let output = child.wait_with_output().unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    write!(text, "{}", String::from_utf8(output.stderr).unwrap()).unwrap();
    Some((text, runs))
}

fn assert_lines(text: &str, expected: &[&str]) {
    let mut rest = text.lines();
    for wanted in expected {
        assert!(
            rest.any(|line| line.contains(wanted)),
            "{wanted:?} is missing in order in:\n{text}"
        );
    }
}

#[test]
fn gdb_stops_at_breakpoints_and_steps_in_both_modes() {
    for (mode, counter) in [(Mode::Bits64, "$rcx"), (Mode::Bits32, "$ecx")] {
        let print_counter = format!("printf \"counter %d\\n\", {counter}");
        let Some((text, runs)) = talk(
            mode,
            &[
                "break *0x8000100b",
                "continue",
                &print_counter,
                "continue",
                "stepi",
                &print_counter,
                "x/1dw 0x80002000",
                "monitor irql",
                "delete",
                "continue",
                "kill",
            ],
        ) else {
            return;
        };
        let expected = ["Breakpoint 1, 0x", "counter 5", "counter 3", "9", "No more reverse"];
        assert_lines(&text, &expected);
        // gdb prints messages of the stub to standard error.
        assert_lines(&text, &["PASSIVE_LEVEL"]);
        assert_eq!(runs, 1, "{text}");
    }
}

#[test]
fn gdb_goes_back_by_steps_and_to_the_breakpoint_before() {
    let Some((text, runs)) = talk(
        Mode::Bits64,
        &[
            "break *0x80001009",
            "continue",
            "continue",
            "continue",
            "printf \"sum %d\\n\", $eax",
            "reverse-stepi",
            "printf \"before the addition %d at %x\\n\", $eax, $pc",
            "reverse-continue",
            "printf \"back at %d\\n\", $eax",
            "reverse-continue",
            "printf \"back at %d\\n\", $eax",
            "reverse-continue",
            "printf \"begin %x\\n\", $pc",
            "continue",
            "printf \"again %d\\n\", $eax",
            "kill",
        ],
    ) else {
        return;
    };
    let expected = [
        "sum 12",
        "before the addition 9 at 80001007",
        "back at 9",
        "back at 5",
        "No more reverse-execution history",
        "begin 80001000",
        "again 5",
    ];
    assert_lines(&text, &expected);
    assert!(runs > 4, "every way back runs the program anew:\n{text}");
}

#[test]
fn gdb_watches_memory_forwards_and_backwards() {
    let Some((text, _)) = talk(
        Mode::Bits64,
        &[
            "watch *(int *)0x80002000",
            "continue",
            "continue",
            "printf \"sum %d\\n\", *(int *)0x80002000",
            "reverse-continue",
            "reverse-continue",
            "printf \"at first %d\\n\", *(int *)0x80002000",
            "kill",
        ],
    ) else {
        return;
    };
    let expected = ["Hardware watchpoint 1", "New value = 5", "Old value = 5", "New value = 9"];
    assert_lines(&text, &expected);
    assert_lines(&text, &["sum 9", "at first 0"]);
}

#[test]
fn a_gdb_that_goes_away_ends_the_run_or_lets_it_go_on() {
    let Some((text, runs)) = talk(Mode::Bits64, &["stepi", "detach"]) else {
        return;
    };
    assert_lines(&text, &["detached"]);
    assert_eq!(runs, 1);

    // A connection that closes before its first packet is an error, not a hang.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    drop(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let (connection, _) = listener.accept().unwrap();
    let server = GdbServer::new(connection);
    run(&machine(Mode::Bits64), &server);
    assert!(!server.wants_replay());
    assert!(server.take_error().is_some());
}
