//! `ntoskrnl.exe`: the kernel.

mod c_library;
mod cancel_safe_queues;
mod contiguous_memory;
mod devices;
mod files;
mod floating_point;
mod formatting;
mod guards;
mod handles;
mod interfaces;
mod interlocked;
mod links;
pub(super) mod lookaside;
mod mdls;
mod memory;
mod mutexes;
mod notifications;
mod objects;
mod power;
mod print;
mod processor;
pub(super) mod registry;
pub(super) mod requests;
mod strings;
mod synchronous_requests;
mod system_threads;
mod threads;
mod time;
mod tracing;
mod versions;
mod waits;
pub(super) mod work_queue_items;

use cpu_x86::Mode;

use super::module::{Module, Storage, Variable};

/// The routines and variables of the kernel.
pub(super) static MODULE: Module = Module {
    names: &["ntoskrnl.exe", "ntkrnlpa.exe", "ntkrnlmp.exe"],
    routines: &[
        c_library::ROUTINES,
        cancel_safe_queues::ROUTINES,
        contiguous_memory::ROUTINES,
        devices::ROUTINES,
        files::ROUTINES,
        floating_point::ROUTINES,
        guards::ROUTINES,
        handles::ROUTINES,
        interfaces::ROUTINES,
        interlocked::ROUTINES,
        links::ROUTINES,
        lookaside::ROUTINES,
        mdls::ROUTINES,
        memory::ROUTINES,
        mutexes::ROUTINES,
        notifications::ROUTINES,
        objects::ROUTINES,
        power::ROUTINES,
        print::ROUTINES,
        processor::ROUTINES,
        registry::ROUTINES,
        requests::ROUTINES,
        strings::ROUTINES,
        synchronous_requests::ROUTINES,
        system_threads::ROUTINES,
        threads::ROUTINES,
        time::ROUTINES,
        tracing::ROUTINES,
        versions::ROUTINES,
        waits::ROUTINES,
        work_queue_items::ROUTINES,
    ],
    variables: &[
        Variable { name: "InitSafeBootMode", storage: Storage::Own(no_safe_boot) },
        Variable { name: "KdDebuggerEnabled", storage: Storage::Own(no_debugger) },
        Variable { name: "KdDebuggerNotPresent", storage: Storage::Own(debugger_not_present) },
        Variable { name: "KeNumberProcessors", storage: Storage::Own(one_processor) },
        Variable { name: "KeTickCount", storage: Storage::SharedData(|shared| shared.tick_count) },
        Variable { name: "NtBuildNumber", storage: Storage::Own(build_number) },
        Variable { name: "PsThreadType", storage: Storage::Own(system_threads::thread_type) },
    ],
};

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

/// The build number of a free build of Windows 10. KUSER_SHARED_DATA names Windows 10 too.
/// Source: NtBuildNumber is the number of the build. In a free build its top four bits are F.
fn build_number(_mode: Mode) -> Vec<u8> {
    0xF000_4A61_u32.to_le_bytes().to_vec()
}
