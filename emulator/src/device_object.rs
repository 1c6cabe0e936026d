//! Driver, device and file objects, and the stacks of devices.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::{Rc, Weak};

use crate::irp::Irp;
use crate::kernel::Kernel;
use crate::numbered::numbered;
use crate::power::DevicePowerState;
use crate::status::NtStatus;

numbered! {
    /// The major function codes that this kernel knows. Source: wdm.h.
    #[doc(alias = "IRP_MJ")]
    pub enum MajorFunction: u8 {
        /// Open a file.
        Create = 0x00 "IRP_MJ_CREATE",
        /// Close a file after its last request.
        Close = 0x02 "IRP_MJ_CLOSE",
        /// Read.
        Read = 0x03 "IRP_MJ_READ",
        /// Write.
        Write = 0x04 "IRP_MJ_WRITE",
        /// Write what is still in a buffer.
        FlushBuffers = 0x09 "IRP_MJ_FLUSH_BUFFERS",
        /// Carry out a control code.
        DeviceControl = 0x0E "IRP_MJ_DEVICE_CONTROL",
        /// Clean up after the last handle of a file was closed.
        Cleanup = 0x12 "IRP_MJ_CLEANUP",
        /// Read a security descriptor.
        QuerySecurity = 0x14 "IRP_MJ_QUERY_SECURITY",
        /// Set a security descriptor.
        SetSecurity = 0x15 "IRP_MJ_SET_SECURITY",
        /// Change the power state, or ask about it.
        Power = 0x16 "IRP_MJ_POWER",
        /// Windows Management Instrumentation.
        SystemControl = 0x17 "IRP_MJ_SYSTEM_CONTROL",
        /// Plug and Play.
        Pnp = 0x1B "IRP_MJ_PNP",
    }
}

impl MajorFunction {
    /// The number of entries of a dispatch table. Some of these numbers have no member in this
    /// enumeration. Source: wdm.h; IRP_MJ_MAXIMUM_FUNCTION is the last number.
    pub const TABLE_ENTRIES: usize = 0x1C;
}

numbered! {
    /// The type of an object in memory. The first field of the object holds this number. Source:
    /// IO_TYPE_ in wdm.h.
    #[doc(alias = "IO_TYPE")]
    pub enum ObjectType: u16 {
        /// A device object.
        Device = 3 "IO_TYPE_DEVICE",
        /// A driver object.
        Driver = 4 "IO_TYPE_DRIVER",
        /// A request.
        Irp = 6 "IO_TYPE_IRP",
    }
}

/// A dispatch routine. IRQL: PASSIVE_LEVEL.
#[doc(alias = "PDRIVER_DISPATCH")]
pub type DispatchRoutine = Rc<dyn Fn(&Kernel, &Rc<DeviceObject>, &Irp) -> NtStatus>;

/// AddDevice: the driver gets the physical device object of a new device. IRQL: PASSIVE_LEVEL.
#[doc(alias = "PDRIVER_ADD_DEVICE")]
pub type AddDeviceRoutine =
    Rc<dyn Fn(&Kernel, &Rc<DriverObject>, &Rc<DeviceObject>) -> Result<(), NtStatus>>;

/// Unload: the routine must free everything that the driver holds. IRQL: PASSIVE_LEVEL.
#[doc(alias = "PDRIVER_UNLOAD")]
pub type UnloadRoutine = Rc<dyn Fn(&Kernel, &Rc<DriverObject>)>;

/// A loaded driver.
#[doc(alias = "DRIVER_OBJECT")]
pub struct DriverObject {
    name: String,
    major_functions: RefCell<Vec<Option<DispatchRoutine>>>,
    add_device: RefCell<Option<AddDeviceRoutine>>,
    unload: RefCell<Option<UnloadRoutine>>,
    devices: RefCell<Vec<Rc<DeviceObject>>>,
}

impl DriverObject {
    /// A driver with an empty dispatch table.
    #[must_use]
    pub fn new(name: &str) -> Rc<DriverObject> {
        Rc::new(DriverObject {
            name: name.to_owned(),
            major_functions: RefCell::new(vec![None; MajorFunction::TABLE_ENTRIES]),
            add_device: RefCell::new(None),
            unload: RefCell::new(None),
            devices: RefCell::new(Vec::new()),
        })
    }

    /// The driver's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets an entry of the dispatch table.
    #[doc(alias = "MajorFunction")]
    pub fn set_major_function(&self, major: MajorFunction, routine: DispatchRoutine) {
        self.major_functions.borrow_mut()[usize::from(major.number())] = Some(routine);
    }

    /// An entry of the dispatch table.
    #[must_use]
    pub fn major_function(&self, major: MajorFunction) -> Option<DispatchRoutine> {
        self.major_functions.borrow()[usize::from(major.number())].clone()
    }

