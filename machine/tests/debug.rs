//! gdb on a whole machine: single steps, `monitor`, and going back.
//!
//! When no gdb is installed, each test that starts gdb is skipped with a message.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::rc::Rc;

use portcls_machine::emulator::Stop;
use portcls_machine::guest::gdb::GdbServer;
use portcls_machine::{
    Application, Driver, GuestOptions, Machine, MachineBuilder, MachineError, debug,
};

fn driver(place: &str) -> Driver {
    let path = format!("{}/../guest/drivers/bin/{place}/uart.sys", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read(&path).expect("the test drivers are part of the project");
    Driver::from_sys("uart.sys", &file, GuestOptions::default()).expect("it is a good file")
}

fn build(place: &str) -> Result<Machine, MachineError> {
    MachineBuilder::new().card("smsc-superio")?.driver(driver(place)).build()
}

/// Plays three bytes and returns the bytes that reached the wire.
fn play_three_bytes(machine: &Machine) -> Result<Vec<u8>, MachineError> {
    machine.start()?;
    machine.run_for_ns(200_000_000)?;
    let application = Application::new(machine);
    let pin = application.open_render()?;
    pin.run()?;
    pin.write_now(&[0x90, 0x3C, 0x40])?;
    machine.run_for_ns(3_000_000)?;
    Ok(machine.cable().sent_bytes())
}

struct Session {
    text: String,
    runs: u32,
    last: Machine,
    sent: Result<Vec<u8>, MachineError>,
}

/// Starts gdb, which gives `commands` to the machine. Returns `None` when gdb does not start.
fn talk(place: &'static str, commands: &[&str]) -> Option<Session> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-ex", "set pagination off", "-ex", "set width 0"]);
    gdb.args(["-ex", &format!("target remote {address}")]);
    for command in commands {
        gdb.args(["-ex", command]);
    }
    let child = gdb.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = match child {
        Ok(child) => child,
        Err(error) => {
            portcls_test_tools::skip(&format!("gdb does not start: {error}"));
            return None;
        }
    };
    let server = Rc::new(GdbServer::new(listener.accept().unwrap().0));
    let runs = std::cell::Cell::new(0);
    let count = || {
        runs.set(runs.get() + 1);
        build(place)
    };
    let (last, sent) = debug(&server, count, play_three_bytes).unwrap();
    drop(server);
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    Some(Session { text: text.concat(), runs: runs.get(), last, sent })
}

/// The address of DriverEntry, in gdb's form.
fn entry(place: &str) -> String {
    let machine = build(place).unwrap();
    format!("{:#x}", machine.guest().unwrap().loaded().entry)
}

#[test]
fn a_run_under_gdb_is_the_same_as_one_without() {
    let plain = build("x64").unwrap();
    let sent = play_three_bytes(&plain).unwrap();
    for place in ["x64", "x86"] {
        let commands = ["stepi 20", "monitor irql", "stepi 20", "continue", "detach"];
        let Some(session) = talk(place, &commands) else { return };
        assert_eq!(session.sent.as_ref(), Ok(&sent), "{}", session.text);
        assert!(session.text.contains(&entry(place)), "{}", session.text);
        assert!(session.text.contains("0 (PASSIVE_LEVEL)"), "{}", session.text);
        assert_eq!(session.runs, 1);
        if place == "x64" {
            let texts = [&plain, &session.last]
                .map(|machine| machine.trace_text(portcls_machine::report::Filter::Full));
            assert_eq!(texts[0], texts[1]);
        }
    }
}

#[test]
fn gdb_is_told_the_card_and_the_queues_and_the_run_stays_the_same() {
    let plain = build("x64").unwrap();
    let sent = play_three_bytes(&plain).unwrap();
    let commands =
        ["monitor card", "stepi 300", "monitor card", "monitor queues", "monitor cards", "detach"];
    let Some(session) = talk("x64", &commands) else { return };
    let text = &session.text;
    assert_eq!(text.matches("the device at ports 330 to 331, irq 9\n").count(), 2, "{text}");
    assert_eq!(text.matches("  card           smsc-superio\n").count(), 2, "{text}");
    assert_eq!(text.matches("  IRQL           0 (PASSIVE_LEVEL)\n").count(), 1, "{text}");
    let unknown = "unknown command; 'monitor help' lists the commands\n";
    assert_eq!(text.matches(unknown).count(), 1, "{text}");
    assert_eq!(session.sent.as_ref(), Ok(&sent), "{text}");
    let texts = [&plain, &session.last]
        .map(|machine| machine.trace_text(portcls_machine::report::Filter::Full));
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn gdb_goes_back_to_where_it_came_from() {
    let break_at_entry = format!("break *{}", entry("x64"));
    let commands = [
        "stepi 1000",
        "printf \"there %lx\\n\", $pc",
        "monitor time",
        "stepi",
        "reverse-stepi",
        "printf \"again %lx\\n\", $pc",
        "monitor time",
        &break_at_entry[..],
        "reverse-continue",
        "printf \"entry %lx\\n\", $pc",
        "kill",
    ];
    let Some(session) = talk("x64", &commands) else { return };
    let after = |word: &str| -> Vec<&str> {
        let lines = session.text.lines();
        lines.filter_map(|line| line.strip_prefix(word)).collect()
    };
    assert_eq!(after("there "), after("again "), "{}", session.text);
    assert_eq!(format!("0x{}", after("entry ")[0]), entry("x64"), "{}", session.text);
    let mut times = session.text.lines().filter(|line| line.ends_with("instructions"));
    assert_eq!(times.next(), times.next(), "{}", session.text);
    assert!(session.runs >= 3, "{}", session.text);
    assert!(matches!(session.sent, Err(MachineError::Stopped(Stop::Abandoned { .. }))));
}

#[test]
fn a_driver_in_rust_is_not_for_gdb() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _gdb = std::net::TcpStream::connect(address).unwrap();
    let server = Rc::new(GdbServer::new(listener.accept().unwrap().0));
    let result = debug(&server, || MachineBuilder::new().build(), play_three_bytes);
    let error = result.err().expect("it cannot be debugged");
    assert_eq!(error, MachineError::NotDebuggable { name: "uart".to_owned() });
}
