//! The C library: texts, characters, numbers and formats.

use cpu_x86::Mode;

use super::{BOTH, Bench};

/// The text that a routine left at an address.
fn narrow_at(bench: &Bench, address: u64) -> String {
    String::from_utf8(bench.guest.load_c_string(address, 256)).expect("ASCII")
}

fn wide_at(bench: &Bench, address: u64) -> String {
    String::from_utf16_lossy(&bench.guest.load_wide_string(address))
}

/// Calls a routine for narrow characters and its counterpart for wide characters. The asterisk in
/// `name` stands for `str` or `wcs`. The texts are "Midi-401 midi" and `other`. `check` gets the
/// addresses of both texts, the bytes of a character, and the result.
fn both_widths(name: &str, other: &str, check: impl Fn(&Bench, [u64; 3], u64)) {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (text, other_at) = (bench.narrow("Midi-401 midi"), bench.narrow(other));
        let result = bench.call_for_pointer(&name.replace('*', "str"), &[text, other_at]);
        check(&bench, [text, other_at, 1], result);
        let (text, other_at) = (bench.wide("Midi-401 midi"), bench.wide(other));
        let result = bench.call_for_pointer(&name.replace('*', "wcs"), &[text, other_at]);
        check(&bench, [text, other_at, 2], result);
    }
}

#[test]
fn a_text_is_found_in_another_one() {
    let at = |index: u64| {
        move |_: &Bench, [text, _, bytes]: [u64; 3], result: u64| {
            assert_eq!(result, text + index * bytes);
        }
    };
    both_widths("*str", "401", at(5));
    both_widths("*str", "", at(0));
    both_widths("*str", "402", |_, _, result| assert_eq!(result, 0));
    both_widths("*spn", "idM", |_, _, result| assert_eq!(result, 4));
}

#[test]
fn a_character_is_found_from_the_front_and_from_the_back() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        for (prefix, text, bytes) in
            [("str", bench.narrow("Midi"), 1), ("wcs", bench.wide("Midi"), 2)]
        {
            let find = |name: &str, character: char| {
                let words = [text, character.into()];
                bench.call_for_pointer(&format!("{prefix}{name}"), &words)
            };
            assert_eq!(find("chr", 'i'), text + bytes);
            assert_eq!(find("rchr", 'i'), text + 3 * bytes);
            assert_eq!(find("chr", '\0'), text + 4 * bytes, "the end counts");
            assert_eq!([find("chr", 'x'), find("rchr", 'x')], [0, 0]);
        }
        let memory = bench.bytes(&[1, 2, 0, 3]);
        assert_eq!(bench.call_for_pointer("memchr", &[memory, 3, 4]), memory + 3);
        assert_eq!(bench.call_for_pointer("memchr", &[memory, 3, 3]), 0);
    }
}

#[test]
fn texts_are_copied_and_appended_with_and_without_a_limit() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (room, text) = (bench.bytes(&[0x55; 16]), bench.narrow("midi"));
        let at = |name: &str, words: &[u64]| {
            assert_eq!(bench.call_for_pointer(name, words), room, "{name}");
            narrow_at(&bench, room)
        };
        assert_eq!(at("strcpy", &[room, text]), "midi");
        assert_eq!(at("strcat", &[room, text]), "midimidi");
        assert_eq!(at("strncat", &[room, text, 2]), "midimidimi");
        assert_eq!(at("strncpy", &[room, bench.narrow("xyz"), 2]), "xydimidimi");
        assert_eq!(at("strncpy", &[room, text, 6]), "midi");
        assert_eq!(bench.guest.load_bytes(room, 7), *b"midi\0\0d", "padded with zeros");
        let (room, text) = (bench.bytes(&[0x55; 32]), bench.wide("midi"));
        bench.call("wcsncpy", &[room, text, 6]);
        bench.call("wcscat", &[room, text]);
        bench.call("wcsncat", &[room, text, 1]);
        assert_eq!(wide_at(&bench, room), "midimidim");
        assert_eq!(bench.call("wcsnlen", &[room, 4]), 4);
        assert_eq!(bench.call("strnlen", &[bench.narrow("midi"), 9]), 4);
    }
}

