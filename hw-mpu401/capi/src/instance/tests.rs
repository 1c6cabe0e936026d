//! A host's use of a card, and a host's mistakes.

use super::{Instance, LAST_NS, NEVER_NS};
use crate::count::Count;
use hw_mpu401::{CardTiming, LineSignal, SentByte};

const DATA: u16 = 0;
const STATUS: u16 = 1;
const COMMAND: u16 = 1;
const BYTE_NS: u64 = 320_000;

fn instance(card_name: &str) -> Instance {
    Instance::new(card_name, CardTiming::Typical).expect("a known card")
}

/// A card with a FIFO of 16 bytes, in UART mode; the host has read the ACK. The first byte starts
/// on the line 32 us after its write.
fn smsc_in_uart_mode() -> Instance {
    let mut card = instance("smsc-superio");
    card.write(COMMAND, 0x3F, 0);
    assert_eq!(card.read(DATA, 1_000), 0xFE);
    card
}

/// Writes a byte each 320 us from this time on, and returns the time 320 us after the last write.
fn write_many(card: &mut Instance, count: u64, from_ns: u64) -> u64 {
    for number in 0..count {
        card.write(DATA, number as u8, from_ns + number * BYTE_NS);
    }
    from_ns + count * BYTE_NS
}

#[test]
fn a_card_of_an_unknown_name_is_not_made() {
    assert!(Instance::new("sound-blaster-17", CardTiming::Typical).is_none());
    assert!(Instance::new("", CardTiming::Typical).is_none());
}

#[test]
fn a_byte_can_be_fetched_when_its_stop_bit_has_ended() {
    let mut card = smsc_in_uart_mode();
    card.write(DATA, 0x90, 2_000);
    assert_eq!(card.advance(2_000), 34_000, "its start bit");
    assert_eq!(card.advance(353_999), 354_000, "its stop bit");
    assert_eq!(card.midi_out(), None);
    assert_eq!(card.advance(354_000), NEVER_NS);
    assert_eq!(card.midi_out(), Some(SentByte { start_ns: 34_000, byte: 0x90 }));
    assert_eq!(card.midi_out(), None);
}

#[test]
fn one_advance_over_many_bytes_finds_each_at_its_time() {
    let mut card = smsc_in_uart_mode();
    for byte in [0xB0, 0x07, 0x7F] {
        card.write(DATA, byte, 2_000);
    }
    assert_eq!(card.advance(1_000_000_000), NEVER_NS);
    let starts: Vec<u64> = std::iter::from_fn(|| card.midi_out()).map(|b| b.start_ns).collect();
    assert_eq!(starts, [34_000, 354_000, 674_000]);
}

#[test]
fn advance_stops_at_the_moment_at_which_the_queue_is_full() {
    let mut card = smsc_in_uart_mode();
    let now_ns = write_many(&mut card, 4_094, 10_000);
    for byte in [0x90, 0x3C, 0x40] {
        card.write(DATA, byte, now_ns);
    }
    // The first start bit came 32 us after the first write.
    let full_ns = 10_000 + 32_000 + 4_096 * BYTE_NS;
    assert_eq!(card.advance(full_ns - 1), full_ns, "the end of byte 4096, not yet there");
    assert_eq!(card.advance(full_ns + 1_000_000_000), full_ns);
    assert_eq!(card.advance(full_ns + 1_000_000_000), full_ns, "as long as nobody fetches");
    assert_eq!(card.count(Count::BytesSent), 4_096);

    assert_eq!(card.midi_out().map(|sent| sent.start_ns), Some(42_000));
    assert_eq!(card.advance(full_ns + BYTE_NS), full_ns + BYTE_NS, "full once more");
    assert_eq!(std::iter::from_fn(|| card.midi_out()).count(), 4_096);
    assert_eq!(card.advance(full_ns + 1_000_000_000), NEVER_NS);
    assert_eq!(card.count(Count::BytesDropped), 0);
    assert_eq!(card.count(Count::ClampedTimes), 0);
}

#[test]
fn one_long_step_stops_at_the_same_moment_as_many_short_ones() {
    let mut long = instance("roland-mpu401");
    let full_ns = long.advance(1_000_000_000_000);
    let mut short = instance("roland-mpu401");
    let mut next_ns = 0;
    let mut now_ns = 0;
    while next_ns > now_ns || now_ns == 0 {
        now_ns = next_ns.max(1);
        next_ns = short.advance(now_ns);
    }
    // The unit is ready at 27.01 ms, and has sent FC before. The first F8 starts 11.8 ms after the
    // unit is ready, and the others follow each 25 ms. Byte 4096 is the F8 after 4094 pauses.
    assert_eq!(full_ns, 27_010_000 + 11_800_000 + 4_094 * 25_000_000 + BYTE_NS);
    assert_eq!(now_ns, full_ns);
    assert!(std::iter::from_fn(|| short.midi_out()).eq(std::iter::from_fn(|| long.midi_out())));
}

