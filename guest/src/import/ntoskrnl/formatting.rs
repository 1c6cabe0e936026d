//! Formats texts as the C runtime does, for DbgPrint and for the C library.
//!
//! Source: the format specification of the C runtime; WDK, DbgPrint.

use std::cell::Cell;

use portcls_emulator::Irql;

use crate::guest::Guest;
use crate::routine::{Call, Pointer, Variables};

/// The differences between the formats of the routines.
pub(super) struct Form {
    /// The width of the characters of the format itself, and of a text that `%s` inserts without a
    /// size prefix.
    pub width: Width,
    /// The largest number of characters of the format, of a text that is inserted, or of the
    /// padding of such a text.
    pub longest: usize,
    /// What happens to a bad pointer in an argument.
    pub bad_pointers: BadPointers,
}

/// What happens to a bad pointer in an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BadPointers {
    /// The text names the bad pointer.
    Shown,
    /// A bad pointer is a bug check, as in all other routines that read memory.
    Fault,
}

/// The place of the arguments that follow a format.
pub(super) enum Values {
    /// The call itself.
    OfCall(Variables),
    /// A `va_list`: the address of the next argument.
    /// Source: the `va_list` of both bitnesses is a pointer into an array of words.
    List(Cell<u64>),
}

impl Values {
    /// The arguments of a `va_list`.
    pub fn list(Pointer(list): Pointer) -> Values {
        Values::List(Cell::new(list))
    }
}

/// The arguments that follow the format.
pub(super) struct Arguments<'a> {
    pub call: &'a Call<'a>,
    pub form: Form,
    pub values: Values,
}

impl Arguments<'_> {
    fn guest(&self) -> &Guest {
        self.call.guest()
    }

    fn pointer(&self) -> u64 {
        match &self.values {
            Values::OfCall(variables) => variables.next(self.call),
            Values::List(next) => {
                let address = next.get();
                next.set(address.wrapping_add(self.guest().pointer_bytes()));
                self.guest().load_word(address)
            }
        }
    }

    fn u16(&self) -> u16 {
        self.pointer() as u16
    }

    fn u32(&self) -> u32 {
        self.pointer() as u32
    }

    fn u64(&self) -> u64 {
        match self.guest().pointer_bytes() {
            8 => self.pointer(),
            _ => self.pointer() | self.pointer() << 32,
        }
    }

    /// Loads characters up to a zero, at most `limit` and at most `longest` of the form. With
    /// [`BadPointers::Shown`] a bad pointer is an error: the text that the message shows, which is
    /// the characters before the bad pointer, and the pointer.
    fn load_text(&self, address: u64, width: Width, limit: usize) -> Result<String, String> {
        let guest = self.guest();
        let bytes = if width == Width::Wide { 2 } else { 1 };
        let mut units = Vec::new();
        for index in 0..limit.min(self.form.longest) {
            let at = address.wrapping_add((index * bytes) as u64);
            if self.form.bad_pointers == BadPointers::Shown && !guest.is_readable(at, bytes) {
                return Err(text_of(&units, width) + &bad_pointer(at));
            }
            let unit = match width {
                Width::Wide => guest.load_u16(at),
                Width::Narrow => u16::from(guest.load_u8(at)),
            };
            if unit == 0 {
                break;
            }
            units.push(unit);
        }
        Ok(text_of(&units, width))
    }
}

/// The text of characters.
/// Assumed: a narrow character is one of the first 256 characters of Unicode. Except for 27 signs,
/// this is code page 1252.
fn text_of(units: &[u16], width: Width) -> String {
    match width {
        Width::Wide => String::from_utf16_lossy(units),
        Width::Narrow => units.iter().map(|unit| char::from(*unit as u8)).collect(),
    }
}

/// The width of the characters of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Narrow,
    Wide,
}

