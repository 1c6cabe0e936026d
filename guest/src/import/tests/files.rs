//! Files: no file exists.

use portcls_emulator::{DeviceObject, DriverObject, NtStatus};

use super::{BOTH, Bench};

fn create(bench: &Bench, name: &str, disposition: u64, block: u64) -> Vec<u64> {
    let fields = &bench.guest.layout().object_attributes;
    let attributes = bench.memory(u64::from(fields.size_of));
    let name = bench.unicode(name);
    bench.guest.store_word(attributes + u64::from(fields.object_name), name);
    let handle = bench.memory(8);
    vec![handle, 0x8000_0000, attributes, block, 0, 0, 1, disposition, 0x20, 0, 0]
}

#[test]
fn a_file_does_not_exist_and_cannot_be_made() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let block = bench.memory(16);
        let open = |disposition| {
            let words = create(&bench, r"\SystemRoot\System32\bank.dls", disposition, block);
            bench.status("ZwCreateFile", &words)
        };
        assert_eq!(open(1), NtStatus::OBJECT_NAME_NOT_FOUND, "FILE_OPEN");
        let information = u64::from(bench.guest.layout().io_status_block.information);
        assert_eq!(bench.guest.load_u32(block), 0xC000_0034);
        assert_eq!(bench.guest.load_word(block + information), 5, "FILE_DOES_NOT_EXIST");
        assert_eq!(open(3), NtStatus::OBJECT_PATH_NOT_FOUND, "FILE_OPEN_IF");
        assert_eq!(open(6), NtStatus::INVALID_PARAMETER);
        assert_eq!(bench.left(), [""; 0]);
    }
}

#[test]
fn a_handle_of_no_file_cannot_be_read_or_queried() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let block = bench.memory(16);
        let read = [8, 0, 0, 0, block, block, 16, 0, 0];
        assert_eq!(bench.status("ZwReadFile", &read), NtStatus::INVALID_HANDLE);
        let query = [8, block, block, 16, 5];
        assert_eq!(bench.status("ZwQueryInformationFile", &query), NtStatus::INVALID_HANDLE);
    }
}

#[test]
fn a_device_that_has_the_name_ends_the_run_by_it() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let device = DeviceObject::new(&DriverObject::new("test"));
        bench.kernel.name_device(&device, r"\Device\Uart").expect("a new name");
        let words = create(&bench, r"\Device\Uart", 1, bench.memory(16));
        let stop = bench.try_call("ZwCreateFile", &words).expect_err("a stop");
        assert!(stop.to_string().contains(r"ZwCreateFile of the device \Device\Uart"), "{stop}");
    }
}
