//! The register of bug checks: one entry for each code.
//!
//! The register has the codes that this kernel raises, and the codes that audio drivers get or
//! raise themselves.
//!
//! A new code needs one entry only. The constant, the name, the report when a driver dies, the name
//! of the failure and `docs/bug-checks.md` are made from this entry. An entry has the meaning (the
//! doc comment, which the report prints), the number, the four parameters, and the fields that
//! differ from [`BugCheckEntry::PLAIN`].
//!
//! Source: Bug Check Code Reference, the page of each code; the words are our own.

use super::values;
use super::{BugCheckCode, BugCheckEntry, Distinction, ParameterWords};

const UNUSED: ParameterWords = ParameterWords::UNUSED;
/// A parameter whose meaning depends on the first parameter.
const DEPENDS: ParameterWords = new("depends on the first parameter");
const ADDRESS: ParameterWords = new("memory referenced");
const CULPRIT: ParameterWords = new("address of the instruction that referenced it");
const AT_IRQL: ParameterWords = listed("IRQL at that time", values::IRQL);
const ACCESS: ParameterWords = listed("what was done there", values::OLD_ACCESS);
const NEW_ACCESS: ParameterWords = listed("what was done there", values::NEW_ACCESS);

/// The parameters of an access violation that no handler caught: what the code did, and where.
const UNHANDLED_ACCESS_VIOLATION: [ParameterWords; 4] = [
    listed("the exception", values::EXCEPTION),
    new("address where it happened"),
    listed("the exception's first parameter", values::OLD_ACCESS),
    new("the exception's second parameter"),
];

const fn new(meaning: &'static str) -> ParameterWords {
    ParameterWords::new(meaning)
}

