//! Symbolic links, and the names of devices.

use portcls_emulator::{DriverObject, Irql, NtStatus};

use super::{BOTH, Bench};

#[test]
fn a_link_is_made_once_listed_until_it_is_deleted_and_leads_to_its_device() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let driver = bench.guest.driver_pointer(&DriverObject::new("test"));
        let (name, link) = (bench.unicode(r"\Device\Uart"), bench.unicode(r"\DosDevices\Uart"));
        let out = bench.memory(8);
        let create = [driver, 0, name, 0x22, 0, 0, out];
        assert_eq!(bench.status("IoCreateDevice", &create), NtStatus::SUCCESS);
        let device = bench.guest.load_word(out);
        let refused = bench.status("IoCreateDevice", &create);
        assert_eq!(refused, NtStatus::OBJECT_NAME_COLLISION);
        assert_eq!(bench.status("IoCreateSymbolicLink", &[link, name]), NtStatus::SUCCESS);
        let again = bench.status("IoCreateSymbolicLink", &[link, name]);
        assert_eq!(again, NtStatus::OBJECT_NAME_COLLISION);
        let place = "by IoCreateSymbolicLink before the kernel";
        assert!(bench.left().contains(&format!("symbolic links: 1, {place}")));
        let found = bench.kernel.device_named(r"\??\UART").expect("it leads to the device");
        assert_eq!(bench.guest.device_pointer(&found), device);
        let same = bench.unicode(r"\??\uart");
        assert_eq!(bench.status("IoDeleteSymbolicLink", &[same]), NtStatus::SUCCESS);
        bench.call("IoDeleteDevice", &[device]);
        assert_eq!(bench.left(), [""; 0]);
        let again = bench.status("IoDeleteSymbolicLink", &[link]);
        assert_eq!(again, NtStatus::OBJECT_NAME_NOT_FOUND);
        assert_eq!(bench.status("IoCreateDevice", &create), NtStatus::SUCCESS, "it is free again");
    }
}

#[test]
fn there_are_1024_names_and_a_deleted_one_makes_room() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let target = r"\Device\Uart";
        for number in 0..1_024 {
            let link = format!(r"\??\{number}");
            bench.kernel.create_symbolic_link(&link, target).expect("there is room");
        }
        let words = [bench.unicode(r"\??\Uart"), bench.unicode(target)];
        let full = bench.status("IoCreateSymbolicLink", &words);
        assert_eq!(full, NtStatus::INSUFFICIENT_RESOURCES);
        bench.kernel.delete_symbolic_link(r"\??\7").expect("it is there");
        assert_eq!(bench.status("IoCreateSymbolicLink", &words), NtStatus::SUCCESS);
    }
}

#[test]
fn a_link_with_a_bad_name_is_refused() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let target = bench.unicode(r"\Device\Uart");
        let status = |name| bench.status("IoCreateSymbolicLink", &[bench.unicode(name), target]);
        assert_eq!(status("Uart"), NtStatus::OBJECT_PATH_SYNTAX_BAD);
        assert_eq!(status(r"\DosDevices\\Uart"), NtStatus::OBJECT_PATH_SYNTAX_BAD);
        assert_eq!(status(r"\Nowhere\Uart"), NtStatus::OBJECT_PATH_NOT_FOUND);
        assert_eq!(bench.left(), [""; 0]);
    }
}

#[test]
fn links_are_made_and_deleted_at_passive_level() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (name, link) = (bench.unicode(r"\Device\Uart"), bench.unicode(r"\??\Uart"));
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        bench.call("IoCreateSymbolicLink", &[link, name]);
        bench.call("IoDeleteSymbolicLink", &[link]);
        assert_eq!(bench.broken_rules(), ["IrqlIoPassive3", "IrqlIoPassive4"]);
    }
}
