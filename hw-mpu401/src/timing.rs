//! How long a card takes: the range of each latency, and the point used.
//!
//! A [`Spread`] is a latency that varies on a real unit, for example with the phase of its main
//! loop. A chip uses one point of each spread, or draws a new point for every event.

/// A duration that never ends, in ns.
pub const NEVER_NS: u64 = u64::MAX;

/// The range of a duration, with the point in it that the model uses by default. All three are in
/// ns.
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
    /// Its key in a card file.
    pub key: &'static str,
    /// From which event to which event, in a few words.
    pub about: &'static str,
    /// Whether it may be [`NEVER_NS`].
    pub length: Length,
    /// Returns the latency's range.
    pub get: fn(&Timing) -> &Spread,
    /// Returns the latency's range, so that the caller can change it.
    pub get_mut: fn(&mut Timing) -> &mut Spread,
}

/// Whether a latency always ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Length {
    /// It always ends.
    Finite,
    /// It may be [`NEVER_NS`].
    FiniteOrNever,
}

/// Makes [`Timing`] and [`LATENCIES`] from one table: the doc comment of a latency, its name, its
/// key in a card file, whether it ends, and an explanation in a few words.
macro_rules! latencies {
    ($($(#[$doc:meta])+ $field:ident, $key:literal, $length:ident, $about:literal;)+) => {
        /// How long a card takes, all in ns. A card without firmware has 0 nearly everywhere.
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
            /// The same latencies after `change` was applied to each, in the order of the
            /// declarations.
            #[must_use]
            pub fn map<U>(&self, mut change: impl FnMut(&T) -> U) -> Timing<U> {
                Timing { $($field: change(&self.$field),)+ }
            }
        }
    };
}

// A new latency goes to the end, because its drawn times depend on its position.
latencies! {
    /// Intelligent mode, unit idle: from a write until the unit takes the byte and DRR clears.
    drr_clear_intelligent_ns, "drr-clear-intelligent-ns", Finite,
        "intelligent mode, idle: from a write until the byte is taken";
    /// UART mode, unit idle: from a write until the unit takes the byte and DRR clears.
    drr_clear_uart_ns, "drr-clear-uart-ns", Finite, "the same in UART mode";
    /// UART mode: from one byte taken to the next byte taken, with room in the buffer.
    tx_accept_ns, "tx-accept-ns", Finite, "from one byte taken to the next one taken";
    /// UART mode, line idle: from a byte taken to its start bit.
    tx_start_ns, "tx-start-ns", Finite, "from a byte taken to its start bit";
    /// From a command taken to its ACK in DATA.
    ack_latency_ns, "ack-latency-ns", Finite, "from a command taken to its ACK";
    /// From the host's read of the ACK to the answer in DATA.
    reply_latency_ns, "reply-latency-ns", Finite, "from the ACK read to the answer";
    /// From the stop bit of a MIDI IN byte to DSR.
    rx_to_dsr_ns, "rx-to-dsr-ns", Finite, "from a stop bit on MIDI IN to DSR";
    /// From a read of DATA to the next byte in it, if one is ready.
    next_byte_ns, "next-byte-ns", Finite, "from a read of DATA to the next byte";
    /// From power-on until the first byte is taken.
    busy_after_power_on_ns, "busy-after-power-on-ns", Finite, "from power-on";
    /// Reset in intelligent mode: from the command taken until the next byte is taken.
    busy_after_reset_ns, "busy-after-reset-ns", Finite, "from FF in intelligent mode";
    /// Command 3F: from its ACK until the first data byte is taken.
    busy_after_uart_entry_ns, "busy-after-uart-entry-ns", Finite, "from the ACK of 3F";
    /// Reset in UART mode: from the command taken until the next byte is taken.
    busy_after_exit_ns, "busy-after-exit-ns", Finite, "from FF in UART mode";
    /// Reset in UART mode that drops output: from the command taken until the next byte is taken.
    busy_after_exit_full_ns, "busy-after-exit-full-ns", Finite,
        "the same when output is thrown away";
    /// Reset in UART mode: from the command taken until the output that still waits is dropped;
    /// [`NEVER_NS`] if all of it is sent.
    backlog_after_exit_ns, "backlog-after-exit-ns", FiniteOrNever,
        "from FF in UART mode until waiting output is thrown away, or \"never\"";
    /// Command 3F that follows a reset, before the first F8 that the card sends by itself: from its
    /// ACK until the first data byte is taken.
    busy_after_early_uart_entry_ns, "busy-after-early-uart-entry-ns", Finite,
        "from the ACK of a 3F right after a reset";
    /// From the fetch of a MIDI IN byte that had to wait, until DSR.
    rx_queued_to_dsr_ns, "rx-queued-to-dsr-ns", Finite,
        "from the fetch of a MIDI IN byte that had to wait to DSR";
}

impl Timing {
    /// A card that does everything at once, and sends its output after a reset. Most cards without
    /// firmware are like this, except for the start of a byte.
    pub(crate) const AT_ONCE: Self =
        Self { backlog_after_exit_ns: Spread::exactly(NEVER_NS), ..Self::all(Spread::exactly(0)) };
}

/// The point of each [`Spread`] that a chip uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CardTiming {
    /// The shortest times.
    Shortest,
    /// The usual times.
    #[default]
    Typical,
    /// The longest times.
    Longest,
    /// A new time for each event, from a generator that starts with this number. The same number
    /// and the same accesses give the same times, in every version of this crate.
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
/// Each latency has its own sequence, which the events of other latencies do not change. So a
/// latency that is added to the end of [`Timing`] leaves all others unchanged. The sequence is
/// SplitMix64. The sequence of latency `n`, from 0 in the order of [`Timing`], starts at output `n`
/// of a SplitMix64 that starts at the seed.
#[derive(Clone)]
pub(crate) struct Draws(Timing<Draw>);

impl Draws {
    fn new(spreads: &Timing, seed: u64) -> Self {
        let mut seeds = SplitMix64(seed);
        Self(spreads.map(|&spread| Draw { spread, numbers: SplitMix64(seeds.next()) }))
    }

    fn first(&mut self) -> Timing<u64> {
        let mut first = self.0.map(|_| 0);
        self.before_take(&mut first, ReplyOnItsWay::No);
        self.after_take(&mut first);
        self.after_fetch(&mut first);
        self.after_gift(&mut first);
        first.busy_after_power_on_ns = self.0.busy_after_power_on_ns.next();
        first
    }

    /// Draws the times that may follow from the byte that is taken now, until the next byte is
    /// taken.
    pub(crate) fn before_take(&mut self, timing: &mut Timing<u64>, reply: ReplyOnItsWay) {
        let draws = &mut self.0;
        if reply == ReplyOnItsWay::No {
            timing.ack_latency_ns = draws.ack_latency_ns.next();
        }
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

/// Whether an ACK is on its way to the host; then its latency must not change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyOnItsWay {
    Yes,
    No,
}

#[derive(Clone)]
struct Draw {
    spread: Spread,
    numbers: SplitMix64,
}

impl Draw {
    /// The next time. A number x out of 2^64 means the time min + x (max - min + 1) / 2^64, rounded
    /// down.
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
