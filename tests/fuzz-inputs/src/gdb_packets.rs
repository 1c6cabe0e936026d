//! Any bytes from a debugger: the run ends, is given up, or goes on.
//!
//! The first byte chooses the driver, and whether the rest is raw bytes or packets. A packet is a
//! line without its frame: the target adds the `$` at its beginning, the checksum, and the
//! acknowledgement of the answer. A line `~c` stands for the byte 03, by which gdb interrupts the
//! driver.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use portcls_machine::guest::gdb::{Connection, ConnectionExt, GdbServer};
use portcls_machine::{Application, Driver, Machine, MachineError, debug};

use crate::machines::{machine, options};
use crate::seeds::Seed;

const DRIVERS: [&[u8]; 2] = [
    include_bytes!("../../../guest/drivers/bin/x64/uart.sys"),
    include_bytes!("../../../guest/drivers/bin/x86/uart.sys"),
];

/// The most instructions of a call into the driver.
const CALL_BUDGET: u64 = 50_000;

/// The most machines that a conversation may need. Each step back needs a further machine.
const MOST_MACHINES: u32 = 6;

/// The most bytes that the stub may answer. An input has some hundred bytes. The worst that one
/// byte can do is to ask for a whole answer again.
const MOST_ANSWER: usize = 4 << 20;

thread_local! {
    static LOADED: Vec<Driver> = DRIVERS
        .iter()
        .map(|file| Driver::from_sys("uart.sys", file, options(CALL_BUDGET)).expect("a driver"))
        .collect();
}

/// The debugger's end of a connection: what gdb sends, and how many bytes gdb got.
struct Wire {
    sent: VecDeque<u8>,
    answered: usize,
}

impl Connection for Wire {
    type Error = io::Error;

    fn write(&mut self, _: u8) -> io::Result<()> {
        self.answered += 1;
        assert!(self.answered <= MOST_ANSWER, "the stub answers without end");
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ConnectionExt for Wire {
    fn read(&mut self) -> io::Result<u8> {
        self.sent.pop_front().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.sent.front().copied())
    }
}

/// Runs a driver under a debugger that sends these bytes.
pub fn run(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let sent = if first & 2 == 0 { framed(rest) } else { rest.to_vec() };
    let server = Rc::new(GdbServer::over(Box::new(Wire { sent: sent.into(), answered: 0 })));
    let driver = LOADED.with(|loaded| loaded[usize::from(first & 1)].clone());
    let machines = Cell::new(0);
    let too_many = MachineError::NotDebuggable { name: "the limit of machines".to_owned() };
    let build = || {
        machines.set(machines.get() + 1);
        if machines.get() > MOST_MACHINES { Err(too_many.clone()) } else { machine(driver.clone()) }
    };
    let ended = RefCell::new(Vec::new());
    match debug(&server, build, |machine| ended.borrow_mut().push(life(machine))) {
        Err(error) => assert_eq!(error, too_many),
        Ok((last, ())) => {
            let stop = ended.into_inner().pop().expect("the job ran").err();
            if let Some(MachineError::Stopped(stop)) = stop {
                assert_eq!(last.kernel().stopped().as_ref(), Some(&stop));
                assert!(!stop.to_string().contains("panicked"), "{stop}");
            }
        }
    }
    // The connection may end before the conversation does, or may send bytes that are not a packet.
    if let Some(error) = server.take_error() {
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

/// A start, three bytes out, and an end.
fn life(machine: &Machine) -> Result<(), MachineError> {
    machine.start()?;
    let application = Application::new(machine);
    let pin = application.open_render()?;
    pin.run()?;
    pin.write_now(&[0x90, 0x3C, 0x40])?;
    machine.run_for_ns(3_000_000)?;
    drop(pin);
    machine.unload().map(drop)
}

/// The lines as packets, each with the acknowledgement of the answer after it.
fn framed(lines: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if line == b"~c" {
            sent.push(3);
            continue;
        }
        let sum = line.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        sent.push(b'$');
        sent.extend_from_slice(line);
        sent.extend_from_slice(format!("#{sum:02x}+").as_bytes());
    }
    sent
}

/// A question as `monitor` sends it.
fn monitor(question: &str) -> String {
    let hex: String = question.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("qRcmd,{hex}")
}

/// Conversations as gdb and lldb have them.
pub fn seeds() -> Vec<Seed> {
    let words =
        ["help", "irql", "time", "running", "card", "queues", "filters", "pins", "irps", "lm"];
    let questions: Vec<String> = words.iter().map(|word| monitor(word)).collect();
    let trace = [monitor("trace 5"), monitor("trace"), monitor("!trace 99999999999999999999")];
    let hello = "qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+\nvMustReplyEmpty\nHg0\n?";
    let read = "g\nm80001000,10\np0\nqOffsets\nqXfer:features:read:target.xml:0,ffb\n\
                qXfer:exec-file:read:1:0,100\nqXfer:libraries:read::0,100\nqHostInfo";
    let go = "s\ns\nvCont;s\nZ0,80001000,1\nvCont;c\nz0,80001000,1\nbs\nbc\nD";
    let watch = "Z2,80003000,4\nZ3,80003000,8\nZ4,80003000,ffffffffffffffff\nc\n~c\nc\nk";
    let write = "M80003000,4:01020304\nX80003000,4:abcd\nP10=0000000000000000\nG00\nc";
    let parts = [
        ("hello", hello.to_owned()),
        ("read", format!("{hello}\n{read}\nk")),
        ("go", format!("{hello}\n{go}")),
        ("watch", format!("{hello}\n{watch}")),
        ("write", format!("{hello}\n{write}")),
        ("monitor", format!("{hello}\n{}\ns\n{}\nD", questions.join("\n"), trace.join("\n"))),
    ];
    let mut seeds = Vec::new();
    for (name, lines) in &parts {
        for first in [b'0', b'1'] {
            let raw = framed(lines.as_bytes());
            seeds.push((format!("{name}-{first}"), [&[first][..], lines.as_bytes()].concat()));
            seeds.push((format!("{name}-raw-{first}"), [&[first + 2][..], &raw].concat()));
        }
    }
    seeds
}
