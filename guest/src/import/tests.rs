//! Tests of all tables, and of routines as drivers call them.

#[path = "../../driver-file/tests/image/builder.rs"]
#[allow(dead_code, reason = "shared with the tests of the image")]
mod builder;

mod c_library;
mod cancel_safe_queues;
mod connections;
mod contiguous_memory;
mod devices;
mod dispatch_table;
mod dispatcher;
mod dma_channels;
mod files;
mod floating_point;
mod guards;
mod interfaces;
mod interlocked;
mod ks;
mod leaks;
mod levels;
mod links;
mod marks;
mod mdls;
mod memory;
mod mutexes;
mod notifications;
mod pending;
mod ports;
mod power;
mod print;
mod refusals;
mod registry;
mod requests;
mod strings;
mod synchronous_requests;
mod system_threads;
mod threads;
mod versions;

use std::rc::Rc;

use cpu_x86::{Mode, Register};
use portcls_emulator::{
    DeviceKeys, DeviceObject, DriverObject, Kernel, KernelConfig, NtStatus, PoolType, Stop,
};
use portcls_port::{StartDevice, pc_add_adapter_device, pc_initialize_adapter_driver};

use super::{Found, MODULES, find};
use crate::guest::Guest;
use crate::processor::arguments::Convention;
use crate::processor::vm::GuestOptions;
use crate::tables::pool_table::Fill;
use builder::Builder;
use portcls_driver_file::image::Image;
use portcls_driver_file::symbols::Symbols;

/// Both bitnesses.
const BOTH: [Mode; 2] = [Mode::Bits32, Mode::Bits64];

/// A guest and its kernel, with a piece of driver code.
struct Bench {
    guest: Guest,
    kernel: Kernel,
}

impl Bench {
    /// A guest whose code section begins with the code for the guest's bitness. `code[0]` is the
    /// code for 32 bits.
    fn new(mode: Mode, code: [&[u8]; 2]) -> Bench {
        Bench::importing(mode, code, "DbgPrint")
    }

    /// The guest of `new`, but the image imports `wanted` in place of DbgPrint. The slot of the
    /// import is at RVA 2040.
    fn importing(mode: Mode, code: [&[u8]; 2], wanted: &str) -> Bench {
        let mut builder = Builder::driver(mode);
        builder.put(0x1000, code[usize::from(mode == Mode::Bits64)]);
        builder.put(0x4262, wanted.as_bytes());
        builder.put(0x4262 + wanted.len() as u32, &[0]);
        let image = Image::parse(&builder.build()).expect("a good image");
        let kernel = Kernel::new(KernelConfig::default());
        let guest = Guest::new(&kernel, &image, GuestOptions::default()).expect("it fits");
        Bench { guest, kernel }
    }

    /// A guest whose code only returns.
    fn plain(mode: Mode) -> Bench {
        Bench::new(mode, [&[0xC3], &[0xC3]])
    }

    /// The address of the driver code.
    fn code(&self) -> u64 {
        self.guest.loaded().base + 0x1000
    }

    /// Calls the code, or another address in the guest.
    fn run(&self, address: u64, words: &[u64]) -> Result<u64, Stop> {
        self.kernel.enter(|_| self.guest.call(address, words))
    }

    /// Calls a routine with its calling convention. `words` are the words of its arguments.
    fn try_call(&self, name: &str, words: &[u64]) -> Result<u64, Stop> {
        let modules = ["ntoskrnl.exe", "portcls.sys", "ks.sys"];
        let Some(Found::Routine(routine)) = modules.iter().find_map(|module| find(module, name))
        else {
            panic!("{name} is in no table")
        };
        let address = self.guest.thunk_of(routine);
        let fast = routine.convention == Convention::Fastcall;
        if fast && self.guest.mode() == Mode::Bits32 {
            let mut cpu = self.guest.cpu().borrow_mut();
            for (register, word) in [Register::Rcx, Register::Rdx].into_iter().zip(words) {
                cpu.set_register(register, *word);
            }
            drop(cpu);
            return self.run(address, words.get(2..).unwrap_or_default());
        }
        self.run(address, words)
    }

    /// Calls a routine that must not stop the machine. Returns the low 32 bits of the result.
    fn call(&self, name: &str, words: &[u64]) -> u32 {
        match self.try_call(name, words) {
            Ok(result) => result as u32,
            Err(stop) => panic!("{name}: {stop}"),
        }
    }

