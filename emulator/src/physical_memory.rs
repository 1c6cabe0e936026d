//! Physical memory: which addresses of contiguous memory are taken.
//!
//! Owns the addresses only. The bytes behind them belong to the room that takes a range: memory of
//! a compiled driver, or memory of the emulator for a driver in Rust.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::kernel::Kernel;

/// The number of bytes in a page. Every range is a whole number of pages. Source: WDK,
/// MmAllocateContiguousMemorySpecifyCache and AllocateCommonBuffer.
const PAGE_BYTES: u64 = 4_096;

/// The addresses of contiguous memory: RAM from 1 MiB to 128 MiB.
///
/// Assumed: these limits, because any limits will do. They have room for a range below 16 MiB,
/// which the DMA of an ISA card needs. Memory below 1 MiB belongs to the firmware and the screen.
pub const CONTIGUOUS_MEMORY: Range<u64> = 0x10_0000..0x800_0000;

/// The conditions that a range of physical memory must meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PhysicalRequest {
    /// The length in bytes.
    pub length: u64,
    /// The lowest address that the first byte may have.
    pub lowest: u64,
    /// The highest address that the last byte may have.
    pub highest: u64,
    /// The bits of an address that may differ between the first and the last byte. `0xFFFF` keeps
    /// the range from crossing a boundary of 64 KiB.
    pub varying_bits: u64,
}

impl PhysicalRequest {
    /// Contiguous memory of this length in bytes, at any address.
    #[must_use]
    pub const fn anywhere(length: u64) -> PhysicalRequest {
        PhysicalRequest { length, lowest: 0, highest: u64::MAX, varying_bits: u64::MAX }
    }

    /// This request with one more condition: the range must not cross a multiple of `boundary`,
    /// which is a power of two. If `boundary` is 0, there is no such condition.
    #[must_use]
    pub const fn within(self, boundary: u64) -> PhysicalRequest {
        PhysicalRequest { varying_bits: self.varying_bits & boundary.wrapping_sub(1), ..self }
    }

    /// Whether the range that begins at an address meets the conditions.
    fn fits(&self, start: u64) -> bool {
        let last = start + self.length - 1;
        start >= self.lowest && last <= self.highest && (start ^ last) & !self.varying_bits == 0
    }
}

/// The taken ranges: the end of each range by its start.
#[derive(Default)]
pub(crate) struct PhysicalMemory(RefCell<BTreeMap<u64, u64>>);

impl PhysicalMemory {
    /// The lowest free range that meets a request.
    fn place(&self, request: &PhysicalRequest) -> Option<Range<u64>> {
        let taken = self.0.borrow();
        let bytes = request.length.checked_next_multiple_of(PAGE_BYTES)?;
        let mut start = CONTIGUOUS_MEMORY.start;
        loop {
            let end = start.checked_add(bytes).filter(|end| *end <= CONTIGUOUS_MEMORY.end)?;
            let before = taken.range(..end).next_back();
            match before.filter(|(_, behind)| **behind > start) {
                Some((_, behind)) => start = *behind,
                None if request.fits(start) => return Some(start..end),
                None => start += PAGE_BYTES,
            }
        }
    }
}

impl Kernel {
    /// Takes the lowest range of physical memory that is free and meets the request. The range
    /// begins at a page boundary and stays taken until it is given back. Returns the start of the
    /// range; `None` when there is no such range or the length is 0.
    ///
    /// IRQL: any.
    #[must_use]
    pub fn take_physical_memory(&self, request: &PhysicalRequest) -> Option<u64> {
        if request.length == 0 {
            return None;
        }
        let memory = &self.state.physical_memory;
        let Range { start, end } = memory.place(request)?;
        memory.0.borrow_mut().insert(start, end);
        Some(start)
    }

    /// Gives back the range that begins at an address. IRQL: any.
    pub fn give_physical_memory_back(&self, start: u64) {
        let given = self.state.physical_memory.0.borrow_mut().remove(&start);
        debug_assert!(given.is_some(), "{start:#x} is the start of a taken range");
    }

    /// The number of ranges that are taken.
    #[must_use]
    pub fn physical_ranges_in_use(&self) -> usize {
        self.state.physical_memory.0.borrow().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::KernelConfig;

    fn kernel() -> Kernel {
        Kernel::new(KernelConfig::default())
    }

    const TWO_PAGES: PhysicalRequest = PhysicalRequest::anywhere(0x1001);

    #[test]
    fn ranges_are_the_lowest_whole_pages_that_are_free() {
        let kernel = kernel();
        let take = |length| kernel.take_physical_memory(&PhysicalRequest::anywhere(length));
        assert_eq!(kernel.take_physical_memory(&TWO_PAGES), Some(0x10_0000));
        assert_eq!(kernel.take_physical_memory(&TWO_PAGES), Some(0x10_2000));
        kernel.give_physical_memory_back(0x10_0000);
        assert_eq!(take(0x3000), Some(0x10_4000));
        assert_eq!(take(1), Some(0x10_0000));
        assert_eq!(take(1), Some(0x10_1000));
        assert_eq!(kernel.physical_ranges_in_use(), 4);
    }

    #[test]
    fn a_range_keeps_to_its_limits() {
        let kernel = kernel();
        let below_16_mib = PhysicalRequest { highest: 0xFF_FFFF, ..TWO_PAGES };
        let above_8_mib = PhysicalRequest { lowest: 0x80_0001, ..below_16_mib };
        assert_eq!(kernel.take_physical_memory(&above_8_mib), Some(0x80_1000));
        let too_long = PhysicalRequest { length: 0xF0_0001, ..below_16_mib };
        assert_eq!(kernel.take_physical_memory(&too_long), None, "from 1 to 16 MiB");
        let no_ram = PhysicalRequest { highest: 0xF_FFFF, ..TWO_PAGES };
        assert_eq!(kernel.take_physical_memory(&no_ram), None);
    }

    #[test]
    fn only_the_bits_that_may_vary_differ_within_a_range() {
        let kernel = kernel();
        let request = PhysicalRequest { length: 0xC000, varying_bits: 0xFFFF, ..TWO_PAGES };
        for start in [0x10_0000, 0x11_0000, 0x12_0000] {
            assert_eq!(kernel.take_physical_memory(&request), Some(start));
        }
        let longer = PhysicalRequest { length: 0x1_0001, ..request };
        assert_eq!(kernel.take_physical_memory(&longer), None, "longer than what may vary");
    }

    #[test]
    fn a_range_does_not_cross_a_multiple_of_its_boundary() {
        let kernel = kernel();
        let request = PhysicalRequest::anywhere(0x3000).within(0x4000);
        assert_eq!(kernel.take_physical_memory(&request), Some(0x10_0000));
        assert_eq!(kernel.take_physical_memory(&request), Some(0x10_4000));
        let longer = PhysicalRequest { length: 0x5000, ..request };
        assert_eq!(kernel.take_physical_memory(&longer), None);
        assert_eq!(TWO_PAGES.within(0), TWO_PAGES);
    }

    #[test]
    fn a_length_of_nothing_or_of_more_than_all_memory_is_refused() {
        for length in [0, 0x800_0000, u64::MAX - 5_000, u64::MAX] {
            assert_eq!(kernel().take_physical_memory(&PhysicalRequest::anywhere(length)), None);
        }
    }
}
