//! How long a card takes: the range of each latency, and the point used.
//!
//! A [`Spread`] says how a latency varies on a real unit, for example with the phase of the main
//! loop. A chip uses one point of each spread, or draws a new point for every event. On a card with
//! a sequencer one drawn time also depends on the phase of the unit's timer: the time until the
//! unit takes a byte in intelligent mode. The unit is slow while it does the work of a timer tick.

/// A duration that never ends, in ns.
pub const NEVER_NS: u64 = u64::MAX;

/// How a duration varies. All times are in ns, in the order `min <= typ <= p95 <= max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Spread {
    /// The shortest known time.
    pub min: u64,
    /// The median where it is known, otherwise a point well inside the range. A chip uses this time
    /// unless its timing is chosen otherwise.
    pub typ: u64,
    /// The time that 19 of 20 events do not exceed.
    pub p95: u64,
    /// The longest known time.
    pub max: u64,
}

impl Spread {
    /// A duration with only one known value.
    #[must_use]
    pub const fn exactly(time: u64) -> Self {
        Self { min: time, typ: time, p95: time, max: time }
    }

    /// A duration between `min` and `max`, usually `typ`.
    ///
    /// Half of all times lie above `typ`. Assumed: they are spread evenly, because nothing is known
    /// about these times but their end. So `p95` lies at nine tenths of the way from `typ` to
    /// `max`.
    #[must_use]
    pub const fn between(min: u64, typ: u64, max: u64) -> Self {
        let above = max.saturating_sub(typ);
        Self { min, typ, p95: typ.saturating_add(above - above / 10), max }
    }

    /// A duration of which the median `typ` and the 95th percentile `p95` were measured.
    #[must_use]
    pub const fn measured(min: u64, typ: u64, p95: u64, max: u64) -> Self {
        Self { min, typ, p95, max }
    }

    /// The time at this rank. Rank 0 gives `min`, and the largest rank gives `max`.
    ///
    /// Half of the ranks lie between `min` and `typ`, nine twentieths between `typ` and `p95`, and
    /// one twentieth between `p95` and `max`. In each of these parts the times are spread evenly.
    fn at(&self, rank: Rank) -> u64 {
        let twentieths = u64::from(rank) * 20;
        let (low, high, first, count) = match twentieths >> Rank::BITS {
            0..10 => (self.min, self.typ, 0, 10),
            10..19 => (self.typ, self.p95, 10, 9),
            _ => (self.p95, self.max, 19, 1),
        };
        let into = u128::from(twentieths - (first << Rank::BITS));
        let whole = count << Rank::BITS;
        let step = (u128::from(high.saturating_sub(low)) * into + whole / 2) / whole;
        low.saturating_add(step as u64)
    }
}

