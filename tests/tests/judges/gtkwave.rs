//! GTKWave's converters read the full dialect and keep the waveforms.

use std::collections::BTreeMap;

use portcls_machine::report::vcd::{Dialect, Tick};

use crate::program::{Exhibit, is_installed, run};
use crate::scene::{both_ways, dump, played, song};

fn is_there() -> bool {
    is_installed("vcd2fst", "gtkwave") && is_installed("fst2vcd", "gtkwave")
}

/// The changes of each variable, by the name of the variable with its bit range. A change is a tick
/// with a value: bits without leading zeros, or text.
#[derive(PartialEq, Eq, Debug, Default)]
struct Waves(BTreeMap<String, Vec<(u64, String)>>);

impl Waves {
    /// Reads a dump of the project, or a dump that the judge wrote.
    fn of(text: &str) -> Waves {
        let (head, body) = text.split_once("$enddefinitions").expect("a dump has a head");
        let mut names = BTreeMap::new();
        for declaration in head.split("$var").skip(1) {
            let words: Vec<&str> = declaration.split_whitespace().collect();
            let end = words.iter().position(|word| *word == "$end").expect("a declaration ends");
            names.insert(words[2], words[3..end].join(" "));
        }
        let (mut waves, mut tick) = (Waves::default(), 0);
        let mut words = body.split_whitespace();
        while let Some(word) = words.next() {
            let (kind, rest) = word.split_at(1);
            let (bits, identifier) = match kind {
                "$" => continue,
                "#" => {
                    tick = rest.parse().expect("a time is a number");
                    continue;
                }
                "b" | "s" => (rest, words.next().expect("a vector or text has an identifier")),
                _ => (kind, rest),
            };
            waves.change(&names[identifier], tick, bits);
        }
        waves
    }

    /// Adds a change. The judge also writes values that stay the same; these values are left out.
    fn change(&mut self, name: &str, tick: u64, bits: &str) {
        let significant = bits.trim_start_matches('0');
        let bits = if significant.is_empty() { "0" } else { significant };
        let wave = self.0.entry(name.to_owned()).or_default();
        if wave.last().is_none_or(|(_, last)| last != bits) {
            wave.push((tick, bits.to_owned()));
        }
    }
}

/// Lets the judge convert a dump into its own format and back. Returns the dump that comes back.
fn converted(name: &str, dump: &[u8]) -> String {
    let from = Exhibit::new(&format!("{name}.vcd"), dump);
    let to = Exhibit::new(&format!("{name}.fst"), b"");
    run("vcd2fst", &[from.path(), to.path()]);
    String::from_utf8(run("fst2vcd", &[to.path()])).expect("a dump is text")
}

#[test]
fn the_full_dialect_keeps_its_waveforms() {
    if !is_there() {
        return;
    }
    for card in ["roland-mpu401", "smsc-superio"] {
        for (name, log) in [("played", played(card, &song())), ("both", both_ways(card))] {
            for tick in [Tick::Nanosecond, Tick::HundredNanoseconds, Tick::Microsecond] {
                let ours = dump(&log, Dialect::Full, tick);
                let theirs = converted(&format!("{name}-{card}-{}", tick.ns()), &ours);
                let ours = Waves::of(std::str::from_utf8(&ours).expect("a dump is ASCII"));
                assert_eq!(Waves::of(&theirs), ours, "{card}, {name}, {tick:?}");
                let moving = ours.0.values().filter(|wave| wave.len() > 100).count();
                assert!(moving >= 2, "{card}, {name}: something is to be seen");
            }
        }
    }
}

#[test]
fn the_judge_loses_the_waveforms_of_a_damaged_dump() {
    if !is_there() {
        return;
    }
    let ours = String::from_utf8(dump(&played("sb16", &song()), Dialect::Full, Tick::Nanosecond));
    let ours = ours.expect("a dump is ASCII");
    let damaged = ours.replacen("$var wire 1 ! txd $end\n", "", 1);
    assert_ne!(ours, damaged);
    let theirs = converted("damaged", damaged.as_bytes());
    assert_ne!(Waves::of(&theirs), Waves::of(&ours));
}
