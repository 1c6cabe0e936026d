//! The latencies of a chip: points of their ranges, or drawn for each event.
//!
//! The last two tests are about power that comes back.

use hw_mpu401::{
    CardProfile, CardTiming, InitialState, Lane, Mpu401, Register, Spread, Status, WireEdge, card,
    cards,
};

const TICK_NS: u64 = 100;

fn roland() -> &'static CardProfile {
    card("roland-mpu401").expect("a known card")
}

/// The time from `from_ns` until `ready` holds, checked every 100 ns.
fn time_until(chip: &mut Mpu401, from_ns: u64, ready: impl Fn(&mut Mpu401) -> bool) -> u64 {
    for step in 0..1_000_000 {
        chip.advance(from_ns + step * TICK_NS);
        if ready(chip) {
            return step * TICK_NS;
        }
    }
    panic!("it never came");
}

fn can_write(chip: &mut Mpu401) -> bool {
    chip.status().can_write()
}

fn has_data(chip: &mut Mpu401) -> bool {
    chip.status().has_data()
}

/// What a host can measure of the Roland unit, in ns, in the order of [`MEASURED_US`].
fn measure(choice: CardTiming) -> [u64; 7] {
    let mut chip = Mpu401::with_timing(roland(), InitialState::Idle, choice);
    chip.write(Register::Command, 0x95, 1_000);
    let intelligent_ns = time_until(&mut chip, 1_000, can_write);
    let ack_ns = time_until(&mut chip, 1_000, has_data);
    assert_eq!(chip.read(Register::Data, 1_000_000), 0xFE);
    chip.write(Register::Command, 0xFF, 2_000_000);
    let taken_ns = 2_000_000 + time_until(&mut chip, 2_000_000, can_write);
    assert_eq!(chip.read(Register::Data, 2_400_000), 0xFE);
    chip.write(Register::Command, 0x95, 2_500_000);
    // The unit sees the command when it is free again.
    let reset_ns = time_until(&mut chip, 2_500_000, can_write) + 2_500_000 - taken_ns;
    assert_eq!(chip.read(Register::Data, 40_000_000), 0xFE);
    // At this time, long after the reset, the unit's clock runs.
    chip.write(Register::Command, 0x3F, 60_000_000);
    let entered_ns = 60_000_000 + time_until(&mut chip, 60_000_000, has_data);
    chip.read(Register::Data, entered_ns);
    chip.write(Register::Data, 0x55, entered_ns + 1_000_000);
    let entry_ns = time_until(&mut chip, entered_ns, can_write);
    chip.write(Register::Data, 0x55, entered_ns + 40_000_000);
    let uart_ns = time_until(&mut chip, entered_ns + 40_000_000, can_write);
    let heard_ns = entered_ns + 50_000_000;
    chip.midi_in(heard_ns, 0x90);
    let dsr_ns = time_until(&mut chip, heard_ns + 320_000, has_data);
    chip.read(Register::Data, heard_ns + 1_000_000);
    let left_ns = heard_ns + 2_000_000;
    chip.write(Register::Command, 0xFF, left_ns);
    chip.write(Register::Data, 0x55, left_ns + 100_000);
    let exit_ns = time_until(&mut chip, left_ns + 100_000, can_write) + 100_000;
    [intelligent_ns, ack_ns, reset_ns, entry_ns, uart_ns, dsr_ns, exit_ns]
}

/// The measured ranges, in us. They have the order of [`measure`]: the time until DRR clears after
/// a command, the time until the ACK of the command, the busy time after a reset, the busy time
/// after the entry into UART mode, the time until DRR clears after a data byte, the time from the
/// stop bit of a MIDI IN byte until DSR, and the time from FF in UART mode until the unit is free.
///
/// Measured: Roland firmware 1.5A.
const MEASURED_US: [(u64, u64); 7] = [
    (17, 243),
    (42, 268),
    (27_180, 27_230),
    (34_600, 34_730),
    (11, 32),
    (129, 149),
    // The unit takes FF 11 to 32 us after the write of FF.
    (60_460 + 11, 60_460 + 32),
];

#[test]
fn whatever_the_seed_the_host_measures_what_was_measured_on_the_unit() {
    let mut extremes = [(u64::MAX, 0); 7];
    for seed in 0..300 {
        let times = measure(CardTiming::Seeded(seed));
        for ((time_ns, (least_us, most_us)), extreme) in
            times.into_iter().zip(MEASURED_US).zip(&mut extremes)
        {
            let range_ns = least_us * 1_000..=most_us * 1_000 + TICK_NS;
            assert!(range_ns.contains(&time_ns), "seed {seed}: {times:?}");
            *extreme = (extreme.0.min(time_ns), extreme.1.max(time_ns));
        }
    }
    for ((shortest_ns, longest_ns), (least_us, most_us)) in extremes.into_iter().zip(MEASURED_US) {
        let spread_ns = (most_us - least_us) * 1_000;
        assert!(longest_ns - shortest_ns > spread_ns * 9 / 10, "{extremes:?}");
    }
}

