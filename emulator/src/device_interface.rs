//! Device interfaces, by which a program finds a device of some kind.
//!
//! An interface is registered once for a device at the bottom of a stack, and stays registered.
//! Programs find the interface while it is enabled. When an interface is enabled or disabled, the
//! kernel calls the routines that watch the class of the interface.
//!
//! Source: WDK, IoRegisterDeviceInterface and the other routines of the aliases below.

mod name;
mod watch;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::device_object::DeviceObject;
use crate::kernel::Kernel;
use crate::registry::RegistryKey;
use crate::status::NtStatus;

use name::{key_path, link_name};
use watch::Watches;
pub use watch::{InterfaceChange, InterfaceRoutine, InterfaceWatch};

/// An interface of a device.
#[derive(Clone, Debug)]
pub struct DeviceInterface {
    /// The interface class: a GUID in its wire form.
    pub class: [u8; 16],
    /// The device that requests go to.
    pub device: Rc<DeviceObject>,
    /// The reference string: the name of the file to open on the device.
    pub reference: String,
}

/// Whether an interface was registered before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Registration {
    /// The interface is new, and disabled.
    New,
    /// The interface was registered already, and stays as it is.
    Known,
}

/// Whether programs find an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InterfaceState {
    /// Programs do not find the interface.
    Disabled,
    /// Programs find the interface.
    Enabled,
}

/// The name of a property of an interface.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct InterfaceProperty {
    /// The property: a DEVPROPKEY in its wire form.
    pub key: [u8; 20],
    /// The language of the value; 0 for a value without a language.
    pub locale: u32,
}

/// The value of a property of an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceValue {
    /// The type of the data: a DEVPROPTYPE.
    pub kind: u32,
    /// The bytes.
    pub data: Vec<u8>,
}

/// At most this number of interfaces are registered. Assumed: the drivers of a machine register far
/// fewer.
const INTERFACES: usize = 1_024;

/// An interface has at most this number of properties; each language of a property counts. Assumed:
/// a driver sets far fewer.
const PROPERTIES: usize = 256;

/// All properties of an interface together have at most this number of bytes. Assumed: the same
/// limit as for one value in the registry.
const PROPERTY_BYTES: usize = 1 << 20;

/// A registered interface.
struct Entry {
    interface: DeviceInterface,
    /// The device at the bottom of the stack.
    physical: Rc<DeviceObject>,
    state: InterfaceState,
    properties: BTreeMap<InterfaceProperty, InterfaceValue>,
}

impl Entry {
    fn is(&self, class: [u8; 16], physical: &Rc<DeviceObject>, reference: &str) -> bool {
        self.interface.class == class
            && self.interface.reference == reference
            && Rc::ptr_eq(&self.physical, physical)
    }

    /// The name of the symbolic link; `None` for a device that was never installed.
    fn link(&self) -> Option<String> {
        link_name(&self.physical, self.interface.class, &self.interface.reference)
    }
}

/// The registered interfaces, and the routines that watch them.
#[derive(Default)]
pub(crate) struct DeviceInterfaces {
    /// The interfaces. The enabled interfaces are in the order in which they were enabled.
    entries: RefCell<Vec<Entry>>,
    watches: Watches,
}

impl DeviceInterfaces {
    /// Drops every interface and every routine that watches one.
    pub fn clear(&self) {
        drop(self.entries.take());
        self.watches.clear();
    }
}