#[test]
fn texts_are_compared_with_and_without_regard_to_capital_letters() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let compare = |name: &str, limit: Option<u64>, left: &str, right: &str| {
            let store = |text: &str| {
                if name.contains("wcs") { bench.wide(text) } else { bench.narrow(text) }
            };
            let words = [&[store(left), store(right)][..], limit.as_slice()].concat();
            (bench.call(name, &words) as i32).signum()
        };
        for prefix in ["str", "wcs"] {
            let name = |rest: &str| format!("{prefix}{rest}");
            assert_eq!(compare(&name("cmp"), None, "Midi", "midi"), -1);
            assert_eq!(compare(&name("ncmp"), Some(3), "midi", "mida"), 0);
            assert_eq!(compare(&name("ncmp"), Some(4), "midi", "mida"), 1);
            assert_eq!(compare(&format!("_{prefix}icmp"), None, "Midi", "mIDI"), 0);
            assert_eq!(compare(&format!("_{prefix}icmp"), None, "Midi", "mIDJ"), -1);
            assert_eq!(compare(&format!("_{prefix}nicmp"), Some(2), "Midi", "mIx"), 0);
        }
    }
}

#[test]
fn letters_become_small_or_capital() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (text, wide) = (bench.narrow("Mi-4"), bench.wide("Mi-4"));
        bench.call("_strupr", &[text]);
        bench.call("_wcsupr", &[wide]);
        assert_eq!((&*narrow_at(&bench, text), &*wide_at(&bench, wide)), ("MI-4", "MI-4"));
        bench.call("_strlwr", &[text]);
        bench.call("_wcslwr", &[wide]);
        assert_eq!((&*narrow_at(&bench, text), &*wide_at(&bench, wide)), ("mi-4", "mi-4"));
        let change = |name: &str, character: u64| bench.call(name, &[character]);
        assert_eq!(change("toupper", b'm'.into()), b'M'.into());
        assert_eq!(change("tolower", b'M'.into()), b'm'.into());
        assert_eq!(change("toupper", 0xE4), 0xE4, "no letter of ASCII");
        assert_eq!(change("towupper", b'm'.into()) & 0xFFFF, b'M'.into());
        assert_eq!(change("towlower", 0x14D) & 0xFFFF, 0x14D);
        assert_eq!(change("toupper", 0xFFFF_FFFF), 0xFFFF_FFFF, "EOF");
    }
}

#[test]
fn characters_are_of_the_kinds_that_the_c_standard_has() {
    let bench = Bench::plain(Mode::Bits64);
    for (name, members) in [
        ("isdigit", "0123456789"),
        ("isxdigit", "0123456789ABCDEFabcdef"),
        ("isupper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("islower", "abcdefghijklmnopqrstuvwxyz"),
        ("isspace", "\t\n\u{b}\u{c}\r "),
    ] {
        let is = |character: &u32| bench.call(name, &[u64::from(*character)]) != 0;
        let found: Vec<u32> = (0..=256).chain([u32::MAX]).filter(is).collect();
        assert_eq!(found, members.chars().map(u32::from).collect::<Vec<_>>(), "{name}");
    }
    let count = |name: &str| (0..256).filter(|code| bench.call(name, &[*code]) != 0).count();
    assert_eq!([count("isalpha"), count("isalnum"), count("isprint")], [52, 62, 95]);
}

#[test]
fn a_number_is_read_from_a_text_as_far_as_it_goes() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        for (text, expected) in [
            (" \t42x", 42),
            ("-401", -401),
            ("+7", 7),
            ("", 0),
            ("x1", 0),
            ("- 1", 0),
            ("99999999999999999999", i32::MAX),
            ("-99999999999999999999", i32::MIN),
        ] {
            for name in ["atoi", "atol"] {
                assert_eq!(bench.call(name, &[bench.narrow(text)]) as i32, expected, "{text}");
            }
        }
    }
}

