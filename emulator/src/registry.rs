//! The registry: a tree of keys with values, in the memory of the kernel.
//!
//! At power-on the registry has one key, its root. The code that builds the machine adds what a
//! driver expects to find. Names are compared without case. Subkeys are listed in the order of
//! their names, values in the order in which they were first set.

mod information;
mod query;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::{Rc, Weak};

pub use information::{KeyInformationClass, QueryReply, ValueInformationClass};
pub use query::{QueryBase, QueryEntry, QueryFlags, QueryStart};

use crate::choice::{Choice, Refusal};
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::status::NtStatus;

/// The type of a value. Source: wdm.h.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ValueType(pub u32);

impl ValueType {
    /// REG_NONE: no type.
    pub const NONE: ValueType = ValueType(0);
    /// REG_SZ: UTF-16 text with a null at its end.
    pub const STRING: ValueType = ValueType(1);
    /// REG_EXPAND_SZ: text with names of environment variables in it.
    pub const EXPAND_STRING: ValueType = ValueType(2);
    /// REG_BINARY: bytes.
    pub const BINARY: ValueType = ValueType(3);
    /// REG_DWORD: a little-endian number of 32 bits.
    pub const DWORD: ValueType = ValueType(4);
    /// REG_MULTI_SZ: texts, each with a null at its end, and one more null after the last.
    pub const MULTI_STRING: ValueType = ValueType(7);
}

/// A value of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegistryValue {
    /// The name; the default value of a key has the empty name.
    pub name: String,
    /// The type.
    pub kind: ValueType,
    /// The bytes.
    pub data: Vec<u8>,
}

impl RegistryValue {
    /// A value of type REG_SZ.
    #[must_use]
    pub fn string(name: &str, text: &str) -> RegistryValue {
        let data = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        RegistryValue { name: name.to_owned(), kind: ValueType::STRING, data }
    }

    /// A value of type REG_DWORD.
    #[must_use]
    pub fn dword(name: &str, number: u32) -> RegistryValue {
        let data = number.to_le_bytes().to_vec();
        RegistryValue { name: name.to_owned(), kind: ValueType::DWORD, data }
    }

    /// A value of type REG_BINARY.
    #[must_use]
    pub fn binary(name: &str, bytes: &[u8]) -> RegistryValue {
        RegistryValue { name: name.to_owned(), kind: ValueType::BINARY, data: bytes.to_vec() }
    }
}

/// Whether a key existed before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyDisposition {
    /// REG_CREATED_NEW_KEY
    CreatedNew = 1,
    /// REG_OPENED_EXISTING_KEY
    OpenedExisting = 2,
}

struct KeyNode {
    name: String,
    parent: Weak<KeyNode>,
    subkeys: RefCell<BTreeMap<String, Rc<KeyNode>>>,
    values: RefCell<Values>,
    written_100ns: Cell<u64>,
    deleted: Cell<bool>,
}

/// The values of a key, in the order in which they were first set.
#[derive(Default)]
struct Values {
    list: Vec<RegistryValue>,
    /// The index of each value in the list, by its name without case.
    places: BTreeMap<String, usize>,
}

impl Values {
    fn find(&self, name: &str) -> Option<usize> {
        self.places.get(&folded(name)).copied()
    }

    fn add(&mut self, value: RegistryValue) {
        self.places.insert(folded(&value.name), self.list.len());
        self.list.push(value);
    }

    fn remove(&mut self, index: usize) {
        let removed = self.list.remove(index);
        self.places.remove(&folded(&removed.name));
        self.places.values_mut().filter(|place| **place > index).for_each(|place| *place -= 1);
    }
}

/// An open key; cloning this value copies the handle.
#[derive(Clone)]
pub struct RegistryKey(Rc<KeyNode>);

/// One value has at most this number of bytes.
/// Source: public documentation of registry limits, 1 MiB for data that belongs in the registry.
const LONGEST_VALUE: usize = 1 << 20;
/// A key has at most this number of values, and at most this number of subkeys.
const ENTRIES: usize = 16_383;
/// A key lies at most this number of levels below the root.
/// Source: Registry Element Size Limits, tree depth.
const LEVELS: usize = 512;
/// The name of a key has at most this number of characters.
/// Source: Registry Element Size Limits, key name.
const LONGEST_KEY_NAME: usize = 255;
/// The name of a value has at most this number of characters.
/// Source: Registry Element Size Limits, value name.
const LONGEST_VALUE_NAME: usize = 16_383;

impl KeyNode {
    fn new(name: &str, parent: Weak<KeyNode>, written_100ns: u64) -> Rc<KeyNode> {
        Rc::new(KeyNode {
            name: name.to_owned(),
            parent,
            subkeys: RefCell::default(),
            values: RefCell::default(),
            written_100ns: Cell::new(written_100ns),
            deleted: Cell::new(false),
        })
    }
}