    /// The pointer that a routine returns.
    fn call_for_pointer(&self, name: &str, words: &[u64]) -> u64 {
        let result = self.try_call(name, words).expect("it returns");
        if self.guest.mode() == Mode::Bits32 { result & 0xFFFF_FFFF } else { result }
    }

    fn status(&self, name: &str, words: &[u64]) -> NtStatus {
        NtStatus(self.call(name, words))
    }

    /// The code and the first parameter of the bug check that a call causes.
    fn bug_check(&self, name: &str, words: &[u64]) -> (u32, u64) {
        match self.try_call(name, words) {
            Err(Stop::BugCheck(bug)) => (bug.code.number(), bug.parameters[0]),
            other => panic!("{name}: no bug check but {other:?}"),
        }
    }

    /// The things that the driver still has to give back, without the memory that the tests
    /// allocate.
    fn left(&self) -> Vec<String> {
        let symbols = || Symbols::new("test", &self.guest.loaded().image);
        let leaks = self.guest.left_behind(symbols).into_iter().map(|leak| leak.to_string());
        leaks.filter(|text| !text.starts_with("pool tEsT")).collect()
    }

    /// The rules that the driver has broken, in order.
    fn broken_rules(&self) -> Vec<&'static str> {
        self.kernel.violations().iter().map(|violation| violation.rule.id).collect()
    }

    /// Makes an adapter device of PortCls on top of a physical device.
    fn adapter_device(&self, physical: &Rc<DeviceObject>) -> Rc<DeviceObject> {
        let driver = DriverObject::new("test");
        let start: StartDevice = Rc::new(|_, _, _, _| Ok(()));
        let added = self.kernel.enter(|kernel| {
            pc_initialize_adapter_driver(kernel, &driver, "test", Rc::new(|_, _, _| Ok(())))?;
            pc_add_adapter_device(kernel, &driver, physical, start, 1, 0)
        });
        assert_eq!(added, Ok(Ok(())));
        Rc::clone(&driver.devices()[0])
    }

    /// Allocates zeroed memory of the driver.
    fn memory(&self, bytes: u64) -> u64 {
        self.guest.allocate_pool(PoolType::NonPagedNx, bytes, *b"tEsT", Fill::Zero)
    }

    /// Allocates memory of the driver with these bytes.
    fn bytes(&self, bytes: &[u8]) -> u64 {
        let address = self.memory(bytes.len() as u64);
        self.guest.store(address, bytes);
        address
    }

    /// Allocates memory of the driver with this code.
    fn code_block(&self, code: &[u8]) -> u64 {
        let (pool, bytes) = (PoolType::NonPagedExecute, code.len() as u64);
        let address = self.guest.allocate_pool(pool, bytes, *b"tEsT", Fill::Zero);
        self.guest.store(address, code);
        address
    }

    /// The words of a 64-bit argument.
    fn long(&self, value: u64) -> Vec<u64> {
        match self.guest.mode() {
            Mode::Bits64 => vec![value],
            Mode::Bits32 => vec![value & 0xFFFF_FFFF, value >> 32],
        }
    }

    /// Makes a physical device that is installed: the device has its registry keys.
    fn installed_device(&self) -> (Rc<DeviceObject>, u64) {
        let device = DeviceObject::new(&DriverObject::new("bus"));
        let key = |rest: &str| format!(r"\Registry\Machine\System\CurrentControlSet\{rest}");
        device.set_registry_keys(DeviceKeys {
            device: key(r"Enum\BUS\CARD\0\Device Parameters"),
            driver: key(r"Control\Class\0000"),
            hardware_profile: key(r"Hardware Profiles\0001"),
        });
        let address = self.guest.device_pointer(&device);
        (device, address)
    }

    /// Lets the machine run for 1 ms, so that its work items run.
    fn run_work_items(&self) {
        let until_ns = self.kernel.now_ns() + 1_000_000;
        let ended = self.kernel.enter(|kernel| kernel.run_until(until_ns));
        assert!(ended.is_ok(), "{ended:?}");
    }

    /// Stores a narrow text with a zero at its end.
    fn narrow(&self, text: &str) -> u64 {
        self.bytes(format!("{text}\0").as_bytes())
    }

    /// Stores a wide text with a zero at its end.
    fn wide(&self, text: &str) -> u64 {
        let units: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        self.bytes(&units)
    }

    /// Makes a UNICODE_STRING.
    fn unicode(&self, text: &str) -> u64 {
        let string = self.memory(16);
        self.call("RtlInitUnicodeString", &[string, self.wide(text)]);
        string
    }
}

