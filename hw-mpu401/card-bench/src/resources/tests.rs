//! Words and lists of resources, good and bad.

use super::*;

fn read(text: &str) -> CardResource {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn list(text: &str) -> Vec<CardResource> {
    text.split_whitespace().map(read).collect()
}

const OWN: OwnPlaces = OwnPlaces { port: 0x330, status_offset: 1, line: Some(9) };

#[test]
fn a_resource_is_the_same_when_it_is_written_and_read() {
    let all = "mpu401 mpu401+4 port:220+16,sb-dsp port:388+4 irq irq:5 dma:1 memory:D0000+0x1000";
    for word in all.split(' ') {
        assert_eq!(read(word).to_string(), word);
    }
    assert_eq!(read("port:0x220+0x10"), read("port:220+16"));
    assert_eq!(read("memory:0xD0000+4096"), read("memory:d0000+0x1000"));
}

#[test]
fn a_word_that_is_no_resource_says_what_to_write() {
    let cases = [
        ("midi", "give mpu401, port:START+LENGTH, irq, irq:LINE, dma:CHANNEL or"),
        ("ports:220+16", "give mpu401, port:START+LENGTH"),
        ("port:220", "give port:START+LENGTH with START in hexadecimal"),
        ("port:220+16,opl", "give port:START+LENGTH with START in hexadecimal"),
        ("port:10220+16", "give port:START+LENGTH"),
        ("port:+220+16", "give port:START+LENGTH"),
        ("port:220+-1", "give port:START+LENGTH"),
        ("mpu401:330", "give mpu401, or mpu401+LENGTH"),
        ("mpu401+", "give mpu401, or mpu401+LENGTH"),
        ("irq:x", "give irq:LINE with a line from 2 to 15"),
        ("irq:+5", "give irq:LINE with a line from 2 to 15"),
        ("dma:", "give dma:CHANNEL"),
        ("memory:D0000", "give memory:START+LENGTH"),
        ("memory:D0000+1G", "give memory:START+LENGTH"),
    ];
    for (word, hint) in cases {
        let error = word.parse::<CardResource>().expect_err(word).to_string();
        assert!(error.starts_with(&format!("'{word}' is no resource: {hint}")), "{error}");
    }
}

#[test]
fn a_list_with_everything_is_good_and_an_empty_one_too() {
    assert_eq!(check(&[], OWN), Ok(()));
    for good in [
        "port:388+4 port:220+16,sb-dsp mpu401 irq:5 irq:9 dma:1 dma:5 memory:D0000+0x1000",
        "mpu401+16",
        "port:32F+1 mpu401 port:332+1",
        "irq irq:5 mpu401",
        "irq:2 mpu401",
    ] {
        assert_eq!(check(&list(good), OWN), Ok(()), "{good}");
    }
    let apart = OwnPlaces { status_offset: 2, ..OWN };
    assert_eq!(check(&list("mpu401 port:331+1 port:333+1"), apart), Ok(()));
    let unknown = OwnPlaces { line: None, ..OWN };
    assert_eq!(check(&list("mpu401 irq:5 irq"), unknown), Ok(()));
}

#[test]
fn a_list_that_cannot_be_names_the_resource_and_how_to_mend_it() {
    let cases = [
        ("port:220+16", 1, "no range of the list is the MPU-401's; put mpu401 at"),
        ("mpu401 mpu401", 1, "two ranges are the MPU-401's; leave one"),
        ("mpu401 port:331+4", 1, "the ports 330 to 331 and 331 to 334 overlap; move"),
        ("port:220+16 mpu401 port:22F+1", 2, "the ports 220 to 22F and 22F to 22F overlap"),
        ("mpu401 port:FFFF+2", 1, "the range FFFF+2 ends above port FFFF"),
        ("mpu401 port:220+0", 1, "a range of ports has no length; give"),
        ("mpu401+1", 0, "the MPU-401 does not fit into 1 ports; give 2 or more"),
        ("mpu401 port:220+8,sb-dsp", 1, "the registers of a Sound Blaster's DSP do not fit into 8"),
        ("mpu401 irq:1", 1, "there is no interrupt line 1; use 2 to 15"),
        ("mpu401 irq:5 irq:7", 3, "no interrupt of the list is the MPU-401's line 9; put irq"),
        ("mpu401 irq irq:2", 2, "interrupt line 9 is there twice"),
        ("mpu401 irq irq", 2, "two interrupts are the MPU-401's line"),
        ("mpu401 dma:4", 1, "DMA channel 4 connects the two controllers"),
        ("mpu401 dma:8", 1, "there is no DMA channel 8"),
        ("mpu401 dma:1 dma:1", 2, "DMA channel 1 is there twice"),
        ("mpu401 memory:D0000+0", 1, "a range of memory has no length"),
        ("mpu401 memory:FFFFFFFF+2", 1, "memory FFFFFFFF+2 is too high"),
        ("memory:D0000+16 mpu401 memory:D000F+1", 2, "memory D0000+10 and D000F+1 overlap"),
    ];
    for (text, index, expected) in cases {
        let BadResource { index: found, what, hint } = check(&list(text), OWN).expect_err(text);
        assert_eq!(found, index, "{text}");
        assert!(format!("{what}; {hint}").starts_with(expected), "{text}: {what}; {hint}");
    }
    let apart = OwnPlaces { status_offset: 2, ..OWN };
    assert!(check(&list("mpu401+4"), apart).is_err());
    assert!(check(&list("mpu401 port:332+1"), apart).is_err());
    let high = OwnPlaces { port: 0xFFFE, ..OWN };
    assert!(check(&list("mpu401+3"), high).is_err());
}

#[test]
fn a_row_of_a_table_cannot_lie_outside_its_range() {
    let row = |offset, after| AnswerRow { offset, value: 1, after };
    let check_rows = |rows| {
        let range = PortRange { start: 0x220, length: 4, answers: Answers::Table(rows) };
        check(&[CardResource::Mpu401 { length: None }, CardResource::Ports(range)], OWN)
    };
    let written = |offset| Some(WrittenByte { offset, value: 0 });
    assert_eq!(check_rows(vec![row(3, written(3))]), Ok(()));
    for rows in [vec![row(4, None)], vec![row(0, written(4))]] {
        let error = check_rows(rows).expect_err("it is outside");
        assert_eq!(error.what, "offset 4 lies behind the 4 ports of the range");
        assert_eq!(error.hint, "use an offset up to 3");
    }
    assert!(check_rows(vec![row(0, None); MOST_ANSWERS + 1]).is_err());
}

#[test]
fn more_resources_than_a_device_can_have_are_refused() {
    let many = vec![CardResource::Dma(1); MOST_RESOURCES + 1];
    assert_eq!(check(&many, OWN).expect_err("they are too many").what, "there are 65 resources");
}
