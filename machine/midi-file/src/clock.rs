//! From ticks of a MIDI file to ns, in integers.
//!
//! The length of a tick depends on the header's division. A positive division makes a tick a
//! fraction of a beat, and tempo events set the length of the beat. An SMPTE division makes a tick
//! a fraction of a second, and tempo events change nothing. The clock adds up time exactly: at any
//! tempo, a tick is a whole number of the clock's units. The clock divides only when the caller
//! asks for the time. So the only rounding is down to a whole ns, and changes of the tempo add no
//! errors.
//!
//! Source: Standard MIDI Files 1.0 (RP-001), header chunk and Set Tempo.

/// Length of a beat until the first tempo event, in us: 120 beats a minute.
/// Source: Standard MIDI Files 1.0, Set Tempo.
pub(crate) const DEFAULT_TEMPO_US: u32 = 500_000;

/// What a tick is, as the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Division {
    /// A tick is a fraction of a beat.
    Beat {
        /// The number of ticks in a beat, 1 to 32767.
        ticks: u16,
    },
    /// A tick is a fraction of a frame of video.
    Frame {
        /// Frames in a second: 24, 25, 29 or 30. 29 means 30 000 / 1001, the "drop frame" rate.
        rate: u8,
        /// The number of ticks in a frame, 1 to 255.
        ticks: u8,
    },
}

/// The time of one sequence of ticks; it never goes back.
#[derive(Debug, Clone)]
pub(crate) struct TickClock {
    // Configuration: one unit is `numerator / denominator` ns.
    division: Division,
    numerator: u128,
    denominator: u128,
    // State.
    units_per_tick: u32,
    tick: u64,
    units: u128,
}

impl TickClock {
    /// A clock at tick 0, at the default tempo. No part of `division` may be 0.
    pub(crate) fn new(division: Division) -> TickClock {
        let (numerator, denominator, units_per_tick) = match division {
            Division::Beat { ticks } => (1_000, u128::from(ticks), DEFAULT_TEMPO_US),
            Division::Frame { rate: 29, ticks } => (1_001_000_000, 30 * u128::from(ticks), 1),
            Division::Frame { rate, ticks } => {
                (1_000_000_000, u128::from(rate) * u128::from(ticks), 1)
            }
        };
        TickClock { division, numerator, denominator, units_per_tick, tick: 0, units: 0 }
    }

    /// Moves the clock on to a tick, and returns the time of the tick in ns, rounded down. A tick
    /// in the past does not move the clock: the result is then the time of the clock.
    ///
    /// Limits: none. The highest tick and the longest beat do not fill the 128 bits of the clock.
    pub(crate) fn advance_to(&mut self, tick: u64) -> u128 {
        let ticks = tick.saturating_sub(self.tick);
        self.units += u128::from(ticks) * u128::from(self.units_per_tick);
        self.tick += ticks;
        self.units * self.numerator / self.denominator
    }

    /// Sets the length of a beat from this tick on, in us. SMPTE time does not depend on the length
    /// of a beat.
    pub(crate) fn set_tempo(&mut self, tempo_us: u32) {
        if matches!(self.division, Division::Beat { .. }) {
            self.units_per_tick = tempo_us;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_lasts_half_a_second_until_the_tempo_is_set() {
        let mut clock = TickClock::new(Division::Beat { ticks: 96 });
        assert_eq!(clock.advance_to(96), 500_000_000);
        clock.set_tempo(1_000_000);
        assert_eq!(clock.advance_to(192), 1_500_000_000);
    }

    #[test]
    fn a_thousand_tempo_changes_do_not_drift() {
        let mut clock = TickClock::new(Division::Beat { ticks: 7 });
        for tick in 1..=1_000 {
            clock.set_tempo(333_333);
            clock.advance_to(tick);
        }
        assert_eq!(clock.advance_to(1_000), 1_000 * 333_333_000 / 7);
    }

    #[test]
    fn smpte_ticks_ignore_the_tempo() {
        let mut clock = TickClock::new(Division::Frame { rate: 25, ticks: 40 });
        clock.set_tempo(1);
        assert_eq!(clock.advance_to(3), 3_000_000);
    }

    #[test]
    fn drop_frame_time_runs_at_30_000_frames_in_1001_seconds() {
        let mut clock = TickClock::new(Division::Frame { rate: 29, ticks: 2 });
        assert_eq!(clock.advance_to(60_000), 1_001_000_000_000);
    }
}
