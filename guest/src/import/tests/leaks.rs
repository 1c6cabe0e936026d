//! The things that a driver did not give back, by kind and by place.

use portcls_emulator::{DeviceObject, DriverObject, Irql, NtStatus};

use super::{BOTH, Bench};

/// Calls `take`, which takes one thing, and then the routine `give_back` with this thing. Returns
/// the leaks between the two calls.
fn taken_and_given_back(bench: &Bench, take: impl FnOnce() -> u64, give_back: &str) -> Vec<String> {
    assert_eq!(bench.left(), [""; 0]);
    let taken = take();
    let listed = bench.left();
    bench.call(give_back, &[taken]);
    assert_eq!(bench.left(), [""; 0], "{give_back}");
    listed
}

fn open_key(bench: &Bench) -> u64 {
    const KEY: &str = r"\Registry\Machine\System\test";
    bench.kernel.create_registry_key(KEY).expect("a new key");
    let fields = &bench.guest.layout().object_attributes;
    let attributes = bench.memory(u64::from(fields.size_of));
    let name = bench.unicode(KEY);
    bench.guest.store_word(attributes + u64::from(fields.object_name), name);
    let handle = bench.memory(8);
    assert_eq!(bench.status("ZwOpenKey", &[handle, 0x2_0019, attributes]), NtStatus::SUCCESS);
    bench.guest.load_word(handle)
}

#[test]
fn what_a_routine_hands_out_is_listed_until_it_is_given_back() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let driver = DriverObject::new("test");
        let driver_at = bench.guest.driver_pointer(&driver);
        let call = |name: &str, words: &[u64]| bench.call_for_pointer(name, words);
        let create_device = || {
            let out = bench.memory(8);
            bench.call("IoCreateDevice", &[driver_at, 0, 0, 0x22, 0, 0, out]);
            bench.guest.load_word(out)
        };
        let reference = || {
            call("ObfReferenceObject", &[driver_at]);
            driver_at
        };
        let allocate_irp = || call("IoAllocateIrp", &[1, 0]);
        let allocate_item = || call("IoAllocateWorkItem", &[0]);
        let between = |take: &dyn Fn() -> u64, back| taken_and_given_back(&bench, take, back);
        assert_eq!(
            between(&|| open_key(&bench), "ZwClose"),
            ["open registry keys: 1, by ZwOpenKey before the kernel"]
        );
        assert_eq!(
            between(&allocate_irp, "IoFreeIrp"),
            ["IRPs of its own: 1, by IoAllocateIrp before the kernel"]
        );
        assert_eq!(
            between(&allocate_item, "IoFreeWorkItem"),
            ["work items: 1, by IoAllocateWorkItem before the kernel"]
        );
        assert_eq!(
            between(&create_device, "IoDeleteDevice"),
            ["device objects: 1, by IoCreateDevice before the kernel"]
        );
        assert_eq!(
            between(&reference, "ObfDereferenceObject"),
            ["referenced kernel objects: 1, by ObfReferenceObject before the kernel"]
        );
    }
}

#[test]
fn an_io_timeout_is_listed_until_it_is_unregistered() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let physical = DeviceObject::new(&DriverObject::new("bus"));
        let device = bench.guest.device_pointer(&bench.adapter_device(&physical));
        let words = [device, bench.code(), 7];
        assert_eq!(bench.status("PcRegisterIoTimeout", &words), NtStatus::SUCCESS);
        assert_eq!(bench.status("PcRegisterIoTimeout", &words), NtStatus::UNSUCCESSFUL);
        assert_eq!(bench.left(), ["I/O timeouts: 1, by PcRegisterIoTimeout before the kernel"]);
        assert_eq!(bench.status("PcUnregisterIoTimeout", &words), NtStatus::SUCCESS);
        assert_eq!(bench.status("PcUnregisterIoTimeout", &words), NtStatus::NOT_FOUND);
        assert_eq!(bench.left(), [""; 0]);
    }
}

#[test]
fn a_timer_is_listed_while_it_is_set_and_a_dpc_while_it_is_queued() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (timer, dpc) = (bench.memory(64), bench.memory(64));
        bench.call("KeInitializeTimer", &[timer]);
        bench.call("KeInitializeDpc", &[dpc, bench.code(), 0]);
        let set = || {
            let due = (-20_000_i64) as u64;
            let words: &[u64] = match bench.guest.pointer_bytes() {
                8 => &[timer, due, 0],
                _ => &[timer, due & 0xFFFF_FFFF, due >> 32, 0],
            };
            bench.call("KeSetTimer", words);
            timer
        };
        assert_eq!(
            taken_and_given_back(&bench, set, "KeCancelTimer"),
            ["timers that are set: 1, by KeInitializeTimer before the kernel"]
        );
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let queue = || {
            bench.call("KeInsertQueueDpc", &[dpc, 0, 0]);
            dpc
        };
        assert_eq!(
            taken_and_given_back(&bench, queue, "KeRemoveQueueDpc"),
            ["DPCs that are queued: 1, by KeInitializeDpc before the kernel"]
        );
    }
}

#[test]
fn a_device_that_another_driver_made_is_not_the_drivers_to_delete() {
    let bench = Bench::plain(cpu_x86::Mode::Bits64);
    let physical = DeviceObject::new(&DriverObject::new("bus"));
    bench.guest.device_pointer(&physical);
    assert_eq!(bench.left(), [""; 0]);
}

#[test]
fn the_same_place_is_counted_and_named_by_the_drivers_symbols() {
    // push 0; push 1; call [slot]; ret; on x64 with the arguments in RCX and RDX
    let wide = [
        0xB9, 1, 0, 0, 0, 0x31, 0xD2, 0x48, 0x83, 0xEC, 0x28, 0xFF, 0x15, 0x2F, 0x10, 0, 0, 0x48,
        0x83, 0xC4, 0x28, 0xC3,
    ];
    for (mode, place) in BOTH.into_iter().zip(["A", "11"]) {
        let slot = (Bench::plain(mode).guest.loaded().base as u32 + 0x2040).to_le_bytes();
        let narrow = [&[0x6A, 0, 0x6A, 1, 0xFF, 0x15][..], &slot, &[0xC3]].concat();
        let bench = Bench::importing(mode, [&narrow, &wide], "IoAllocateIrp");
        for _ in 0..2 {
            bench.run(bench.code(), &[]).expect("it returns");
        }
        let expected = format!("IRPs of its own: 2, by IoAllocateIrp before test!entry+{place}");
        assert_eq!(bench.left(), [expected]);
    }
}

#[test]
fn a_reference_is_told_by_the_place_that_took_it_and_not_by_one_that_gave_it_back() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let physical = DeviceObject::new(&DriverObject::new("bus"));
        let device_at = bench.guest.device_pointer(&physical);
        let take = |name: &str, address| bench.call(name, &[address]);
        take("ObfReferenceObject", device_at);
        assert_eq!(take("ObfDereferenceObject", device_at), 1);
        take("IoGetAttachedDeviceReference", device_at);
        assert_eq!(take("ObfReferenceObject", device_at), 3);
        let place = "by IoGetAttachedDeviceReference before the kernel";
        assert_eq!(bench.left(), [format!("referenced kernel objects: 1, {place}")]);
        take("ObfDereferenceObject", device_at);
        assert_eq!(take("ObfDereferenceObject", device_at), 1);
        assert_eq!(bench.left(), [""; 0]);
        let again = bench.bug_check("ObfDereferenceObject", &[device_at]);
        assert_eq!(again, (0x18, 0));
    }
}
