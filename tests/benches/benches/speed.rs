//! Instructions and time of the chip's register code, on every card.
//!
//! ```text
//! cargo bench -p portcls-benches --bench speed                         prints the table
//! cargo bench -p portcls-benches --bench speed -- --update speed.md    and puts it into a page
//! cargo bench -p portcls-benches --bench speed -- --check              exits 1 above a limit
//! ```
//!
//! valgrind's callgrind counts the instructions. Without valgrind the table has a `?` in place of
//! each count. `--check` compares only the counts with their limits.
//!
//! The chip runs without a machine, so no trace is recorded.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fmt, fs};

use hw_mpu401::{BYTE_TIME_NS, InitialState, Mpu401, Register, card, cards};
use portcls_benches::instructions_of_a_round;

/// Time between two accesses of a driver, in ns.
const ACCESS_NS: u64 = 1_000;

/// Rounds of the shorter of the two runs under callgrind. The other run has twice as many.
const COUNTED_ROUNDS: u64 = 100_000;

/// Rounds of a timed run, and the number of runs. The result is the fastest run. Runs are short, so
/// that some of them are not interrupted by another program.
const TIMED_ROUNDS: u64 = 100_000;
const TIMED_RUNS: u32 = 500;

/// Time for which eight tracks are played, in ns.
const PLAYED_NS: u64 = 10_000_000_000;

/// The lines before and after the table in a page.
const MARKS: (&str, &str) =
    ("<!-- made by tests/benches/benches/speed.rs -->\n", "<!-- end of the table -->\n");

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// A read of STATUS.
    Status,
    /// A read of STATUS, a write of DATA, and 320 us that pass.
    Byte,
    /// The work of `Byte`; in addition the caller fetches each byte when it has left on MIDI OUT.
    ByteFetched,
}

/// The most instructions and time that a round may take. Only the instructions decide, because
/// times vary between machines.
struct Bar {
    instructions: u64,
    picoseconds: u64,
}

impl Work {
    const ALL: [Self; 3] = [Self::Status, Self::Byte, Self::ByteFetched];

    fn name(self) -> &'static str {
        match self {
            Self::Status => "status read",
            Self::Byte => "a byte",
            Self::ByteFetched => "a byte, fetched",
        }
    }

    fn bar(self) -> Option<Bar> {
        match self {
            Self::Status => Some(Bar { instructions: 20, picoseconds: 1_300 }),
            Self::Byte => Some(Bar { instructions: 67, picoseconds: 6_000 }),
            Self::ByteFetched => None,
        }
    }

    /// Does this many rounds on a new chip, and returns how long they took.
    fn run(self, card_name: &str, rounds: u64) -> Duration {
        let profile = card(card_name).expect("a known card");
        let mut chip = Mpu401::new(profile, InitialState::Uart { stale: 0xFE });
        let start = Instant::now();
        match self {
            Self::Status => read_status(&mut chip, rounds),
            Self::Byte => send_bytes(&mut chip, rounds, |_| 0),
            Self::ByteFetched => send_bytes(&mut chip, rounds, fetch_sent),
        }
        let duration = start.elapsed();
        let counters = chip.counters();
        assert_eq!(counters.overwritten + counters.ignored, 0, "every byte is on its way");
        duration
    }
}

#[inline(never)]
fn read_status(chip: &mut Mpu401, rounds: u64) {
    let mut now_ns = 0;
    let mut sum = 0;
    for _ in 0..rounds {
        now_ns += ACCESS_NS;
        sum ^= chip.read(Register::Command, now_ns);
    }
    black_box(sum);
}

#[inline(never)]
fn send_bytes(chip: &mut Mpu401, rounds: u64, fetch: impl Fn(&mut Mpu401) -> u64) {
    let mut now_ns = 0;
    let mut sum = 0_u64;
    for round in 0..rounds {
        now_ns += ACCESS_NS;
        let status = chip.read(Register::Command, now_ns);
        now_ns += ACCESS_NS;
        chip.write(Register::Data, round as u8, now_ns);
        now_ns += BYTE_TIME_NS;
        chip.advance(now_ns);
        sum = sum.wrapping_add(fetch(chip)) ^ u64::from(status);
    }
    black_box(sum);
}

/// Fetches the bytes that have left on MIDI OUT, and returns a checksum of them.
fn fetch_sent(chip: &mut Mpu401) -> u64 {
    let mut sum = 0_u64;
    while let Some(sent) = chip.pop_sent() {
        sum = sum.wrapping_add(sent.start_ns ^ u64::from(sent.byte));
    }
    sum
}

/// A host that plays eight tracks in intelligent mode. It waits for the interrupt line, and writes
/// when DRR is clear. Each track has eighth notes: a Note On, 30 ticks later a Note Off, and so on.
struct Player {
    chip: Mpu401,
    now_ns: u64,
    events: [u32; 8],
}

impl Player {
    const BUSY: u8 = 0x40;
    const NO_DATA: u8 = 0x80;
    /// Time between two polls, in ns.
    const PITCH_NS: u64 = 10_000;

    /// Starts play: all tracks active, their counters cleared, then the command that starts.
    fn start() -> Self {
        let profile = card("roland-mpu401").expect("a known card");
        let chip = Mpu401::new(profile, InitialState::Idle);
        let mut player = Self { chip, now_ns: 0, events: [0; 8] };
        player.command(0xEC);
        player.give(Register::Data, 0xFF);
        player.command(0xB8);
        player.command(0x0A);
        player
    }

    fn wait_until_clear(&mut self, flag: u8) {
        while self.chip.read(Register::Command, self.now_ns) & flag != 0 {
            self.now_ns += Self::PITCH_NS;
        }
    }

