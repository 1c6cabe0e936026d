//! What a parameter of a bug check says by its value.
//!
//! Source: Bug Check Code Reference, the page of each code; ntstatus.h; winnt.h.

/// The meaning of a parameter's value, where it is one of a list.
pub(super) fn value_words(code: u32, index: usize, parameters: [u64; 4]) -> Option<&'static str> {
    let value = parameters[index];
    match (code, index) {
        (0x0A | 0xC5 | 0xD1, 1) => irql(value),
        (0x4A, 1) | (0xC8, 0 | 1) => irql(value),
        (0x0A | 0xC5 | 0xD1, 2) | (0xD5 | 0xD6, 1) => old_access(value),
        (0x50, 1) => new_access(value),
        (0x50, 3) => page_fault(value),
        (0x1E | 0x7E, 0) => exception(value),
        // An access violation tells what was done, and where.
        (0x1E, 2) if parameters[0] == 0xC000_0005 => old_access(value),
        (0x7F, 0) => trap(value),
        (0x9F, 0) => power(value),
        (0xBE, 3) => readonly(value),
        (0xC1, 3) => beside(value),
        (0xC2, 0) => pool(value),
        (0xC4, 0) => rule(value),
        (0xC7, 0) => queued(value),
        (0xC8, 2) => routine(value),
        (0x133, 0) => watchdog(value),
        (0x139, 0) => fast_fail(value),
        _ => None,
    }
}

fn irql(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "PASSIVE_LEVEL",
        1 => "APC_LEVEL",
        2 => "DISPATCH_LEVEL",
        3..=11 => "a device level",
        15 => "HIGH_LEVEL",
        _ => return None,
    })
}

/// Bit 0: written. Bit 3: executed.
fn old_access(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "read",
        1 => "written",
        8 => "executed",
        _ => return None,
    })
}

/// Since Windows 10.
fn new_access(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "read",
        2 => "written",
        0x10 => "executed",
        _ => return None,
    })
}

fn page_fault(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "a page table entry that is not valid",
        2 => "no page there",
        _ => return None,
    })
}

fn exception(value: u64) -> Option<&'static str> {
    Some(match value {
        0x8000_0003 => "STATUS_BREAKPOINT: a breakpoint, and no debugger",
        0xC000_0005 => "STATUS_ACCESS_VIOLATION: a bad address",
        0xC000_001D => "STATUS_ILLEGAL_INSTRUCTION: no instruction of this processor",
        0xC000_008C => "STATUS_ARRAY_BOUNDS_EXCEEDED: an index out of bounds",
        0xC000_0094 => "STATUS_INTEGER_DIVIDE_BY_ZERO: a division by zero",
        0xC000_0095 => "STATUS_INTEGER_OVERFLOW: a result that does not fit",
        0xC000_0096 => "STATUS_PRIVILEGED_INSTRUCTION: an instruction that is not allowed",
        0xC000_0420 => "STATUS_ASSERTION_FAILURE: an assertion in the driver",
        _ => return None,
    })
}

fn trap(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "division by zero",
        4 => "overflow",
        5 => "index out of bounds",
        6 => "illegal instruction",
        8 => "double fault",
        0xD => "general protection",
        _ => return None,
    })
}

fn power(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "the device was freed while a power request was outstanding",
        2 => "the device object completed a power request, but did not ask for the next one",
        3 => "a device object has held a power request for too long",
        4 => "a power transition timed out for want of a lock of Plug and Play",
        _ => return None,
    })
}

fn readonly(value: u64) -> Option<&'static str> {
    Some(match value {
        0xA => "a page that the memory manager or the loader made read-only",
        _ => return None,
    })
}

fn beside(value: u64) -> Option<&'static str> {
    Some(match value {
        0x20 => "pool that was never allocated was freed",
        0x21 | 0x22 => "a bad address was freed",
        0x23 => "near the block, in its page",
        0x24 => "behind the end of the block",
        _ => return None,
    })
}

fn pool(value: u64) -> Option<&'static str> {
    Some(match value {
        1 | 2 | 4 => "the header of the block is damaged",
        6 | 7 => "the block was freed already, or is none",
        8 => "pool was requested at too high an IRQL",
        9 => "pool was freed at too high an IRQL",
        0xA => "the block was freed with another tag",
        0x40 => "memory of an application was freed as pool",
        0x41 => "memory that is not pool was freed",
        0x46 => "an address that is not pool was freed",
        0x99 => "an address was freed that is not the beginning of a block",
        0x9B => "pool was requested with the tag 0",
        _ => return None,
    })
}

fn rule(value: u64) -> Option<&'static str> {
    Some(match value {
        0x00 => "pool of 0 bytes was requested",
        0x01 => "paged pool was requested above APC_LEVEL",
        0x02 => "nonpaged pool was requested above DISPATCH_LEVEL",
        0x10 => "an address was freed that pool never gave",
        0x11 => "paged pool was freed above APC_LEVEL",
        0x12 => "nonpaged pool was freed above DISPATCH_LEVEL",
        0x13 => "pool was freed twice",
        0x30 => "KeRaiseIrql to a level that is lower",
        0x31 => "KeLowerIrql to a level that is higher",
        0x62 => "pool was left behind at unload",
        _ => return None,
    })
}

fn queued(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "a timer or another object of the kernel",
        1 => "a DPC",
        2 => "a DPC routine",
        _ => return None,
    })
}

fn routine(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "an APC",
        1 | 2 => "a DPC",
        3 => "a service routine",
        _ => return None,
    })
}

fn watchdog(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "a single DPC was too long",
        1 => "all the time at DISPATCH_LEVEL or above was too long",
        _ => return None,
    })
}

/// Source: winnt.h, FAST_FAIL.
fn fast_fail(value: u64) -> Option<&'static str> {
    Some(match value {
        0 | 2 => "the security cookie of a stack frame was overwritten",
        1 => "a virtual function was called by a damaged table",
        3 => "a doubly linked list is damaged: an entry was removed twice, or freed in the list",
        4 => "the stack pointer is outside of its stack",
        5 => "an argument that must not be was given to a C function",
        6 => "the security cookie was not set when the driver started",
        7 => "the program itself asked for it",
        8 => "an index is out of range",
        10 => "an indirect call to something that is no function",
        14 => "a reference count is impossible",
        _ => return None,
    })
}
