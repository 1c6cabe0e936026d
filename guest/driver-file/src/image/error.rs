//! Why a file is no driver that can run here: one line each.

/// What is wrong with a file, where, and how to mend it. All numbers in texts are hexadecimal
/// addresses or offsets, but counts and sizes with a unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Something else than a Windows image.
    #[error("not a Windows driver: this is {what}; {mend}")]
    NotAnImage {
        /// What it looks like.
        what: &'static str,
        /// How to get a driver.
        mend: &'static str,
    },
    /// The file ends too early.
    #[error(
        "the file ends at {end:X}, but {what} needs bytes up to {needed:X}: it is truncated; \
         copy or build it again"
    )]
    Truncated {
        /// What does not fit.
        what: String,
        /// The length of the file.
        end: u64,
        /// The length it should have at least.
        needed: u64,
    },
    /// For a processor that is not emulated.
    #[error(
        "the driver is built for {machine}; here run drivers for x64 (AMD64) and x86 (I386): \
         build it for one of these"
    )]
    OtherMachine {
        /// The processor.
        machine: String,
    },
    /// A program or library for applications.
    #[error("not a kernel driver: {why}; link it with /driver /subsystem:native, or give the .sys")]
    UserMode {
        /// What tells.
        why: String,
    },
    /// A managed assembly.
    #[error("not a kernel driver: a .NET assembly holds no machine code; give the .sys file")]
    DotNet,
    /// DriverEntry is not named.
    #[error("the driver has no entry point; link it with /entry:DriverEntry (or GsDriverEntry)")]
    NoEntry,
    /// The code is made at run time.
    #[error(
        "the entry point {rva:X} lies in a part of {section} that the file does not hold: the \
         driver is packed; give the unpacked one"
    )]
    Packed {
        /// The section's name.
        section: String,
        /// The entry point.
        rva: u32,
    },
    /// Linked without relocations.
    #[error(
        "the driver has no relocations and can only lie at {preferred:X}; link it with \
         /dynamicbase and without /fixed"
    )]
    Fixed {
        /// The only base it can have.
        preferred: u64,
    },
    /// A number beyond a limit of this program.
    #[error("{what} is {value}, the limit is {limit} ({name}); {mend}")]
    Limit {
        /// What is too large.
        what: String,
        /// How large it is.
        value: u64,
        /// The largest accepted value.
        limit: u64,
        /// The limit's name in this crate.
        name: &'static str,
        /// How to mend it.
        mend: &'static str,
    },
    /// A header or a table that contradicts the format.
    #[error("{what}; {mend}")]
    Bad {
        /// What contradicts, and where.
        what: String,
        /// How to mend it.
        mend: &'static str,
    },
}

impl ImageError {
    pub(super) fn bad(what: impl Into<String>, mend: &'static str) -> ImageError {
        ImageError::Bad { what: what.into(), mend }
    }

    /// A table of the file that contradicts the format.
    pub(super) fn damaged(what: impl Into<String>) -> ImageError {
        ImageError::bad(what, "the file is damaged: build or copy it again")
    }

    pub(super) fn over(
        what: impl Into<String>,
        value: u64,
        limit: u64,
        name: &'static str,
    ) -> ImageError {
        let mend = "no real driver needs as much: the file is damaged or made to harm";
        ImageError::Limit { what: what.into(), value, limit, name, mend }
    }
}