#[test]
fn a_format_is_written_with_a_zero_and_its_length_is_returned() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let room = bench.bytes(&[0x55; 64]);
        let format = bench.narrow("%s %d %ws");
        let words = [room, format, bench.narrow("midi"), 401, bench.wide("uart")];
        assert_eq!(bench.call("sprintf", &words), 13);
        assert_eq!(narrow_at(&bench, room), "midi 401 uart");
        let format = bench.wide("%s %04x %S");
        let words = [room, format, bench.wide("midi"), 0x330, bench.narrow("uart")];
        assert_eq!(bench.call("swprintf", &words), 14);
        assert_eq!(wide_at(&bench, room), "midi 0330 uart");
        let words = [room, 64, bench.wide("%c%hs"), 0x20AC, bench.narrow("x")];
        assert_eq!(bench.call("_snwprintf", &words), 2);
        assert_eq!(wide_at(&bench, room), "\u{20ac}x");
        bench.call("sprintf", &[room, bench.narrow("%ws"), bench.wide("\u{20ac}")]);
        assert_eq!(narrow_at(&bench, room), "?", "no narrow character");
    }
}

/// Source: Microsoft, _snprintf, Return value.
#[test]
fn a_text_that_is_too_long_is_cut_and_minus_one_is_returned() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let format = bench.narrow("%d");
        let print = |room: u64| {
            let buffer = bench.bytes(&[0x55; 8]);
            let result = bench.call("_snprintf", &[buffer, room, format, 401]) as i32;
            (result, bench.guest.load_bytes(buffer, 4))
        };
        assert_eq!(print(4), (3, b"401\0".to_vec()));
        assert_eq!(print(3), (3, b"401\x55".to_vec()), "no room for the zero");
        assert_eq!(print(2), (-1, b"40\x55\x55".to_vec()));
        assert_eq!(bench.call("_snprintf", &[0, 0, format, 401]), 3, "only the length");
    }
}

/// The limit is 65,536 characters. The text also has all characters of the conversion that passes
/// the limit.
#[test]
fn a_text_ends_after_the_conversion_that_passes_its_limit() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let format = bench.narrow("x%65536d|%d|");
        let length = bench.call("_snprintf", &[0, 0, format, 1, 2]);
        assert_eq!(length, 65_537, "the rest of the format is not in the text");
    }
}

#[test]
fn the_values_of_a_format_may_be_in_a_list() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let room = bench.bytes(&[0x55; 64]);
        let words = [bench.narrow("midi"), 401];
        let list = bench.memory(2 * bench.guest.pointer_bytes() + 8);
        for (index, word) in words.into_iter().enumerate() {
            let at = list + index as u64 * bench.guest.pointer_bytes();
            bench.guest.store_word(at, word);
        }
        bench.guest.store_u64(list + 2 * bench.guest.pointer_bytes(), 0x1_0000_0002);
        let format = bench.narrow("%s %d %I64x");
        assert_eq!(bench.call("_vsnprintf", &[room, 64, format, list]), 18);
        assert_eq!(narrow_at(&bench, room), "midi 401 100000002");
        assert_eq!(bench.call("vsprintf", &[room, format, list]), 18);
        let format = bench.wide("%hs %d");
        assert_eq!(bench.call("_vsnwprintf", &[room, 8, format, list]), 8);
        assert_eq!(bench.guest.load_u16(room + 14), b'1'.into());
    }
}

#[test]
fn a_bad_pointer_in_a_format_is_a_bug_check_and_not_a_text() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (room, format) = (bench.memory(64), bench.narrow("%s"));
        let behind = bench.memory(16) + 0x1000;
        assert_eq!(bench.bug_check("sprintf", &[room, format, behind]), (0xD6, behind));
    }
}
