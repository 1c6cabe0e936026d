//! Cards in the user's files, cards shown as files, and `--card-timing`.

use portcls_machine::card_bench::card_file::{CardFile, to_toml};
use portcls_machine::chip::cards;

use crate::support::{Folder, TWO_NOTES, midi_file};

const DEEP: &str = "name = \"deep\"\nbased-on = \"es1688\"\ntx-depth = 4\n";
const SCRIPT: &str = "init uart\nrepeat 4\n  R S -> 80/C0\n  W D 90\nend\nR S -> C0/C0\n";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    folder.put("deep.toml", DEEP);
    folder.put("fill.ops", SCRIPT);
    folder
}

#[test]
fn a_card_of_a_file_is_taken_wherever_a_card_is_named() {
    let folder = folder();
    let on_built_in = folder.run(&["ops", "fill.ops", "--card", "es1688"]);
    assert_eq!(on_built_in.code, 1, "{}", on_built_in.text());
    let on_file = folder.run(&["ops", "fill.ops", "--card", "deep.toml"]);
    assert_eq!((on_file.code, on_file.stderr.as_str()), (0, ""), "{}", on_file.text());
    assert!(on_file.text().contains("# fill.ops on deep, 1.000 us an access\n"));
    for verb in ["play", "capture"] {
        let ran = folder.run(&[verb, "song.mid", "--card", "deep.toml"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text());
        assert!(ran.text().contains("machine     card deep, driver uart, port 330, irq 9\n"));
    }
    let listed = folder.run(&["cards", "--card", "deep.toml"]);
    assert!(listed.text().starts_with("deep  ESS AudioDrive ES1688\n"), "{}", listed.text());
    let checked = folder.run(&["cards", "--check", "--card", "deep.toml"]);
    assert_eq!(checked.code, 1, "four bytes fill it");
    assert!(checked.text().contains("cards.ops:"), "{}", checked.text());
}

#[test]
fn a_card_of_a_family_plays_and_captures() {
    let folder = folder();
    folder.put("short.toml", "name = \"short\"\nfamily = \"fifo-chip\"\nrx-depth = 8\n");
    for verb in ["play", "capture"] {
        let ran = folder.run(&[verb, "song.mid", "--card", "short.toml"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text());
    }
    let shown = folder.run(&["cards", "--show", "short.toml"]);
    let read = CardFile::parse("shown", shown.text()).expect("every key is printed");
    assert_eq!((read.profile.behaviour.tx_depth, read.profile.behaviour.rx_depth), (17, 8));
}

#[test]
fn a_script_may_name_the_card_of_a_file() {
    let folder = folder();
    folder.put("named.ops", "init uart\nR S -> 00\n  @deep -> 80\n");
    assert_eq!(folder.run(&["ops", "named.ops", "--card", "deep.toml"]).code, 0);
    assert_eq!(folder.run(&["ops", "named.ops"]).code, 3, "nobody else knows the name");
}

#[test]
fn every_card_can_be_shown_as_a_file_that_is_the_same_card() {
    let folder = Folder::new();
    for card in cards() {
        let shown = folder.run(&["cards", "--show", &card.name]);
        assert_eq!((shown.code, shown.stderr.as_str()), (0, ""));
        assert_eq!(shown.text(), to_toml(card));
        let read = CardFile::parse("shown", shown.text()).expect("it is valid");
        assert_eq!(&read.profile, card);
    }
}

#[test]
fn a_bad_card_is_exit_3_with_file_and_line() {
    let folder = folder();
    folder.put("bad.toml", "name = \"bad\"\nbased-on = \"sb16\"\n\ntx-depht = 4\n");
    folder.put("kind.toml", "name = \"bad\"\nfamily = \"fifo\"\n");
    folder.put("binary.toml", b"name = \"bad\"\n\xFF\n");
    let cases = [
        ("bad.toml", "bad.toml:4:1: there is no key tx-depht; did you mean tx-depth?"),
        (
            "binary.toml",
            "binary.toml:2:1: a byte here is no text; save the file as plain text in UTF-8",
        ),
        (
            "kind.toml",
            "kind.toml:2:1: family = \"fifo\" is not possible; did you mean \
             fifo-chip? write one of uart-chip, fifo-chip, roland-firmware",
        ),
        (
            "no.toml",
            "cannot read no.toml: No such file or directory; give a card file (.toml) or a name \
             of `cards`",
        ),
    ];
    for (file, line) in cases {
        for arguments in [&["play"][..], &["capture", "song.mid"], &["ops", "fill.ops"], &["cards"]]
        {
            let ran = folder.run(&[arguments, &["--card", file]].concat());
            assert_eq!((ran.code, ran.stderr.as_str()), (3, format!("error: {line}\n").as_str()));
            assert_eq!(ran.text(), "");
        }
    }
}

#[test]
fn the_timing_of_a_card_moves_what_it_does() {
    let folder = folder();
    folder.put("taken.ops", "init uart\nW D 90\nP S 40 00 100 0 -> ok\n");
    let mut seen = Vec::new();
    for timing in ["min", "typ", "max", "seeded:1", "seeded:1", "seeded:2"] {
        let ran =
            folder.run(&["ops", "taken.ops", "--card", "roland-mpu401", "--card-timing", timing]);
        assert_eq!(ran.code, 0, "{}", ran.text());
        seen.push(ran.text().to_owned());
    }
    for (text, time) in seen.iter().zip(["   12.000", "   22.000", "   33.000"]) {
        assert!(text.contains(&format!("{time}      3  P S")), "{text}");
    }
    assert_eq!(seen[3], seen[4]);
    assert_ne!(seen[3], seen[5]);
    let usual = folder.run(&["play", "song.mid", "--trace", "-"]);
    let typical = folder.run(&["play", "song.mid", "--trace", "-", "--card-timing", "typ"]);
    let seeded = ["play", "song.mid", "--trace", "-", "--card-timing", "seeded:1"];
    let (first, second) = (folder.run(&seeded), folder.run(&seeded));
    assert_eq!(usual.text(), typical.text());
    assert_eq!(first.text(), second.text());
    assert_ne!(first.text(), usual.text());
    let wrong = folder.run(&["play", "--card-timing", "fast"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("use min, typ, max, or seeded:N"), "{}", wrong.stderr);
}
