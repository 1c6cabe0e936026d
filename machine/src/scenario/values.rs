//! The values of a scenario file: times, bytes, notes, ports, statuses.
//!
//! Most values are texts in the file. An error says what is wrong and, after a semicolon, what to
//! write instead.

use hw_mpu401::LINE_SPEEDS;
use portcls_emulator::{BUG_CHECKS, Irql, NtStatus};
use serde::Deserialize;

use super::error::{advice, short};
use crate::cable::Sender;
use crate::settings;

/// Declares values that are texts in the file, each with the function that reads its text.
macro_rules! texts {
    ($($(#[$meta:meta])* $name:ident($inner:ty) = $read:path;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "String")]
        pub(super) struct $name(
            #[cfg_attr(feature = "schema", schemars(with = "String"))] pub $inner,
        );

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<$name, String> {
                $read(&text).map($name)
            }
        }
    )+};
}

texts! {
    /// A time: a number and a unit (ns, us, ms, s, m, h), as in 500us or 1.5ms.
    Time(u64) = time;
    /// Bytes in hexadecimal, as in 90 3C 40.
    Bytes(Vec<u8>) = settings::parse_bytes;
    /// Notes by their names, as in C4 E4 G#4; C4 is the middle C, 3C. A last word such as @64 is
    /// the velocity in decimal. Without this word it is 64.
    Notes(Vec<u8>) = settings::parse_notes;
    /// A base port in hexadecimal, as in 330.
    Port(u16) = port;
    /// A status by its name, as in STATUS_SUCCESS.
    Status(NtStatus) = status;
    /// A bug check by its name or its number in hexadecimal.
    BugCheck(u32) = bug_check;
    /// A level of the processor: PASSIVE_LEVEL, APC_LEVEL, DISPATCH_LEVEL, HIGH_LEVEL, or irq and
    /// the number of a line.
    Level(Irql) = level;
    /// How much the time from a cause to its event may differ: by a time, as in 5us, by a
    /// percentage, as in 2%, or by the larger of both, as in 5us|2%.
    ToleranceText(super::golden::Tolerance) = tolerance;
    /// How far a number of polls may differ: exact, any, or count: and a number, as in count:2.
    PollsText(super::golden::Polls) = polls;
    /// What is wrong with bytes on MIDI IN: framing for a space in the place of each stop bit, or
    /// baud and the speed of the sender in bits per second, as in baud 38400.
    WireText(Sender) = wire;
    /// What to wait for: a time, as in 500us; or silence, requests or input.
    WaitText(Wait) = wait;
}

/// What a step waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wait {
    /// A time in ns.
    Time(u64),
    /// Every write is complete, and MIDI OUT of every card has been idle for 100 ms.
    Silence,
    /// Every request of the pin is complete.
    Requests,
    /// Every byte on MIDI IN has arrived, and the driver has taken it.
    Input,
}

const WAITS: [(&str, Wait); 3] =
    [("silence", Wait::Silence), ("requests", Wait::Requests), ("input", Wait::Input)];

fn wait(text: &str) -> Result<Wait, String> {
    if let Some((_, wait)) = WAITS.iter().find(|(word, _)| *word == text) {
        return Ok(*wait);
    }
    settings::parse_ns(text).map(Wait::Time).map_err(|_| {
        let words = WAITS.map(|(word, _)| word);
        let hint = format!("write a time, as in 500us, or {}", words.join(", "));
        format!("'{}' is nothing to wait for; {hint}", short(text))
    })
}

fn wire(text: &str) -> Result<Sender, String> {
    let speed = text.strip_prefix("baud ").and_then(|speed| speed.parse().ok());
    match speed.filter(|speed| LINE_SPEEDS.contains(speed)) {
        Some(speed) => Ok(Sender::AtSpeed(speed)),
        None if text == "framing" => Ok(Sender::WithoutStop),
        None => {
            let hint = format!(
                "write framing, or baud and {} to {}, as in baud 38400",
                LINE_SPEEDS.start(),
                LINE_SPEEDS.end()
            );
            Err(format!("'{}' is no fault of a sender; {hint}", short(text)))
        }
    }
}

fn time(text: &str) -> Result<u64, String> {
    // The time 0 needs no unit.
    if text == "0" {
        return Ok(0);
    }
    settings::parse_ns(text).map_err(|error| format!("'{}' is no time; {error}", short(text)))
}

fn port(text: &str) -> Result<u16, String> {
    settings::parse_port(text).map_err(|hint| format!("'{}' is no port; {hint}", short(text)))
}

fn status(text: &str) -> Result<NtStatus, String> {
    let by_number = || {
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 8)?;
        u32::from_str_radix(digits, 16).ok().map(NtStatus)
    };
    NtStatus::from_name(text).or_else(by_number).ok_or_else(|| {
        let hint = "write STATUS_SUCCESS or another name of ntstatus.h, or 0x and eight digits";
        format!("'{}' is no status; {hint}", short(text))
    })
}

