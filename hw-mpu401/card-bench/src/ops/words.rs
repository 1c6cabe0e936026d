//! The words of a line, with their columns, and the numbers among them.

use super::error::Fault;
use super::expectation::Span;
use crate::nearest::with_nearest;
use crate::shown;

/// The hint for a word that is not a byte.
const BYTE_HINT: &str = "a byte is two hexadecimal digits, like 3F";
/// The hint for a word that is not a time.
const TIME_HINT: &str = "a time is a decimal number of us with up to three digits behind the point";

/// The hint for a word that is not a span.
const SPAN_HINT: &str =
    "write the first and the last time in us, like 26000..28000, or a tolerance, like 320+-2";

/// A word and its column, from 1.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    pub text: &'t str,
    pub column: usize,
}

impl Word<'_> {
    /// A fault at this word.
    pub fn fault(&self, wanted: &str, hint: impl Into<String>) -> Fault {
        Fault::new(self.column, format!("'{}' is not {wanted}", shown(self.text)), hint)
    }

    /// A fault at this word, where one of the `known` words is needed. If one of them is like this
    /// word, the message names it before `hint`.
    pub fn unknown<'k>(
        &self,
        wanted: &str,
        known: impl IntoIterator<Item = &'k str>,
        hint: &str,
    ) -> Fault {
        self.fault(wanted, with_nearest(self.text, known, hint))
    }

    /// Reads two hexadecimal digits.
    pub fn byte(&self) -> Result<u8, Fault> {
        let is_hex = self.text.len() == 2 && self.text.bytes().all(|b| b.is_ascii_hexdigit());
        let value = u8::from_str_radix(self.text, 16).ok().filter(|_| is_hex);
        value.ok_or_else(|| self.fault("a byte", BYTE_HINT))
    }

    /// Reads a decimal number from 1 to `most`.
    pub fn number(&self, most: u64) -> Result<u64, Fault> {
        let value = decimal(self.text).filter(|value| (1..=most).contains(value));
        value.ok_or_else(|| {
            self.fault("a number that fits here", format!("use 1 to {most}, in decimal"))
        })
    }

    /// Reads a time that is written in us, and returns it in ns.
    pub fn time_ns(&self) -> Result<u64, Fault> {
        time_ns(self.text).ok_or_else(|| self.fault("a time", TIME_HINT))
    }

    /// Reads a span of time: two times with `..` between them, or a time with `+-` and the
    /// tolerance after it.
    pub fn span(&self) -> Result<Span, Fault> {
        let ends = match self.text.split_once("+-") {
            Some((middle, tolerance)) => {
                let times = time_ns(middle).zip(time_ns(tolerance));
                times.and_then(|(middle, tolerance)| {
                    Some((middle.saturating_sub(tolerance), middle.checked_add(tolerance)?))
                })
            }
            None => {
                self.text.split_once("..").and_then(|(from, to)| time_ns(from).zip(time_ns(to)))
            }
        };
        let (from_ns, to_ns) =
            ends.filter(|(from, to)| from <= to).ok_or_else(|| self.fault("a span", SPAN_HINT))?;
        Ok(Span { from_ns, to_ns })
    }

    /// Reads a number of bytes, or two numbers with `..` between them.
    pub fn count(&self) -> Result<(u64, u64), Fault> {
        let (least, most) = self.text.split_once("..").unwrap_or((self.text, self.text));
        let ends = decimal(least).zip(decimal(most)).filter(|(least, most)| least <= most);
        ends.ok_or_else(|| {
            self.fault("a number of bytes", "write a decimal number like 300, or 290..310")
        })
    }
}

/// A decimal number without a sign or a point.
fn decimal(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

fn time_ns(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if part.len() > 3 {
        return None;
    }
    let part_ns = decimal(part)? * 10_u64.pow(3 - u32::try_from(part.len()).ok()?);
    decimal(whole)?.checked_mul(1_000)?.checked_add(part_ns)
}

/// The words of a line that have not been used yet.
pub(super) struct Words<'t> {
    words: std::vec::IntoIter<Word<'t>>,
    end_column: usize,
}

impl<'t> Words<'t> {
    /// The words of a line, without its comment.
    pub fn new(line: &'t str) -> Self {
        let line = line.split('#').next().unwrap_or_default().trim_end();
        let mut words = Vec::new();
        let mut column = 1;
        for piece in line.split_inclusive(char::is_whitespace) {
            let text = piece.trim_end();
            if !text.is_empty() {
                words.push(Word { text, column });
            }
            column += piece.chars().count();
        }
        Words { words: words.into_iter(), end_column: column }
    }

    /// Returns the next word, if the line has one more word.
    pub fn next(&mut self) -> Option<Word<'t>> {
        self.words.next()
    }

    /// Returns the next word and does not use it up.
    pub fn peek(&self) -> Option<Word<'t>> {
        self.words.as_slice().first().copied()
    }

    /// Returns the next word, or a fault at the end of the line.
    pub fn need(&mut self, wanted: &str, hint: &str) -> Result<Word<'t>, Fault> {
        let end_column = self.end_column;
        self.next().ok_or_else(|| Fault::new(end_column, format!("{wanted} is missing"), hint))
    }

    /// Returns a fault if the line has another word.
    pub fn end(&mut self, hint: &str) -> Result<(), Fault> {
        self.next().map_or(Ok(()), |word| Err(word.fault("expected here", hint)))
    }
}
