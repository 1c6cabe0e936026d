//! The registry: keys, values, their binary forms, and query tables.

use portcls_emulator::registry::{
    KeyDisposition, KeyInformationClass, QueryBase, QueryEntry, QueryFlags, QueryStart,
    RegistryKey, RegistryValue, ValueInformationClass, ValueType,
};
use portcls_emulator::{Irql, Kernel, KernelConfig, NtStatus};

const SERVICE: &str = r"\Registry\Machine\System\CurrentControlSet\Services\test";

fn kernel() -> Kernel {
    Kernel::new(KernelConfig::default())
}

fn key(kernel: &Kernel) -> RegistryKey {
    let key = kernel.create_registry_key(SERVICE).unwrap();
    key.set_value(kernel, RegistryValue::dword("Port", 0x330)).unwrap();
    key.set_value(kernel, RegistryValue::string("Name", "MPU")).unwrap();
    key
}

#[test]
fn names_are_found_without_case_and_kept_as_they_were_written() {
    let kernel = kernel();
    let made = key(&kernel);
    let found = kernel.open_registry_key(&SERVICE.to_uppercase()).unwrap();
    assert!(found.is(&made));
    assert_eq!(found.path(), SERVICE);
    assert_eq!(found.value("port").unwrap(), RegistryValue::dword("Port", 0x330));
    assert_eq!(found.value("none"), Err(NtStatus::OBJECT_NAME_NOT_FOUND));
}

#[test]
fn a_path_outside_the_registry_is_bad_syntax_and_a_missing_key_is_not_found() {
    let kernel = kernel();
    for path in [r"Machine\Software", r"\Registryx", ""] {
        let refused = kernel.open_registry_key(path).err();
        assert_eq!(refused, Some(NtStatus::OBJECT_PATH_SYNTAX_BAD), "{path}");
    }
    let missing = kernel.open_registry_key(r"\Registry\Machine").err();
    assert_eq!(missing, Some(NtStatus::OBJECT_NAME_NOT_FOUND));
}

#[test]
fn subkeys_come_in_the_order_of_their_names_and_values_in_that_of_their_birth() {
    let kernel = kernel();
    let top = key(&kernel);
    for (name, disposition) in [
        ("b", KeyDisposition::CreatedNew),
        ("A", KeyDisposition::CreatedNew),
        ("B", KeyDisposition::OpenedExisting),
    ] {
        assert_eq!(top.create(&kernel, name).unwrap().1, disposition);
    }
    let subkeys = top.subkeys();
    let names: Vec<&str> = subkeys.iter().map(|key| key.name()).collect();
    assert_eq!(names, ["A", "b"]);
    top.set_value(&kernel, RegistryValue::dword("PORT", 1)).unwrap();
    let values: Vec<String> = top.values().into_iter().map(|value| value.name).collect();
    assert_eq!(values, ["Port", "Name"]);
}

#[test]
fn a_deleted_value_leaves_the_others_where_they_were() {
    let kernel = kernel();
    let key = key(&kernel);
    key.set_value(&kernel, RegistryValue::dword("Last", 1)).unwrap();
    key.delete_value(&kernel, "PORT").unwrap();
    key.set_value(&kernel, RegistryValue::dword("LAST", 2)).unwrap();
    key.set_value(&kernel, RegistryValue::dword("port", 3)).unwrap();
    let values = key.values();
    let names: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
    assert_eq!(names, ["Name", "Last", "port"]);
    assert_eq!(key.value("last").unwrap().data, [2, 0, 0, 0]);
}

#[test]
fn a_deleted_key_answers_so_to_open_handles_and_one_with_subkeys_stays() {
    let kernel = kernel();
    let top = key(&kernel);
    let (below, _) = top.create(&kernel, "below").unwrap();
    assert_eq!(top.delete(&kernel), Err(NtStatus::CANNOT_DELETE));
    below.delete(&kernel).unwrap();
    assert_eq!(below.value("x"), Err(NtStatus::KEY_DELETED));
    assert_eq!(top.open("below").err(), Some(NtStatus::OBJECT_NAME_NOT_FOUND));
    top.delete(&kernel).unwrap();
    assert_eq!(kernel.registry().delete(&kernel), Err(NtStatus::CANNOT_DELETE));
}

