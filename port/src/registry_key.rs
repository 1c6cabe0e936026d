//! Registry keys for drivers: the keys of a device, and their object.

use std::rc::Rc;

use portcls_emulator::registry::{
    KeyDisposition, KeyInformationClass, QueryEntry, QueryReply, QueryStart, RegistryKey,
    RegistryValue, ValueInformationClass,
};
use portcls_emulator::{DeviceObject, Irql, Kernel, Need, NtStatus};

use crate::answer_query;
use crate::com::{IUnknown, Interface};
use crate::guid::Guid;
use crate::interfaces::{IRegistryKey, KeyAccess, RegistryAnswer, RegistryKeyType};
use crate::refusal::Told;
use crate::rules::require_irql_at_most;

/// The key that a driver asks for.
pub struct RegistryKeyRequest<'a> {
    /// The kind of key.
    pub key_type: RegistryKeyType,
    /// The access that the driver asks for.
    pub access: KeyAccess,
    /// The device that the key belongs to. A general key does not use this field.
    pub device: Option<&'a Rc<DeviceObject>>,
    /// The whole path of a general key. Any other key does not use this field.
    pub path: Option<&'a str>,
}

/// Opens a registry key. A general key that is not there is made. Any other key is only opened.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewRegistryKey. The page names the types that do not use the
/// object attributes, the options and the disposition.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: a general key without a path, any other key without a device, or
///   the key of a device interface, which only a port can open.
/// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object; aggregation is not offered.
/// - `STATUS_OBJECT_NAME_NOT_FOUND`: the device was never installed, or its key is not there.
/// - The status that the registry returned.
#[doc(alias = "PcNewRegistryKey")]
pub fn pc_new_registry_key(
    kernel: &Kernel,
    outer: Option<Rc<dyn IUnknown>>,
    request: &RegistryKeyRequest<'_>,
) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewRegistryKey");
    new_registry_key(kernel, "PcNewRegistryKey", outer, request)
}

/// Does the work of [`pc_new_registry_key`] and of IPort::NewRegistryKey. `routine` names which of
/// the two the driver called.
///
/// # Errors
/// The errors of [`pc_new_registry_key`].
pub(crate) fn new_registry_key(
    kernel: &Kernel,
    routine: &str,
    outer: Option<Rc<dyn IUnknown>>,
    request: &RegistryKeyRequest<'_>,
) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus> {
    if outer.is_some() {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    let made = open_key(kernel, request);
    made.told(kernel, Need::Optional, routine, || match request.path {
        Some(path) => format!("the {:?} key {path}", request.key_type),
        None => format!("the {:?} key", request.key_type),
    })
}

fn open_key(
    kernel: &Kernel,
    request: &RegistryKeyRequest<'_>,
) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus> {
    if request.key_type == RegistryKeyType::General {
        let path = request.path.ok_or(NtStatus::INVALID_PARAMETER)?;
        let disposition = match kernel.open_registry_key(path) {
            Ok(_) => KeyDisposition::OpenedExisting,
            Err(NtStatus::OBJECT_NAME_NOT_FOUND) => KeyDisposition::CreatedNew,
            Err(status) => return Err(status),
        };
        let key = kernel.create_registry_key(path)?;
        return Ok((Key::open(key, request.access), disposition));
    }
    let device = request.device.ok_or(NtStatus::INVALID_PARAMETER)?;
    let top = device_key(&device.bottom(), request.key_type)?;
    kernel.ask_registry()?;
    let key = kernel.registry().open(below_registry(&top))?;
    Ok((Key::open(key, request.access), KeyDisposition::OpenedExisting))
}

/// Opens or makes the key of the device interfaces of a subdevice, below the device's own key.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// `STATUS_OBJECT_NAME_NOT_FOUND` for a device that was never installed. Any other failure is the
/// status that the registry returned.
pub(crate) fn interface_key(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    reference: &str,
    access: KeyAccess,
) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus> {
    // Assumed: all interfaces of a subdevice share one key. The subdevice's reference string names
    // the key. Windows makes the key when the interfaces are registered; here the first opening
    // makes the key.
    let top = device_key(&device.bottom(), RegistryKeyType::Device)?;
    let path = format!(r"{top}\Interfaces\#{reference}");
    let (key, disposition) = kernel.registry().create(kernel, below_registry(&path))?;
    Ok((Key::open(key, access), disposition))
}

fn below_registry(path: &str) -> &str {
    path.strip_prefix(r"\Registry").unwrap_or(path)
}

/// The path of a key of a physical device, as the installation has made it.
///
/// # Errors
/// `STATUS_OBJECT_NAME_NOT_FOUND` for a device that was never installed.
fn device_key(physical: &DeviceObject, key_type: RegistryKeyType) -> Result<String, NtStatus> {
    let keys = physical.registry_keys().ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?;
    match key_type {
        RegistryKeyType::Driver => Ok(keys.driver),
        RegistryKeyType::Device => Ok(keys.device),
        RegistryKeyType::HardwareProfile => Ok(keys.hardware_profile),
        RegistryKeyType::General | RegistryKeyType::DeviceInterface => {
            Err(NtStatus::INVALID_PARAMETER)
        }
    }
}

/// A key as a driver holds it.
struct Key {
    key: RegistryKey,
    access: KeyAccess,
}

impl Key {
    fn open(key: RegistryKey, access: KeyAccess) -> Rc<dyn IRegistryKey> {
        Rc::new(Key { key, access: access.specific() })
    }

    fn require(&self, access: KeyAccess) -> Result<(), NtStatus> {
        if self.access.contains(access) { Ok(()) } else { Err(NtStatus::ACCESS_DENIED) }
    }

    /// Writes a line into the trace when the result of a method is a failure. `name` is the name of
    /// a value or subkey. An empty `name` stands for the key itself.
    fn told<T>(
        &self,
        kernel: &Kernel,
        method: &str,
        name: &str,
        result: Result<T, NtStatus>,
    ) -> Result<T, NtStatus> {
        let routine = format!("IRegistryKey::{method}");
        result.told(kernel, Need::Optional, &routine, || match name {
            "" => self.key.path(),
            name => format!("{name:?} of {}", self.key.path()),
        })
    }
}

/// Reports a method that runs above PASSIVE_LEVEL, the limit of every method of the interface.
fn at_passive_level(kernel: &Kernel, method: &str) {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, &format!("IRegistryKey::{method}"));
}

