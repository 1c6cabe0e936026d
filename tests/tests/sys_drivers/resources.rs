//! A compiled driver whose MPU-401 is one of several ranges of its card.

use portcls_machine::midi_file::default_tune;
use portcls_machine::{CardResource, Machine, MachineBuilder, RangeFigures, capture, play};

use crate::scene::{driver, live, notes};

const BUILDS: [&str; 3] = ["x64/second_range", "x86/second_range", "msvc-x64/second_range"];

/// A card with a FIFO, a card that is slow to take a byte, and the MPU-401 of a sound card.
const CARDS: [&str; 3] = ["smsc-superio", "roland-mpu401", "sb16"];

/// The ranges of a sound card, two DMA channels and two lines.
const RESOURCES: &str = "port:220+16,sb-dsp mpu401 port:388+4 dma:1 dma:5 irq:5 irq:9";

fn list(words: &str) -> Vec<CardResource> {
    words.split(' ').map(|word| word.parse().expect(word)).collect()
}

fn machine(card: &str, build: &str, resources: &str) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    let builder = builder.driver(driver(build)).resources(list(resources));
    builder.build().expect("the machine can be built")
}

/// Each range with its reads and writes without an answer, and its answered accesses.
fn counts(ranges: &[RangeFigures]) -> Vec<(&str, u64, u64, u64)> {
    let count = |one: &'_ RangeFigures| (one.reads, one.writes, one.answered);
    let counts = ranges.iter().map(|one| (&*one.range, count(one)));
    counts.map(|(name, (reads, writes, answered))| (name, reads, writes, answered)).collect()
}

#[test]
fn the_tune_goes_through_a_driver_whose_mpu_401_has_the_second_of_three_ranges() {
    for build in BUILDS {
        for card in CARDS {
            let played = play(&machine(card, build, RESOURCES), &default_tune());
            let played = played.unwrap_or_else(|error| panic!("{build}, {card}: {error}"));
            assert!(played.is_complete(), "{build}, {card}: {:?}", played.job.stop);
            let recorded = capture(&machine(card, build, RESOURCES), &default_tune());
            let recorded = recorded.unwrap_or_else(|error| panic!("{build}, {card}: {error}"));
            assert!(recorded.is_complete(), "{build}, {card}: {:?}", recorded.job.stop);
            for job in [played.job, recorded.job] {
                assert_eq!(job.violations, [], "{build}, {card}");
                assert_eq!(job.leaks, [], "{build}, {card}");
                let ranges = counts(&job.ranges);
                assert!(ranges[0].3 > 8, "the DSP answers: {ranges:?}");
                assert_eq!(ranges[0], ("220+16,sb-dsp", 0, 0, ranges[0].3), "{build}, {card}");
                assert_eq!(ranges[1], ("388+4", 0, 0, 0), "{build}, {card}");
            }
        }
    }
}

#[test]
fn the_driver_sees_both_lists_and_only_the_channel_that_it_has_left() {
    for build in BUILDS {
        let machine = machine("sb16", build, RESOURCES);
        live(&machine);
        let told = notes(&machine, "line ");
        assert_eq!(told, ["line 5: level 5, vector 35", "line 9: level 10, vector 39"], "{build}");
        let told = notes(&machine, "resources");
        assert_eq!(told, ["resources: 3 ranges, 2 lines, 1 channels"], "{build}");
        assert_eq!(notes(&machine, "DSP"), ["DSP at 220: version 4.05"], "{build}");
        let told = notes(&machine, "the driver's list");
        assert_eq!(told, ["the driver's list of requirements is taken: 6 of 7"], "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

#[test]
fn a_driver_that_does_not_find_the_dsp_does_not_start_and_its_accesses_are_counted() {
    let resources = RESOURCES.replace(",sb-dsp", "");
    for build in BUILDS {
        let machine = machine("sb16", build, &resources);
        machine.start().expect_err("there is no DSP");
        let ranges = machine.range_figures();
        // The driver reads FF from a port without an answer. As the status of the DSP, FF says that
        // a byte is there. The byte is FF too, and the driver expects AA.
        assert_eq!(counts(&ranges)[0], ("220+16", 2, 2, 0), "{build}");
        let offsets: Vec<_> = ranges[0].offsets.iter().map(|one| one.offset).collect();
        assert_eq!(offsets, [0x6, 0xA, 0xE], "{build}");
    }
}
