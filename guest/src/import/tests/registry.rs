//! Keys and values of the registry, and tables of queries.

use std::rc::Rc;

use portcls_emulator::choice::{Choice, Question};
use portcls_emulator::registry::RegistryValue;
use portcls_emulator::{Kernel, NtStatus};

use super::{BOTH, Bench};

const KEY: &str = r"\Registry\Machine\System\CurrentControlSet\Services\test";

const READ: u64 = 0x2_0019;
const WRITE: u64 = 0x2_0006;

/// A guest whose registry has a key with a number and a text, and whose code is a query routine:
/// `routine(name, type, data, length, context, entry)` writes the first ULONG of `data` to `entry`
/// and returns success.
fn bench(mode: cpu_x86::Mode) -> Bench {
    // mov eax, [esp+0Ch]; mov eax, [eax]; mov ecx, [esp+18h]; mov [ecx], eax; xor eax, eax;
    // ret 18h
    let narrow = [
        0x8B, 0x44, 0x24, 0x0C, 0x8B, 0x00, 0x8B, 0x4C, 0x24, 0x18, 0x89, 0x01, 0x31, 0xC0, 0xC2,
        0x18, 0x00,
    ];
    // mov eax, [r8]; mov rcx, [rsp+30h]; mov [rcx], eax; xor eax, eax; ret
    let wide = [0x41, 0x8B, 0x00, 0x48, 0x8B, 0x4C, 0x24, 0x30, 0x89, 0x01, 0x31, 0xC0, 0xC3];
    let bench = Bench::new(mode, [&narrow, &wide]);
    let key = bench.kernel.create_registry_key(KEY).unwrap();
    key.set_value(&bench.kernel, RegistryValue::dword("Port", 0x330)).unwrap();
    key.set_value(&bench.kernel, RegistryValue::string("Card", "MPU")).unwrap();
    bench
}

fn open(bench: &Bench, root: u64, path: &str, access: u64) -> (NtStatus, u64) {
    let fields = &bench.guest.layout().object_attributes;
    let attributes = bench.memory(u64::from(fields.size_of));
    let handle = bench.memory(8);
    bench.guest.store_word(attributes + u64::from(fields.root_directory), root);
    let name = bench.unicode(path);
    bench.guest.store_word(attributes + u64::from(fields.object_name), name);
    let status = bench.status("ZwOpenKey", &[handle, access, attributes]);
    (status, bench.guest.load_word(handle))
}

#[test]
fn a_key_can_be_refused_by_its_whole_path_and_below_a_handle() {
    for mode in BOTH {
        let bench = bench(mode);
        let (_, handle) = open(&bench, 0, KEY, READ);
        bench.kernel.set_oracle(Rc::new(|_: &Kernel, question: &Question| {
            u32::from(question.choice == Choice::Registry)
        }));
        assert_eq!(open(&bench, 0, KEY, READ).0, NtStatus::ACCESS_DENIED);
        assert_eq!(open(&bench, handle, "", READ).0, NtStatus::ACCESS_DENIED);
    }
}

#[test]
fn a_value_is_read_and_set_through_a_handle() {
    for mode in BOTH {
        let bench = bench(mode);
        let (status, handle) = open(&bench, 0, KEY, READ | WRITE);
        assert_eq!(status, NtStatus::SUCCESS);
        let (name, out, needed) = (bench.unicode("port"), bench.memory(16), bench.memory(4));
        let query = |length| {
            let words = [handle, name, 2, out, length, needed];
            (bench.status("ZwQueryValueKey", &words), bench.guest.load_u32(needed))
        };
        assert_eq!(query(16), (NtStatus::SUCCESS, 16));
        assert_eq!(bench.guest.load_u32(out + 12), 0x330);
        assert_eq!(query(4), (NtStatus(0xC000_0023), 16));
        let data = bench.bytes(&0x300_u32.to_le_bytes());
        let words = [handle, name, 0, 4, data, 4];
        assert_eq!(bench.status("ZwSetValueKey", &words), NtStatus::SUCCESS);
        query(16);
        assert_eq!(bench.guest.load_u32(out + 12), 0x300);
        assert_eq!(bench.status("ZwMakeTemporaryObject", &[handle]), NtStatus::SUCCESS);
        assert_eq!(bench.status("ZwClose", &[handle]), NtStatus::SUCCESS);
        assert_eq!(bench.status("ZwClose", &[handle]), NtStatus(0xC000_0008));
        assert_eq!(query(16).0, NtStatus(0xC000_0008));
    }
}

#[test]
fn a_key_is_opened_below_another_one_and_only_for_what_was_asked() {
    for mode in BOTH {
        let bench = bench(mode);
        let (_, services) = open(&bench, 0, r"\Registry\Machine\System", READ);
        let (status, handle) = open(&bench, services, r"CurrentControlSet\Services\test", READ);
        assert_eq!(status, NtStatus::SUCCESS);
        let words = [handle, bench.unicode("port"), 0, 4, bench.memory(4), 4];
        assert_eq!(bench.status("ZwSetValueKey", &words), NtStatus(0xC000_0022));
        assert_eq!(open(&bench, 0, r"\Registry\None", READ).0, NtStatus(0xC000_0034));
        let number = bench.memory(4);
        let by_handle = |access| {
            let (_, handle) = open(&bench, 0, KEY, access);
            let entries = [(DIRECT, "Port", 0, number, 0)];
            let words = [BY_HANDLE, handle, table(&bench, &entries), 0, 0];
            bench.status("RtlQueryRegistryValues", &words)
        };
        assert_eq!(by_handle(WRITE), NtStatus(0xC000_0022));
        assert_eq!(by_handle(READ), NtStatus::SUCCESS);
        assert_eq!(bench.guest.load_u32(number), 0x330);
    }
}