const fn listed(meaning: &'static str, values: &'static [(u64, &'static str)]) -> ParameterWords {
    ParameterWords::listed(meaning, values)
}

macro_rules! bug_checks {
    ($(
        $(#[doc = $meaning:literal])+
        $name:ident = $number:literal, $parameters:expr $(=> {
            $($field:ident: $value:expr),+ $(,)?
        })?;
    )+) => {
        impl BugCheckCode {
            $(
                $(#[doc = $meaning])+
                pub const $name: BugCheckCode = BugCheckCode($number);
            )+
        }

        /// Every bug check that is known here, by number.
        #[allow(clippy::needless_update, reason = "an entry may say everything")]
        pub static BUG_CHECKS: &[BugCheckEntry] = &[$(
            BugCheckEntry {
                code: BugCheckCode::$name,
                name: stringify!($name),
                meaning: concat!($($meaning),+).trim_ascii(),
                parameters: $parameters,
                $($($field: $value,)+)?
                ..BugCheckEntry::PLAIN
            }
        ),+];
    };
}

bug_checks! {
    /// A kernel routine touched pageable or invalid memory at an IRQL at which no page can be
    /// brought in. Most likely the driver gave the routine a bad pointer, or called it at too high
    /// an IRQL.
    IRQL_NOT_LESS_OR_EQUAL = 0x0A, [ADDRESS, AT_IRQL, ACCESS, CULPRIT] => {
        distinction: Distinction::NullAddress,
    };

    /// A driver wanted to wait for more objects at once than it may: more than 64, or more than 3
    /// without memory for the wait blocks.
    MAXIMUM_WAIT_OBJECTS_EXCEEDED = 0x0C, [UNUSED, UNUSED, UNUSED, UNUSED];

    /// The processor requested a spin lock that it holds already. A real processor would spin for
    /// ever.
    SPIN_LOCK_ALREADY_OWNED = 0x0F, [new("the spin lock"), UNUSED, UNUSED, UNUSED];

    /// The driver released a spin lock that is not held: it was released twice, or never acquired.
    SPIN_LOCK_NOT_OWNED = 0x10, [new("the spin lock"), UNUSED, UNUSED, UNUSED];

    /// A driver gave back more references to an object of the kernel than it had taken. It
    /// dereferenced the object once too often.
    REFERENCE_BY_POINTER = 0x18, [new("type of the object"), new("the object"), UNUSED, UNUSED];

    /// The header of a pool block has been overwritten. A driver wrote before the beginning or past
    /// the end of one of its own blocks.
    BAD_POOL_HEADER = 0x19, [
        new("what is wrong"),
        new("the pool entry"),
        DEPENDS,
        DEPENDS,
    ];

    /// Code of the kernel raised an exception that no handler took.
    KMODE_EXCEPTION_NOT_HANDLED = 0x1E, [
        listed("the exception", values::EXCEPTION),
        new("address where it happened"),
        new("the exception's first parameter"),
        new("the exception's second parameter"),
    ] => {
        distinction: Distinction::FirstParameter,
        by_first: &[(values::ACCESS_VIOLATION, UNHANDLED_ACCESS_VIOLATION)],
    };

    /// A request was passed on and has no stack location left for the next driver. It was made with
    /// too few stack locations, or for another stack of devices.
    NO_MORE_IRP_STACK_LOCATIONS = 0x35, [new("the IRP"), UNUSED, UNUSED, UNUSED];

    /// A request was completed a second time. Two drivers, or two parts of one driver, believe that
    /// they own it.
    MULTIPLE_IRP_COMPLETE_REQUESTS = 0x44, [new("the IRP"), UNUSED, UNUSED, UNUSED];

    /// A system call returned to its application at an IRQL above PASSIVE_LEVEL. A driver raised
    /// the IRQL and did not lower it.
    IRQL_GT_ZERO_AT_SYSTEM_SERVICE = 0x4A, [
        new("address of the system call"),
        AT_IRQL,
        UNUSED,
        UNUSED,
    ];

    /// The code accessed an address where the system has no memory. The pointer is wrong, or points
    /// to memory that was given back.
    PAGE_FAULT_IN_NONPAGED_AREA = 0x50, [
        ADDRESS,
        NEW_ACCESS,
        CULPRIT,
        listed("kind of fault", values::PAGE_FAULT),
    ] => {
        distinction: Distinction::NullAddress,
    };

    /// A thread of the system, or the driver code that it ran, raised an exception that no handler
    /// took.
    SYSTEM_THREAD_EXCEPTION_NOT_HANDLED = 0x7E, [
        listed("the exception", values::EXCEPTION),
        new("address where it happened"),
        new("the exception record, not kept here"),
        new("the context record, not kept here: see the registers below"),
    ] => {
        distinction: Distinction::FirstParameter,
    };

    /// The processor raised a trap that the kernel must not meet. A double fault is mostly an
    /// overflow of the kernel stack.
    UNEXPECTED_KERNEL_MODE_TRAP = 0x7F, [
        listed("the trap", values::TRAP),
        new("for a double fault, the stack address"),
        UNUSED,
        new("address of the instruction"),
    ] => {
        distinction: Distinction::FirstParameter,
    };

    /// A driver did not handle a power request correctly. Its power state does not fit the request,
    /// or the driver has held the request for too long.
    DRIVER_POWER_STATE_FAILURE = 0x9F, [
        listed("what is wrong", values::POWER),
        DEPENDS,
        DEPENDS,
        DEPENDS,
    ] => {
        distinction: Distinction::FirstParameter,
    };

    /// A DPC, or other code at DISPATCH_LEVEL or above, wanted to wait. Nothing that could end the
    /// wait can run at this level.
    ATTEMPTED_SWITCH_FROM_DPC = 0xB8, [
        new("the thread that wanted to wait"),
        new("the thread to go on"),
        UNUSED,
        UNUSED,
    ];

    /// A driver wrote to memory that may only be read: to its own code or constants, or to a page
    /// that was given to it for reading.
    ATTEMPTED_WRITE_TO_READONLY_MEMORY = 0xBE, [
        new("address written to"),
        new("contents of its page table entry"),
        UNUSED,
        listed("kind", values::READ_ONLY),
    ];

    /// When a pool block was given back, the kernel found changed bytes beside the block. A driver
    /// wrote before the beginning or past the end of the block.
    SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION = 0xC1, [
        new("the block"),
        new("the changed byte"),
        UNUSED,
        listed("where it lies", values::BESIDE_BLOCK),
    ];

    /// A driver called a pool routine in a way that cannot be right. For example, it gave a block
    /// back twice.
    BAD_POOL_CALLER = 0xC2, [
        listed("what is wrong", values::POOL_CALL),
        DEPENDS,
        DEPENDS,
        new("the block"),
    ] => {
        distinction: Distinction::FirstParameter,
    };

    /// A check that watches the driver has found a mistake. Without the check the machine might
    /// have run on for a while.
    DRIVER_VERIFIER_DETECTED_VIOLATION = 0xC4, [
        listed("the rule that was broken", values::VERIFIER),
        DEPENDS,
        DEPENDS,
        DEPENDS,
    ] => {
        distinction: Distinction::FirstParameter,
    };

    /// The lists of the pool lead to memory that is not there, at an IRQL too high for a page
    /// fault. A driver has overwritten pool that is not its own.
    DRIVER_CORRUPTED_EXPOOL = 0xC5, [ADDRESS, AT_IRQL, ACCESS, CULPRIT];

    /// A timer or DPC that is still in a queue of the kernel lies in memory that was given back.
    /// Cancel the timer first, and let its DPC end.
    TIMER_OR_DPC_INVALID = 0xC7, [
        listed("what was found", values::QUEUED),
        new("address of the object"),
        new("beginning of the memory"),
        new("end of the memory"),
    ];

    /// A routine that the kernel called returned at an IRQL other than the IRQL of the call.
    IRQL_UNEXPECTED_VALUE = 0xC8, [
        listed("IRQL now", values::IRQL),
        listed("IRQL expected", values::IRQL),
        listed("kind of the routine", values::ROUTINE),
        UNUSED,
    ];

    /// The checks of requests found a driver that broke a rule of the I/O manager.
    DRIVER_VERIFIER_IOMANAGER_VIOLATION = 0xC9, [
        new("the rule that was broken"),
        DEPENDS,
        DEPENDS,
        DEPENDS,
    ] => {
        distinction: Distinction::FirstParameter,
    };

    /// A driver was unloaded while something that it began was not over, such as a system thread.
    /// The driver's code is gone, and the system wanted to run or read it.
    DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS = 0xCE, [
        ADDRESS,
        ACCESS,
        CULPRIT,
        UNUSED,
    ];

    /// A driver touched pageable or invalid memory at an IRQL at which no page can be brought in.
    /// The pointer is bad, or code or data for PASSIVE_LEVEL was used at DISPATCH_LEVEL or above.
    DRIVER_IRQL_NOT_LESS_OR_EQUAL = 0xD1, [ADDRESS, AT_IRQL, ACCESS, CULPRIT] => {
        distinction: Distinction::NullAddress,
    };

    /// A driver used a pool block that it had given back.
    DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL = 0xD5, [ADDRESS, ACCESS, CULPRIT, UNUSED];

    /// A driver used memory past the end of a pool block.
    DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION = 0xD6, [ADDRESS, ACCESS, CULPRIT, UNUSED];

    /// A thread released a resource that it does not hold.
    RESOURCE_NOT_OWNED = 0xE3, [
        new("the resource"),
        new("the thread"),
        new("the table of owners"),
        UNUSED,
    ];

    /// A driver called KeRestoreFloatingPointState with a structure that holds no state, or with a
    /// state that was saved at another IRQL or by another thread.
    INVALID_FLOATING_POINT_STATE = 0xE7, [
        listed("what is wrong", values::FLOATING_POINT),
        DEPENDS,
        DEPENDS,
        UNUSED,
    ] => {
        distinction: Distinction::FirstParameter,
    };

    /// The cookie that the compiler put before a return address has been overwritten. A function of
    /// the driver wrote past the end of a local variable.
    DRIVER_OVERRAN_STACK_BUFFER = 0xF7, [
        new("cookie found on the stack"),
        new("cookie expected"),
        new("complement of the cookie expected"),
        UNUSED,
    ];

    /// A driver jumped into data. A function pointer or a return address has been overwritten, or
    /// the driver used an object that no longer exists.
    ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY = 0xFC, [
        new("address jumped to"),
        new("contents of its page table entry"),
        UNUSED,
        UNUSED,
    ];

    /// A DPC, or code at DISPATCH_LEVEL, did not end in time. A long polling loop belongs in a
    /// thread.
    DPC_WATCHDOG_VIOLATION = 0x133, [
        listed("which limit", values::WATCHDOG),
        new("time spent, in ms"),
        new("the limit, in ms"),
        UNUSED,
    ] => {
        distinction: Distinction::FirstParameter,
    };

    /// A check that the compiler put into the code found data that cannot be right. The code
    /// stopped before the data did harm.
    KERNEL_SECURITY_CHECK_FAILURE = 0x139, [
        listed("which check", values::FAST_FAIL),
        new("the exception record"),
        new("the context record"),
        UNUSED,
    ] => {
        distinction: Distinction::FirstParameter,
    };
}

#[cfg(test)]
mod tests {
    use super::BUG_CHECKS;

    #[test]
    fn every_number_stands_once_and_in_order() {
        let numbers: Vec<u32> = BUG_CHECKS.iter().map(|entry| entry.code.number()).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:X?}");
    }

    #[test]
    fn every_entry_says_what_it_means_in_sentences() {
        for entry in BUG_CHECKS {
            let is_sentence = entry.meaning.ends_with('.') && !entry.meaning.contains("  ");
            assert!(is_sentence, "{}: {}", entry.name, entry.meaning);
            for (first, parameters) in entry.by_first {
                let said = parameters[0].value_words(*first);
                assert!(said.is_some(), "{}: {first:X} is not in the list", entry.name);
            }
        }
    }
}
