//! Registry keys of a device: the kinds of keys, and what an open key allows.

use std::rc::Rc;

use portcls_emulator::choice::Replay;
use portcls_emulator::registry::{
    KeyDisposition, KeyInformationClass, QueryEntry, QueryFlags, RegistryValue,
    ValueInformationClass,
};
use portcls_emulator::{DeviceKeys, NtStatus};
use portcls_port::com::IUnknown;
use portcls_port::interfaces::{KeyAccess, RegistryKeyType};
use portcls_port::{RegistryKeyRequest, pc_new_registry_key};

use crate::rig::{Rig, on_device};

const DRIVER: &str = r"\Registry\Machine\Class\0000";

fn install(rig: &Rig) {
    rig.physical.set_registry_keys(DeviceKeys {
        device: r"\Registry\Machine\Enum\Device Parameters".to_owned(),
        driver: DRIVER.to_owned(),
        hardware_profile: r"\Registry\Machine\Profile".to_owned(),
    });
    let key = rig.kernel.create_registry_key(DRIVER).unwrap();
    key.set_value(&rig.kernel, RegistryValue::dword("Port", 0x330)).unwrap();
}

#[test]
fn the_driver_key_of_a_device_is_the_one_of_its_installation() {
    on_device(|rig| {
        install(rig);
        let (kernel, device) = (&rig.kernel, rig.physical.top());
        let request = RegistryKeyRequest {
            key_type: RegistryKeyType::Driver,
            access: KeyAccess::ALL,
            device: Some(&device),
            path: None,
        };
        let (key, disposition) = pc_new_registry_key(kernel, None, &request).unwrap();
        assert_eq!(disposition, KeyDisposition::OpenedExisting);
        let reply = key.query_value_key(kernel, "port", ValueInformationClass::Partial, 16);
        assert_eq!((reply.status, &reply.bytes[12..]), (NtStatus::SUCCESS, &[0x30, 3, 0, 0][..]));
        let missing = key.query_value_key(kernel, "irq", ValueInformationClass::Partial, 16);
        assert_eq!(missing.status, NtStatus::OBJECT_NAME_NOT_FOUND);
        key.set_value_key(kernel, RegistryValue::dword("Irq", 9)).unwrap();
        let second = key.enumerate_value_key(kernel, 1, ValueInformationClass::Basic, 100);
        assert_eq!(second.bytes[12..], [b'I', 0, b'r', 0, b'q', 0]);
        let third = key.enumerate_value_key(kernel, 2, ValueInformationClass::Basic, 100);
        assert_eq!(third.status, NtStatus::NO_MORE_ENTRIES);
    });
}

#[test]
fn a_key_that_was_opened_for_reading_can_only_be_read() {
    on_device(|rig| {
        install(rig);
        let kernel = &rig.kernel;
        let request = RegistryKeyRequest {
            key_type: RegistryKeyType::General,
            access: KeyAccess::READ,
            device: None,
            path: Some(DRIVER),
        };
        let (key, _) = pc_new_registry_key(kernel, None, &request).unwrap();
        let denied = Err(NtStatus(0xC000_0022));
        assert_eq!(key.set_value_key(kernel, RegistryValue::dword("x", 1)), denied);
        assert_eq!(key.delete_key(kernel), denied);
        let below = key.new_sub_key(kernel, KeyAccess::READ, "below");
        assert_eq!(below.err(), denied.err());
    });
}

#[test]
fn subkeys_are_made_enumerated_asked_and_deleted() {
    on_device(|rig| {
        install(rig);
        let kernel = &rig.kernel;
        let request = RegistryKeyRequest {
            key_type: RegistryKeyType::General,
            access: KeyAccess::ALL,
            device: None,
            path: Some(DRIVER),
        };
        let (key, _) = pc_new_registry_key(kernel, None, &request).unwrap();
        let (below, disposition) = key.new_sub_key(kernel, KeyAccess::ALL, "A").unwrap();
        assert_eq!(disposition, KeyDisposition::CreatedNew);
        let first = key.enumerate_key(kernel, 0, KeyInformationClass::Basic, 18);
        assert_eq!(first.bytes[16..], [b'A', 0]);
        assert_eq!(key.query_key(kernel, KeyInformationClass::Full, 44).bytes[20], 1);
        below.delete_key(kernel).unwrap();
        let none = key.enumerate_key(kernel, 0, KeyInformationClass::Basic, 18);
        assert_eq!(none.status, NtStatus::NO_MORE_ENTRIES);
        let entry = QueryEntry {
            flags: QueryFlags::empty(),
            name: Some("Port".to_owned()),
            default: None,
            expected: None,
        };
        let mut got = Vec::new();
        key.query_registry_values(kernel, &[entry], &mut |_, value| {
            got.push(value.clone());
            NtStatus::SUCCESS
        })
        .unwrap();
        assert_eq!(got, [RegistryValue::dword("Port", 0x330)]);
    });
}