#[test]
fn an_access_happens_at_its_time_though_the_queue_is_full() {
    let mut card = smsc_in_uart_mode();
    let now_ns = write_many(&mut card, 4_100, 10_000);
    let status = card.read(STATUS, now_ns + 1_000_000);
    assert_eq!(status & 0xC0, 0x80, "all has left, nothing waits");
    assert_eq!(card.advance(now_ns + 1_000_000), now_ns + 1_000_000, "still full");
    assert_eq!(card.count(Count::BytesSent), 4_100);
    assert_eq!(card.count(Count::BytesDropped), 4, "the newest are lost");
    assert_eq!(std::iter::from_fn(|| card.midi_out()).last().map(|sent| sent.byte), Some(0xFF));
    assert_eq!(card.advance(now_ns + 1_000_000), NEVER_NS);
}

#[test]
fn a_time_in_the_past_is_taken_as_the_latest_one_and_counted() {
    let mut card = smsc_in_uart_mode();
    card.advance(1_000_000);
    card.write(DATA, 0xF8, 999_999);
    assert_eq!(card.advance(0), 1_032_000, "it was written at 1 ms");
    card.midi_in(5, LineSignal::Byte(0x42));
    card.advance(1_319_999);
    assert!(!card.interrupt_line());
    card.advance(1_320_000);
    assert!(card.interrupt_line(), "it began at 1 ms");
    assert_eq!(card.count(Count::ClampedTimes), 3);
}

#[test]
fn time_ends_after_292_years_and_a_later_one_is_counted() {
    for profile in hw_mpu401::cards() {
        let mut card = instance(&profile.name);
        card.read(STATUS, u64::MAX);
        card.midi_in(u64::MAX, LineSignal::Byte(0x42));
        assert_eq!(card.count(Count::ClampedTimes), 2, "{}", profile.name);
        while card.midi_out().is_some() {}
        assert_eq!(card.advance(LAST_NS), NEVER_NS, "{}", profile.name);
        assert_eq!(card.count(Count::BytesReceived), 0, "{}", profile.name);
    }
}

#[test]
fn overlapping_bytes_arrive_back_to_back() {
    let mut card = smsc_in_uart_mode();
    for byte in [0x90, 0x3C, 0x40] {
        card.midi_in(100_000, LineSignal::Byte(byte));
    }
    let mut now_ns = 1_000;
    let mut arrivals = Vec::new();
    while now_ns < 10_000_000 {
        now_ns = card.advance(now_ns);
        if now_ns == NEVER_NS {
            break;
        }
        card.advance(now_ns);
        while card.interrupt_line() {
            arrivals.push((now_ns, card.read(DATA, now_ns)));
        }
    }
    assert_eq!(arrivals, [(420_000, 0x90), (740_000, 0x3C), (1_060_000, 0x40)]);
}

#[test]
fn one_byte_more_than_the_midi_in_line_can_hold_is_lost_and_counted() {
    let mut card = smsc_in_uart_mode();
    for number in 0..4_097_u32 {
        card.midi_in(1_000_000, LineSignal::Byte(number as u8));
    }
    assert_eq!(card.count(Count::BytesDropped), 1);
    card.advance(1_000_000 + 17 * BYTE_NS);
    assert_eq!(card.count(Count::BytesReceived), 17);
    assert_eq!(card.count(Count::BytesDropped), 2, "16 wait in the FIFO, one found it full");
}

#[test]
fn where_no_register_is_the_bus_is_open_and_time_passes() {
    let mut card = smsc_in_uart_mode();
    assert_eq!(card.read(0x7FFF, 2_000), 0xFF);
    card.write(0xFFFF, 0xFF, 3_000);
    assert_eq!(card.count(Count::StatusReads), 0);
    assert_eq!(card.count(Count::CommandWrites), 1, "3F alone");
    card.write(DATA, 0xF8, 0);
    assert_eq!(card.advance(3_000), 35_000);
}

#[test]
fn every_access_is_counted() {
    let mut card = smsc_in_uart_mode();
    card.read(STATUS, 2_000);
    card.read(STATUS, 3_000);
    card.write(DATA, 0xF8, 4_000);
    card.write(COMMAND, 0xFF, 5_000);
    let counts = [Count::DataReads, Count::StatusReads, Count::DataWrites, Count::CommandWrites];
    assert_eq!(counts.map(|count| card.count(count)), [1, 2, 1, 2]);
}

#[test]
fn bytes_that_the_unit_sends_by_itself_are_fetched_too() {
    let mut card = instance("roland-mpu401");
    card.advance(100_000_000);
    let sent: Vec<u8> = std::iter::from_fn(|| card.midi_out()).map(|sent| sent.byte).collect();
    assert_eq!(sent, [0xFC, 0xF8, 0xF8, 0xF8]);
    assert_eq!(card.count(Count::BytesSent), 4);
}

#[test]
fn each_number_in_the_header_names_its_count() {
    let numbers = (0..).map_while(Count::from_number).map(|count| count as u32);
    assert_eq!(numbers.collect::<Vec<u32>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(Count::from_number(u32::MAX), None);
}
