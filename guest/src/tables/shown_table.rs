//! The driver, device and request objects in guest memory, by their addresses.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{DeviceObject, DriverObject, Irp};

use super::origin::Origin;
use super::shown_irp::ShownIrp;
use crate::processor::space::{PAGE, Space, Upwards};

/// The objects that have an image in the driver's memory.
pub(crate) struct ShownTable {
    state: RefCell<State>,
}

/// A device that has an image in the driver's memory.
struct Device {
    address: u64,
    object: Rc<DeviceObject>,
    /// How the driver made the device; `None` for a device that another driver made.
    origin: Option<Origin>,
}

impl Device {
    /// Whether the driver made the device and did not delete it.
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
    /// Freed blocks with their sizes.
    free: Vec<(u64, u64)>,
}

impl ShownTable {
    pub fn new(space: &Space) -> ShownTable {
        ShownTable {
            state: RefCell::new(State {
                places: Upwards::new(&space.objects),
                drivers: Vec::new(),
                devices: Vec::new(),
                requests: Vec::new(),
                free: Vec::new(),
            }),
        }
    }

    /// Drops all objects.
    pub fn clear(&self) {
        let mut state = self.state.borrow_mut();
        let drivers = std::mem::take(&mut state.drivers);
        let devices = std::mem::take(&mut state.devices);
        let requests = std::mem::take(&mut state.requests);
        drop(state);
        drop((drivers, devices, requests));
    }

    /// Pages for an object, followed by an unmapped page; `None` when the range is used up.
    pub fn place(&self, bytes: u64) -> Option<u64> {
        let mut state = self.state.borrow_mut();
        match state.free.iter().position(|(_, free)| *free == bytes) {
            Some(index) => Some(state.free.remove(index).0),
            None => state.places.take(bytes + PAGE, PAGE),
        }
    }

    /// Takes back the pages of an object, so that they may be used again.
    pub fn give_back(&self, address: u64, bytes: u64) {
        self.state.borrow_mut().free.push((address, bytes));
    }

    /// Adds a driver at an address.
    pub fn insert_driver(&self, address: u64, driver: &Rc<DriverObject>) {
        self.state.borrow_mut().drivers.push((address, Rc::clone(driver)));
    }

    /// The address of a driver, if it has an image.
    pub fn address_of_driver(&self, driver: &Rc<DriverObject>) -> Option<u64> {
        let state = self.state.borrow();
        state.drivers.iter().find(|(_, known)| Rc::ptr_eq(known, driver)).map(|(at, _)| *at)
    }

    /// The driver at an address.
    pub fn driver_at(&self, address: u64) -> Option<Rc<DriverObject>> {
        let state = self.state.borrow();
        let found = state.drivers.iter().find(|(known, _)| *known == address)?;
        Some(Rc::clone(&found.1))
    }

    /// Adds a device at an address.
    pub fn insert_device(&self, address: u64, device: &Rc<DeviceObject>) {
        let device = Device { address, object: Rc::clone(device), origin: None };
        self.state.borrow_mut().devices.push(device);
    }

    /// The address of a device, if it has an image.
    pub fn address_of_device(&self, device: &Rc<DeviceObject>) -> Option<u64> {
        let state = self.state.borrow();
        let known = state.devices.iter().find(|known| Rc::ptr_eq(&known.object, device));
        known.map(|known| known.address)
    }

    /// The device at an address.
    pub fn device_at(&self, address: u64) -> Option<Rc<DeviceObject>> {
        let state = self.state.borrow();
        let found = state.devices.iter().find(|known| known.address == address)?;
        Some(Rc::clone(&found.object))
    }

    /// Notes that the driver made the device at an address, and has to delete it.
    pub fn note_device_of_driver(&self, address: u64, origin: Option<Origin>) {
        let mut state = self.state.borrow_mut();
        if let Some(device) = state.devices.iter_mut().find(|known| known.address == address) {
            device.origin = origin;
        }
    }

    /// Adds a request in guest memory.
    pub fn insert_irp(&self, shown: ShownIrp) {
        self.state.borrow_mut().requests.push(shown);
    }

    /// The request behind the IRP at an address.
    pub fn irp_at(&self, address: u64) -> Option<Irp> {
        let state = self.state.borrow();
        let found = state.requests.iter().find(|known| known.address == address)?;
        Some(found.irp.clone())
    }

