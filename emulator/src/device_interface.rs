//! Device interfaces, by which an application finds a device of some kind.

use std::cell::RefCell;
use std::rc::Rc;

use crate::device_object::{DeviceKeys, DeviceObject};
use crate::kernel::Kernel;

/// A registered and enabled interface of a device.
#[derive(Clone, Debug)]
pub struct DeviceInterface {
    /// The interface class: a GUID in its wire form.
    pub class: [u8; 16],
    /// The device that requests go to.
    pub device: Rc<DeviceObject>,
    /// The reference string: the name of the file to open on the device.
    pub reference: String,
}

impl DeviceInterface {
    /// The name by which a client opens the interface: `\\?\`, the path of the device with `#` in
    /// the place of its backslashes, the class, and the reference string.
    ///
    /// Source: the form of names that Windows hands out, which programs must not take apart.
    /// Assumed: a device that was never installed has the path `ROOT\UNKNOWN\0000`.
    #[must_use]
    pub fn symbolic_link(&self) -> String {
        let keys = self.device.bottom().registry_keys();
        let instance = keys.as_ref().and_then(DeviceKeys::instance).unwrap_or(NOT_INSTALLED);
        let instance = instance.replace('\\', "#");
        format!(r"\\?\{instance}#{}\{}", class_text(self.class), self.reference)
    }
}

/// The path of a device that was never installed.
const NOT_INSTALLED: &str = r"ROOT\UNKNOWN\0000";

/// The text of a GUID in its wire form.
fn class_text(class: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = class;
    let first = u32::from_le_bytes([a, b, c, d]);
    let (second, third) = (u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
    let rest = u64::from_be_bytes(rest);
    let (fourth, fifth) = (rest >> 48, rest & 0xFFFF_FFFF_FFFF);
    format!("{{{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{fifth:012x}}}")
}

/// The enabled interfaces, in the order in which they were enabled.
#[derive(Default)]
pub(crate) struct DeviceInterfaces(RefCell<Vec<DeviceInterface>>);

impl DeviceInterfaces {
    /// Drops every interface.
    pub fn clear(&self) {
        drop(self.0.take());
    }
}

impl Kernel {
    /// Registers and enables an interface. An interface that is enabled already stays as it is.
    ///
    /// IRQL: PASSIVE_LEVEL.
    #[doc(alias = "IoRegisterDeviceInterface")]
    #[doc(alias = "IoSetDeviceInterfaceState")]
    pub fn enable_device_interface(&self, interface: DeviceInterface) {
        if self.is_frozen() {
            return;
        }
        let mut interfaces = self.state.interfaces.0.borrow_mut();
        let known = interfaces.iter().any(|other| {
            other.class == interface.class
                && other.reference == interface.reference
                && Rc::ptr_eq(&other.device, &interface.device)
        });
        if !known {
            interfaces.push(interface);
        }
    }

    /// Disables the interfaces of a device under one reference string. IRQL: PASSIVE_LEVEL.
    pub fn disable_device_interfaces(&self, device: &Rc<DeviceObject>, reference: &str) {
        self.state.interfaces.0.borrow_mut().retain(|interface| {
            !(Rc::ptr_eq(&interface.device, device) && interface.reference == reference)
        });
    }

    /// The enabled interfaces of a class, in the order in which they were enabled.
    #[doc(alias = "IoGetDeviceInterfaces")]
    #[must_use]
    pub fn device_interfaces(&self, class: [u8; 16]) -> Vec<DeviceInterface> {
        let interfaces = self.state.interfaces.0.borrow();
        interfaces.iter().filter(|interface| interface.class == class).cloned().collect()
    }

    /// The enabled interface with a symbolic link, which is compared without case.
    #[must_use]
    pub fn find_device_interface(&self, symbolic_link: &str) -> Option<DeviceInterface> {
        let interfaces = self.state.interfaces.0.borrow();
        let is_it = |interface: &&DeviceInterface| {
            interface.symbolic_link().eq_ignore_ascii_case(symbolic_link)
        };
        interfaces.iter().find(is_it).cloned()
    }

    /// The interface of a device under a reference string that was enabled first.
    #[must_use]
    pub fn device_interface_of(
        &self,
        device: &Rc<DeviceObject>,
        reference: &str,
    ) -> Option<DeviceInterface> {
        let interfaces = self.state.interfaces.0.borrow();
        let is_it = |interface: &&DeviceInterface| {
            Rc::ptr_eq(&interface.device, device) && interface.reference == reference
        };
        interfaces.iter().find(is_it).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device_object::DriverObject;
    use crate::kernel::KernelConfig;

    /// KSCATEGORY_AUDIO.
    const AUDIO: [u8; 16] = [
        0x04, 0xAD, 0x94, 0x69, 0xEF, 0x93, 0xD0, 0x11, 0xA3, 0xCC, 0x00, 0xA0, 0xC9, 0x22, 0x31,
        0x96,
    ];

    #[test]
    fn an_interface_is_found_by_its_link_until_it_is_disabled() {
        let kernel = Kernel::new(KernelConfig::default());
        let device = DeviceObject::new(&DriverObject::new("driver"));
        device.set_registry_keys(DeviceKeys {
            device: r"\Registry\Machine\Enum\ISAPNP\PNPB006\0\Device Parameters".to_owned(),
            driver: String::new(),
            hardware_profile: String::new(),
        });
        let interface = |reference: &str| DeviceInterface {
            class: AUDIO,
            device: Rc::clone(&device),
            reference: reference.to_owned(),
        };
        kernel.enable_device_interface(interface("Wave"));
        kernel.enable_device_interface(interface("Topology"));
        let link = r"\\?\ISAPNP#PNPB006#0#{6994ad04-93ef-11d0-a3cc-00a0c9223196}\Topology";
        assert_eq!(interface("Topology").symbolic_link(), link);
        let found = |link: &str| kernel.find_device_interface(link).map(|it| it.reference);
        assert_eq!(found(link).as_deref(), Some("Topology"));
        assert_eq!(found(&link.to_uppercase()).as_deref(), Some("Topology"));
        assert_eq!(found(r"\\?\Topology"), None);
        kernel.disable_device_interfaces(&device, "Topology");
        assert_eq!(found(link), None);
    }

    #[test]
    fn a_device_that_was_never_installed_has_a_link_too() {
        let device = DeviceObject::new(&DriverObject::new("driver"));
        let interface = DeviceInterface { class: [0; 16], device, reference: "Uart".to_owned() };
        let expected = r"\\?\ROOT#UNKNOWN#0000#{00000000-0000-0000-0000-000000000000}\Uart";
        assert_eq!(interface.symbolic_link(), expected);
    }
}