/// The place of a time among all times of its latency, in parts of 2^32.
type Rank = u32;

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
    drr_clear_uart_ns, "drr-clear-uart-ns", Finite,
        "UART mode, idle: from a write until the byte is taken";
    /// UART mode, with room in the buffer: from the time when the unit takes a byte to the time
    /// when the unit takes the next byte.
    tx_accept_ns, "tx-accept-ns", Finite, "from one byte taken to the next one taken";
    /// UART mode, line idle: from the time when the unit takes a byte to the start bit of the byte.
    tx_start_ns, "tx-start-ns", Finite, "from a byte taken to its start bit";
    /// From the time when the unit takes a command to the time when its ACK is in DATA.
    ack_latency_ns, "ack-latency-ns", Finite, "from a command taken to its ACK";
    /// From the host's read of the ACK to the time when the answer is in DATA. If the answer is an
    /// entry of a receive FIFO: from the time when the unit gives the ACK to the time when the
    /// answer enters the FIFO.
    reply_latency_ns, "reply-latency-ns", Finite,
        "from the ACK read (with a FIFO, from the ACK) to the answer";
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
        "from FF in UART mode, when waiting output is thrown away";
    /// Reset in UART mode: from the time when the unit takes the command until the unit drops the
    /// output that still waits; [`NEVER_NS`] if the unit sends all of this output.
    backlog_after_exit_ns, "backlog-after-exit-ns", FiniteOrNever,
        "from FF in UART mode until waiting output is thrown away, or \"never\"";
    /// Command 3F between a reset and the card's first own F8: from the ACK of 3F until the unit
    /// takes the first data byte.
    busy_after_early_uart_entry_ns, "busy-after-early-uart-entry-ns", Finite,
        "from the ACK of a 3F right after a reset";
    /// When a MIDI IN byte had to wait: from the fetch of the byte until DSR.
    rx_queued_to_dsr_ns, "rx-queued-to-dsr-ns", Finite,
        "from the fetch of a MIDI IN byte that had to wait to DSR";
    /// Intelligent mode, while the unit waits for a byte of the host: from the write until the unit
    /// takes the byte.
    awaited_take_ns, "awaited-take-ns", Finite,
        "from a write until the byte is taken, while the unit waits for it";
    /// The extra time until the ACK of a reset that comes while the unit waits for an answer.
    reset_break_ns, "reset-break-ns", Finite,
        "the extra time until the ACK of FF in the middle of an answer";
    /// The extra time until the ACK of any other command that comes while the unit waits for an
    /// answer and that the unit does not defer.
    command_break_ns, "command-break-ns", Finite,
        "the extra time until the ACK of another command in the middle of an answer";
    /// From the last byte of an answer until the ACK of a deferred command.
    deferred_ack_ns, "deferred-ack-ns", Finite,
        "from the last byte of an answer to the ACK of a deferred command";
    /// From a tick, from a request, or from the last byte of an answer, until the next request.
    request_ns, "request-ns", Finite, "from a tick, a request or an answer to the next request";
    /// From the time when an event moves to the output until its track asks for the next event.
    look_ahead_ns, "look-ahead-ns", Finite, "from an event played to the request of the next one";
    /// From the end of the last track until FC.
    all_end_ns, "all-end-ns", Finite, "from the end of the last track to its FC";
    /// From one FD to the next FD, when several FDs wait for the host.
    clock_to_host_ns, "clock-to-host-ns", Finite, "from an FD to the next one that waits";
    /// The extra time of the first tick after a start, compared with any other tick.
    first_tick_ns, "first-tick-ns", Finite, "the extra time of the first tick after a start";
    /// From the MIDI clock after a stop until the note-offs.
    silence_after_stop_ns, "silence-after-stop-ns", Finite,
        "from the F8 after a stop to the note-offs";
    /// From the end of the last track until the note-offs.
    silence_after_end_ns, "silence-after-end-ns", Finite,
        "from the end of the last track to the note-offs";
    /// From the host's read of the ACK until the answer of AF.
    tempo_reply_ns, "tempo-reply-ns", Finite, "from the ACK of AF read to the answer";
    /// How long the unit works on a new tempo.
    tempo_work_ns, "tempo-work-ns", Finite, "the work on a new tempo";
    /// How long the unit works on B8 and B9.
    clear_work_ns, "clear-work-ns", Finite, "the work of B8 and B9";
    /// From the last byte of a message on MIDI IN until the message starts on MIDI OUT.
    thru_ns, "thru-ns", Finite, "from a message on MIDI IN to MIDI OUT";
    /// From the tick of a MIDI clock until the start bit of its F8. The clock itself does not wait,
    /// so a late F8 makes no later F8 late.
    clock_delay_ns, "clock-delay-ns", Finite, "from the tick of a MIDI clock to its F8";
    /// UART mode, with a full buffer: from the time when the unit takes a byte to the time when it
    /// first looks whether there is room for the next byte.
    tx_full_accept_ns, "tx-full-accept-ns", Finite,
        "with a full buffer, from one byte taken to the first look for room";
    /// UART mode, with a full buffer: from one look for room to the next. 0 for a unit that takes
    /// the byte as soon as there is room.
    tx_full_look_ns, "tx-full-look-ns", Finite, "with a full buffer, from one look to the next";
    /// Command 3F: how much later the unit acknowledges the command, and carries bytes, than with
    /// [`ack_latency_ns`](Self::ack_latency_ns) alone.
    uart_entry_ns, "uart-entry-ns", Finite, "how much later the ACK of 3F comes than other ACKs";
}

impl Timing {
    /// A card that does everything at once, and that goes on sending its output after a reset. Most
    /// cards without firmware have these times; only the wait before a start bit is longer.
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
    /// A new time for each event, from a generator that starts with this number. The same number
    /// and the same accesses give the same times, as long as the card's spreads stay the same. A
    /// later version of this crate may know a card better, and then its times change.
    Seeded(u64),
}

/// The first times of a chip with these spreads, and the generators of the later times. `timer`
/// says whether the unit has a timer tick.
pub(crate) fn resolve(
    spreads: &Timing,
    choice: CardTiming,
    timer: TimerTick,
) -> (Timing<u64>, Option<Draws>) {
    match choice {
        CardTiming::Shortest => (spreads.map(|spread| spread.min), None),
        CardTiming::Typical => (spreads.map(|spread| spread.typ), None),
        CardTiming::Longest => (spreads.map(|spread| spread.max), None),
        CardTiming::Seeded(seed) => {
            let mut draws = Draws::new(spreads, seed, timer);
            (draws.first(), Some(draws))
        }
    }
}

