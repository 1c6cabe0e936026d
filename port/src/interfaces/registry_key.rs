//! `IRegistryKey`: a registry key, as PortCls hands it out to drivers.

use std::rc::Rc;

use portcls_emulator::registry::{
    KeyDisposition, KeyInformationClass, QueryEntry, QueryReply, RegistryValue,
    ValueInformationClass,
};
use portcls_emulator::{Kernel, NtStatus};

use crate::com::IUnknown;
use crate::ks::wire_enum;

wire_enum! {
    /// The kind of key that a driver opens. Source: portcls.h.
    pub enum RegistryKeyType {
        /// Any key, by its path.
        #[doc(alias = "GeneralRegistryKey")]
        General = 0,
        /// The hardware key of the device.
        #[doc(alias = "DeviceRegistryKey")]
        Device = 1,
        /// The software key of the driver.
        #[doc(alias = "DriverRegistryKey")]
        Driver = 2,
        /// The hardware key of the device in the present hardware profile.
        #[doc(alias = "HwProfileRegistryKey")]
        HardwareProfile = 3,
        /// The key of a device interface.
        #[doc(alias = "DeviceInterfaceRegistryKey")]
        DeviceInterface = 4,
    }
}

bitflags::bitflags! {
    /// The access with which a key is opened. Source: wdm.h, ACCESS_MASK.
    #[doc(alias = "ACCESS_MASK")]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KeyAccess: u32 {
        /// Read values.
        const QUERY_VALUE = 0x0001;
        /// Set values.
        const SET_VALUE = 0x0002;
        /// Make subkeys.
        const CREATE_SUB_KEY = 0x0004;
        /// Enumerate subkeys.
        const ENUMERATE_SUB_KEYS = 0x0008;
        /// Delete the key.
        const DELETE = 0x0001_0000;
        /// KEY_READ
        const READ = 0x0002_0019;
        /// KEY_WRITE
        const WRITE = 0x0002_0006;
        /// KEY_ALL_ACCESS
        const ALL = 0x000F_003F;
        /// MAXIMUM_ALLOWED
        const MAXIMUM_ALLOWED = 0x0200_0000;
        /// GENERIC_ALL
        const GENERIC_ALL = 0x1000_0000;
        /// GENERIC_WRITE
        const GENERIC_WRITE = 0x4000_0000;
        /// GENERIC_READ
        const GENERIC_READ = 0x8000_0000;
        const _ = !0;
    }
}

impl KeyAccess {
    /// These rights, and the rights that each generic right among them stands for.
    ///
    /// Source: wdm.h: for a key, GENERIC_READ, GENERIC_WRITE and GENERIC_ALL stand for KEY_READ,
    /// KEY_WRITE and KEY_ALL_ACCESS. `Assumed:` MAXIMUM_ALLOWED is all rights, since a driver of
    /// the kernel has them.
    #[must_use]
    pub fn specific(self) -> KeyAccess {
        let generic = [
            (KeyAccess::GENERIC_READ, KeyAccess::READ),
            (KeyAccess::GENERIC_WRITE, KeyAccess::WRITE),
            (KeyAccess::GENERIC_ALL, KeyAccess::ALL),
            (KeyAccess::MAXIMUM_ALLOWED, KeyAccess::ALL),
        ];
        let meant = generic.iter().filter(|(right, _)| self.contains(*right));
        meant.fold(self, |rights, (_, meaning)| rights | *meaning)
    }
}

/// Takes a value for an entry of a query table. The number is the index of the entry in the table,
/// from 0. A failure status ends the query.
pub type RegistryAnswer<'a> = dyn FnMut(usize, &RegistryValue) -> NtStatus + 'a;

