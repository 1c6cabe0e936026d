//! Random scripts: the chip against the slow model, laws for any access, and
//! texts that are no scripts.

use std::cell::RefCell;
use std::rc::Rc;

use hw_mpu401::{
    Activation, Behaviour, CardProfile, Control, Corruption, EmptyRead, Fault, FramingError,
    HostPort, InitialState, InterruptCauses, InterruptGate, Lane, LineSignal, Mode, Mpu401,
    Register, Spread, TransmitInterrupt, WaitsAfterReset, WireEdge, WireEvent, card, cards,
};
use mpu401_card_bench::ops::{Model, RunReport, Script, run, run_on};
use proptest::prelude::*;

use crate::reference::Reference;

/// A model that keeps all its wire events.
struct Probe<M> {
    model: M,
    seen: Rc<RefCell<Vec<WireEvent>>>,
}

impl<M: Model> Model for Probe<M> {
    fn read(&mut self, register: Register, now_ns: u64) -> u8 {
        self.model.read(register, now_ns)
    }

    fn write(&mut self, register: Register, value: u8, now_ns: u64) {
        self.model.write(register, value, now_ns);
    }

    fn advance(&mut self, now_ns: u64) {
        self.model.advance(now_ns);
    }

    fn midi_in_signal(&mut self, start_ns: u64, signal: LineSignal) {
        self.model.midi_in_signal(start_ns, signal);
    }

    fn control(&mut self, control: Control, now_ns: u64) {
        self.model.control(control, now_ns);
    }

    fn corrupt(&mut self, lane: Lane, corruption: Corruption) {
        self.model.corrupt(lane, corruption);
    }

    fn hold_midi(&mut self, until_ns: u64) {
        self.model.hold_midi(until_ns);
    }

    fn inject(&mut self, fault: Fault, bytes: u32) {
        self.model.inject(fault, bytes);
    }

    fn interrupt_line(&self) -> bool {
        self.model.interrupt_line()
    }

    fn interrupt_causes(&self) -> InterruptCauses {
        self.model.interrupt_causes()
    }

    fn pop_wire(&mut self) -> Option<WireEvent> {
        let event = self.model.pop_wire();
        self.seen.borrow_mut().extend(event);
        event
    }

    fn mode(&self) -> Mode {
        self.model.mode()
    }
}

/// Runs a script and returns its report and all events on both wires, in the order of time. Of
/// events at the same time those of MIDI OUT come first.
fn run_probed<M: Model>(
    script: &Script,
    card: &CardProfile,
    make: impl Fn(InitialState) -> M,
) -> (RunReport, Vec<WireEvent>) {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let report = run_on(script, &card.name, card.behaviour.access_ns, |initial| Probe {
        model: make(initial),
        seen: Rc::clone(&seen),
    });
    let mut events = seen.take();
    events.sort_by_key(|event| {
        (event.time_ns, event.lane == Lane::In, event.edge == WireEdge::Start)
    });
    (report, events)
}

/// A regular expression for the words of a script in any order.
const NEARLY_A_SCRIPT: &str = concat!(
    "([RWPSDCM@#>./:=+-]|init|idle|in|hold|fault|hanging-note|ack-lost|wire|drain|not|starts|",
    "pace|any|",
    "repeat|end|baud|break|framing|enable|rx|tx|gate|corrupt|causes|",
    "[0-9A-F]{2}|title:|cards:|open|[ \n\t])*"
);