/// The form of a name for a comparison without case: two names are equal if their forms are
/// equal.
pub(crate) fn folded(name: &str) -> String {
    name.to_uppercase()
}

/// Whether a name has at most `most` characters. A character here is one 16-bit unit of UTF-16.
fn fits(name: &str, most: usize) -> bool {
    name.len() <= most || name.encode_utf16().count() <= most
}

/// The components of a path.
fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('\\').filter(|name| !name.is_empty())
}

impl RegistryKey {
    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole path, from `\Registry` on.
    #[must_use]
    pub fn path(&self) -> String {
        match self.0.parent.upgrade() {
            Some(parent) => format!(r"{}\{}", RegistryKey(parent).path(), self.0.name),
            None => format!(r"\{}", self.0.name),
        }
    }

    /// Opens a key below this key by a path. The empty path is this key itself.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`; `STATUS_KEY_DELETED` when this key was deleted.
    pub fn open(&self, path: &str) -> Result<RegistryKey, NtStatus> {
        self.alive()?;
        let mut node = Rc::clone(&self.0);
        for name in components(path) {
            let next = node.subkeys.borrow().get(&folded(name)).cloned();
            node = next.ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?;
        }
        Ok(RegistryKey(node))
    }

    /// How many levels the key lies below the root.
    fn level(&self) -> usize {
        let parent = |node: &Rc<KeyNode>| node.parent.upgrade();
        std::iter::successors(parent(&self.0), parent).count()
    }

