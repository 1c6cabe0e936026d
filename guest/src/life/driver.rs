//! Kernel calls into a driver: DriverEntry, dispatch, AddDevice, unload.

use std::rc::Rc;

use cpu_x86::{PAGE_BYTES, Rights};
use portcls_emulator::{
    DeviceObject, DispatchRoutine, DriverObject, Irp, Kernel, MajorFunction, NtStatus,
};
use portcls_port::pc_dispatch_irp;

use crate::guest::Guest;
use crate::import::{DISPATCH, INVALID_REQUEST};
use crate::memory::at;

impl Guest {
    /// Calls DriverEntry of the image. The kernel can call the dispatch routines that DriverEntry
    /// writes into the driver object already during DriverEntry. On success, the kernel can also
    /// call AddDevice and Unload.
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// After this call the driver object and the guest hold each other. So the code that made the
    /// guest must call [`Guest::end`] after the driver was unloaded, or when the machine is
    /// dropped.
    ///
    /// # Errors
    /// The failure that DriverEntry returned.
    pub fn run_entry(
        &self,
        driver: &Rc<DriverObject>,
        registry_path: &str,
    ) -> Result<(), NtStatus> {
        let object = self.fill_driver_object(driver);
        let path = self.new_unicode_string(registry_path);
        let answer = NtStatus(self.call(self.loaded().entry, &[object, path]) as u32);
        if !answer.is_success() {
            return Err(answer);
        }
        self.discard_init();
        self.take_driver_object(driver, object);
        Ok(())
    }

    fn fill_driver_object(&self, driver: &Rc<DriverObject>) -> u64 {
        let object = self.driver_pointer(driver);
        let layout = self.layout();
        let fields = &layout.driver_object;
        let extension = self.new_object_block(&vec![0; layout.driver_extension.size_of as usize]);
        self.put_word(at(extension, layout.driver_extension.driver_object), object);
        self.put_word(at(object, fields.driver_start), self.loaded().base);
        self.put_u32(at(object, fields.driver_size), self.loaded().size as u32);
        self.put_word(at(object, fields.driver_extension), extension);
        self.put_word(at(object, fields.driver_init), self.loaded().entry);
        let invalid = self.thunk_of(&INVALID_REQUEST);
        for major in 0..MajorFunction::TABLE_ENTRIES as u8 {
            self.put_word(self.major_function(object, major), invalid);
        }
        // DriverEntry may send requests to a device that DriverEntry created.
        self.serve_dispatch_table(driver, object);
        object
    }

    /// Makes a UNICODE_STRING and its text, in memory that is never freed.
    fn new_unicode_string(&self, text: &str) -> u64 {
        let fields = &self.layout().unicode_string;
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let head = fields.size_of.next_multiple_of(8);
        let mut block = vec![0; head as usize];
        block.extend(&units);
        block.extend([0, 0]);
        let address = self.new_object_block(&block);
        self.put_u16(at(address, fields.length), units.len() as u16);
        self.put_u16(at(address, fields.maximum_length), units.len() as u16 + 2);
        self.put_word(at(address, fields.buffer), at(address, head));
        address
    }

    /// Lets the kernel call the routines in a driver's dispatch table.
    fn serve_dispatch_table(&self, driver: &Rc<DriverObject>, object: u64) {
        for major in MajorFunction::ALL {
            driver.set_major_function(major, self.dispatch_routine(object, major));
        }
    }

    /// Reads the routines that the driver wrote into its object, so that the kernel can call them.
    fn take_driver_object(&self, driver: &Rc<DriverObject>, object: u64) {
        self.serve_dispatch_table(driver, object);
        let add_device = self.load_word(self.add_device_field(object));
        if add_device != 0 {
            driver.set_add_device(self.add_device_routine(add_device));
        }
        let unload = self.load_word(at(object, self.layout().driver_object.driver_unload));
        if unload != 0 {
            let guest = self.clone();
            driver.set_unload(Rc::new(move |_, driver| {
                guest.write_device_list(driver);
                guest.call(unload, &[object]);
            }));
        }
    }

    /// A dispatch routine that reads the driver's table at each call, like the kernel of Windows.
    pub(crate) fn dispatch_routine(&self, object: u64, major: MajorFunction) -> DispatchRoutine {
        let guest = self.clone();
        let field = self.major_function(object, major.number());
        Rc::new(move |kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp| {
            let routine = guest.load_word(field);
            if routine == guest.thunk_of(&DISPATCH) {
                return pc_dispatch_irp(kernel, device, irp);
            }
            if routine == guest.thunk_of(&INVALID_REQUEST) {
                irp.set_status(NtStatus::INVALID_DEVICE_REQUEST);
                kernel.complete_request(irp);
                return NtStatus::INVALID_DEVICE_REQUEST;
            }
            let device_pointer = guest.device_pointer(device);
            guest.with_irp(irp, device, routine, |irp| {
                NtStatus(guest.call(routine, &[device_pointer, irp]) as u32)
            })
        })
    }

    /// Takes away the sections that only DriverEntry needs.
    fn discard_init(&self) {
        let mut cpu = self.0.vm.cpu.borrow_mut();
        let memory = cpu.memory_mut();
        for range in &self.0.loaded.discardable {
            let length = range.end - range.start;
            debug_assert!(length.is_multiple_of(PAGE_BYTES as u64));
            // A section of the file may have pages that were never mapped. So a failure is no
            // mistake.
            let _ = memory.protect(range.start, length, Rights::empty());
        }
    }
}
