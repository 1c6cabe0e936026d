//! What known drivers do to a card, access by access, and the results.
//!
//! Each access takes one microsecond.
//!
//! Roland's firmware 1.5A gives the same results as the model of the Roland unit, with the same
//! accesses.

use crate::bus::{Bus, TimedOut, UART};
use hw_mpu401::{AckSet, CardProfile, InitialState, Mode, cards};

fn roland(initial: InitialState) -> Bus {
    Bus::new("roland-mpu401", initial)
}

fn smsc(initial: InitialState) -> Bus {
    Bus::new("smsc-superio", initial)
}

/// Sends a command as Linux does: writes 00, polls for DRR, and writes the command. If the poll
/// fails, Linux prints a message and writes the command nevertheless.
fn linux_command(bus: &mut Bus, command: u8) -> Result<(), TimedOut> {
    bus.write_data(0x00);
    let ready = bus.poll(0x40, 1_000, 10);
    bus.write_command(command);
    ready
}

/// Waits for the ACK as Linux does. If no ACK comes, Linux reads DATA once more and does not check
/// whether a byte waits.
fn linux_ack(bus: &mut Bus) -> u8 {
    for _ in 0..10_000 {
        if bus.status() & 0x80 == 0 && bus.data() == 0xFE {
            return 0xFE;
        }
    }
    bus.data()
}

#[test]
fn linux_opens_a_roland_whose_3f_overwrites_the_driver_s_own_00() {
    let mut bus = roland(InitialState::Idle);
    assert_eq!(linux_command(&mut bus, 0xFF), Ok(()));
    assert_eq!(linux_ack(&mut bus), 0xFE);
    assert!(bus.now_us() < 500);
    assert_eq!(linux_command(&mut bus, 0x3F), Err(TimedOut));
    assert!((11_000..12_500).contains(&bus.now_us()), "{}", bus.now_us());
    assert_eq!(bus.chip.counters().overwritten, 1);
    bus.poll(0x80, 100_000, 0).expect("the ACK of 3F");
    assert!((27_250..27_600).contains(&bus.now_us()), "{}", bus.now_us());
    bus.write_data(0x90);
    bus.poll(0x40, 100_000, 0).expect("taken");
    assert!((60_600..61_000).contains(&bus.now_us()), "{}", bus.now_us());
    assert_eq!(bus.chip.mode(), Mode::Uart);
}

#[test]
fn linux_opens_an_smsc_at_once() {
    let mut bus = smsc(InitialState::Idle);
    assert_eq!(linux_command(&mut bus, 0xFF), Ok(()));
    assert_eq!(linux_ack(&mut bus), 0xFE);
    assert_eq!(linux_command(&mut bus, 0x3F), Ok(()));
    assert_eq!(linux_ack(&mut bus), 0xFE);
    assert!(bus.now_us() < 20);
    assert_eq!(bus.sent(), []);
}

#[test]
fn linux_takes_a_stale_fe_of_a_roland_in_uart_mode_for_its_ack() {
    let mut bus = roland(UART);
    assert_eq!(linux_command(&mut bus, 0xFF), Ok(()));
    assert_eq!(linux_ack(&mut bus), 0xFE);
    assert!(bus.now_us() > 10_000, "all polls ran out");
    assert_eq!(bus.sent_bytes(), [0x00], "the 00 went to MIDI OUT");
}

#[test]
fn linux_fails_on_a_roland_in_uart_mode_that_was_last_read_a_midi_byte() {
    let mut bus = roland(InitialState::Uart { stale: 0x40 });
    assert_eq!(linux_command(&mut bus, 0xFF), Ok(()));
    assert_eq!(linux_ack(&mut bus), 0x40);
}

#[test]
fn freebsd_loses_its_ff_on_a_roland_and_only_3f_runs() {
    let mut bus = roland(InitialState::Idle);
    bus.write_command(0xFF);
    bus.write_command(0x3F);
    bus.wait_us(100_000);
    assert_eq!(bus.data(), 0xFE);
    bus.wait_us(1_000);
    assert_eq!(bus.status() & 0x80, 0x80, "one ACK only");
    assert_eq!(bus.chip.mode(), Mode::Uart);
    let counters = bus.chip.counters();
    assert_eq!((counters.overwritten, counters.commands), (1, 1));
}