impl Kernel {
    /// Registers and enables an interface. An interface that is enabled already stays as it is. One
    /// interface more than `INTERFACES` ends the run, because the caller gets no status.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn enable_device_interface(&self, interface: DeviceInterface) {
        if self.is_frozen() {
            return;
        }
        let physical = interface.device.bottom();
        let known = self
            .interface_index(|entry| entry.is(interface.class, &physical, &interface.reference));
        let index = known.map_or_else(|| self.push_interface(interface.clone(), physical), Ok);
        let Ok(index) = index else {
            let limit = format!("more than {INTERFACES} device interfaces (INTERFACES)");
            self.unsupported(&limit);
            return;
        };
        self.switch_interface(index, InterfaceState::Enabled, &interface.device);
    }

    /// Disables the interfaces of a device under one reference string. IRQL: PASSIVE_LEVEL.
    pub fn disable_device_interfaces(&self, device: &Rc<DeviceObject>, reference: &str) {
        self.disable_interfaces(|entry| {
            Rc::ptr_eq(&entry.interface.device, device) && entry.interface.reference == reference
        });
    }

    /// Disables all interfaces of the stack above a physical device. The Plug and Play manager does
    /// this when the device is removed. IRQL: PASSIVE_LEVEL.
    pub fn disable_interfaces_of_removed(&self, physical: &Rc<DeviceObject>) {
        self.disable_interfaces(|entry| Rc::ptr_eq(&entry.physical, physical));
    }

    /// The enabled interfaces of a class, in the order in which they were enabled.
    #[must_use]
    pub fn device_interfaces(&self, class: [u8; 16]) -> Vec<DeviceInterface> {
        let entries = self.state.interfaces.entries.borrow();
        let enabled = entries
            .iter()
            .filter(|entry| entry.interface.class == class)
            .filter(|entry| entry.state == InterfaceState::Enabled);
        enabled.map(|entry| entry.interface.clone()).collect()
    }

    /// Registers an interface of a physical device and returns the name of its symbolic link.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` for a device that is not at the bottom of its stack or was
    /// never installed, and for a reference string with a path separator;
    /// `STATUS_INSUFFICIENT_RESOURCES` when there are `INTERFACES` interfaces already.
    #[doc(alias = "IoRegisterDeviceInterface")]
    pub fn register_device_interface(
        &self,
        class: [u8; 16],
        physical: &Rc<DeviceObject>,
        reference: &str,
    ) -> Result<(Registration, String), NtStatus> {
        let link = link_name(physical, class, reference);
        let link = link.filter(|_| physical.lower().is_none() && !reference.contains(['/', '\\']));
        let link = link.ok_or(NtStatus::INVALID_DEVICE_REQUEST)?;
        if self.interface_index(|entry| entry.is(class, physical, reference)).is_some() {
            return Ok((Registration::Known, link));
        }
        let (device, reference) = (Rc::clone(physical), reference.to_owned());
        let interface = DeviceInterface { class, device, reference };
        self.push_interface(interface, Rc::clone(physical))?;
        Ok((Registration::New, link))
    }

    /// Enables or disables a registered interface by the name of its symbolic link. Requests to an
    /// enabled interface go to the device that was at the top of the stack at the time of this
    /// call.
    ///
    /// The result is `STATUS_OBJECT_NAME_EXISTS` when the caller enables an interface that is
    /// enabled already. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` when the caller disables an interface that is disabled
    /// already, and when no interface has the name.
    #[doc(alias = "IoSetDeviceInterfaceState")]
    pub fn set_device_interface_state(
        &self,
        link: &str,
        state: InterfaceState,
    ) -> Result<NtStatus, NtStatus> {
        let index = self.find_interface(link)?;
        let (now, physical) = {
            let entries = self.state.interfaces.entries.borrow();
            (entries[index].state, Rc::clone(&entries[index].physical))
        };
        match (now, state) {
            (InterfaceState::Enabled, InterfaceState::Enabled) => Ok(NtStatus::OBJECT_NAME_EXISTS),
            (InterfaceState::Disabled, InterfaceState::Disabled) => {
                Err(NtStatus::OBJECT_NAME_NOT_FOUND)
            }
            _ => {
                self.switch_interface(index, state, &physical.top());
                Ok(NtStatus::SUCCESS)
            }
        }
    }

    /// The names of the symbolic links of the interfaces of a class. Disabled interfaces are in the
    /// list too, unless `least` is `Enabled`. `physical` narrows the list to one device. IRQL:
    /// PASSIVE_LEVEL.
    #[doc(alias = "IoGetDeviceInterfaces")]
    #[must_use]
    pub fn device_interface_links(
        &self,
        class: [u8; 16],
        physical: Option<&Rc<DeviceObject>>,
        least: InterfaceState,
    ) -> Vec<String> {
        let entries = self.state.interfaces.entries.borrow();
        let wanted = entries
            .iter()
            .filter(|entry| entry.interface.class == class)
            .filter(|entry| physical.is_none_or(|wanted| Rc::ptr_eq(wanted, &entry.physical)))
            .filter(|entry| least == InterfaceState::Disabled || entry.state == least);
        wanted.filter_map(Entry::link).collect()
    }

    /// The device behind the symbolic link of an enabled interface.
    pub(crate) fn device_of_interface(&self, link: &str) -> Option<Rc<DeviceObject>> {
        self.find_device_interface(link).map(|interface| interface.device)
    }

    /// The enabled interface with a symbolic link, which is compared without case.
    #[must_use]
    pub fn find_device_interface(&self, link: &str) -> Option<DeviceInterface> {
        let index = self.find_interface(link).ok()?;
        let entry = &self.state.interfaces.entries.borrow()[index];
        (entry.state == InterfaceState::Enabled).then(|| entry.interface.clone())
    }

    /// The symbolic link of the enabled interface of a device under a reference string. Of several
    /// such interfaces, the interface that was enabled first counts. A device that was never
    /// installed has no link.
    #[must_use]
    pub fn device_interface_link(
        &self,
        device: &Rc<DeviceObject>,
        reference: &str,
    ) -> Option<String> {
        let entries = self.state.interfaces.entries.borrow();
        let is_it = |entry: &&Entry| {
            entry.state == InterfaceState::Enabled
                && Rc::ptr_eq(&entry.interface.device, device)
                && entry.interface.reference == reference
        };
        entries.iter().find(is_it)?.link()
    }

    /// Opens the registry key for the parameters of an interface, and makes the key if it does not
    /// exist. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` when no interface has the name; the errors of
    /// [`Kernel::create_registry_key`].
    #[doc(alias = "IoOpenDeviceInterfaceRegistryKey")]
    pub fn open_device_interface_key(&self, link: &str) -> Result<RegistryKey, NtStatus> {
        let index = self.find_interface(link)?;
        let path = {
            let entries = self.state.interfaces.entries.borrow();
            let interface = &entries[index].interface;
            key_path(&entries[index].physical, interface.class, &interface.reference)
        };
        self.create_registry_key(&path.ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?)
    }

    /// Sets a property of an interface, or deletes it. IRQL: up to APC_LEVEL.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` when no interface has the name;
    /// `STATUS_INSUFFICIENT_RESOURCES` for more than `PROPERTIES` properties of an interface, or
    /// for more than `PROPERTY_BYTES` bytes in these properties.
    #[doc(alias = "IoSetDeviceInterfacePropertyData")]
    pub fn set_device_interface_property(
        &self,
        link: &str,
        property: InterfaceProperty,
        value: Option<InterfaceValue>,
    ) -> Result<(), NtStatus> {
        let index = self.find_interface(link)?;
        let properties = &mut self.state.interfaces.entries.borrow_mut()[index].properties;
        let Some(value) = value else {
            properties.remove(&property);
            return Ok(());
        };
        let others = || properties.iter().filter(|(name, _)| **name != property);
        let bytes = others().map(|(_, other)| other.data.len()).sum::<usize>();
        if others().count() >= PROPERTIES || bytes.saturating_add(value.data.len()) > PROPERTY_BYTES
        {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        properties.insert(property, value);
        Ok(())
    }

    /// A property of an interface. IRQL: up to APC_LEVEL.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` when no interface has the name, and when the property was not
    /// set.
    #[doc(alias = "IoGetDeviceInterfacePropertyData")]
    pub fn device_interface_property(
        &self,
        link: &str,
        property: InterfaceProperty,
    ) -> Result<InterfaceValue, NtStatus> {
        let index = self.find_interface(link)?;
        let entries = self.state.interfaces.entries.borrow();
        let value = entries[index].properties.get(&property);
        value.cloned().ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)
    }

    fn interface_index(&self, is: impl Fn(&Entry) -> bool) -> Option<usize> {
        self.state.interfaces.entries.borrow().iter().position(is)
    }

    fn find_interface(&self, link: &str) -> Result<usize, NtStatus> {
        let is = |entry: &Entry| entry.link().is_some_and(|name| name.eq_ignore_ascii_case(link));
        self.interface_index(is).ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)
    }

    /// Registers a disabled interface and returns its index.
    fn push_interface(
        &self,
        interface: DeviceInterface,
        physical: Rc<DeviceObject>,
    ) -> Result<usize, NtStatus> {
        let mut entries = self.state.interfaces.entries.borrow_mut();
        if entries.len() >= INTERFACES {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        let state = InterfaceState::Disabled;
        entries.push(Entry { interface, physical, state, properties: BTreeMap::new() });
        Ok(entries.len() - 1)
    }

    /// Gives an interface another state, and tells the routines that watch the class.
    fn switch_interface(&self, index: usize, state: InterfaceState, device: &Rc<DeviceObject>) {
        let (class, link) = {
            let mut entries = self.state.interfaces.entries.borrow_mut();
            if entries[index].state == state {
                return;
            }
            let mut entry = entries.remove(index);
            entry.state = state;
            entry.interface.device = Rc::clone(device);
            if state == InterfaceState::Disabled {
                // The device that the requests went to may be removed, so the entry must not keep
                // it. No request goes to a disabled interface.
                entry.interface.device = Rc::clone(&entry.physical);
            }
            // The device that the requests went to may be detached from its stack already, so the
            // name of the link comes from the physical device.
            let told = (entry.interface.class, entry.link());
            entries.push(entry);
            told
        };
        let Some(link) = link else { return };
        let change = match state {
            InterfaceState::Enabled => InterfaceChange::Arrival,
            InterfaceState::Disabled => InterfaceChange::Removal,
        };
        self.tell_interface_change(change, class, &link);
    }

    fn disable_interfaces(&self, which: impl Fn(&Entry) -> bool) {
        let wanted = |entry: &Entry| entry.state == InterfaceState::Enabled && which(entry);
        while let Some(index) = self.interface_index(wanted) {
            let device = {
                let entries = self.state.interfaces.entries.borrow();
                Rc::clone(&entries[index].interface.device)
            };
            self.switch_interface(index, InterfaceState::Disabled, &device);
        }
    }
}
