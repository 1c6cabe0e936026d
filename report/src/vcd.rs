//! A trace as a Value Change Dump, for waveform viewers and logic analysers.
//!
//! A byte on a serial lane is drawn bit by bit: a start bit (0), eight data bits with the lowest
//! first, and a stop bit (1). An idle line is high. A signal has its values from the trace. The
//! IRQL is drawn when the trace shows it. The caller chooses which lane or signal becomes which
//! wire. This file never knows what a line is for.
//!
//! # Dialects
//!
//! [`Dialect::Full`] is for GTKWave and Surfer, and writes every wire, even a wire of text.
//! [`Dialect::Sigrok`] leaves out unknown values, texts, and wires wider than one bit, for
//! sigrok-cli and PulseView.
//! Measured: when a file has a vector, libsigrok 0.5.2 drops the whole file without a message.
//! libsigrok 0.5.2 shows a name without its scope. Later versions put the scope before the name
//! unless the scope is `libsigrok`, so this dialect uses the scope `libsigrok`.
//!
//! # Time
//!
//! A change is written in the tick in which it happens. Times are rounded down: a change is less
//! than a tick too early, and never too late. When a wire changes several times within a tick, the
//! last change counts, so a pulse shorter than a tick may vanish. A dump begins at tick 0, the time
//! of power-on. A dump ends with at least ten bit times in which the lines are idle, because a
//! decoder needs to see the end of the last stop bit.
//!
//! The same trace gives the same file, byte for byte, because the date in the file is a constant.
//!
//! # What a trace does not show
//!
//! The drawing of a byte begins at its start. So a byte is left out if its start is not in the log.
//! A signal has no value before its first value in the log, unless [`Source::Signal`] gives a start
//! value. The trace has the IRQL only at events. The IRQL stays the same from one event to the
//! next. The return of a function restores the level at which the function was called.
//!
//! Source: IEEE 1364-2001, clause 18, for the format.

mod lane;
#[cfg(test)]
mod tests;
mod write;

pub use write::write;

/// The kind of program that reads a dump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Viewers: wires of every width, and values that may be unknown.
    Full,
    /// Sigrok: one-bit wires whose values are 0 or 1 from the first tick on.
    Sigrok,
}

impl Dialect {
    /// The default tick: 1 ns for viewers, as in the trace, and 1 us for sigrok, because its
    /// decoders look at every tick.
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
/// A trace has times in ns, so [`Tick::Nanosecond`] loses nothing.
/// Measured: libsigrok 0.5.2 reads a dump of 10 s in 0.2 s at 1 us, in 1 s at 100 ns and in 10 s
/// at 10 ns.
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
    /// The length of the tick in ns.
    #[must_use]
    pub fn ns(self) -> u64 {
        match self {
            Tick::Nanosecond => 1,
            Tick::HundredNanoseconds => 100,
            Tick::Microsecond => 1_000,
        }
    }
}

/// The source of a wire's values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// The bits on the serial lane with this name: one bit wide, high when idle.
    Lane(String),
    /// The signal with this name.
    Signal {
        /// The signal.
        name: String,
        /// Width in bits, 1 to 32. For a value that does not fit, the dump has the greatest value
        /// that fits.
        bits: u8,
        /// The value before the first value in the log; `None` if it is not known. An unknown value
        /// is `x`, and 0 in the dialect for sigrok.
        start: Option<u32>,
    },
    /// The IRQL, two bits wide: 0 PASSIVE_LEVEL, 2 DISPATCH_LEVEL, 3 a device level or above.
    Irql,
    /// The innermost call that runs, as text; `-` when none runs. Only in [`Dialect::Full`].
    /// Source: GTKWave, User's Guide: a value that begins with `s` is a string.
    Running,
}

/// A wire of a dump.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wire {
    /// The name in the file, in printable ASCII without spaces. Any other character becomes `_`.
    pub name: String,
    /// The source of the wire's values.
    pub source: Source,
}

/// The options for writing a dump.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VcdOptions {
    /// The kind of program that reads the dump.
    pub dialect: Dialect,
    /// The unit of time.
    pub tick: Tick,
    /// The wires in their order.
    pub wires: Vec<Wire>,
}
