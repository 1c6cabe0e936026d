//! The bytes of an INF as text.
//!
//! An INF is in UTF-16 or UTF-8 with a mark at the start, or it has one byte for each letter.

use crate::MAX_INF_BYTES;
use crate::error::{Fault, Place};

/// The letters of Windows-1252 from 80 to 9F. Bytes without a letter are control characters.
const HIGH: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2C6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}', '\u{153}', '\u{9D}', '\u{17E}', '\u{178}',
];

/// Decodes the bytes of a file.
///
/// Assumed: a file without a mark is in the code page of Windows for Western Europe. Outside of
/// strings, an INF for any country has only letters of ASCII.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, Fault> {
    if bytes.len() > MAX_INF_BYTES {
        let what = format!("the file has {} bytes, the limit is {MAX_INF_BYTES}", bytes.len());
        return Err(Fault::new(Place::START, what, "give a driver's INF"));
    }
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|byte| letter(*byte)).collect(),
    };
    if let Some(at) = text.find('\0') {
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let hint = "save the file as text, as UTF-16 with a mark at its start or as ANSI";
        return Err(Fault::new(Place { line, column }, "a null stands in the text", hint));
    }
    Ok(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Fault> {
    if !bytes.len().is_multiple_of(2) {
        let hint = "save the file again, it is cut";
        return Err(Fault::new(Place::START, "the file is UTF-16 with half a letter", hint));
    }
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    Ok(String::from_utf16_lossy(&units))
}

fn letter(byte: u8) -> char {
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}
