//! Words and numbers of the text: escapes, quotes, hexadecimal, times.

use std::borrow::Cow;

use super::error::Fault;

/// The most spaces in a row that the writer writes without an escape.
const MOST_SPACES: u32 = 8;

const BLANK: &str = "                                ";

/// What surrounds the words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// Nothing, so a space at the beginning or the end would get lost.
    Open,
    /// Double quotes.
    Quotes,
}

/// True for a name that needs no quotes where the next space ends the name.
pub(super) fn is_word(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"\\[]".contains(&byte);
    !name.is_empty() && name.bytes().all(plain)
}

/// True for a name that needs no quotes where the next comma or the end of the line ends the name.
pub(super) fn is_phrase(name: &str) -> bool {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && !b"\"\\,".contains(&byte);
    let spaced = name.starts_with(' ') || name.ends_with(' ') || name.contains("  ");
    !name.is_empty() && !spaced && name.bytes().all(plain)
}

/// Writes free words, with escapes.
pub(super) fn push_text(out: &mut String, text: &str) {
    push_escaped(out, text, Frame::Open);
}

/// Writes a name in quotes.
pub(super) fn push_quoted(out: &mut String, name: &str) {
    out.push('"');
    push_escaped(out, name, Frame::Quotes);
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str, frame: Frame) {
    let mut spaces = 0;
    for (index, character) in text.char_indices() {
        if character == ' ' {
            let edge = index == 0 || index + 1 == text.len();
            if spaces == MOST_SPACES || (edge && frame == Frame::Open) {
                out.push_str("\\u{20}");
                spaces = 0;
            } else {
                out.push(' ');
                spaces += 1;
            }
            continue;
        }
        spaces = 0;
        match character {
            '\\' => out.push_str("\\\\"),
            '"' if frame == Frame::Quotes => out.push_str("\\\""),
            '!'..='~' => out.push(character),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => {
                out.push_str("\\u{");
                push_hex(out, u32::from(other), 2);
                out.push('}');
            }
        }
    }
}

/// Reads words that [`push_text`] wrote.
pub(super) fn unescape(text: &str) -> Result<Cow<'_, str>, Fault<'_>> {
    let Some(first) = text.find('\\') else {
        return Ok(Cow::Borrowed(text));
    };
    let mut words = String::with_capacity(text.len());
    words.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(character) = rest.chars().next() {
        if character == '\\' {
            let (escaped, next) = read_escape(rest)?;
            words.push(escaped);
            rest = next;
        } else {
            words.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    Ok(Cow::Owned(words))
}

fn read_escape(text: &str) -> Result<(char, &str), Fault<'_>> {
    let fault = || {
        let hint = r#"an escape is \\, \", \n, \r, \t or \u{HEX}; a backslash itself is \\"#;
        Fault::new(text, "this is not an escape", hint)
    };
    if let Some(number) = text.strip_prefix("\\u{") {
        let (digits, rest) = number.split_once('}').ok_or_else(fault)?;
        let code = read_hex(digits).ok_or_else(fault)?;
        return Ok((char::from_u32(code).ok_or_else(fault)?, rest));
    }
    let character = match text.as_bytes().get(1) {
        Some(b'\\') => '\\',
        Some(b'"') => '"',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        _ => return Err(fault()),
    };
    Ok((character, &text[2..]))
}

/// Reads a name in quotes; returns the name and the text after the closing quote.
pub(super) fn read_quoted(text: &str) -> Result<(Cow<'_, str>, &str), Fault<'_>> {
    let inside = text.strip_prefix('"').unwrap_or(text);
    let mut escaped = false;
    let end = inside.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    let Some(end) = end else {
        let hint = "end it with \" on the same line, or on a continuation line";
        return Err(Fault::new(text, "this quote is not closed", hint));
    };
    Ok((unescape(&inside[..end])?, &inside[end + 1..]))
}

/// Writes `count` spaces.
pub(super) fn push_spaces(out: &mut String, count: usize) {
    out.push_str(&BLANK[..count.min(BLANK.len())]);
}

/// Writes a decimal number.
pub(super) fn push_decimal(out: &mut String, number: u64) {
    let mut digits = [0_u8; 20];
    let first = fill_decimal(&mut digits, number);
    push_ascii(out, &digits[first..]);
}

/// Fills a number into the end of `digits`, and returns the place of its first digit.
fn fill_decimal(digits: &mut [u8], number: u64) -> usize {
    let mut first = digits.len();
    let mut rest = number;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return first;
        }
    }
}

fn push_ascii(out: &mut String, digits: &[u8]) {
    out.push_str(std::str::from_utf8(digits).expect("digits are ASCII"));
}

/// Writes a hexadecimal number with at least `columns` digits.
pub(super) fn push_hex(out: &mut String, number: u32, columns: u32) {
    let digits = (number.checked_ilog2().unwrap_or(0) / 4 + 1).max(columns);
    for place in (0..digits).rev() {
        let digit = number.checked_shr(4 * place).unwrap_or(0) & 0xF;
        out.push(char::from(b"0123456789ABCDEF"[digit as usize]));
    }
}

/// Reads a hexadecimal number of one to eight digits.
pub(super) fn read_hex(digits: &str) -> Option<u32> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !all_digits || digits.len() > 8 {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

/// Reads a decimal number without a sign.
pub(super) fn read_decimal(digits: &str) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.bytes().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Writes a time of `ns` in us with three decimals.
pub(super) fn push_us(out: &mut String, ns: u64) {
    let mut digits = [0_u8; 24];
    let (whole, decimals) = digits.split_at_mut(20);
    let first = fill_decimal(whole, ns / 1_000);
    // The added 1 000 gives four digits. The point replaces the first of them.
    fill_decimal(decimals, 1_000 + ns % 1_000);
    decimals[0] = b'.';
    push_ascii(out, &digits[first..]);
}

/// The columns that [`push_us`] needs for a time of `ns`.
pub(super) fn us_columns(ns: u64) -> usize {
    (ns / 1_000).checked_ilog10().unwrap_or(0) as usize + ".000".len() + 1
}

/// Reads a time in us with up to three decimals, and returns the time in ns.
pub(super) fn read_us(text: &str) -> Option<u64> {
    let point = text.bytes().position(|byte| byte == b'.');
    let (us, decimals) = point.map_or((text, "0"), |at| (&text[..at], &text[at + 1..]));
    if decimals.is_empty() || decimals.len() > 3 {
        return None;
    }
    let scale = 10_u64.pow(3 - decimals.len() as u32);
    let below_us_ns = read_decimal(decimals)? * scale;
    read_decimal(us)?.checked_mul(1_000)?.checked_add(below_us_ns)
}
