//! Memory of the kernel's own objects, which the driver may read and write.

use cpu_x86::{PAGE_BYTES, PAGE_LIMIT, Rights};

use crate::guest::Guest;

impl Guest {
    /// Allocates pages for one object only, with an unmapped page after them, and writes `content`
    /// into them. Returns their address. When no memory is left, the run ends.
    pub(crate) fn new_object_block(&self, content: &[u8]) -> u64 {
        self.try_object_block(content).unwrap_or_else(|| {
            self.kernel().unsupported("more objects of the kernel than there is memory for");
            0
        })
    }

    /// Allocates memory like `new_object_block`. `None` when no memory is left.
    pub(crate) fn try_object_block(&self, content: &[u8]) -> Option<u64> {
        let bytes = block_bytes(content.len());
        let place = self.0.shown.place(bytes)?;
        let mut cpu = self.0.vm.cpu.borrow_mut();
        let memory = cpu.memory_mut();
        memory.map(place, bytes, Rights::READ | Rights::WRITE).ok()?;
        memory.poke(place, content).expect("just mapped");
        Some(place)
    }

    /// Allocates zeroed memory like `new_object_block`, of a length that a driver states. `None`
    /// when the guest has no memory of this length. In this case the emulator allocates no memory
    /// of the host.
    pub(crate) fn try_zeroed_block(&self, bytes: u64) -> Option<u64> {
        let bytes = bytes.max(1).checked_next_multiple_of(PAGE_BYTES as u64)?;
        if bytes > PAGE_BYTES as u64 * PAGE_LIMIT as u64 {
            return None;
        }
        let place = self.0.shown.place(bytes)?;
        let mut cpu = self.0.vm.cpu.borrow_mut();
        cpu.memory_mut().map(place, bytes, Rights::READ | Rights::WRITE).ok()?;
        Some(place)
    }

    /// Frees the memory of an object by unmapping it.
    pub(crate) fn free_object_block(&self, address: u64, length: usize) {
        let bytes = block_bytes(length);
        let unmapped = self.0.vm.cpu.borrow_mut().memory_mut().unmap(address, bytes);
        if unmapped.is_ok() {
            self.0.shown.give_back(address, bytes);
        }
    }

    /// Writes to an object for the kernel: the driver's rights to the page do not matter.
    pub(crate) fn put(&self, address: u64, bytes: &[u8]) {
        let written = self.0.vm.cpu.borrow_mut().memory_mut().poke(address, bytes);
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

/// The size in bytes of the pages of an object. No other object uses these pages.
fn block_bytes(length: usize) -> u64 {
    (length as u64).max(1).next_multiple_of(PAGE_BYTES as u64)
}
