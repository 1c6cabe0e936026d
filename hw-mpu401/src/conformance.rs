//! The conformance scripts: what each card does, as text that can be run.
//!
//! The files are in `ops/`. This list names them in the order in which they are read. The chip does
//! not know the format of the scripts: `docs/ops.md` of the project describes the format. The
//! project's crate `mpu401-card-bench` runs the scripts. This list exists only with the feature
//! `ops`.

/// The name of each file with its text.
macro_rules! scripts {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../ops/", $file)))),*]
    };
}

/// Each script as its file name and its text. First come the scripts about cards, then the scripts
/// about what drivers do, and at the end the script about faults.
pub const SCRIPTS: &[(&str, &str)] = scripts![
    "registers.ops",
    "commands.ops",
    "interrupts.ops",
    "midi-out.ops",
    "midi-in.ops",
    "lines.ops",
    "cards.ops",
    "sb16.ops",
    "mainboard.ops",
    "pci.ops",
    "emulators.ops",
    "intelligent-clock.ops",
    "intelligent-play.ops",
    "intelligent-record.ops",
    "linux-alsa.ops",
    "linux-oss.ops",
    "freebsd.ops",
    "netbsd.ops",
    "windows.ops",
    "windows-nt4.ops",
    "haiku.ops",
    "os2.ops",
    "creative.ops",
    "faults.ops",
];