/// Builds a query table from flags, name, routine, context and default type.
fn table(bench: &Bench, entries: &[(u32, &str, u64, u64, u32)]) -> u64 {
    let fields = &bench.guest.layout().rtl_query_registry_table;
    let size = u64::from(fields.size_of);
    let table = bench.memory(size * (entries.len() as u64 + 1));
    for (index, (flags, name, routine, context, default_type)) in entries.iter().enumerate() {
        let at = |offset: u32| table + index as u64 * size + u64::from(offset);
        bench.guest.store_u32(at(fields.flags), *flags);
        bench.guest.store_word(at(fields.name), bench.wide(name));
        bench.guest.store_word(at(fields.query_routine), *routine);
        bench.guest.store_word(at(fields.entry_context), *context);
        bench.guest.store_u32(at(fields.default_type), *default_type);
    }
    table
}

const BY_HANDLE: u64 = 0x4000_0000;
const DIRECT: u32 = 0x20;
const REQUIRED: u32 = 0x04;
const TYPECHECK: u32 = 0x100;
const SUBKEY: u32 = 0x01;
const TOPKEY: u32 = 0x02;
const SERVICES: u64 = 1;
const OPTIONAL: u64 = 0x8000_0000;

#[test]
fn a_table_stores_values_directly_or_tells_a_routine() {
    for mode in BOTH {
        let bench = bench(mode);
        let (number, told, string) = (bench.memory(4), bench.memory(4), bench.memory(16));
        let entries = [
            (DIRECT | TYPECHECK, "Port", 0, number, 4 << 24),
            (DIRECT, "Card", 0, string, 0),
            (0, "Port", bench.code(), told, 0),
            (DIRECT, "None", 0, number, 0),
        ];
        let table = table(&bench, &entries);
        let words = [SERVICES, bench.wide("test"), table, 0, 0];
        assert_eq!(bench.status("RtlQueryRegistryValues", &words), NtStatus::SUCCESS);
        assert_eq!(bench.guest.load_u32(number), 0x330);
        assert_eq!(bench.guest.load_u32(told), 0x330);
        let text = String::from_utf16_lossy(&bench.guest.load_unicode_string(string));
        assert_eq!(text, "MPU");
        bench.call("RtlFreeUnicodeString", &[string]);
        assert_eq!(bench.kernel.violation_count(), 0);
    }
}

#[test]
fn a_table_goes_into_a_key_below_and_back_to_the_top() {
    for mode in BOTH {
        let bench = bench(mode);
        let below = bench.kernel.create_registry_key(&format!(r"{KEY}\Parameters")).unwrap();
        below.set_value(&bench.kernel, RegistryValue::dword("Port", 0x300)).unwrap();
        let (inside, back) = (bench.memory(4), bench.memory(4));
        let ask = |entries: &[(u32, &str, u64, u64, u32)]| {
            let words = [SERVICES, bench.wide("test"), table(&bench, entries), 0, 0];
            bench.status("RtlQueryRegistryValues", &words)
        };
        let entries = [
            (SUBKEY | REQUIRED, "Parameters", 0, 0, 0),
            (DIRECT | REQUIRED, "Port", 0, inside, 0),
            (DIRECT | REQUIRED | TOPKEY, "Port", 0, back, 0),
        ];
        assert_eq!(ask(&entries), NtStatus::SUCCESS);
        assert_eq!((bench.guest.load_u32(inside), bench.guest.load_u32(back)), (0x300, 0x330));
        let missing = [(SUBKEY | REQUIRED, "None", 0, 0, 0)];
        assert_eq!(ask(&missing), NtStatus(0xC000_0034));
    }
}

#[test]
fn a_table_fails_where_something_required_or_a_type_is_missing() {
    for mode in BOTH {
        let bench = bench(mode);
        let number = bench.memory(8);
        let ask = |relative, path: &str, entries: &[(u32, &str, u64, u64, u32)]| {
            let words = [relative, bench.wide(path), table(&bench, entries), 0, 0];
            bench.status("RtlQueryRegistryValues", &words)
        };
        let missing = [(DIRECT | REQUIRED, "None", 0, number, 0)];
        assert_eq!(ask(SERVICES, "test", &missing), NtStatus(0xC000_0034));
        let mismatch = [(DIRECT | TYPECHECK, "Card", 0, number, 4 << 24)];
        assert_eq!(ask(SERVICES, "test", &mismatch), NtStatus(0xC000_0024));
        assert_eq!(ask(SERVICES, "other", &[]), NtStatus(0xC000_0034));
        assert_eq!(ask(SERVICES | OPTIONAL, "other", &[]), NtStatus::SUCCESS);
    }
}

#[test]
fn a_long_value_is_stored_with_its_length_or_without() {
    for mode in BOTH {
        let bench = bench(mode);
        let key = bench.kernel.open_registry_key(KEY).unwrap();
        let value = RegistryValue::binary("Long", &[1, 2, 3, 4, 5, 6]);
        key.set_value(&bench.kernel, value).unwrap();
        for (room, expected) in
            [(-16_i32, &[1, 2, 3, 4, 5, 6][..]), (16, &[6, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 6])]
        {
            let buffer = bench.memory(16);
            bench.guest.store_u32(buffer, room as u32);
            let entries = [(DIRECT, "Long", 0, buffer, 0)];
            let words = [SERVICES, bench.wide("test"), table(&bench, &entries), 0, 0];
            assert_eq!(bench.status("RtlQueryRegistryValues", &words), NtStatus::SUCCESS);
            assert_eq!(bench.guest.load_bytes(buffer, expected.len() as u64), expected);
        }
    }
}