    /// Sets the AddDevice routine.
    pub fn set_add_device(&self, routine: AddDeviceRoutine) {
        *self.add_device.borrow_mut() = Some(routine);
    }

    /// The AddDevice routine.
    #[must_use]
    pub fn add_device(&self) -> Option<AddDeviceRoutine> {
        self.add_device.borrow().clone()
    }

    /// Sets the unload routine.
    pub fn set_unload(&self, routine: UnloadRoutine) {
        *self.unload.borrow_mut() = Some(routine);
    }

    /// The unload routine.
    #[must_use]
    pub fn unload(&self) -> Option<UnloadRoutine> {
        self.unload.borrow().clone()
    }

    /// The devices of the driver that are not deleted.
    #[doc(alias = "DeviceObject")]
    #[must_use]
    pub fn devices(&self) -> Vec<Rc<DeviceObject>> {
        self.devices.borrow().clone()
    }

    /// Drops every routine and device, and all that these hold, because the image leaves memory.
    pub fn clear(&self) {
        let devices = std::mem::take(&mut *self.devices.borrow_mut());
        for device in devices {
            device.detach();
            device.set_extension(None);
        }
        self.major_functions.borrow_mut().fill(None);
        self.add_device.borrow_mut().take();
        self.unload.borrow_mut().take();
    }
}

/// A device object in a device stack.
#[doc(alias = "DEVICE_OBJECT")]
pub struct DeviceObject {
    driver: Rc<DriverObject>,
    lower: RefCell<Option<Rc<DeviceObject>>>,
    upper: RefCell<Weak<DeviceObject>>,
    extension: RefCell<Option<Rc<dyn Any>>>,
    properties: RefCell<BTreeMap<u32, Vec<u8>>>,
    registry_keys: RefCell<Option<DeviceKeys>>,
    power: Cell<DevicePowerState>,
}

/// The registry keys of a device, as whole paths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceKeys {
    /// The hardware key, which the bus makes.
    pub device: String,
    /// The software key of the driver, which the installation makes.
    pub driver: String,
    /// The hardware key in the present hardware profile.
    pub hardware_profile: String,
}

impl DeviceObject {
    /// A device of `driver` that is attached to no other device.
    #[doc(alias = "IoCreateDevice")]
    #[must_use]
    pub fn new(driver: &Rc<DriverObject>) -> Rc<DeviceObject> {
        let device = Rc::new(DeviceObject {
            driver: Rc::clone(driver),
            lower: RefCell::new(None),
            upper: RefCell::new(Weak::new()),
            extension: RefCell::new(None),
            properties: RefCell::new(BTreeMap::new()),
            registry_keys: RefCell::new(None),
            power: Cell::new(DevicePowerState::D0),
        });
        driver.devices.borrow_mut().push(Rc::clone(&device));
        device
    }

    /// Deletes the device: the driver of the device forgets it, and the kernel drops the data that
    /// was kept with the device.
    #[doc(alias = "IoDeleteDevice")]
    pub fn delete(self: &Rc<Self>) {
        self.driver.devices.borrow_mut().retain(|other| !Rc::ptr_eq(other, self));
        let extension = self.extension.borrow_mut().take();
        drop(extension);
    }

    /// Sets a property of the device. The bus and the installation of the device set such
    /// properties.
    pub fn set_property(&self, property: u32, value: Vec<u8>) {
        self.properties.borrow_mut().insert(property, value);
    }

    /// A property by its DEVICE_REGISTRY_PROPERTY number.
    #[doc(alias = "IoGetDeviceProperty")]
    #[must_use]
    pub fn property(&self, property: u32) -> Option<Vec<u8>> {
        self.properties.borrow().get(&property).cloned()
    }

    /// Sets the registry keys of the device. The installation of the device sets these keys.
    pub fn set_registry_keys(&self, keys: DeviceKeys) {
        *self.registry_keys.borrow_mut() = Some(keys);
    }

    /// The registry keys of the device; `None` for a device that was never installed.
    #[doc(alias = "IoOpenDeviceRegistryKey")]
    #[must_use]
    pub fn registry_keys(&self) -> Option<DeviceKeys> {
        self.registry_keys.borrow().clone()
    }

    /// The power state that a driver last reported for the device; D0 before the first report.
    #[must_use]
    pub fn power_state(&self) -> DevicePowerState {
        self.power.get()
    }

    pub(crate) fn replace_power_state(&self, state: DevicePowerState) -> DevicePowerState {
        self.power.replace(state)
    }

    /// The driver that the device belongs to.
    #[must_use]
    pub fn driver(&self) -> &Rc<DriverObject> {
        &self.driver
    }

