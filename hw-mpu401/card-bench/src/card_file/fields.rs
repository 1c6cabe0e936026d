//! The keys of a card file: for each one its place in a profile, its values and its meaning.
//!
//! One table serves reading and writing, so that neither can know a key that the other does not.

use hw_mpu401::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, HostPort, InterruptKind,
    MAX_RX_DEPTH, MAX_TX_DEPTH, Overrun, ResetAck, RxWhileBusy, Spread, Text, Timing, TxWhileBusy,
    UnreadInput,
};
use std::ops::RangeInclusive;

/// A key of the file.
pub(super) struct Field {
    pub key: &'static str,
    /// What it means, for the text that is written.
    pub about: &'static str,
    pub kind: Kind,
}

/// What stands behind a key.
pub(super) enum Kind {
    /// Words for people.
    Text { get: fn(&CardProfile) -> &Text, set: fn(&mut CardProfile, Text) },
    /// The list of sources.
    Sources,
    /// A number, written in decimal or hexadecimal.
    Number {
        range: RangeInclusive<u64>,
        radix: Radix,
        get: fn(&CardProfile) -> u64,
        set: fn(&mut CardProfile, u64),
    },
    /// One of a few words.
    Word {
        words: &'static [&'static str],
        get: fn(&CardProfile) -> usize,
        set: fn(&mut CardProfile, usize),
    },
    /// Version and revision, or "none".
    Firmware,
    /// A byte, or "stale".
    EmptyRead,
    /// A list of buffers.
    Fifos { get: fn(&CardProfile) -> hw_mpu401::Fifos, set: fn(&mut CardProfile, hw_mpu401::Fifos) },
    /// Three times, or "none".
    ResetOutput,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Radix {
    Decimal,
    Hexadecimal,
}

/// A key of the table `timing`.
pub(super) struct Latency {
    pub key: &'static str,
    pub about: &'static str,
    pub get: fn(&Timing) -> &Spread,
    pub get_mut: fn(&mut Timing) -> &mut Spread,
}

macro_rules! text {
    ($key:literal, $field:ident, $about:literal) => {
        Field {
            key: $key,
            about: $about,
            kind: Kind::Text { get: |card| &card.$field, set: |card, text| card.$field = text },
        }
    };
}

macro_rules! number {
    ($key:literal, $field:ident, $range:expr, $radix:ident, $about:literal) => {
        Field {
            key: $key,
            about: $about,
            kind: Kind::Number {
                range: $range,
                radix: Radix::$radix,
                get: |card| card.$field.into(),
                // The range keeps the number inside the type.
                set: |card, number| card.$field = number.try_into().unwrap_or_default(),
            },
        }
    };
}

macro_rules! word {
    ($key:literal, $field:ident, [$($word:literal: $value:expr),+ $(,)?], $about:literal) => {
        Field {
            key: $key,
            about: $about,
            kind: Kind::Word {
                words: &[$($word),+],
                get: |card| {
                    let values = [$($value),+];
                    values.iter().position(|value| *value == card.$field).unwrap_or_default()
                },
                set: |card, index| card.$field = [$($value),+][index],
            },
        }
    };
}

macro_rules! fifos {
    ($key:literal, $field:ident, $about:literal) => {
        Field {
            key: $key,
            about: $about,
            kind: Kind::Fifos { get: |card| card.$field, set: |card, fifos| card.$field = fifos },
        }
    };
}

macro_rules! latency {
    ($key:literal, $field:ident, $about:literal) => {
        Latency {
            key: $key,
            about: $about,
            get: |timing| &timing.$field,
            get_mut: |timing| &mut timing.$field,
        }
    };
}

/// Longest access of a bus, in ns.
const MAX_ACCESS_NS: u64 = 1_000_000;

