//! The words of the bug checks: what a code means, and what its four parameters are.
//!
//! Source: Bug Check Code Reference, the page of each code; the words are our own.

/// What is said about one code.
#[derive(Debug)]
pub(super) struct BugCheckWords {
    pub code: u32,
    pub name: &'static str,
    pub description: &'static str,
    pub parameters: [&'static str; 4],
}

const UNUSED: &str = "not used";
const ACCESS: &str = "what was done there";
const ADDRESS: &str = "memory referenced";
const CULPRIT: &str = "address of the instruction that referenced it";

/// The words for a code; `None` for one that is not in the table.
pub(super) fn words(code: u32) -> Option<&'static BugCheckWords> {
    BUG_CHECKS.iter().find(|words| words.code == code)
}

/// Codes that the kernel here raises, and codes that drivers of this kind meet or raise.
pub(super) static BUG_CHECKS: &[BugCheckWords] = &[
    BugCheckWords {
        code: 0x0A,
        name: "IRQL_NOT_LESS_OR_EQUAL",
        description: "A kernel routine touched pageable or invalid memory at an IRQL at which \
                      nothing can bring it in. The driver most likely gave it a bad pointer, or \
                      called it at too high an IRQL.",
        parameters: [ADDRESS, "IRQL at that time", ACCESS, CULPRIT],
    },
    BugCheckWords {
        code: 0x0F,
        name: "SPIN_LOCK_ALREADY_OWNED",
        description: "A spin lock was requested by the processor that holds it already. On a \
                      real machine it would spin for ever.",
        parameters: ["the spin lock", UNUSED, UNUSED, UNUSED],
    },
    BugCheckWords {
        code: 0x10,
        name: "SPIN_LOCK_NOT_OWNED",
        description: "A spin lock was released that nobody holds: released twice, or never \
                      acquired.",
        parameters: ["the spin lock", UNUSED, UNUSED, UNUSED],
    },
    BugCheckWords {
        code: 0x19,
        name: "BAD_POOL_HEADER",
        description: "What describes a pool block has been overwritten. Somebody wrote before or \
                      behind a block of his own.",
        parameters: ["what is wrong", "the pool entry", "depends on the first", "the same"],
    },
    BugCheckWords {
        code: 0x1E,
        name: "KMODE_EXCEPTION_NOT_HANDLED",
        description: "Code of the kernel raised an exception that no handler took.",
        parameters: [
            "the exception",
            "address where it happened",
            "its first parameter",
            "its second parameter",
        ],
    },
    BugCheckWords {
        code: 0x44,
        name: "MULTIPLE_IRP_COMPLETE_REQUESTS",
        description: "A request was completed that is complete already. Two parts of a driver \
                      believe that they own it, or two drivers do.",
        parameters: ["the IRP", UNUSED, UNUSED, UNUSED],
    },
    BugCheckWords {
        code: 0x4A,
        name: "IRQL_GT_ZERO_AT_SYSTEM_SERVICE",
        description: "A system call returned to its application at an IRQL above PASSIVE_LEVEL. \
                      A driver raised it on the way and did not lower it.",
        parameters: ["address of the system call", "IRQL at that time", UNUSED, UNUSED],
    },
    BugCheckWords {
        code: 0x50,
        name: "PAGE_FAULT_IN_NONPAGED_AREA",
        description: "Memory of the system was referenced where there is none. The pointer is \
                      wrong, or points to memory that was given back.",
        parameters: [ADDRESS, ACCESS, CULPRIT, "kind of fault"],
    },
    BugCheckWords {
        code: 0x7E,
        name: "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED",
        description: "A thread of the system, or the driver code that it ran, raised an \
                      exception that no handler took.",
        parameters: [
            "the exception",
            "address where it happened",
            "the exception record, not kept here",
            "the context record, not kept here: see the registers below",
        ],
    },
    BugCheckWords {
        code: 0x7F,
        name: "UNEXPECTED_KERNEL_MODE_TRAP",
        description: "The processor raised a trap that the kernel must not meet. A double fault \
                      is mostly an overflow of the kernel stack.",
        parameters: ["the trap", "for a double fault, the stack address", UNUSED, CULPRIT],
    },
    BugCheckWords {
        code: 0x9F,
        name: "DRIVER_POWER_STATE_FAILURE",
        description: "A driver is in a power state that does not go with the request it holds, \
                      or has held a power request for too long.",
        parameters: ["what is wrong", "depends on the first", "the same", "the same"],
    },
    BugCheckWords {
        code: 0xB8,
        name: "ATTEMPTED_SWITCH_FROM_DPC",
        description: "A DPC, or code that runs as high, wanted to wait. At DISPATCH_LEVEL \
                      nothing else can run that would end the wait.",
        parameters: ["the thread that wanted to wait", "the thread to go on", UNUSED, UNUSED],
    },
    BugCheckWords {
        code: 0xBE,
        name: "ATTEMPTED_WRITE_TO_READONLY_MEMORY",
        description: "A driver wrote to memory that may only be read: to its own code or \
                      constants, or to a page that was given to it for reading.",
        parameters: ["address written to", "contents of its page table entry", UNUSED, "kind"],
    },
    BugCheckWords {
        code: 0xC1,
        name: "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION",
        description: "When a pool block was given back, bytes beside it were found changed. \
                      Somebody wrote before its beginning or behind its end.",
        parameters: ["the block", "the changed byte", UNUSED, "where it lies"],
    },
    BugCheckWords {
        code: 0xC2,
        name: "BAD_POOL_CALLER",
        description: "A pool routine was called in a way that cannot be right, such as for a \
                      block that was given back already.",
        parameters: ["what is wrong", "depends on the first", "the same", "the block"],
    },
    BugCheckWords {
        code: 0xC4,
        name: "DRIVER_VERIFIER_DETECTED_VIOLATION",
        description: "The checks that watch a driver found a mistake that a machine without them \
                      might have survived for a while.",
        parameters: ["the rule that was broken", "depends on the first", "the same", "the same"],
    },
    BugCheckWords {
        code: 0xC5,
        name: "DRIVER_CORRUPTED_EXPOOL",
        description: "The lists of the pool lead to memory that is not there, at an IRQL too \
                      high for a page fault. A driver has overwritten pool that is not its own.",
        parameters: [ADDRESS, "IRQL at that time", ACCESS, CULPRIT],
    },
    BugCheckWords {
        code: 0xC7,
        name: "TIMER_OR_DPC_INVALID",
        description: "A timer or DPC that is still in a queue of the kernel lies in memory that \
                      was given back: cancel it before, and let its DPC end.",
        parameters: [
            "what was found",
            "address of the object",
            "beginning of the memory",
            "end of the memory",
        ],
    },
    BugCheckWords {
        code: 0xC8,
        name: "IRQL_UNEXPECTED_VALUE",
        description: "A routine that the kernel called returned at another IRQL than it was \
                      called at.",
        parameters: ["IRQL now", "IRQL expected", "kind of the routine", UNUSED],
    },
    BugCheckWords {
        code: 0xC9,
        name: "DRIVER_VERIFIER_IOMANAGER_VIOLATION",
        description: "The checks of requests found a driver that broke a rule of the I/O \
                      manager.",
        parameters: ["the rule that was broken", "depends on the first", "the same", "the same"],
    },
    BugCheckWords {
        code: 0xD1,
        name: "DRIVER_IRQL_NOT_LESS_OR_EQUAL",
        description: "A driver touched pageable or invalid memory at an IRQL at which nothing \
                      can bring it in. It is a bad pointer, or code or data for PASSIVE_LEVEL \
                      that was used at DISPATCH_LEVEL or above.",
        parameters: [ADDRESS, "IRQL at that time", ACCESS, CULPRIT],
    },
    BugCheckWords {
        code: 0xD5,
        name: "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL",
        description: "A driver used a pool block after it gave it back.",
        parameters: [ADDRESS, ACCESS, CULPRIT, UNUSED],
    },
    BugCheckWords {
        code: 0xD6,
        name: "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION",
        description: "A driver used memory behind the end of a pool block.",
        parameters: [ADDRESS, ACCESS, CULPRIT, UNUSED],
    },
    BugCheckWords {
        code: 0xE3,
        name: "RESOURCE_NOT_OWNED",
        description: "A thread released a resource that it does not hold.",
        parameters: ["the resource", "the thread", "the table of owners", UNUSED],
    },
    BugCheckWords {
        code: 0xFC,
        name: "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY",
        description: "A driver jumped into data. A function pointer or a return address has been \
                      overwritten, or an object was used that is no more.",
        parameters: ["address jumped to", "contents of its page table entry", UNUSED, UNUSED],
    },
    BugCheckWords {
        code: 0x133,
        name: "DPC_WATCHDOG_VIOLATION",
        description: "A DPC, or code at DISPATCH_LEVEL, did not end in time. Long polling loops \
                      belong into a thread.",
        parameters: ["which limit", "time spent, in ms", "the limit, in ms", UNUSED],
    },
    BugCheckWords {
        code: 0x139,
        name: "KERNEL_SECURITY_CHECK_FAILURE",
        description: "A check that the compiler put into the code found data that cannot be \
                      right, and stopped before it does harm.",
        parameters: ["which check", "the exception record", "the context record", UNUSED],
    },
];