/// A key of the registry.
///
/// PortCls implements this interface, and drivers call it. A [`QueryReply`] with an answer that is
/// longer than `length` bytes has the needed length, and one of these statuses:
/// - `STATUS_BUFFER_OVERFLOW`: the fixed part of the answer fits, and the rest is cut off.
/// - `STATUS_BUFFER_TOO_SMALL`: not even the fixed part fits, and nothing is written.
///
/// A key allows only the accesses for which it was opened. Without `KEY_QUERY_VALUE`, QueryKey,
/// QueryValueKey, EnumerateValueKey and QueryRegistryValues fail with `STATUS_ACCESS_DENIED`.
/// Without `KEY_ENUMERATE_SUB_KEYS`, EnumerateKey fails with this status.
///
/// When the key was deleted, QueryKey, QueryValueKey, SetValueKey, NewSubKey and DeleteKey fail
/// with `STATUS_KEY_DELETED`.
///
/// IRQL of every method: PASSIVE_LEVEL. Source: WDK, IRegistryKey.
#[doc(alias = "PREGISTRYKEY")]
pub trait IRegistryKey: IUnknown {
    /// Reads facts about the key, in the form that `class` names, into `length` bytes of room.
    ///
    /// IRQL: PASSIVE_LEVEL.
    #[doc(alias = "IRegistryKey::QueryKey")]
    fn query_key(&self, kernel: &Kernel, class: KeyInformationClass, length: u32) -> QueryReply;

    /// Reads a subkey by its number, from 0.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// In the reply:
    /// - `STATUS_NO_MORE_ENTRIES`: there is no subkey of that number; the enumeration ends.
    #[doc(alias = "IRegistryKey::EnumerateKey")]
    fn enumerate_key(
        &self,
        kernel: &Kernel,
        index: u32,
        class: KeyInformationClass,
        length: u32,
    ) -> QueryReply;

    /// Reads a value by its name.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// In the reply:
    /// - `STATUS_OBJECT_NAME_NOT_FOUND`: the key has no value of that name.
    #[doc(alias = "IRegistryKey::QueryValueKey")]
    fn query_value_key(
        &self,
        kernel: &Kernel,
        name: &str,
        class: ValueInformationClass,
        length: u32,
    ) -> QueryReply;

    /// Reads a value by its number, from 0.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// In the reply:
    /// - `STATUS_NO_MORE_ENTRIES`: there is no value of that number; the enumeration ends.
    #[doc(alias = "IRegistryKey::EnumerateValueKey")]
    fn enumerate_value_key(
        &self,
        kernel: &Kernel,
        index: u32,
        class: ValueInformationClass,
        length: u32,
    ) -> QueryReply;

    /// Sets a value.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_ACCESS_DENIED`: the key was not opened with `KEY_SET_VALUE`, or an oracle refuses.
    /// - `STATUS_INVALID_PARAMETER`: the name has more than 16 383 characters.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the value is longer than 1 MiB, or the value is new and
    ///   the key has 16 383 values already.
    #[doc(alias = "IRegistryKey::SetValueKey")]
    fn set_value_key(&self, kernel: &Kernel, value: RegistryValue) -> Result<(), NtStatus>;

    /// Asks the questions of a table, in their order. The values go to `deliver`.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_ACCESS_DENIED` when the key was not opened with `KEY_QUERY_VALUE`, and every failure
    /// of [`Kernel::query_registry_values`]. A failure ends the query, and no call of `deliver`
    /// follows.
    #[doc(alias = "IRegistryKey::QueryRegistryValues")]
    fn query_registry_values(
        &self,
        kernel: &Kernel,
        table: &[QueryEntry],
        deliver: &mut RegistryAnswer<'_>,
    ) -> Result<(), NtStatus>;

    /// Opens a subkey, and makes the subkey when it is not there.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_ACCESS_DENIED`: the subkey is not there, and the key was not opened with
    ///   `KEY_CREATE_SUB_KEY`; or an oracle refuses.
    /// - `STATUS_INVALID_PARAMETER`: a name has more than 255 characters, or the subkey would lie
    ///   more than 512 levels below the root.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: there is no room for one more subkey.
    #[doc(alias = "IRegistryKey::NewSubKey")]
    fn new_sub_key(
        &self,
        kernel: &Kernel,
        access: KeyAccess,
        name: &str,
    ) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus>;

    /// Deletes the key.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_ACCESS_DENIED`: the key was not opened with `KEY_ALL_ACCESS`, or an oracle
    ///   refuses.
    /// - `STATUS_CANNOT_DELETE`: the key has subkeys, or is a root of the registry.
    #[doc(alias = "IRegistryKey::DeleteKey")]
    fn delete_key(&self, kernel: &Kernel) -> Result<(), NtStatus>;
}
