//! The facts of the cards: main figures as text, all figures as JSON.

use portcls_machine::chip::{
    AckSet, Behaviour, CardProfile, CommandPort, InterruptKind, Overrun, ResetAck, Text,
};
use serde::Serialize;

use crate::numbers::{counted, duration};

/// The version of the JSON.
const VERSION: u32 = 1;

/// The main figures of a card in words.
#[must_use]
pub fn figures(behaviour: &Behaviour) -> [(&'static str, String); 6] {
    let timing = &behaviour.timing;
    let overrun = match behaviour.rx_overrun {
        Overrun::DropNew => "the newest byte is lost when full",
        Overrun::DropOld => "the oldest byte is lost when full",
    };
    let start = match timing.drr_clear_uart_ns.typ + timing.tx_start_ns.typ {
        0 => "at once".to_owned(),
        time_ns => format!("{} after its write", duration(time_ns)),
    };
    let commands = match (behaviour.command_port, behaviour.ack_set, behaviour.ack_reset_in_uart) {
        (CommandPort::StatusOnly, ..) => "none: always in UART mode".to_owned(),
        (_, set, reset) => {
            let set = match set {
                AckSet::All => "all codes are acknowledged",
                AckSet::ResetOnly => "all codes are known, only FF is acknowledged",
                AckSet::ResetAndUart => "FF and 3F are acknowledged, others are ignored",
                AckSet::ResetWithoutUart => "FF is acknowledged, 3F is not, others are ignored",
                AckSet::None => "no code is acknowledged",
            };
            let reset = match reset {
                ResetAck::Acknowledged => "FF in UART mode too",
                ResetAck::WithoutInterrupt => "FF in UART mode too, without an interrupt",
                ResetAck::Silent => "FF in UART mode is not",
            };
            format!("{set}; {reset}")
        }
    };
    let interrupt = match behaviour.interrupt {
        InterruptKind::LatchEdge => "an edge for each byte, exclusive",
        InterruptKind::Level => "a level while a byte waits, shared",
    };
    let own = match behaviour.reset_output {
        Some(output) => format!(
            "sends FC at a reset, then F8 every {} until UART mode",
            duration(output.clock_period_ns)
        ),
        None => "sends nothing".to_owned(),
    };
    [
        (
            "output",
            format!(
                "holds {}, the first one starts {start}",
                counted(behaviour.tx_depth.into(), "byte")
            ),
        ),
        ("input", format!("holds {}, {overrun}", counted(behaviour.rx_depth.into(), "byte"))),
        ("busy", busy(behaviour)),
        ("commands", commands),
        ("interrupt", interrupt.to_owned()),
        ("by itself", own),
    ]
}

fn busy(behaviour: &Behaviour) -> String {
    let timing = behaviour.timing.map(|spread| spread.typ);
    let times = [
        (timing.busy_after_power_on_ns, "after power-on"),
        (timing.busy_after_reset_ns, "after a reset"),
        (timing.busy_after_uart_entry_ns, "entering UART mode"),
        (timing.busy_after_exit_ns, "leaving it"),
    ];
    let times: Vec<String> = times
        .iter()
        .filter(|(time_ns, _)| *time_ns > 0)
        .map(|(time_ns, when)| format!("{} {when}", duration(*time_ns)))
        .collect();
    if times.is_empty() { "only while its output is full".to_owned() } else { times.join(", ") }
}

/// The cards, for programs.
#[derive(Serialize)]
pub struct CardList<'c> {
    version: u32,
    cards: Vec<CardFacts<'c>>,
}

impl CardList<'_> {
    /// The facts of these cards.
    #[must_use]
    pub fn new(cards: &[CardProfile]) -> CardList<'_> {
        CardList { version: VERSION, cards: cards.iter().map(CardFacts::new).collect() }
    }
}

/// The facts of a card, for programs.
#[derive(Serialize)]
pub struct CardFacts<'c> {
    name: &'c str,
    title: &'c str,
    description: &'c str,
    sources: &'c [Text],
    /// Hexadecimal; `None` if the card does not report a version.
    firmware_version: Option<String>,
    firmware_revision: Option<String>,
    tx_depth: u16,
    rx_depth: u16,
    rx_overrun: &'static str,
    rx_while_busy: &'static str,
    unread_input: &'static str,
    command_port: &'static str,
    acknowledged: &'static str,
    reset_in_uart: &'static str,
    ack_interrupt: &'static str,
    interrupt: &'static str,
    drr_clear_intelligent_ns: u64,
    drr_clear_uart_ns: u64,
    tx_accept_ns: u64,
    tx_start_ns: u64,
    ack_latency_ns: u64,
    rx_to_dsr_ns: u64,
    next_byte_ns: u64,
    busy_after_power_on_ns: u64,
    busy_after_reset_ns: u64,
    busy_after_uart_entry_ns: u64,
    busy_after_exit_ns: u64,
    own_clock_period_ns: Option<u64>,
    access_ns: u64,
}

impl<'c> CardFacts<'c> {
    /// The facts of this card.
    #[must_use]
    pub fn new(card: &'c CardProfile) -> CardFacts<'c> {
        let behaviour = &card.behaviour;
        let timing = behaviour.timing.map(|spread| spread.typ);
        let hex = |number: u8| format!("{number:02X}");
        CardFacts {
            name: &card.name,
            title: &card.title,
            description: &card.description,
            sources: &card.sources,
            firmware_version: behaviour.firmware.map(|firmware| hex(firmware.version)),
            firmware_revision: behaviour.firmware.map(|firmware| hex(firmware.revision)),
            tx_depth: behaviour.tx_depth,
            rx_depth: behaviour.rx_depth,
            rx_overrun: behaviour.rx_overrun.word(),
            rx_while_busy: behaviour.rx_while_busy.word(),
            unread_input: behaviour.unread_input.word(),
            command_port: behaviour.command_port.word(),
            acknowledged: behaviour.ack_set.word(),
            reset_in_uart: behaviour.ack_reset_in_uart.word(),
            ack_interrupt: behaviour.ack_interrupt.word(),
            interrupt: match behaviour.interrupt {
                InterruptKind::LatchEdge => "edge",
                InterruptKind::Level => "level",
            },
            drr_clear_intelligent_ns: timing.drr_clear_intelligent_ns,
            drr_clear_uart_ns: timing.drr_clear_uart_ns,
            tx_accept_ns: timing.tx_accept_ns,
            tx_start_ns: timing.tx_start_ns,
            ack_latency_ns: timing.ack_latency_ns,
            rx_to_dsr_ns: timing.rx_to_dsr_ns,
            next_byte_ns: timing.next_byte_ns,
            busy_after_power_on_ns: timing.busy_after_power_on_ns,
            busy_after_reset_ns: timing.busy_after_reset_ns,
            busy_after_uart_entry_ns: timing.busy_after_uart_entry_ns,
            busy_after_exit_ns: timing.busy_after_exit_ns,
            own_clock_period_ns: behaviour.reset_output.map(|output| output.clock_period_ns),
            access_ns: behaviour.access_ns,
        }
    }
}
