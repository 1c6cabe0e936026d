//! How long a card takes: the range of each latency, and the point used.
//!
//! A [`Spread`] is the range of a latency. On a real unit the latency varies, for example with the
//! phase of the main loop. A chip uses one point of each spread, or draws a new point for every
//! event.

/// A duration that never ends, in ns.
pub const NEVER_NS: u64 = u64::MAX;

/// The range of a duration, and the point of the range that the model uses by default. `min`, `typ`
/// and `max` are in ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Spread {
    /// The shortest known time.
    pub min: u64,
    /// The median where it is known, otherwise a point well inside the range.
    pub typ: u64,
    /// The longest known time.
    pub max: u64,
}

impl Spread {
    /// A duration with only one known value.
    #[must_use]
    pub const fn exactly(time: u64) -> Self {
        Self { min: time, typ: time, max: time }
    }

    /// A duration between `min` and `max`, usually `typ`.
    #[must_use]
    pub const fn between(min: u64, typ: u64, max: u64) -> Self {
        Self { min, typ, max }
    }
}

/// A latency as a card file shows it.
#[derive(Debug)]
pub struct Latency {
    /// The key of the latency in a card file.
    pub key: &'static str,
    /// At which event the latency begins and at which event it ends, in a few words.
    pub about: &'static str,
    /// Whether the latency may be [`NEVER_NS`].
    pub length: Length,
    /// Returns the latency's range.
    pub get: fn(&Timing) -> &Spread,
    /// Returns the latency's range, so that the caller can change it.
    pub get_mut: fn(&mut Timing) -> &mut Spread,
}

/// Whether a latency always ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Length {
    /// The latency always ends.
    Finite,
    /// The latency may be [`NEVER_NS`].
    FiniteOrNever,
}

