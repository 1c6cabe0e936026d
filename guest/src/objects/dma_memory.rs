//! DMA buffers of a driver: contiguous blocks of its memory.

use std::rc::{Rc, Weak};

use cpu_x86::PAGE_BYTES;
use portcls_emulator::{Kernel, PhysicalRequest};
use portcls_port::dma_memory::{DmaBuffer, DmaMemory};

use crate::guest::{Guest, GuestState};

/// Makes the buffers of a guest. The kernel keeps this maker, so the maker must not keep the guest.
pub(crate) struct GuestDmaMemory(Weak<GuestState>);

impl GuestDmaMemory {
    pub fn new(guest: &Guest) -> GuestDmaMemory {
        GuestDmaMemory(Rc::downgrade(&guest.0))
    }
}

impl DmaMemory for GuestDmaMemory {
    fn allocate(&self, _kernel: &Kernel, request: &PhysicalRequest) -> Option<Rc<dyn DmaBuffer>> {
        let guest = Guest(self.0.upgrade()?);
        let size = u32::try_from(request.length).ok()?;
        let address = guest.allocate_contiguous(request, Some(0))?;
        let physical_address = guest.physical_address(address)?;
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
        self.guest.free_contiguous(self.address, u64::from(self.size).div_ceil(PAGE_BYTES as u64));
    }
}
