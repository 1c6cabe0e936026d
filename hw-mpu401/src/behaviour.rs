//! How a card behaves: one table of all that can differ, except times.
//!
//! Each row is the whole description of a field: what the field means, its type, its key in a card
//! file, its allowed values, and a short explanation. [`Behaviour`] and [`FIELDS`] both come from
//! the table. So a new row adds the field to the struct and to all code that reads, checks, writes
//! or lists cards. The table of the times is in `timing`. The values of each card are in `cards`,
//! each with its ground. This file does not know what a file is.

use core::ops::RangeInclusive;

use crate::answers::{
    AckInterrupt, AckPosition, AckSet, Activation, CommandPort, CommandStart, ControlPort,
    EmptyRead, Fifos, FirmwareId, FramingError, HostPort, IntelligentMode, InterruptCauses,
    InterruptGate, InterruptKind, MAX_RX_DEPTH, MAX_TX_DEPTH, Overrun, ResetAck, ResetOutput,
    RxOutsideUart, RxWhileBusy, TransmitInterrupt, TxOutsideUart, TxWhileBusy, UnreadInput,
    WaitsAfterReset,
};
use crate::fixed_answers::FixedAnswers;
use crate::timing::Timing;

pub use crate::timing::{LATENCIES, Latency, Length};

/// The longest bus access that a card file may name, in ns.
const MAX_ACCESS_NS: u64 = 1_000_000;

/// Where a control register is, counted from DATA.
pub(crate) const CONTROL_OFFSET: u16 = 2;

/// A field of [`Behaviour`] as a card file shows it.
#[derive(Debug)]
pub struct Field {
    /// The key of the field in a card file.
    pub key: &'static str,
    /// What the field means, in a few words.
    pub about: &'static str,
    /// What the value of the field may be, and where a behaviour keeps the value.
    pub kind: Kind,
}

/// What the value of a field may be, and where a behaviour keeps the value.
#[derive(Debug)]
pub enum Kind {
    /// A number. [`Place::set`] does not check the range.
    Number {
        /// The smallest and the largest value.
        range: RangeInclusive<u64>,
        /// How a card file writes the number.
        radix: Radix,
        /// Where the number is kept.
        place: Place<u64>,
    },
    /// One of a few words.
    Word {
        /// The words.
        words: &'static [&'static str],
        /// Where the index of the word in `words` is kept. Setting an index that has no word
        /// changes nothing.
        place: Place<usize>,
    },
    /// The numbers of a firmware, or no firmware.
    Firmware(Place<Option<FirmwareId>>),
    /// A table of commands with a fixed answer.
    Answers(Place<FixedAnswers>),
    /// A fixed byte, the last byte that was in DATA, or the last MIDI IN byte that was in DATA.
    EmptyRead(Place<EmptyRead>),
    /// Some of the buffers.
    Fifos(Place<Fifos>),
    /// Some of the causes of an interrupt.
    Causes(Place<InterruptCauses>),
    /// The three times of the output after a reset, or no output.
    ResetOutput(Place<Option<ResetOutput>>),
}