/// One conversion: the part between the percent sign and the letter.
#[derive(Default)]
struct Specification {
    left: bool,
    sign: Option<char>,
    alternate: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
    /// The size prefix, if the conversion has a prefix: h, l, w, ll, z, I, I32 or I64.
    size: Size,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Size {
    #[default]
    Usual,
    Short,
    Long,
    Pointer,
    Bits64,
}

/// The message that a format and its arguments make. The message ends after the first conversion
/// that makes its UTF-8 longer than `longest` bytes.
pub(super) fn formatted(arguments: &Arguments<'_>, Pointer(address): Pointer) -> String {
    let longest = arguments.form.longest;
    let format = match arguments.load_text(address, arguments.form.width, longest) {
        Ok(text) => text,
        Err(complaint) => return complaint,
    };
    let mut rest = format.as_str();
    let mut message = String::new();
    while let Some(percent) = rest.find('%') {
        message.push_str(&rest[..percent]);
        rest = &rest[percent + 1..];
        let (specification, behind) = Specification::parse(arguments, rest);
        let mut letters = behind.chars();
        let Some(letter) = letters.next() else { break };
        rest = letters.as_str();
        match specification.convert(arguments, letter) {
            Some(text) => specification.pad(&mut message, &text, letter),
            None => message.push(letter),
        }
        if message.len() > longest {
            return message;
        }
    }
    message.push_str(rest);
    message
}

impl Specification {
    fn parse<'a>(arguments: &Arguments<'_>, text: &'a str) -> (Specification, &'a str) {
        let mut specification = Specification::default();
        let mut rest = text;
        while let Some(flag) = rest.chars().next().filter(|letter| "-+ #0".contains(*letter)) {
            match flag {
                '-' => specification.left = true,
                '+' => specification.sign = Some('+'),
                ' ' if specification.sign.is_none() => specification.sign = Some(' '),
                '#' => specification.alternate = true,
                '0' => specification.zeros = true,
                _ => (),
            }
            rest = &rest[1..];
        }
        if let Some(width) = number(arguments, &mut rest) {
            specification.left |= width < 0;
            specification.width = (width.unsigned_abs() as usize).min(arguments.form.longest);
        }
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
            let precision = number(arguments, &mut rest).unwrap_or(0);
            specification.precision = usize::try_from(precision).ok();
        }
        let sizes = [
            ("I64", Size::Bits64),
            ("I32", Size::Usual),
            ("ll", Size::Bits64),
            ("I", Size::Pointer),
            ("z", Size::Pointer),
            ("h", Size::Short),
            ("l", Size::Long),
            ("w", Size::Long),
        ];
        let found = sizes
            .iter()
            .find_map(|(prefix, size)| rest.strip_prefix(prefix).map(|behind| (*size, behind)));
        if let Some((size, behind)) = found {
            specification.size = size;
            rest = behind;
        }
        (specification, rest)
    }

    /// The text of a conversion. `None` for a letter that is not a conversion.
    fn convert(&self, arguments: &Arguments<'_>, letter: char) -> Option<String> {
        let (guest, form) = (arguments.guest(), &arguments.form);
        let digits = |digits: String| {
            let least = self.precision.unwrap_or(1);
            "0".repeat(least.saturating_sub(digits.len()).min(form.longest)) + &digits
        };
        Some(match letter {
            'd' | 'i' => {
                let value = self.signed(arguments);
                let sign = if value < 0 { Some('-') } else { self.sign };
                sign.map(String::from).unwrap_or_default()
                    + &digits(value.unsigned_abs().to_string())
            }
            'u' => digits(self.unsigned(arguments).to_string()),
            'o' => {
                let text = digits(format!("{:o}", self.unsigned(arguments)));
                let prefix = if self.alternate && !text.starts_with('0') { "0" } else { "" };
                prefix.to_owned() + &text
            }
            'x' | 'X' => {
                let value = self.unsigned(arguments);
                let prefix = if self.alternate && value != 0 { "0x" } else { "" };
                let text = prefix.to_owned() + &digits(format!("{value:x}"));
                if letter == 'X' { text.to_ascii_uppercase() } else { text }
            }
            'p' => {
                let width = 2 * guest.pointer_bytes() as usize;
                format!("{:0width$X}", arguments.pointer())
            }
            'c' | 'C' => {
                let unit = arguments.u16();
                let is_wide = self.width_of(letter, form.width) == Width::Wide;
                let value = if is_wide { unit } else { unit & 0xFF };
                char::from_u32(value.into()).unwrap_or(char::REPLACEMENT_CHARACTER).to_string()
            }
            's' | 'S' => {
                let limit = self.precision.unwrap_or(usize::MAX);
                text(arguments, arguments.pointer(), self.width_of(letter, form.width), limit)
            }
            'Z' => self.counted_text(arguments, arguments.pointer()),
            'e' | 'E' | 'f' | 'g' | 'G' => {
                arguments.u64();
                // Source: WDK, DbgPrint: floating-point formats are not supported.
                format!("%{letter}")
            }
            _ => return None,
        })
    }

    /// The width of a text or a character. The prefix h means narrow, and the prefixes l and w mean
    /// wide. Without one of these prefixes, a small letter means the width of the format, and a
    /// capital letter means the other width.
    fn width_of(&self, letter: char, format: Width) -> Width {
        match (self.size, letter.is_uppercase(), format) {
            (Size::Short, _, _) => Width::Narrow,
            (Size::Long, _, _) => Width::Wide,
            (_, true, Width::Narrow) | (_, false, Width::Wide) => Width::Wide,
            (_, true, Width::Wide) | (_, false, Width::Narrow) => Width::Narrow,
        }
    }

    fn unsigned(&self, arguments: &Arguments<'_>) -> u64 {
        match self.size {
            Size::Bits64 => arguments.u64(),
            Size::Pointer => arguments.pointer(),
            Size::Short => u64::from(arguments.u16()),
            Size::Usual | Size::Long => u64::from(arguments.u32()),
        }
    }

    fn signed(&self, arguments: &Arguments<'_>) -> i64 {
        let value = self.unsigned(arguments);
        match self.size {
            Size::Bits64 => value as i64,
            Size::Pointer if arguments.guest().pointer_bytes() == 8 => value as i64,
            Size::Short => i64::from(value as i16),
            Size::Pointer | Size::Usual | Size::Long => i64::from(value as i32),
        }
    }

    /// The text of `%wZ`, a UNICODE_STRING, or `%Z`, an ANSI_STRING. Both structures begin with the
    /// length of the text.
    fn counted_text(&self, arguments: &Arguments<'_>, address: u64) -> String {
        let guest = arguments.guest();
        let layout = &guest.layout().unicode_string;
        if address == 0 {
            return "(null)".to_owned();
        }
        let is_shown = arguments.form.bad_pointers == BadPointers::Shown;
        if is_shown && !guest.is_readable(address, layout.size_of as usize) {
            return bad_pointer(address);
        }
        let bytes = usize::from(guest.load_u16(address.wrapping_add(layout.length.into())));
        let buffer = guest.load_word(address.wrapping_add(layout.buffer.into()));
        let (width, length) = match self.size {
            Size::Long => (Width::Wide, bytes / 2),
            _ => (Width::Narrow, bytes),
        };
        if length == 0 {
            return String::new();
        }
        text(arguments, buffer, width, length)
    }

    fn pad(&self, message: &mut String, text: &str, letter: char) {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.left {
            message.push_str(text);
            message.push_str(&" ".repeat(missing));
        } else if self.zeros && self.precision.is_none() && "diuoxX".contains(letter) {
            let digits = text.trim_start_matches(['+', '-', ' ']);
            let digits = digits.trim_start_matches("0x").trim_start_matches("0X");
            let (head, digits) = text.split_at(text.len() - digits.len());
            message.push_str(head);
            message.push_str(&"0".repeat(missing));
            message.push_str(digits);
        } else {
            message.push_str(&" ".repeat(missing));
            message.push_str(text);
        }
    }
}

/// The number at the beginning of a text. When the text begins with an asterisk, the number is the
/// next argument.
fn number(arguments: &Arguments<'_>, text: &mut &str) -> Option<i32> {
    if let Some(behind) = text.strip_prefix('*') {
        *text = behind;
        return Some(arguments.u32() as i32);
    }
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, behind) = text.split_at(digits);
    *text = behind;
    if number.is_empty() { None } else { Some(number.parse().unwrap_or(i32::MAX)) }
}

fn text(arguments: &Arguments<'_>, address: u64, width: Width, limit: usize) -> String {
    if address == 0 {
        return "(null)".to_owned();
    }
    if width == Width::Wide {
        // Source: WDK, DbgPrint and _snwprintf: the tables of characters are pageable.
        let what = format!("{} of wide text", arguments.call.routine().name);
        arguments.call.kernel().require_irql_at_most(Irql::PASSIVE_LEVEL, &what);
    }
    arguments.load_text(address, width, limit).unwrap_or_else(|complaint| complaint)
}

fn bad_pointer(address: u64) -> String {
    format!("(bad pointer {address:X})")
}
