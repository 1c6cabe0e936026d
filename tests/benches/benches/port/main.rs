//! Counts the instructions of the port: DirectMusic beside MIDI.
//!
//! The driver and the client do almost nothing. So the count is the work of the port, with the
//! kernel and the trace below it. A round is one message of three bytes, with the message's share
//! of its request.
//!
//! ```text
//! cargo bench -p portcls-benches --bench port
//! ```
//!
//! The command prints one line for each direction and size of a group. It needs valgrind.

mod client;
mod driver;

use std::env;
use std::process::ExitCode;

use portcls_benches::instructions_of_a_round;

use client::Client;
use driver::Class;

/// Messages of the shorter of the two runs under callgrind. The other run has twice as many.
const ROUNDS: u64 = 4_000;

/// Messages in a request to render, or between two interrupts of a capture.
const GROUPS: [u64; 3] = [1, 10, 100];

const CLASSES: [(&str, Class); 2] = [("midi", Class::Midi), ("directmusic", Class::DirectMusic)];

/// Moves messages in one direction. The arguments are the driver's class, the messages in a group,
/// and the messages in total.
type Way = fn(Class, u64, u64);

const WAYS: [(&str, Way); 2] = [("render", render), ("capture", capture)];

fn render(class: Class, group: u64, messages: u64) {
    let client = Client::new(class);
    let pin = client.open_pin(driver::RENDER);
    for _ in 0..messages / group {
        client.write(&pin, group);
    }
    assert_eq!(client.driver().messages_played(), messages);
}

fn capture(class: Class, group: u64, messages: u64) {
    let client = Client::new(class);
    let pin = client.open_pin(driver::CAPTURE);
    let mut bytes = 0;
    for _ in 0..messages / group {
        bytes += client.read(&pin, group);
    }
    assert_eq!(bytes, messages * driver::MESSAGE.len() as u64);
}

fn count(way: &str, class: &str, group: u64) -> Option<u64> {
    instructions_of_a_round(&[way, class, &group.to_string()], ROUNDS)
}

fn print_table() {
    for (way, _) in WAYS {
        for group in GROUPS {
            let [midi, directmusic] = CLASSES.map(|(class, _)| count(way, class, group));
            let (Some(midi), Some(directmusic)) = (midi, directmusic) else {
                println!("{way} {group:>3}  not counted: it needs valgrind");
                continue;
            };
            let percent = directmusic * 100 / midi;
            let (midi, directmusic) = (midi / 100, directmusic / 100);
            println!(
                "{way:<7} {group:>3}  {midi:>6} MIDI  {directmusic:>6} DirectMusic  {percent} %"
            );
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--run", way, class, group, rounds] => {
            let (_, run) = WAYS.iter().find(|(name, _)| *name == way).expect("one of ours");
            let (_, class) = CLASSES.iter().find(|(name, _)| *name == class).expect("one of ours");
            let number = |text: &str| text.parse().expect("a number");
            run(*class, number(group), number(rounds));
        }
        [] => print_table(),
        _ => {
            eprintln!("port: it takes no options");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
