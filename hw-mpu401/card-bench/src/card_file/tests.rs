//! Good and bad card files, and the examples of the documentation.
//!
//! A card that is written and read stays the same.

use hw_mpu401::behaviour::{FIELDS, Kind, LATENCIES};
use hw_mpu401::{
    CardProfile, EmptyRead, Fifos, FirmwareId, FixedAnswers, InterruptCauses, NEVER_NS, Spread,
    Text, card, cards, families, family,
};
use proptest::prelude::*;

use super::*;

const BASED: &str = "name = \"mine\"\nbased-on = \"roland-mpu401\"\n";

fn read(text: &str) -> CardFile {
    CardFile::parse("t.toml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn error(text: &str) -> String {
    CardFile::parse("t.toml", text).expect_err("the file is not valid").to_string()
}

/// The error for a file with this line after a name and a base.
fn error_of(line: &str) -> String {
    error(&format!("{BASED}{line}"))
}

#[test]
fn every_built_in_card_is_the_same_when_it_is_written_and_read() {
    for profile in cards() {
        let text = to_toml(profile);
        assert_eq!(
            read(&text),
            CardFile { profile: profile.clone(), based_on: None, resources: Vec::new() },
            "{text}"
        );
        assert!(text.is_ascii());
    }
}

#[test]
fn the_example_of_the_documentation_is_a_card() {
    let card = read(include_str!("../../../../docs/my-card.toml"));
    assert_eq!(&*card.profile.name, "my-card");
    assert_eq!(card.based_on.as_deref(), Some("sb16"));
    let page = include_str!("../../../../docs/card-files.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let behaviour = read(example.expect("an example")).profile.behaviour;
    assert_eq!(behaviour.tx_depth, card.profile.behaviour.tx_depth);
    let of_a_family = page.split("```toml\n").nth(2).and_then(|rest| rest.split("```").next());
    let behaviour = read(of_a_family.expect("a second example")).profile.behaviour;
    assert_eq!((behaviour.tx_depth, behaviour.rx_depth), (17, 8));
    let of_the_class = page.split("```toml\n").nth(3).and_then(|rest| rest.split("```").next());
    let behaviour = read(of_the_class.expect("a third example")).profile.behaviour;
    assert_eq!(behaviour.answers.answer_to(0xA7), Some(0x00));
}

#[test]
fn a_card_based_on_another_changes_only_what_it_names() {
    let found = read(
        "name = \"mine\"\nbased-on = \"roland-mpu401\"\ntx-depth = 0x20\nempty-read = 0xFE\n\
         firmware = { version = 0x14, revision = 2 }\ncleared-by-reset = []\n\
         [timing]\ntx-accept-ns = { min = 1, typ = 2, max = 3 }\n\
         next-byte-ns = { min = 1, typ = 2, p95 = 2, max = 3 }\nbacklog-after-exit-ns = \"never\"",
    );
    let mut expected = card("roland-mpu401").expect("a known card").clone();
    expected.name = Text::Borrowed("mine");
    expected.behaviour.tx_depth = 32;
    expected.behaviour.empty_read = EmptyRead::Value(0xFE);
    expected.behaviour.firmware = Some(FirmwareId { version: 0x14, revision: 2 });
    expected.behaviour.cleared_by_reset = Fifos::empty();
    expected.behaviour.timing.tx_accept_ns = Spread::between(1, 2, 3);
    expected.behaviour.timing.next_byte_ns = Spread::measured(1, 2, 2, 3);
    expected.behaviour.timing.backlog_after_exit_ns = Spread::exactly(NEVER_NS);
    assert_eq!(found.profile, expected);
    assert_eq!(found.based_on.as_deref(), Some("roland-mpu401"));
}

#[test]
fn a_card_of_a_family_needs_only_its_name_and_what_it_has_otherwise() {
    for plain in families() {
        let found = read(&format!("name = \"mine\"\nfamily = \"{}\"\n", plain.name));
        let expected = CardProfile { name: Text::Borrowed("mine"), ..plain.clone() };
        assert_eq!(found, CardFile { profile: expected, based_on: None, resources: Vec::new() });
    }
    let found = read(
        "family = \"fifo-chip\"\nname = \"mine\"\ntitle = \"Mine\"\nrx-depth = 8\n\
         [timing]\nrx-to-dsr-ns = 5",
    );
    let mut behaviour = family("fifo-chip").expect("a known family").behaviour;
    behaviour.rx_depth = 8;
    behaviour.timing.rx_to_dsr_ns = Spread::exactly(5);
    assert_eq!((&*found.profile.title, found.profile.behaviour), ("Mine", behaviour));
}

#[test]
fn a_family_that_is_not_known_or_not_alone_is_refused() {
    let known = "write one of uart-chip, fifo-chip, roland-firmware";
    let cases = [
        (
            "name = \"mine\"\n\nfamily = \"fifo\"",
            format!(
                "t.toml:3:1: family = \"fifo\" is not possible; did you mean fifo-chip? {known}"
            ),
        ),
        (
            "name = \"mine\"\nfamily = 16",
            format!("t.toml:2:1: family = 16 is not possible; {known}"),
        ),
        (
            "name = \"mine\"\nfamily = \"sb16\"",
            format!("t.toml:2:1: family = \"sb16\" is not possible; {known}"),
        ),
        (
            "name = \"mine\"\nfamilly = \"fifo-chip\"",
            "t.toml:2:1: there is no key familly; did you mean family?".to_owned(),
        ),
        (
            "family = \"fifo-chip\"",
            "t.toml:1:21: the key name is missing; give the card a name, as in name = \"my-card\""
                .to_owned(),
        ),
        (
            "name = \"mine\"\nfamily = \"fifo-chip\"\ntx-depth = 0",
            "t.toml:3:1: tx-depth = 0 is not possible; write a number from 1 to 512".to_owned(),
        ),
        (
            "name = \"mine\"\nfamily = \"roland-firmware\"\ntx-depth = 1",
            "t.toml:3:1: a latch at the port needs one place in the latch and one on the wire; \
             write tx-depth = 2 or more, or host-port = \"fifo\""
                .to_owned(),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "{text}");
    }
    assert_eq!(
        error_of("family = \"fifo-chip\""),
        "t.toml:3:1: a card cannot start from another card and from a family; leave out based-on \
         or family"
    );
}

#[test]
fn the_documentation_of_card_files_names_every_family_with_what_it_is() {
    let page = include_str!("../../../../docs/card-files.md");
    for family in families() {
        let row = format!("| `{}` | {} |", family.name, family.description);
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_what_to_write() {
    let cases = [
        ("tx-depht = 4", "t.toml:3:1: there is no key tx-depht; did you mean tx-depth?"),
        ("tx_depth = 4", "t.toml:3:1: there is no key tx_depth; did you mean tx-depth?"),
        (
            "zebra = 4",
            "t.toml:3:1: there is no key zebra; cards --show roland-mpu401 shows all keys",
        ),
        ("tx-depth = 0", "t.toml:3:1: tx-depth = 0 is not possible; write a number from 1 to 512"),
        (
            "rx-depth = 2049",
            "t.toml:3:1: rx-depth = 2049 is not possible; write a number from 1 to 2048",
        ),
        (
            "tx-depth = -1",
            "t.toml:3:1: tx-depth = -1 is not possible; write a number from 1 to 512",
        ),
        (
            "tx-depth = 1.5",
            "t.toml:3:1: tx-depth is a number with a point; write a number from 1 to 512",
        ),
        (
            "status-low-bits = 0x40",
            "t.toml:3:1: status-low-bits = 0x40 is not possible; write a number from 0x0 to 0x3F",
        ),
        (
            "interrupt = \"edge\"",
            "t.toml:3:1: interrupt = \"edge\" is not possible; did you mean latch-edge? write \
             \"latch-edge\" or \"level\"",
        ),
        (
            "interrupt = true",
            "t.toml:3:1: interrupt is true or false; write \"latch-edge\" or \"level\"",
        ),
        (
            "name = \"Mine\"",
            "t.toml:3:1: this is no TOML: duplicate key; write key = value, one a line, with texts \
             in \"\"",
        ),
        (
            "[timing]\n\ntx-accept-ns = { min = 3, typ = 2, max = 1 }",
            "t.toml:5:1: tx-accept-ns has min, typ and max out of order; write them so that \
             min <= typ <= max",
        ),
        (
            "[timing]\ntx-accept-ns = { min = 1, typ = 2, p95 = 5, max = 4 }",
            "t.toml:4:1: tx-accept-ns has min, typ, p95 and max out of order; write them so that \
             min <= typ <= p95 <= max",
        ),
        (
            "[timing]\ntx-accept-ns = { min = 1, p95 = 2, max = 4 }",
            "t.toml:4:1: tx-accept-ns has not just the keys min, typ, p95, max; write { min = 1, \
             typ = 2, p95 = 3, max = 4 }",
        ),
        (
            "[timing]\nbusy-after-reset-ns = 86_400_000_000_001",
            "t.toml:4:1: busy-after-reset-ns = 86400000000001 is not possible; write ns up to \
             86400000000000 (a day), or { min = 1, typ = 2, max = 3 }",
        ),
        (
            "[timing]\nbusy-after-rest-ns = 1",
            "t.toml:4:1: there is no key busy-after-rest-ns; did you mean busy-after-reset-ns?",
        ),
        (
            "cleared-by-reset = [\"tx\", \"fifo\"]",
            "t.toml:3:1: cleared-by-reset is a list; write a list of \"tx\" and \"rx\", as in \
             [\"rx\"] or []",
        ),
        (
            "interrupt-enables = [\"tx\", \"irq\"]",
            "t.toml:3:1: interrupt-enables is a list; write a list of \"tx\" and \"rx\", as in \
             [\"rx\"] or []",
        ),
        (
            "firmware = { version = 1, revison = 1 }",
            "t.toml:3:27: firmware has no key revison; did you mean revision? write \
             { version = 0x15, revision = 0x01 } or \"none\"",
        ),
        (
            "firmware = { version = 1 }",
            "t.toml:3:1: firmware has not just the keys version, revision; write \
             { version = 0x15, revision = 0x01 } or \"none\"",
        ),
        (
            "empty-read = 0x1FF",
            "t.toml:3:1: empty-read = 0x1FF is not possible; write \"stale\", \
             \"last-input\" or a byte, as in 0xFE",
        ),
        (
            "answers = { AC = 0x15,\n\"A0-9F\" = 0 }",
            "t.toml:4:1: A0-9F names no commands; write commands in hexadecimal, as in \
             { \"A0-A7\" = 0x00, AC = 0x15 }",
        ),
        ("answers = { AC1 = 0x15 }", "t.toml:3:13: AC1 names no commands; write"),
        ("answers = { \"+1\" = 0x15 }", "t.toml:3:13: +1 names no commands; write"),
        ("answers = 0x15", "t.toml:3:1: answers = 0x15 is not possible; write commands in"),
        (
            "answers = { \"A0-A7\" = 0, A7 = 1 }",
            "t.toml:3:26: command A7 has two answers; name each command in one row only",
        ),
        (
            "answers = { AC = 0x100 }",
            "t.toml:3:13: AC = 0x100 is not possible; write a number from 0x0 to 0xFF",
        ),
        (
            "answers = { A0 = 0, A1 = 0, A2 = 0, A3 = 0, A4 = 0, A5 = 0, A6 = 0, A7 = 0, A8 = 0 }",
            "t.toml:3:1: answers has more than 8 rows; put neighbours with one answer into one row",
        ),
        ("\n\ntx-depth = ", "t.toml:5:12: this is no TOML: "),
    ];
    for (line, expected) in cases {
        let found = error_of(line);
        assert!(found.starts_with(expected), "{line}:\n{found}\n{expected}");
    }
}

#[test]
fn a_contradiction_is_named_at_the_key_that_makes_it() {
    let cases = [
        (
            "tx-depth = 1",
            "t.toml:3:1: a latch at the port needs one place in the latch and one on the wire",
        ),
        (
            "command-port = \"status-only\"",
            "t.toml:3:1: a card without a command port cannot be asked for its firmware",
        ),
        (
            "firmware = \"none\"\ncommand-port = \"status-only\"",
            "t.toml:4:1: a card without a command port has nothing to acknowledge",
        ),
        (
            "ack-set = \"reset-and-uart\"",
            "t.toml:3:1: a card that knows only FF and 3F cannot be asked for its firmware",
        ),
        (
            "firmware = \"none\"\nack-set = \"none\"\nack-reset-in-uart = \"acknowledged\"",
            "t.toml:5:1: a card without an ACK has none in UART mode either",
        ),
        (
            "firmware = \"none\"\nack-set = \"reset-without-uart\"\nanswers = { AC = 0x15 }",
            "t.toml:5:1: a card that knows only FF and 3F has no answers to other commands",
        ),
        (
            "rx-outside-uart = \"heard\"",
            "t.toml:3:1: a sequencer itself answers commands, hears MIDI IN and takes data",
        ),
        (
            "host-port = \"bus-chip\"",
            "t.toml:3:1: behind a bus chip unread input does not stop the output",
        ),
        ("status-uart-bits = 0x10", "t.toml:3:1: one bit of STATUS has two meanings"),
        ("status-command-bits = 0x01", "t.toml:3:1: one bit of STATUS has two meanings"),
        (
            "rx-depth = 4\nrx-threshold = 5",
            "t.toml:4:1: the input never holds as many bytes as rx-threshold asks for",
        ),
        (
            "transmit-interrupt = \"empty\"",
            "t.toml:3:1: a card without a FIFO has no output FIFO whose state could interrupt",
        ),
        (
            "interrupt-enables = [\"rx\", \"tx\"]",
            "t.toml:3:1: a card without a transmit interrupt has none to enable",
        ),
        ("usual-port = 0xFFFE\nstatus-offset = 2", "t.toml:3:1: STATUS would lie above port FFFF"),
        (
            "usual-port = 0xFFFE\ncontrol-port = \"national\"",
            "t.toml:3:1: the control register would lie above port FFFF",
        ),
        (
            "status-offset = 2\ncontrol-port = \"national\"",
            "t.toml:4:1: STATUS and the control register are both at base+2",
        ),
        (
            "[timing]\nbusy-after-exit-full-ns = 1",
            "t.toml:3:2: busy-after-exit-full-ns is shorter than busy-after-exit-ns",
        ),
        (
            "[timing]\nbacklog-after-exit-ns = 61_000_000",
            "t.toml:3:2: the card would throw its output away after it is ready again",
        ),
    ];
    for (line, expected) in cases {
        let found = error_of(line);
        assert!(found.starts_with(expected), "{line}:\n{found}\n{expected}");
    }
}

#[test]
fn a_missing_key_is_named_when_there_is_no_card_to_start_from() {
    assert_eq!(
        error("name = \"mine\"\n"),
        "t.toml:2:1: the key title is missing; write it, or what to start from, as in \
         based-on = \"roland-mpu401\" or family = \"fifo-chip\""
    );
    assert_eq!(
        error("based-on = \"sb16\""),
        "t.toml:1:18: the key name is missing; give the card a name, as in name = \"my-card\""
    );
    let text = to_toml(&cards()[0]).replace("next-byte-ns = 9_000\n", "");
    assert!(error(&text).contains("the key next-byte-ns is missing"), "{}", error(&text));
    assert!(error("name = \"mine\"\nbased-on = \"none\"").contains("write one of roland-mpu401"));
}

#[test]
fn the_table_of_keys_has_every_latency_in_the_order_of_the_profile() {
    let mut profile = cards()[0].clone();
    for (number, latency) in LATENCIES.iter().enumerate() {
        *(latency.get_mut)(&mut profile.behaviour.timing) = Spread::exactly(number as u64);
    }
    let mut next = 0;
    let _ = profile.behaviour.timing.map(|spread| {
        assert_eq!(*spread, Spread::exactly(next));
        next += 1;
    });
    assert_eq!(next as usize, LATENCIES.len());
}

/// A card with random values for most keys, contradictions included.
fn any_card() -> impl Strategy<Value = CardProfile> {
    let numbers = prop::collection::vec(any::<u64>(), FIELDS.len() + 4 * LATENCIES.len());
    (0..cards().len(), numbers, "[ -~]{1,40}").prop_map(|(card, numbers, words)| {
        let mut profile = cards()[card].clone();
        let (of_fields, of_times) = numbers.split_at(FIELDS.len());
        profile.title = Text::Owned(words.clone());
        profile.description = Text::Owned(words);
        for (field, &number) in FIELDS.iter().zip(of_fields) {
            let card = &mut profile.behaviour;
            match &field.kind {
                Kind::Number { range, place, .. } => {
                    let numbers = range.end() - range.start() + 1;
                    (place.set)(card, range.start() + number % numbers);
                }
                Kind::Word { words, place } => (place.set)(card, number as usize % words.len()),
                Kind::Fifos(place) => (place.set)(card, Fifos::from_bits_truncate(number as u8)),
                Kind::EmptyRead(place) => {
                    let value = EmptyRead::Value((number >> 8) as u8);
                    let values = [EmptyRead::Stale, EmptyRead::LastInput, value];
                    (place.set)(card, values[number as usize % values.len()]);
                }
                Kind::Answers(place) => {
                    let [first, more, answer, rows, ..] = number.to_le_bytes();
                    let answers = (0..rows % 5).fold(FixedAnswers::NONE, |answers, row| {
                        let first = (first % 32) + 32 * row;
                        answers.with(first..=first + more % 32, answer)
                    });
                    (place.set)(card, answers);
                }
                Kind::Causes(place) => {
                    (place.set)(card, InterruptCauses::from_bits_truncate(number as u8));
                }
                _ => {}
            }
        }
        for (latency, numbers) in LATENCIES.iter().zip(of_times.chunks(4)) {
            let mut times = [numbers[0], numbers[1], numbers[2], numbers[3]];
            times = times.map(|number| number % 86_400_000_000_001);
            times.sort_unstable();
            let [min, typ, p95, max] = times;
            *(latency.get_mut)(&mut profile.behaviour.timing) = match numbers[0] % 2 == 0 {
                true => Spread::measured(min, typ, p95, max),
                false => Spread::between(min, typ, max),
            };
        }
        profile
    })
}

proptest! {
    #[test]
    fn any_card_without_a_contradiction_is_the_same_when_it_is_written_and_read(
        profile in any_card(),
    ) {
        match CardFile::parse("t.toml", &to_toml(&profile)) {
            Ok(found) => prop_assert_eq!(found.profile, profile),
            Err(error) => {
                let contradiction = consistency::contradiction(&profile.behaviour);
                prop_assert_eq!(contradiction.map(|c| c.what), Some(error.what));
            }
        }
    }

    #[test]
    fn arbitrary_text_is_refused_and_never_a_fault(text in ".{0,200}") {
        let _ = CardFile::parse("t.toml", &text);
    }

    #[test]
    fn a_damaged_card_is_read_or_refused_and_never_a_fault(
        card in 0..cards().len(),
        at in any::<prop::sample::Index>(),
        length in 0..40_usize,
        instead in "[ -~\n]{0,8}",
    ) {
        let text = to_toml(&cards()[card]);
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        let damaged = format!("{}{instead}{}", &text[..start], &text[end..]);
        if let Err(error) = CardFile::parse("t.toml", &damaged) {
            prop_assert!(error.line >= 1 && error.line <= damaged.lines().count() + 1);
        }
    }
}

fn words(card: &CardFile) -> String {
    let words: Vec<String> = card.resources.iter().map(ToString::to_string).collect();
    words.join(" ")
}

#[test]
fn the_example_with_resources_is_a_card_and_is_the_same_when_it_is_written_and_read() {
    let card = read(include_str!("../../../../docs/combined-card.toml"));
    assert_eq!(words(&card), "port:388+4 port:220+16,sb-dsp mpu401 dma:1 dma:5 irq:5 irq");
    let again = read(&card.to_toml());
    assert_eq!((again.profile, again.resources), (card.profile, card.resources));
}

#[test]
fn every_kind_of_resource_is_the_same_when_it_is_written_and_read() {
    let text = format!(
        "{BASED}[[resource]]\nkind = \"memory\"\nstart = 0xD0000\nlength = 4096\n\
         [[resource]]\nkind = \"mpu401\"\nlength = 4\n\
         [[resource]]\nkind = \"irq\"\nline = 7\n\
         [[resource]]\nkind = \"port\"\nstart = 0x388\nlength = 4\n\
         answers = [{{ offset = 3, value = 0x1F }}]\n"
    );
    let card = read(&text);
    assert_eq!(words(&card), "memory:D0000+0x1000 mpu401+4 irq:7 port:388+4");
    assert_eq!(read(&card.to_toml()).resources, card.resources);
}

#[test]
fn a_bad_resource_is_named_with_its_line_and_column_and_how_to_mend_it() {
    let own = "[[resource]]\nkind = \"mpu401\"\n";
    let port = "[[resource]]\nkind = \"port\"\nstart = 0x220\nlength = 4\n";
    let cases = [
        ("resource = 1".to_owned(), "3:1: resource = 1 is not possible; write [[resource]]"),
        ("resource = [1]".to_owned(), "3:13: resource = 1 is not possible; write [[resource]]"),
        ("[[resource]]\nstart = 1".to_owned(), "3:1: the resource has no kind; write kind ="),
        ("[[resource]]\nkind = \"midi\"".to_owned(), "4:1: kind = \"midi\" is not possible; write"),
        (format!("{own}channel = 1"), "5:1: a resource of the kind mpu401 has no key channel; its"),
        (format!("{own}length = 1"), "3:1: the MPU-401 does not fit into 1 ports; give 2"),
        ("[[resource]]\nkind = \"port\"".to_owned(), "3:1: the resource has no length; write"),
        (format!("{own}[[resource]]\nkind = \"irq\"\nline = 16"), "7:1: line = 16 is not possible"),
        (format!("{own}[[resource]]\nkind = \"dma\"\nchannel = 4"), "5:1: DMA channel 4 connects"),
        (format!("{port}{own}{port}"), "9:1: the ports 220 to 223 and 220 to 223 overlap; move"),
        (port.to_owned(), "3:1: no range of the list is the MPU-401's; put mpu401 at its place"),
        (format!("{own}{own}"), "5:1: two ranges are the MPU-401's; leave one of them out"),
        (format!("{own}{port}answers = \"opl\""), "9:1: answers = \"opl\" is not possible; write"),
        (format!("{own}{port}answers = \"sb-dsp\""), "5:1: the registers of a Sound Blaster's DSP"),
        (format!("{own}{port}answers = [7]"), "9:12: a row of answers = 7 is not possible; write"),
        (
            format!("{own}{port}answers = [{{ offset = 1 }}]"),
            "9:12: a row of answers has not just the keys offset, value; write",
        ),
        (
            format!("{own}{port}answers = [{{ offset = 1, value = 0x100 }}]"),
            "9:26: value = 0x100 is not possible; write a number from 0x0 to 0xFF",
        ),
        (
            format!("{own}{port}answers = [{{ offset = 4, value = 1 }}]"),
            "5:1: offset 4 lies behind the 4 ports of the range; use an offset up to 3",
        ),
    ];
    for (text, expected) in cases {
        let found = error(&format!("{BASED}{text}\n"));
        assert!(found.starts_with(&format!("t.toml:{expected}")), "{text}:\n{found}\n{expected}");
    }
}

/// A command that a terminal would obey. In a key or a text of TOML, the six characters `\u001B`
/// stand for the control character of the command, and the reader of TOML turns them into it.
const ESCAPE: &str = r"\u001B[2J";

#[test]
fn a_message_shows_no_control_character_of_the_file_and_little_of_a_long_text() {
    let long = "x".repeat(300);
    for text in [ESCAPE, &long] {
        for line in [
            format!("\"{text}\" = 1"),
            format!("status-offset = \"{text}\""),
            format!("fixed-answers = {{ \"{text}\" = 1 }}"),
            format!("[[resource]]\nkind = \"{text}\""),
            format!("[[resource]]\nkind = \"mpu401\"\n\"{text}\" = 1"),
            format!("[timing]\n\"{text}\" = 1"),
        ] {
            let found = error(&format!("{BASED}{line}\n"));
            assert!(!found.contains(char::is_control), "{found:?}");
            assert!(!found.contains(&"x".repeat(100)), "{found}");
        }
        let based = error(&format!("name = \"mine\"\nbased-on = \"{text}\"\n"));
        assert!(!based.contains(char::is_control), "{based:?}");
    }
    // These texts are no TOML and have the control character itself. A message of the reader of
    // TOML could repeat that character.
    for text in ["a\u{1B}[2J = 1", "a = \u{1B}[2J", "[\u{1B}[2J"] {
        let found = error(text);
        assert!(
            found.contains("this is no TOML") && !found.contains(char::is_control),
            "{found:?}"
        );
    }
}