/// Makes [`Timing`] and [`LATENCIES`] from one table. A row has the doc comment of a latency, its
/// name, its key in a card file, whether the latency always ends, and an explanation in a few
/// words.
macro_rules! latencies {
    ($($(#[$doc:meta])+ $field:ident, $key:literal, $length:ident, $about:literal;)+) => {
        /// How long a card takes, all in ns. Nearly every latency of a card without firmware is 0.
        ///
        /// In a profile each latency is a range; in a chip it is the number that the chip uses.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct Timing<T = Spread> {
            $($(#[$doc])+ pub $field: T,)+
        }

        /// Every latency, in the order of [`Timing`].
        pub static LATENCIES: &[Latency] = &[$(
            Latency {
                key: $key,
                about: $about,
                length: Length::$length,
                get: |timing| &timing.$field,
                get_mut: |timing| &mut timing.$field,
            },
        )+];

        impl Timing {
            const fn all(spread: Spread) -> Self {
                Self { $($field: spread,)+ }
            }
        }

        impl<T> Timing<T> {
            /// Applies `change` to each latency, in the order of the declarations, and returns the
            /// results.
            #[must_use]
            pub fn map<U>(&self, mut change: impl FnMut(&T) -> U) -> Timing<U> {
                Timing { $($field: change(&self.$field),)+ }
            }
        }
    };
}

// Add a new latency at the end. The position of a latency decides its drawn times, so the old
// latencies must keep their positions.
latencies! {
    /// Intelligent mode, unit idle: from a write until the unit takes the byte and DRR clears.
    drr_clear_intelligent_ns, "drr-clear-intelligent-ns", Finite,
        "intelligent mode, idle: from a write until the byte is taken";
    /// UART mode, unit idle: from a write until the unit takes the byte and DRR clears.
    drr_clear_uart_ns, "drr-clear-uart-ns", Finite, "the same in UART mode";
    /// UART mode, with room in the buffer: from the time when the unit takes a byte to the time
    /// when the unit takes the next byte.
    tx_accept_ns, "tx-accept-ns", Finite, "from one byte taken to the next one taken";
    /// UART mode, line idle: from the time when the unit takes a byte to the start bit of the byte.
    tx_start_ns, "tx-start-ns", Finite, "from a byte taken to its start bit";
    /// From the time when the unit takes a command to the time when its ACK is in DATA.
    ack_latency_ns, "ack-latency-ns", Finite, "from a command taken to its ACK";
    /// From the host's read of the ACK to the time when the answer is in DATA.
    reply_latency_ns, "reply-latency-ns", Finite, "from the ACK read to the answer";
    /// From the stop bit of a MIDI IN byte to DSR.
    rx_to_dsr_ns, "rx-to-dsr-ns", Finite, "from a stop bit on MIDI IN to DSR";
    /// From a read of DATA to the time when the next byte is in DATA, if a byte is ready.
    next_byte_ns, "next-byte-ns", Finite, "from a read of DATA to the next byte";
    /// From power-on until the unit takes the first byte.
    busy_after_power_on_ns, "busy-after-power-on-ns", Finite, "from power-on";
    /// Reset in intelligent mode: from the time when the unit takes the command until the unit
    /// takes the next byte.
    busy_after_reset_ns, "busy-after-reset-ns", Finite, "from FF in intelligent mode";
    /// Command 3F: from its ACK until the unit takes the first data byte.
    busy_after_uart_entry_ns, "busy-after-uart-entry-ns", Finite, "from the ACK of 3F";
    /// Reset in UART mode: from the time when the unit takes the command until the unit takes the
    /// next byte.
    busy_after_exit_ns, "busy-after-exit-ns", Finite, "from FF in UART mode";
    /// Reset in UART mode that drops output: from the time when the unit takes the command until
    /// the unit takes the next byte.
    busy_after_exit_full_ns, "busy-after-exit-full-ns", Finite,
        "the same when output is thrown away";
    /// Reset in UART mode: from the time when the unit takes the command until the unit drops the
    /// output that still waits;
    /// [`NEVER_NS`] if the unit sends all of this output.
    backlog_after_exit_ns, "backlog-after-exit-ns", FiniteOrNever,
        "from FF in UART mode until waiting output is thrown away, or \"never\"";
    /// Command 3F between a reset and the card's first own F8: from the ACK of 3F until the unit
    /// takes the first data byte.
    busy_after_early_uart_entry_ns, "busy-after-early-uart-entry-ns", Finite,
        "from the ACK of a 3F right after a reset";
    /// When a MIDI IN byte had to wait: from the fetch of the byte until DSR.
    rx_queued_to_dsr_ns, "rx-queued-to-dsr-ns", Finite,
        "from the fetch of a MIDI IN byte that had to wait to DSR";
}

impl Timing {
    /// A card that does everything at once, and sends its output after a reset. Most cards without
    /// firmware have these times; only the wait before a start bit is longer.
    pub(crate) const AT_ONCE: Self =
        Self { backlog_after_exit_ns: Spread::exactly(NEVER_NS), ..Self::all(Spread::exactly(0)) };
}

/// Which point of each [`Spread`] a chip uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CardTiming {
    /// The shortest times.
    Shortest,
    /// The usual times.
    #[default]
    Typical,
    /// The longest times.
    Longest,
    /// A new time for each event, from a generator that starts with this number. In every version
    /// of this crate, the same number and the same accesses give the same times.
    Seeded(u64),
}

/// The first times of a chip with these ranges, and the generators of the later times.
pub(crate) fn resolve(spreads: &Timing, choice: CardTiming) -> (Timing<u64>, Option<Draws>) {
    match choice {
        CardTiming::Shortest => (spreads.map(|spread| spread.min), None),
        CardTiming::Typical => (spreads.map(|spread| spread.typ), None),
        CardTiming::Longest => (spreads.map(|spread| spread.max), None),
        CardTiming::Seeded(seed) => {
            let mut draws = Draws::new(spreads, seed);
            (draws.first(), Some(draws))
        }
    }
}

/// The generators of a seeded chip, one for each latency.
///
/// Each latency has its own sequence, and the events of other latencies do not change this
/// sequence. So a new latency at the end of [`Timing`] leaves the sequences of all other latencies
/// unchanged. Each sequence is SplitMix64. Latencies are numbered from 0 in the order of
/// [`Timing`]. One more SplitMix64 starts with the seed. Its output `n` is the seed of latency `n`.
#[derive(Clone)]
pub(crate) struct Draws(Timing<Draw>);

impl Draws {
    fn new(spreads: &Timing, seed: u64) -> Self {
        let mut seeds = SplitMix64(seed);
        Self(spreads.map(|&spread| Draw { spread, numbers: SplitMix64(seeds.next()) }))
    }

    fn first(&mut self) -> Timing<u64> {
        let mut first = self.0.map(|_| 0);
        self.before_take(&mut first);
        self.after_take(&mut first);
        self.after_fetch(&mut first);
        self.after_gift(&mut first);
        first.busy_after_power_on_ns = self.0.busy_after_power_on_ns.next();
        first
    }

    /// Draws the latencies that may apply to the byte that the unit takes now. They stay until the
    /// unit takes the next byte.
    pub(crate) fn before_take(&mut self, timing: &mut Timing<u64>) {
        let draws = &mut self.0;
        timing.ack_latency_ns = draws.ack_latency_ns.next();
        timing.reply_latency_ns = draws.reply_latency_ns.next();
        timing.busy_after_reset_ns = draws.busy_after_reset_ns.next();
        timing.busy_after_uart_entry_ns = draws.busy_after_uart_entry_ns.next();
        timing.busy_after_early_uart_entry_ns = draws.busy_after_early_uart_entry_ns.next();
        timing.busy_after_exit_ns = draws.busy_after_exit_ns.next();
        timing.busy_after_exit_full_ns = draws.busy_after_exit_full_ns.next();
        timing.backlog_after_exit_ns = draws.backlog_after_exit_ns.next();
    }

    /// Draws the times of the next byte.
    pub(crate) fn after_take(&mut self, timing: &mut Timing<u64>) {
        let draws = &mut self.0;
        timing.drr_clear_intelligent_ns = draws.drr_clear_intelligent_ns.next();
        timing.drr_clear_uart_ns = draws.drr_clear_uart_ns.next();
        timing.tx_accept_ns = draws.tx_accept_ns.next();
        timing.tx_start_ns = draws.tx_start_ns.next();
    }

    /// Draws the times of the next MIDI IN byte.
    pub(crate) fn after_fetch(&mut self, timing: &mut Timing<u64>) {
        timing.rx_to_dsr_ns = self.0.rx_to_dsr_ns.next();
        timing.rx_queued_to_dsr_ns = self.0.rx_queued_to_dsr_ns.next();
    }

    /// Draws the time of the byte after the byte in DATA.
    pub(crate) fn after_gift(&mut self, timing: &mut Timing<u64>) {
        timing.next_byte_ns = self.0.next_byte_ns.next();
    }
}

#[derive(Clone)]
struct Draw {
    spread: Spread,
    numbers: SplitMix64,
}

impl Draw {
    /// The next time. The generator gives x, from 0 to 2^64 - 1.
    /// The time is `min + x (max - min + 1) / 2^64`, rounded down.
    fn next(&mut self) -> u64 {
        let Spread { min, max, .. } = self.spread;
        let times = u128::from(max.saturating_sub(min)) + 1;
        let step = (u128::from(self.numbers.next()) * times) >> 64;
        min.saturating_add(step as u64)
    }
}

/// The generator SplitMix64.
///
/// Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014.
#[derive(Clone)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut numbers = SplitMix64(1_234_567);
        let first = [numbers.next(), numbers.next(), numbers.next()];
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn a_drawn_time_is_inside_its_range_and_reaches_both_ends() {
        let spread = Spread::between(10, 11, 13);
        let mut draw = Draw { spread, numbers: SplitMix64(1) };
        let mut seen = [false; 4];
        for _ in 0..100 {
            seen[draw.next() as usize - 10] = true;
        }
        assert_eq!(seen, [true; 4]);
    }

    #[test]
    fn a_range_of_everything_or_turned_around_is_no_fault() {
        let mut everything =
            Draw { spread: Spread::between(0, 1, u64::MAX), numbers: SplitMix64(1) };
        assert_ne!(everything.next(), everything.next());
        let mut turned = Draw { spread: Spread::between(7, 5, 3), numbers: SplitMix64(1) };
        assert_eq!(turned.next(), 7);
    }

    #[test]
    fn the_sequence_of_a_seed_is_fixed() {
        let spreads = Timing {
            drr_clear_uart_ns: Spread::between(0, 0, 999),
            ..Timing::all(Spread::exactly(0))
        };
        let mut draws = Draws::new(&spreads, 1);
        let mut timing = draws.first();
        let mut drawn = [0; 5];
        for time in &mut drawn {
            *time = timing.drr_clear_uart_ns;
            draws.after_take(&mut timing);
        }
        assert_eq!(drawn, [466, 34, 45, 563, 398]);
    }
}
