//! The rules for a compiled driver, beside those of the port and the kernel.
//!
//! `portcls_emulator::Rule` says what a rule is and how a rule is named.

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

    /// A driver must unregister a Plug and Play notification with the entry from its registration.
    NOT_A_NOTIFICATION = "not-a-notification",
        source: "WDK, IoUnregisterPlugPlayNotificationEx";

    /// A driver must free an MDL with the routine that belongs to its allocation.
    NOT_AN_MDL = "not-an-mdl",
        source: "WDK, IoFreeMdl and MmFreePagesFromMdl";

    /// An MDL of locked or nonpaged memory must be neither locked nor built again.
    MDL_LOCKED_AGAIN = "mdl-locked-again",
        source: "WDK, MmProbeAndLockPages; bug check C4, value B0",
        verifier: Some((VERIFIER, 0xB0));

    /// MmUnlockPages must be given an MDL whose pages are locked.
    MDL_NOT_LOCKED = "mdl-not-locked",
        source: "WDK, MmUnlockPages; bug check C4, value 7C",
        verifier: Some((VERIFIER, 0x7C));

    /// MmUnlockPages must not be given an MDL of nonpaged memory.
    MDL_NONPAGED_UNLOCKED = "mdl-nonpaged-unlocked",
        source: "WDK, MmProbeAndLockPages; bug check C4, value 7D",
        verifier: Some((VERIFIER, 0x7D));

    /// MmBuildMdlForNonPagedPool must be given an MDL of memory that is never paged out.
    MDL_OF_PAGED_MEMORY = "mdl-of-paged-memory",
        source: "WDK, MmBuildMdlForNonPagedPool";

    /// An MDL must not be mapped again while it has an address in the system's address space.
    MDL_MAPPED_AGAIN = "mdl-mapped-again",
        source: "WDK, MmMapLockedPagesSpecifyCache; bug check C4, value B2",
        verifier: Some((VERIFIER, 0xB2));

    /// An MDL must be locked before it is mapped.
    MDL_MAPPED_UNLOCKED = "mdl-mapped-unlocked",
        source: "WDK, MmMapLockedPagesSpecifyCache; bug check C4, value B3",
        verifier: Some((VERIFIER, 0xB3));

    /// MmUnmapLockedPages must be given an MDL and the address at which it is mapped.
    MDL_NOT_MAPPED = "mdl-not-mapped",
        source: "WDK, MmUnmapLockedPages";

    /// An MDL must be unlocked before it is freed.
    MDL_FREED_LOCKED = "mdl-freed-locked",
        source: "WDK, Using MDLs: MmUnlockPages comes before IoFreeMdl";

    /// Contiguous memory must be freed by the address at which it begins.
    NOT_CONTIGUOUS_MEMORY = "not-contiguous-memory",
        source: "WDK, MmFreeContiguousMemory";

    /// KeSynchronizeExecution must be given an interrupt that is connected.
    INTERRUPT_NOT_CONNECTED = "interrupt-not-connected",
        source: "WDK, KeSynchronizeExecution; IoConnectInterrupt";

    /// A work item must not be freed while it is queued.
    WORK_ITEM_FREED_QUEUED = "work-item-freed-queued",
        source: "WDK, IoFreeWorkItem";

    /// A request must be freed by the driver that allocated it, and by no other.
    FOREIGN_IRP_FREED = "foreign-irp-freed",
        source: "WDK, IoFreeIrp";

    /// A request that IoBuildSynchronousFsdRequest made must not be freed by the driver.
    IO_BUILD_SYNCHRONOUS_FSD_REQUEST_NO_FREE = "IoBuildSynchronousFsdRequestNoFree",
        source: "WDK, IoBuildSynchronousFsdRequestNoFree rule (wdm)";

    /// A driver must stop the completion of a request that it allocated, and free the request.
    OWN_IRP_NOT_KEPT = "own-irp-not-kept",
        source: "WDK, IoAllocateIrp; IO_COMPLETION_ROUTINE, STATUS_MORE_PROCESSING_REQUIRED";

    /// A saved floating-point state must be restored before the routine that saved it returns.
    FLOATING_POINT_KEPT = "floating-point-kept",
        source: "WDK, KeSaveFloatingPointState, Remarks";

    /// Floating-point states must be restored in reverse order, and never saved at a lower IRQL.
    FLOATING_POINT_NESTING = "floating-point-nesting",
        source: "WDK, KeRestoreFloatingPointState, Remarks";

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

/// Notes that a routine was called above `limit`, the highest IRQL that its row allows.
#[cold]
pub(crate) fn report_high_irql(kernel: &Kernel, limit: Irql, routine: &str) {
    kernel.report_high_irql(&[RULES, portcls_port::rules::RULES], limit, routine);
}