/// The times from a command to its ACK, in us, of 450 commands to a resting unit. The shortest time
/// comes first.
///
/// Measured: 42, 77, 165 and 268 us are the shortest, the median, the 95th percentile and the
/// longest time. The host polls STATUS every us and writes the next command `pause_us` after it
/// has read the ACK.
fn ack_times_us(seed: u64, pause_us: u64) -> Vec<u64> {
    let mut chip = Mpu401::with_timing(roland(), InitialState::Idle, CardTiming::Seeded(seed));
    let mut now_ns = 5_000_000;
    let mut times: Vec<u64> = (0..450)
        .map(|_| {
            let written_ns = now_ns;
            chip.write(Register::Command, 0x94, written_ns);
            while !Status::from_bits_retain(chip.read(Register::Command, now_ns)).has_data() {
                now_ns += 1_000;
            }
            let time_ns = now_ns - written_ns;
            now_ns += 1_000;
            assert_eq!(chip.read(Register::Data, now_ns), 0xFE);
            now_ns += pause_us * 1_000;
            time_ns / 1_000
        })
        .collect();
    times.sort_unstable();
    times
}

#[test]
fn whatever_the_seed_450_commands_have_the_median_and_the_percentile_that_were_measured() {
    for seed in 0..12 {
        for pause_us in [2_500, 3_000, 10_000] {
            let times_us = ack_times_us(seed, pause_us);
            let (median_us, p95_us) = (times_us[225], times_us[427]);
            assert!((70..=85).contains(&median_us), "seed {seed}, {pause_us}: {median_us}");
            assert!((150..=180).contains(&p95_us), "seed {seed}, {pause_us}: {p95_us}");
            assert!(times_us[0] >= 42 && times_us[449] <= 269, "seed {seed}: {times_us:?}");
        }
    }
}

#[test]
fn the_three_fixed_choices_give_the_ends_and_the_middle_of_each_range() {
    let us = |times: [u64; 7]| times.map(|time_ns| time_ns / 1_000);
    assert_eq!(us(measure(CardTiming::Shortest)), [17, 42, 27_180, 34_600, 11, 129, 60_471]);
    assert_eq!(us(measure(CardTiming::Typical)), [52, 77, 27_200, 34_700, 21, 139, 60_481]);
    assert_eq!(us(measure(CardTiming::Longest)), [243, 268, 27_230, 34_730, 32, 149, 60_492]);
}

#[test]
fn every_range_of_a_card_is_in_order() {
    for profile in cards() {
        let _ = profile.behaviour.timing.map(|&Spread { min, typ, p95, max }| {
            let is_in_order = min <= typ && typ <= p95 && p95 <= max;
            assert!(is_in_order, "{}: {min} {typ} {p95} {max}", profile.name);
        });
    }
}

/// When the first 400 F8s of a resting Roland unit start, in ns.
fn clock_starts_ns(choice: CardTiming) -> Vec<u64> {
    let mut chip = Mpu401::with_timing(roland(), InitialState::Idle, choice);
    let mut starts_ns = Vec::new();
    for clock in 1..=400 {
        chip.advance(clock * CLOCK_NS + 1_000_000);
        while let Some(sent) = chip.pop_sent() {
            assert_eq!(sent.byte, 0xF8);
            starts_ns.push(sent.start_ns);
        }
    }
    assert_eq!(starts_ns.len(), 400);
    starts_ns
}

/// The time from one F8 to the next at the tempo after a reset, in ns.
const CLOCK_NS: u64 = 25_000_000;

#[test]
fn a_drawn_clock_is_up_to_50_us_late_and_never_drifts() {
    for seed in 0..8 {
        let starts_ns = clock_starts_ns(CardTiming::Seeded(seed));
        let mut late_ns: Vec<u64> =
            (1..).zip(&starts_ns).map(|(clock, start_ns)| start_ns - clock * CLOCK_NS).collect();
        late_ns.sort_unstable();
        assert!(late_ns[399] <= 50_000, "seed {seed}: {late_ns:?}");
        assert!(late_ns[300] > 15_000 && late_ns[390] > 40_000, "seed {seed}: {late_ns:?}");
        assert_eq!(late_ns[..150], [0; 150], "seed {seed}: {late_ns:?}");
    }
}

#[test]
fn a_clock_without_drawn_times_is_exact() {
    for (choice, late_ns) in
        [(CardTiming::Shortest, 0), (CardTiming::Typical, 0), (CardTiming::Longest, 50_000)]
    {
        let starts_ns = clock_starts_ns(choice);
        let expected = (1..=400).map(|clock| clock * CLOCK_NS + late_ns);
        assert!(starts_ns.into_iter().eq(expected), "{choice:?}");
    }
}

