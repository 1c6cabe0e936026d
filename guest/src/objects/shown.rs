//! Driver, device and request objects in guest memory, with their true layouts.
//!
//! Each is made when the driver is first shown it, lies on pages of its own, and stands for the
//! kernel's object by its address.

use std::cell::RefCell;
use std::rc::Rc;

use cpu_x86::{PAGE_BYTES, Rights};
use portcls_emulator::{DeviceObject, DriverObject, Irp, ObjectType};

use crate::guest::Guest;
use crate::memory::at;
use crate::objects::irp::ShownIrp;
use crate::objects::leak::Origin;
use crate::processor::space::Upwards;

/// FILE_DEVICE_KS, the device type of an adapter. Source: wdm.h.
const DEVICE_TYPE_KS: u32 = 0x2F;

/// DO_POWER_PAGABLE. Source: wdm.h; PortCls' devices have it.
const POWER_PAGEABLE: u32 = 0x2000;

/// The objects that the driver was shown.
pub(crate) struct Objects {
    state: RefCell<State>,
}

/// A device that the driver was shown.
struct Device {
    address: u64,
    object: Rc<DeviceObject>,
    /// How the driver made it; `None` for a device of another one.
    origin: Option<Origin>,
}

impl Device {
    /// Whether the driver made it and did not delete it.
    fn is_left(&self) -> bool {
        let devices = self.object.driver().devices();
        self.origin.is_some() && devices.iter().any(|other| Rc::ptr_eq(other, &self.object))
    }
}

struct State {
    places: Upwards,
    drivers: Vec<(u64, Rc<DriverObject>)>,
    devices: Vec<Device>,
    requests: Vec<ShownIrp>,
    /// Blocks that were given back, with their size.
    free: Vec<(u64, u64)>,
}

impl Objects {
    pub fn new(places: Upwards) -> Objects {
        Objects {
            state: RefCell::new(State {
                places,
                drivers: Vec::new(),
                devices: Vec::new(),
                requests: Vec::new(),
                free: Vec::new(),
            }),
        }
    }

    /// Lets everything go.
    pub fn clear(&self) {
        let mut state = self.state.borrow_mut();
        let drivers = std::mem::take(&mut state.drivers);
        let devices = std::mem::take(&mut state.devices);
        let requests = std::mem::take(&mut state.requests);
        drop(state);
        drop((drivers, devices, requests));
    }
}

impl Guest {
    /// Memory for an object, filled with `content`: pages of its own, and a free one behind.
    pub(crate) fn new_object_block(&self, content: &[u8]) -> u64 {
        let page = PAGE_BYTES as u64;
        let bytes = (content.len() as u64).max(1).next_multiple_of(page);
        let place = {
            let mut state = self.0.objects.state.borrow_mut();
            let free = state.free.iter().position(|(_, free)| *free == bytes);
            match free {
                Some(index) => Some(state.free.remove(index).0),
                None => state.places.take(bytes + page, page),
            }
        };
        let mut cpu = self.0.cpu.borrow_mut();
        let memory = cpu.memory_mut();
        match place {
            Some(place) if memory.map(place, bytes, Rights::READ | Rights::WRITE).is_ok() => {
                memory.poke(place, content).expect("just mapped");
                place
            }
            _ => {
                drop(cpu);
                self.kernel().unsupported("more objects of the kernel than there is memory for");
                0
            }
        }
    }

    /// Gives the memory of an object back: it is not mapped any more.
    pub(crate) fn free_object_block(&self, address: u64, length: usize) {
        let bytes = (length as u64).max(1).next_multiple_of(PAGE_BYTES as u64);
        let unmapped = self.0.cpu.borrow_mut().memory_mut().unmap(address, bytes);
        if unmapped.is_ok() {
            self.0.objects.state.borrow_mut().free.push((address, bytes));
        }
    }

    /// The DRIVER_OBJECT of a driver; `fill` completes a new one.
    pub(crate) fn driver_pointer(&self, driver: &Rc<DriverObject>) -> u64 {
        let known = {
            let state = self.0.objects.state.borrow();
            state.drivers.iter().find(|(_, known)| Rc::ptr_eq(known, driver)).map(|(at, _)| *at)
        };
        known.unwrap_or_else(|| {
            let fields = &self.layout().driver_object;
            let address = self.new_object_block(&vec![0; fields.size_of as usize]);
            let entry = (address, Rc::clone(driver));
            self.0.objects.state.borrow_mut().drivers.push(entry);
            self.put_u16(at(address, fields.type_), ObjectType::Driver.number());
            self.put_u16(at(address, fields.size), fields.size_of as u16);
            address
        })
    }

