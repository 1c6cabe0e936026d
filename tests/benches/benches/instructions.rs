//! Counts the instructions of the most frequent work.
//!
//! Times vary from run to run; counts do not.
//!
//! ```text
//! cargo bench -p portcls-benches --bench instructions
//! ```
//!
//! The command prints one line for each work. The benchmark `speed` has the counts of the chip,
//! card by card. The command needs valgrind.

use std::env;
use std::hint::black_box;
use std::process::ExitCode;

use portcls_benches::{EVENTS, guest_on, instructions_of_a_round, read_of};
use portcls_emulator::trace::{Argument, Event, Layer, Level, NameId, Trace, TraceConfig};
use portcls_machine::emulator::KernelConfig;
use portcls_machine::guest::Guest;
use portcls_machine::{Application, MachineBuilder};

/// A work: its name, its number of rounds, and the function that does a number of rounds.
struct Work {
    name: &'static str,
    rounds: u64,
    run: fn(u64),
}

const WORKS: &[Work] = &[
    Work { name: "record a call", rounds: 20_000, run: record_calls },
    Work { name: "record an access", rounds: 20_000, run: record_accesses },
    Work { name: "fold a poll", rounds: 20_000, run: fold_polls },
    Work { name: "driver: four instructions", rounds: 20_000, run: run_instructions },
    Work { name: "driver: IN with the bus", rounds: 20_000, run: read_ports },
    Work { name: "driver: import call", rounds: 20_000, run: call_imports },
    Work { name: "the whole stack: a byte out", rounds: 2_000, run: send_bytes },
];

fn record(rounds: u64, mut one: impl FnMut(&Trace, NameId, u64)) {
    let mut left = rounds;
    while left > 0 {
        let events = left.min(EVENTS);
        let trace = Trace::new(TraceConfig::default());
        let who = trace.actor("bus", Layer::Hardware);
        (0..events).for_each(|index| one(&trace, who, index));
        left -= events;
    }
}

fn record_calls(rounds: u64) {
    record(rounds, |trace, who, index| {
        let event = Event::Call { function: NameId(3), argument: Argument::Count(3, NameId(4)) };
        trace.record(index * 100, Level::Dispatch, who, event);
    });
}

fn record_accesses(rounds: u64) {
    record(rounds, |trace, who, index| {
        trace.record_access(index * 1_000, Level::Dispatch, who, read_of(index as u32 & 1));
    });
}

fn fold_polls(rounds: u64) {
    record(rounds, |trace, who, index| {
        trace.record_access(index * 1_000, Level::Dispatch, who, read_of(0xFF));
    });
}

fn guest_with(code: &[u8]) -> (Guest, u64) {
    guest_on(KernelConfig::default(), code)
}

fn run_instructions(rounds: u64) {
    // add rax, rcx; mov rdx, rax; dec ecx; jnz to the start; ret
    let (guest, address) =
        guest_with(&[0x48, 0x01, 0xC8, 0x48, 0x89, 0xC2, 0xFF, 0xC9, 0x75, 0xF6, 0xC3]);
    black_box(guest.call(address, &[rounds, 0]));
}

fn read_ports(rounds: u64) {
    // in al, dx; dec ecx; jnz to the start; ret
    let (guest, address) = guest_with(&[0xEC, 0xFF, 0xC9, 0x75, 0xFB, 0xC3]);
    black_box(guest.call(address, &[rounds, 0x331]));
}

fn call_imports(rounds: u64) {
    // push rsi; push rbx; sub rsp, 28h; mov ebx, ecx; mov rsi, rdx; call rsi; dec ebx; jnz to the
    // call; add rsp, 28h; pop rbx; pop rsi; ret
    let (guest, address) = guest_with(&[
        0x56, 0x53, 0x48, 0x83, 0xEC, 0x28, 0x89, 0xCB, 0x48, 0x89, 0xD6, 0xFF, 0xD6, 0xFF, 0xCB,
        0x75, 0xFA, 0x48, 0x83, 0xC4, 0x28, 0x5B, 0x5E, 0xC3,
    ]);
    let routine = guest.routine_address("ntoskrnl.exe", "KeGetCurrentIrql").expect("it is there");
    black_box(guest.call(address, &[rounds, routine]));
}

fn send_bytes(rounds: u64) {
    let builder = MachineBuilder::new().card("smsc-superio").expect("a known card");
    let machine = builder.build().expect("it is whole");
    machine.start().expect("it starts");
    let application = Application::new(&machine);
    let pin = application.open_render().expect("a pin");
    pin.run().expect("it runs");
    for _ in 0..rounds {
        pin.write_now(&[0xF8]).expect("it is queued");
        machine.run_for_ns(1_000_000).expect("nothing stops it");
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--run", name, rounds] => {
            let work = WORKS.iter().find(|work| work.name == name).expect("one of ours");
            (work.run)(rounds.parse().expect("a number"));
        }
        [] => {
            for work in WORKS {
                match instructions_of_a_round(&[work.name], work.rounds) {
                    Some(hundredths) => {
                        let (whole, rest) = (hundredths / 100, hundredths % 100);
                        println!("{:<28} {whole:>6}.{rest:02} instructions", work.name);
                    }
                    None => println!("{:<28} not counted: it needs valgrind", work.name),
                }
            }
        }
        _ => {
            eprintln!("instructions: it takes no options");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
