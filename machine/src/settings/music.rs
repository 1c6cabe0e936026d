//! Bytes and notes in words.

use mpu401_card_bench::shown_up_to;

/// The most characters of a wrong word that a message shows.
const SHOWN: usize = 60;

/// Reads bytes: two hexadecimal digits for each, with spaces between.
///
/// # Errors
/// What is wrong and, after a semicolon, what to write instead.
pub fn parse_bytes(text: &str) -> Result<Vec<u8>, String> {
    let byte = |word: &str| {
        let is_byte = word.len() == 2 && word.bytes().all(|digit| digit.is_ascii_hexdigit());
        u8::from_str_radix(word, 16).ok().filter(|_| is_byte)
    };
    text.split_whitespace()
        .map(|word| {
            byte(word).ok_or_else(|| {
                let hint = "write two hexadecimal digits a byte and spaces between, as in 90 3C 40";
                format!("'{}' is no byte; {hint}", shown_up_to(word, SHOWN))
            })
        })
        .collect()
}

/// The notes, each with the number of half tones from C up to it.
const NOTES: [(char, u8); 7] =
    [('C', 0), ('D', 2), ('E', 4), ('F', 5), ('G', 7), ('A', 9), ('B', 11)];

/// The velocity if the text names none.
const VELOCITY: u8 = 64;

/// Reads notes by their names, as in `C4 E4 G#4 @64`, and returns messages that switch the notes
/// on, on channel 1. A last word with @ is the velocity of all notes.
///
/// # Errors
/// What is wrong and, after a semicolon, what to write instead.
pub fn parse_notes(text: &str) -> Result<Vec<u8>, String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let velocity = match words.last().and_then(|word| word.strip_prefix('@')) {
        None => VELOCITY,
        Some(digits) => {
            words.pop();
            let velocity = digits.parse().ok().filter(|velocity| (1..=127).contains(velocity));
            velocity.ok_or_else(|| {
                format!(
                    "'@{}' is no velocity; write @1 to @127, in decimal",
                    shown_up_to(digits, SHOWN)
                )
            })?
        }
    };
    let mut messages = Vec::with_capacity(3 * words.len());
    for word in words {
        messages.extend([0x90, note(word)?, velocity]);
    }
    if messages.is_empty() {
        Err("no note is named; write notes, as in C4 E4".into())
    } else {
        Ok(messages)
    }
}

fn note(word: &str) -> Result<u8, String> {
    let hint = "write a letter A to G, perhaps # or b, and the octave from -1 to 9, as in C4";
    let read = || {
        let mut letters = word.chars();
        let letter = letters.next()?.to_ascii_uppercase();
        let (_, tone) = NOTES.iter().find(|(known, _)| *known == letter)?;
        let rest = letters.as_str();
        let (shift, octave) = match (rest.strip_prefix('#'), rest.strip_prefix('b')) {
            (Some(octave), _) => (1, octave),
            (_, Some(octave)) => (-1, octave),
            _ => (0, rest),
        };
        let octave: i32 = octave.parse().ok().filter(|octave| (-1..=9).contains(octave))?;
        let number = (octave + 1) * 12 + i32::from(*tone) + shift;
        u8::try_from(number).ok().filter(|number| *number < 128)
    };
    read().ok_or_else(|| format!("'{}' is no note; {hint}", shown_up_to(word, SHOWN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_pairs_of_digits() {
        assert_eq!(parse_bytes("90 3c 40"), Ok(vec![0x90, 0x3C, 0x40]));
        assert_eq!(parse_bytes(""), Ok(vec![]));
        for text in ["9", "903C40", "0x90", "+9", "gg"] {
            let error = parse_bytes(text).unwrap_err();
            assert!(error.contains("write two hexadecimal digits"), "{error}");
        }
    }

    #[test]
    fn notes_have_the_numbers_of_the_midi_specification() {
        assert_eq!(parse_notes("C4"), Ok(vec![0x90, 60, 64]));
        assert_eq!(parse_notes("C-1 G9 @1"), Ok(vec![0x90, 0, 1, 0x90, 127, 1]));
        assert_eq!(parse_notes("Bb3 c#4"), Ok(vec![0x90, 58, 64, 0x90, 61, 64]));
        for text in ["", "@5", "H4", "C", "G#9", "Cb-1", "C10", "C4 @0", "C4 @128"] {
            assert!(parse_notes(text).is_err(), "{text}");
        }
    }
}
