//! Driver and device objects in guest memory, with their true layouts.
//!
//! Each object is made when the driver first gets a pointer to it, and lies on pages of its own.
//! The address of an object leads to the kernel's object.

use std::rc::Rc;

use portcls_emulator::{AddDeviceRoutine, DeviceObject, DriverObject, NtStatus, ObjectType};

use crate::guest::Guest;
use crate::memory::at;

/// FILE_DEVICE_KS, the device type of an adapter. Source: wdm.h.
const DEVICE_TYPE_KS: u32 = 0x2F;

/// DO_POWER_PAGABLE, a flag that PortCls' devices have. Source: wdm.h.
const POWER_PAGEABLE: u32 = 0x2000;

impl Guest {
    /// The DRIVER_OBJECT of a driver. In a new DRIVER_OBJECT, only type and size are filled in.
    pub(crate) fn driver_pointer(&self, driver: &Rc<DriverObject>) -> u64 {
        self.0.shown.address_of_driver(driver).unwrap_or_else(|| {
            let fields = &self.layout().driver_object;
            let address = self.new_object_block(&vec![0; fields.size_of as usize]);
            self.0.shown.insert_driver(address, driver);
            self.put_u16(at(address, fields.type_), ObjectType::Driver.number());
            self.put_u16(at(address, fields.size), fields.size_of as u16);
            address
        })
    }

    /// The driver behind a DRIVER_OBJECT.
    pub(crate) fn driver_at(&self, address: u64) -> Option<Rc<DriverObject>> {
        self.0.shown.driver_at(address)
    }

    /// The address of the entry for a major function in MajorFunction of a DRIVER_OBJECT.
    pub(crate) fn major_function(&self, driver: u64, major: u8) -> u64 {
        let table = at(driver, self.layout().driver_object.major_function);
        table.wrapping_add(u64::from(major) * self.pointer_bytes())
    }

    /// The address of AddDevice in the driver extension of a DRIVER_OBJECT.
    pub(crate) fn add_device_field(&self, driver: u64) -> u64 {
        let extension = self.load_word(at(driver, self.layout().driver_object.driver_extension));
        at(extension, self.layout().driver_extension.add_device)
    }

    /// The driver's AddDevice as a routine that the kernel can call.
    pub(crate) fn add_device_routine(&self, routine: u64) -> AddDeviceRoutine {
        let guest = self.clone();
        Rc::new(move |_, driver, physical| {
            let words = [guest.driver_pointer(driver), guest.device_pointer(physical)];
            let answer = NtStatus(guest.call(routine, &words) as u32);
            if answer.is_success() { Ok(()) } else { Err(answer) }
        })
    }

    /// The DEVICE_OBJECT of a device. A new DEVICE_OBJECT has no device extension yet.
    pub(crate) fn device_pointer(&self, device: &Rc<DeviceObject>) -> u64 {
        let known = self.0.shown.address_of_device(device);
        known.unwrap_or_else(|| self.make_device(device))
    }

    fn make_device(&self, device: &Rc<DeviceObject>) -> u64 {
        let fields = &self.layout().device_object;
        let address = self.new_object_block(&vec![0; fields.size_of as usize]);
        self.0.shown.insert_device(address, device);
        let driver = self.driver_pointer(device.driver());
        self.put_u16(at(address, fields.type_), ObjectType::Device.number());
        self.put_u16(at(address, fields.size), fields.size_of as u16);
        self.put_u32(at(address, fields.reference_count), 1);
        self.put_word(at(address, fields.driver_object), driver);
        self.put_u32(at(address, fields.flags), POWER_PAGEABLE);
        self.put_u32(at(address, fields.device_type), DEVICE_TYPE_KS);
        self.put_u8(at(address, fields.stack_size), 1);
        address
    }

    /// Writes the list of a driver's devices as it is now, with the newest first.
    pub(crate) fn write_device_list(&self, driver: &Rc<DriverObject>) {
        let next_device = self.layout().device_object.next_device;
        let mut next = 0;
        for device in driver.devices() {
            let address = self.device_pointer(&device);
            self.put_word(at(address, next_device), next);
            next = address;
        }
        let first = at(self.driver_pointer(driver), self.layout().driver_object.device_object);
        self.put_word(first, next);
    }

    /// Gives a device its extension: zeroed memory for the driver.
    ///
    /// # Errors
    /// STATUS_INSUFFICIENT_RESOURCES when there is not that much memory.
    pub(crate) fn set_device_extension(
        &self,
        device: &Rc<DeviceObject>,
        bytes: u32,
    ) -> Result<(), NtStatus> {
        let address = self.device_pointer(device);
        let extension = self.try_zeroed_block(bytes.into());
        let extension = extension.ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        let fields = &self.layout().device_object;
        self.put_word(at(address, fields.device_extension), extension);
        Ok(())
    }

    /// The device behind a DEVICE_OBJECT.
    #[must_use]
    pub fn device_at(&self, address: u64) -> Option<Rc<DeviceObject>> {
        self.0.shown.device_at(address)
    }

    /// Notes that the routine being served made the device at an address for the driver, which has
    /// to delete it.
    pub(crate) fn note_device_of_driver(&self, address: u64) {
        self.0.shown.note_device_of_driver(address, self.origin());
    }
}