    /// Opens a key below this key, and makes every key on the way that does not exist.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED` when this key was deleted; `STATUS_INVALID_PARAMETER` for a key more
    /// than 512 levels below the root, or with a name of more than 255 characters;
    /// `STATUS_INSUFFICIENT_RESOURCES` when a key has too many subkeys; `STATUS_ACCESS_DENIED`
    /// when an oracle refuses the call.
    /// Assumed: the status of a name that is too long, because no page tells it.
    pub fn create(
        &self,
        kernel: &Kernel,
        path: &str,
    ) -> Result<(RegistryKey, KeyDisposition), NtStatus> {
        self.alive()?;
        kernel.ask_registry()?;
        let is_possible = components(path).all(|name| fits(name, LONGEST_KEY_NAME))
            && self.level() + components(path).count() <= LEVELS;
        if !is_possible {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let mut node = Rc::clone(&self.0);
        let mut disposition = KeyDisposition::OpenedExisting;
        for name in components(path) {
            let found = node.subkeys.borrow().get(&folded(name)).cloned();
            node = match found {
                Some(next) => next,
                None => {
                    disposition = KeyDisposition::CreatedNew;
                    RegistryKey(node).new_subkey(kernel, name)?
                }
            };
        }
        Ok((RegistryKey(node), disposition))
    }

    fn new_subkey(&self, kernel: &Kernel, name: &str) -> Result<Rc<KeyNode>, NtStatus> {
        let mut subkeys = self.0.subkeys.borrow_mut();
        if subkeys.len() >= ENTRIES {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        let time_100ns = kernel.system_time_100ns();
        let node = KeyNode::new(name, Rc::downgrade(&self.0), time_100ns);
        subkeys.insert(folded(name), Rc::clone(&node));
        self.0.written_100ns.set(time_100ns);
        Ok(node)
    }

    /// The subkeys, in the order of their names.
    #[must_use]
    pub fn subkeys(&self) -> Vec<RegistryKey> {
        self.0.subkeys.borrow().values().cloned().map(RegistryKey).collect()
    }

    /// The values, in the order in which they were first set.
    #[must_use]
    pub fn values(&self) -> Vec<RegistryValue> {
        self.0.values.borrow().list.clone()
    }

    /// A value by its name.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`; `STATUS_KEY_DELETED`.
    pub fn value(&self, name: &str) -> Result<RegistryValue, NtStatus> {
        self.alive()?;
        let values = self.0.values.borrow();
        let found = values.find(name).map(|index| values.list[index].clone());
        found.ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)
    }

    /// Sets a value that exists already, or adds a new value.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`; `STATUS_INVALID_PARAMETER` for a name of more than 16 383 characters;
    /// `STATUS_INSUFFICIENT_RESOURCES` beyond 1 MiB or 16 383 values; `STATUS_ACCESS_DENIED` when
    /// an oracle refuses the call.
    pub fn set_value(&self, kernel: &Kernel, value: RegistryValue) -> Result<(), NtStatus> {
        self.alive()?;
        kernel.ask_registry()?;
        if !fits(&value.name, LONGEST_VALUE_NAME) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let mut values = self.0.values.borrow_mut();
        let known = values.find(&value.name);
        if value.data.len() > LONGEST_VALUE || (known.is_none() && values.list.len() >= ENTRIES) {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        match known.map(|index| &mut values.list[index]) {
            Some(place) => (place.kind, place.data) = (value.kind, value.data),
            None => values.add(value),
        }
        self.0.written_100ns.set(kernel.system_time_100ns());
        Ok(())
    }

    /// Deletes a value.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`; `STATUS_KEY_DELETED`; `STATUS_ACCESS_DENIED` when an oracle
    /// refuses the call.
    pub fn delete_value(&self, kernel: &Kernel, name: &str) -> Result<(), NtStatus> {
        self.alive()?;
        kernel.ask_registry()?;
        let mut values = self.0.values.borrow_mut();
        let known = values.find(name);
        values.remove(known.ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?);
        self.0.written_100ns.set(kernel.system_time_100ns());
        Ok(())
    }

    /// Deletes the key. From then on, each method that can fail returns `STATUS_KEY_DELETED` for an
    /// open handle to the key.
    ///
    /// # Errors
    /// `STATUS_CANNOT_DELETE` for the root or a key with subkeys; `STATUS_KEY_DELETED`;
    /// `STATUS_ACCESS_DENIED` when an oracle refuses the call.
    pub fn delete(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        self.alive()?;
        kernel.ask_registry()?;
        let parent = self.0.parent.upgrade().ok_or(NtStatus::CANNOT_DELETE)?;
        if !self.0.subkeys.borrow().is_empty() {
            return Err(NtStatus::CANNOT_DELETE);
        }
        parent.subkeys.borrow_mut().remove(&folded(&self.0.name));
        parent.written_100ns.set(kernel.system_time_100ns());
        self.0.deleted.set(true);
        Ok(())
    }

    /// The time of the last change of the key, in 100 ns units since 1601.
    #[must_use]
    pub fn written_100ns(&self) -> u64 {
        self.0.written_100ns.get()
    }

    /// True when both handles are of the same key.
    #[must_use]
    pub fn is(&self, other: &RegistryKey) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    fn alive(&self) -> Result<(), NtStatus> {
        if self.0.deleted.get() { Err(NtStatus::KEY_DELETED) } else { Ok(()) }
    }
}

impl PartialEq for RegistryKey {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl fmt::Debug for RegistryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// The tree of all keys.
pub(crate) struct Registry(RegistryKey);

impl Default for Registry {
    fn default() -> Self {
        Registry(RegistryKey(KeyNode::new("Registry", Weak::new(), 0)))
    }
}

impl Kernel {
    /// The root of the registry, `\Registry`.
    #[must_use]
    pub fn registry(&self) -> RegistryKey {
        self.state.registry.0.clone()
    }

    /// Opens a key by its whole path, such as `\Registry\Machine\Software`. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_OBJECT_PATH_SYNTAX_BAD` for a path that does not begin with `\Registry`;
    /// `STATUS_OBJECT_NAME_NOT_FOUND`; `STATUS_ACCESS_DENIED` when an oracle refuses the call.
    #[doc(alias = "ZwOpenKey")]
    pub fn open_registry_key(&self, path: &str) -> Result<RegistryKey, NtStatus> {
        self.require_irql_at_most(Irql::PASSIVE_LEVEL, "ZwOpenKey");
        self.ask_registry()?;
        self.registry().open(below_root(path)?)
    }

    /// Asks whether a call of a registry routine is refused.
    /// Assumed: a refused call fails because the driver has no right to use the key.
    /// [`Kernel::ask_allocation`] asks about failures because of missing memory.
    ///
    /// # Errors
    /// `STATUS_ACCESS_DENIED` when an oracle refuses the call.
    pub fn ask_registry(&self) -> Result<(), NtStatus> {
        match self.choose(Choice::Registry) {
            Refusal::Granted => Ok(()),
            Refusal::Refused => Err(NtStatus::ACCESS_DENIED),
        }
    }

    /// Opens a key by its whole path, and makes every key on the way that does not exist.
    ///
    /// IRQL: PASSIVE_LEVEL. Unlike this method, ZwCreateKey makes only the last key of the path.
    ///
    /// # Errors
    /// `STATUS_OBJECT_PATH_SYNTAX_BAD` for a path that does not begin with `\Registry`; the errors
    /// of [`RegistryKey::create`].
    pub fn create_registry_key(&self, path: &str) -> Result<RegistryKey, NtStatus> {
        Ok(self.registry().create(self, below_root(path)?)?.0)
    }
}

/// The part of a whole path after `\Registry`.
fn below_root(path: &str) -> Result<&str, NtStatus> {
    const ROOT: &str = r"\Registry";
    let head = path.get(..ROOT.len()).filter(|head| head.eq_ignore_ascii_case(ROOT));
    let rest = head.map(|_| &path[ROOT.len()..]);
    rest.filter(|rest| rest.is_empty() || rest.starts_with('\\'))
        .ok_or(NtStatus::OBJECT_PATH_SYNTAX_BAD)
}