fn parse(text: &str) -> Script {
    Script::parse("random.ops", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The cards, without a card that differs from an earlier one at most in its port.
fn unlike_cards() -> Vec<&'static CardProfile> {
    let apart_from_port = |card: &CardProfile| Behaviour { usual_port: 0, ..card.behaviour };
    let mut unlike: Vec<&CardProfile> = Vec::new();
    for card in cards() {
        if !unlike.iter().any(|other| apart_from_port(other) == apart_from_port(card)) {
            unlike.push(card);
        }
    }
    unlike
}

pub fn assert_alike(card: &CardProfile, text: &str) {
    let script = parse(text);
    let (chip, chip_wire) = run_probed(&script, card, |initial| Mpu401::new(card, initial));
    let (slow, slow_wire) = run_probed(&script, card, |initial| Reference::new(card, initial));
    let (chip, slow) = (chip.to_string(), slow.to_string());
    let differing = chip.lines().zip(slow.lines()).find(|(chip, slow)| chip != slow);
    assert_eq!(differing, None, "chip and slow model of {}, in\n{text}", card.name);
    assert_eq!(chip_wire, slow_wire, "{}: {text}", card.name);
}

pub fn wait() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (1..40_u32).prop_map(|time| format!("wait {time}")),
        3 => (40..700_u32).prop_map(|time| format!("wait {time}")),
        1 => (700..20_000_u32).prop_map(|time| format!("wait {time}")),
    ]
}

pub fn read() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("R S".to_owned()),
        3 => Just("R D".to_owned()),
        1 => Just("irq".to_owned()),
        1 => Just("wire all".to_owned()),
        1 => Just("wire".to_owned()),
        1 => (1..9_u32).prop_map(|most| format!("drain {most}")),
        1 => (1..300_u32, 0..20_u32).prop_map(|(n, pause)| format!("P S 40 00 {n} {pause}")),
        1 => (1..300_u32, 0..20_u32).prop_map(|(n, pause)| format!("P S 80 00 {n} {pause}")),
    ]
}

pub fn write_data() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => any::<u8>().prop_map(|byte| format!("W D {byte:02X}")),
        2 => any::<u8>().prop_map(|byte| format!("P S 40 00 500 0\nW D {byte:02X}")),
        1 => (2..40_u32, 0..400_u32).prop_map(|(n, pause)| {
            format!("repeat {n}\nP S 40 00 500 0\nW D 55\nwait {pause}\nend")
        }),
        1 => (2..40_u32).prop_map(|n| format!("repeat {n}\nW D 56\nend")),
    ]
}

/// A line that gives the card's processor other work, or that begins or ends a fault.
pub fn trouble() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (1..1_500_u32).prop_map(|time| format!("hold {time}")),
        2 => (1..4_u32).prop_map(|bytes| format!("fault hanging-note {bytes}")),
        1 => Just("fault hanging-note off".to_owned()),
        1 => (1..4_u32).prop_map(|acks| format!("fault ack-lost {acks}")),
    ]
}

pub fn midi_in() -> impl Strategy<Value = String> {
    let bytes = || {
        prop::collection::vec(any::<u8>(), 1..8).prop_map(|bytes| {
            let words: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            words.join(" ")
        })
    };
    let speed = prop_oneof![3 => Just(38_400), 1 => 300..250_000_u32];
    prop_oneof![
        8 => bytes().prop_map(|bytes| format!("in {bytes}")),
        1 => bytes().prop_map(|bytes| format!("in {bytes} framing")),
        2 => (speed, bytes()).prop_map(|(speed, bytes)| format!("in baud {speed} {bytes}")),
        1 => (32..1_000_u32).prop_map(|time| format!("in break {time}")),
    ]
}

/// A line that acts on the card from outside its ports, or that looks at its interrupt. Most
/// deactivations last less than 1 ms, so that most of the script is about a card that answers.
fn control() -> impl Strategy<Value = String> {
    let word = |words: &'static [&'static str]| prop::sample::select(words).prop_map(str::to_owned);
    prop_oneof![
        4 => word(&["enable none", "enable rx", "enable tx", "enable rx tx"]),
        2 => word(&["gate closed\nirq\ngate open", "gate closed", "gate open"]),
        4 => word(&["causes", "causes\nirq"]),
        1 => (0..700_u32).prop_map(|time| {
            format!("deactivate\nR S\nR D\nW D 58\nirq\nwait {time}\nactivate")
        }),
        1 => word(&["deactivate", "activate"]),
        1 => ("(in|out)", any::<u8>(), 1..4_u32)
            .prop_map(|(line, flips, every)| format!("corrupt {line} {flips:02X} {every}")),
    ]
}