    fn give(&mut self, register: Register, byte: u8) {
        self.wait_until_clear(Self::BUSY);
        self.now_ns += ACCESS_NS;
        self.chip.write(register, byte, self.now_ns);
    }

    fn command(&mut self, command: u8) {
        self.give(Register::Command, command);
        self.wait_until_clear(Self::NO_DATA);
        self.now_ns += ACCESS_NS;
        assert_eq!(self.chip.read(Register::Data, self.now_ns), 0xFE);
    }

    /// Plays until `end_ns`, and returns a checksum of the bytes that have left on MIDI OUT.
    fn play_until(&mut self, end_ns: u64) -> u64 {
        let mut sum = 0;
        while self.now_ns < end_ns {
            if self.chip.interrupt_line() {
                self.now_ns += ACCESS_NS;
                let request = self.chip.read(Register::Data, self.now_ns);
                if let 0xF0..=0xF7 = request {
                    self.answer(request & 0x07);
                }
            } else {
                self.now_ns = self.chip.next_event_ns();
                self.chip.advance(self.now_ns);
            }
            sum ^= fetch_sent(&mut self.chip);
        }
        sum
    }

    fn answer(&mut self, track: u8) {
        let number = &mut self.events[usize::from(track)];
        *number += 1;
        let velocity = if number.is_multiple_of(2) { 0 } else { 0x40 };
        for byte in [30, 0x90 | track, 0x3C, velocity] {
            self.give(Register::Data, byte);
        }
    }
}

/// How many times faster eight tracks play here than on the real unit.
fn times_real_time() -> u64 {
    let run = || {
        let mut player = Player::start();
        let start = Instant::now();
        black_box(player.play_until(PLAYED_NS));
        let duration = start.elapsed();
        assert!(player.events.iter().all(|events| *events >= 60), "{:?}", player.events);
        duration
    };
    let fastest = (0..TIMED_RUNS).map(|_| run()).min().unwrap_or_default();
    PLAYED_NS / (fastest.as_nanos() as u64).max(1)
}

/// The cost of a round.
struct Figure {
    /// In hundredths; `None` without valgrind.
    instructions: Option<u64>,
    picoseconds: u64,
}

impl Figure {
    fn new(work: Work, card_name: &str) -> Self {
        let instructions = instructions_of_a_round(&[work.name(), card_name], COUNTED_ROUNDS);
        Self { instructions, picoseconds: picoseconds(work, card_name) }
    }

    fn is_above(&self, bar: &Bar) -> bool {
        self.instructions.is_some_and(|hundredths| hundredths > bar.instructions * 100)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.instructions {
            Some(hundredths) => write!(f, "{}", hundredths.div_ceil(100))?,
            None => write!(f, "?")?,
        }
        let tenths = (self.picoseconds + 50) / 100;
        write!(f, " in {}.{} ns", tenths / 10, tenths % 10)
    }
}

fn picoseconds(work: Work, card_name: &str) -> u64 {
    let runs = (0..TIMED_RUNS).map(|_| work.run(card_name, TIMED_ROUNDS));
    let fastest = runs.min().unwrap_or_default();
    fastest.as_nanos() as u64 * 1_000 / TIMED_ROUNDS
}

/// The table, and whether a count of instructions is above its limit.
fn measure() -> (String, bool) {
    let mut table = "| card |".to_owned();
    for work in Work::ALL {
        table += &format!(" {} |", work.name());
    }
    table += "\n|---|---|---|---|\n| the bar |";
    for work in Work::ALL {
        table += &work.bar().map_or(" |".to_owned(), |bar| {
            let (instructions, tenths) = (bar.instructions, bar.picoseconds / 100);
            format!(" {instructions} in {}.{} ns |", tenths / 10, tenths % 10)
        });
    }
    table += "\n";
    let mut is_above = false;
    for card in cards() {
        table += &format!("| `{}` |", card.name);
        for work in Work::ALL {
            let figure = Figure::new(work, &card.name);
            is_above |= work.bar().is_some_and(|bar| figure.is_above(&bar));
            table += &format!(" {figure} |");
        }
        table += "\n";
    }
    let times = times_real_time();
    table +=
        &format!("\nEight tracks in intelligent mode: {times} times real time (the bar: 20000).\n");
    (table, is_above)
}

fn update(path: &str, table: &str) -> Result<(), String> {
    let page = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let parts = page
        .split_once(MARKS.0)
        .and_then(|(before, rest)| rest.split_once(MARKS.1).map(|(_, after)| (before, after)));
    let (before, after) = parts.ok_or(format!("{path}: no place for the table"))?;
    let page = [before, MARKS.0, "\n", table, "\n", MARKS.1, after].concat();
    fs::write(path, page).map_err(|error| format!("{path}: {error}"))
}

fn main() -> ExitCode {
    // Cargo itself adds `--bench` to the arguments.
    let arguments: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["--run", work, card_name, rounds] => {
            let work = Work::ALL.into_iter().find(|known| known.name() == work);
            work.expect("one of ours").run(card_name, rounds.parse().expect("a number"));
            Ok(())
        }
        ["--update", path] => {
            let (table, _) = measure();
            print!("{table}");
            update(path, &table)
        }
        ["--check"] => {
            let (table, is_above) = measure();
            print!("{table}");
            if is_above { Err("more instructions than the bar allows".to_owned()) } else { Ok(()) }
        }
        [] => {
            print!("{}", measure().0);
            Ok(())
        }
        _ => Err("what is meant? --update FILE, --check, or nothing".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("speed: {error}");
            ExitCode::FAILURE
        }
    }
}