    /// The driver behind a DRIVER_OBJECT.
    pub(crate) fn driver_at(&self, address: u64) -> Option<Rc<DriverObject>> {
        let state = self.0.objects.state.borrow();
        let found = state.drivers.iter().find(|(known, _)| *known == address)?;
        Some(Rc::clone(&found.1))
    }

    /// The DEVICE_OBJECT of a device, without a device extension when it is new.
    pub(crate) fn device_pointer(&self, device: &Rc<DeviceObject>) -> u64 {
        let known = {
            let state = self.0.objects.state.borrow();
            let known = state.devices.iter().find(|known| Rc::ptr_eq(&known.object, device));
            known.map(|known| known.address)
        };
        known.unwrap_or_else(|| self.make_device(device))
    }

    fn make_device(&self, device: &Rc<DeviceObject>) -> u64 {
        let fields = &self.layout().device_object;
        let address = self.new_object_block(&vec![0; fields.size_of as usize]);
        let entry = Device { address, object: Rc::clone(device), origin: None };
        self.0.objects.state.borrow_mut().devices.push(entry);
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

    /// Writes the list of a driver's devices as it is now, the newest first.
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

    /// Gives a device its extension: zeroed memory that the driver may use.
    pub(crate) fn set_device_extension(&self, device: &Rc<DeviceObject>, bytes: u32) {
        let address = self.device_pointer(device);
        let extension = self.new_object_block(&vec![0; bytes as usize]);
        let fields = &self.layout().device_object;
        self.put_word(at(address, fields.device_extension), extension);
    }

    /// The device behind a DEVICE_OBJECT.
    #[must_use]
    pub fn device_at(&self, address: u64) -> Option<Rc<DeviceObject>> {
        let state = self.0.objects.state.borrow();
        let found = state.devices.iter().find(|known| known.address == address)?;
        Some(Rc::clone(&found.object))
    }

    /// The device at an address was made by the routine that is served now: the driver has to
    /// delete it.
    pub(crate) fn note_device_of_driver(&self, address: u64) {
        let origin = self.origin();
        let mut state = self.0.objects.state.borrow_mut();
        if let Some(device) = state.devices.iter_mut().find(|known| known.address == address) {
            device.origin = origin;
        }
    }

    /// Devices that the driver did not delete, and requests that it did not complete.
    pub(crate) fn objects_left(&self) -> Vec<(&'static str, Option<Origin>)> {
        let state = self.0.objects.state.borrow();
        let devices = state.devices.iter().filter(|device| device.is_left());
        let devices = devices.map(|device| ("device objects", device.origin));
        devices.chain(state.requests.iter().filter_map(ShownIrp::left)).collect()
    }

    /// A request is in guest memory from now on.
    pub(crate) fn know_irp(&self, shown: ShownIrp) {
        self.0.objects.state.borrow_mut().requests.push(shown);
    }

    /// Works on what is known of the IRP at an address.
    pub(crate) fn with_shown_irp(&self, address: u64, work: impl FnOnce(&mut ShownIrp)) {
        let mut state = self.0.objects.state.borrow_mut();
        if let Some(shown) = state.requests.iter_mut().find(|known| known.address == address) {
            work(shown);
        }
    }

    /// Takes out those requests that are what `which` says.
    pub(crate) fn forget_irps(&self, which: impl Fn(&ShownIrp) -> bool) -> Vec<ShownIrp> {
        let mut state = self.0.objects.state.borrow_mut();
        state.requests.extract_if(.., |shown| which(shown)).collect()
    }

    /// The request behind an IRP.
    #[must_use]
    pub fn irp_at(&self, address: u64) -> Option<Irp> {
        let state = self.0.objects.state.borrow();
        let found = state.requests.iter().find(|known| known.address == address)?;
        Some(found.irp.clone())
    }

    /// Writes as the kernel does to its own objects: the rights of the driver do not matter.
    pub(crate) fn put(&self, address: u64, bytes: &[u8]) {
        let written = self.0.cpu.borrow_mut().memory_mut().poke(address, bytes);
        debug_assert!(written.is_ok() || self.kernel().is_frozen(), "{address:#x} is mapped");
    }

    pub(crate) fn put_u8(&self, address: u64, value: u8) {
        self.put(address, &[value]);
    }

    pub(crate) fn put_u16(&self, address: u64, value: u16) {
        self.put(address, &value.to_le_bytes());
    }

    pub(crate) fn put_u32(&self, address: u64, value: u32) {
        self.put(address, &value.to_le_bytes());
    }

    pub(crate) fn put_word(&self, address: u64, value: u64) {
        let bytes = value.to_le_bytes();
        self.put(address, &bytes[..self.pointer_bytes() as usize]);
    }
}
