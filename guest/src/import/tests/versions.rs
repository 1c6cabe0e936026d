//! The version of Windows, its clock, and messages to its tracing.

use portcls_emulator::trace::Event;
use portcls_emulator::{Irql, NtStatus};

use super::{BOTH, Bench};

#[test]
fn wdm_is_there_up_to_version_6_0() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let is = |major, minor| bench.call("IoIsWdmVersionAvailable", &[major, minor]) & 0xFF;
        assert_eq!([is(1, 0), is(1, 0x20), is(6, 0)], [1, 1, 1]);
        assert_eq!([is(6, 1), is(7, 0)], [0, 0]);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        is(1, 0);
        assert_eq!(bench.broken_rules(), ["irql-too-high"]);
    }
}

/// Source: sdkddkver.h, NTDDI_.
#[test]
fn the_driver_interface_is_there_up_to_windows_10_2004() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let is = |version| bench.call("RtlIsNtDdiVersionAvailable", &[version]) & 0xFF;
        let [windows_2000, vista, windows_10_2004, later] =
            [0x0500_0000, 0x0600_0000, 0x0A00_0008, 0x0A00_0009];
        assert_eq!([is(windows_2000), is(vista), is(windows_10_2004)], [1, 1, 1]);
        assert_eq!(is(later), 0);
    }
}

#[test]
fn the_resolution_of_the_clock_stays_and_a_setting_is_listed_until_it_is_restored() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        assert_eq!(bench.call("ExSetTimerResolution", &[5_000, 1]), 10_000);
        let place = "by ExSetTimerResolution before the kernel";
        assert_eq!(bench.left(), [format!("settings of the timer resolution: 1, {place}")]);
        assert_eq!(bench.call("ExSetTimerResolution", &[0, 0]), 10_000);
        assert_eq!(bench.left(), [""; 0]);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        bench.call("ExSetTimerResolution", &[0, 0]);
        assert_eq!(bench.broken_rules(), ["IrqlExApcLte2"]);
    }
}

#[test]
fn a_message_to_the_tracing_is_a_note() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let guid = bench.bytes(&[0x11; 16]);
        let words = [&bench.long(0x1234)[..], &[0x2B, guid, 10, 0, 0]].concat();
        assert_eq!(bench.status("WmiTraceMessage", &words), NtStatus::SUCCESS);
        let log = bench.kernel.trace().log();
        let notes = log.events().filter_map(|event| match event.event {
            Event::Note(text) => Some(log.text(text).to_owned()),
            _ => None,
        });
        let note = notes.last().expect("a note");
        assert_eq!(note, "WmiTraceMessage 10 of {11111111-1111-1111-1111-111111111111}");
    }
}
