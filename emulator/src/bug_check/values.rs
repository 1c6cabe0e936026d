//! The words for the values of bug check parameters that come from a list.
//!
//! Source: Bug Check Code Reference, the page of each code; ntstatus.h; winnt.h.

type Values = &'static [(u64, &'static str)];

pub(super) const IRQL: Values = &[
    (0, "PASSIVE_LEVEL"),
    (1, "APC_LEVEL"),
    (2, "DISPATCH_LEVEL"),
    (3, "a device level"),
    (4, "a device level"),
    (5, "a device level"),
    (6, "a device level"),
    (7, "a device level"),
    (8, "a device level"),
    (9, "a device level"),
    (10, "a device level"),
    (11, "a device level"),
    (15, "HIGH_LEVEL"),
];

/// How the memory was accessed. Bit 0: written. Bit 3: executed.
pub(super) const OLD_ACCESS: Values = &[(0, "read"), (1, "written"), (8, "executed")];

/// How the memory was accessed, in the numbers since Windows 10.
pub(super) const NEW_ACCESS: Values = &[(0, "read"), (2, "written"), (0x10, "executed")];

pub(super) const PAGE_FAULT: Values =
    &[(0, "a page table entry that is not valid"), (2, "no page there")];

pub(super) const ACCESS_VIOLATION: u64 = 0xC000_0005;

pub(super) const EXCEPTION: Values = &[
    (0x8000_0003, "STATUS_BREAKPOINT: a breakpoint, and no debugger"),
    (ACCESS_VIOLATION, "STATUS_ACCESS_VIOLATION: a bad address"),
    (0xC000_001D, "STATUS_ILLEGAL_INSTRUCTION: no instruction of this processor"),
    (0xC000_008C, "STATUS_ARRAY_BOUNDS_EXCEEDED: an index out of bounds"),
    (0xC000_008D, "STATUS_FLOAT_DENORMAL_OPERAND: a number too small to be a normal one"),
    (0xC000_008E, "STATUS_FLOAT_DIVIDE_BY_ZERO: a division of floating-point numbers by zero"),
    (0xC000_008F, "STATUS_FLOAT_INEXACT_RESULT: a floating-point result that had to be rounded"),
    (0xC000_0090, "STATUS_FLOAT_INVALID_OPERATION: an invalid floating-point operation"),
    (0xC000_0091, "STATUS_FLOAT_OVERFLOW: a floating-point result that is too large"),
    (0xC000_0092, "STATUS_FLOAT_STACK_CHECK: the x87's stack is empty or full"),
    (0xC000_0093, "STATUS_FLOAT_UNDERFLOW: a floating-point result that is too small"),
    (0xC000_0094, "STATUS_INTEGER_DIVIDE_BY_ZERO: a division by zero"),
    (0xC000_0095, "STATUS_INTEGER_OVERFLOW: a result that does not fit"),
    (0xC000_0096, "STATUS_PRIVILEGED_INSTRUCTION: an instruction that is not allowed"),
    (0xC000_0420, "STATUS_ASSERTION_FAILURE: an assertion in the driver"),
];

pub(super) const TRAP: Values = &[
    (0, "division by zero"),
    (4, "overflow"),
    (5, "index out of bounds"),
    (6, "illegal instruction"),
    (8, "double fault"),
    (0xD, "general protection"),
];

pub(super) const POWER: Values = &[
    (1, "the device was freed while a power request was outstanding"),
    (2, "the device object completed a power request, but did not ask for the next one"),
    (3, "a device object has held a power request for too long"),
    (4, "a power transition timed out for want of a lock of Plug and Play"),
];

pub(super) const READ_ONLY: Values =
    &[(0xA, "a page that the memory manager or the loader made read-only")];

pub(super) const BESIDE_BLOCK: Values = &[
    (0x20, "pool that was never allocated was freed"),
    (0x21, "a bad address was freed"),
    (0x22, "a bad address was freed"),
    (0x23, "near the block, in its page"),
    (0x24, "past the end of the block"),
];

pub(super) const POOL_CALL: Values = &[
    (1, "the header of the block is damaged"),
    (2, "the header of the block is damaged"),
    (4, "the header of the block is damaged"),
    (6, "the block was freed already, or is none"),
    (7, "the block was freed already, or is none"),
    (8, "pool was requested at too high an IRQL"),
    (9, "pool was freed at too high an IRQL"),
    (0xA, "the block was freed with another tag"),
    (0x40, "memory of an application was freed as pool"),
    (0x41, "memory that is not pool was freed"),
    (0x46, "an address that is not pool was freed"),
    (0x99, "an address was freed that is not the beginning of a block"),
    (0x9B, "pool was requested with the tag 0"),
];

pub(super) const VERIFIER: Values = &[
    (0x00, "pool of 0 bytes was requested"),
    (0x01, "paged pool was requested above APC_LEVEL"),
    (0x02, "nonpaged pool was requested above DISPATCH_LEVEL"),
    (0x10, "an address was freed that pool never gave"),
    (0x11, "paged pool was freed above APC_LEVEL"),
    (0x12, "nonpaged pool was freed above DISPATCH_LEVEL"),
    (0x13, "pool was freed twice"),
    (0x30, "KeRaiseIrql to a level that is lower"),
    (0x31, "KeLowerIrql to a level that is higher"),
    (0x62, "pool was left behind at unload"),
];

pub(super) const QUEUED: Values =
    &[(0, "a timer or another object of the kernel"), (1, "a DPC"), (2, "a DPC routine")];

pub(super) const ROUTINE: Values =
    &[(0, "an APC"), (1, "a DPC"), (2, "a DPC"), (3, "a service routine")];

pub(super) const WATCHDOG: Values = &[
    (0, "a single DPC was too long"),
    (1, "all the time at DISPATCH_LEVEL or above was too long"),
];

pub(super) const FLOATING_POINT: Values = &[
    (0, "the structure holds no state: none was saved, or it was overwritten"),
    (1, "the state was saved at another IRQL"),
    (2, "the state was saved by another thread"),
];

/// Source: winnt.h, FAST_FAIL.
pub(super) const FAST_FAIL: Values = &[
    (0, "the security cookie of a stack frame was overwritten"),
    (1, "a virtual function was called by a damaged table"),
    (2, "the security cookie of a stack frame was overwritten"),
    (3, "a doubly linked list is damaged: an entry was removed twice, or freed in the list"),
    (4, "the stack pointer is outside of its stack"),
    (5, "a C function was given an argument that is not allowed"),
    (6, "the security cookie was not set when the driver started"),
    (7, "no check failed: the code itself requested the stop"),
    (8, "an index is out of range"),
    (10, "an indirect call to something that is no function"),
    (14, "a reference count is impossible"),
];
