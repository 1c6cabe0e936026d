//! The wire as bits: a trace as a Value Change Dump, for waveform viewers and logic analysers.
//!
//! Bytes on a serial lane are drawn bit by bit: a start bit (0), eight data bits with the lowest
//! first, a stop bit (1), on a line that idles high. Signals are drawn as they are in the trace,
//! and the IRQL as far as the trace tells it. Which lane or signal becomes which wire is the
//! caller's choice: nothing here knows what a line is for.
//!
//! # Dialects
//!
//! [`Dialect::Full`] holds every wire, for GTKWave and Surfer. [`Dialect::Sigrok`] leaves out
//! wires wider than a bit and unknown values, for sigrok-cli and PulseView. Measured: libsigrok
//! 0.5.2 drops everything when a file has one vector, and says nothing. It shows a name without
//! its scope; later versions put the scope before the name unless it is `libsigrok`, so that is
//! the scope of this dialect.
//!
//! # Time
//!
//! A change stands in the tick in which it happens: times are rounded down, so each is off by
//! less than a tick, and never late. Of several changes of a wire within a tick the last one
//! counts: a pulse shorter than a tick may vanish. A dump begins at tick 0, the moment of
//! power-on, and ends with ten bit times or more in which the lines are idle: a decoder wants to
//! see the end of the last stop bit.
//!
//! The same trace gives the same file, byte for byte: the date in it is a constant.
//!
//! # What a trace does not tell
//!
//! A byte is drawn from its start: one whose start is not in the log is left out. A signal has
//! no value before the log's first one, unless [`Source::Signal`] says what it begins with. The
//! IRQL is known at events: it holds from one to the next, and a function that returns brings
//! back the level at which it was called.
//!
//! Source: IEEE 1364-2001, clause 18, for the format.

mod irql;
mod lane;
#[cfg(test)]
mod tests;
mod write;

pub use write::write;

/// For whom a dump is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Viewers: wires of every width, values that are not known yet.
    Full,
    /// Sigrok: one-bit wires that are 0 or 1 from the first tick on.
    Sigrok,
}

impl Dialect {
    /// The tick to take where nothing else is wanted: the trace's own for viewers, and 1 us for
    /// sigrok, whose decoders look at every tick.
    #[must_use]
    pub fn usual_tick(self) -> Tick {
        match self {
            Dialect::Full => Tick::Nanosecond,
            Dialect::Sigrok => Tick::Microsecond,
        }
    }
}

/// The unit of time in a dump.
///
/// A trace has times in ns, so [`Tick::Nanosecond`] loses nothing. Measured: libsigrok 0.5.2
/// reads 10 s of wire in 0.2 s at 1 us, in 1 s at 100 ns and in 10 s at 10 ns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tick {
    /// 1 ns.
    Nanosecond,
    /// 100 ns.
    HundredNanoseconds,
    /// 1 us.
    Microsecond,
}

impl Tick {
    /// Its length in ns.
    #[must_use]
    pub fn ns(self) -> u64 {
        match self {
            Tick::Nanosecond => 1,
            Tick::HundredNanoseconds => 100,
            Tick::Microsecond => 1_000,
        }
    }
}

/// What a wire shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// The bits on the serial lane of this name: one bit wide, idle high.
    Lane(String),
    /// The signal of this name.
    Signal {
        /// The signal.
        name: String,
        /// Width in bits, 1 to 32; a value that does not fit shows as the greatest that does.
        bits: u8,
        /// Its value before the first one in the log, `None` if that is not known: then it is
        /// `x`, and 0 in the dialect for sigrok.
        start: Option<u32>,
    },
    /// The IRQL, two bits wide: 0 PASSIVE_LEVEL, 2 DISPATCH_LEVEL, 3 a device's level or above.
    Irql,
}

/// A wire of a dump.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wire {
    /// Its name in the file, in printable ASCII without spaces: what is not becomes `_`.
    pub name: String,
    /// What it shows.
    pub source: Source,
}

/// How a dump is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VcdOptions {
    /// For whom.
    pub dialect: Dialect,
    /// The unit of time.
    pub tick: Tick,
    /// The wires in their order.
    pub wires: Vec<Wire>,
}