/// The routines that MIDI drivers use. Source: a survey of published drivers.
#[rustfmt::skip]
const USED_BY_DRIVERS: [(&str, &[&str]); 2] = [
    ("ntoskrnl.exe", &[
        "DbgPrint", "DbgPrintEx", "ExAllocatePool", "ExAllocatePoolWithTag", "ExAllocatePool2",
        "ExFreePool", "ExFreePoolWithTag", "ExAcquireFastMutex", "ExReleaseFastMutex",
        "ExInitializeNPagedLookasideList", "IoAllocateIrp", "IoFreeIrp", "IoCreateDevice",
        "IoDeleteDevice", "IoGetAttachedDeviceReference", "IoAttachDeviceToDeviceStack",
        "IoGetDeviceProperty", "IoAllocateWorkItem", "IoQueueWorkItem", "IoFreeWorkItem",
        "IofCallDriver", "IofCompleteRequest", "KeInitializeEvent", "KeSetEvent", "KeClearEvent",
        "KeResetEvent", "KeWaitForSingleObject", "KeDelayExecutionThread", "KeInitializeMutex",
        "KeReleaseMutex", "KeInitializeSpinLock", "KeAcquireSpinLockRaiseToDpc",
        "KeReleaseSpinLock", "KeAcquireSpinLockAtDpcLevel", "KeReleaseSpinLockFromDpcLevel",
        "KeInitializeDpc", "KeInsertQueueDpc", "KeRemoveQueueDpc", "KeSetImportanceDpc",
        "KeFlushQueuedDpcs", "KeInitializeTimer", "KeInitializeTimerEx", "KeSetTimer",
        "KeSetTimerEx", "KeCancelTimer", "KeQueryPerformanceCounter", "KeQuerySystemTime",
        "KeQueryInterruptTime", "KeQueryTimeIncrement", "KeSynchronizeExecution", "KeBugCheck",
        "KeBugCheckEx", "KeGetCurrentIrql", "KeRaiseIrql", "KeLowerIrql",
        "ObReferenceObjectByHandle", "ObfReferenceObject", "ObfDereferenceObject",
        "PoRequestPowerIrp", "PoSetPowerState", "PoStartNextPowerIrp", "PoCallDriver",
        "RtlInitUnicodeString", "RtlCopyUnicodeString", "RtlFreeUnicodeString",
        "RtlCompareMemory", "RtlQueryRegistryValues", "RtlAssert", "ZwClose",
        "ZwMakeTemporaryObject", "ZwOpenKey", "ZwQueryValueKey", "ZwSetValueKey",
        "InterlockedIncrement", "InterlockedDecrement", "InterlockedExchange",
        "InterlockedExchangeAdd", "InterlockedCompareExchange", "memcpy", "memmove", "memset",
        "memcmp", "wcscmp", "wcslen", "wcscpy", "strcmp", "strlen", "_purecall",
        "__C_specific_handler", "__security_check_cookie", "ExQueueWorkItem",
        "ExSetTimerResolution", "IoAllocateMdl", "IoBuildSynchronousFsdRequest",
        "IoCreateSymbolicLink", "IoCsqInitialize", "IoCsqInsertIrp", "IoCsqRemoveNextIrp",
        "IoDeleteSymbolicLink", "IoFreeMdl", "IoGetDeviceInterfaces", "IoGetLowerDeviceObject",
        "IoIsWdmVersionAvailable", "IoOpenDeviceInterfaceRegistryKey", "IoRegisterDeviceInterface",
        "IoRegisterPlugPlayNotification", "IoSetDeviceInterfacePropertyData",
        "IoSetDeviceInterfaceState", "KeRestoreFloatingPointState", "KeSaveFloatingPointState",
        "MmAllocateContiguousMemory", "MmAllocateContiguousMemorySpecifyCache",
        "MmAllocatePagesForMdl", "MmBuildMdlForNonPagedPool", "MmFreeContiguousMemory",
        "MmFreePagesFromMdl", "MmGetPhysicalAddress", "MmMapLockedPagesSpecifyCache",
        "MmProbeAndLockPages", "MmUnlockPages", "MmUnmapLockedPages", "PsGetCurrentThread",
        "RtlAnsiStringToUnicodeString", "RtlInitAnsiString", "RtlIsNtDdiVersionAvailable",
        "WmiTraceMessage", "ZwCreateFile", "ZwQueryInformationFile", "ZwReadFile", "_vsnprintf",
        "atoi", "isxdigit", "sprintf", "strcpy", "strncpy", "strstr", "toupper", "wcsstr",
    ]),
    ("hal.dll", &[
        "KeStallExecutionProcessor", "READ_PORT_UCHAR", "READ_PORT_USHORT", "READ_PORT_ULONG",
        "WRITE_PORT_UCHAR", "WRITE_PORT_USHORT", "WRITE_PORT_ULONG", "READ_PORT_BUFFER_UCHAR",
        "READ_PORT_BUFFER_USHORT", "READ_PORT_BUFFER_ULONG", "WRITE_PORT_BUFFER_UCHAR",
        "WRITE_PORT_BUFFER_USHORT", "WRITE_PORT_BUFFER_ULONG", "KfAcquireSpinLock",
        "KfReleaseSpinLock", "KfRaiseIrql", "KfLowerIrql", "KeGetCurrentIrql",
        "KeQueryPerformanceCounter", "ExAcquireFastMutex",
    ]),
];