/// Whether the unit interrupts its main loop for the work of a timer tick.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimerTick {
    None,
    OfFirmware,
}

/// The generators of a seeded chip, one for each latency, and the unit's timer.
///
/// Each latency has its own sequence, and the events of other latencies do not change this
/// sequence. So a new latency at the end of [`Timing`] leaves the sequences of all other latencies
/// unchanged. Each sequence comes from a SplitMix64. Latencies are numbered from 1 in the order of
/// [`Timing`]. One more SplitMix64 starts with the seed. Its output 0 is the seed of the timer, and
/// its output `n` is the seed of latency `n`.
///
/// The methods that draw are marked as cold, so that they cost a chip with fixed times nothing.
#[derive(Clone)]
pub(crate) struct Draws {
    latencies: Timing<Draw>,
    timer: Option<Timer>,
}

impl Draws {
    fn new(spreads: &Timing, seed: u64, timer: TimerTick) -> Self {
        let mut seeds = SplitMix64(seed);
        let phases = Ranks::new(seeds.next());
        let timer = (timer == TimerTick::OfFirmware).then_some(Timer::new(phases));
        let draw = |&spread: &Spread| Draw { spread, ranks: Ranks::new(seeds.next()) };
        Self { latencies: spreads.map(draw), timer }
    }

    /// The times that are drawn ahead of their events. All other times are drawn at their events.
    fn first(&mut self) -> Timing<u64> {
        let mut first = self.latencies.map(|_| 0);
        self.after_gift(&mut first);
        first.busy_after_power_on_ns = self.latencies.busy_after_power_on_ns.next();
        first
    }

    /// Draws the times of the byte that the host writes now.
    ///
    /// While the unit does the work of a timer tick, it is slow to take a byte.
    #[cold]
    pub(crate) fn for_write(&mut self, timing: &mut Timing<u64>, now_ns: u64) {
        let draws = &mut self.latencies;
        timing.drr_clear_intelligent_ns = match &mut self.timer {
            Some(timer) => draws.drr_clear_intelligent_ns.next_at(|rank| timer.rank(now_ns, rank)),
            None => draws.drr_clear_intelligent_ns.next(),
        };
        timing.drr_clear_uart_ns = draws.drr_clear_uart_ns.next();
        timing.tx_accept_ns = draws.tx_accept_ns.next();
        timing.tx_start_ns = draws.tx_start_ns.next();
        timing.tx_full_accept_ns = draws.tx_full_accept_ns.next();
        timing.tx_full_look_ns = draws.tx_full_look_ns.next();
        timing.awaited_take_ns = draws.awaited_take_ns.next();
    }

    /// Draws the latencies that may apply to the byte that the unit takes now. They stay until the
    /// unit takes the next byte.
    #[cold]
    pub(crate) fn for_take(&mut self, timing: &mut Timing<u64>, reply: ReplyOnItsWay) {
        let draws = &mut self.latencies;
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
        timing.uart_entry_ns = draws.uart_entry_ns.next();
    }

    /// Draws the times of the MIDI IN byte that the unit fetches now.
    #[cold]
    pub(crate) fn for_fetch(&mut self, timing: &mut Timing<u64>) {
        timing.rx_to_dsr_ns = self.latencies.rx_to_dsr_ns.next();
        timing.rx_queued_to_dsr_ns = self.latencies.rx_queued_to_dsr_ns.next();
    }

    /// Draws the time of the byte after the byte in DATA.
    #[cold]
    pub(crate) fn after_gift(&mut self, timing: &mut Timing<u64>) {
        timing.next_byte_ns = self.latencies.next_byte_ns.next();
    }

    /// Draws the delay of the F8 that the unit sends now.
    #[cold]
    pub(crate) fn for_clock(&mut self, timing: &mut Timing<u64>) {
        timing.clock_delay_ns = self.latencies.clock_delay_ns.next();
    }

    /// Draws the latencies that may follow from the next step of a unit with a sequencer.
    #[cold]
    pub(crate) fn for_sequencer(&mut self, timing: &mut Timing<u64>) {
        let draws = &mut self.latencies;
        timing.reset_break_ns = draws.reset_break_ns.next();
        timing.command_break_ns = draws.command_break_ns.next();
        timing.deferred_ack_ns = draws.deferred_ack_ns.next();
        timing.request_ns = draws.request_ns.next();
        timing.look_ahead_ns = draws.look_ahead_ns.next();
        timing.all_end_ns = draws.all_end_ns.next();
        timing.clock_to_host_ns = draws.clock_to_host_ns.next();
        timing.first_tick_ns = draws.first_tick_ns.next();
        timing.silence_after_stop_ns = draws.silence_after_stop_ns.next();
        timing.silence_after_end_ns = draws.silence_after_end_ns.next();
        timing.tempo_reply_ns = draws.tempo_reply_ns.next();
        timing.tempo_work_ns = draws.tempo_work_ns.next();
        timing.clear_work_ns = draws.clear_work_ns.next();
        timing.thru_ns = draws.thru_ns.next();
    }
}

