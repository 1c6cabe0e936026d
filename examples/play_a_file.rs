//! Plays a MIDI file through the reference driver on a simulated card.
//!
//! ```sh
//! cargo run -p portcls-examples --example play_a_file -- song.mid roland-mpu401
//! ```
//!
//! Without arguments the program plays the built-in tune on an SMSC super-I/O chip. It prints a few
//! figures of the run, and the first lines of the register trace. After an error, such as a file
//! that cannot be read, it prints the error on standard error, and the exit code is 1.
//!
//! What it teaches: the program builds a machine, and `play` does all that an application does. The
//! result of `play` has every figure as a number. The command `portcls-emu play` does the same with
//! options.

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use portcls_machine::midi_file::{InputFormat, Song, default_tune, read_song};
use portcls_machine::report::{Filter, text};
use portcls_machine::{MachineBuilder, PlayReport, play};

/// How many lines of the trace are printed: enough to see the driver start the card and send the
/// first bytes.
const TRACE_LINES: usize = 24;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match report(&arguments) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Plays the file, and returns the text to print. The arguments are a file and the name of a card.
/// Both may be left out.
///
/// `Box<dyn Error>` is any error that can be printed; `?` returns it to the caller at once.
pub fn report(arguments: &[String]) -> Result<String, Box<dyn Error>> {
    let file = arguments.first();
    let card = arguments.get(1).map_or("smsc-superio", String::as_str);
    let song = match file {
        Some(path) => read(path)?,
        None => default_tune(),
    };

    // A whole computer: card, bus, kernel, port. It has the reference driver, because this program
    // names no other.
    let machine = MachineBuilder::new().card(card)?.build()?;
    // Loads the driver, opens a pin, writes the song at its times, closes the pin and unloads.
    let played = play(&machine, &song)?;

    let title = file.map_or("the built-in tune", String::as_str);
    let first_lines = text::print_first(&machine.trace_log(), Filter::Registers, TRACE_LINES);
    Ok(format!(
        "{title} on {card}\nsong    messages: {}, bytes: {}\n{}\n{first_lines}",
        song.len(),
        song.byte_count(),
        figures(&played),
    ))
}

fn read(path: &str) -> Result<Song, String> {
    // The errors do not name the file, so its name is added here.
    let bytes = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    read_song(&bytes, InputFormat::Auto).map_err(|error| format!("{path}: {error}"))
}

fn figures(played: &PlayReport) -> String {
    let PlayReport { wire, job, .. } = played;
    let whole = if played.is_complete() { "all of the song" } else { "NOT all of the song" };
    let polls = job.driver.polls_per_byte_permille.unwrap_or(0);
    format!(
        "\
wire    {} bytes: {whole}, and {} that the card sends by itself
late    {} us on average, {} us at most
driver  {}.{:02} polls of STATUS a byte, {} bytes lost in the card
        {} rules broken, {} things left behind
kernel  {} interrupts, {} DPCs in {} ms of simulated time
",
        wire.bytes,
        wire.own_bytes,
        wire.late.mean_ns / 1_000,
        wire.late.most_ns / 1_000,
        polls / 1_000,
        polls % 1_000 / 10,
        job.driver.lost_in_card,
        job.violation_count,
        job.leaks.len(),
        job.processor.interrupts,
        job.processor.dpcs,
        job.simulated_ns / 1_000_000,
    )
}