#[test]
fn freebsd_stays_in_uart_mode_on_a_roland_that_was_in_it() {
    let mut bus = roland(UART);
    bus.write_command(0xFF);
    bus.write_command(0x3F);
    bus.wait_us(100_000);
    assert_eq!(bus.status() & 0x80, 0x80, "no ACK");
    assert_eq!(bus.chip.mode(), Mode::Uart);
}

#[test]
fn freebsd_runs_both_commands_on_an_smsc_and_finds_an_ack() {
    let mut bus = smsc(InitialState::Idle);
    bus.write_command(0xFF);
    bus.write_command(0x3F);
    assert_eq!(bus.status() & 0x80, 0);
    assert_eq!(bus.data(), 0xFE);
    assert_eq!(bus.chip.counters().commands, 2);
    assert_eq!(bus.chip.mode(), Mode::Uart);
}

#[test]
fn netbsd_opens_a_roland_and_finds_the_ack_of_3f_among_its_input() {
    let mut bus = roland(InitialState::Idle);
    assert_ne!(bus.status(), 0xFF);
    bus.poll(0x40, 10_000, 10).expect("ready");
    bus.write_command(0xFF);
    bus.poll(0x80, 20_000, 0).expect("the ACK");
    assert_eq!(bus.data(), 0xFE);
    bus.write_command(0x3F);
    bus.poll(0x80, 100_000, 0).expect("the ACK of 3F");
    assert!((27_250..27_500).contains(&bus.now_us()), "{}", bus.now_us());
    assert_eq!(bus.data(), 0xFE);
    bus.write_data(0x90);
    bus.poll(0x40, 10_000, 10).expect("the output poll is long enough");
    assert!((60_600..61_000).contains(&bus.now_us()), "{}", bus.now_us());
}

#[test]
fn netbsd_finds_no_device_in_a_roland_in_uart_mode() {
    let mut bus = roland(UART);
    bus.poll(0x40, 10_000, 10).expect("ready");
    bus.write_command(0xFF);
    assert_eq!(bus.poll(0x80, 20_000, 0), Err(TimedOut));
}

/// Does one of the two resets at the start of the Windows driver: waits for DRR, writes FF, polls
/// for the ACK every 25 us for up to 50 ms, and reads DATA even if no ACK came.
fn windows_reset(bus: &mut Bus) -> (Result<(), TimedOut>, u8) {
    bus.poll(0x40, 50_000, 0).expect("ready within 50 ms");
    bus.write_command(0xFF);
    let acked = bus.poll(0x80, 50_000 / 26, 25);
    (acked, bus.data())
}

#[test]
fn windows_starts_a_roland_in_88_ms() {
    let mut bus = roland(InitialState::Idle);
    assert_eq!(windows_reset(&mut bus), (Ok(()), 0xFE));
    assert_eq!(windows_reset(&mut bus), (Ok(()), 0xFE));
    assert!((27_200..27_600).contains(&bus.now_us()), "{}", bus.now_us());
    bus.poll(0x40, 50_000, 0).expect("ready within 50 ms");
    bus.write_command(0x3F);
    bus.poll(0x40, 50_000, 0).expect("taken");
    assert!((54_200..54_700).contains(&bus.now_us()), "{}", bus.now_us());
    bus.poll(0x80, 100, 0).expect("the ACK through the interrupt");
    assert_eq!(bus.data(), 0xFE);
    bus.write_data(0x90);
    bus.poll(0x40, 50_000, 0).expect("taken");
    assert!((87_600..88_400).contains(&bus.now_us()), "{}", bus.now_us());
}

