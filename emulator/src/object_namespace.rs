//! The names of objects: devices, and symbolic links to them.
//!
//! There are only the directories in which drivers make names: the root, `\Device`, `\Callback` and
//! `\??`. Names are compared without case.
//! `\DosDevices` and `\GLOBAL??` are other names of the directory `\??`.
//! Assumed: there is one session, so that the links of the session and the global links are one
//! set.
//!
//! Source: WDK, Introduction to MS-DOS Device Names; NT Device Names.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use crate::device_object::DeviceObject;
use crate::kernel::Kernel;
use crate::registry::folded;
use crate::status::NtStatus;

/// The names of the directories, each with the directory that the name leads to.
const DIRECTORIES: [(&str, &str); 7] = [
    (r"\DOSDEVICES\GLOBAL", r"\??"),
    (r"\DOSDEVICES", r"\??"),
    (r"\GLOBAL??", r"\??"),
    (r"\??", r"\??"),
    (r"\DEVICE", r"\DEVICE"),
    (r"\CALLBACK", r"\CALLBACK"),
    ("", ""),
];

/// A path leads to its device through fewer links than this number. Assumed: drivers make far fewer
/// links in a row. When links form a circle, this limit soon ends the search.
const LINKS_IN_A_ROW: usize = 32;

/// Objects have at most this number of names in all. Assumed: the drivers of a machine make far
/// fewer.
const NAMES: usize = 1_024;

enum Named {
    Link { target: String },
    Device(Weak<DeviceObject>),
}

impl Named {
    /// Whether the name is in use. A device gives its name back when the device is deleted.
    fn is_in_use(&self) -> bool {
        match self {
            Named::Link { .. } => true,
            Named::Device(device) => device.upgrade().is_some_and(|device| {
                let devices = device.driver().devices();
                devices.iter().any(|other| Rc::ptr_eq(other, &device))
            }),
        }
    }
}

/// The named objects by their whole paths in upper case.
#[derive(Default)]
pub(crate) struct ObjectNamespace(RefCell<BTreeMap<String, Named>>);

impl ObjectNamespace {
    /// Drops every name.
    pub fn clear(&self) {
        drop(self.0.take());
    }
}

/// The path under which an object is kept, from a path that a driver writes.
fn key_of(path: &str) -> Result<String, NtStatus> {
    let path = folded(path);
    let names = path.strip_prefix('\\').ok_or(NtStatus::OBJECT_PATH_SYNTAX_BAD)?;
    if names.split('\\').any(str::is_empty) {
        return Err(NtStatus::OBJECT_PATH_SYNTAX_BAD);
    }
    let (directory, name) = path.rsplit_once('\\').unwrap_or(("", &path));
    let known = DIRECTORIES.iter().find(|(known, _)| *known == directory);
    let (_, directory) = known.ok_or(NtStatus::OBJECT_PATH_NOT_FOUND)?;
    Ok(format!(r"{directory}\{name}"))
}

impl Kernel {
    /// Makes a symbolic link and returns its full path: in upper case, with the directory `\??` for
    /// all names of this directory. The target of the link need not exist. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_OBJECT_PATH_SYNTAX_BAD`: the name does not have the form of a path.
    /// - `STATUS_OBJECT_PATH_NOT_FOUND`: there is no such directory.
    /// - `STATUS_OBJECT_NAME_COLLISION`: the name is in use.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: there are `NAMES` names already.
    #[doc(alias = "IoCreateSymbolicLink")]
    pub fn create_symbolic_link(&self, link: &str, target: &str) -> Result<String, NtStatus> {
        self.name_object(link, Named::Link { target: target.to_owned() })
    }

    /// Deletes a symbolic link and returns its full path, in the form that
    /// [`create_symbolic_link`](Self::create_symbolic_link) returns. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_OBJECT_PATH_SYNTAX_BAD`, `STATUS_OBJECT_PATH_NOT_FOUND`: the same causes as when a
    ///   link is made.
    /// - `STATUS_OBJECT_NAME_NOT_FOUND`: no object has the name.
    /// - `STATUS_OBJECT_TYPE_MISMATCH`: the name is the name of a device.
    #[doc(alias = "IoDeleteSymbolicLink")]
    pub fn delete_symbolic_link(&self, link: &str) -> Result<String, NtStatus> {
        let key = key_of(link)?;
        let mut names = self.state.names_of_objects.0.borrow_mut();
        match names.get(&key).filter(|named| named.is_in_use()) {
            None => Err(NtStatus::OBJECT_NAME_NOT_FOUND),
            Some(Named::Device(_)) => Err(NtStatus::OBJECT_TYPE_MISMATCH),
            Some(Named::Link { .. }) => {
                names.remove(&key);
                Ok(key)
            }
        }
    }

    /// Gives a device a name, which the device keeps until the device is deleted. IRQL:
    /// PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The errors of [`Kernel::create_symbolic_link`].
    pub fn name_device(&self, device: &Rc<DeviceObject>, name: &str) -> Result<(), NtStatus> {
        self.name_object(name, Named::Device(Rc::downgrade(device))).map(drop)
    }

    /// The device that a path leads to, by links, by the link of a device interface, or by its own
    /// name. `None` when the path leads to no device. IRQL: PASSIVE_LEVEL.
    #[must_use]
    pub fn device_named(&self, path: &str) -> Option<Rc<DeviceObject>> {
        let mut path = path.to_owned();
        for _ in 0..LINKS_IN_A_ROW {
            if let Some(device) = self.device_of_interface(&path) {
                return Some(device);
            }
            let key = key_of(&path).ok()?;
            match self.state.names_of_objects.0.borrow().get(&key)? {
                named @ Named::Device(device) => {
                    return device.upgrade().filter(|_| named.is_in_use());
                }
                Named::Link { target } => path.clone_from(target),
            }
        }
        None
    }

    fn name_object(&self, name: &str, object: Named) -> Result<String, NtStatus> {
        let key = key_of(name)?;
        let mut names = self.state.names_of_objects.0.borrow_mut();
        let is_directory = DIRECTORIES.iter().any(|(known, _)| *known == key);
        if is_directory || names.get(&key).is_some_and(Named::is_in_use) {
            return Err(NtStatus::OBJECT_NAME_COLLISION);
        }
        if names.len() >= NAMES && !names.contains_key(&key) {
            names.retain(|_, named| named.is_in_use());
            if names.len() >= NAMES {
                return Err(NtStatus::INSUFFICIENT_RESOURCES);
            }
        }
        names.insert(key.clone(), object);
        Ok(key)
    }
}
