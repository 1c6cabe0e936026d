//! Writes any profile as a card file, and explains each key.

use std::fmt::Write;

use hw_mpu401::behaviour::{Kind, LATENCIES, Radix};
use hw_mpu401::{
    AnswerRow, Behaviour, CardProfile, EmptyRead, Fifos, FixedAnswers, InterruptCauses, NEVER_NS,
    Spread,
};

use super::CardFile;
use super::keys::{Key, Value, keys};
use super::resources;

/// The text of a card file with every key. A reader of this text gets the same card.
#[must_use]
pub fn to_toml(card: &CardProfile) -> String {
    let mut text = String::new();
    for key in keys() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# {}", about(&key));
        let _ = writeln!(text, "{} = {}\n", key.name, value(&key, card));
    }
    text.push_str("# Times in ns: one number, or { min, typ, max } where it varies.\n[timing]\n");
    for latency in LATENCIES {
        let spread = spread((latency.get)(&card.behaviour.timing));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# {}\n{} = {spread}", latency.about, latency.key);
    }
    text
}

impl CardFile {
    /// The text of a file that gives the same card and the same resources when it is read.
    #[must_use]
    pub fn to_toml(&self) -> String {
        to_toml(&self.profile) + &resources::tables(&self.resources)
    }
}

fn about(key: &Key) -> String {
    match &key.value {
        Value::Behaviour(Kind::Word { words, .. }) => {
            format!("one of {}; {}", words.join(", "), key.about)
        }
        Value::Behaviour(Kind::Number { range, radix: Radix::Decimal, .. }) => {
            format!("{} to {}; {}", range.start(), range.end(), key.about)
        }
        Value::Behaviour(Kind::Number { range, radix: Radix::Hexadecimal, .. }) => {
            format!("0x{:X} to 0x{:X}; {}", range.start(), range.end(), key.about)
        }
        _ => key.about.to_owned(),
    }
}

fn value(key: &Key, card: &CardProfile) -> String {
    match &key.value {
        Value::Text { get, .. } => quoted(get(card)),
        Value::Sources => {
            let sources: Vec<String> =
                card.sources.iter().map(|source| format!("\n    {},", quoted(source))).collect();
            if sources.is_empty() { "[]".to_owned() } else { format!("[{}\n]", sources.concat()) }
        }
        Value::Behaviour(kind) => field(kind, &card.behaviour),
    }
}

fn field(kind: &Kind, behaviour: &Behaviour) -> String {
    match kind {
        Kind::Number { radix: Radix::Decimal, place, .. } => (place.get)(behaviour).to_string(),
        Kind::Number { radix: Radix::Hexadecimal, place, .. } => {
            format!("0x{:02X}", (place.get)(behaviour))
        }
        Kind::Word { words, place } => quoted(words[(place.get)(behaviour)]),
        Kind::Firmware(place) => match (place.get)(behaviour) {
            None => quoted("none"),
            Some(id) => {
                format!("{{ version = 0x{:02X}, revision = 0x{:02X} }}", id.version, id.revision)
            }
        },
        Kind::Answers(place) => answers(&(place.get)(behaviour)),
        Kind::EmptyRead(place) => match (place.get)(behaviour) {
            EmptyRead::Stale => quoted("stale"),
            EmptyRead::LastInput => quoted("last-input"),
            EmptyRead::Value(byte) => format!("0x{byte:02X}"),
        },
        Kind::Fifos(place) => {
            let fifos = (place.get)(behaviour);
            tx_and_rx([fifos.contains(Fifos::TX), fifos.contains(Fifos::RX)])
        }
        Kind::Causes(place) => {
            let causes = (place.get)(behaviour);
            tx_and_rx(
                [InterruptCauses::TRANSMIT, InterruptCauses::RECEIVE]
                    .map(|one| causes.contains(one)),
            )
        }
        Kind::ResetOutput(place) => match (place.get)(behaviour) {
            None => quoted("none"),
            Some(output) => format!(
                "{{ stop-before-ready-ns = {}, clock-after-ready-ns = {}, clock-period-ns = {} }}",
                digits(output.stop_before_ready_ns),
                digits(output.clock_after_ready_ns),
                digits(output.clock_period_ns)
            ),
        },
    }
}

fn answers(answers: &FixedAnswers) -> String {
    let row = |row: AnswerRow| match row.first == row.last {
        true => format!("{:02X} = 0x{:02X}", row.first, row.answer),
        false => format!("\"{:02X}-{:02X}\" = 0x{:02X}", row.first, row.last, row.answer),
    };
    let rows: Vec<String> = answers.rows().map(row).collect();
    if rows.is_empty() { quoted("none") } else { format!("{{ {} }}", rows.join(", ")) }
}

/// The list of the directions that are there: `tx`, `rx`, both or none.
fn tx_and_rx(is_there: [bool; 2]) -> String {
    let named = ["\"tx\"", "\"rx\""].into_iter().zip(is_there);
    let there: Vec<&str> = named.filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect();
    format!("[{}]", there.join(", "))
}

fn spread(spread: &Spread) -> String {
    let Spread { min, typ, p95, max } = *spread;
    if min == NEVER_NS {
        return quoted("never");
    }
    if min == max {
        return digits(typ);
    }
    // The file leaves p95 out if the reader computes the same p95 from min, typ and max.
    let p95 = match *spread == Spread::between(min, typ, max) {
        true => String::new(),
        false => format!("p95 = {}, ", digits(p95)),
    };
    format!("{{ min = {}, typ = {}, {p95}max = {} }}", digits(min), digits(typ), digits(max))
}

/// A number with its digits in groups of three.
fn digits(number: u64) -> String {
    let plain = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && (plain.len() - index).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
