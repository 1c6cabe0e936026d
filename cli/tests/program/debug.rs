//! `debug`: a session with gdb, wrong usage, and connections that break off.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::support::{Folder, driver_path};
use insta_cmd::assert_cmd_snapshot;

#[test]
fn the_help_of_debug_is_complete() {
    assert_cmd_snapshot!(Folder::new().command(&["debug", "--help"]));
}

#[test]
fn a_driver_in_rust_and_a_place_that_is_none_are_wrong_usage() {
    let ran = Folder::new().run(&["debug"]);
    let message = "error: the driver uart is not a .sys file: give one with --driver PATH.sys\n";
    assert_eq!((ran.code, ran.text(), ran.stderr.as_str()), (2, "", message));

    let ran =
        Folder::new().run(&["debug", "--driver", &driver_path("x64/uart.sys"), "--gdb", "65536"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("give a port from 0 to 65535, or an address with one"));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let ran =
        Folder::new().run(&["debug", "--driver", &driver_path("x64/uart.sys"), "--gdb", &place]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(&format!("cannot wait for gdb at {place}: ")), "{}", ran.stderr);
}

#[test]
fn gdb_finds_the_driver_and_the_run_goes_on_when_it_leaves() {
    if !portcls_test_tools::has_program("gdb", "--version", "it comes with the Debian package gdb")
    {
        return;
    }
    let folder = Folder::new();
    let driver = driver_path("x64/uart.sys");
    let mut program = folder.command(&["debug", "--driver", &driver, "--gdb", "0"]);
    let program = program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = program.spawn().unwrap();
    let mut stderr = BufReader::new(program.stderr.take().unwrap());
    let mut note = String::new();
    stderr.read_line(&mut note).unwrap();
    let place = note.split("target remote ").nth(1).and_then(|rest| rest.split(';').next());
    let target = format!("target remote {}", place.unwrap_or_else(|| panic!("{note}")));
    let script = [&target, "stepi 10", "monitor irql", "reverse-stepi", "monitor time", "detach"];
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch"]).args(script.iter().flat_map(|command| ["-ex", command]));
    let said = gdb.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    assert!(said.contains("0 (PASSIVE_LEVEL)"), "{said}");
    assert!(said.contains(", 9 instructions"), "{said}");

    let mut summary = String::new();
    program.stdout.take().unwrap().read_to_string(&mut summary).unwrap();
    assert_eq!(program.wait().unwrap().code(), Some(0), "{summary}");
    assert!(summary.contains("result      every byte reached MIDI OUT unchanged"), "{summary}");
}

#[test]
fn a_conversation_that_breaks_off_is_an_error_in_words_and_exit_3() {
    let closed = "it closed the connection before the run was over";
    let no_packet = "what it sent is not of the remote protocol of gdb";
    for (sent, words) in [(&b""[..], closed), (b"$garbage#00", no_packet), (b"\xFF", no_packet)] {
        let folder = Folder::new();
        let driver = driver_path("x64/uart.sys");
        let mut program = folder.command(&["debug", "--driver", &driver, "--gdb", "0"]);
        let program = program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = program.spawn().unwrap();
        let mut stderr = BufReader::new(program.stderr.take().unwrap());
        let mut note = String::new();
        stderr.read_line(&mut note).unwrap();
        let place = note.split("target remote ").nth(1).and_then(|rest| rest.split(';').next());
        let mut connection = TcpStream::connect(place.unwrap_or_else(|| panic!("{note}"))).unwrap();
        connection.write_all(sent).unwrap();
        connection.shutdown(Shutdown::Write).unwrap();
        let mut message = String::new();
        stderr.read_to_string(&mut message).unwrap();
        assert_eq!(
            message,
            format!(
                "error: the conversation with the debugger broke off: {words}; start `debug` and \
                 the debugger again\n"
            )
        );
        assert_eq!(program.wait().unwrap().code(), Some(3));
    }
}
