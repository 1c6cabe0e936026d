//! Bug checks, with their parameters, for refused accesses and traps.
//!
//! Source: Bug Check Code Reference, the pages of the codes. The emulator does not run a driver's
//! exception handlers, so every exception is unhandled.

use cpu_x86::{Access, Fault, FaultKind, Register, Stop, X87Registers};
use portcls_emulator::{BugCheckCode, Irql};

use crate::guest::Guest;

/// The status of an access that is not allowed. Source of all STATUS values below: ntstatus.h.
const STATUS_ACCESS_VIOLATION: u64 = 0xC000_0005;
const STATUS_ILLEGAL_INSTRUCTION: u64 = 0xC000_001D;
const STATUS_ARRAY_BOUNDS_EXCEEDED: u64 = 0xC000_008C;
const STATUS_FLOAT_DENORMAL_OPERAND: u64 = 0xC000_008D;
const STATUS_FLOAT_DIVIDE_BY_ZERO: u64 = 0xC000_008E;
const STATUS_FLOAT_INEXACT_RESULT: u64 = 0xC000_008F;
const STATUS_FLOAT_INVALID_OPERATION: u64 = 0xC000_0090;
const STATUS_FLOAT_OVERFLOW: u64 = 0xC000_0091;
const STATUS_FLOAT_STACK_CHECK: u64 = 0xC000_0092;
const STATUS_FLOAT_UNDERFLOW: u64 = 0xC000_0093;
const STATUS_INTEGER_DIVIDE_BY_ZERO: u64 = 0xC000_0094;
const STATUS_ASSERTION_FAILURE: u64 = 0xC000_0420;
const STATUS_BREAKPOINT: u64 = 0x8000_0003;

/// The vectors of the software interrupts for which this file has a bug check. Source: the
/// interrupt table of Windows, KiRaiseSecurityCheckFailure, KiRaiseAssertion, KiBreakpointTrap.
const FAST_FAIL: u8 = 0x29;
const ASSERTION: u8 = 0x2C;
const BREAKPOINT: u8 = 3;

/// The vector of the double fault, which a stack overflow causes.
const DOUBLE_FAULT: u64 = 8;

/// Who made the refused access.
pub(super) enum Culprit {
    Driver,
    Routine(&'static str),
}

impl Guest {
    /// Raises the bug check of a refused access.
    pub(super) fn accuse_of_access(&self, fault: Fault, culprit: Culprit) {
        let rip = self.0.vm.cpu.borrow().rip();
        let Fault { address, access, kind } = fault;
        let irql = self.kernel().current_irql();
        let by = match &culprit {
            Culprit::Driver => self.describe_address(rip),
            Culprit::Routine(routine) => format!("{routine}, called by the driver"),
        };
        let what = self.describe_place(address, irql);
        let message = format!("{by}: {access} at {address:#x}, {what}");
        let (code, parameters) = self.judge(fault, rip, irql, &culprit);
        let message = match kind {
            FaultKind::Guard if self.0.vm.stacks.range(address).is_some() => {
                format!("{by}: the stack has overflowed")
            }
            FaultKind::Misaligned => {
                format!("{by}: {access} at {address:#x}, which the instruction wants aligned")
            }
            _ => message,
        };
        if access == Access::Execute {
            let message = format!("the driver jumped to {address:#x}, {what}");
            self.kernel().bug_check_with(code, parameters, &message);
        } else {
            self.kernel().bug_check_with(code, parameters, &message);
        }
    }