#[test]
fn windows_waits_50_ms_in_vain_for_a_roland_in_uart_mode_and_then_starts_it() {
    let mut bus = roland(UART);
    assert_eq!(windows_reset(&mut bus), (Err(TimedOut), 0xFE));
    assert!((49_900..50_100).contains(&bus.now_us()), "{}", bus.now_us());
    assert_eq!(windows_reset(&mut bus), (Ok(()), 0xFE));
    assert!((60_500..60_800).contains(&bus.now_us()), "{}", bus.now_us());
    bus.poll(0x40, 50_000, 0).expect("ready");
    bus.write_command(0x3F);
    bus.poll(0x40, 50_000, 0).expect("taken");
    assert!((87_400..87_900).contains(&bus.now_us()), "{}", bus.now_us());
}

#[test]
fn windows_sends_3f_again_for_a_new_stream_and_no_card_minds() {
    for mut bus in [roland(UART), smsc(UART)] {
        bus.write_command(0x3F);
        bus.wait_us(1_000);
        assert_eq!(bus.status() & 0xC0, 0x80, "taken, and no ACK");
        assert_eq!(bus.chip.mode(), Mode::Uart);
    }
}

/// Writes like a driver that checks the wrong bit and therefore never waits.
fn write_without_waiting(bus: &mut Bus) {
    for byte in [0x90, 0x50, 0x7F] {
        bus.status();
        bus.write_data(byte);
    }
    bus.wait_us(2_000);
}

#[test]
fn a_driver_that_never_waits_gets_only_its_last_byte_through_a_roland() {
    let mut bus = roland(UART);
    write_without_waiting(&mut bus);
    assert_eq!(bus.sent_bytes(), [0x7F]);
}

#[test]
fn a_driver_that_never_waits_gets_everything_through_an_smsc() {
    let mut bus = smsc(UART);
    write_without_waiting(&mut bus);
    assert_eq!(bus.sent_bytes(), [0x90, 0x50, 0x7F]);
}

#[test]
fn haiku_leaves_a_stray_fe_as_the_first_input_byte_of_a_roland() {
    let mut bus = roland(InitialState::Idle);
    bus.write_command(0xFF);
    bus.wait_us(30_000);
    bus.write_command(0xFF);
    bus.wait_us(30_000);
    assert_eq!(bus.data(), 0xFE, "of the first FF");
    bus.write_command(0x3F);
    bus.wait_us(30_000);
    assert_eq!(bus.data(), 0xFE, "of the second FF");
    bus.wait_us(20);
    assert_eq!(bus.status() & 0x80, 0, "the one of 3F comes now");
    assert_eq!(bus.data(), 0xFE);
    assert_eq!(bus.chip.mode(), Mode::Uart);
}

#[test]
fn haiku_skips_one_reset_of_a_roland_in_uart_mode_and_works() {
    let mut bus = roland(UART);
    bus.write_command(0xFF);
    bus.wait_us(30_000);
    bus.write_command(0xFF);
    bus.wait_us(30_000);
    bus.data();
    bus.write_command(0x3F);
    bus.wait_us(30_000);
    assert_eq!(bus.chip.counters().overwritten, 1);
    assert_eq!(bus.data(), 0xFE);
    assert_eq!(bus.chip.mode(), Mode::Uart);
}

#[test]
fn a_careful_probe_works_on_every_card_that_acknowledges() {
    let acknowledges_both =
        |card: &&CardProfile| matches!(card.behaviour.ack_set, AckSet::All | AckSet::ResetAndUart);
    for name in cards().iter().filter(acknowledges_both).map(|card| &*card.name) {
        let mut bus = Bus::new(name, InitialState::PowerOn);
        for command in [0xFF, 0x3F] {
            bus.poll(0x40, 65_536, 0).expect("ready");
            bus.write_command(command);
            bus.poll(0x80, 65_536, 0).expect("an ACK");
            assert_eq!(bus.data(), 0xFE, "{name}");
        }
        bus.poll(0x40, 65_536, 0).expect("ready");
        bus.write_data(0x90);
        bus.wait_us(40_000);
        assert_eq!(bus.sent_bytes().last(), Some(&0x90), "{name}");
    }
}