/// The number of a bug check.
fn bug_check(text: &str) -> Result<u32, String> {
    let by_name = BUG_CHECKS.iter().find(|entry| entry.name == text);
    let by_name = by_name.map(|entry| entry.code.number());
    let by_number = || {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        u32::from_str_radix(digits, 16).ok()
    };
    by_name.or_else(by_number).ok_or_else(|| {
        let names: Vec<&str> = BUG_CHECKS.iter().map(|entry| entry.name).collect();
        let near = mpu401_card_bench::nearest(text, names);
        let hint = near.map_or_else(
            || "the page about bug checks has all names".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        format!("'{}' is no bug check; {hint}", short(text))
    })
}

fn level(text: &str) -> Result<Irql, String> {
    let levels = [
        ("PASSIVE_LEVEL", Irql::PASSIVE_LEVEL),
        ("APC_LEVEL", Irql::APC_LEVEL),
        ("DISPATCH_LEVEL", Irql::DISPATCH_LEVEL),
        ("HIGH_LEVEL", Irql::HIGH_LEVEL),
    ];
    if let Some((_, level)) = levels.iter().find(|(name, _)| *name == text) {
        return Ok(*level);
    }
    let line = text.strip_prefix("irq ").and_then(|line| line.parse().ok());
    line.filter(|line| *line < 16).map(Irql::of_line).ok_or_else(|| {
        let names: Vec<&str> = levels.iter().map(|(name, _)| *name).chain(["irq 9"]).collect();
        format!("'{}' is no level of the processor; {}", short(text), advice(text, &names))
    })
}

fn tolerance(text: &str) -> Result<super::golden::Tolerance, String> {
    let mut tolerance = super::golden::Tolerance::default();
    for part in text.split('|') {
        match part.strip_suffix('%') {
            None => tolerance.time_ns = time(part)?,
            Some(percent) => {
                tolerance.per_mille = per_mille(percent).ok_or_else(|| {
                    format!(
                        "'{}' is no percentage; write 0 to 100 and %, as in 2% or 0.5%",
                        short(part)
                    )
                })?
            }
        }
    }
    Ok(tolerance)
}

/// A percentage with at most one decimal, in thousandths.
fn per_mille(percent: &str) -> Option<u32> {
    let (whole, tenth) = percent.split_once('.').unwrap_or((percent, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(tenth) || tenth.len() != 1 {
        return None;
    }
    let per_mille = whole.parse::<u32>().ok()?.checked_mul(10)? + tenth.parse::<u32>().ok()?;
    (per_mille <= 1_000).then_some(per_mille)
}

fn polls(text: &str) -> Result<super::golden::Polls, String> {
    use super::golden::Polls;
    match text {
        "exact" => Ok(Polls::Exact),
        "any" => Ok(Polls::Any),
        _ => {
            let count = text.strip_prefix("count:");
            let count = count.map(|count| count.trim_start_matches('±').trim_start_matches("+-"));
            count.and_then(|count| count.parse().ok()).map(Polls::Count).ok_or_else(|| {
                format!("'{}' is not possible here; write exact, any or count:2", short(text))
            })
        }
    }
}

/// The number of an interrupt line; 2 means 9, as on a PC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "u32")]
pub(super) struct Line(pub u8);

impl TryFrom<u32> for Line {
    type Error = String;

    fn try_from(line: u32) -> Result<Line, String> {
        settings::parse_irq(&line.to_string())
            .map(Line)
            .map_err(|_| format!("irq {line} is not possible; write 2 to 15 (2 means 9)"))
    }
}

/// A byte: a number from 0 to 255, as in 0xFE.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "u32")]
pub(super) struct Byte(pub u8);

impl TryFrom<u32> for Byte {
    type Error = String;

    fn try_from(number: u32) -> Result<Byte, String> {
        let byte = u8::try_from(number).map(Byte);
        byte.map_err(|_| format!("{number} is no byte; write 0x00 to 0xFF"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{Polls, Tolerance};
    use super::*;

    #[test]
    fn a_tolerance_is_a_time_or_a_part_or_both() {
        let read = |text| tolerance(text).map(|found| (found.time_ns, found.per_mille));
        assert_eq!(read("0"), Ok((0, 0)));
        assert_eq!(read("5us"), Ok((5_000, 0)));
        assert_eq!(read("2%"), Ok((0, 20)));
        assert_eq!(read("5us|0.5%"), Ok((5_000, 5)));
        assert!(["", "5", "101%", "1.25%", "x%", "-1us"].iter().all(|text| read(text).is_err()));
        let both = Tolerance { time_ns: 100, per_mille: 20 };
        assert_eq!((both.of(1_000), both.of(10_000)), (100, 200));
    }

    #[test]
    fn polls_levels_waits_and_bug_checks_are_words() {
        assert_eq!(polls("count:±2"), Ok(Polls::Count(2)));
        assert_eq!(polls("count:3"), Ok(Polls::Count(3)));
        assert!(polls("some").is_err());
        assert_eq!(level("irq 9"), Ok(Irql::of_line(9)));
        assert!(level("DISPATCH").unwrap_err().ends_with("did you mean DISPATCH_LEVEL?"));
        assert_eq!(wait("2ms"), Ok(Wait::Time(2_000_000)));
        assert_eq!(wait("input"), Ok(Wait::Input));
        assert!(wait("noise").is_err());
        assert_eq!(bug_check("133"), Ok(0x133));
        assert_eq!(bug_check("BAD_POOL_CALLER"), Ok(0xC2));
        assert!(bug_check("BAD_POOL_CALER").unwrap_err().contains("did you mean BAD_POOL_CALLER?"));
        assert_eq!(status("STATUS_SUCCESS"), Ok(NtStatus::SUCCESS));
        assert!(status("SUCCESS").is_err());
    }
}
