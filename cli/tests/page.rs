//! The page of a trace in a browser: what it shows and does, and how fast.
//!
//! `page/check.js` opens the pages in Chromium, presses keys, and compares what the page says with
//! the text of the trace. The script also takes pictures for a person to look at, in the folder
//! that the environment variable `PORTCLS_PICTURES` names.

#[path = "program/support.rs"]
#[allow(dead_code, reason = "the other tests of the program use the rest")]
mod support;

use std::path::PathBuf;
use std::process::Command;

use portcls_test_tools::{has_program, skip};

use crate::support::{Folder, TWO_NOTES, driver_path, midi_file};

/// The script that drives the browser.
const CHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page/check.js");

/// Three notes of a chord, 3 ms apart, and their ends, with 1 tick in a millisecond.
fn chord() -> Vec<u8> {
    let mut song = midi_file(
        b"\x00\xFF\x51\x03\x07\x53\x00\x00\x90\x3C\x40\x03\x90\x40\x40\x03\x90\x43\x40\x06\x80\x3C\
          \x40\x00\x80\x40\x40\x00\x80\x43\x40\x00\xFF\x2F\x00",
    );
    song[12..14].copy_from_slice(&480_u16.to_be_bytes());
    song
}

/// A song of this many notes. Each note lasts 3 ms, and so does the rest before it.
fn long_song(notes: usize) -> Vec<u8> {
    let mut track = b"\x00\xFF\x51\x03\x07\x53\x00".to_vec();
    for note in 0..notes {
        let key = 60 + (note * 7 % 24) as u8;
        track.extend([3, 0x90, key, 64, 3, 0x80, key, 64]);
    }
    track.extend(b"\x00\xFF\x2F\x00");
    midi_file(&track)
}

/// Whether the browser, its driver and the checker of accessibility are installed.
fn has_browser() -> bool {
    if !has_program("node", "--version", "apt-get install nodejs") {
        return false;
    }
    for package in ["playwright-core", "axe-core"] {
        let script = format!("require('{package}')");
        let found = Command::new("node").args(["-e", &script]).output();
        if !found.is_ok_and(|found| found.status.success()) {
            skip(&format!("node finds no {package}; npm install {package}, and set NODE_PATH"));
            return false;
        }
    }
    has_program("chromium", "--version", "apt-get install chromium")
}

/// Runs a part of the script on a folder with pages. Returns what it printed.
fn check(folder: &Folder, part: &str) -> String {
    let pictures = std::env::var_os("PORTCLS_PICTURES").map(PathBuf::from);
    let pictures = pictures.unwrap_or_else(|| folder.path().to_owned());
    let mut command = Command::new("node");
    command.arg(CHECK).arg(part).arg(folder.path()).arg(pictures);
    let ran = command.output().expect("node runs");
    let printed = String::from_utf8(ran.stdout).expect("text");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{printed}\n{errors}");
    printed
}

#[test]
fn the_script_of_the_page_is_valid_in_each_of_its_files() {
    if !has_program("node", "--version", "apt-get install nodejs") {
        return;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../report/src/html");
    let files = std::fs::read_dir(folder).expect("the parts of the page");
    let files = files.map(|file| file.expect("a file").path());
    let scripts: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|end| end == "js")).collect();
    assert!(scripts.len() > 5, "{scripts:?}");
    for script in scripts {
        let checked = Command::new("node").arg("--check").arg(&script).output().expect("node");
        let errors = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{}: {errors}", script.display());
    }
}

/// Runs a verb that writes a trace both as text and as a page.
fn make(folder: &Folder, name: &str, verb: &[&str]) {
    let (text, page) = (format!("{name}.txt"), format!("{name}.html"));
    let arguments = [verb, &["--trace", &text, "--html", &page]].concat();
    let ran = folder.run(&arguments);
    assert!(folder.names().contains(&page), "{name}: {}", ran.stderr);
}

/// The pages that the script looks at, with their traces as text.
fn pages() -> Folder {
    let folder = Folder::new();
    folder.put("chord.mid", chord());
    let driver = |name: &str| driver_path(&format!("x64/{name}.sys"));
    make(&folder, "play", &["play", "chord.mid", "--driver", &driver("uart")]);
    make(&folder, "capture", &["capture", "chord.mid", "--driver", &driver("uart")]);
    make(&folder, "broken", &["play", "chord.mid", "--driver", &driver("no_busy_test")]);
    make(&folder, "rule", &["play", "chord.mid", "--driver", &driver("irql_kept")]);
    let files = ["diff", "play.txt", "broken.txt", "--tolerance", "200ns", "--html", "diff.html"];
    assert_eq!(folder.run(&files).code, 1);
    folder
}

#[test]
fn five_views_say_what_happened_and_a_key_does_what_it_says() {
    if !has_browser() {
        return;
    }
    let folder = pages();
    insta::assert_snapshot!(check(&folder, "views"));
    check(&folder, "keys");
}

#[test]
fn every_line_of_the_text_is_in_the_page_with_the_same_numbers() {
    if !has_browser() {
        return;
    }
    let folder = pages();
    let printed = check(&folder, "numbers");
    assert!(printed.contains("capture: 424 events"), "{printed}");
}

#[test]
fn people_who_do_not_see_or_do_not_use_a_mouse_can_use_the_page() {
    if !has_browser() {
        return;
    }
    check(&pages(), "access");
}

#[test]
fn a_driver_with_the_name_of_a_tag_does_no_harm() {
    if !has_browser() {
        return;
    }
    let folder = Folder::new();
    let name = "</script><script>document.title='bad'</script><img src=x onerror=alert(1)>";
    let text = format!(
        "# portcls-emu trace 2\n# machine  driver {name}\n== 0.000 {name}\n\
         1.000 P app \"{name}\"\n2.000 P port call \"{name}\"\n3.000 I bus in 331 -> BF ; {name}\n"
    );
    folder.put("harm.txt", text);
    let ran = folder.run(&["export", "harm.txt", "--to", "html", "-o", "harm.html"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    check(&folder, "harm");
}

/// `page/check.js` holds the limits: 8 s until the page is ready, and 80 ms for a key. Both times
/// are medians.
#[test]
fn a_page_with_100_000_events_is_ready_soon_and_answers_a_key() {
    if !has_browser() {
        return;
    }
    let folder = Folder::new();
    folder.put("song.mid", long_song(2_400));
    folder.put("two.mid", midi_file(TWO_NOTES));
    make(&folder, "long", &["play", "song.mid"]);
    println!("{}", check(&folder, "speed"));
}
