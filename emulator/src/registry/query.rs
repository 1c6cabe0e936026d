//! RtlQueryRegistryValues: a table of questions to keys of the registry.

use super::{RegistryKey, RegistryValue, ValueType};
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::status::NtStatus;

bitflags::bitflags! {
    /// The meaning of an entry of a query table. The first key is the key at which the query
    /// begins, see [`QueryStart`].
    /// Source: public documentation of RtlQueryRegistryValues.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct QueryFlags: u32 {
        /// The name is a key below the first key. The entries that follow ask this key.
        const SUBKEY = 0x01;
        /// This entry and the entries that follow ask the first key again.
        const TOPKEY = 0x02;
        /// The key must exist. A value must exist or have a default.
        const REQUIRED = 0x04;
        /// The name is not a value: the routine is called without a value.
        const NOVALUE = 0x08;
        /// Texts are handed out as they are stored. A REG_EXPAND_SZ is not expanded, and a
        /// REG_MULTI_SZ is not divided.
        const NOEXPAND = 0x10;
        /// No routine: the value goes straight into the caller's memory.
        const DIRECT = 0x20;
        /// The value is deleted after it was handed out.
        const DELETE = 0x40;
        /// For entries with `DIRECT`: the value must not have the type REG_SZ or REG_EXPAND_SZ.
        const NOSTRING = 0x80;
        /// For entries with `DIRECT`: the value must have the type that stands in the high byte of
        /// the default type.
        const TYPECHECK = 0x100;
        const _ = !0;
    }
}

/// The key at which a query begins.
#[derive(Clone, Debug)]
pub enum QueryStart {
    /// A path below one of the well-known keys.
    Path(QueryBase, String),
    /// An open key.
    Key(RegistryKey),
}

/// A well-known key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueryBase {
    /// The path is a whole path.
    Absolute = 0,
    /// The drivers and services.
    Services = 1,
    /// `Control`
    Control = 2,
    /// The version of Windows.
    WindowsNt = 3,
    /// `DeviceMap`
    DeviceMap = 4,
    /// The default user.
    User = 5,
}

impl QueryBase {
    /// The base with this number, `None` when there is none.
    #[must_use]
    pub fn from_u32(value: u32) -> Option<QueryBase> {
        let all = [
            Self::Absolute,
            Self::Services,
            Self::Control,
            Self::WindowsNt,
            Self::DeviceMap,
            Self::User,
        ];
        all.into_iter().find(|base| *base as u32 == value)
    }

    fn prefix(self) -> &'static str {
        match self {
            QueryBase::Absolute => "",
            QueryBase::Services => r"\Registry\Machine\System\CurrentControlSet\Services\",
            QueryBase::Control => r"\Registry\Machine\System\CurrentControlSet\Control\",
            QueryBase::WindowsNt => {
                r"\Registry\Machine\Software\Microsoft\Windows NT\CurrentVersion\"
            }
            QueryBase::DeviceMap => r"\Registry\Machine\Hardware\DeviceMap\",
            QueryBase::User => r"\Registry\User\.Default\",
        }
    }
}

/// One question to the registry: an entry of a query table.
#[derive(Clone, Debug)]
pub struct QueryEntry {
    /// The meaning of the entry.
    pub flags: QueryFlags,
    /// The name of the value. With [`QueryFlags::SUBKEY`], the path of the key. `None` asks for
    /// every value of the key.
    pub name: Option<String>,
    /// The type and the bytes that are handed out when the value does not exist.
    pub default: Option<(ValueType, Vec<u8>)>,
    /// With [`QueryFlags::TYPECHECK`], the type that the value must have.
    pub expected: Option<ValueType>,
}

/// Takes a value for an entry, with the index of the entry in the table, from 0. A failure status
/// ends the query.
type Deliver<'a> = dyn FnMut(usize, &RegistryValue) -> NtStatus + 'a;