#[test]
fn a_port_opens_the_key_of_its_interface_and_nobody_else_does() {
    on_device(|rig| {
        install(rig);
        let (kernel, device) = (&rig.kernel, rig.physical.top());
        let port = rig.fake.port();
        let (key_type, access) = (RegistryKeyType::DeviceInterface, KeyAccess::ALL);
        let opened = port.new_registry_key(kernel, None, key_type, access, None).unwrap();
        assert_eq!(opened.1, KeyDisposition::CreatedNew);
        let path = r"\Registry\Machine\Enum\Device Parameters\Interfaces\#Midi";
        assert!(kernel.open_registry_key(path).is_ok());
        let request = RegistryKeyRequest { key_type, access, device: Some(&device), path: None };
        let refused = pc_new_registry_key(kernel, None, &request).err();
        assert_eq!(refused, Some(NtStatus::INVALID_PARAMETER));
        let outer: Rc<dyn IUnknown> = rig.fake.port();
        let refused = port.new_registry_key(kernel, Some(outer), key_type, access, None).err();
        assert_eq!(refused, Some(NtStatus::INVALID_DEVICE_REQUEST));
    });
}

#[test]
fn a_general_key_that_is_refused_is_not_made() {
    on_device(|rig| {
        let path = r"\Registry\Machine\General";
        let (key_type, access) = (RegistryKeyType::General, KeyAccess::ALL);
        let request = RegistryKeyRequest { key_type, access, device: None, path: Some(path) };
        let answers = "registry:1=1".parse().expect("a list of answers");
        rig.kernel.set_oracle(Rc::new(Replay::new(answers)));
        let refused = pc_new_registry_key(&rig.kernel, None, &request).err();
        assert_eq!(refused, Some(NtStatus::ACCESS_DENIED));
        let opened = pc_new_registry_key(&rig.kernel, None, &request).expect("it is granted now");
        assert_eq!(opened.1, KeyDisposition::CreatedNew);
    });
}

#[test]
fn a_key_answers_only_what_it_was_opened_for() {
    on_device(|rig| {
        install(rig);
        let kernel = &rig.kernel;
        let open = |access| {
            let (key_type, path) = (RegistryKeyType::General, Some(DRIVER));
            let request = RegistryKeyRequest { key_type, access, device: None, path };
            pc_new_registry_key(kernel, None, &request).unwrap().0
        };
        let query = |access: KeyAccess| {
            let key = open(access);
            let table = QueryEntry {
                flags: QueryFlags::empty(),
                name: Some("Port".to_owned()),
                default: None,
                expected: None,
            };
            let asked = key.query_registry_values(kernel, &[table], &mut |_, _| NtStatus::SUCCESS);
            let class = ValueInformationClass::Partial;
            [
                key.query_key(kernel, KeyInformationClass::Full, 100).status,
                key.query_value_key(kernel, "Port", class, 16).status,
                key.enumerate_value_key(kernel, 0, class, 16).status,
                NtStatus::of(&asked),
                key.enumerate_key(kernel, 0, KeyInformationClass::Basic, 18).status,
            ]
        };
        let (good, denied) = (NtStatus::SUCCESS, NtStatus::ACCESS_DENIED);
        let end = NtStatus::NO_MORE_ENTRIES;
        assert_eq!(query(KeyAccess::SET_VALUE), [denied; 5]);
        assert_eq!(query(KeyAccess::QUERY_VALUE), [good, good, good, good, denied]);
        let enumerate = KeyAccess::ENUMERATE_SUB_KEYS;
        assert_eq!(query(enumerate), [denied, denied, denied, denied, end]);
        for all in [KeyAccess::READ, KeyAccess::GENERIC_READ, KeyAccess::MAXIMUM_ALLOWED] {
            assert_eq!(query(all), [good, good, good, good, end], "{all:?}");
        }
        let value = || RegistryValue::dword("x", 1);
        assert_eq!(open(KeyAccess::GENERIC_READ).set_value_key(kernel, value()), Err(denied));
        assert_eq!(open(KeyAccess::GENERIC_WRITE).set_value_key(kernel, value()), Ok(()));
    });
}

#[test]
fn a_key_of_a_device_is_opened_by_its_type_alone_and_never_made() {
    on_device(|rig| {
        install(rig);
        let (kernel, device) = (&rig.kernel, rig.physical.top());
        let open = |key_type, path| {
            let request = RegistryKeyRequest {
                key_type,
                access: KeyAccess::ALL,
                device: Some(&device),
                path,
            };
            pc_new_registry_key(kernel, None, &request)
        };
        let (key, disposition) = open(RegistryKeyType::Driver, Some("Sub")).unwrap();
        assert_eq!(disposition, KeyDisposition::OpenedExisting);
        let class = ValueInformationClass::Partial;
        assert_eq!(key.query_value_key(kernel, "Port", class, 16).status, NtStatus::SUCCESS);
        assert!(kernel.open_registry_key(&format!(r"{DRIVER}\Sub")).is_err());
        for missing in [RegistryKeyType::Device, RegistryKeyType::HardwareProfile] {
            let refused = open(missing, None).err();
            assert_eq!(refused, Some(NtStatus::OBJECT_NAME_NOT_FOUND));
        }
        assert!(kernel.open_registry_key(r"\Registry\Machine\Profile").is_err());
    });
}

#[test]
fn a_device_that_was_never_installed_has_no_keys() {
    on_device(|rig| {
        let device = rig.physical.top();
        let request = RegistryKeyRequest {
            key_type: RegistryKeyType::Device,
            access: KeyAccess::READ,
            device: Some(&device),
            path: None,
        };
        let refused = pc_new_registry_key(&rig.kernel, None, &request).err();
        assert_eq!(refused, Some(NtStatus::OBJECT_NAME_NOT_FOUND));
    });
}