    /// The bug check of a refused access.
    fn judge(
        &self,
        fault: Fault,
        rip: u64,
        irql: Irql,
        culprit: &Culprit,
    ) -> (BugCheckCode, [u64; 4]) {
        let Fault { address, access, kind } = fault;
        let old_access = match access {
            Access::Read => 0,
            Access::Write => 1,
            Access::Execute => 8,
        };
        if kind == FaultKind::Guard && self.0.vm.stacks.range(address).is_some() {
            return (BugCheckCode::UNEXPECTED_KERNEL_MODE_TRAP, [DOUBLE_FAULT, address, 0, rip]);
        }
        if kind == FaultKind::Misaligned {
            return self.exception(STATUS_ACCESS_VIOLATION, rip, [0, u64::MAX]);
        }
        // Assumed: a fault in special pool gets the code of special pool at any IRQL. The
        // documentation of bug check D1 does not say which code Windows uses when both D1 and the
        // special pool code fit.
        if self.0.pool.freed_at(address).is_some() && kind == FaultKind::NotMapped {
            let code = BugCheckCode::DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL;
            return (code, [address, old_access, rip, 0]);
        }
        if self.0.pool.block_near(address).is_some() && kind == FaultKind::NotMapped {
            let code = BugCheckCode::DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION;
            return (code, [address, old_access, rip, 0]);
        }
        if kind == FaultKind::Rights && !self.0.vm.paging.holds(address) {
            return match access {
                Access::Execute => {
                    (BugCheckCode::ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, [address, 0, 0, 0])
                }
                Access::Read | Access::Write => {
                    (BugCheckCode::ATTEMPTED_WRITE_TO_READONLY_MEMORY, [address, 0, 0, 0xA])
                }
            };
        }
        if irql >= Irql::DISPATCH_LEVEL {
            let code = match culprit {
                Culprit::Driver => BugCheckCode::DRIVER_IRQL_NOT_LESS_OR_EQUAL,
                Culprit::Routine(_) => BugCheckCode::IRQL_NOT_LESS_OR_EQUAL,
            };
            return (code, [address, u64::from(irql.0), old_access, rip]);
        }
        if !self.0.vm.space.is_kernel_address(address) {
            return self.exception(STATUS_ACCESS_VIOLATION, rip, [old_access, address]);
        }
        // Source: the page of bug check 0x50, for Windows 10 version 1507 and later.
        let access = match access {
            Access::Read => 0,
            Access::Write => 2,
            Access::Execute => 0x10,
        };
        (BugCheckCode::PAGE_FAULT_IN_NONPAGED_AREA, [address, access, rip, 2])
    }

    /// The bug check of an unhandled exception, for the status, the address and the two parameters
    /// of the exception.
    ///
    /// Assumed: every thread of a driver is a system thread. In the thread of an application, the
    /// same exception would end in bug check 3B.
    fn exception(&self, status: u64, rip: u64, parameters: [u64; 2]) -> (BugCheckCode, [u64; 4]) {
        if self.kernel().current_irql() >= Irql::DISPATCH_LEVEL {
            let code = BugCheckCode::KMODE_EXCEPTION_NOT_HANDLED;
            (code, [status, rip, parameters[0], parameters[1]])
        } else {
            let code = BugCheckCode::SYSTEM_THREAD_EXCEPTION_NOT_HANDLED;
            // The emulator has no records of the exception and its context.
            (code, [status, rip, 0, 0])
        }
    }

    /// Raises the bug check of an instruction that traps.
    pub(super) fn accuse_of_trap(&self, stop: Stop) {
        if stop == Stop::X87Exception {
            self.accuse_of_x87();
            return;
        }
        let rip = self.0.vm.cpu.borrow().rip();
        let place = self.describe_address(rip);
        let (status, what) = match stop {
            Stop::Interrupt { vector: FAST_FAIL, .. } => {
                let reason = self.0.vm.cpu.borrow().register(Register::Rcx);
                let message = format!("{place}: a fast fail, reason {reason:#x}");
                let code = BugCheckCode::KERNEL_SECURITY_CHECK_FAILURE;
                self.kernel().bug_check_with(code, [reason, 0, 0, 0], &message);
                return;
            }
            Stop::Interrupt { vector: BREAKPOINT, .. } => {
                (STATUS_BREAKPOINT, "a breakpoint, without a debugger")
            }
            Stop::Interrupt { vector: ASSERTION, .. } => (STATUS_ASSERTION_FAILURE, "an assertion"),
            Stop::Undefined => (STATUS_ILLEGAL_INSTRUCTION, "an illegal instruction"),
            Stop::DivideError => (STATUS_INTEGER_DIVIDE_BY_ZERO, "a division by zero or overflow"),
            Stop::BoundRange => (STATUS_ARRAY_BOUNDS_EXCEEDED, "an index out of bounds"),
            Stop::Unsupported { address } => {
                let found = self.0.vm.cpu.borrow().disassemble(address);
                let text = found.map(|instruction| instruction.text).unwrap_or_default();
                self.kernel().unsupported(&format!("the instruction '{text}' at {place}"));
                return;
            }
            other => {
                self.kernel().unsupported(&format!("{other} at {place}"));
                return;
            }
        };
        let (code, parameters) = self.exception(status, rip, [0, 0]);
        self.kernel().bug_check_with(code, parameters, &format!("{place}: {what}"));
    }

