//! Names of pins and nodes: texts that the registry has for GUIDs.
//!
//! This file owns the places where a name is looked up. The filter knows which GUID names a pin or
//! a node.
//!
//! Source: WDK, Friendly Names for Audio Endpoint Devices: a name is looked up first in the
//! software key of the device (since Windows 10, version 1809), and then in the key of the system.

use std::rc::Rc;

use portcls_emulator::registry::{RegistryKey, ValueType};
use portcls_emulator::{DeviceObject, Kernel};

use crate::guid::Guid;

/// The subkey that has the names, below a software key and below the key of the system.
const MEDIA_CATEGORIES: &str = "MediaCategories";

/// The key of the system, below the root of the registry.
const CONTROL: &str = r"Machine\System\CurrentControlSet\Control";

/// The name of the first GUID that has a name, as UTF-16 bytes with a null at the end.
///
/// IRQL: PASSIVE_LEVEL.
pub(crate) fn registered_name(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    guids: impl IntoIterator<Item = Guid>,
) -> Option<Vec<u8>> {
    let root = kernel.registry();
    let software = device.bottom().registry_keys().map(|keys| keys.driver);
    let software = software.as_deref().and_then(|path| path.strip_prefix(r"\Registry"));
    let keys: Vec<RegistryKey> = [software, Some(CONTROL)]
        .into_iter()
        .flatten()
        .filter_map(|path| root.open(&format!(r"{path}\{MEDIA_CATEGORIES}")).ok())
        .collect();
    let name_in = |guid: Guid| keys.iter().find_map(|key| name_of(key, &guid));
    guids.into_iter().find_map(name_in)
}

/// The name of a GUID: the value `Name` in the subkey whose own name is the text of the GUID.
fn name_of(categories: &RegistryKey, guid: &Guid) -> Option<Vec<u8>> {
    let value = categories.open(&guid.to_string()).ok()?.value("Name").ok()?;
    if value.kind != ValueType::STRING {
        return None;
    }
    let (units, _) = value.data.as_chunks::<2>();
    let text = units.iter().take_while(|unit| **unit != [0, 0]);
    let bytes: Vec<u8> = text.chain([&[0, 0]]).flatten().copied().collect();
    // Assumed: an empty text is no name.
    (bytes.len() > 2).then_some(bytes)
}