/// A built-in card with other interrupts, another activation, another answer to a missing stop bit,
/// and other bits of STATUS.
fn any_lines() -> impl Strategy<Value = CardProfile> {
    let of_interrupt = (
        prop::sample::select(TransmitInterrupt::ALL),
        any::<u8>().prop_map(InterruptCauses::from_bits_truncate),
        prop::sample::select(InterruptGate::ALL),
        1..5_u16,
    );
    let others = (
        prop_oneof![4 => Just(Activation::Active), 1 => prop::sample::select(Activation::ALL)],
        prop::sample::select(FramingError::ALL),
        0..0x40_u8,
    );
    (prop::sample::select(cards()), of_interrupt, others).prop_map(
        |(profile, (transmit, enables, gate, threshold), (activation, framing_error, bits))| {
            let card = &profile.behaviour;
            let behaviour = Behaviour {
                transmit_interrupt: match card.host_port {
                    HostPort::Mailbox | HostPort::BusChip => TransmitInterrupt::None,
                    HostPort::Fifo => transmit,
                },
                interrupt_enables: enables,
                interrupt_gate: gate,
                rx_threshold: threshold.min(card.rx_depth),
                activation,
                framing_error,
                status_low_bits: 0,
                status_command_bits: bits & !(card.status_rx_full_bits | card.status_uart_bits),
                ..*card
            };
            CardProfile { behaviour, ..profile.clone() }
        },
    )
}

pub fn script(
    init: impl Strategy<Value = String>,
    line: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    (init, prop::collection::vec(line, 1..60))
        .prop_map(|(init, lines)| format!("{init}\n{}\n", lines.join("\n")))
}

/// A script in UART mode. The card was in this mode before, or has just entered it. The script does
/// not have the command FF, the only command that leaves UART mode.
fn uart_script() -> impl Strategy<Value = String> {
    let found = any::<u8>().prop_map(|stale| format!("init uart stale={stale:02X}"));
    let entered = Just("init idle\nW C 3F\nwait 100".to_owned());
    let swallowed = (0..0xFF_u8).prop_map(|byte| format!("W C {byte:02X}"));
    let line = prop_oneof![
        8 => wait(), 12 => read(), 8 => write_data(), 4 => midi_in(), 2 => swallowed,
        2 => trouble(), 1 => control()
    ];
    script(prop_oneof![2 => found, 1 => entered], line)
}

/// A card with mailboxes, small buffers and drawn times of UART mode.
fn mailbox_card() -> impl Strategy<Value = CardProfile> {
    let time = |most_us: u64| (0..=most_us).prop_map(|us| Spread::exactly(us * 1_000));
    let depths = (2..12_u16, 1..8_u16);
    let output = (time(60), time(200), time(120), time(400), time(60));
    let input = (time(160), (1..20_u64).prop_map(|us| Spread::exactly(us * 1_000)));
    (depths, output, input).prop_map(|(depths, output, input)| {
        let mut card = card("roland-mpu401").expect("a known card").clone();
        (card.behaviour.tx_depth, card.behaviour.rx_depth) = depths;
        let timing = &mut card.behaviour.timing;
        (
            timing.drr_clear_uart_ns,
            timing.tx_accept_ns,
            timing.tx_start_ns,
            timing.tx_full_accept_ns,
            timing.tx_full_look_ns,
        ) = output;
        (timing.rx_to_dsr_ns, timing.next_byte_ns) = input;
        timing.rx_queued_to_dsr_ns = timing.rx_to_dsr_ns;
        card
    })
}

/// A script with resets and entries into UART mode, without MIDI IN.
fn command_script() -> impl Strategy<Value = String> {
    let full = "init uart\nrepeat 550\nP S 40 00 500 0\nW D 57\nend\nP S 40 00 500 0\nW C FF";
    let init = prop_oneof![
        4 => Just("init idle".to_owned()),
        4 => Just("init power-on".to_owned()),
        4 => Just("init uart".to_owned()),
        1 => Just(full.to_owned()),
    ];
    let command = prop_oneof![Just("W C FF".to_owned()), Just("W C 3F".to_owned())];
    let long = (20_000..90_000_u32).prop_map(|time| format!("wait {time}"));
    let line = prop_oneof![
        6 => wait(), 4 => long, 12 => read(), 6 => write_data(), 6 => command, 2 => trouble(),
        1 => control()
    ];
    script(init, line)
}

