//! DMA buffers of a driver: pages of its memory with physical addresses.
//!
//! The driver sees the physical memory that was handed out to it through one range of addresses:
//! a buffer's address is the start of that range plus the buffer's physical address. Owns the pages
//! of these buffers; the kernel hands out the physical addresses.

use std::rc::{Rc, Weak};

use cpu_x86::{PAGE_BYTES, Rights};
use portcls_emulator::{Kernel, PhysicalRequest};
use portcls_port::dma_memory::{DmaBuffer, DmaMemory};

use crate::guest::{Guest, GuestState};

/// Makes the buffers of a guest. The kernel keeps it, so it must not keep the guest.
pub(crate) struct GuestDmaMemory(Weak<GuestState>);

impl GuestDmaMemory {
    pub fn new(guest: &Guest) -> GuestDmaMemory {
        GuestDmaMemory(Rc::downgrade(&guest.0))
    }
}

impl DmaMemory for GuestDmaMemory {
    fn allocate(&self, kernel: &Kernel, request: &PhysicalRequest) -> Option<Rc<dyn DmaBuffer>> {
        let guest = Guest(self.0.upgrade()?);
        let size = u32::try_from(request.length).ok()?;
        let physical_address = kernel.take_physical_memory(request)?;
        let address = guest.0.vm.space.physical_memory.start + physical_address;
        let rights = Rights::READ | Rights::WRITE;
        let mapped =
            guest.0.vm.cpu.borrow_mut().memory_mut().map(address, page_bytes(size), rights);
        if mapped.is_err() {
            kernel.give_physical_memory_back(physical_address);
            return None;
        }
        Some(Rc::new(GuestBuffer { guest, address, physical_address, size }))
    }
}

/// A buffer in the memory of a guest.
struct GuestBuffer {
    guest: Guest,
    address: u64,
    physical_address: u64,
    size: u32,
}

impl DmaBuffer for GuestBuffer {
    fn system_address(&self) -> Option<u64> {
        Some(self.address)
    }

    fn physical_address(&self) -> u64 {
        self.physical_address
    }

    fn size(&self) -> u32 {
        self.size
    }

    fn read(&self, offset: u32, bytes: &mut [u8]) {
        let address = self.address + u64::from(offset);
        let read = self.guest.0.vm.cpu.borrow().memory().peek(address, bytes);
        read.expect("a buffer is mapped");
    }

    fn write(&self, offset: u32, bytes: &[u8]) {
        self.guest.put(self.address + u64::from(offset), bytes);
    }
}

impl Drop for GuestBuffer {
    fn drop(&mut self) {
        let bytes = page_bytes(self.size);
        let unmapped = self.guest.0.vm.cpu.borrow_mut().memory_mut().unmap(self.address, bytes);
        unmapped.expect("a buffer is mapped");
        self.guest.kernel().give_physical_memory_back(self.physical_address);
    }
}

/// The bytes of the pages of a buffer.
fn page_bytes(size: u32) -> u64 {
    u64::from(size).next_multiple_of(PAGE_BYTES as u64)
}
