//! Says what a file of a wrong kind is, by the first bytes of the file.
//!
//! This file owns the table of kinds. A reader that refuses a file asks here first. If the file is
//! of another kind, a message that names the kind helps more than a message about single bytes.
//! Nothing here makes a file valid or invalid.
//!
//! The crates that this crate uses name some wrong kinds in their own errors, for programs that use
//! these crates as libraries.

use std::fmt;

/// The kind of file that a verb wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// Something to play.
    Song,
    /// A compiled driver.
    Driver,
    /// A driver's INF.
    Inf,
    /// A trace of this program.
    Trace,
    /// A card.
    Card,
    /// A scenario.
    Scenario,
    /// A register script, or what a recipe printed.
    Script,
    /// Registry values.
    Registry,
}

impl Wanted {
    /// The kind in words.
    fn words(self) -> &'static str {
        match self {
            Wanted::Song => "a MIDI file or SysEx file",
            Wanted::Driver => "a Windows driver",
            Wanted::Inf => "an INF",
            Wanted::Trace => "a trace",
            Wanted::Card => "a card file",
            Wanted::Scenario => "a scenario",
            Wanted::Script => "a register script",
            Wanted::Registry => "a file of registry values",
        }
    }
}

/// A kind of file.
struct Kind {
    /// The kind in words.
    what: &'static str,
    /// What to do with a file of this kind.
    mend: &'static str,
    /// The kind of input for which such a file is right. If the reader of that input refuses the
    /// file, the reader knows better what is wrong with it.
    right_for: Option<Wanted>,
    /// Whether a file is of this kind.
    is: fn(&[u8]) -> bool,
}

impl Kind {
    const fn new(what: &'static str, mend: &'static str, is: fn(&[u8]) -> bool) -> Kind {
        Kind { what, mend, right_for: None, is }
    }

    const fn right_for(mut self, wanted: Wanted) -> Kind {
        self.right_for = Some(wanted);
        self
    }
}

const UNPACK: &str = "unpack it, and give what is in it";
const CONVERT: &str = "convert it into a Standard MIDI File (.mid) first";
const EXPORT: &str = "save it as a Standard MIDI File (.mid) in the program that wrote it";
const INSTRUMENTS: &str = "it holds instruments: give a MIDI file";
const SOUND: &str = "sound holds no MIDI: give the MIDI file that it was made from";
const PLAY: &str = "play and capture take it";
const OTHER: &str = "give another file";

/// How many bytes at the start of a text are searched for a word.
const HEAD_BYTES: usize = 1_024;

/// Whether a file begins with one of these texts.
macro_rules! begins {
    ($($magic:literal)|+) => { |file| $(file.starts_with($magic))||+ };
}

/// Whether a file begins with a chunk of IFF or RIFF of this name, whose content has this type.
macro_rules! chunk {
    ($($name:literal $form:literal)|+) => {
        |file| $((file.starts_with($name) && file.get(8..12) == Some(&$form[..])))||+
    };
}

