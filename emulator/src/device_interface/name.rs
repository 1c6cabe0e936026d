//! The names of a device interface: its symbolic link and its registry key.
//!
//! A driver must not rely on the form of either name. Source: the public documentation of SetupAPI,
//! whose examples show the form of both names on Windows.

use crate::device_object::DeviceObject;

/// The registry key above the keys of all interface classes.
const CLASSES: &str = r"\Registry\Machine\System\CurrentControlSet\Control\DeviceClasses";

/// The name of the symbolic link: `\??\ISAPNP#PNP0000#0#{6994ad04-...}\Uart`. `None` for a device
/// that was never installed.
pub(super) fn link_name(
    physical: &DeviceObject,
    class: [u8; 16],
    reference: &str,
) -> Option<String> {
    let stem = stem(physical, class)?;
    let separator = if reference.is_empty() { "" } else { r"\" };
    Some(format!(r"\??\{stem}{separator}{reference}"))
}

/// The path of the registry key for the parameters. `None` for a device that was never installed.
pub(super) fn key_path(
    physical: &DeviceObject,
    class: [u8; 16],
    reference: &str,
) -> Option<String> {
    let (stem, class) = (stem(physical, class)?, class_text(class));
    Some(format!(r"{CLASSES}\{class}\##?#{stem}\#{reference}\Device Parameters"))
}

/// The part that both names share: the device and the class.
fn stem(physical: &DeviceObject, class: [u8; 16]) -> Option<String> {
    let key = physical.registry_keys()?.device;
    let (_, instance) = key.split_once(r"\Enum\")?;
    let instance = instance.strip_suffix(r"\Device Parameters").unwrap_or(instance);
    Some(format!("{}#{}", instance.replace('\\', "#"), class_text(class)))
}

/// A GUID in its wire form as text with braces.
fn class_text(class: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = class;
    let first = u32::from_le_bytes([a, b, c, d]);
    let (second, third) = (u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
    let hex: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{{{first:08x}-{second:04x}-{third:04x}-{}-{}}}", &hex[..4], &hex[4..])
}
