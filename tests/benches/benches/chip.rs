//! The chip alone: a status poll, a byte on the wire, intelligent play.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hw_mpu401::{ACK, BYTE_TIME_NS, InitialState, Mpu401, Register, Status, card, cards};

fn status_poll(c: &mut Criterion) {
    let mut group = c.benchmark_group("status poll");
    for card in cards() {
        group.bench_function(BenchmarkId::from_parameter(&card.name), |b| {
            let mut chip = Mpu401::new(card, InitialState::Uart { stale: 0xFE });
            let mut now_ns = 0;
            b.iter(|| {
                now_ns += 1_000;
                black_box(chip.read(Register::Command, now_ns))
            });
        });
    }
    group.finish();
}

fn byte_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("byte out: poll, write, 320 us of wire");
    group.throughput(Throughput::Elements(1));
    for card in cards() {
        group.bench_function(BenchmarkId::from_parameter(&card.name), |b| {
            let mut chip = Mpu401::new(card, InitialState::Uart { stale: 0xFE });
            let mut now_ns = 0;
            b.iter(|| {
                black_box(chip.read(Register::Command, now_ns + 1_000));
                chip.write(Register::Data, 0x55, now_ns + 2_000);
                // A card that is busy until the stop bit ends needs a little more time than the
                // byte itself.
                now_ns += BYTE_TIME_NS + 40_000;
                chip.advance(now_ns);
                while let Some(event) = chip.pop_wire() {
                    black_box(event);
                }
            });
            assert_eq!(chip.counters().overwritten + chip.counters().ignored, 0);
        });
    }
    group.finish();
}

/// A host that plays eight tracks. It goes from event to event, polls before each byte, and
/// answers every request at once.
struct Player {
    chip: Mpu401,
    now_ns: u64,
    /// For each track, whether its note sounds. If the note sounds, the next event ends the note.
    sounds: [bool; 8],
}

/// Ticks from one event of a track to the next. A quarter note has 120 ticks, so a note begins and
/// ends in each eighth note.
const EIGHTH_TICKS: u8 = 30;

impl Player {
    fn new() -> Self {
        let profile = card("roland-mpu401").expect("a known card");
        let chip = Mpu401::new(profile, InitialState::Idle);
        let mut player = Self { chip, now_ns: 0, sounds: [false; 8] };
        player.command(0xEC);
        player.give(0xFF);
        player.command(0xB8);
        player.command(0x0A);
        player
    }

    fn poll(&mut self, is_ready: impl Fn(Status) -> bool) {
        loop {
            self.now_ns += 1_000;
            let status = self.chip.read(Register::Command, self.now_ns);
            if is_ready(Status::from_bits_retain(status)) {
                return;
            }
        }
    }

    fn command(&mut self, command: u8) {
        self.poll(Status::can_write);
        self.now_ns += 1_000;
        self.chip.write(Register::Command, command, self.now_ns);
        self.poll(Status::has_data);
        assert_eq!(self.read(), ACK);
    }

    fn give(&mut self, byte: u8) {
        self.poll(Status::can_write);
        self.now_ns += 1_000;
        self.chip.write(Register::Data, byte, self.now_ns);
    }

    fn read(&mut self) -> u8 {
        self.now_ns += 1_000;
        self.chip.read(Register::Data, self.now_ns)
    }

    /// Plays until `end_ns`.
    fn play_until(&mut self, end_ns: u64) {
        while self.now_ns < end_ns {
            self.now_ns = self.chip.next_event_ns().min(end_ns);
            self.chip.advance(self.now_ns);
            while let Some(byte) = self.chip.pop_sent() {
                black_box(byte);
            }
            if self.chip.interrupt_line() {
                let track = usize::from(self.read() & 0x07);
                self.sounds[track] = !self.sounds[track];
                let velocity = if self.sounds[track] { 0x40 } else { 0x00 };
                for byte in [EIGHTH_TICKS, 0x90 | track as u8, 0x3C, velocity] {
                    self.give(byte);
                }
            }
        }
    }
}

/// One iteration is a second of music: 40 MIDI clocks and 53 events in 8 tracks.
fn intelligent_play(c: &mut Criterion) {
    c.bench_function("intelligent play, 8 tracks: a second", |b| {
        let mut player = Player::new();
        let mut end_ns = 1_000_000_000;
        player.play_until(end_ns);
        let (before, begun_ns) = (player.chip.counters().played, end_ns);
        b.iter(|| {
            end_ns += 1_000_000_000;
            player.play_until(end_ns);
        });
        let events = (player.chip.counters().played - before) / 3;
        let expected = (end_ns - begun_ns) / 1_000_000 * 8 / 150;
        assert!(events.abs_diff(expected) <= expected / 50 + 8, "{events} of {expected}");
    });
}

criterion_group!(chip, status_poll, byte_out, intelligent_play);
criterion_main!(chip);