    /// Raises the bug check of an x87 exception.
    ///
    /// Assumed: the address in the bug check is the address of the instruction that caused the
    /// exception. The x87 reports an exception late, at a later x87 instruction. The context in the
    /// report shows that later instruction.
    fn accuse_of_x87(&self) {
        let x87 = self.0.vm.cpu.borrow().x87();
        let (status, what) = x87_exception(&x87);
        let rip = x87.instruction_pointer;
        let place = self.describe_address(rip);
        let (code, parameters) = self.exception(status, rip, [0, 0]);
        self.kernel().bug_check_with(code, parameters, &format!("{place}: {what}"));
    }

    /// Raises the bug check of an operation that the processor refused. The fault has no address.
    pub(super) fn accuse_of_protection(&self, what: &str) {
        let rip = self.0.vm.cpu.borrow().rip();
        let (code, parameters) = self.exception(STATUS_ACCESS_VIOLATION, rip, [0, u64::MAX]);
        let place = self.describe_address(rip);
        self.kernel().bug_check_with(code, parameters, &format!("{place}: {what}"));
    }

    /// Describes an address that could not be accessed.
    fn describe_place(&self, address: u64, irql: Irql) -> String {
        if let Some(block) = self.0.pool.freed_at(address) {
            return format!("in {}, which was freed", block.describe());
        }
        if irql >= Irql::DISPATCH_LEVEL && self.0.vm.paging.holds(address) {
            let block = self.0.pool.block_near(address).map(|block| block.describe());
            let section = || self.0.loaded.section_name(address).map(|s| format!("section {s}"));
            let what = block.or_else(section).unwrap_or_default();
            return format!("pageable memory at {irql}: {what}");
        }
        if let Some(block) = self.0.pool.block_near(address) {
            return format!("beside {}", block.describe());
        }
        if self.0.vm.space.events.contains(&address) {
            return "beside a DirectMusic buffer, or among the events of a closed stream"
                .to_owned();
        }
        let discarded = self.0.loaded.discardable.iter().any(|range| range.contains(&address));
        if discarded {
            return "in a section that was discarded after DriverEntry".to_owned();
        }
        match address {
            0..0x1_0000 => "near the null pointer".to_owned(),
            _ => "which is not mapped or does not allow it".to_owned(),
        }
    }
}

/// The status of the x87 exception that waits, and the exception in words. When several exceptions
/// wait, the result is for the one that comes first in the list below.
///
/// Source: Intel SDM volume 1, 4.9.2 (the order), 8.1.3 (the bits); ntstatus.h.
fn x87_exception(x87: &X87Registers) -> (u64, &'static str) {
    const STACK_FAULT: u16 = 0x40;
    let waiting = x87.status & !x87.control;
    let exceptions = [
        (0x01, STATUS_FLOAT_INVALID_OPERATION, "an invalid floating-point operation"),
        (0x04, STATUS_FLOAT_DIVIDE_BY_ZERO, "a floating-point division by zero"),
        (0x02, STATUS_FLOAT_DENORMAL_OPERAND, "a denormal floating-point operand"),
        (0x08, STATUS_FLOAT_OVERFLOW, "a floating-point overflow"),
        (0x10, STATUS_FLOAT_UNDERFLOW, "a floating-point underflow"),
    ];
    match exceptions.into_iter().find(|(bit, ..)| waiting & bit != 0) {
        Some((0x01, ..)) if x87.status & STACK_FAULT != 0 => {
            (STATUS_FLOAT_STACK_CHECK, "an overflow or underflow of the x87's stack")
        }
        Some((_, status, what)) => (status, what),
        None => (STATUS_FLOAT_INEXACT_RESULT, "a floating-point result that had to be rounded"),
    }
}