impl Kernel {
    /// Asks a table of questions. The values go to `deliver`, in the order of the table.
    ///
    /// IRQL: PASSIVE_LEVEL. A text of type REG_EXPAND_SZ is expanded, and each text of a
    /// REG_MULTI_SZ is handed out as a value of its own, unless the flags of the entry say
    /// otherwise.
    /// Assumed: when a key below the first key does not exist and is not required, the query goes
    /// on as if that key had no values.
    ///
    /// # Errors
    /// - `STATUS_OBJECT_NAME_NOT_FOUND`: the first key, or a required key or value, does not exist.
    /// - `STATUS_OBJECT_PATH_SYNTAX_BAD`: a whole path does not begin with `\Registry`.
    /// - `STATUS_KEY_DELETED`: an entry requires a key below the first key, but the first key was
    ///   deleted.
    /// - `STATUS_OBJECT_TYPE_MISMATCH`: `NOSTRING` or `TYPECHECK` forbids the type of a value.
    /// - `STATUS_ACCESS_DENIED`: an oracle refuses the call.
    /// - Any failure that `deliver` returns.
    #[doc(alias = "RtlQueryRegistryValues")]
    pub fn query_registry_values(
        &self,
        start: &QueryStart,
        table: &[QueryEntry],
        deliver: &mut Deliver<'_>,
    ) -> Result<(), NtStatus> {
        self.require_irql_at_most(Irql::PASSIVE_LEVEL, "RtlQueryRegistryValues");
        let top = match start {
            QueryStart::Key(key) => {
                self.ask_registry()?;
                key.clone()
            }
            QueryStart::Path(base, path) => {
                self.open_registry_key(&format!("{}{path}", base.prefix()))?
            }
        };
        let mut key = Some(top.clone());
        for (index, entry) in table.iter().enumerate() {
            if entry.flags.intersects(QueryFlags::SUBKEY | QueryFlags::TOPKEY) {
                key = Some(top.clone());
            }
            if entry.flags.contains(QueryFlags::SUBKEY) {
                key = match top.open(entry.name.as_deref().unwrap_or_default()) {
                    Ok(below) => Some(below),
                    Err(status) if entry.flags.contains(QueryFlags::REQUIRED) => {
                        return Err(status);
                    }
                    Err(_) => None,
                };
                continue;
            }
            ask(self, key.as_ref(), index, entry, deliver)?;
        }
        Ok(())
    }
}

fn ask(
    kernel: &Kernel,
    key: Option<&RegistryKey>,
    index: usize,
    entry: &QueryEntry,
    deliver: &mut Deliver<'_>,
) -> Result<(), NtStatus> {
    if entry.flags.contains(QueryFlags::NOVALUE) {
        let nothing = RegistryValue::binary("", &[]);
        return answer(deliver(index, &RegistryValue { kind: ValueType::NONE, ..nothing }));
    }
    let found = match (&entry.name, key) {
        (Some(name), Some(key)) => key.value(name).into_iter().collect(),
        (None, Some(key)) => key.values(),
        (_, None) => Vec::new(),
    };
    if found.is_empty() {
        return match &entry.default {
            Some((kind, data)) => {
                let name = entry.name.clone().unwrap_or_default();
                hand_out(
                    entry,
                    index,
                    RegistryValue { name, kind: *kind, data: data.clone() },
                    deliver,
                )
            }
            None if entry.flags.contains(QueryFlags::REQUIRED) => {
                Err(NtStatus::OBJECT_NAME_NOT_FOUND)
            }
            None => Ok(()),
        };
    }
    for value in found {
        let name = value.name.clone();
        hand_out(entry, index, value, deliver)?;
        if let (true, Some(key)) = (entry.flags.contains(QueryFlags::DELETE), key) {
            key.delete_value(kernel, &name)?;
        }
    }
    Ok(())
}

fn hand_out(
    entry: &QueryEntry,
    index: usize,
    value: RegistryValue,
    deliver: &mut Deliver<'_>,
) -> Result<(), NtStatus> {
    let expects_other = entry.expected.is_some_and(|expected| expected != value.kind);
    let is_text = matches!(value.kind, ValueType::STRING | ValueType::EXPAND_STRING);
    // Without DIRECT both flags mean nothing. Source: WDK, RtlQueryRegistryValues.
    let is_checked =
        |flag: QueryFlags| entry.flags.contains(QueryFlags::DIRECT) && entry.flags.contains(flag);
    if (is_checked(QueryFlags::TYPECHECK) && expects_other)
        || (is_checked(QueryFlags::NOSTRING) && is_text)
    {
        return Err(NtStatus::OBJECT_TYPE_MISMATCH);
    }
    if entry.flags.contains(QueryFlags::NOEXPAND) {
        return answer(deliver(index, &value));
    }
    match value.kind {
        ValueType::EXPAND_STRING => {
            let text = expand(&text_of(&value.data));
            answer(deliver(index, &RegistryValue::string(&value.name, &text)))
        }
        ValueType::MULTI_STRING if !entry.flags.contains(QueryFlags::DIRECT) => {
            let texts = text_of(&value.data);
            texts.split('\0').filter(|text| !text.is_empty()).try_for_each(|text| {
                answer(deliver(index, &RegistryValue::string(&value.name, text)))
            })
        }
        _ => answer(deliver(index, &value)),
    }
}

fn answer(status: NtStatus) -> Result<(), NtStatus> {
    if status.is_success() { Ok(()) } else { Err(status) }
}

fn text_of(data: &[u8]) -> String {
    let units: Vec<u16> =
        data.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}

/// Expands the names of environment variables in a text.
/// Assumed: the kernel's own environment has one variable, `SystemRoot`. The name of any other
/// variable stays as it is.
fn expand(text: &str) -> String {
    const ROOT: &str = "%SystemRoot%";
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_root = rest.get(..ROOT.len()).is_some_and(|name| name.eq_ignore_ascii_case(ROOT));
        let (word, length) = if is_root { (r"C:\Windows", ROOT.len()) } else { ("%", 1) };
        expanded.push_str(word);
        rest = &rest[length..];
    }
    expanded + rest
}
