//! Settings in words, as the command line and scenario files write them.
//!
//! Owns the words for a time, bytes, notes, a port, an interrupt line and a card's latencies.
//! This file never knows where the words come from.

mod music;
mod time;

use hw_mpu401::CardTiming;

use crate::builder::MachineBuilder;

pub use music::{parse_bytes, parse_notes};
pub use time::{TimeError, parse_ns};

/// Reads the choice of a card's latencies.
///
/// # Errors
/// What to write instead.
pub fn parse_timing(text: &str) -> Result<CardTiming, String> {
    match text {
        "min" => Ok(CardTiming::Shortest),
        "typ" => Ok(CardTiming::Typical),
        "max" => Ok(CardTiming::Longest),
        _ => {
            let seed = text.strip_prefix("seeded:").and_then(|seed| seed.parse().ok());
            let advice = "use min, typ, max, or seeded:N with a whole number N";
            seed.map(CardTiming::Seeded).ok_or_else(|| advice.to_owned())
        }
    }
}

/// Reads a base port: hexadecimal digits, with or without 0x.
///
/// # Errors
/// What to write instead.
pub fn parse_port(text: &str) -> Result<u16, String> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(text);
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let port = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex);
    let port = port.ok_or("use 0 to FFFE, in hexadecimal, with or without 0x")?;
    MachineBuilder::new().port(port).map_err(|error| error.to_string())?;
    Ok(port as u16)
}

/// Reads the number of an interrupt line. The number 2 means line 9, as on a PC.
///
/// # Errors
/// What to write instead.
pub fn parse_irq(text: &str) -> Result<u8, String> {
    let irq: u32 = text.parse().map_err(|_| "use 2 to 15 (2 means 9, as on a PC)")?;
    MachineBuilder::new().irq(irq).map_err(|error| error.to_string())?;
    Ok(if irq == 2 { 9 } else { irq as u8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_hexadecimal_with_or_without_0x() {
        assert_eq!(parse_port("330"), Ok(0x330));
        assert_eq!(parse_port("0x330"), Ok(0x330));
        assert_eq!(parse_port("0XfFfE"), Ok(0xFFFE));
        assert_eq!(parse_port("0"), Ok(0));
        for text in ["", "0x", "+330", "330h", "-1", "FFFF", "10330", "FFFFFFFFFFFFFFFFF"] {
            assert!(parse_port(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_timing_of_a_card_is_a_point_or_a_seed() {
        assert_eq!(parse_timing("min"), Ok(CardTiming::Shortest));
        assert_eq!(parse_timing("seeded:18446744073709551615"), Ok(CardTiming::Seeded(u64::MAX)));
        for text in ["", "Min", "seeded", "seeded:", "seeded:-1", "seeded:18446744073709551616"] {
            assert!(parse_timing(text).is_err(), "{text}");
        }
    }

    #[test]
    fn line_2_is_line_9() {
        assert_eq!(parse_irq("2"), Ok(9));
        assert_eq!(parse_irq("15"), Ok(15));
        for text in ["", "1", "16", "-3", "five", "4294967305"] {
            assert!(parse_irq(text).is_err(), "{text}");
        }
    }
}
