//! `ntoskrnl.exe`: the kernel.

mod c_library;
mod memory;
mod objects;
mod print;
mod processor;
mod strings;
mod time;

use cpu_x86::Mode;
use portcls_emulator::Irql;

use super::{Module, Variable};
use crate::routine::Routine;

/// The table.
pub(super) static MODULE: Module = Module {
    names: &["ntoskrnl.exe", "ntkrnlpa.exe", "ntkrnlmp.exe"],
    routines: &[
        Routine::cdecl("DbgPrint", 1, ANY, print::dbg_print),
        Routine::cdecl("DbgPrintEx", 3, ANY, print::dbg_print_ex),
        Routine::stdcall("ExAllocatePool", 2, ANY, memory::ex_allocate_pool),
        Routine::stdcall("ExAllocatePool2", 4, ANY, memory::ex_allocate_pool_2),
        Routine::stdcall("ExAllocatePoolWithTag", 3, ANY, memory::ex_allocate_pool_with_tag),
        Routine::stdcall("ExFreePool", 1, ANY, memory::ex_free_pool),
        Routine::stdcall("ExFreePoolWithTag", 2, ANY, memory::ex_free_pool_with_tag),
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
            "RtlAppendUnicodeStringToString",
            2,
            ANY,
            strings::append_unicode_string_to_string,
        ),
        Routine::stdcall("RtlAppendUnicodeToString", 2, ANY, strings::append_unicode_to_string),
        Routine::stdcall("RtlCompareMemory", 3, ANY, c_library::rtl_compare_memory),
        Routine::stdcall("RtlCompareUnicodeString", 3, ANY, strings::compare_unicode_string),
        Routine::stdcall("RtlCopyUnicodeString", 2, ANY, strings::copy_unicode_string),
        Routine::stdcall("RtlEqualUnicodeString", 3, ANY, strings::equal_unicode_string),
        Routine::stdcall("RtlFillMemory", 3, ANY, c_library::rtl_fill_memory),
        Routine::stdcall("RtlFreeUnicodeString", 1, ANY, strings::free_unicode_string),
        Routine::stdcall("RtlInitUnicodeString", 2, ANY, strings::init_unicode_string),
        Routine::stdcall("RtlMoveMemory", 3, ANY, c_library::memmove),
        Routine::stdcall("RtlZeroMemory", 2, ANY, c_library::rtl_zero_memory),
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
    variables: &[Variable { name: "KdDebuggerEnabled", content: no_debugger }],
};

/// The kernel checks the IRQL of its services itself.
const ANY: Irql = Irql::HIGH_LEVEL;

fn no_debugger(_mode: Mode) -> Vec<u8> {
    vec![0]
}
