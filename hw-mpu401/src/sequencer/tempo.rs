//! The tempo: how long a tick lasts.
//!
//! The unit counts half ticks with a timer of 1 us, so `Tempo::tick_ns` rounds half a tick to a
//! whole number of us. Measured: for each of the 70 valid pairs of tempo and timebase that were
//! tried, the result of `tick_ns` is within 0.013 % of the unit's tick.

/// Ticks in a beat, after a reset. Measured.
const DEFAULT_TIMEBASE: u8 = 120;

/// Beats in a minute, after a reset. Measured.
const DEFAULT_TEMPO: u8 = 100;

/// The relative tempo that does not change the tempo.
pub(super) const RELATIVE_ONE: u8 = 0x40;

/// The limits of the tempo, in beats a minute. Measured: answers of AF.
const TEMPO_LIMITS: (u8, u8) = (4, 250);

/// The shortest and the longest half tick of the timer, in us. Measured: the lower limit gives the
/// fastest tempo with timebase 192, 156.25 beats a minute. The upper limit gives the slowest tempo
/// with timebase 48, 9.54 beats a minute.
const HALF_TICK_LIMITS_US: (u64, u64) = (1_000, 65_536);

/// How long half a tick lasts at one beat a minute and one tick a beat, in us.
const HALF_MINUTE_US: u64 = 30_000_000;

/// A graduation divides a step of the relative tempo into this number of parts.
const FRACTION: u64 = 256;

/// The square of the time that the slowest graduation needs for one step of the relative tempo,
/// before [`GLIDE_SHORTER_NS`] is subtracted from the time. The time is in ns.
///
/// Command E2 sets the graduation value. Measured: a change to twice the tempo, which is 64 steps
/// of the relative tempo, takes 175 ms with the value FF, 263 ms with 80, 387 ms with 40, 799 ms
/// with 10, and 3.4 s with 01. If [`GLIDE_SHORTER_NS`] is added to each of these times, they are in
/// proportion to 1 divided by the square root of the value.
///
/// A movement that speeds up evenly to its middle, and then slows down evenly, takes a time in
/// proportion to 1 divided by the square root of its acceleration. Therefore the change of the
/// tempo is modelled as a movement of this kind, with the graduation value as its acceleration.
/// Assumed: a change of any other number of steps is a movement of this kind too. The time of such
/// a movement is in proportion to the square root of the number of steps. So one step takes 1/8 of
/// the time of 64 steps.
const GLIDE_SQUARE: u128 = 3_420_000_000 * 3_420_000_000 / 64;

/// A graduation takes this much less time than [`GLIDE_SQUARE`] alone gives, in ns. With this
/// number the model agrees within 3 % with the five measured times at [`GLIDE_SQUARE`].
const GLIDE_SHORTER_NS: u64 = 40_000_000;

/// A gradual change of the relative tempo, in parts of a step.
#[derive(Clone, Copy)]
struct Glide {
    from: u64,
    to: u64,
    start_ns: u64,
    /// The duration. It is never 0.
    duration_ns: u64,
}

impl Glide {
    /// The relative tempo at `now_ns`, in parts of a step: an S curve from one end to the other.
    fn at(&self, now_ns: u64) -> u64 {
        let passed_ns = now_ns.saturating_sub(self.start_ns).min(self.duration_ns);
        let left_ns = self.duration_ns - passed_ns;
        let shorter_ns = passed_ns.min(left_ns);
        let square = u128::from(self.duration_ns) * u128::from(self.duration_ns);
        let distance = u128::from(self.from.abs_diff(self.to));
        let bend = 2 * distance * u128::from(shorter_ns) * u128::from(shorter_ns) / square;
        let bend = bend as u64;
        match (passed_ns <= left_ns, self.from <= self.to) {
            (true, true) => self.from + bend,
            (true, false) => self.from - bend,
            (false, true) => self.to - bend,
            (false, false) => self.to + bend,
        }
    }

