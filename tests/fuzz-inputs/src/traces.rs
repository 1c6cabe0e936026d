//! Any text as a trace: an error at a place, or events that read back.

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::Filter;
use portcls_machine::report::text::{Header, parse, print};

use crate::place::{check_place, check_words};
use crate::seeds::{Seed, files};

/// The first line of a trace of the present version, and of the older version.
const HEADS: [&str; 2] = ["# portcls-emu trace 2\n", "# portcls-emu trace 1\n"];

/// Reads the text, writes the events, and reads them again.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (header, log) = match parse(&text) {
        Ok(read) => read,
        Err(error) => {
            let message = error.to_string();
            return match error.column {
                Some(column) => check_place(&text, error.line, column, &message),
                None => {
                    assert!((1..=text.split('\n').count()).contains(&error.line), "{message}");
                    check_words(&message);
                }
            };
        }
    };
    let written = check_print(&header, &log);
    let (header_again, again) = read(&written);
    assert_eq!(header_again, header);
    assert_eq!(again.events().count(), log.events().count());
    assert_eq!(again.dropped(), log.dropped());
    assert_eq!(print(&again, &header_again, Filter::Full), written, "the same text again");
    read(&print(&log, &header, Filter::Registers));
}

fn read(text: &str) -> (Header, TraceLog) {
    parse(text).unwrap_or_else(|error| panic!("what is written is no trace: {error}\n{text}"))
}

/// Writes the events as text, checks the form of the lines, and returns the text.
fn check_print(header: &Header, log: &TraceLog) -> String {
    let text = print(log, header, Filter::Full);
    for line in text.lines() {
        let has_form = line.is_ascii() && line.len() <= 100 && !line.ends_with(' ');
        assert!(has_form, "{line:?}");
    }
    text
}

/// The goldens in `tests/tests/snapshots`, and a trace with each kind of event in both versions.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, golden) in files("tests/tests/snapshots", "snap") {
        let golden = String::from_utf8(golden).expect("a golden is text");
        let Some((_, events)) = golden.split_once(HEADS[0]) else { continue };
        if !name.contains("start_from") && !name.contains("remove_") {
            seeds.push((name, [HEADS[0], events].concat().into_bytes()));
        }
    }
    for (number, head) in HEADS.iter().enumerate() {
        seeds.push((format!("kinds-{number}.txt"), [head, KINDS].concat().into_bytes()));
    }
    seeds
}

/// An event of each kind, with quotes, escapes and a continuation.
const KINDS: &str = r#"# machine a \"card\" \u{E9}
# hardware bus "two words" wire
== 12.000 [D port] words \u{20}
 -1.500 I bus out 330 <- F8 ; data
 2 P "two words" in 331 -> BF x17 every 11.000
 3.000 - wire out F8 own start bit 31.680
 3.000 - bus serial "a lane" 90
 4.000 P port call "a, b", 3 bytes
 5.000 P port return Init, STATUS_IO_DEVICE_ERROR, 0xC0
 5.001 R line irq 9 = 1
 6 P kernel queue a DPC, already queued
 6 P kernel timer tick, due in 2500.000, expires in 3000.000
 6 P kernel wait the event 'x', timed out after 20.000
 6 P kernel wait a delay of 10000.000, over after 10432.100
 7 P kernel choice allocation 3 = 1, refused
 8 P app "call it a note"
 9 P app words that go on
   | here
# limit: 3 events were not held
"#;
