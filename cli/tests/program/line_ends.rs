//! Input with the line ends and encodings of Windows, and output without them.

use crate::support::{Folder, driver_path};

// Text files for the command lines below, with Unix line ends.

const CARD: &str = "based-on = \"sb16\"\nname = \"mine\"\ntitle = \"Mine\"\n";
const SCRIPT: &str = "title: a byte goes out\ninit uart\nR S -> 80/C0\nW D 90\nwire -> 90\n";
const REGISTRY: &str = "# values\nFifo=dword:1\nName=string:a text\n";
const INF: &str = "[Version]\nSignature=\"$CHICAGO$\"\n[Manufacturer]\nMe=M\n[M]\n\
                   A card=I,*PNPB006\n[I]\nAddReg=V\n[V]\nHKR,,A,,text\n";

/// A text in the forms in which Windows may keep it.
fn forms_of_windows(text: &str) -> [(&'static str, Vec<u8>); 4] {
    let text = text.replace('\n', "\r\n");
    let utf16 = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    [
        ("CR LF", text.clone().into_bytes()),
        ("UTF-8 with a mark", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("UTF-16", [vec![0xFF, 0xFE], utf16(u16::to_le_bytes)].concat()),
        ("UTF-16, big end first", [vec![0xFE, 0xFF], utf16(u16::to_be_bytes)].concat()),
    ]
}

/// Runs the program on a file with Unix line ends, and then in each form of Windows. The output
/// has to be the same.
fn same_in_each_form(name: &str, text: &str, arguments: &[&str]) {
    let folder = Folder::new();
    folder.put(name, text);
    let unix = folder.run(arguments);
    assert!(
        matches!(unix.code, 0 | 1) && !unix.stdout.is_empty(),
        "{arguments:?}: {}",
        unix.stderr
    );
    for (form, bytes) in forms_of_windows(text) {
        folder.put(name, bytes);
        let ran = folder.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (unix.code, unix.stderr.as_str()), "{form}");
        assert_eq!(ran.text(), unix.text(), "{name}: {form}");
    }
}

#[test]
fn every_text_is_read_with_the_line_ends_and_encodings_of_windows() {
    same_in_each_form("mine.toml", CARD, &["play", "--card", "mine.toml", "--trace", "-"]);
    same_in_each_form("a.ops", SCRIPT, &["ops", "a.ops", "--card", "sb16"]);
    let driver = driver_path("x64/uart.sys");
    let machine = ["play", "--driver", &driver, "--trace", "-"];
    let with = |option: &[&'static str]| [&machine[..], option].concat();
    same_in_each_form("values.txt", REGISTRY, &with(&["--registry-file", "values.txt"]));
    same_in_each_form("card.inf", INF, &with(&["--inf", "card.inf"]));
}

#[test]
fn a_trace_is_read_with_the_line_ends_and_encodings_of_windows() {
    let trace = Folder::new().run(&["play", "--trace", "-"]);
    same_in_each_form("t.txt", trace.text(), &["explain", "t.txt", "--at", "257ms"]);
    let folder = Folder::new();
    folder.put("unix.txt", trace.text());
    for (form, bytes) in forms_of_windows(trace.text()) {
        folder.put("windows.txt", bytes);
        let ran = folder.run(&["diff", "unix.txt", "windows.txt"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{form}: {}", ran.text());
    }
}

#[test]
fn what_the_program_writes_has_the_line_ends_of_unix_on_every_system() {
    let folder = Folder::new();
    folder.put("a.ops", SCRIPT);
    for arguments in [
        &["play"][..],
        &["play", "--trace", "-"],
        &["play", "--vcd", "-"],
        &["play", "--format", "json"],
        &["ops", "a.ops", "--format", "junit"],
        &["ops", "a.ops", "--record", "linux"],
        &["cards", "--show", "sb16"],
        &["rules"],
        &["schema", "summary"],
        &["completions", "powershell"],
        &["man"],
    ] {
        let ran = folder.run(arguments);
        assert!(!ran.stdout.is_empty() && !ran.stdout.contains(&b'\r'), "{arguments:?}");
    }
    // A recipe for DOS has CR LF, because only DOS reads it.
    let recipe = folder.run(&["ops", "a.ops", "--record", "dos"]);
    assert!(recipe.text().lines().count() == recipe.text().matches("\r\n").count());
}

#[test]
fn no_colour_reaches_a_file_or_a_pipe() {
    let folder = Folder::new();
    for arguments in [&["play"][..], &["cards"], &["rules"], &["--help"], &["play", "--crad"]] {
        let ran = folder.run(arguments);
        assert!(!ran.stdout.contains(&0x1B) && !ran.stderr.contains('\u{1B}'), "{arguments:?}");
    }
}
