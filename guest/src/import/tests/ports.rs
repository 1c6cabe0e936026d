//! Port accesses of each width and form.

use super::{BOTH, Bench};

#[test]
fn each_width_and_form_of_a_port_access_reaches_the_bus() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        // No device is on the bus, so the bus floats.
        assert_eq!(bench.call("READ_PORT_UCHAR", &[0x330]), 0xFF);
        assert_eq!(bench.call("READ_PORT_USHORT", &[0x330]), 0xFFFF);
        assert_eq!(bench.call("READ_PORT_ULONG", &[0x330]), 0xFFFF_FFFF);
        for (name, width) in [("UCHAR", 1), ("USHORT", 2), ("ULONG", 4)] {
            let buffer = bench.memory(16);
            bench.call(&format!("READ_PORT_BUFFER_{name}"), &[0x330, buffer, 3]);
            let expected: Vec<u8> =
                (0..16).map(|at| if at < 3 * width { 0xFF } else { 0 }).collect();
            assert_eq!(bench.guest.load_bytes(buffer, 16), expected);
            let reads = bench.kernel.counters().port_reads;
            bench.call(&format!("WRITE_PORT_{name}"), &[0x330, 0x12]);
            bench.call(&format!("WRITE_PORT_BUFFER_{name}"), &[0x330, buffer, 3]);
            assert_eq!(bench.kernel.counters().port_reads, reads);
        }
        let counters = bench.kernel.counters();
        assert_eq!((counters.port_reads, counters.port_writes), (12, 12));
    }
}

#[test]
fn a_buffer_that_is_too_short_is_bug_check_d6() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let buffer = bench.memory(16);
        let (code, address) = bench.bug_check("READ_PORT_BUFFER_UCHAR", &[0x330, buffer, 20]);
        assert_eq!((code, address), (0xD6, buffer + 16));
    }
}