/// Every key but those of `timing`, in the order in which they are written.
pub(super) const FIELDS: &[Field] = &[
    text!("name", name, "lower case letters, digits and -"),
    text!("title", title, "the name on the box"),
    text!("description", description, "what is special about it"),
    Field { key: "sources", about: "where the numbers come from", kind: Kind::Sources },
    Field {
        key: "firmware",
        about: "the answers to AC and AD, or \"none\" if it does not know them",
        kind: Kind::Firmware,
    },
    word!(
        "command-port",
        command_port,
        ["present": CommandPort::Present, "status-only": CommandPort::StatusOnly],
        "status-only: there is no COMMAND, the card is always in UART mode"
    ),
    number!("status-offset", status_offset, 1..=15, Decimal, "STATUS and COMMAND, from DATA on"),
    number!("usual-port", usual_port, 0..=0xFFFE, Hexadecimal, "DATA, unless --port says where"),
    word!(
        "host-port",
        host_port,
        ["mailbox": HostPort::Mailbox, "fifo": HostPort::Fifo],
        "mailbox: one byte each way, and a second one replaces it; fifo: two buffers"
    ),
    number!("status-low-bits", status_low_bits, 0..=0x3F, Hexadecimal, "always set in STATUS"),
    number!(
        "status-rx-full-bits",
        status_rx_full_bits,
        0..=0x3F,
        Hexadecimal,
        "set as well while the input is full"
    ),
    number!(
        "status-uart-bits",
        status_uart_bits,
        0..=0x3F,
        Hexadecimal,
        "set as well in UART mode"
    ),
    Field {
        key: "empty-read",
        about: "DATA when no byte waits: \"stale\" for the last one, or a byte",
        kind: Kind::EmptyRead,
    },
    number!(
        "tx-depth",
        tx_depth,
        1..=MAX_TX_DEPTH as u64,
        Decimal,
        "bytes for MIDI OUT that it holds, those in the latch and on the wire included"
    ),
    number!(
        "rx-depth",
        rx_depth,
        1..=MAX_RX_DEPTH as u64,
        Decimal,
        "bytes from MIDI IN that it holds, the one in DATA included"
    ),
    word!(
        "rx-overrun",
        rx_overrun,
        ["drop-new": Overrun::DropNew, "drop-old": Overrun::DropOld],
        "the byte that is lost when the input is full"
    ),
    word!(
        "rx-while-busy",
        rx_while_busy,
        ["lost": RxWhileBusy::Lost, "kept": RxWhileBusy::Kept],
        "MIDI IN while UART mode is entered"
    ),
    word!(
        "tx-while-busy",
        tx_while_busy,
        ["waits": TxWhileBusy::Waits, "lost": TxWhileBusy::Lost],
        "data that is written meanwhile"
    ),
    word!(
        "unread-input",
        unread_input,
        ["blocks-output": UnreadInput::BlocksOutput, "harmless": UnreadInput::Harmless],
        "whether the unit waits for the host to read"
    ),
    word!(
        "ack-set",
        ack_set,
        [
            "all": AckSet::All,
            "reset-only": AckSet::ResetOnly,
            "reset-and-uart": AckSet::ResetAndUart,
            "none": AckSet::None,
        ],
        "commands that are acknowledged; with the last two only FF and 3F are known"
    ),
    word!(
        "ack-reset-in-uart",
        ack_reset_in_uart,
        [
            "acknowledged": ResetAck::Acknowledged,
            "without-interrupt": ResetAck::WithoutInterrupt,
            "silent": ResetAck::Silent,
        ],
        "FF in UART mode"
    ),
    word!(
        "ack-position",
        ack_position,
        ["tail": AckPosition::Tail, "front": AckPosition::Front],
        "where an ACK goes when input is unread"
    ),
    word!(
        "ack-interrupt",
        ack_interrupt,
        ["raised": AckInterrupt::Raised, "silent": AckInterrupt::Silent],
        "whether an ACK interrupts"
    ),
    word!(
        "interrupt",
        interrupt,
        ["latch-edge": InterruptKind::LatchEdge, "level": InterruptKind::Level],
        "an edge a byte, or a level while a byte waits"
    ),
    fifos!("cleared-by-reset", cleared_by_reset, "what a reset empties: \"tx\", \"rx\""),
    fifos!("cleared-by-uart-entry", cleared_by_uart_entry, "what 3F empties"),
    Field {
        key: "reset-output",
        about: "FC and F8 that the unit sends by itself after a reset, or \"none\"",
        kind: Kind::ResetOutput,
    },
    number!("access-ns", access_ns, 1..=MAX_ACCESS_NS, Decimal, "one port access on its bus"),
];

/// Every key of `timing`, in the order of [`Timing`].
pub(super) const LATENCIES: &[Latency] = &[
    latency!(
        "drr-clear-intelligent-ns",
        drr_clear_intelligent_ns,
        "intelligent mode, idle: from a write until the byte is taken"
    ),
    latency!("drr-clear-uart-ns", drr_clear_uart_ns, "the same in UART mode"),
    latency!("tx-accept-ns", tx_accept_ns, "from one byte taken to the next one taken"),
    latency!("tx-start-ns", tx_start_ns, "from a byte taken to its start bit"),
    latency!("ack-latency-ns", ack_latency_ns, "from a command taken to its ACK"),
    latency!("reply-latency-ns", reply_latency_ns, "from the ACK read to the answer"),
    latency!("rx-to-dsr-ns", rx_to_dsr_ns, "from a stop bit on MIDI IN to DSR"),
    latency!("next-byte-ns", next_byte_ns, "from a read of DATA to the next byte"),
    latency!("busy-after-power-on-ns", busy_after_power_on_ns, "from power-on"),
    latency!("busy-after-reset-ns", busy_after_reset_ns, "from FF in intelligent mode"),
    latency!("busy-after-uart-entry-ns", busy_after_uart_entry_ns, "from the ACK of 3F"),
    latency!("busy-after-exit-ns", busy_after_exit_ns, "from FF in UART mode"),
    latency!(
        "busy-after-exit-full-ns",
        busy_after_exit_full_ns,
        "the same when output is thrown away"
    ),
    latency!(
        "backlog-after-exit-ns",
        backlog_after_exit_ns,
        "from FF in UART mode until waiting output is thrown away, or \"never\""
    ),
    latency!(
        "busy-after-early-uart-entry-ns",
        busy_after_early_uart_entry_ns,
        "from the ACK of a 3F right after a reset"
    ),
    latency!(
        "rx-queued-to-dsr-ns",
        rx_queued_to_dsr_ns,
        "from the fetch of a MIDI IN byte that had to wait to DSR"
    ),
];

/// The one key of `timing` that may be "never".
pub(super) const BACKLOG: &str = "backlog-after-exit-ns";