/// The place where a behaviour keeps a value.
#[derive(Debug)]
pub struct Place<T> {
    /// Reads the value.
    pub get: fn(&Behaviour) -> T,
    /// Writes the value.
    pub set: fn(&mut Behaviour, T),
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Radix {
    /// With the digits 0 to 9.
    Decimal,
    /// With 0x and the digits 0 to F.
    Hexadecimal,
}

/// The [`Kind`] of a row.
macro_rules! kind {
    ($field:ident: $type:ty, Number($range:expr, $radix:ident)) => {
        Kind::Number {
            range: $range,
            radix: Radix::$radix,
            place: Place {
                get: |behaviour| behaviour.$field.into(),
                set: |behaviour, number| {
                    behaviour.$field = number.try_into().unwrap_or(<$type>::MAX);
                },
            },
        }
    };
    ($field:ident: $type:ty, Word) => {
        Kind::Word {
            words: <$type>::WORDS,
            place: Place {
                get: |behaviour| behaviour.$field as usize,
                set: |behaviour, index| {
                    behaviour.$field = <$type>::ALL.get(index).copied().unwrap_or(behaviour.$field);
                },
            },
        }
    };
    ($field:ident: $type:ty, $kind:ident) => {
        Kind::$kind(Place {
            get: |behaviour| behaviour.$field,
            set: |behaviour, value| behaviour.$field = value,
        })
    };
}

/// Makes [`Behaviour`] and [`FIELDS`] from one table. A row consists of the doc comment of a field,
/// its name and type, its key in a card file, its [`Kind`], and its explanation in a few words.
macro_rules! behaviour {
    ($(
        $(#[$doc:meta])+
        $field:ident: $type:ty, $key:literal, $kind:ident $(($($limit:tt)+))?, $about:literal;
    )+) => {
        /// How a card behaves towards the host and the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Behaviour {
            $($(#[$doc])+ pub $field: $type,)+
            /// How long everything takes.
            pub timing: Timing,
        }

        /// Every field of a behaviour except its timing, in the order of a card file.
        pub static FIELDS: &[Field] = &[$(
            Field {
                key: $key,
                about: $about,
                kind: kind!($field: $type, $kind $(($($limit)+))?),
            },
        )+];
    };
}

behaviour! {
    /// What the card answers to commands AC and AD; `None` if the card does not answer them.
    firmware: Option<FirmwareId>, "firmware", Firmware,
        "the answers to AC and AD, or \"none\" if the card does not answer them";
    /// What the card does outside UART mode. A card that knows no other command than FF and 3F, or
    /// has no numbers in `firmware`, has no sequencer.
    intelligent_mode: IntelligentMode, "intelligent-mode", Word,
        "whether firmware plays and records, or the card only answers commands";
    /// The commands outside UART mode to which a card without a sequencer gives a fixed answer. The
    /// answer follows the ACK. A command that is not in the table has the answer of `firmware`.
    answers: FixedAnswers, "answers", Answers,
        "commands with a fixed answer after the ACK, as in { \"A0-A7\" = 0x00, AC = 0x15 }";
    /// Whether the card has a COMMAND port at the place of STATUS.
    command_port: CommandPort, "command-port", Word,
        "status-only: there is no COMMAND, the card is always in UART mode";
    /// Where STATUS and COMMAND are, counted from DATA: usually 1; 2 on a bus whose devices use
    /// only every second port.
    status_offset: u16, "status-offset", Number(1..=15, Decimal),
        "the distance of STATUS and COMMAND from DATA, in ports";
    /// Whether there is a control register at base+2.
    control_port: ControlPort, "control-port", Word,
        "whether there is a register at base+2";
    /// The port of DATA in the card's factory setting. The chip does not use this number; the bus
    /// that the card is on uses it.
    usual_port: u16, "usual-port", Number(0..=0xFFFE, Hexadecimal),
        "the port of DATA, unless another one is chosen";
    /// What lies between the two ports and the rest of the card.
    host_port: HostPort, "host-port", Word,
        "mailbox: one byte each way, and a second one replaces it; bus-chip: a mailbox for data \
         alone; fifo: two buffers";
    /// Bits 5 to 0 of STATUS that are always set.
    status_low_bits: u8, "status-low-bits", Number(0..=0x3F, Hexadecimal),
        "the bits that are always set in STATUS";
    /// Which of bits 5 to 0 of STATUS are also set while the input is full.
    status_rx_full_bits: u8, "status-rx-full-bits", Number(0..=0x3F, Hexadecimal),
        "the bits that are also set while the input is full";
    /// Which of bits 5 to 0 of STATUS are also set in UART mode.
    status_uart_bits: u8, "status-uart-bits", Number(0..=0x3F, Hexadecimal),
        "the bits that are also set in UART mode";
    /// Which of bits 5 to 0 of STATUS show the bit with the same number in the last command byte.
    /// Before the first command these bits are 0.
    status_command_bits: u8, "status-command-bits", Number(0..=0x3F, Hexadecimal),
        "the bits that show the bits with the same numbers of the last command";
    /// What a read of DATA returns when no byte waits.
    empty_read: EmptyRead, "empty-read", EmptyRead,
        "what DATA gives when no byte waits: \"stale\" for the last byte that was in DATA, \
         \"last-input\" for the last byte from MIDI IN that was in DATA, or a fixed byte";
    /// How many bytes on their way out the card holds, in the latch, the FIFO and the shifter
    /// together. From 1 to [`MAX_TX_DEPTH`].
    tx_depth: u16, "tx-depth", Number(1..=MAX_TX_DEPTH as u64, Decimal),
        "bytes for MIDI OUT that the card holds, with those in the latch and on the wire";
    /// How many MIDI IN bytes the card holds, including the byte in DATA. From 1 to
    /// [`MAX_RX_DEPTH`].
    rx_depth: u16, "rx-depth", Number(1..=MAX_RX_DEPTH as u64, Decimal),
        "bytes from MIDI IN that the card holds, with the byte in DATA";
    /// Which byte is lost when a byte arrives and the input is full.
    rx_overrun: Overrun, "rx-overrun", Word, "the byte that is lost when the input is full";
    /// What happens to MIDI IN bytes while the card is busy entering UART mode.
    rx_while_busy: RxWhileBusy, "rx-while-busy", Word,
        "MIDI IN bytes that come while UART mode is entered";
    /// What happens to a byte from MIDI IN whose stop bit is missing.
    framing_error: FramingError, "framing-error", Word,
        "a byte from MIDI IN without a stop bit, as in a break";
    /// What happens to data that the host writes while the card is busy entering UART mode.
    tx_while_busy: TxWhileBusy, "tx-while-busy", Word,
        "data that the host writes while UART mode is entered";
    /// What waits while the card is busy after a reset.
    waits_after_reset: WaitsAfterReset, "waits-after-reset", Word,
        "what waits while the card is busy after a reset: any byte, or commands but FF";
    /// What happens to MIDI IN bytes outside UART mode, on a card without a sequencer.
    rx_outside_uart: RxOutsideUart, "rx-outside-uart", Word,
        "MIDI IN bytes outside UART mode, without a sequencer";
    /// What happens to data that the host writes outside UART mode, on a card without a sequencer.
    /// If the card has a control register, the host can change this later.
    tx_outside_uart: TxOutsideUart, "tx-outside-uart", Word,
        "data that the host writes outside UART mode, without a sequencer";
    /// When the card begins a command.
    command_start: CommandStart, "command-start", Word,
        "whether a command waits for the end of the byte on MIDI OUT";
    /// Whether unread input stops the output.
    unread_input: UnreadInput, "unread-input", Word,
        "whether the unit waits for the host to read";
    /// The commands that the card knows in intelligent mode, and the commands that it acknowledges.
    ack_set: AckSet, "ack-set", Word,
        "commands that the card acknowledges; with the last three words it knows only FF and 3F";
    /// Whether the unit acknowledges a reset in UART mode.
    ack_reset_in_uart: ResetAck, "ack-reset-in-uart", Word, "FF in UART mode";
    /// Where an ACK goes when input is still unread.
    ack_position: AckPosition, "ack-position", Word, "where an ACK goes when input is unread";
    /// Whether an ACK raises the interrupt line.
    ack_interrupt: AckInterrupt, "ack-interrupt", Word, "whether an ACK interrupts";
    /// How the interrupt line follows the bytes that wait.
    interrupt: InterruptKind, "interrupt", Word,
        "latch-edge: each byte makes a new edge; level: the line is up while a byte waits";
    /// How many bytes from MIDI IN must wait before they raise the interrupt line, including the
    /// byte in DATA. DSR shows the first byte. From 1 to [`MAX_RX_DEPTH`].
    rx_threshold: u16, "rx-threshold", Number(1..=MAX_RX_DEPTH as u64, Decimal),
        "bytes from MIDI IN that must wait before they interrupt";
    /// Whether room for output raises the interrupt line. Only a card with FIFOs has this
    /// interrupt.
    transmit_interrupt: TransmitInterrupt, "transmit-interrupt", Word,
        "the state of the output FIFO that interrupts";
    /// The causes that can raise the interrupt line from power-on on. A register of the card
    /// outside its two ports can change this set later, see
    /// [`Control::InterruptEnables`](crate::Control::InterruptEnables).
    interrupt_enables: InterruptCauses, "interrupt-enables", Causes,
        "the causes that are enabled at power-on: \"rx\", \"tx\"";
    /// Whether the gate between the interrupt and the line is open at power-on.
    interrupt_gate: InterruptGate, "interrupt-gate", Word,
        "the gate between the interrupt and the line, at power-on";
    /// Whether the card answers at its ports, at power-on.
    activation: Activation, "activation", Word, "whether the card answers, at power-on";
    /// What a reset empties at once.
    cleared_by_reset: Fifos, "cleared-by-reset", Fifos, "what a reset empties: \"tx\", \"rx\"";
    /// What the entry into UART mode empties at once.
    cleared_by_uart_entry: Fifos, "cleared-by-uart-entry", Fifos, "what 3F empties";
    /// What the unit sends by itself after a reset; `None` if it sends nothing.
    reset_output: Option<ResetOutput>, "reset-output", ResetOutput,
        "FC and F8 that the unit sends by itself after a reset, or \"none\"";
    /// Time that one port access takes on the card's bus, in ns. The chip does not use this time;
    /// the bus that the card is on uses it.
    access_ns: u64, "access-ns", Number(1..=MAX_ACCESS_NS, Decimal), "one port access on its bus";
}

impl Behaviour {
    /// The number of ports from DATA to the last register of the card.
    #[must_use]
    pub fn ports(&self) -> u16 {
        let last = match self.control_port {
            ControlPort::Absent => self.status_offset,
            ControlPort::National => self.status_offset.max(CONTROL_OFFSET),
        };
        last.max(1) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cards, families};

    #[test]
    fn every_key_stands_once_in_lower_case() {
        let keys = || FIELDS.iter().map(|field| field.key).chain(LATENCIES.iter().map(|l| l.key));
        for key in keys() {
            assert_eq!(keys().filter(|other| *other == key).count(), 1, "{key}");
            assert!(key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{key}");
        }
    }

    #[test]
    fn every_number_of_a_card_and_of_a_family_is_one_that_a_card_file_may_say() {
        for profile in cards().iter().chain(families()) {
            for field in FIELDS {
                if let Kind::Number { range, place, .. } = &field.kind {
                    let number = (place.get)(&profile.behaviour);
                    assert!(range.contains(&number), "{}: {} = {number}", profile.name, field.key);
                }
            }
        }
    }

    #[test]
    fn a_word_is_read_back_from_its_own_place_and_one_too_many_changes_nothing() {
        let plain = families()[0].behaviour;
        for field in FIELDS {
            let Kind::Word { words, place } = &field.kind else { continue };
            for index in 0..words.len() {
                let mut changed = plain;
                (place.set)(&mut changed, index);
                assert_eq!((place.get)(&changed), index, "{}", field.key);
                (place.set)(&mut changed, words.len());
                assert_eq!((place.get)(&changed), index, "{}", field.key);
                (place.set)(&mut changed, (place.get)(&plain));
                assert_eq!(changed, plain, "{}", field.key);
            }
        }
    }
}
