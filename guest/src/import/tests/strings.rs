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

fn narrow_text(bench: &Bench, string: u64) -> Vec<u8> {
    let fields = &bench.guest.layout().unicode_string;
    let buffer = bench.guest.load_word(string + u64::from(fields.buffer));
    bench.guest.load_bytes(buffer, bench.guest.load_u16(string).into())
}

#[test]
fn narrow_and_wide_strings_are_made_from_each_other() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (narrow, wide) = (bench.memory(16), bench.memory(16));
        for name in ["RtlInitAnsiString", "RtlInitString"] {
            bench.call(name, &[narrow, bench.bytes(b"M\xFCD\0")]);
        }
        assert_eq!([bench.guest.load_u16(narrow), bench.guest.load_u16(narrow + 2)], [3, 4]);
        let words = [wide, narrow, 1];
        assert_eq!(bench.status("RtlAnsiStringToUnicodeString", &words), NtStatus::SUCCESS);
        assert_eq!(text(&bench, wide), "M\u{fc}D");
        assert_eq!([bench.guest.load_u16(wide), bench.guest.load_u16(wide + 2)], [6, 8]);
        assert_eq!(bench.left().len(), 1);
        bench.call("RtlFreeUnicodeString", &[wide]);
        let back = [narrow, bench.unicode("a\u{20ac}"), 1];
        assert_eq!(bench.status("RtlUnicodeStringToAnsiString", &back), NtStatus::SUCCESS);
        assert_eq!(narrow_text(&bench, narrow), b"a?");
        bench.call("RtlFreeAnsiString", &[narrow]);
        assert_eq!((bench.left(), bench.guest.load_u16(narrow)), (Vec::new(), 0));
        bench.call("RtlInitAnsiString", &[narrow, 0]);
        assert_eq!(bench.guest.load_u32(narrow), 0);
    }
}

#[test]
fn a_string_that_does_not_fit_into_its_room_is_refused() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let narrow = bench.memory(16);
        bench.call("RtlInitAnsiString", &[narrow, bench.bytes(b"midi\0")]);
        let words = |room: &str| [bench.unicode(room), narrow, 0];
        let (short, long) = (words("...."), words("....."));
        assert_eq!(bench.status("RtlAnsiStringToUnicodeString", &long), NtStatus::SUCCESS);
        assert_eq!(text(&bench, long[0]), "midi");
        let fits = bench.status("RtlAnsiStringToUnicodeString", &short);
        assert_eq!(fits, NtStatus::SUCCESS, "with the zero behind it");
        let refused = bench.status("RtlAnsiStringToUnicodeString", &words("..."));
        assert_eq!(refused, NtStatus::BUFFER_OVERFLOW);
        let long = bench.bytes(&[&[b'x'; 0x8000][..], &[0]].concat());
        bench.call("RtlInitAnsiString", &[narrow, long]);
        let words = [bench.memory(16), narrow, 1];
        let refused = bench.status("RtlAnsiStringToUnicodeString", &words);
        assert_eq!(refused, NtStatus::INVALID_PARAMETER_2);
    }
}
