//! Physical memory: the addresses that a device sees, and which of them are taken.
//!
//! Owns the addresses only. The bytes behind them belong to the room that takes the range: memory
//! of a compiled driver, or memory of the emulator for a driver in Rust.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::kernel::Kernel;

/// The bytes of a page. One page is left free behind each range, so that a driver or a device that
/// runs over the end of its memory does not meet the memory of another.
const PAGE_BYTES: u64 = 4_096;

/// The addresses of the memory that is handed out.
///
/// Assumed: a machine with 128 MiB, of which the first one is taken by the firmware, the screen and
/// old DOS. More memory would only make the addresses longer.
const MEMORY: Range<u64> = 0x10_0000..0x800_0000;

/// What a range of physical memory has to be like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PhysicalRequest {
    /// The length in bytes. The range takes whole pages.
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
    pub fn anywhere(length: u64) -> PhysicalRequest {
        PhysicalRequest { length, lowest: 0, highest: u64::MAX, varying_bits: u64::MAX }
    }

    /// Whether a range may begin at an address.
    fn fits(&self, start: u64) -> bool {
        let last = start + self.length - 1;
        start >= self.lowest && last <= self.highest && (start ^ last) & !self.varying_bits == 0
    }
}

/// The taken ranges.
pub(crate) struct PhysicalMemory(RefCell<State>);

struct State {
    /// The ends of the taken ranges, with the free page behind each, by their starts.
    taken: BTreeMap<u64, u64>,
    /// Where the next search begins. An address that was given back is used again as late as
    /// possible, so that a driver that still uses it does not meet the memory of another.
    next: u64,
}

impl Default for PhysicalMemory {
    fn default() -> PhysicalMemory {
        PhysicalMemory(RefCell::new(State { taken: BTreeMap::new(), next: MEMORY.start }))
    }
}

impl State {
    /// The end of a taken range that lies in `range`, if there is one.
    fn obstacle(&self, range: Range<u64>) -> Option<u64> {
        let (_, end) = self.taken.range(..range.end).next_back()?;
        (*end > range.start).then_some(*end)
    }

    /// The first place in `within` for a range.
    fn place(&self, request: &PhysicalRequest, within: Range<u64>) -> Option<u64> {
        let bytes = taken_bytes(request.length)?;
        let mut start = within.start;
        while start < within.end {
            let end = start.checked_add(bytes).filter(|end| *end <= MEMORY.end)?;
            match self.obstacle(start..end) {
                Some(behind) => start = behind,
                None if request.fits(start) => return Some(start),
                None => start += PAGE_BYTES,
            }
        }
        None
    }
}

impl Kernel {
    /// Takes a range of physical memory, which begins at a page; `None` when no free range is as
    /// requested. The range stays taken until it is given back.
    ///
    /// IRQL: any. Source: WDK, MmAllocateContiguousMemorySpecifyCache and AllocateCommonBuffer,
    /// which hand out whole pages.
    #[must_use]
    pub fn take_physical_memory(&self, request: &PhysicalRequest) -> Option<u64> {
        if request.length == 0 {
            return None;
        }
        let mut state = self.state.physical_memory.0.borrow_mut();
        let next = state.next;
        let start = state
            .place(request, next..MEMORY.end)
            .or_else(|| state.place(request, MEMORY.start..next))?;
        let end = start + taken_bytes(request.length)?;
        state.taken.insert(start, end);
        state.next = end;
        Some(start)
    }

    /// Gives back the range that begins at an address. IRQL: any.
    pub fn give_physical_memory_back(&self, start: u64) {
        let given = self.state.physical_memory.0.borrow_mut().taken.remove(&start);
        debug_assert!(given.is_some(), "{start:#x} is the start of a taken range");
    }

    /// The number of ranges that are taken.
    #[must_use]
    pub fn physical_ranges_in_use(&self) -> usize {
        self.state.physical_memory.0.borrow().taken.len()
    }
}

/// The bytes that a range of this length takes; `None` for a senseless length.
fn taken_bytes(length: u64) -> Option<u64> {
    length.checked_next_multiple_of(PAGE_BYTES)?.checked_add(PAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::KernelConfig;

    fn kernel() -> Kernel {
        Kernel::new(KernelConfig::default())
    }

    #[test]
    fn ranges_are_whole_pages_with_a_free_one_between_them() {
        let kernel = kernel();
        let take = |length| kernel.take_physical_memory(&PhysicalRequest::anywhere(length));
        let (first, second) = (take(1).unwrap(), take(4_097).unwrap());
        assert_eq!((first, second), (0x10_0000, 0x10_2000), "with a free page between them");
        assert_eq!(take(4_096), Some(0x10_5000));
        assert_eq!(take(0), None);
        assert_eq!(kernel.physical_ranges_in_use(), 3);
    }

    #[test]
    fn only_the_bits_that_may_vary_differ_within_a_range() {
        let kernel = kernel();
        let request = PhysicalRequest { varying_bits: 0xFFFF, ..PhysicalRequest::anywhere(0xC000) };
        let starts: Vec<u64> =
            (0..3).map(|_| kernel.take_physical_memory(&request).expect("room")).collect();
        assert_eq!(starts, [0x10_0000, 0x11_0000, 0x12_0000]);
        let longer = PhysicalRequest { length: 0x1_0001, ..request };
        assert_eq!(kernel.take_physical_memory(&longer), None, "longer than what may vary");
    }

    #[test]
    fn a_range_lies_between_the_lowest_and_the_highest_address() {
        let kernel = kernel();
        let all_of_16_mib = PhysicalRequest {
            highest: 0xFF_FFFF,
            ..PhysicalRequest::anywhere(0xF0_0000)
        };
        assert_eq!(kernel.take_physical_memory(&all_of_16_mib), Some(0x10_0000));
        let one = PhysicalRequest { length: 1, ..all_of_16_mib };
        assert_eq!(kernel.take_physical_memory(&one), None, "nothing is left below 16 MiB");
        let above = PhysicalRequest { lowest: 0x700_0001, ..PhysicalRequest::anywhere(1) };
        assert_eq!(kernel.take_physical_memory(&above), Some(0x700_1000));
    }

    #[test]
    fn what_was_given_back_is_taken_again_when_the_rest_is_used_up() {
        let kernel = kernel();
        let half = PhysicalRequest::anywhere(0x3F0_0000);
        let first = kernel.take_physical_memory(&half).expect("room");
        let second = kernel.take_physical_memory(&half).expect("room");
        assert_eq!(kernel.take_physical_memory(&half), None);
        kernel.give_physical_memory_back(first);
        assert_eq!(kernel.take_physical_memory(&half), Some(first));
        kernel.give_physical_memory_back(first);
        kernel.give_physical_memory_back(second);
        assert_eq!(kernel.physical_ranges_in_use(), 0);
    }

    #[test]
    fn a_length_beyond_all_memory_is_refused() {
        for length in [0x800_0000, u64::MAX - 5_000, u64::MAX] {
            assert_eq!(kernel().take_physical_memory(&PhysicalRequest::anywhere(length)), None);
        }
    }
}
