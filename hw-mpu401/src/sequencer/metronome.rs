//! The metronome, and the measures.
//!
//! In record the unit can mark the end of each measure for the host. The unit has a separate output
//! for clicks. Clicks are no MIDI bytes: the caller of the chip fetches clicks with
//! [`Mpu401::pop_click`](crate::Mpu401::pop_click).

/// MIDI clocks in a beat, after a reset.
/// Assumed: 12 clocks and 8 beats, as the documents of the commands say. Measured: a measure has 4
/// beats of 24 clocks, in all 96 clocks. 8 beats of 12 clocks are also 96 clocks.
const DEFAULT_CLOCKS: u8 = 12;

/// Beats in a measure, after a reset.
const DEFAULT_BEATS: u8 = 8;

/// A click of the metronome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Click {
    /// When the click comes, in ns.
    pub time_ns: u64,
    /// How the click sounds.
    pub accent: Accent,
}

/// How a click sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Accent {
    /// Accented: the first beat of a measure, with command 85.
    Strong,
    /// Plain.
    Plain,
}

/// Which clicks the metronome makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clicks {
    Off,
    Plain,
    WithAccent,
}

/// What happens at a MIDI clock.
pub(super) struct Falls {
    pub(super) click: Option<Accent>,
    /// Whether a measure ends and the next measure begins.
    pub(super) measure_ends: bool,
}

/// The settings of the metronome, and the position in the measure.
#[derive(Clone)]
pub(super) struct Metronome {
    pub(super) clicks: Clicks,
    clocks_a_beat: u8,
    beats_a_measure: u8,
    /// MIDI clocks since the measure began.
    position: u32,
    /// Whether no MIDI clock has come since the last start with FA, or since a reset.
    is_first: bool,
}

impl Metronome {
    /// The state after a reset.
    pub(super) const fn new() -> Self {
        Self {
            clicks: Clicks::Off,
            clocks_a_beat: DEFAULT_CLOCKS,
            beats_a_measure: DEFAULT_BEATS,
            position: 0,
            is_first: true,
        }
    }

    /// Command E4. Assumed: 0 is ignored.
    pub(super) fn set_clocks_a_beat(&mut self, clocks: u8) {
        if clocks > 0 {
            self.clocks_a_beat = clocks;
        }
    }

    /// Command E6. Assumed: 0 is ignored.
    pub(super) fn set_beats_a_measure(&mut self, beats: u8) {
        if beats > 0 {
            self.beats_a_measure = beats;
        }
    }

    /// Makes the next MIDI clock the first clock of a measure.
    pub(super) fn restart(&mut self) {
        self.position = 0;
        self.is_first = true;
    }

    /// Counts a MIDI clock, and returns what happens at it.
    #[must_use]
    pub(super) fn beat(&mut self) -> Falls {
        let position = self.position % self.measure();
        let click = match (self.clicks, position.is_multiple_of(self.clocks_a_beat.into())) {
            (Clicks::Off, _) | (_, false) => None,
            (Clicks::WithAccent, true) if position == 0 => Some(Accent::Strong),
            (Clicks::Plain | Clicks::WithAccent, true) => Some(Accent::Plain),
        };
        let measure_ends = position == 0 && !self.is_first;
        self.is_first = false;
        self.position = position + 1;
        Falls { click, measure_ends }
    }

    /// Counts `clocks` MIDI clocks at once. Returns the number of clicks in this time.
    pub(super) fn skip(&mut self, clocks: u64) -> u64 {
        if clocks == 0 {
            return 0;
        }
        let measure = u64::from(self.measure());
        let before = u64::from(self.position) % measure;
        self.position = ((before + clocks % measure) % measure) as u32;
        self.is_first = false;
        if self.clicks == Clicks::Off {
            return 0;
        }
        let beat = self.clocks_a_beat();
        before.saturating_add(clocks).div_ceil(beat) - before.div_ceil(beat)
    }

    /// MIDI clocks from one click to the next.
    pub(super) fn clocks_a_beat(&self) -> u64 {
        self.clocks_a_beat.into()
    }

    fn measure(&self) -> u32 {
        u32::from(self.clocks_a_beat) * u32::from(self.beats_a_measure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_fall_every_beat_and_the_accent_every_measure() {
        let mut metronome = Metronome::new();
        metronome.clicks = Clicks::WithAccent;
        metronome.set_clocks_a_beat(24);
        metronome.set_beats_a_measure(3);
        for clock in 0..200 {
            let falls = metronome.beat();
            let expected = match (clock % 72, clock % 24) {
                (0, _) => Some(Accent::Strong),
                (_, 0) => Some(Accent::Plain),
                _ => None,
            };
            assert_eq!(falls.click, expected, "{clock}");
            assert_eq!(falls.measure_ends, clock > 0 && clock % 72 == 0, "{clock}");
        }
    }

    #[test]
    fn skipped_clocks_leave_the_same_position() {
        let (mut one, mut many) = (Metronome::new(), Metronome::new());
        one.clicks = Clicks::Plain;
        many.clicks = Clicks::Plain;
        for jump in [1, 95, 96, 1_000, 7] {
            let clicks = (0..jump).filter(|_| one.beat().click.is_some()).count();
            assert_eq!(many.skip(jump), clicks as u64);
            assert_eq!(one.position % 96, many.position % 96);
        }
    }
}