    /// Attaches this device on top of `lower`.
    #[doc(alias = "IoAttachDeviceToDeviceStack")]
    pub fn attach_to(self: &Rc<Self>, lower: &Rc<DeviceObject>) {
        *lower.upper.borrow_mut() = Rc::downgrade(self);
        *self.lower.borrow_mut() = Some(Rc::clone(lower));
    }

    /// Takes this device off its stack.
    #[doc(alias = "IoDetachDevice")]
    pub fn detach(&self) {
        if let Some(lower) = self.lower.borrow_mut().take() {
            *lower.upper.borrow_mut() = Weak::new();
        }
    }

    /// The device at the top of the stack, to which requests are sent.
    #[doc(alias = "IoGetAttachedDevice")]
    #[must_use]
    pub fn top(self: &Rc<Self>) -> Rc<DeviceObject> {
        let mut top = Rc::clone(self);
        loop {
            let upper = top.upper.borrow().upgrade();
            match upper {
                Some(upper) => top = upper,
                None => return top,
            }
        }
    }

    /// The next device down the stack.
    #[must_use]
    pub fn lower(&self) -> Option<Rc<DeviceObject>> {
        self.lower.borrow().clone()
    }

    /// The device at the bottom of the stack, which the bus made.
    #[must_use]
    pub fn bottom(self: &Rc<Self>) -> Rc<DeviceObject> {
        let mut bottom = Rc::clone(self);
        while let Some(lower) = bottom.lower() {
            bottom = lower;
        }
        bottom
    }

    /// Sets or clears the data that the owning driver keeps with the device.
    pub fn set_extension(&self, extension: Option<Rc<dyn Any>>) {
        // Dropping the old data may run code that calls this function again, so the new data is
        // stored first.
        let old = self.extension.replace(extension);
        drop(old);
    }

    /// The data that the owning driver keeps with the device, if the data is a `T`.
    #[must_use]
    pub fn extension<T: 'static>(&self) -> Option<Rc<T>> {
        self.extension.borrow().clone()?.downcast().ok()
    }

    /// Reads the data that the owning driver keeps with the device, if the data is a `T`. `read`
    /// must not replace the data.
    pub fn read_extension<T: 'static, R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.extension.borrow().as_deref()?.downcast_ref().map(read)
    }
}

impl fmt::Debug for DeviceObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "device of {}", self.driver.name)
    }
}

/// A routine that is called when the last handle of a file is closed. IRQL: PASSIVE_LEVEL.
pub type LastHandleRoutine = Rc<dyn Fn(&Kernel)>;

/// An open file: the connection of an application to a device, or to something behind the device
/// such as a pin.
#[doc(alias = "FILE_OBJECT")]
pub struct FileObject {
    device: Rc<DeviceObject>,
    related: Option<Rc<FileObject>>,
    context: RefCell<Option<Rc<dyn Any>>>,
    last_handle_routine: RefCell<Option<LastHandleRoutine>>,
}

impl FileObject {
    /// A file on `device`. If there is an open file `related`, the name of the new file is relative
    /// to it.
    #[must_use]
    pub fn new(device: &Rc<DeviceObject>, related: Option<Rc<FileObject>>) -> Rc<FileObject> {
        Rc::new(FileObject {
            device: Rc::clone(device),
            related,
            context: RefCell::new(None),
            last_handle_routine: RefCell::new(None),
        })
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &Rc<DeviceObject> {
        &self.device
    }

    /// The open file to which the name of this file is relative, if there is one.
    #[must_use]
    pub fn related(&self) -> Option<&Rc<FileObject>> {
        self.related.as_ref()
    }

    /// Sets or clears the routine that is called when the last handle of the file is closed. The
    /// routine ends the requests that are queued for the file.
    ///
    /// When the last handle is closed, the driver also gets IRP_MJ_CLEANUP. A class driver that
    /// does not take that request, such as PortCls, sets this routine.
    pub fn set_last_handle_routine(&self, routine: Option<LastHandleRoutine>) {
        let old = self.last_handle_routine.replace(routine);
        drop(old);
    }

    /// Runs the routine of [`set_last_handle_routine`](Self::set_last_handle_routine).
    pub(crate) fn run_last_handle_routine(&self, kernel: &Kernel) {
        let routine = self.last_handle_routine.borrow().clone();
        if let Some(routine) = routine {
            routine(kernel);
        }
    }

    /// Sets or clears the data that the owning driver keeps with the file.
    #[doc(alias = "FsContext")]
    pub fn set_context(&self, context: Option<Rc<dyn Any>>) {
        let old = self.context.replace(context);
        drop(old);
    }

    /// The data that the owning driver keeps with the file.
    #[must_use]
    pub fn context(&self) -> Option<Rc<dyn Any>> {
        self.context.borrow().clone()
    }
}
