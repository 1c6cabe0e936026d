//! The installation of a device: its properties and its registry keys.

use mpu401_card_bench::shown;
use portcls_emulator::registry::RegistryValue;
use portcls_emulator::{DeviceKeys, DeviceObject, Kernel, NtStatus};
use portcls_port::guid::Guid;
use portcls_port::ks::guids::node_type;

use crate::error::MachineError;

/// The registry path of the driver, which DriverEntry gets.
pub(crate) const SERVICE: &str = r"\Registry\Machine\System\CurrentControlSet\Services\mpu401";

/// The key of the class of sound devices, below `Control\Class`.
const CLASS: &str = "{4D36E96C-E325-11CE-BFC1-08002BE10318}";

const CONTROL_SET: &str = r"\Registry\Machine\System\CurrentControlSet";

/// The key of all devices, below the control set: the name of their bus, and the identifier of an
/// MPU-401. Below this key each device has a key with its number.
const INSTANCES: &str = r"Enum\ISAPNP\PNPB006";

/// The registry key below which an installation puts a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegistryPlace {
    /// The driver's own key. DriverEntry gets its path.
    Service,
    /// The software key of the device: `DriverRegistryKey`.
    Driver,
    /// The hardware key of the device: `DeviceRegistryKey`.
    Device,
    /// HKEY_LOCAL_MACHINE.
    Machine,
}

/// The names that the system has for types of nodes. A pin can have such a type as its category.
///
/// Source: WDK, Friendly Names for Audio Endpoint Devices, which tells the names of these two
/// types. The names of the other types stand in files of Windows, and no page of the WDK shows
/// them. A driver can install names of its own.
const SYSTEM_NAMES: [(Guid, &str); 2] =
    [(node_type::MICROPHONE, "microphone"), (node_type::SPEAKER, "speakers")];

/// A registry value, or a key without a value, that the installation makes.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    pub place: RegistryPlace,
    /// The path below the key; empty for the key itself.
    pub subkey: String,
    /// The value; `None` for a key without a value.
    pub value: Option<RegistryValue>,
}

/// The software key of a device, below `Control\Class`: the class, and the number of the device in
/// its class.
fn class_key(index: usize) -> String {
    format!(r"{CLASS}\{index:04}")
}

fn keys(index: usize) -> DeviceKeys {
    let (instance, class_key) = (format!(r"{INSTANCES}\{index}"), class_key(index));
    let profile = r"Hardware Profiles\0001\System\CurrentControlSet";
    DeviceKeys {
        device: format!(r"{CONTROL_SET}\{instance}\Device Parameters"),
        driver: format!(r"{CONTROL_SET}\Control\Class\{class_key}"),
        hardware_profile: format!(r"{CONTROL_SET}\{profile}\{instance}"),
    }
}

/// Installs a physical device: its properties and keys, the names of the system, and the given
/// registry values. `index` is the number of the device from 0.
///
/// # Errors
/// [`MachineError::BadRegistryValue`] for a value that no registry can hold.
pub(crate) fn install(
    kernel: &Kernel,
    physical: &DeviceObject,
    index: usize,
    values: &[Installed],
) -> Result<(), MachineError> {
    set_properties(physical, index);
    let keys = keys(index);
    for path in [SERVICE, &keys.device, &keys.driver, &keys.hardware_profile] {
        kernel.create_registry_key(path).expect("the paths begin with the root");
    }
    for (guid, name) in SYSTEM_NAMES {
        let path = format!(r"{CONTROL_SET}\Control\MediaCategories\{guid}");
        let set = kernel
            .create_registry_key(&path)
            .and_then(|key| key.set_value(kernel, RegistryValue::string("Name", name)));
        set.expect("the registry is empty before");
    }
    for installed in values {
        let top = match installed.place {
            RegistryPlace::Service => SERVICE,
            RegistryPlace::Driver => &keys.driver,
            RegistryPlace::Device => &keys.device,
            RegistryPlace::Machine => r"\Registry\Machine",
        };
        let path = format!(r"{top}\{}", installed.subkey);
        let set = kernel.create_registry_key(&path).and_then(|key| match &installed.value {
            Some(value) => key.set_value(kernel, value.clone()),
            None => Ok(()),
        });
        set.map_err(|status| refused(installed, status))?;
    }
    physical.set_registry_keys(keys);
    Ok(())
}

/// The error for a key or value that the registry refuses.
fn refused(installed: &Installed, status: NtStatus) -> MachineError {
    let name = installed.value.as_ref().map_or("", |value| &value.name);
    let (what, hint) = match status {
        NtStatus::INSUFFICIENT_RESOURCES => (
            "the registry has no room for it",
            "a key has at most 16383 values and 16383 subkeys, and a value has at most 1 MiB",
        ),
        _ => (
            "its name or its path is too long",
            "a name of a key has at most 255 characters, of a value 16383, and a path at most 512 \
             keys",
        ),
    };
    let name = shown(&format!(r"{}\{name}", installed.subkey));
    MachineError::BadRegistryValue { name, what, hint }
}

/// Sets the properties that the installation of an MPU-401 leaves on the physical device: device
/// description (0), hardware identifiers (1), driver key (7), manufacturer (8), enumerator (15).
/// Source: DEVICE_REGISTRY_PROPERTY; the texts come from Windows' own MPU-401 entry.
fn set_properties(device: &DeviceObject, index: usize) {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    device.set_property(0, utf16("MPU-401 Compatible MIDI Device\0"));
    device.set_property(1, utf16("*PNPB006\0\0"));
    device.set_property(7, utf16(&format!("{}\0", class_key(index))));
    device.set_property(8, utf16("(unknown)\0"));
    device.set_property(15, utf16("ISAPNP\0"));
}