#[test]
fn every_routine_that_midi_drivers_use_is_there() {
    for (module, routines) in USED_BY_DRIVERS {
        for name in routines {
            let found = find(module, name);
            assert!(matches!(found, Some(Found::Routine(_))), "{module}: {name}");
        }
    }
}

#[test]
fn fast_and_variable_conventions_are_where_drivers_expect_them() {
    for (module, routines) in USED_BY_DRIVERS {
        for name in routines {
            let Some(Found::Routine(routine)) = find(module, name) else { continue };
            let fast = ["Kf", "Iof", "Obf", "Interlocked", "ExAcquireFast", "ExReleaseFast"];
            let of_c = name.starts_with(|letter: char| letter.is_lowercase() || letter == '_')
                || name.starts_with("DbgPrint")
                || *name == "WmiTraceMessage";
            let expected = match name {
                _ if fast.iter().any(|prefix| name.starts_with(prefix)) => Convention::Fastcall,
                &"__security_check_cookie" => Convention::Fastcall,
                _ if of_c => Convention::Cdecl,
                _ => Convention::Stdcall,
            };
            assert_eq!(routine.convention, expected, "{name}");
        }
    }
}

#[test]
fn the_tick_count_that_a_driver_imports_goes_on_with_the_time() {
    // mov eax, [slot]; mov eax, [eax]; ret; on x64 with the address in RAX
    let wide = [0x48, 0x8B, 0x05, 0x39, 0x10, 0, 0, 0x8B, 0x00, 0xC3];
    for mode in BOTH {
        let base = Bench::plain(mode).guest.loaded().base as u32;
        let slot = (base + 0x2040).to_le_bytes();
        let narrow = [&[0xA1][..], &slot, &[0x8B, 0x00, 0xC3]].concat();
        let bench = Bench::importing(mode, [&narrow, &wide], "KeTickCount");
        for ticks in [0, 7] {
            let _ = bench.kernel.enter(|kernel| kernel.run_until(ticks * 1_000_000));
            assert_eq!(bench.run(bench.code(), &[]).unwrap() as u32, ticks as u32);
        }
    }
}

#[test]
fn tables_are_in_the_order_of_the_alphabet() {
    for module in MODULES {
        let lists = module.routines.iter();
        let names = lists.clone().map(|list| list.iter().map(|row| row.name).collect::<Vec<_>>());
        for names in names {
            assert!(names.is_sorted(), "{:?}: {names:?}", module.names);
        }
    }
}

#[test]
fn a_module_has_each_name_once() {
    for module in MODULES {
        let mut names: Vec<&str> = module.routines().map(|routine| routine.name).collect();
        names.extend(module.variables.iter().map(|variable| variable.name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{:?}", module.names);
    }
}

#[test]
fn the_kernel_and_the_hal_forward_to_each_other() {
    for module in ["ntoskrnl.exe", "HAL.dll"] {
        let found = find(module, "READ_PORT_UCHAR");
        assert!(matches!(found, Some(Found::Routine(_))), "{module}");
    }
    assert!(find("portcls.sys", "READ_PORT_UCHAR").is_none());
    assert!(find("ntdll.dll", "memcpy").is_none());
}