/// A script with any commands, MIDI both ways, and pauses of up to 2 s.
fn any_script() -> impl Strategy<Value = String> {
    let init = prop_oneof![
        Just("init idle".to_owned()),
        Just("init power-on".to_owned()),
        Just("init uart".to_owned()),
    ];
    let command = any::<u8>().prop_map(|byte| format!("W C {byte:02X}"));
    let long = (20_000..2_000_000_u32).prop_map(|time| format!("wait {time}"));
    let look = Just("R S\nirq\nR S".to_owned());
    script(
        init,
        prop_oneof![
            3 => wait(), 1 => long, 4 => read(), 3 => write_data(), 4 => command, 2 => midi_in(),
            3 => look, 1 => trouble()
        ],
    )
}

/// A built-in card with another answer at an empty DATA and another wait after a reset. Without
/// firmware its busy time after a reset is drawn too.
fn varied_card() -> impl Strategy<Value = CardProfile> {
    let empty_read = prop_oneof![
        Just(EmptyRead::Stale),
        Just(EmptyRead::LastInput),
        any::<u8>().prop_map(EmptyRead::Value),
    ];
    let waits = prop::sample::select(WaitsAfterReset::ALL);
    let busy_us = prop_oneof![Just(0), 1..30_000_u64];
    (0..cards().len(), empty_read, waits, busy_us).prop_map(|(card, empty_read, waits, busy_us)| {
        let mut varied = cards()[card].clone();
        varied.behaviour.empty_read = empty_read;
        varied.behaviour.waits_after_reset = waits;
        if varied.behaviour.firmware.is_none() {
            let busy_ns = Spread::exactly(busy_us * 1_000);
            varied.behaviour.timing.busy_after_reset_ns = busy_ns;
            varied.behaviour.timing.busy_after_exit_ns = busy_ns;
            varied.behaviour.timing.busy_after_exit_full_ns = busy_ns;
        }
        varied
    })
}

proptest! {
    #[test]
    fn a_card_with_drawn_values_does_what_the_slow_model_does(
        card in varied_card(),
        text in prop_oneof![uart_script(), command_script()],
    ) {
        assert_alike(&card, &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn in_uart_mode_every_card_does_what_the_slow_model_does(text in uart_script()) {
        for card in unlike_cards() {
            assert_alike(card, &text);
        }
    }

    #[test]
    fn in_uart_mode_a_drawn_card_does_what_the_slow_model_does(
        cards in prop::collection::vec(mailbox_card(), 8),
        text in uart_script(),
    ) {
        for card in &cards {
            assert_alike(card, &text);
        }
    }

    #[test]
    fn resets_and_entries_into_uart_mode_go_as_in_the_slow_model(text in command_script()) {
        for card in unlike_cards() {
            assert_alike(card, &text);
        }
    }

    #[test]
    fn a_card_with_any_interrupts_does_what_the_slow_model_does(
        card in any_lines(), text in prop_oneof![uart_script(), command_script()],
    ) {
        assert_alike(&card, &text);
    }

    #[test]
    fn the_same_script_gives_the_same_report_and_a_line_that_is_up_means_data(
        text in any_script()
    ) {
        let script = parse(&text);
        for card in unlike_cards() {
            let report = run(&script, card);
            prop_assert_eq!(&report, &run(&script, card));
            let lines = report.scenarios[0].lines.as_ref().expect("meant for every card");
            for pair in lines.windows(2) {
                prop_assert!(pair[0].time_ns <= pair[1].time_ns);
                if pair[0].text == "irq -> up" && pair[1].text.starts_with("R S -> ") {
                    let status = u8::from_str_radix(&pair[1].text[7..], 16).expect("a byte");
                    prop_assert_eq!(status & 0x80, 0, "{}: {}", card.name, text);
                }
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in NEARLY_A_SCRIPT) {
        let _ = Script::parse("random.ops", &text);
    }
}