/// Writes 100 bytes to a card and sends 100 bytes into its MIDI IN. Returns the times of the writes
/// and the times at which bytes began on MIDI OUT.
fn course(profile: &CardProfile, choice: CardTiming) -> Vec<u64> {
    let mut chip = Mpu401::with_timing(profile, InitialState::Uart { stale: 0xFE }, choice);
    let mut times = Vec::new();
    let mut now_ns = 0;
    for byte in 0..100 {
        while !Status::from_bits_retain(chip.read(Register::Command, now_ns)).can_write() {
            now_ns += 1_000;
        }
        times.push(now_ns);
        chip.write(Register::Data, byte, now_ns);
        chip.midi_in(now_ns, byte);
        now_ns += 400_000 + u64::from(byte) * 10_000;
        if Status::from_bits_retain(chip.read(Register::Command, now_ns)).has_data() {
            chip.read(Register::Data, now_ns);
        }
        while let Some(event) = chip.pop_wire() {
            if (event.lane, event.edge) == (Lane::Out, WireEdge::Start) {
                times.push(event.time_ns);
            }
        }
    }
    times
}

#[test]
fn the_same_seed_gives_the_same_times_and_another_one_others() {
    for name in ["roland-mpu401", "smsc-superio"] {
        let profile = card(name).expect("a known card");
        let first = course(profile, CardTiming::Seeded(1));
        assert_eq!(first, course(profile, CardTiming::Seeded(1)), "{name}");
        assert_ne!(first, course(profile, CardTiming::Seeded(2)), "{name}");
        assert_ne!(first, course(profile, CardTiming::Typical), "{name}");
    }
}

#[test]
fn a_byte_with_drawn_times_goes_the_same_way_as_one_of_the_fast_stream() {
    for profile in cards() {
        let mut exact = profile.clone();
        exact.behaviour.timing = profile.behaviour.timing.map(|spread| Spread::exactly(spread.typ));
        assert_eq!(
            course(profile, CardTiming::Typical),
            course(&exact, CardTiming::Seeded(7)),
            "{}",
            profile.name
        );
    }
}

/// What a host and an observer see of a card at one moment.
#[derive(PartialEq, Eq)]
struct Look {
    status: u8,
    next_event_ns: u64,
    /// The events on the wires since the last look.
    wire: Vec<(u64, u8)>,
}

/// Looks at a card every 100 us from `from_ns` on. All times are counted from `from_ns`.
fn watch(chip: &mut Mpu401, from_ns: u64) -> Vec<Look> {
    let look = |step: u64| {
        chip.advance(from_ns + step * 100_000);
        let wire = std::iter::from_fn(|| chip.pop_wire());
        let wire = wire.map(|event| (event.time_ns - from_ns, event.byte)).collect();
        let next_event_ns = match chip.next_event_ns() {
            u64::MAX => u64::MAX,
            next_ns => next_ns - from_ns,
        };
        Look { status: chip.status().bits(), next_event_ns, wire }
    };
    (0..2_000).map(look).collect()
}

#[test]
fn power_that_comes_back_makes_every_card_the_one_that_it_was_at_first() {
    const BACK_NS: u64 = 3_001_234_000;
    for profile in cards() {
        for choice in [CardTiming::Typical, CardTiming::Longest, CardTiming::Seeded(7)] {
            let mut first = Mpu401::with_timing(profile, InitialState::PowerOn, choice);
            let mut again = Mpu401::with_timing(profile, InitialState::PowerOn, choice);
            for step in 1..40_u64 {
                again.write(Register::Command, 0x3F, step * 60_000_000);
                again.read(Register::Data, step * 60_000_000 + 1_000_000);
                again.write(Register::Data, 0x90, step * 60_000_000 + 30_000_000);
                again.midi_in(step * 60_000_000, 0x55);
            }
            again.power_on(BACK_NS);
            assert_eq!(again.counters(), first.counters(), "{}", profile.name);
            assert_eq!(again.waiting(), first.waiting(), "{}", profile.name);
            assert_eq!(again.mode(), first.mode(), "{}", profile.name);
            let times = |chip: &mut Mpu401, from_ns| {
                chip.write(Register::Command, 0xFF, from_ns + 100_000);
                watch(chip, from_ns)
            };
            let is_same = times(&mut again, BACK_NS) == times(&mut first, 0);
            assert!(is_same, "{}, {choice:?}", profile.name);
        }
    }
}

#[test]
fn power_cannot_come_back_in_the_past() {
    let mut chip = Mpu401::new(roland(), InitialState::PowerOn);
    chip.advance(500_000_000);
    chip.power_on(1_000);
    chip.write(Register::Command, 0xFF, 500_000_000);
    let busy_ns = time_until(&mut chip, 500_000_000, can_write);
    assert!(busy_ns >= roland().behaviour.timing.busy_after_power_on_ns.typ, "{busy_ns}");
}
