//! The dispatch table of a driver: what PcInitializeAdapterDriver takes over.

use portcls_emulator::DriverObject;

use super::{BOTH, Bench};
use crate::import::{DISPATCH, INVALID_REQUEST};

/// The major functions that PortCls takes over: CREATE, CLOSE, READ, WRITE, FLUSH_BUFFERS,
/// DEVICE_CONTROL, QUERY_SECURITY, SET_SECURITY, POWER, SYSTEM_CONTROL, PNP.
/// Source: WDK, PcInitializeAdapterDriver.
const TAKEN_OVER: [u8; 11] = [0x00, 0x02, 0x03, 0x04, 0x09, 0x0E, 0x14, 0x15, 0x16, 0x17, 0x1B];

#[test]
fn portcls_takes_over_the_entries_that_its_page_lists_and_no_other() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let driver = DriverObject::new("test");
        let address = bench.guest.driver_pointer(&driver);
        let extension = bench.memory(64);
        let field = u64::from(bench.guest.layout().driver_object.driver_extension);
        bench.guest.put_word(address + field, extension);
        let entry = |major| bench.guest.major_function(address, major);
        let invalid = bench.guest.thunk_of(&INVALID_REQUEST);
        (0..28).for_each(|major| bench.guest.put_word(entry(major), invalid));
        let words = [address, bench.unicode("path"), bench.code()];
        assert_eq!(bench.status("PcInitializeAdapterDriver", &words).0, 0);
        let portcls = bench.guest.thunk_of(&DISPATCH);
        for major in 0..28 {
            let expected = if TAKEN_OVER.contains(&major) { portcls } else { invalid };
            assert_eq!(bench.guest.load_word(entry(major)), expected, "{mode:?} {major:#x}");
        }
    }
}
