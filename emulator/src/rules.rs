//! The rules of the kernel's own routines; `rule.rs` explains what a rule is.

use crate::bug_check::BugCheckCode;
use crate::rule::Severity;

const VERIFIER: BugCheckCode = BugCheckCode::DRIVER_VERIFIER_DETECTED_VIOLATION;
const IO_VERIFIER: BugCheckCode = BugCheckCode::DRIVER_VERIFIER_IOMANAGER_VIOLATION;

crate::rules! {
    /// Pool must be allocated at DISPATCH_LEVEL or below, and paged pool at APC_LEVEL or below.
    IRQL_EX_ALLOCATE_POOL = "IrqlExAllocatePool",
        source: "WDK, IrqlExAllocatePool rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_0004)),
        routines: &["ExAllocatePool*"];

    /// Pool must be freed at DISPATCH_LEVEL or below, and paged pool at APC_LEVEL or below.
    IRQL_EX_FREE = "IrqlExFree1",
        source: "WDK, IrqlExFree1 rule (wdm); bug check C4, values 11 and 12",
        routines: &["ExFreePool*"];

    /// A fast mutex must be acquired at APC_LEVEL or below.
    IRQL_EX_APC_LTE_1 = "IrqlExApcLte1",
        source: "WDK, IrqlExApcLte1 rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_0005)),
        routines: &["ExAcquireFastMutex", "ExTryToAcquireFastMutex"];

    /// A device object must be deleted at APC_LEVEL or below.
    IRQL_IO_APC_LTE = "IrqlIoApcLte",
        source: "WDK, IrqlIoApcLte rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_0009)),
        routines: &["IoDeleteDevice"];

    /// A device object must be created, and a device interface enabled, at PASSIVE_LEVEL.
    IRQL_IO_PASSIVE_1 = "IrqlIoPassive1",
        source: "WDK, IrqlIoPassive1 rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_000A)),
        routines: &["IoCreateDevice", "IoSetDeviceInterfaceState"];

    /// An interrupt must be connected at PASSIVE_LEVEL.
    IRQL_IO_PASSIVE_2 = "IrqlIoPassive2",
        source: "WDK, IrqlIoPassive2 rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_000B)),
        routines: &["IoConnectInterrupt"];

    /// A symbolic link must be made, and a device interface registered, at PASSIVE_LEVEL.
    IRQL_IO_PASSIVE_3 = "IrqlIoPassive3",
        source: "WDK, IrqlIoPassive3 rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_000C)),
        routines: &["IoCreateSymbolicLink", "IoRegisterDeviceInterface"];

    /// An interrupt must be disconnected, and a symbolic link deleted, at PASSIVE_LEVEL.
    IRQL_IO_PASSIVE_4 = "IrqlIoPassive4",
        source: "WDK, IrqlIoPassive4 rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_000D)),
        routines: &["IoDeleteSymbolicLink", "IoDisconnectInterrupt"];

    /// Locks, timers, mutexes, events and floating-point states must be used at DISPATCH_LEVEL or
    /// below.
    IRQL_KE_DISPATCH_LTE = "IrqlKeDispatchLte",
        source: "WDK, IrqlKeDispatchLte rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_0011)),
        routines: &[
            "KeAcquireSpinLock", "KeCancelTimer", "KeClearEvent", "KeInitializeTimer",
            "KeInitializeTimerEx", "KeReadStateEvent", "KeReadStateTimer", "KeReleaseMutex",
            "KeResetEvent", "KeRestoreFloatingPointState", "KeSaveFloatingPointState",
            "KeSetTimer", "KeSetTimerEx",
        ];

    /// An event must be set at DISPATCH_LEVEL or below.
    IRQL_KE_SET_EVENT = "IrqlKeSetEvent",
        source: "WDK, IrqlKeSetEvent rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_0016)),
        routines: &["KeSetEvent"];

    /// Pages for an MDL must be allocated and freed at APC_LEVEL or below.
    IRQL_MM_APC_LTE = "IrqlMmApcLte",
        source: "WDK, IrqlMmApcLte rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_0019)),
        routines: &["MmAllocatePagesForMdl", "MmFreePagesFromMdl"];

    /// Contiguous memory must be freed at DISPATCH_LEVEL or below.
    IRQL_MM_DISPATCH = "IrqlMmDispatch",
        source: "WDK, IrqlMmDispatch rule (wdm)",
        routines: &["MmFreeContiguousMemory*"];

    /// The resolution of the system clock must be set at APC_LEVEL or below.
    IRQL_EX_APC_LTE_2 = "IrqlExApcLte2",
        source: "WDK, IrqlExApcLte2 rule (wdm)",
        routines: &["ExSetTimerResolution"];

    /// Keys of the registry must be opened, read, written and closed at PASSIVE_LEVEL.
    IRQL_ZW_PASSIVE = "IrqlZwPassive",
        source: "WDK, IrqlZwPassive rule (wdm)",
        verifier: Some((VERIFIER, 0x0002_001F)),
        routines: &["ZwClose", "ZwOpenKey", "ZwQueryValueKey", "ZwSetValueKey"];

    /// A request must be completed at DISPATCH_LEVEL or below.
    COMPLETE_ABOVE_DISPATCH = "complete-above-dispatch",
        source: "WDK, bug check C9, value E",
        verifier: Some((IO_VERIFIER, 0x0E)),
        routines: &["IoCompleteRequest"];

    /// A request must be sent to another driver at DISPATCH_LEVEL or below.
    CALL_ABOVE_DISPATCH = "call-above-dispatch",
        source: "WDK, bug check C9, value 10",
        verifier: Some((IO_VERIFIER, 0x10)),
        routines: &["IofCallDriver", "PoCallDriver"];

    /// A routine must not be called at a higher IRQL than its page allows.
    IRQL_TOO_HIGH = "irql-too-high",
        source: "WDK, the page of the routine; Microsoft has no rule of its own for it";

    /// A routine of the driver must return at the IRQL at which it was called.
    IRQL_RETURN = "IrqlReturn",
        source: "WDK, IrqlReturn rule (wdm); bug check C4, value 2001D",
        verifier: Some((VERIFIER, 0x0002_001D));

    /// KeAcquireSpinLockAtDpcLevel must be called at DISPATCH_LEVEL or above.
    DPC_LEVEL_LOCK_BELOW_DISPATCH = "dpc-level-lock-below-dispatch",
        source: "WDK, KeAcquireSpinLockAtDpcLevel; bug check C4, value 40",
        verifier: Some((VERIFIER, 0x40));

    /// Pool must not be requested in blocks of 0 bytes.
    ZERO_ALLOCATION = "zero-allocation",
        source: "WDK, ExAllocatePool2; bug check C4, value 0",
        verifier: Some((VERIFIER, 0));

    /// A dispatch routine that marked a request pending must return STATUS_PENDING.
    MARK_IRP_PENDING = "MarkIrpPending",
        source: "WDK, MarkIrpPending rule (wdm); bug check C9, value 23E",
        verifier: Some((IO_VERIFIER, 0x23E));

    /// A dispatch routine that returns STATUS_PENDING must have marked the request pending.
    MARK_IRP_PENDING_2 = "MarkIrpPending2",
        source: "WDK, MarkIrpPending2 rule (wdm); bug check C9, value 23D",
        verifier: Some((IO_VERIFIER, 0x23D));

    /// A dispatch routine must complete a request, pass it on, or keep it with STATUS_PENDING.
    REQUEST_FORGOTTEN = "request-forgotten",
        source: "WDK, bug check C9, value 226",
        verifier: Some((IO_VERIFIER, 0x226));

    /// A request must not be completed with STATUS_PENDING.
    COMPLETED_AS_PENDING = "completed-as-pending",
        source: "WDK, IoCompleteRequest and PcCompleteIrp; bug check C9, value 6",
        verifier: Some((IO_VERIFIER, 6));

    /// A request must not be completed while its cancel routine is set.
    COMPLETED_CANCELLABLE = "completed-cancellable",
        source: "WDK, IoSetCancelRoutine; bug check C9, value 7",
        verifier: Some((IO_VERIFIER, 7));

    /// A work item must not be queued again before its routine has begun.
    WORK_ITEM_QUEUED_TWICE = "work-item-queued-twice",
        source: "WDK, IoQueueWorkItem";

    /// A service routine should not take longer than 25 us.
    SERVICE_ROUTINE_TIME = "service-routine-time",
        source: "WDK, Guidelines for Writing ISRs",
        severity: Severity::Advice;

    /// A DPC should not take longer than 100 us.
    DPC_TIME = "dpc-time",
        source: "WDK, Guidelines for Writing DPC Routines",
        severity: Severity::Advice;

    /// One call of KeStallExecutionProcessor should not last longer than 50 us.
    STALL_TIME = "stall-time",
        source: "WDK, KeStallExecutionProcessor",
        severity: Severity::Advice;
}