/// Whether a reply is on its way to the host. If a reply is on its way, the latency of the ACK must
/// not change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyOnItsWay {
    Yes,
    No,
}

/// The generator of one latency.
#[derive(Clone)]
struct Draw {
    spread: Spread,
    ranks: Ranks,
}

impl Draw {
    /// Draws a duration.
    fn next(&mut self) -> u64 {
        self.next_at(|rank| rank)
    }

    /// Draws a duration at the rank that `moved` makes of the drawn rank.
    fn next_at(&mut self, moved: impl FnOnce(Rank) -> Rank) -> u64 {
        let rank = self.ranks.next();
        self.spread.at(moved(rank))
    }
}

/// Random ranks that are spread evenly: of the first 20 ranks, one lies in each twentieth, and
/// likewise of each further 20 ranks. So even a short run of a seeded chip has the median and the
/// 95th percentile that were measured.
#[derive(Clone)]
struct Ranks {
    numbers: SplitMix64,
    /// How many ranks of the present 20 were drawn.
    drawn: u64,
    /// The twentieth of the first of the present 20 ranks.
    first: u64,
    /// The distance from the twentieth of a rank to the twentieth of the next rank.
    step: u64,
}

impl Ranks {
    /// Steps that meet each twentieth once in 20 ranks, without steps from neighbour to neighbour.
    const STEPS: [u64; 6] = [3, 7, 9, 11, 13, 17];

    fn new(seed: u64) -> Self {
        Self { numbers: SplitMix64(seed), drawn: 20, first: 0, step: 1 }
    }

    fn next(&mut self) -> Rank {
        if self.drawn == 20 {
            let [first, step, ..] = self.numbers.next().to_be_bytes();
            self.drawn = 0;
            self.first = u64::from(first);
            self.step = Self::STEPS[usize::from(step % 6)];
        }
        let twentieth = (self.first + self.drawn * self.step) % 20;
        self.drawn += 1;
        let inside = self.numbers.next() >> Rank::BITS;
        (((twentieth << Rank::BITS) + inside) / 20) as Rank
    }
}

/// The time from one tick of the unit's timer to the next, in ns.
///
/// Measured: the firmware's timer counts half ticks, and a half tick at the tempo and the timebase
/// after a reset takes 2.5 ms. Assumed: the timer has this pace at any tempo, because the latencies
/// were measured only at this tempo.
const TIMER_NS: u64 = 2_500_000;

/// How long the unit works after each tick of its timer, in ns.
///
/// Measured: of 400 commands at random times, those that come while the unit does this work wait
/// longest. Assumed: these are the commands that wait longer than the 95th percentile, one in 20.
/// So the work takes one 20th of the time.
const TIMER_WORK_NS: u64 = TIMER_NS / 20;

/// The first rank above the 95th percentile.
const SLOW_RANK: Rank = (19 * (1_u64 << Rank::BITS) / 20) as Rank;

/// The unit's timer, which interrupts its main loop.
///
/// The latencies were measured at random phases of the timer. A host that writes at a fixed pace
/// would meet the same few phases again and again. Assumed: such a host also meets all phases,
/// because its clock and the clock of the unit drift. So the chip draws the phase at a write. For
/// [`TIMER_NS`] the timer then runs on from this phase, and the next write draws a new phase.
#[derive(Clone)]
struct Timer {
    phases: Ranks,
    /// The time from a tick to the write at which the phase was drawn.
    phase_ns: u64,
    /// From this time on the phase is no longer valid.
    until_ns: u64,
}

impl Timer {
    fn new(phases: Ranks) -> Self {
        Self { phases, phase_ns: 0, until_ns: 0 }
    }

    /// The rank of a latency that begins now.
    ///
    /// A latency that begins with a tick is the longest latency. The later in the work of the tick
    /// a latency begins, the shorter it is. After this work the drawn rank counts, scaled to the
    /// ranks up to the 95th percentile. So at random times all ranks are equally likely.
    fn rank(&mut self, now_ns: u64, drawn: Rank) -> Rank {
        let into_ns = self.since_tick_ns(now_ns);
        let left_ns = TIMER_WORK_NS.saturating_sub(into_ns);
        if left_ns == 0 {
            return (u64::from(drawn) * 19 / 20) as Rank;
        }
        let slow_ranks = u64::from(Rank::MAX - SLOW_RANK);
        SLOW_RANK + (slow_ranks * left_ns / TIMER_WORK_NS) as Rank
    }

