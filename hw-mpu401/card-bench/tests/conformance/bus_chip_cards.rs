//! Drawn cards with a bus chip, against the slow model.

use hw_mpu401::{
    AckInterrupt, AckPosition, AckSet, Behaviour, CardProfile, EmptyRead, Fifos, HostPort,
    InterruptKind, Overrun, ResetAck, RxWhileBusy, Spread, TxWhileBusy, card,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::random::{assert_alike, midi_in, read, script, trouble, wait, write_data};

fn fifos() -> impl Strategy<Value = Fifos> {
    (0..4_u8).prop_map(Fifos::from_bits_truncate)
}

fn drawn_card() -> impl Strategy<Value = CardProfile> {
    let output = (2..5_u16, select(TxWhileBusy::ALL), fifos(), fifos());
    let input = (
        1..6_u16,
        select(Overrun::ALL),
        select(RxWhileBusy::ALL),
        prop_oneof![Just(EmptyRead::Stale), any::<u8>().prop_map(EmptyRead::Value)],
        select(InterruptKind::ALL),
    );
    let acks = (
        select(AckSet::ALL),
        select(ResetAck::ALL),
        select(AckPosition::ALL),
        select(AckInterrupt::ALL),
    );
    let times_us = prop::collection::vec(prop_oneof![1 => Just(1_u64), 3 => 1..60_u64], 9);
    // Bytes stream only if the unit needs no time to take a byte.
    let accept = prop::option::of(Just(Spread::exactly(0)));
    (output, input, acks, times_us, accept).prop_map(|(output, input, acks, times_us, accept)| {
        let (tx_depth, tx_while_busy, cleared_by_reset, cleared_by_uart_entry) = output;
        let (rx_depth, rx_overrun, rx_while_busy, empty_read, interrupt) = input;
        let (ack_set, ack_reset_in_uart, ack_position, ack_interrupt) = acks;
        let mut profile = card("sb16").expect("a known card").clone();
        let mut times = times_us.into_iter().map(|time_us| Spread::exactly(time_us * 1_000));
        let mut next = || times.next().expect("as many as are needed");
        let mut timing = profile.behaviour.timing;
        timing.drr_clear_uart_ns = next();
        timing.tx_accept_ns = accept.unwrap_or_else(&mut next);
        timing.tx_start_ns = next();
        timing.ack_latency_ns = next();
        timing.rx_to_dsr_ns = next();
        timing.rx_queued_to_dsr_ns = next();
        timing.next_byte_ns = next();
        timing.uart_entry_ns = next();
        timing.busy_after_uart_entry_ns = next();
        profile.behaviour = Behaviour {
            host_port: HostPort::BusChip,
            tx_depth,
            tx_while_busy,
            cleared_by_reset,
            cleared_by_uart_entry,
            rx_depth,
            rx_overrun,
            rx_while_busy,
            empty_read,
            interrupt,
            ack_set,
            ack_reset_in_uart,
            ack_position,
            ack_interrupt,
            timing,
            ..profile.behaviour
        };
        profile
    })
}

/// A script with MIDI both ways in UART mode, or with resets and entries into UART mode and without
/// MIDI IN.
fn talk() -> impl Strategy<Value = String> {
    let uart = select(&["init uart", "init idle\nW C 3F\nwait 200"][..]).prop_map(str::to_owned);
    let midi = prop_oneof![
        4 => wait(), 6 => read(), 4 => write_data(), 3 => midi_in(), 2 => trouble()
    ];
    let init = select(&["init idle", "init uart"][..]).prop_map(str::to_owned);
    let command = select(&["W C 3F", "W C FF"][..]).prop_map(str::to_owned);
    let commands = prop_oneof![
        4 => wait(), 6 => read(), 4 => write_data(), 3 => command, 2 => trouble()
    ];
    prop_oneof![script(uart, midi), script(init, commands)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_drawn_card_with_a_bus_chip_does_what_the_slow_model_does(
        card in drawn_card(),
        text in talk(),
    ) {
        assert_alike(&card, &text);
    }
}