/// The kinds. A file is of the first kind whose `is` says so.
///
/// Source: MIDI 2.0 clip, M2-116-U; XMI, the Miles Sound System's "Extended MIDI IFF Structure";
/// RIFF MIDI, RP-029; SoundFont 2.04 and DLS 2, the forms `sfbk` and `DLS `; zip, APPNOTE 4.3;
/// gzip, RFC 1952; xz, .xz File Format 1.2; Zstandard, RFC 8878; PNG, ISO 15948; PDF, ISO 32000;
/// ELF, System V ABI; cabinets and images, Microsoft; the others, the table of the program `file`.
const KINDS: &[Kind] = &[
    Kind::new(
        "a MIDI 2.0 clip file",
        "save it as a Standard MIDI File (MIDI 1.0)",
        begins!(b"SMF2CLIP"),
    ),
    Kind::new("a MIDI file", PLAY, begins!(b"MThd")).right_for(Wanted::Song),
    Kind::new("a MIDI file in a RIFF wrapper", PLAY, chunk!(b"RIFF" b"RMID"))
        .right_for(Wanted::Song),
    Kind::new("a SysEx file", PLAY, begins!(b"\xF0")).right_for(Wanted::Song),
    Kind::new(
        "an XMI file of the Miles Sound System",
        CONVERT,
        chunk!(b"FORM" b"XDIR" | b"CAT " b"XMID" | b"FORM" b"XMID"),
    ),
    Kind::new("a MUS file of a game", CONVERT, begins!(b"MUS\x1A")),
    Kind::new("an HMI file of a game", CONVERT, begins!(b"HMI-MIDISONG" | b"HMIMIDI")),
    Kind::new("a CMF file of Creative", CONVERT, begins!(b"CTMF")),
    Kind::new("a SoundFont", INSTRUMENTS, chunk!(b"RIFF" b"sfbk")),
    Kind::new("a DLS file", INSTRUMENTS, chunk!(b"RIFF" b"DLS ")),
    Kind::new("a WAVE file", SOUND, chunk!(b"RIFF" b"WAVE")),
    Kind::new(
        "a file of sound",
        SOUND,
        begins!(b"OggS" | b"fLaC" | b"ID3" | b"\xFF\xFB" | b"\xFF\xF3"),
    ),
    Kind::new("a RIFF file without MIDI", OTHER, begins!(b"RIFF")),
    Kind::new("a zip archive", UNPACK, begins!(b"PK\x03\x04" | b"PK\x05\x06")),
    Kind::new("a gzip file", UNPACK, begins!(b"\x1F\x8B")),
    Kind::new("a bzip2 file", UNPACK, begins!(b"BZh")),
    Kind::new("an xz file", UNPACK, begins!(b"\xFD7zXZ\0")),
    Kind::new("a Zstandard file", UNPACK, begins!(b"\x28\xB5\x2F\xFD")),
    Kind::new("a 7-Zip archive", UNPACK, begins!(b"7z\xBC\xAF\x27\x1C")),
    Kind::new("a RAR archive", UNPACK, begins!(b"Rar!\x1A\x07")),
    Kind::new("a cabinet", "unpack it with expand or cabextract", begins!(b"MSCF")),
    Kind::new(
        "a compressed file of an installation disk",
        "unpack it with expand or msexpand",
        begins!(b"SZDD\x88\xF0\x27\x33" | b"KWAJ\x88\xF0\x27\xD1"),
    ),
    Kind::new(
        "an ELF file of a Unix system",
        "a driver for this program is built for Windows",
        begins!(b"\x7FELF"),
    ),
    Kind::new(
        "a program or driver of Windows or DOS",
        "--driver and `imports` take a .sys file",
        begins!(b"MZ"),
    )
    .right_for(Wanted::Driver),
    Kind::new("a PDB with symbols", "give the .sys file beside it", begins!(b"Microsoft C/C++ ")),
    Kind::new("a PDF document", OTHER, begins!(b"%PDF-")),
    Kind::new("a picture", OTHER, begins!(b"\x89PNG\r\n\x1A\n" | b"\xFF\xD8\xFF" | b"GIF8")),
    Kind::new(
        "a trace of portcls-emu",
        "diff and explain take it",
        begins!(b"# portcls-emu trace"),
    )
    .right_for(Wanted::Trace),
    // The reader of an INF takes UTF-16 too.
    Kind::new(
        "a text in UTF-16",
        "save it as plain text in UTF-8",
        begins!(b"\xFF\xFE" | b"\xFE\xFF"),
    )
    .right_for(Wanted::Inf),
    Kind::new("MusicXML", EXPORT, |file| {
        begins_with_word(file, "<")
            && ["<score-partwise", "<score-timewise"].iter().any(|tag| head(file).contains(tag))
    }),
    Kind::new(
        "an HTML page",
        "if it was downloaded, it came in place of the file: download that again",
        |file| begins_with_word(file, "<!doctype html") || begins_with_word(file, "<html"),
    ),
    Kind::new("an XML file", OTHER, |file| begins_with_word(file, "<?xml")),
    Kind::new("an INF", "--inf takes it", |file| begins_with_word(file, "[version]"))
        .right_for(Wanted::Inf),
];