#[test]
fn a_name_or_a_path_that_is_too_long_is_refused() {
    let kernel = kernel();
    let root = kernel.registry();
    let create = |path: &str| root.create(&kernel, path).map(|(key, _)| key);
    let refused = Err(NtStatus::INVALID_PARAMETER);
    assert!(create(&"a".repeat(255)).is_ok());
    assert_eq!(create(&"a".repeat(256)), refused);
    assert!(create(&"\u{E9}".repeat(255)).is_ok(), "255 characters in 510 bytes");
    let deepest = create(&[r"b"; 512].join(r"\")).expect("512 levels");
    assert_eq!(deepest.create(&kernel, "c").map(|(key, _)| key), refused);
    assert_eq!(create(&r"d\".repeat(200_000)), refused);
    assert_eq!(root.open("d"), Err(NtStatus::OBJECT_NAME_NOT_FOUND), "nothing was made");
    let set = |name: String| root.set_value(&kernel, RegistryValue::dword(&name, 1));
    assert_eq!(set("v".repeat(16_383)), Ok(()));
    assert_eq!(set("v".repeat(16_384)), Err(NtStatus::INVALID_PARAMETER));
}

#[test]
fn a_change_is_stamped_with_the_system_time() {
    let kernel = kernel();
    let top = key(&kernel);
    let before_100ns = top.written_100ns();
    kernel.stall_us(3);
    top.delete_value(&kernel, "name").unwrap();
    assert_eq!(top.written_100ns(), before_100ns + 30);
}

#[test]
fn the_partial_form_of_a_value_is_type_length_and_data() {
    let kernel = kernel();
    let value = key(&kernel).value("Port").unwrap();
    let whole = value.information(ValueInformationClass::Partial, 100);
    assert_eq!((whole.status, whole.needed), (NtStatus::SUCCESS, 16));
    assert_eq!(whole.bytes, [0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 0x30, 3, 0, 0]);
    let cut = value.information(ValueInformationClass::Partial, 14);
    assert_eq!((cut.status, cut.needed, cut.bytes.len()), (NtStatus(0x8000_0005), 16, 14));
    let head = value.information(ValueInformationClass::Partial, 11);
    assert_eq!((head.status, head.needed, head.bytes.len()), (NtStatus(0xC000_0023), 16, 0));
}

#[test]
fn the_full_form_of_a_value_says_where_its_data_begins() {
    let value = RegistryValue::binary("abc", &[0x11, 0x22]);
    let full = value.information(ValueInformationClass::Full, 100);
    #[rustfmt::skip]
    let expected = [
        0, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0,
        b'a', 0, b'b', 0, b'c', 0, 0, 0, 0x11, 0x22,
    ];
    assert_eq!(full.bytes, expected);
    let basic = value.information(ValueInformationClass::Basic, 100);
    assert_eq!(basic.bytes[8..], [6, 0, 0, 0, b'a', 0, b'b', 0, b'c', 0]);
}

#[test]
fn the_full_form_of_a_key_counts_what_is_in_it() {
    let kernel = kernel();
    let top = key(&kernel);
    top.create(&kernel, "sub").unwrap();
    let full = top.information(KeyInformationClass::Full, 44);
    assert_eq!((full.status, full.needed), (NtStatus::SUCCESS, 44));
    let word = |at: usize| u32::from_le_bytes(full.bytes[at..at + 4].try_into().unwrap());
    assert_eq!([word(20), word(24), word(32), word(36), word(40)], [1, 6, 2, 8, 8]);
    let basic = top.information(KeyInformationClass::Basic, 100);
    assert_eq!(basic.bytes[12..], [8, 0, 0, 0, b't', 0, b'e', 0, b's', 0, b't', 0]);
}

fn entry(flags: QueryFlags, name: Option<&str>) -> QueryEntry {
    QueryEntry { flags, name: name.map(str::to_owned), default: None, expected: None }
}

/// Asks a table of questions and returns the answers as `entry name type data`.
fn ask(kernel: &Kernel, table: &[QueryEntry]) -> (Result<(), NtStatus>, Vec<String>) {
    let mut got = Vec::new();
    let start = QueryStart::Path(QueryBase::Services, "test".to_owned());
    let result = kernel.query_registry_values(&start, table, &mut |index, value| {
        let units: Vec<u8> = value.data.iter().copied().filter(|byte| *byte != 0).collect();
        let text = String::from_utf8_lossy(&units).into_owned();
        got.push(format!("{index} {} {} {text}", value.name, value.kind.0));
        NtStatus::SUCCESS
    });
    (result, got)
}

#[test]
fn a_table_is_answered_in_order_with_defaults_and_subkeys() {
    let kernel = kernel();
    let top = key(&kernel);
    let (below, _) = top.create(&kernel, "Parameters").unwrap();
    below.set_value(&kernel, RegistryValue::string("Card", "A")).unwrap();
    let mut with_default = entry(QueryFlags::empty(), Some("Irq"));
    with_default.default = Some((ValueType::DWORD, vec![b'9', 0, 0, 0]));
    let table = [
        entry(QueryFlags::SUBKEY, Some("Parameters")),
        entry(QueryFlags::REQUIRED, Some("Card")),
        entry(QueryFlags::TOPKEY, Some("Name")),
        with_default,
        entry(QueryFlags::empty(), Some("None")),
        entry(QueryFlags::empty(), None),
        entry(QueryFlags::NOVALUE, Some("x")),
    ];
    let (result, got) = ask(&kernel, &table);
    assert_eq!(result, Ok(()));
    let expected =
        ["1 Card 1 A", "2 Name 1 MPU", "3 Irq 4 9", "5 Port 4 0\u{3}", "5 Name 1 MPU", "6  0 "];
    assert_eq!(got, expected);
}

#[test]
fn what_is_required_and_missing_ends_the_query() {
    let kernel = kernel();
    key(&kernel);
    let missing = Err(NtStatus::OBJECT_NAME_NOT_FOUND);
    let required = entry(QueryFlags::REQUIRED, Some("None"));
    let table = [required, entry(QueryFlags::empty(), Some("Name"))];
    assert_eq!(ask(&kernel, &table), (missing, vec![]));
    let below = entry(QueryFlags::SUBKEY | QueryFlags::REQUIRED, Some("None"));
    assert_eq!(ask(&kernel, &[below]).0, missing);
    let optional = [entry(QueryFlags::SUBKEY, Some("None")), entry(QueryFlags::empty(), None)];
    assert_eq!(ask(&kernel, &optional), (Ok(()), vec![]));
}

#[test]
fn texts_are_expanded_and_split_unless_the_entry_says_otherwise() {
    let kernel = kernel();
    let top = key(&kernel);
    let set = |name: &str, kind, text: &str| {
        let value = RegistryValue { kind, ..RegistryValue::string(name, text) };
        top.set_value(&kernel, value).unwrap();
    };
    set("Path", ValueType::EXPAND_STRING, r"%systemroot%\mpu %x%");
    set("Ports", ValueType::MULTI_STRING, "330\x00300\x00");
    let table = [
        entry(QueryFlags::empty(), Some("Path")),
        entry(QueryFlags::empty(), Some("Ports")),
        entry(QueryFlags::NOEXPAND, Some("Path")),
    ];
    let expected = [
        r"0 Path 1 C:\Windows\mpu %x%",
        "1 Ports 1 330",
        "1 Ports 1 300",
        r"2 Path 2 %systemroot%\mpu %x%",
    ];
    assert_eq!(ask(&kernel, &table).1, expected);
}

#[test]
fn a_type_is_checked_and_a_value_deleted_when_the_entry_asks_for_it() {
    let kernel = kernel();
    let top = key(&kernel);
    let mut typed = entry(QueryFlags::DIRECT | QueryFlags::TYPECHECK, Some("Name"));
    typed.expected = Some(ValueType::DWORD);
    assert_eq!(ask(&kernel, &[typed]).0, Err(NtStatus(0xC000_0024)));
    let (result, got) = ask(&kernel, &[entry(QueryFlags::DELETE, Some("Name"))]);
    assert_eq!((result, got.as_slice()), (Ok(()), &["0 Name 1 MPU".to_owned()][..]));
    assert!(top.value("Name").is_err());
}

#[test]
fn a_query_at_dispatch_level_breaks_a_rule() {
    let kernel = kernel();
    key(&kernel);
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    assert_eq!(ask(&kernel, &[]).0, Ok(()));
    kernel.lower_irql(old);
    // One violation for the query, and one violation for the opening of its key.
    assert_eq!(kernel.violation_count(), 2);
}