    fn is_over(&self, now_ns: u64) -> bool {
        now_ns >= self.start_ns.saturating_add(self.duration_ns)
    }
}

/// Tempo, relative tempo and timebase.
#[derive(Clone)]
pub(super) struct Tempo {
    tempo: u8,
    relative: u8,
    graduation: u8,
    timebase: u8,
    glide: Option<Glide>,
}

impl Tempo {
    /// The state after a reset.
    pub(super) const fn new() -> Self {
        Self {
            tempo: DEFAULT_TEMPO,
            relative: RELATIVE_ONE,
            graduation: 0,
            timebase: DEFAULT_TIMEBASE,
            glide: None,
        }
    }

    /// Ticks from one MIDI clock to the next: a 24th of a beat.
    pub(super) fn ticks_a_clock(&self) -> u8 {
        self.timebase / 24
    }

    pub(super) fn set_timebase(&mut self, ticks_a_beat: u8) {
        self.timebase = ticks_a_beat;
    }

    /// Command E0.
    pub(super) fn set_tempo(&mut self, tempo: u8) {
        self.tempo = tempo.clamp(TEMPO_LIMITS.0, TEMPO_LIMITS.1);
    }

    /// Command E2.
    pub(super) fn set_graduation(&mut self, graduation: u8) {
        self.graduation = graduation;
    }

    /// Command E1. With a graduation the tempo changes gradually.
    pub(super) fn set_relative(&mut self, relative: u8, now_ns: u64) {
        let from = self.relative_parts(now_ns);
        let to = u64::from(relative) * FRACTION;
        self.relative = relative;
        self.glide = glide_time_ns(from.abs_diff(to), self.graduation).map(|duration_ns| Glide {
            from,
            to,
            start_ns: now_ns,
            duration_ns,
        });
    }

    /// Command B1: the tempo changes at once, even with a graduation.
    pub(super) fn clear_relative(&mut self) {
        self.relative = RELATIVE_ONE;
        self.glide = None;
    }

    /// Whether the tempo changes by itself.
    pub(super) fn has_glide(&self) -> bool {
        self.glide.is_some()
    }

    /// Forgets a graduation that is over.
    pub(super) fn settle(&mut self, now_ns: u64) {
        self.glide = self.glide.filter(|glide| !glide.is_over(now_ns));
    }

    /// How long a tick lasts, in ns.
    pub(super) fn tick_ns(&self, now_ns: u64) -> u64 {
        let most = u64::from(TEMPO_LIMITS.1) * u64::from(RELATIVE_ONE) * FRACTION;
        let product = (u64::from(self.tempo) * self.relative_parts(now_ns)).min(most);
        let divisor = product * u64::from(self.timebase);
        let half_minute = HALF_MINUTE_US * u64::from(RELATIVE_ONE) * FRACTION;
        let half_us = (half_minute + divisor / 2).checked_div(divisor);
        let half_us = half_us.unwrap_or(HALF_TICK_LIMITS_US.1);
        half_us.clamp(HALF_TICK_LIMITS_US.0, HALF_TICK_LIMITS_US.1) * 2_000
    }

    /// The answer to AF: beats a minute, rounded.
    pub(super) fn effective(&self, now_ns: u64) -> u8 {
        let one = u64::from(RELATIVE_ONE) * FRACTION;
        let product = u64::from(self.tempo) * self.relative_parts(now_ns);
        let rounded = (product + one / 2) / one;
        let (least, most) = TEMPO_LIMITS;
        rounded.clamp(u64::from(least), u64::from(most)) as u8
    }

    fn relative_parts(&self, now_ns: u64) -> u64 {
        match self.glide {
            Some(glide) => glide.at(now_ns),
            None => u64::from(self.relative) * FRACTION,
        }
    }
}

