//! Device interfaces, by which an application finds a device of some kind.

use std::cell::RefCell;
use std::rc::Rc;

use crate::device_object::DeviceObject;
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
}
