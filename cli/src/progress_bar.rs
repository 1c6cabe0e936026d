//! A bar on stderr: the progress of a long run, and the time left.
//!
//! This file decides when the program shows a bar, and which words the bar has. The bar's own
//! thread reads the counts of the machine's [`Meter`]. So the simulation does not know the bar and
//! does not wait for it. All times here are times of the host.

use std::fmt::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar as Bar, ProgressDrawTarget, ProgressState, ProgressStyle};
use portcls_machine::Meter;
use portcls_results::numbers::grouped;

use crate::console;
use crate::verbosity::{Talk, can_draw};

/// A run shorter than this shows no bar.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// The time between two looks at the meter.
const NEXT_LOOK: Duration = Duration::from_millis(100);

/// The bar takes the columns that the words leave free.
const TEMPLATE: &str = "{prefix} [{wide_bar}] {percent:>3}%, {words}";

/// The line whose bytes measure the progress of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// The song goes out.
    MidiOut,
    /// The song comes in.
    MidiIn,
}

impl Line {
    fn name(self) -> &'static str {
        match self {
            Line::MidiOut => "MIDI OUT",
            Line::MidiIn => "MIDI IN",
        }
    }

    fn bytes(self, meter: &Meter) -> u64 {
        match self {
            Line::MidiOut => meter.midi_out_bytes(),
            Line::MidiIn => meter.midi_in_bytes(),
        }
    }
}

/// A bar that appears after a while. It disappears when this value is dropped.
pub struct ProgressBar {
    /// The program sends nothing on this channel. The bar ends when the channel is closed.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressBar {
    /// Begins to watch a run whose song has this many bytes. `None` when the program shows no bar:
    /// stderr cannot show one, the user gave `-q`, or the system has no room for a thread.
    pub fn begin(meter: Meter, line: Line, song_bytes: u64) -> Option<ProgressBar> {
        if console::talk() == Talk::Quiet || !can_draw() {
            return None;
        }
        let (sender, receiver) = channel();
        let watch = move || watch(&receiver, &meter, line, song_bytes);
        // If the system has no room for a thread, the song plays without a bar.
        let thread = thread::Builder::new().name("progress bar".to_owned()).spawn(watch).ok()?;
        Some(ProgressBar { end: Some(sender), thread: Some(thread) })
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // The run is good even if the thread of the bar failed.
            let _ = thread.join();
        }
    }
}

fn watch(end: &Receiver<()>, meter: &Meter, line: Line, song_bytes: u64) {
    let goes_on = |wait| end.recv_timeout(wait) == Err(RecvTimeoutError::Timeout);
    if !goes_on(FIRST_LOOK) {
        return;
    }
    // The card may add bytes of its own, and the count of bytes is then larger than the song.
    let bytes = || line.bytes(meter).min(song_bytes);
    let bar = Bar::with_draw_target(Some(song_bytes), ProgressDrawTarget::stderr())
        .with_style(style())
        .with_prefix(line.name())
        .with_elapsed(FIRST_LOOK)
        .with_position(bytes());
    bar.tick();
    while goes_on(NEXT_LOOK) {
        bar.set_position(bytes());
    }
    bar.finish_and_clear();
}

fn style() -> ProgressStyle {
    let words = |state: &ProgressState, to: &mut dyn Write| {
        let (bytes, song_bytes) = (state.pos(), state.len().unwrap_or_default());
        // The run goes on even if the bar's words cannot be written.
        let _ = to.write_str(&words(state.elapsed(), bytes, song_bytes));
    };
    let style = ProgressStyle::with_template(TEMPLATE).expect("the template is valid");
    style.progress_chars("=> ").with_key("words", words)
}

/// The words after the bar.
fn words(elapsed: Duration, bytes: u64, song_bytes: u64) -> String {
    let of = format!("{} of {} bytes", grouped(bytes), grouped(song_bytes));
    match time_left(elapsed, bytes, song_bytes) {
        Some(left) => format!("{of}, {} left", clock(left)),
        None => of,
    }
}

/// The time for the rest, at the pace so far; `None` before the first byte.
fn time_left(elapsed: Duration, bytes: u64, song_bytes: u64) -> Option<Duration> {
    let rest = u128::from(song_bytes.saturating_sub(bytes));
    let millis = elapsed.as_millis().saturating_mul(rest).checked_div(u128::from(bytes))?;
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
}

/// A time in words, rounded up to a whole second: `5 s`, `2 min 5 s`. From 1 h on the seconds are
/// left out: `3 h 2 min`.
fn clock(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1_000);
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_tell_the_bytes_and_the_time_that_is_left() {
        let at = |seconds, bytes| words(Duration::from_secs(seconds), bytes, 40_000);
        assert_eq!(at(2, 0), "0 of 40,000 bytes");
        assert_eq!(at(2, 10_000), "10,000 of 40,000 bytes, 6 s left");
        assert_eq!(at(100, 10_000), "10,000 of 40,000 bytes, 5 min 0 s left");
        assert_eq!(at(3_600, 10_000), "10,000 of 40,000 bytes, 3 h 0 min left");
        assert_eq!(at(9, 40_000), "40,000 of 40,000 bytes, 0 s left");
    }

    #[test]
    fn the_time_left_has_no_limit_that_a_number_passes() {
        let long = Duration::from_secs(u64::MAX);
        assert_eq!(time_left(long, 1, u64::MAX), Some(Duration::from_millis(u64::MAX)));
    }
}