/// How long a graduation takes for this many parts of a step; `None` if it takes no time.
fn glide_time_ns(parts: u64, graduation: u8) -> Option<u64> {
    if graduation == 0 || parts == 0 {
        return None;
    }
    let square = u128::from(parts) * GLIDE_SQUARE / u128::from(FRACTION);
    let time_ns = (square / u128::from(graduation)).isqrt() as u64;
    let time_ns = time_ns.saturating_sub(GLIDE_SHORTER_NS);
    (time_ns > 0).then_some(time_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tempo(tempo: u8, relative: u8, timebase: u8) -> Tempo {
        let mut it = Tempo::new();
        it.set_tempo(tempo);
        it.set_relative(relative, 0);
        it.set_timebase(timebase);
        it
    }

    /// Beats a minute, in hundredths.
    fn pace(tempo: &Tempo) -> u64 {
        let beat_ns = tempo.tick_ns(0) * u64::from(tempo.timebase);
        (6_000_000_000_000 + beat_ns / 2) / beat_ns
    }

    #[test]
    fn the_half_tick_is_rounded_to_a_microsecond() {
        assert_eq!(tempo(100, 0x40, 120).tick_ns(0), 5_000_000);
        assert_eq!(tempo(240, 0x40, 120).tick_ns(0) * 5, 10_420_000);
        assert_eq!(pace(&tempo(100, 0x41, 120)), 10_154);
    }

    #[test]
    fn the_timer_limits_the_tempo() {
        let fastest = [(48, 25_000), (120, 25_000), (144, 20_833), (168, 17_857), (192, 15_625)];
        for (timebase, hundredths) in fastest {
            assert_eq!(pace(&tempo(0xFF, 0x40, timebase)), hundredths, "{timebase}");
        }
        for (timebase, hundredths) in [(48, 954), (72, 636), (96, 477), (120, 400), (192, 400)] {
            assert_eq!(pace(&tempo(0, 0x40, timebase)), hundredths, "{timebase}");
        }
        assert_eq!(pace(&tempo(100, 0x01, 120)), 381);
    }

    #[test]
    fn af_answers_the_rounded_product_within_its_limits() {
        let effective = |value, relative| tempo(value, relative, 120).effective(0);
        assert_eq!(effective(0xFF, 0x40), 0xFA);
        assert_eq!(effective(0x00, 0x40), 0x04);
        assert_eq!(effective(120, 0x80), 0xF0);
        assert_eq!(effective(100, 0x01), 0x04);
        assert_eq!(effective(100, 0x41), 102);
    }

    #[test]
    fn a_graduation_takes_the_measured_times_within_three_percent() {
        for (value, measured_ms) in [(0xFF, 175), (0x80, 263), (0x40, 387), (0x10, 799), (1, 3_400)]
        {
            let mut tempo = Tempo::new();
            tempo.set_graduation(value);
            tempo.set_relative(0x80, 0);
            let reached_ms =
                (1..5_000).find(|ms| tempo.tick_ns(ms * 1_000_000) == 2_500_000).expect("reached");
            assert!(reached_ms.abs_diff(measured_ms) * 100 <= measured_ms * 3, "{reached_ms}");
        }
    }

    #[test]
    fn a_graduation_is_slow_at_both_ends_and_even_about_its_middle() {
        let mut tempo = Tempo::new();
        tempo.set_graduation(0x10);
        tempo.set_relative(0x80, 0);
        let parts: [u64; 5] =
            core::array::from_fn(|quarter| tempo.relative_parts(quarter as u64 * 203_750_000));
        assert_eq!(parts[0], 0x40 * 256);
        let steps: [u64; 4] = core::array::from_fn(|number| parts[number + 1] - parts[number]);
        assert!(steps[0] * 2 < steps[1], "{steps:?}");
        assert!(steps[1].abs_diff(steps[2]) * 20 < steps[1], "{steps:?}");
        assert!(steps[3] * 2 < steps[2], "{steps:?}");
    }
}
