//! The buffer of a call that moves data.
//!
//! The usual buffer ends where its pages end, so a driver that reads or writes past its buffer
//! faults at once. Because of the buffer's alignment, up to 3 bytes after it do not fault. While
//! the usual buffer is in use, or when it is too small, a pool block serves as the buffer.

use cpu_x86::{PAGE_BYTES, Rights};
use portcls_emulator::PoolType;

use crate::guest::Guest;
use crate::tables::pool_table::Fill;

/// The alignment of a buffer in bytes. A client fills up each record in a buffer of music data to a
/// multiple of this number too.
const ALIGNMENT: u64 = 4;

/// The pool tag of a buffer that is a pool block.
const TAG: [u8; 4] = *b"PcTr";

impl Guest {
    /// Runs `work` with the address of a buffer of `bytes` bytes. The result is `None` when there
    /// is no memory for the buffer.
    pub(crate) fn with_transfer<R>(&self, bytes: u64, work: impl FnOnce(u64) -> R) -> Option<R> {
        let range = &self.0.vm.space.transfer;
        let fits = bytes <= range.end - range.start;
        if fits && !self.0.is_transfer_taken.replace(true) {
            let address = (range.end - bytes) & !(ALIGNMENT - 1);
            self.map_transfer();
            let result = work(address);
            self.0.is_transfer_taken.set(false);
            return Some(result);
        }
        self.with_pool_buffer(bytes, work)
    }

    /// Runs `work` with the address of a pool block of `bytes` bytes that hold 0. The result is
    /// `None` when there is no memory for the block.
    pub(crate) fn with_pool_buffer<R>(&self, bytes: u64, work: impl FnOnce(u64) -> R) -> Option<R> {
        let address = self.allocate_pool(PoolType::NonPagedNx, bytes.max(1), TAG, Fill::Zero);
        if address == 0 {
            return None;
        }
        let result = work(address);
        self.free_pool(address, Some(TAG));
        Some(result)
    }

    fn map_transfer(&self) {
        let range = &self.0.vm.space.transfer;
        let mut cpu = self.0.vm.cpu.borrow_mut();
        let memory = cpu.memory_mut();
        if memory.rights(range.end - PAGE_BYTES as u64).is_none() {
            let mapped =
                memory.map(range.start, range.end - range.start, Rights::READ | Rights::WRITE);
            mapped.expect("the range is free, and the guest has room for it");
        }
    }
}
