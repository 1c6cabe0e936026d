//! What is true for every card and every host, even for a host with mistakes.

use hw_mpu401::{CardTiming, Control, InterruptCauses, InterruptGate, LineSignal, SentByte};
use mpu401::count::Count;
use mpu401::instance::Instance;
use proptest::collection::vec;
use proptest::prelude::*;

const BYTE_NS: u64 = 320_000;

/// A call of a host.
#[derive(Debug, Clone, Copy)]
enum Call {
    Read(u16),
    Write(u16, u8),
    MidiIn(u64, LineSignal),
    Control(Control),
    Advance,
    MidiOut,
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => (0..3_u16).prop_map(Call::Read),
        4 => (0..2_u16, any::<u8>()).prop_map(|(offset, value)| Call::Write(offset, value)),
        2 => prop_oneof![Just(0x3F), Just(0xFF)].prop_map(|command| Call::Write(1, command)),
        2 => (0..2_000_000_u64, signal()).prop_map(|(later_ns, signal)| {
            Call::MidiIn(later_ns, signal)
        }),
        1 => control().prop_map(Call::Control),
        2 => Just(Call::Advance),
        1 => Just(Call::MidiOut),
    ]
}

fn signal() -> impl Strategy<Value = LineSignal> {
    prop_oneof![
        4 => any::<u8>().prop_map(LineSignal::Byte),
        1 => any::<u8>().prop_map(LineSignal::WithoutStop),
        1 => (any::<u8>(), any::<u32>())
            .prop_map(|(byte, bits_per_second)| LineSignal::AtSpeed { byte, bits_per_second }),
        1 => any::<u64>().prop_map(|duration_ns| LineSignal::Break { duration_ns }),
    ]
}

fn control() -> impl Strategy<Value = Control> {
    prop_oneof![
        any::<u8>().prop_map(|bits| {
            Control::InterruptEnables(InterruptCauses::from_bits_truncate(bits))
        }),
        prop::sample::select(InterruptGate::ALL).prop_map(Control::InterruptGate),
        Just(Control::Activate),
        Just(Control::Deactivate),
    ]
}

fn card_name() -> impl Strategy<Value = String> {
    prop::sample::select(hw_mpu401::cards()).prop_map(|profile| profile.name.into_owned())
}

/// A time in the first 100 s, mostly in the first 4 s. The times of the calls go back and forth.
///
/// A sequencer that plays acts at every MIDI clock at least, so centuries of play would take
/// minutes here. `tests/chip/properties.rs` of the chip goes to the end of time.
fn any_time_ns() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..4_000_000_000_u64, 1 => 0..100_000_000_000_u64]
}

fn new(card_name: &str) -> Instance {
    Instance::new(card_name, CardTiming::Typical).expect("a known card")
}

/// Makes a call. Returns the byte that the call read, or 0, and whether the interrupt line is up.
/// For [`Call::MidiOut`] only time passes; the caller fetches the byte.
fn make(card: &mut Instance, call: Call, now_ns: u64) -> (u8, bool) {
    let mut value = 0;
    match call {
        Call::Read(offset) => value = card.read(offset, now_ns),
        Call::Write(offset, byte) => card.write(offset, byte, now_ns),
        Call::MidiIn(later_ns, signal) => {
            card.advance(now_ns);
            card.midi_in(now_ns.saturating_add(later_ns), signal);
        }
        Call::Control(control) => card.control(control, now_ns),
        Call::Advance | Call::MidiOut => _ = card.advance(now_ns),
    }
    (value, card.interrupt_line())
}

fn fetch_all(card: &mut Instance) -> Vec<SentByte> {
    std::iter::from_fn(|| card.midi_out()).collect()
}

fn all_counts(card: &Instance) -> Vec<u64> {
    (0..).map_while(Count::from_number).map(|count| card.count(count)).collect()
}

proptest! {
    #[test]
    fn looking_more_often_changes_nothing(
        name in card_name(),
        calls in vec((call(), 0..40_000_000_u64, 1..5_u64), 1..60),
    ) {
        let mut plain = new(&name);
        let mut watched = new(&name);
        let mut now_ns = 0;
        for (call, pause_ns, looks) in calls {
            for look in 1..=looks {
                watched.advance(now_ns + pause_ns * look / looks);
            }
            now_ns += pause_ns;
            prop_assert_eq!(make(&mut plain, call, now_ns), make(&mut watched, call, now_ns));
        }
        now_ns += 1_000_000_000;
        prop_assert_eq!(plain.advance(now_ns), watched.advance(now_ns));
        prop_assert_eq!(fetch_all(&mut plain), fetch_all(&mut watched));
        prop_assert_eq!(all_counts(&plain), all_counts(&watched));
    }

    #[test]
    fn whatever_a_host_does_bytes_leave_one_after_the_other_and_none_is_lost_uncounted(
        name in card_name(),
        calls in vec((call(), any_time_ns()), 1..60),
    ) {
        let mut card = new(&name);
        let mut fetched = Vec::new();
        let mut latest_ns = 0;
        for (call, now_ns) in calls {
            make(&mut card, call, now_ns);
            latest_ns = latest_ns.max(now_ns.min(u64::MAX / 2));
            if matches!(call, Call::MidiOut) {
                fetched.extend(card.midi_out());
            }
            let next_ns = card.advance(latest_ns);
            if next_ns <= latest_ns {
                let waiting = fetch_all(&mut card);
                prop_assert_eq!(waiting.len(), 4_096, "it stops only when the queue is full");
                fetched.extend(waiting);
            }
        }
        fetched.extend(fetch_all(&mut card));
        for pair in fetched.windows(2) {
            prop_assert!(pair[1].start_ns >= pair[0].start_ns + BYTE_NS);
        }
        let lost = card.count(Count::BytesSent) - fetched.len() as u64;
        prop_assert!(lost <= card.count(Count::BytesDropped));
    }
}
