//! Counted strings, and strings of the C library.

use portcls_emulator::NtStatus;

use super::{BOTH, Bench};

fn text(bench: &Bench, string: u64) -> String {
    String::from_utf16_lossy(&bench.guest.load_unicode_string(string))
}

#[test]
fn counted_strings_are_set_copied_appended_and_compared() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let string = bench.unicode("Uart");
        let lengths = (bench.guest.load_u16(string), bench.guest.load_u16(string + 2));
        assert_eq!((text(&bench, string).as_str(), lengths), ("Uart", (8, 10)));
        bench.call("RtlInitUnicodeString", &[string, 0]);
        assert_eq!(bench.guest.load_u32(string), 0);

        let room = bench.unicode("......");
        bench.call("RtlCopyUnicodeString", &[room, bench.unicode("ab")]);
        assert_eq!(text(&bench, room), "ab");
        let append =
            |more: &str| bench.status("RtlAppendUnicodeToString", &[room, bench.wide(more)]);
        assert_eq!((append("cd"), text(&bench, room).as_str()), (NtStatus::SUCCESS, "abcd"));
        assert_eq!(append("efgh"), NtStatus::BUFFER_TOO_SMALL);
        let equal = |case: u64| {
            let words = [room, bench.unicode("ABCD"), case];
            bench.call("RtlEqualUnicodeString", &words) & 0xFF
        };
        assert_eq!([equal(0), equal(1)], [0, 1]);
    }
}

#[test]
fn a_copy_takes_as_much_as_fits() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let short = bench.unicode("..");
        bench.call("RtlCopyUnicodeString", &[short, bench.unicode("abcdef")]);
        assert_eq!(text(&bench, short), "abc");
        bench.call("RtlCopyUnicodeString", &[short, 0]);
        assert_eq!(text(&bench, short), "");
    }
}

#[test]
fn strings_of_the_c_library_end_at_their_zero() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (one, other) = (bench.bytes(b"uart\0"), bench.bytes(b"uarx\0"));
        assert_eq!(bench.call("strlen", &[one]), 4);
        assert!((bench.call("strcmp", &[one, other]) as i32) < 0);
        assert_eq!(bench.call("strcmp", &[one, one]), 0);
        let (wide, room) = (bench.wide("midi"), bench.memory(10));
        assert_eq!(bench.call("wcslen", &[wide]), 4);
        assert_eq!(bench.call_for_pointer("wcscpy", &[room, wide]), room);
        assert_eq!(bench.call("wcscmp", &[room, wide]), 0);
        assert!((bench.call("wcscmp", &[room, bench.wide("mid")]) as i32) > 0);
    }
}
