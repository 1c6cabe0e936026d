//! The reasons why a file is not a driver that can run here: one line each.

/// What is wrong with a file, where, and how to mend it. Addresses and offsets in the texts are
/// hexadecimal. The numbers of [`ImageError::Limit`] are decimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The file is no PE image.
    #[error("not a Windows driver: this is {what}; {mend}")]
    NotAnImage {
        /// The kind of file that the bytes look like.
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
        /// The part that the file does not hold completely.
        what: String,
        /// The length of the file.
        end: u64,
        /// The least length that the file needs.
        needed: u64,
    },
    /// The driver is for a processor that is not emulated.
    #[error(
        "the driver is built for {machine}; here run drivers for x64 (AMD64) and x86 (I386): \
         build it for one of these"
    )]
    OtherMachine {
        /// The processor.
        machine: String,
    },
    /// The file is for applications or for firmware, not for the kernel.
    #[error("not a kernel driver: {why}; link it with /driver /subsystem:native, or give the .sys")]
    UserMode {
        /// The fact that shows this.
        why: String,
    },
    /// The file is a managed assembly.
    #[error("not a kernel driver: a .NET assembly holds no machine code; give the .sys file")]
    DotNet,
    /// The file has no entry point (DriverEntry).
    #[error("the driver has no entry point; link it with /entry:DriverEntry (or GsDriverEntry)")]
    NoEntry,
    /// The driver unpacks its code at run time.
    #[error(
        "the entry point {rva:X} lies in a part of {section} that the file does not hold: the \
         driver is packed; give the unpacked one"
    )]
    Packed {
        /// The name of the section.
        section: String,
        /// The entry point.
        rva: u32,
    },
    /// The driver was linked without relocations.
    #[error(
        "the driver has no relocations and can only lie at {preferred:X}; link it with \
         /dynamicbase and without /fixed"
    )]
    Fixed {
        /// The only base that the driver can have.
        preferred: u64,
    },
    /// A number is larger than a limit of this program.
    #[error("{what} is {value}, the limit is {limit} ({name}); {mend}")]
    Limit {
        /// The number that is too large.
        what: String,
        /// The value of the number.
        value: u64,
        /// The largest accepted value.
        limit: u64,
        /// The name of the limit in this crate.
        name: &'static str,
        /// How to mend it.
        mend: &'static str,
    },
    /// A header or a table contradicts the format.
    #[error("{what}; {mend}")]
    Bad {
        /// The contradiction, and where it is.
        what: String,
        /// How to mend it.
        mend: &'static str,
    },
}

impl ImageError {
    pub(super) fn bad(what: impl Into<String>, mend: &'static str) -> ImageError {
        ImageError::Bad { what: what.into(), mend }
    }

    /// The error for a header or a table that contradicts the format.
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