    /// Runs `work` on the entry of the IRP at an address, if there is such an IRP.
    pub fn with_irp(&self, address: u64, work: impl FnOnce(&mut ShownIrp)) {
        let mut state = self.state.borrow_mut();
        if let Some(shown) = state.requests.iter_mut().find(|known| known.address == address) {
            work(shown);
        }
    }

    /// Removes and returns the entries for which `which` is true.
    pub fn take_irps(&self, which: impl Fn(&ShownIrp) -> bool) -> Vec<ShownIrp> {
        let mut state = self.state.borrow_mut();
        state.requests.extract_if(.., |shown| which(shown)).collect()
    }

    /// Devices that the driver made and did not delete, and requests that it did not complete.
    pub fn left(&self) -> Vec<(&'static str, Option<Origin>)> {
        let state = self.state.borrow();
        let devices = state.devices.iter().filter(|device| device.is_left());
        let devices = devices.map(|device| ("device objects", device.origin));
        devices.chain(state.requests.iter().filter_map(ShownIrp::left)).collect()
    }
}

#[cfg(test)]
mod tests {
    use cpu_x86::Mode;
    use portcls_emulator::{Kernel, KernelConfig, Parameters, PnpRequest};

    use super::*;

    fn table() -> ShownTable {
        ShownTable::new(Space::of(Mode::Bits64))
    }

    /// A request at an address, in the driver's routine at 0x1000.
    fn shown(address: u64) -> ShownIrp {
        ShownIrp {
            irp: Irp::new(Parameters::Pnp(PnpRequest::StopDevice), None, Vec::new()),
            address,
            location: address + 0x100,
            blocks: Vec::new(),
            routine: 0x1000,
            is_in_routine: true,
            is_below: false,
            owes_mark: false,
            is_listed: true,
        }
    }

    const HERE: Option<Origin> = Some(Origin::Argument { routine: 0x1000 });

    #[test]
    fn objects_lie_a_free_page_apart_and_a_place_comes_back_for_one_of_its_size() {
        let table = table();
        let first = table.place(PAGE).expect("room");
        let second = table.place(PAGE).expect("room");
        assert_eq!(second, first + 2 * PAGE);
        table.give_back(first, PAGE);
        assert_ne!(table.place(2 * PAGE), Some(first));
        assert_eq!(table.place(PAGE), Some(first));
    }

    #[test]
    fn a_driver_and_its_device_are_found_by_what_they_are_and_where() {
        let table = table();
        let driver = DriverObject::new("uart");
        let device = DeviceObject::new(&driver);
        assert_eq!(table.address_of_driver(&driver), None);
        table.insert_driver(0x10, &driver);
        table.insert_device(0x20, &device);
        assert_eq!(table.address_of_driver(&driver), Some(0x10));
        assert_eq!(table.address_of_device(&device), Some(0x20));
        assert!(table.driver_at(0x10).is_some_and(|found| Rc::ptr_eq(&found, &driver)));
        assert!(table.device_at(0x20).is_some_and(|found| Rc::ptr_eq(&found, &device)));
        assert!(table.driver_at(0x20).is_none() && table.device_at(0x10).is_none());
        table.clear();
        assert!(table.driver_at(0x10).is_none());
    }

    #[test]
    fn a_device_is_left_when_the_driver_made_it_and_still_has_it() {
        let table = table();
        let driver = DriverObject::new("uart");
        table.insert_device(0x20, &DeviceObject::new(&driver));
        assert_eq!(table.left(), [], "another driver's device is not this one's to delete");
        table.note_device_of_driver(0x20, HERE);
        assert_eq!(table.left(), [("device objects", HERE)]);
        driver.clear();
        assert_eq!(table.left(), [], "it was deleted");
    }

    #[test]
    fn a_request_is_left_until_it_is_complete_and_over_when_its_routine_has_returned() {
        let table = table();
        table.insert_irp(shown(0x30));
        let irp = table.irp_at(0x30).expect("it is known");
        assert_eq!(table.left(), [("IRPs that were never completed", HERE)]);
        table.with_irp(0x30, |shown| shown.is_listed = false);
        assert_eq!(table.left(), [], "others tell of it");
        Kernel::new(KernelConfig::default()).complete_request(&irp);
        assert!(table.take_irps(ShownIrp::is_over).is_empty(), "its routine has not returned");
        table.with_irp(0x30, |shown| shown.is_in_routine = false);
        assert_eq!(table.take_irps(ShownIrp::is_over).len(), 1);
        assert!(table.irp_at(0x30).is_none());
    }
}
