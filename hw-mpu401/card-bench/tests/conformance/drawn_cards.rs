//! Cards without a sequencer, against the slow model.
//!
//! The behaviours are drawn, are combinations of a few fields, or are those of the built-in cards.

use hw_mpu401::{
    AckInterrupt, AckPosition, AckSet, Behaviour, CardProfile, CommandPort, CommandStart,
    ControlPort, EmptyRead, Fifos, FirmwareId, FixedAnswers, HostPort, IntelligentMode,
    InterruptKind, Overrun, ResetAck, RxOutsideUart, RxWhileBusy, Spread, TxOutsideUart,
    TxWhileBusy, UnreadInput, cards, family,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::random::{assert_alike, midi_in, read, script, wait, write_data};

const FIRMWARE: FirmwareId = FirmwareId { version: 0x15, revision: 0x01 };

fn plain() -> CardProfile {
    family("fifo-chip").expect("a known family").clone()
}

/// A card with this behaviour, and no sequencer.
fn card_of(behaviour: Behaviour) -> CardProfile {
    CardProfile { behaviour, ..plain() }
}

fn answers() -> impl Strategy<Value = FixedAnswers> {
    let row = (any::<u8>(), 0..16_u8, any::<u8>());
    prop::collection::vec(row, 0..4).prop_map(|rows| {
        rows.into_iter().fold(FixedAnswers::NONE, |answers, (first, more, answer)| {
            answers.with(first..=first.saturating_add(more), answer)
        })
    })
}

fn fifos() -> impl Strategy<Value = Fifos> {
    (0..4_u8).prop_map(Fifos::from_bits_truncate)
}

/// A behaviour with drawn ports and buffers.
fn ports() -> impl Strategy<Value = Behaviour> {
    let shape = (
        select(&[HostPort::Mailbox, HostPort::Fifo][..]),
        2..9_u16,
        1..6_u16,
        select(Overrun::ALL),
        select(UnreadInput::ALL),
        prop_oneof![Just(EmptyRead::Stale), any::<u8>().prop_map(EmptyRead::Value)],
        select(&[0_u8, 0x20][..]),
        select(&[0_u8, 0x10][..]),
    );
    let busy = (select(RxWhileBusy::ALL), select(TxWhileBusy::ALL), fifos(), fifos());
    (shape, busy).prop_map(|(shape, busy)| {
        let (host_port, tx_depth, rx_depth, rx_overrun, unread_input, empty_read, full, uart) =
            shape;
        let (rx_while_busy, tx_while_busy, cleared_by_reset, cleared_by_uart_entry) = busy;
        Behaviour {
            host_port,
            tx_depth,
            rx_depth,
            rx_overrun,
            unread_input,
            empty_read,
            status_rx_full_bits: full,
            status_uart_bits: uart,
            status_low_bits: 0x05,
            rx_while_busy,
            tx_while_busy,
            cleared_by_reset,
            cleared_by_uart_entry,
            interrupt: InterruptKind::Level,
            ..plain().behaviour
        }
    })
}

/// A card without a sequencer in which most fields are drawn.
fn drawn_card() -> impl Strategy<Value = CardProfile> {
    let commands = (
        select(AckSet::ALL),
        select(ResetAck::ALL),
        select(AckPosition::ALL),
        select(AckInterrupt::ALL),
        prop::option::of(Just(FIRMWARE)),
        answers(),
        select(CommandStart::ALL),
        prop_oneof![9 => Just(CommandPort::Present), 1 => Just(CommandPort::StatusOnly)],
    );
    let outside =
        (select(RxOutsideUart::ALL), select(TxOutsideUart::ALL), select(ControlPort::ALL));
    let time_us = prop_oneof![3 => Just(0_u64), 2 => 1..40_u64, 1 => 40..500_u64];
    let times_us = prop::collection::vec(time_us, 13);
    (ports(), commands, outside, times_us).prop_map(|(ports, commands, outside, times_us)| {
        let (ack_set, ack_reset_in_uart, ack_position, ack_interrupt, ..) = commands;
        let (.., firmware, answers, command_start, command_port) = commands;
        let (rx_outside_uart, tx_outside_uart, control_port) = outside;
        let mut times = times_us.into_iter().map(|time_us| Spread::exactly(time_us * 1_000));
        let mut next = || times.next().expect("as many as are needed");
        let mut timing = ports.timing;
        timing.drr_clear_intelligent_ns = next();
        timing.drr_clear_uart_ns = next();
        timing.tx_accept_ns = next();
        timing.tx_start_ns = next();
        timing.ack_latency_ns = next();
        timing.reply_latency_ns = next();
        timing.rx_to_dsr_ns = next();
        timing.rx_queued_to_dsr_ns = timing.rx_to_dsr_ns;
        timing.next_byte_ns = next();
        timing.busy_after_power_on_ns = next();
        timing.busy_after_reset_ns = next();
        timing.busy_after_uart_entry_ns = next();
        timing.busy_after_early_uart_entry_ns = timing.busy_after_uart_entry_ns;
        timing.busy_after_exit_ns = next();
        timing.busy_after_exit_full_ns = timing.busy_after_exit_ns;
        card_of(Behaviour {
            ack_set,
            ack_reset_in_uart,
            ack_position,
            ack_interrupt,
            firmware,
            answers,
            command_start,
            command_port,
            rx_outside_uart,
            tx_outside_uart,
            control_port,
            timing,
            ..ports
        })
    })
}

/// A script with any accesses in both modes. Pauses of up to 20 ms are enough, because no time of
/// a drawn card is longer than 0.5 ms.
fn talk() -> impl Strategy<Value = String> {
    let init = select(&["init idle", "init power-on", "init uart"][..]);
    let command = prop_oneof![
        2 => any::<u8>(),
        2 => 0xA0..=0xAF_u8,
        1 => Just(0x3F),
        1 => Just(0xFF),
    ];
    let command = command.prop_map(|byte| format!("W C {byte:02X}"));
    let control = prop_oneof![
        Just("R M".to_owned()),
        any::<u8>().prop_map(|byte| format!("W M {byte:02X}\nirq"))
    ];
    let line = prop_oneof![
        3 => wait(), 6 => read(), 3 => write_data(), 4 => command, 3 => midi_in(), 1 => control
    ];
    script(init.prop_map(str::to_owned), line)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_drawn_card_without_a_sequencer_does_what_the_slow_model_does(
        card in drawn_card(),
        text in talk(),
    ) {
        assert_alike(&card, &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_built_in_card_without_a_sequencer_does_what_the_slow_model_does(text in talk()) {
        let only_answers = |card: &&CardProfile| {
            card.behaviour.intelligent_mode == IntelligentMode::AnswersOnly
        };
        cards().iter().filter(only_answers).for_each(|card| assert_alike(card, &text));
    }
}

/// Every combination of six fields that decide about ACKs and answers. The firmware and the fixed
/// answers have two values each, and every other field has all its values.
fn combinations() -> Vec<CardProfile> {
    let mut cards = Vec::new();
    for &host_port in HostPort::ALL {
        for &ack_set in AckSet::ALL {
            for &ack_position in AckPosition::ALL {
                for &ack_reset_in_uart in ResetAck::ALL {
                    for firmware in [None, Some(FIRMWARE)] {
                        for answers in
                            [FixedAnswers::NONE, FixedAnswers::NONE.with(0xA0..=0xAC, 0x64)]
                        {
                            cards.push(card_of(Behaviour {
                                host_port,
                                ack_set,
                                ack_position,
                                ack_reset_in_uart,
                                firmware,
                                answers,
                                ..plain().behaviour
                            }));
                        }
                    }
                }
            }
        }
    }
    cards
}

/// A script that writes each command twice in a row. Before that, two MIDI IN bytes arrive. If the
/// card keeps them, they are unread at the writes.
fn every_command(init: &str) -> String {
    let of = |command: u8| {
        let reads = "R S\nR D\n".repeat(6);
        format!("{init}\nin 90 3C\nwait 640\nW C {command:02X}\nW C {command:02X}\nirq\n{reads}")
    };
    (0..=0xFF).map(of).collect()
}

#[test]
fn every_command_in_both_modes_does_what_the_slow_model_does_on_every_combination() {
    for text in [every_command("init idle"), every_command("init uart")] {
        for card in combinations() {
            assert_alike(&card, &text);
        }
    }
}
