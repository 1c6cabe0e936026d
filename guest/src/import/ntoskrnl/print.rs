//! DbgPrint: formats the messages of a driver.
//!
//! A bad pointer in an argument appears in the text and never ends the run, as on Windows.
//! Source: WDK, DbgPrint, and the format specification of the C runtime.

use portcls_emulator::{Irql, NtStatus};

use crate::guest::Guest;
use crate::routine::{Call, Pointer, Routine, Variables, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("DbgPrint", ByKernel, dbg_print).cdecl(),
    row!("DbgPrintEx", ByKernel, dbg_print_ex).cdecl(),
];

/// The longest message in bytes. Source: WDK, DbgPrint.
const LONGEST: usize = 512;

/// `ULONG DbgPrint(PCSTR, ...)`
fn dbg_print(call: &Call<'_>, format: Pointer, variables: Variables) -> NtStatus {
    let text = formatted(&Arguments { call, variables }, format.0);
    call.kernel().debug_print(format_args!("{text}"));
    NtStatus::SUCCESS
}

/// `ULONG DbgPrintEx(ULONG, ULONG, PCSTR, ...)`
///
/// Assumed: messages of every component and level are shown, as to a debugger that wants all.
fn dbg_print_ex(
    call: &Call<'_>,
    _component: u32,
    _level: u32,
    format: Pointer,
    variables: Variables,
) -> NtStatus {
    dbg_print(call, format, variables)
}

/// The arguments that follow the format.
struct Arguments<'a> {
    call: &'a Call<'a>,
    variables: Variables,
}

impl Arguments<'_> {
    fn guest(&self) -> &Guest {
        self.call.guest()
    }

    fn pointer(&self) -> u64 {
        self.variables.next(self.call)
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
}

/// The width of the characters of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
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
    /// The size prefix, if there is one: h, l, w, ll, I64 or I.
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

/// The message that a format and its arguments make.
fn formatted(arguments: &Arguments<'_>, address: u64) -> String {
    let guest = arguments.guest();
    let format = match load_text(guest, address, Width::Narrow, LONGEST) {
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
        if message.len() > LONGEST {
            break;
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
            specification.width = (width.unsigned_abs() as usize).min(LONGEST);
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

    /// The text of one conversion; `None` for a letter that is no conversion.
    fn convert(&self, arguments: &Arguments<'_>, letter: char) -> Option<String> {
        let guest = arguments.guest();
        let digits = |digits: String| {
            let least = self.precision.unwrap_or(1);
            "0".repeat(least.saturating_sub(digits.len()).min(LONGEST)) + &digits
        };
        Some(match letter {
            'd' | 'i' => {
                let value = self.signed(arguments);
                let sign = if value < 0 { Some('-') } else { self.sign };
                sign.map(String::from).unwrap_or_default()
                    + &digits(value.unsigned_abs().to_string())
            }
            'u' => digits(self.unsigned(arguments).to_string()),
            'o' => digits(format!("{:o}", self.unsigned(arguments))),
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
                let value = if self.width_of(letter) == Width::Wide { unit } else { unit & 0xFF };
                char::from_u32(value.into()).unwrap_or(char::REPLACEMENT_CHARACTER).to_string()
            }
            's' | 'S' => {
                let limit = self.precision.unwrap_or(LONGEST).min(LONGEST);
                self.text(guest, arguments.pointer(), self.width_of(letter), limit)
            }
            'Z' => self.counted_text(guest, arguments.pointer()),
            'e' | 'E' | 'f' | 'g' | 'G' => {
                arguments.u64();
                // Source: WDK, DbgPrint: floating-point formats are not supported.
                format!("%{letter}")
            }
            _ => return None,
        })
    }

    /// The width of a text. A size prefix decides; without one, a capital letter means wide.
    fn width_of(&self, letter: char) -> Width {
        match (self.size, letter.is_uppercase()) {
            (Size::Short, _) => Width::Narrow,
            (Size::Long, _) | (_, true) => Width::Wide,
            _ => Width::Narrow,
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

    fn text(&self, guest: &Guest, address: u64, width: Width, limit: usize) -> String {
        if address == 0 {
            return "(null)".to_owned();
        }
        if width == Width::Wide {
            // Source: WDK, DbgPrint: the tables of characters are pageable.
            guest.kernel().require_irql_at_most(Irql::PASSIVE_LEVEL, "DbgPrint of wide text");
        }
        load_text(guest, address, width, limit).unwrap_or_else(|complaint| complaint)
    }

    /// The text of `%wZ`, a UNICODE_STRING, or `%Z`, an ANSI_STRING. Both begin with their length.
    fn counted_text(&self, guest: &Guest, address: u64) -> String {
        let layout = &guest.layout().unicode_string;
        if address == 0 {
            return "(null)".to_owned();
        }
        if !guest.is_readable(address, layout.size_of as usize) {
            return bad_pointer(address);
        }
        let bytes = usize::from(guest.load_u16(address + u64::from(layout.length)));
        let buffer = guest.load_word(address + u64::from(layout.buffer));
        let (width, length) = match self.size {
            Size::Long => (Width::Wide, bytes / 2),
            _ => (Width::Narrow, bytes),
        };
        if length == 0 {
            return String::new();
        }
        self.text(guest, buffer, width, length.min(LONGEST))
    }

    fn pad(&self, message: &mut String, text: &str, letter: char) {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.left {
            message.push_str(text);
            message.push_str(&" ".repeat(missing));
        } else if self.zeros && self.precision.is_none() && "diuoxX".contains(letter) {
            let signs = text.len() - text.trim_start_matches(['+', '-', ' ']).len();
            message.push_str(&text[..signs]);
            message.push_str(&"0".repeat(missing));
            message.push_str(&text[signs..]);
        } else {
            message.push_str(&" ".repeat(missing));
            message.push_str(text);
        }
    }
}

/// The number at the beginning of a text. When it is an asterisk, the arguments have the number.
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

/// Loads characters up to a zero, at most `limit`. The error is a text for the message.
fn load_text(guest: &Guest, address: u64, width: Width, limit: usize) -> Result<String, String> {
    let bytes = if width == Width::Wide { 2 } else { 1 };
    let mut text = String::new();
    for index in 0..limit {
        let at = address.wrapping_add((index * bytes) as u64);
        if !guest.is_readable(at, bytes) {
            return Err(text + &bad_pointer(at));
        }
        let unit = match width {
            Width::Wide => guest.load_u16(at),
            Width::Narrow => u16::from(guest.load_u8(at)),
        };
        if unit == 0 {
            break;
        }
        text.push(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(text)
}

fn bad_pointer(address: u64) -> String {
    format!("(bad pointer {address:X})")
}
