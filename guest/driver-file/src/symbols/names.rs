//! Names of functions, in the linker's form and in the programmer's form.

use std::borrow::Cow;
use std::fmt::{self, Write};

use cpp_demangle::{DemangleOptions, Symbol};
use msvc_demangler::DemangleFlags;

use crate::image::NAME_LIMIT;

/// The largest number of functions that the reader takes from one PDB, and the largest number of
/// symbols that it reads from one image.
/// Assumed: a large driver with its libraries has some ten thousand.
pub(super) const FUNCTION_LIMIT: usize = 200_000;

/// The longest name in the C++ ABI of MSVC that this file undecorates, in bytes.
/// Assumed: the undecorator recurses once for each nesting in the name. So this limit bounds the
/// stack of the undecorator.
const DECORATED_LIMIT: usize = 512;

/// The largest number of digits in a name that is read with its types. A digit may mean any earlier
/// part of the name, and that part may hold digits again. So this limit bounds the size of the
/// result.
const REFERENCE_LIMIT: usize = 12;

/// A function's name.
#[derive(Clone)]
pub(super) enum Name {
    /// The name in the form that the linker needs.
    Decorated(String),
    /// The name in the form that the programmer wrote.
    Plain(String),
}

impl Name {
    /// The name as the programmer wrote it, without parameters.
    pub fn plain(&self) -> String {
        match self {
            Name::Decorated(name) => undecorated(name),
            Name::Plain(name) => name.clone(),
        }
    }
}

fn undecorated(name: &str) -> String {
    if name.starts_with('?') {
        return undecorated_msvc(name).unwrap_or_else(|| name.to_owned());
    }
    let without_bytes = match name.rsplit_once('@') {
        // `_name@8` is the form of a stdcall function of the 32-bit compilers.
        Some((front, count)) if count.parse::<u16>().is_ok() => front,
        _ => name,
    };
    let mangled: Cow<'_, str> = match without_bytes {
        // The 32-bit compilers put one more underscore before a name.
        name if name.starts_with("__Z") => Cow::Borrowed(&name[1..]),
        name => Cow::Borrowed(name),
    };
    if mangled.starts_with("_Z") {
        let options = DemangleOptions::new().no_params().no_return_type();
        let mut plain = ShortName(String::new());
        let done = Symbol::new(mangled.as_ref())
            .is_ok_and(|symbol| symbol.structured_demangle(&mut plain, &options).is_ok());
        return if done { plain.0 } else { mangled.into_owned() };
    }
    without_bytes.trim_start_matches(['_', '@']).to_owned()
}

/// A text of limited length. A part of a mangled name may stand for an earlier part, and the
/// earlier part may again hold parts that stand for others. So the plain form of a short mangled
/// name can need more than all memory.
struct ShortName(String);

impl Write for ShortName {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > NAME_LIMIT {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// The programmer's form of a name such as `?Write@UartStream@@UEAAJPEAXKPEAK@Z`.
fn undecorated_msvc(name: &str) -> Option<String> {
    if name.len() > DECORATED_LIMIT {
        return None;
    }
    let demangle = |name: &str| msvc_demangler::demangle(name, DemangleFlags::NAME_ONLY).ok();
    // The type after the name is not needed: the code replaces the type by the type of a function
    // without parameters.
    let front = name.split_once("@@").filter(|_| !name.contains("?$"));
    let plain = front.and_then(|(front, _)| demangle(&format!("{front}@@YAXXZ")));
    // The code reads the whole name if the name without its type gave no result. Such a name has
    // template arguments, or is an operator without a class, for example.
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let plain = plain.or_else(|| if digits <= REFERENCE_LIMIT { demangle(name) } else { None });
    plain.filter(|plain| plain.len() <= NAME_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(name: &str) -> String {
        Name::Decorated(name.to_owned()).plain()
    }

    #[test]
    fn decorated_names_are_told_without_their_parameters() {
        for (decorated, expected) in [
            ("?Isr@@YAEPEAU_KINTERRUPT@@PEAX@Z", "Isr"),
            ("?Write@UartStream@@UEAAJPEAXKPEAK@Z", "UartStream::Write"),
            ("?Read@Inner@Outer@@QAEHXZ", "Outer::Inner::Read"),
            ("??0CUnknown@@QEAA@PEAUIUnknown@@@Z", "CUnknown::CUnknown"),
            ("??1Card@@UEAA@XZ", "Card::~Card"),
            ("??_GUartMiniport@@UEAAPEAXI@Z", "UartMiniport::`scalar deleting destructor'"),
            ("??2@YAPEAX_KW4_POOL_TYPE@@@Z", "operator new"),
            ("??$Create@VNullAdapter@@@@YAPEAVUartMiniport@@XZ", "Create<class NullAdapter>"),
            ("_DriverEntry@8", "DriverEntry"),
            ("@Fast@4", "Fast"),
            ("__ZN10UartStream5WriteEPvmPm", "UartStream::Write"),
            ("DriverEntry", "DriverEntry"),
        ] {
            assert_eq!(plain(decorated), expected, "{decorated}");
        }
    }

    #[test]
    fn a_name_that_is_none_or_asks_for_too_much_stays_as_it_is() {
        let nested = "?x@?1".repeat(200);
        let templates = format!("?f@{}", "?$A@V".repeat(90));
        let pointers = format!("??$f@{}H@@YAXXZ", "PEAQEA".repeat(80));
        // Nine levels: each level may mean many copies of an earlier level.
        let levels: String =
            (0..9).map(|level| format!("V?${level}@{}@", "0".repeat(40))).collect();
        let levels = format!("??$f@{levels}@YAXXZ");
        for name in ["?", "??", "?@@", "?a@", "?0@@YAXXZ", &nested, &templates, &levels] {
            assert!(plain(name).len() <= NAME_LIMIT.max(name.len()), "{name}");
        }
        assert_eq!(plain(&levels), levels);
        assert_eq!(plain(&nested), nested);
        assert!(plain(&pointers).len() <= NAME_LIMIT);
        // Nine levels in the other ABI: each level has six arguments, and each argument is the
        // level before.
        let levels: String =
            (1..=9).map(|level| format!("S0_I{}E", format!("S{level}_").repeat(6))).collect();
        let doubled = format!("_Z1fI1AIiiiiiiE{levels}EvT_");
        assert_eq!(plain("_Z1fI1AIiiiiiiEEvT_"), "f<A<int, int, int, int, int, int> >");
        assert_eq!(plain(&doubled), doubled);
    }
}
