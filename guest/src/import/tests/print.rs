//! The debug output of a driver: formats, texts and bad arguments.

use cpu_x86::Mode;
use portcls_emulator::trace::Event;
use portcls_emulator::{Irql, NtStatus};

use super::{BOTH, Bench};

/// The text that the driver printed last.
fn printed(bench: &Bench) -> String {
    let log = bench.kernel.trace().log();
    let notes = log.events().filter_map(|event| match event.event {
        Event::Note(text) => Some(log.text(text).to_owned()),
        _ => None,
    });
    notes.last().unwrap_or_default()
}

/// Prints a format with these words of arguments. Returns the text that the driver printed.
fn print(bench: &Bench, format: &str, words: &[u64]) -> String {
    let format = bench.bytes(format!("{format}\0").as_bytes());
    bench.call("DbgPrint", &[&[format][..], words].concat());
    printed(bench)
}

#[test]
fn numbers_are_written_as_the_c_library_writes_them() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let minus_one = u64::from(u32::MAX);
        for (format, word, expected) in [
            ("%d", minus_one, "-1"),
            ("%u", minus_one, "4294967295"),
            ("%5d|", 42, "   42|"),
            ("%-5d|", 42, "42   |"),
            ("%05d", minus_one, "-0001"),
            ("%+d", 7, "+7"),
            ("%.3d", 7, "007"),
            ("%x", 0xBEEF, "beef"),
            ("%#X", 0xBEEF, "0XBEEF"),
            ("%#010x", 0x1234, "0x00001234"),
            ("%#010X", 0xBEEF, "0X0000BEEF"),
            ("%#010x", 0, "0000000000"),
            ("%#10x", 0x1234, "    0x1234"),
            ("%08lX", 0x330, "00000330"),
            ("%hd", 0xFFFF, "-1"),
            ("%o", 8, "10"),
            ("%#o", 8, "010"),
            ("%#o", 0, "0"),
            ("%#.4o", 8, "0010"),
            ("%#06o", 8, "000010"),
            ("%c%%", 0x41, "A%"),
            ("%y", 0, "y"),
        ] {
            assert_eq!(print(&bench, format, &[word]), expected, "{format}");
        }
    }
}

#[test]
fn the_component_and_the_level_come_before_the_format() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let format = bench.bytes(b"port %x, %s\0");
        let text = bench.bytes(b"ready\0");
        // DPFLTR_IHVVIDEO_ID, DPFLTR_ERROR_LEVEL.
        let words = [78, 0, format, 0x330, text];
        assert_eq!(bench.status("DbgPrintEx", &words), NtStatus::SUCCESS);
        assert_eq!(printed(&bench), "port 330, ready");
    }
}

#[test]
fn a_number_of_64_bits_is_one_argument_or_two() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let words: &[u64] = match mode {
            Mode::Bits64 => &[0x1_0000_0002, 3],
            Mode::Bits32 => &[2, 1, 3],
        };
        assert_eq!(print(&bench, "%I64x %d", words), "100000002 3");
        assert_eq!(print(&bench, "%llu %d", words), "4294967298 3");
        let pointer = if mode == Mode::Bits64 { "0000000000000330" } else { "00000330" };
        assert_eq!(print(&bench, "%p", &[0x330]), pointer);
        assert_eq!(print(&bench, "%*d|%-*d|", &[4, 1, 4, 2]), "   1|2   |");
    }
}

#[test]
fn texts_of_every_kind_are_printed() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let narrow = bench.bytes(b"narrow\0");
        let wide = bench.wide("wide");
        let counted = bench.unicode("counted");
        assert_eq!(print(&bench, "%s %.3s %hs", &[narrow; 3]), "narrow nar narrow");
        assert_eq!(print(&bench, "%S %ws %ls", &[wide; 3]), "wide wide wide");
        assert_eq!(print(&bench, "<%wZ>", &[counted]), "<counted>");
        assert_eq!(print(&bench, "%8.2s|%-6s|", &[narrow, narrow]), "      na|narrow|");
        assert_eq!(print(&bench, "%s", &[0]), "(null)");
        assert_eq!(bench.kernel.violation_count(), 0);
    }
}

#[test]
fn a_bad_pointer_and_a_missing_argument_end_nothing() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        assert_eq!(print(&bench, "a %s b", &[0x10]), "a (bad pointer 10) b");
        assert_eq!(print(&bench, "%wZ", &[0x10]), "(bad pointer 10)");
        // A text that has no final zero and lies at the end of a page.
        let unended = bench.bytes(&[b'x'; 16]);
        let text = print(&bench, "%s", &[unended]);
        assert!(text.starts_with("xxxxxxxxxxxxxxxx(bad pointer "), "{text}");
        // More conversions than the stack holds words.
        let many = "%d".repeat(240);
        print(&bench, &many, &[]);
        assert_eq!(bench.kernel.stopped(), None);
        bench.call("DbgPrint", &[0x10]);
        assert_eq!(printed(&bench), "(bad pointer 10)");
    }
}

#[test]
fn wide_text_above_passive_level_breaks_a_rule() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (narrow, wide) = (bench.bytes(b"n\0"), bench.wide("w"));
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        assert_eq!(print(&bench, "%s", &[narrow]), "n");
        assert_eq!(bench.kernel.violation_count(), 0);
        print(&bench, "%S", &[wide]);
        assert_eq!(bench.kernel.violations()[0].rule.id, "irql-too-high");
    }
}
