//! `IRegistryKey`: a key of the registry as PortCls hands it out.

use std::rc::Rc;

use portcls_emulator::registry::{
    KeyDisposition, KeyInformationClass, QueryEntry, QueryReply, RegistryValue,
    ValueInformationClass,
};
use portcls_emulator::{Kernel, NtStatus};

use crate::com::IUnknown;
use crate::ks::wire_enum;

wire_enum! {
    /// Which key a driver wants. Source: portcls.h.
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
        /// The key of the present hardware profile.
        #[doc(alias = "HwProfileRegistryKey")]
        HardwareProfile = 3,
        /// The key of a device interface.
        #[doc(alias = "DeviceInterfaceRegistryKey")]
        DeviceInterface = 4,
    }
}

bitflags::bitflags! {
    /// What a key is opened for. Source: wdm.h, ACCESS_MASK.
    #[doc(alias = "ACCESS_MASK")]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KeyAccess: u32 {
        /// To read values.
        const QUERY_VALUE = 0x0001;
        /// To set values.
        const SET_VALUE = 0x0002;
        /// To make subkeys.
        const CREATE_SUB_KEY = 0x0004;
        /// To enumerate subkeys.
        const ENUMERATE_SUB_KEYS = 0x0008;
        /// To delete the key.
        const DELETE = 0x0001_0000;
        /// KEY_READ
        const READ = 0x0002_0019;
        /// KEY_WRITE
        const WRITE = 0x0002_0006;
        /// KEY_ALL_ACCESS
        const ALL = 0x000F_003F;
        const _ = !0;
    }
}

/// Takes what a query table found: the number of the entry, and the value.
pub type RegistryAnswer<'a> = dyn FnMut(usize, &RegistryValue) -> NtStatus + 'a;

/// A key of the registry. Implemented by PortCls, called by drivers.
///
/// IRQL of every method: PASSIVE_LEVEL. Source: WDK, IRegistryKey.
#[doc(alias = "PREGISTRYKEY")]
pub trait IRegistryKey: IUnknown {
    /// The key in one of its forms, with `length` bytes of room.
    #[doc(alias = "IRegistryKey::QueryKey")]
    fn query_key(&self, kernel: &Kernel, class: KeyInformationClass, length: u32) -> QueryReply;

    /// A subkey by its number; `STATUS_NO_MORE_ENTRIES` ends an enumeration.
    #[doc(alias = "IRegistryKey::EnumerateKey")]
    fn enumerate_key(
        &self,
        kernel: &Kernel,
        index: u32,
        class: KeyInformationClass,
        length: u32,
    ) -> QueryReply;

    /// A value by its name.
    #[doc(alias = "IRegistryKey::QueryValueKey")]
    fn query_value_key(
        &self,
        kernel: &Kernel,
        name: &str,
        class: ValueInformationClass,
        length: u32,
    ) -> QueryReply;

    /// A value by its number; `STATUS_NO_MORE_ENTRIES` ends an enumeration.
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
    /// # Errors
    /// `STATUS_ACCESS_DENIED` for a key that was not opened for it; what the registry answers.
    #[doc(alias = "IRegistryKey::SetValueKey")]
    fn set_value_key(&self, kernel: &Kernel, value: RegistryValue) -> Result<(), NtStatus>;

    /// Asks a table of questions.
    ///
    /// # Errors
    /// As [`Kernel::query_registry_values`].
    #[doc(alias = "IRegistryKey::QueryRegistryValues")]
    fn query_registry_values(
        &self,
        kernel: &Kernel,
        table: &[QueryEntry],
        deliver: &mut RegistryAnswer<'_>,
    ) -> Result<(), NtStatus>;

    /// Opens a subkey, made if it is not there.
    ///
    /// # Errors
    /// `STATUS_ACCESS_DENIED` when it would have to be made and the key was not opened for it;
    /// what the registry answers.
    #[doc(alias = "IRegistryKey::NewSubKey")]
    fn new_sub_key(
        &self,
        kernel: &Kernel,
        access: KeyAccess,
        name: &str,
    ) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus>;

    /// Deletes the key.
    ///
    /// # Errors
    /// `STATUS_ACCESS_DENIED` for a key that was not opened with `KEY_ALL_ACCESS`; what the
    /// registry answers.
    #[doc(alias = "IRegistryKey::DeleteKey")]
    fn delete_key(&self, kernel: &Kernel) -> Result<(), NtStatus>;
}
