//! `ntoskrnl.exe`: the kernel.

mod c_library;
mod devices;
mod guards;
mod interlocked;
pub(super) mod lookaside;
mod memory;
mod mutexes;
mod objects;
mod power;
mod print;
mod processor;
pub(super) mod registry;
pub(super) mod requests;
mod strings;
mod time;

use cpu_x86::Mode;
use portcls_emulator::Irql;

use super::module::{Module, Storage, Variable};
use crate::routine::Routine;

/// The table.
pub(super) static MODULE: Module = Module {
    names: &["ntoskrnl.exe", "ntkrnlpa.exe", "ntkrnlmp.exe"],
    routines: &[
        Routine::cdecl("DbgPrint", 1, ANY, print::dbg_print),
        Routine::cdecl("DbgPrintEx", 3, ANY, print::dbg_print_ex),
        Routine::fastcall("ExAcquireFastMutex", 1, ANY, mutexes::acquire_fast_mutex),
        Routine::stdcall("ExAllocatePool", 2, ANY, memory::ex_allocate_pool),
        Routine::stdcall("ExAllocatePool2", 4, ANY, memory::ex_allocate_pool_2),
        Routine::stdcall("ExAllocatePoolWithTag", 3, ANY, memory::ex_allocate_pool_with_tag),
        Routine::stdcall("ExDeleteNPagedLookasideList", 1, DISPATCH, lookaside::delete),
        Routine::stdcall("ExFreePool", 1, ANY, memory::ex_free_pool),
        Routine::stdcall("ExFreePoolWithTag", 2, ANY, memory::ex_free_pool_with_tag),
        Routine::stdcall("ExInitializeNPagedLookasideList", 7, DISPATCH, lookaside::initialize),
        Routine::stdcall("ExInterlockedInsertHeadList", 3, ANY, interlocked::insert_head_list),
        Routine::stdcall("ExInterlockedInsertTailList", 3, ANY, interlocked::insert_tail_list),
        Routine::fastcall(
            "ExInterlockedPopEntrySList",
            2,
            ANY,
            interlocked::pop_entry_slist_locked,
        ),
        Routine::fastcall(
            "ExInterlockedPushEntrySList",
            3,
            ANY,
            interlocked::push_entry_slist_locked,
        ),
        Routine::stdcall("ExInterlockedRemoveHeadList", 2, ANY, interlocked::remove_head_list),
        Routine::stdcall("ExQueryDepthSList", 1, ANY, interlocked::query_depth_slist),
        Routine::fastcall("ExReleaseFastMutex", 1, ANY, mutexes::release_fast_mutex),
        Routine::fastcall("ExfInterlockedInsertHeadList", 3, ANY, interlocked::insert_head_list),
        Routine::fastcall("ExfInterlockedInsertTailList", 3, ANY, interlocked::insert_tail_list),
        Routine::fastcall("ExfInterlockedRemoveHeadList", 2, ANY, interlocked::remove_head_list),
        Routine::stdcall("ExpInterlockedPopEntrySList", 1, ANY, interlocked::pop_entry_slist),
        Routine::stdcall("ExpInterlockedPushEntrySList", 2, ANY, interlocked::push_entry_slist),
        Routine::fastcall("InterlockedCompareExchange", 3, ANY, interlocked::compare_exchange),
        Routine::fastcall("InterlockedDecrement", 1, ANY, interlocked::decrement),
        Routine::fastcall("InterlockedExchange", 2, ANY, interlocked::exchange),
        Routine::fastcall("InterlockedExchangeAdd", 2, ANY, interlocked::exchange_add),
        Routine::fastcall("InterlockedIncrement", 1, ANY, interlocked::increment),
        Routine::fastcall("InterlockedPopEntrySList", 1, ANY, interlocked::pop_entry_slist),
        Routine::fastcall("InterlockedPushEntrySList", 2, ANY, interlocked::push_entry_slist),
        Routine::stdcall("IoAllocateIrp", 2, DISPATCH, requests::allocate_irp),
        Routine::stdcall("IoAllocateWorkItem", 1, DISPATCH, devices::allocate_work_item),
        Routine::stdcall(
            "IoAttachDeviceToDeviceStack",
            2,
            DISPATCH,
            devices::attach_device_to_device_stack,
        ),
        Routine::stdcall("IoCreateDevice", 7, PASSIVE, devices::create_device),
        Routine::stdcall("IoDeleteDevice", 1, PASSIVE, devices::delete_device),
        Routine::stdcall("IoFreeIrp", 1, DISPATCH, requests::free_irp),
        Routine::stdcall("IoFreeWorkItem", 1, DISPATCH, devices::free_work_item),
        Routine::stdcall(
            "IoGetAttachedDeviceReference",
            1,
            DISPATCH,
            devices::get_attached_device_reference,
        ),
        Routine::stdcall("IoGetDeviceProperty", 5, PASSIVE, devices::get_device_property),
        Routine::stdcall("IoQueueWorkItem", 4, ANY, devices::queue_work_item),
        Routine::fastcall("IofCallDriver", 2, DISPATCH, requests::call_driver),
        Routine::fastcall("IofCompleteRequest", 2, ANY, requests::complete_request),
        Routine::stdcall(
            "KeAcquireSpinLockAtDpcLevel",
            1,
            ANY,
            memory::acquire_spin_lock_at_dpc_level,
        ),
        Routine::stdcall("KeAcquireSpinLockRaiseToDpc", 1, ANY, memory::acquire_spin_lock),
        Routine::stdcall("KeBugCheck", 1, ANY, processor::bug_check),
        Routine::stdcall("KeBugCheckEx", 5, ANY, processor::bug_check_ex),
        Routine::stdcall("KeCancelTimer", 1, ANY, objects::cancel_timer),
        Routine::stdcall("KeClearEvent", 1, ANY, objects::reset_event),
        Routine::stdcall("KeDelayExecutionThread", 3, ANY, time::delay_execution_thread),
        Routine::stdcall("KeFlushQueuedDpcs", 0, ANY, objects::flush_queued_dpcs),
        Routine::stdcall("KeGetCurrentIrql", 0, ANY, processor::get_current_irql),
        Routine::stdcall("KeInitializeDpc", 3, ANY, objects::initialize_dpc),
        Routine::stdcall("KeInitializeEvent", 3, ANY, objects::initialize_event),
        Routine::stdcall("KeInitializeMutex", 2, ANY, mutexes::initialize_mutex),
        Routine::stdcall("KeInitializeSpinLock", 1, ANY, memory::initialize_spin_lock),
        Routine::stdcall("KeInitializeTimer", 1, ANY, objects::initialize_timer),
        Routine::stdcall("KeInitializeTimerEx", 2, ANY, objects::initialize_timer_ex),
        Routine::stdcall("KeInsertQueueDpc", 3, ANY, objects::insert_queue_dpc),
        Routine::stdcall("KeLowerIrql", 1, ANY, processor::lower_irql),
        Routine::stdcall("KeQueryInterruptTime", 0, ANY, time::query_interrupt_time),
        Routine::stdcall("KeQueryPerformanceCounter", 1, ANY, time::query_performance_counter),
        Routine::stdcall("KeQuerySystemTime", 1, ANY, time::query_system_time),
        Routine::stdcall("KeQueryTimeIncrement", 0, ANY, time::query_time_increment),
        Routine::stdcall("KeRaiseIrql", 2, ANY, processor::raise_irql_into),
        Routine::stdcall("KeRaiseIrqlToDpcLevel", 0, ANY, processor::raise_irql_to_dpc_level),
        Routine::stdcall("KeReadStateEvent", 1, ANY, objects::read_state_event),
        Routine::stdcall("KeReleaseMutex", 2, ANY, mutexes::release_mutex),
        Routine::stdcall("KeReleaseSpinLock", 2, ANY, memory::release_spin_lock),
        Routine::stdcall(
            "KeReleaseSpinLockFromDpcLevel",
            1,
            ANY,
            memory::release_spin_lock_from_dpc_level,
        ),
        Routine::stdcall("KeRemoveQueueDpc", 1, ANY, objects::remove_queue_dpc),
        Routine::stdcall("KeResetEvent", 1, ANY, objects::reset_event),
        Routine::stdcall("KeSetEvent", 3, ANY, objects::set_event),
        Routine::stdcall("KeSetImportanceDpc", 2, ANY, objects::set_importance_dpc),
        Routine::stdcall("KeSetTimer", 4, ANY, objects::set_timer),
        Routine::stdcall("KeSetTimerEx", 5, ANY, objects::set_timer_ex),
        Routine::stdcall("KeSynchronizeExecution", 3, ANY, guards::synchronize_execution),
        Routine::stdcall("KeWaitForSingleObject", 5, ANY, time::wait_for_single_object),
        Routine::fastcall(
            "KefAcquireSpinLockAtDpcLevel",
            1,
            ANY,
            memory::acquire_spin_lock_at_dpc_level,
        ),
        Routine::fastcall(
            "KefReleaseSpinLockFromDpcLevel",
            1,
            ANY,
            memory::release_spin_lock_from_dpc_level,
        ),
        Routine::fastcall("KfAcquireSpinLock", 1, ANY, memory::acquire_spin_lock),
        Routine::fastcall("KfLowerIrql", 1, ANY, processor::lower_irql),
        Routine::fastcall("KfRaiseIrql", 1, ANY, processor::raise_irql),
        Routine::fastcall("KfReleaseSpinLock", 2, ANY, memory::release_spin_lock),
        Routine::stdcall(
            "ObReferenceObjectByHandle",
            6,
            PASSIVE,
            devices::reference_object_by_handle,
        ),
        Routine::fastcall("ObfDereferenceObject", 1, DISPATCH, devices::dereference_object),
        Routine::fastcall("ObfReferenceObject", 1, DISPATCH, devices::reference_object),
        Routine::stdcall("PoCallDriver", 2, DISPATCH, power::call_power_driver),
        Routine::stdcall("PoRequestPowerIrp", 6, ANY, power::request_power_irp),
        Routine::stdcall("PoSetPowerState", 3, ANY, power::set_power_state),
        Routine::stdcall("PoStartNextPowerIrp", 1, ANY, power::start_next_power_irp),
        Routine::stdcall(
            "RtlAppendUnicodeStringToString",
            2,
            ANY,
            strings::append_unicode_string_to_string,
        ),
        Routine::stdcall("RtlAppendUnicodeToString", 2, ANY, strings::append_unicode_to_string),
        Routine::stdcall("RtlAssert", 4, ANY, guards::rtl_assert),
        Routine::stdcall("RtlCompareMemory", 3, ANY, c_library::rtl_compare_memory),
        Routine::stdcall("RtlCompareUnicodeString", 3, ANY, strings::compare_unicode_string),
        Routine::stdcall("RtlCopyUnicodeString", 2, ANY, strings::copy_unicode_string),
        Routine::stdcall("RtlEqualUnicodeString", 3, ANY, strings::equal_unicode_string),
        Routine::stdcall("RtlFillMemory", 3, ANY, c_library::rtl_fill_memory),
        Routine::stdcall("RtlFreeUnicodeString", 1, ANY, strings::free_unicode_string),
        Routine::stdcall("RtlInitUnicodeString", 2, ANY, strings::init_unicode_string),
        Routine::stdcall("RtlMoveMemory", 3, ANY, c_library::memmove),
        Routine::stdcall("RtlQueryRegistryValues", 5, ANY, registry::query_registry_values),
        Routine::stdcall("RtlZeroMemory", 2, ANY, c_library::rtl_zero_memory),
        Routine::stdcall("ZwClose", 1, PASSIVE, registry::close),
        Routine::stdcall("ZwMakeTemporaryObject", 1, PASSIVE, registry::make_temporary_object),
        Routine::stdcall("ZwOpenKey", 3, ANY, registry::open_key),
        Routine::stdcall("ZwQueryValueKey", 6, PASSIVE, registry::query_value_key),
        Routine::stdcall("ZwSetValueKey", 6, PASSIVE, registry::set_value_key),
        Routine::cdecl("__C_specific_handler", 4, ANY, guards::c_specific_handler),
        Routine::fastcall("__security_check_cookie", 1, ANY, guards::security_check_cookie),
        Routine::cdecl("_purecall", 0, ANY, guards::purecall),
        Routine::cdecl("memcmp", 3, ANY, c_library::memcmp),
        Routine::cdecl("memcpy", 3, ANY, c_library::memmove),
        Routine::cdecl("memmove", 3, ANY, c_library::memmove),
        Routine::cdecl("memset", 3, ANY, c_library::memset),
        Routine::cdecl("strcmp", 2, ANY, c_library::strcmp),
        Routine::cdecl("strlen", 1, ANY, c_library::strlen),
        Routine::cdecl("strncmp", 3, ANY, c_library::strncmp),
        Routine::cdecl("wcscmp", 2, ANY, c_library::wcscmp),
        Routine::cdecl("wcscpy", 2, ANY, c_library::wcscpy),
        Routine::cdecl("wcslen", 1, ANY, c_library::wcslen),
    ],
    variables: &[
        Variable { name: "InitSafeBootMode", storage: Storage::Own(no_safe_boot) },
        Variable { name: "KdDebuggerEnabled", storage: Storage::Own(no_debugger) },
        Variable { name: "KdDebuggerNotPresent", storage: Storage::Own(debugger_not_present) },
        Variable { name: "KeNumberProcessors", storage: Storage::Own(one_processor) },
        Variable { name: "KeTickCount", storage: Storage::SharedData(|shared| shared.tick_count) },
        Variable { name: "NtBuildNumber", storage: Storage::Own(build_number) },
    ],
};

/// The kernel checks the IRQL of its services itself.
const ANY: Irql = Irql::HIGH_LEVEL;

const PASSIVE: Irql = Irql::PASSIVE_LEVEL;

const DISPATCH: Irql = Irql::DISPATCH_LEVEL;

fn no_safe_boot(_mode: Mode) -> Vec<u8> {
    vec![0; 4]
}

fn no_debugger(_mode: Mode) -> Vec<u8> {
    vec![0]
}

fn debugger_not_present(_mode: Mode) -> Vec<u8> {
    vec![1]
}

fn one_processor(_mode: Mode) -> Vec<u8> {
    vec![1]
}

/// A free build of Windows 10, as the version in the shared data is.
/// Source: NtBuildNumber: the build, and F in the upper bits of a free one.
fn build_number(_mode: Mode) -> Vec<u8> {
    0xF000_4A61_u32.to_le_bytes().to_vec()
}
