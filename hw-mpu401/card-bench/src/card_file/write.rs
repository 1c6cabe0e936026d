//! Writes any profile as a card file, each key with what it means.

use std::fmt::Write;

use hw_mpu401::{CardProfile, EmptyRead, Fifos, NEVER_NS, Spread};

use super::fields::{FIELDS, Field, Kind, LATENCIES, Radix};

/// The card as the text of a file that gives the same card.
#[must_use]
pub fn to_toml(card: &CardProfile) -> String {
    let mut text = String::new();
    for field in FIELDS {
        // A String takes everything.
        let _ = writeln!(text, "# {}", about(field));
        let _ = writeln!(text, "{} = {}\n", field.key, value(field, card));
    }
    text.push_str("# Times in ns: one number, or { min, typ, max } where it varies.\n[timing]\n");
    for latency in LATENCIES {
        let spread = spread((latency.get)(&card.timing));
        // A String takes everything.
        let _ = writeln!(text, "# {}\n{} = {spread}", latency.about, latency.key);
    }
    text
}

fn about(field: &Field) -> String {
    match &field.kind {
        Kind::Word { words, .. } => format!("one of {}; {}", words.join(", "), field.about),
        Kind::Number { range, radix: Radix::Decimal, .. } => {
            format!("{} to {}; {}", range.start(), range.end(), field.about)
        }
        Kind::Number { range, radix: Radix::Hexadecimal, .. } => {
            format!("0x{:X} to 0x{:X}; {}", range.start(), range.end(), field.about)
        }
        _ => field.about.to_owned(),
    }
}

fn value(field: &Field, card: &CardProfile) -> String {
    match &field.kind {
        Kind::Text { get, .. } => quoted(get(card)),
        Kind::Sources => {
            let sources: Vec<String> =
                card.sources.iter().map(|source| format!("\n    {},", quoted(source))).collect();
            if sources.is_empty() { "[]".to_owned() } else { format!("[{}\n]", sources.concat()) }
        }
        Kind::Number { radix: Radix::Decimal, get, .. } => get(card).to_string(),
        Kind::Number { radix: Radix::Hexadecimal, get, .. } => format!("0x{:02X}", get(card)),
        Kind::Word { words, get, .. } => quoted(words[get(card)]),
        Kind::Firmware => match card.firmware {
            None => quoted("none"),
            Some(id) => {
                format!("{{ version = 0x{:02X}, revision = 0x{:02X} }}", id.version, id.revision)
            }
        },
        Kind::EmptyRead => match card.empty_read {
            EmptyRead::Stale => quoted("stale"),
            EmptyRead::Value(byte) => format!("0x{byte:02X}"),
        },
        Kind::Fifos { get, .. } => {
            let named = [(Fifos::TX, "\"tx\""), (Fifos::RX, "\"rx\"")];
            let held = named.iter().filter(|(fifo, _)| get(card).contains(*fifo));
            format!("[{}]", held.map(|(_, name)| *name).collect::<Vec<_>>().join(", "))
        }
        Kind::ResetOutput => match card.reset_output {
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

fn spread(spread: &Spread) -> String {
    let Spread { min, typ, max } = *spread;
    if min == NEVER_NS {
        quoted("never")
    } else if min == max {
        digits(typ)
    } else {
        format!("{{ min = {}, typ = {}, max = {} }}", digits(min), digits(typ), digits(max))
    }
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