impl IUnknown for Key {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IRegistryKey)
    }
}

impl IRegistryKey for Key {
    fn query_key(&self, kernel: &Kernel, class: KeyInformationClass, length: u32) -> QueryReply {
        at_passive_level(kernel, "QueryKey");
        let may = self.require(KeyAccess::QUERY_VALUE);
        if let Err(status) = self.told(kernel, "QueryKey", "", may) {
            return QueryReply::of_status(status);
        }
        self.key.information(class, length)
    }

    fn enumerate_key(
        &self,
        kernel: &Kernel,
        index: u32,
        class: KeyInformationClass,
        length: u32,
    ) -> QueryReply {
        at_passive_level(kernel, "EnumerateKey");
        let may = self.require(KeyAccess::ENUMERATE_SUB_KEYS);
        if let Err(status) = self.told(kernel, "EnumerateKey", "", may) {
            return QueryReply::of_status(status);
        }
        match self.key.subkeys().get(index as usize) {
            Some(key) => key.information(class, length),
            None => QueryReply::of_status(NtStatus::NO_MORE_ENTRIES),
        }
    }

    fn query_value_key(
        &self,
        kernel: &Kernel,
        name: &str,
        class: ValueInformationClass,
        length: u32,
    ) -> QueryReply {
        at_passive_level(kernel, "QueryValueKey");
        let value = self.require(KeyAccess::QUERY_VALUE).and_then(|()| self.key.value(name));
        match self.told(kernel, "QueryValueKey", name, value) {
            Ok(value) => value.information(class, length),
            Err(status) => QueryReply::of_status(status),
        }
    }

    fn enumerate_value_key(
        &self,
        kernel: &Kernel,
        index: u32,
        class: ValueInformationClass,
        length: u32,
    ) -> QueryReply {
        at_passive_level(kernel, "EnumerateValueKey");
        let may = self.require(KeyAccess::QUERY_VALUE);
        if let Err(status) = self.told(kernel, "EnumerateValueKey", "", may) {
            return QueryReply::of_status(status);
        }
        match self.key.values().get(index as usize) {
            Some(value) => value.information(class, length),
            None => QueryReply::of_status(NtStatus::NO_MORE_ENTRIES),
        }
    }

    fn set_value_key(&self, kernel: &Kernel, value: RegistryValue) -> Result<(), NtStatus> {
        at_passive_level(kernel, "SetValueKey");
        let (name, may) = (value.name.clone(), self.require(KeyAccess::SET_VALUE));
        let set = may.and_then(|()| self.key.set_value(kernel, value));
        self.told(kernel, "SetValueKey", &name, set)
    }

    fn query_registry_values(
        &self,
        kernel: &Kernel,
        table: &[QueryEntry],
        deliver: &mut RegistryAnswer<'_>,
    ) -> Result<(), NtStatus> {
        self.require(KeyAccess::QUERY_VALUE)?;
        kernel.query_registry_values(&QueryStart::Key(self.key.clone()), table, deliver)
    }

    fn new_sub_key(
        &self,
        kernel: &Kernel,
        access: KeyAccess,
        name: &str,
    ) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus> {
        at_passive_level(kernel, "NewSubKey");
        let may = match self.key.open(name) {
            Err(NtStatus::OBJECT_NAME_NOT_FOUND) => self.require(KeyAccess::CREATE_SUB_KEY),
            _ => Ok(()),
        };
        let made = may.and_then(|()| self.key.create(kernel, name));
        let (key, disposition) = self.told(kernel, "NewSubKey", name, made)?;
        Ok((Key::open(key, access), disposition))
    }

    fn delete_key(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        at_passive_level(kernel, "DeleteKey");
        let deleted = self.require(KeyAccess::ALL).and_then(|()| self.key.delete(kernel));
        self.told(kernel, "DeleteKey", "", deleted)
    }
}