    fn since_tick_ns(&mut self, now_ns: u64) -> u64 {
        if now_ns >= self.until_ns {
            self.until_ns = now_ns + TIMER_NS;
            self.phase_ns = (u64::from(self.phases.next()) * TIMER_NS) >> Rank::BITS;
        }
        let since_drawn_ns = now_ns + TIMER_NS - self.until_ns;
        (since_drawn_ns + self.phase_ns) % TIMER_NS
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
        let mut draw = Draw { spread, ranks: Ranks::new(1) };
        let mut seen = [false; 4];
        for _ in 0..100 {
            seen[draw.next() as usize - 10] = true;
        }
        assert_eq!(seen, [true; 4]);
    }

    #[test]
    fn each_part_of_a_spread_has_its_share_of_the_ranks() {
        let spread = Spread::measured(17_000, 52_000, 129_000, 243_000);
        let at = |twentieths: u64| {
            spread.at(((twentieths << Rank::BITS) / 20).min(u64::from(Rank::MAX)) as Rank)
        };
        assert_eq!([0, 5, 10].map(at), [17_000, 34_500, 52_000]);
        assert_eq!([13, 16, 19, 20].map(at), [77_667, 103_333, 129_000, 243_000]);
    }

    #[test]
    fn without_a_measured_percentile_the_times_above_the_median_are_spread_evenly() {
        let spread = Spread::between(0, 100, 200);
        assert_eq!(spread, Spread::measured(0, 100, 190, 200));
        let three_quarters = spread.at(3 << (Rank::BITS - 2));
        assert_eq!(three_quarters, 150);
    }

    #[test]
    fn a_range_of_everything_or_turned_around_is_no_fault() {
        let mut everything = Draw { spread: Spread::between(0, 1, u64::MAX), ranks: Ranks::new(1) };
        assert_ne!(everything.next(), everything.next());
        let mut turned = Draw { spread: Spread::between(7, 5, 3), ranks: Ranks::new(1) };
        assert!((3..=7).contains(&turned.next()));
    }

    #[test]
    fn of_twenty_ranks_one_lies_in_each_twentieth() {
        let mut ranks = Ranks::new(7);
        let mut orders = [[0; 20]; 3];
        for order in &mut orders {
            order.fill_with(|| (u64::from(ranks.next()) * 20) >> Rank::BITS);
            let mut sorted = *order;
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..20), "{order:?}");
        }
        assert_ne!(orders[0], orders[1]);
        assert_ne!(orders[1], orders[2]);
    }

    #[test]
    fn while_the_unit_works_after_a_tick_latencies_are_the_longest_and_grow_shorter() {
        let mut timer = Timer::new(Ranks::new(3));
        let next_tick_ns = TIMER_NS - timer.since_tick_ns(0);
        let mut rank = |after_tick_ns| {
            let now_ns = next_tick_ns + after_tick_ns;
            assert!(now_ns < TIMER_NS, "the phase stays the same");
            timer.rank(now_ns, Rank::MAX)
        };
        assert_eq!(rank(0), Rank::MAX);
        assert!(rank(0) > rank(60_000) && rank(60_000) > rank(120_000));
        assert!(rank(124_999) >= SLOW_RANK && rank(125_000) < SLOW_RANK);
    }

    #[test]
    fn a_host_that_writes_at_the_pace_of_the_timer_meets_all_its_phases() {
        let mut timer = Timer::new(Ranks::new(3));
        let works = |since_ns: &u64| *since_ns < TIMER_WORK_NS;
        let met = (1..=400).map(|tick| timer.since_tick_ns(tick * TIMER_NS));
        assert_eq!(met.filter(works).count(), 20);
    }

    #[test]
    fn the_sequence_of_a_seed_is_fixed() {
        let spreads = Timing {
            drr_clear_uart_ns: Spread::between(0, 500, 1_000),
            ..Timing::all(Spread::exactly(0))
        };
        let mut draws = Draws::new(&spreads, 1, TimerTick::None);
        let mut timing = draws.first();
        let mut drawn = [0; 5];
        for time in &mut drawn {
            draws.for_write(&mut timing, 0);
            *time = timing.drr_clear_uart_ns;
        }
        assert_eq!(drawn, [321, 683, 3, 396, 712]);
    }
}
