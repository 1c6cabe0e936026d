//! What a driver's INF puts into the registry, and the resources it asks for.
//!
//! This file owns what a caller sees: [`read_inf`], and the [`Installation`] that it returns. The
//! work is in the other files: `text` decodes the bytes, `lines` finds sections, lines and fields,
//! `strings` replaces tokens by their texts, and `models` finds the model. `install` follows the
//! install section of the model. `add_reg` and `log_config` read the sections for the registry and
//! for resources. Nothing here knows a registry, a machine or the file system.
//!
//! Source: WDK, "INF file sections and directives". The crate inf-rs reads INFs too. It keeps
//! neither the order nor the place of a line. With it, an error could not say where to mend a file.
//!
//! ```
//! use portcls_inf_file::{Architecture, read_inf};
//!
//! let text = b"[Version]\nSignature=\"$Windows NT$\"\n[Manufacturer]\nMe=Models\n\
//!     [Models]\nUart=Install,*PNPB006\n[Install]\nAddReg=Values\n\
//!     [Values]\nHKR,Parameters,Fifo,0x10001,16\n";
//! let found = read_inf("uart.inf", text, None, Architecture::X64)?;
//! assert_eq!(found.values[0].subkey, "Parameters");
//! # Ok::<(), portcls_inf_file::InfError>(())
//! ```

mod add_reg;
mod error;
mod install;
mod lines;
mod log_config;
mod models;
mod strings;
mod text;

#[cfg(test)]
mod tests;

pub use error::InfError;
pub use log_config::{RangeChoice, Wanted, WantedResource};

/// The longest INF in bytes. Assumed: the longest ones of Windows have some hundred KiB.
pub const MAX_INF_BYTES: usize = 1 << 20;

/// The processor that the driver is built for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Architecture {
    /// 32 bits.
    X86,
    /// 64 bits.
    X64,
}

/// What the installation of one model does to the registry, and the resources that it names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Installation {
    /// The description of the model, as a user sees it.
    pub description: String,
    /// How many models for this processor the file has.
    pub model_count: usize,
    /// The keys and values that AddReg makes, each once, in the order in which they came.
    pub values: Vec<RegistryEntry>,
    /// The configurations in the order in which the reader found them. Those of an override
    /// (LogConfigOverride) come before those of the install section. A device gets one of them.
    pub configurations: Vec<Configuration>,
    /// What was not used, in the order of the file.
    pub unused: Vec<Unused>,
}

/// The registry keys below which an INF writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Root {
    /// The software key of the device: HKR of an install section.
    Driver,
    /// The hardware key of the device: HKR of an install section's HW section.
    Device,
    /// The key of the service. A line names this key by HKR in a service's install section, or by
    /// the path of the key below HKLM.
    Service,
    /// HKLM.
    Machine,
}

/// A key, or a value of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegistryEntry {
    /// The key from which the path starts.
    pub root: Root,
    /// The path below the root; empty for the root itself.
    pub subkey: String,
    /// The value; `None` when only the key is made.
    pub value: Option<Value>,
}

/// A registry value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Value {
    /// The name; empty for the default value.
    pub name: String,
    /// The number of the type, such as 1 for REG_SZ.
    pub kind: u32,
    /// The bytes; texts are UTF-16 with a null at their end.
    pub data: Vec<u8>,
}

/// The resources of one section that LogConfig names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Configuration {
    /// The name of the section.
    pub section: String,
    /// The resources in the order of the file. A device needs one value of each.
    pub resources: Vec<WantedResource>,
}

/// Something in the file that has no effect here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unused {
    /// The line, from 1.
    pub line: usize,
    /// What it is: `[Section]`, a directive with its section, a line of AddReg, or a token without
    /// a text.
    pub what: String,
}

/// Takes a user's choice apart: `FILE`, or `FILE.inf:MODEL`. The name of the file ends at the first
/// `.inf:`, so it may have a colon before its ending. `None` when the file or the model is missing.
///
/// ```
/// use portcls_inf_file::file_and_model;
///
/// assert_eq!(file_and_model(r"c:\a.INF:*PNPB006"), Some((r"c:\a.INF", Some("*PNPB006"))));
/// assert_eq!(file_and_model("oem.txt"), Some(("oem.txt", None)));
/// assert_eq!(file_and_model("a.inf:"), None);
/// ```
#[must_use]
pub fn file_and_model(text: &str) -> Option<(&str, Option<&str>)> {
    const ENDING: &str = ".inf:";
    let found = text.to_ascii_lowercase().find(ENDING).map(|at| at + ENDING.len() - 1);
    let (file, model) = match found {
        Some(colon) => (&text[..colon], Some(&text[colon + 1..])),
        None => (text, None),
    };
    let is_whole = !file.is_empty() && !model.is_some_and(str::is_empty);
    is_whole.then_some((file, model))
}

/// Reads what the installation of a model does. `file` is the file's name in errors. `model` is a
/// description, a hardware identifier or an install section; without it the first model counts.
///
/// # Errors
/// [`InfError`]: the file is not a well-formed INF, there is no such model, or there is a mistake
/// in a section that the installation of the model needs.
pub fn read_inf(
    file: &str,
    bytes: &[u8],
    model: Option<&str>,
    architecture: Architecture,
) -> Result<Installation, InfError> {
    let fault = |fault: error::Fault| fault.in_file(file);
    let text = text::decode(bytes).map_err(fault)?;
    let mut inf = lines::parse(&text).map_err(fault)?;
    let unknown = strings::replace(&mut inf).map_err(fault)?;
    install::install(&inf, unknown, model, architecture).map_err(fault)
}
