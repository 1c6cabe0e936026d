//! The address map: where things lie in the guest's half of the address range.
//!
//! Everything is in the kernel half, where a driver expects it. Most of the kernel half is not
//! mapped, so a wild pointer seldom hits memory. The places are fixed, so a run that is repeated
//! has the same addresses.

use std::ops::Range;

use cpu_x86::{Mode, PAGE_BYTES};

/// Bytes of a page, in the type of an address.
pub(crate) const PAGE: u64 = PAGE_BYTES as u64;

/// The places for one bitness.
#[derive(Debug)]
pub(crate) struct Space {
    /// Bytes of a pointer.
    pub pointer_bytes: u64,
    /// The first address of the kernel half.
    pub kernel_half: u64,
    /// The address of the image.
    pub image: u64,
    /// Addresses that stand for routines of the kernel and of PortCls. These addresses are not
    /// mapped.
    pub thunks: Range<u64>,
    /// Storage of imported data.
    pub data_imports: Range<u64>,
    /// Pool that is always resident.
    pub nonpaged_pool: Range<u64>,
    /// Pool that is out at DISPATCH_LEVEL and above.
    pub paged_pool: Range<u64>,
    /// COM objects of the port; each has a pointer to a vtable.
    pub port_objects: Range<u64>,
    /// The vtables of the port's COM objects.
    pub vtables: Range<u64>,
    /// The kernel's objects that the driver sees, such as device objects and requests, and other
    /// blocks of memory that a routine gives the driver.
    pub objects: Range<u64>,
    /// DirectMusic events and their buffers.
    pub events: Range<u64>,
    /// The usual buffer of a call that moves data.
    pub transfer: Range<u64>,
    /// The lowest address of the first stack. The other stacks follow.
    pub stacks: u64,
    /// Bytes of one stack: the size that NT gives a thread.
    pub stack_bytes: u64,
    /// KUSER_SHARED_DATA.
    pub shared_data: u64,
    /// The processor's control region, KPCR.
    pub processor: u64,
    /// The alignment of a pool block in bytes.
    pub pool_alignment: u64,
}

/// Source: x64 Windows, for KUSER_SHARED_DATA and the stack size. Assumed, for the rest: any place
/// in the kernel half will do.
static BITS_64: Space = Space {
    pointer_bytes: 8,
    kernel_half: 0xFFFF_8000_0000_0000,
    image: 0xFFFF_F800_1000_0000,
    thunks: 0xFFFF_F801_0000_0000..0xFFFF_F801_0100_0000,
    data_imports: 0xFFFF_F801_1000_0000..0xFFFF_F801_1001_0000,
    nonpaged_pool: 0xFFFF_C000_0000_0000..0xFFFF_D000_0000_0000,
    paged_pool: 0xFFFF_A000_0000_0000..0xFFFF_B000_0000_0000,
    port_objects: 0xFFFF_E000_0000_0000..0xFFFF_E000_0100_0000,
    vtables: 0xFFFF_F801_2000_0000..0xFFFF_F801_2001_0000,
    objects: 0xFFFF_E100_0000_0000..0xFFFF_E100_1000_0000,
    events: 0xFFFF_E200_0000_0000..0xFFFF_E200_1000_0000,
    transfer: 0xFFFF_D100_0000_0000..0xFFFF_D100_0001_0000,
    stacks: 0xFFFF_D000_2000_0000,
    stack_bytes: 0x6000,
    shared_data: 0xFFFF_F780_0000_0000,
    processor: 0xFFFF_F802_0000_0000,
    pool_alignment: 16,
};

/// Source: x86 Windows without PAE, for the 2 GiB of kernel space from 80000000, KUSER_SHARED_DATA,
/// the control region and the stack size. Assumed, for the rest: any place in the kernel half will
/// do.
static BITS_32: Space = Space {
    pointer_bytes: 4,
    kernel_half: 0x8000_0000,
    image: 0x8100_0000,
    thunks: 0x8F00_0000..0x8F80_0000,
    data_imports: 0x8F80_0000..0x8F81_0000,
    nonpaged_pool: 0x9000_0000..0xB000_0000,
    paged_pool: 0xB000_0000..0xC000_0000,
    port_objects: 0xC000_0000..0xC100_0000,
    vtables: 0x8F90_0000..0x8F91_0000,
    objects: 0xC200_0000..0xC600_0000,
    events: 0xC800_0000..0xD800_0000,
    transfer: 0xC700_0000..0xC701_0000,
    stacks: 0xF800_0000,
    stack_bytes: 0x3000,
    shared_data: 0xFFDF_0000,
    processor: 0xFFDF_F000,
    pool_alignment: 8,
};

impl Space {
    /// The places for a mode of the processor.
    pub fn of(mode: Mode) -> &'static Space {
        match mode {
            Mode::Bits32 => &BITS_32,
            Mode::Bits64 => &BITS_64,
        }
    }

    /// Whether an address belongs to the kernel, even if nothing is mapped there.
    pub fn is_kernel_address(&self, address: u64) -> bool {
        address >= self.kernel_half
    }
}

/// Hands out the addresses of a range upwards, and never hands out an address twice.
#[derive(Debug)]
pub(crate) struct Upwards {
    next: u64,
    end: u64,
}

impl Upwards {
    pub fn new(range: &Range<u64>) -> Upwards {
        Upwards { next: range.start, end: range.end }
    }

    /// Takes the next aligned address with room for `bytes`; `None` when the range is used up.
    pub fn take(&mut self, bytes: u64, alignment: u64) -> Option<u64> {
        let address = self.next.next_multiple_of(alignment);
        let end = address.checked_add(bytes).filter(|end| *end <= self.end)?;
        self.next = end;
        Some(address)
    }
}
