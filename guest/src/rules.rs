//! The rules for a compiled driver, beside those of the port and the kernel.
//!
//! They are about the arguments of a routine, the return of a function, and the counts of
//! references.
//!
//! `portcls_emulator::Rule` says what a rule is and how it is named.

use portcls_emulator::{BugCheckCode, Irql, Kernel};

const VERIFIER: BugCheckCode = BugCheckCode::DRIVER_VERIFIER_DETECTED_VIOLATION;

portcls_emulator::rules! {
    /// A routine of kernel streaming must not be called at a higher IRQL than its page allows.
    KS_IRQL_DDIS = "KsIrqlDDIs",
        source: "WDK, KsIrqlDDIs rule (ks)",
        verifier: Some((VERIFIER, 0x0008_1009)),
        routines: &["Ks*"];

    /// An event, timer, DPC, mutex or the like must be initialised before it is used.
    UNINITIALISED_OBJECT = "uninitialised-object",
        source: "WDK, the page of the routine, its parameter";

    /// A routine that wants a device object must be given one that exists.
    NOT_A_DEVICE = "not-a-device",
        source: "WDK, the page of the routine; for IoCallDriver bug check C9, value 4";

    /// A routine that wants a work item must be given one that is allocated.
    NOT_A_WORK_ITEM = "not-a-work-item",
        source: "WDK, IoQueueWorkItem and IoFreeWorkItem";

    /// A routine that wants a worker must be given one that is registered.
    NOT_A_WORKER = "not-a-worker",
        source: "WDK, KsQueueWorkItem and KsUnregisterWorker";

    /// KeSynchronizeExecution must be given an interrupt that is connected.
    INTERRUPT_NOT_CONNECTED = "interrupt-not-connected",
        source: "WDK, KeSynchronizeExecution; IoConnectInterrupt";

    /// A work item must not be freed while it is queued.
    WORK_ITEM_FREED_QUEUED = "work-item-freed-queued",
        source: "WDK, IoFreeWorkItem";

    /// A request must be freed by the driver that allocated it, and by no other.
    FOREIGN_IRP_FREED = "foreign-irp-freed",
        source: "WDK, IoFreeIrp";

    /// A driver must keep a request that it allocated, when it comes back complete, and free it.
    OWN_IRP_NOT_KEPT = "own-irp-not-kept",
        source: "WDK, IoAllocateIrp; IO_COMPLETION_ROUTINE, STATUS_MORE_PROCESSING_REQUIRED";

    /// GetDescription must answer a filter descriptor that can be read.
    DESCRIPTOR_UNREADABLE = "descriptor-unreadable",
        source: "WDK, PCFILTER_DESCRIPTOR and the structures that it points to";

    /// Release must not be called more often than the driver took references.
    RELEASE_WITHOUT_REFERENCE = "release-without-reference",
        source: "COM, IUnknown::Release";

    /// A function must leave the stack pointer where its calling convention wants it.
    STACK_IMBALANCE = "stack-imbalance",
        source: "x64 calling convention, Stack usage";
}

/// Notes that a routine was called above the highest IRQL that its table allows.
#[cold]
pub(crate) fn report_high_irql(kernel: &Kernel, limit: Irql, routine: &str) {
    kernel.report_high_irql(&[RULES, portcls_port::rules::RULES], limit, routine);
}