/// The first bytes of a file as text in lower case, without a byte order mark or spaces at the
/// start.
fn head(file: &[u8]) -> String {
    let head = String::from_utf8_lossy(&file[..file.len().min(HEAD_BYTES)]);
    head.trim_start_matches('\u{FEFF}').trim_start().to_ascii_lowercase()
}

fn begins_with_word(file: &[u8], word: &str) -> bool {
    head(file).starts_with(word)
}

/// A file of a wrong kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OtherKind {
    /// What the file is.
    pub what: &'static str,
    /// The kind of file that the verb wants.
    pub wanted: &'static str,
    /// What to do.
    pub mend: &'static str,
}

impl fmt::Display for OtherKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OtherKind { what, wanted, mend } = self;
        write!(f, "this is {what}, not {wanted}; {mend}")
    }
}

/// Tells what a file is after its reader refused it. `None` if the file is of no known kind, or if
/// the reader knows better what is wrong with it.
#[must_use]
pub fn other_kind(file: &[u8], wanted: Wanted) -> Option<OtherKind> {
    let Kind { what, mend, right_for, .. } = KINDS.iter().find(|kind| (kind.is)(file))?;
    if *right_for == Some(wanted) {
        return None;
    }
    Some(OtherKind { what, wanted: wanted.words(), mend })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(file: &[u8], wanted: Wanted) -> String {
        other_kind(file, wanted).map_or_else(String::new, |found| found.to_string())
    }

    #[test]
    fn a_file_of_another_kind_is_named_with_what_to_do() {
        for (file, what) in [
            (&b"SMF2CLIP\0\x40\0\0"[..], "a MIDI 2.0 clip file"),
            (b"PK\x03\x04\x14\0", "a zip archive"),
            (b"FORM\0\0\0\x0EXDIRINFO", "an XMI file of the Miles Sound System"),
            (b"FORM\0\0\0\x0EAIFFCOMM", ""),
            (b"RIFF\x24\0\0\0WAVEfmt ", "a WAVE file"),
            (b"RIFF\x24\0\0\0RMIDdata", ""),
            (b"RIFF", "a RIFF file without MIDI"),
            (b"\x1F\x8B\x08", "a gzip file"),
            (b"\n <!DOCTYPE HTML PUBLIC", "an HTML page"),
            (b"\xEF\xBB\xBF<html>", "an HTML page"),
            (b"<?xml version='1.0'?>\n<score-partwise version='4.0'>", "MusicXML"),
            (b"<?xml version='1.0'?>\n<a>", "an XML file"),
            (b"%PDF-1.7", "a PDF document"),
            (b"\x7FELF\x02", "an ELF file of a Unix system"),
            (b"MZ\x90\0", "a program or driver of Windows or DOS"),
            (b"# portcls-emu trace 2\n", "a trace of portcls-emu"),
            (b"; a remark\n", ""),
            (b"", ""),
        ] {
            let told = kind(file, Wanted::Song);
            let begin = format!("this is {what}, not a MIDI file or SysEx file; ");
            assert!(told.starts_with(&begin) || (what.is_empty() && told.is_empty()), "{told}");
        }
    }

    #[test]
    fn a_file_that_is_right_is_left_to_its_reader() {
        assert_eq!(kind(b"MThd", Wanted::Song), "");
        assert_eq!(kind(b"MZ", Wanted::Driver), "");
        assert_eq!(kind(b"\xFF\xFE[", Wanted::Inf), "");
        assert_eq!(
            kind(b"MThd", Wanted::Trace),
            "this is a MIDI file, not a trace; play and capture take it"
        );
    }
}
