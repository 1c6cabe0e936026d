//! The memory of DMA buffers: bytes and a physical address.
//!
//! Owns the buffers of drivers in Rust: the bytes of these buffers are in the emulator. The bytes
//! of a compiled driver's buffers are in that driver's memory, so the owner of that memory installs
//! the maker of these buffers. The kernel gives out the physical addresses of both kinds of buffer.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use portcls_emulator::{Kernel, PhysicalRequest};

/// A buffer that a driver and its device can both reach. Dropping the last handle frees it.
pub trait DmaBuffer {
    /// The buffer's address in the memory of a compiled driver. `None` when the buffer lies in no
    /// such memory.
    fn system_address(&self) -> Option<u64>;

    /// The address that the device uses for the buffer.
    fn physical_address(&self) -> u64;

    /// The buffer's size in bytes.
    fn size(&self) -> u32;

    /// Reads bytes from `offset` on. Limits: the buffer holds all these bytes.
    fn read(&self, offset: u32, bytes: &mut [u8]);

    /// Writes bytes from `offset` on. Limits: the buffer holds all these bytes.
    fn write(&self, offset: u32, bytes: &[u8]);
}

/// A maker of DMA buffers.
pub trait DmaMemory {
    /// Makes a buffer of zeros; `None` when no memory meets the request.
    ///
    /// IRQL: PASSIVE_LEVEL.
    fn allocate(&self, kernel: &Kernel, request: &PhysicalRequest) -> Option<Rc<dyn DmaBuffer>>;
}

/// The installed maker of buffers.
struct Installed(Rc<dyn DmaMemory>);

/// Installs the maker of the buffers of all DMA channels. From now on, no new buffer is in the
/// emulator's own memory. IRQL: any.
pub fn install_dma_memory(kernel: &Kernel, memory: Rc<dyn DmaMemory>) {
    kernel.install(Installed(memory));
}

/// Makes a buffer of zeros; `None` when no memory meets the request.
///
/// IRQL: PASSIVE_LEVEL.
pub(crate) fn allocate(kernel: &Kernel, request: &PhysicalRequest) -> Option<Rc<dyn DmaBuffer>> {
    match kernel.installed::<Installed>() {
        Some(installed) => installed.0.allocate(kernel, request),
        None => Some(Rc::new(OwnBuffer::new(kernel, request)?)),
    }
}

/// A buffer in the memory of the emulator.
struct OwnBuffer {
    kernel: Kernel,
    physical_address: u64,
    bytes: RefCell<Vec<u8>>,
}

impl OwnBuffer {
    fn new(kernel: &Kernel, request: &PhysicalRequest) -> Option<OwnBuffer> {
        let physical_address = kernel.take_physical_memory(request)?;
        let bytes = RefCell::new(vec![0; request.length as usize]);
        Some(OwnBuffer { kernel: kernel.clone(), physical_address, bytes })
    }

    /// The place of some bytes. If not all of them are inside the buffer, the driver in Rust made a
    /// mistake. This function then panics, as if the driver had panicked.
    fn place(&self, offset: u32, length: usize) -> Range<usize> {
        let (start, size) = (offset as usize, self.bytes.borrow().len());
        let is_inside = start.checked_add(length).is_some_and(|end| end <= size);
        assert!(is_inside, "{length} bytes from {offset} on are not in a DMA buffer of {size}");
        start..start + length
    }
}

impl DmaBuffer for OwnBuffer {
    fn system_address(&self) -> Option<u64> {
        None
    }

    fn physical_address(&self) -> u64 {
        self.physical_address
    }

    fn size(&self) -> u32 {
        self.bytes.borrow().len() as u32
    }

    fn read(&self, offset: u32, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.bytes.borrow()[self.place(offset, bytes.len())]);
    }

    fn write(&self, offset: u32, bytes: &[u8]) {
        let place = self.place(offset, bytes.len());
        self.bytes.borrow_mut()[place].copy_from_slice(bytes);
    }
}

impl Drop for OwnBuffer {
    fn drop(&mut self) {
        self.kernel.give_physical_memory_back(self.physical_address);
    }
}
