//! A register script on cards that are not built in, and on empty ports.
//!
//! The chip and the slow model run the script and must give the same results.

use hw_mpu401::{CardProfile, Mpu401, card};
use mpu401_card_bench::card_file::CardFile;
use mpu401_card_bench::ops::{Script, Verdict, run_on};

use crate::reference::Reference;

/// The output has four bytes, including the byte on the wire. Once its interrupt is enabled, the
/// card interrupts while no byte waits behind the byte on the wire.
const TRANSMITTER: &str = "
    name = \"transmitter\"
    family = \"fifo-chip\"
    tx-depth = 4
    transmit-interrupt = \"empty\"
    interrupt-enables = []
    timing.tx-start-ns = 0
";

const THRESHOLD: &str = "
    name = \"threshold\"
    family = \"fifo-chip\"
    rx-threshold = 3
";

#[test]
fn cards_that_are_not_built_in_do_what_the_script_says() {
    let of_file = |text: &str| CardFile::parse("card.toml", text).expect("a card").profile;
    let absent: CardProfile = card("absent").expect("a known name").clone();
    let profiles = [of_file(TRANSMITTER), of_file(THRESHOLD), absent];
    let names: Vec<&str> = profiles.iter().map(|profile| &*profile.name).collect();
    let script = Script::parse_for("outside.ops", include_str!("outside.ops"), &names);
    let script = script.unwrap_or_else(|error| panic!("{error}"));
    for profile in &profiles {
        let access_ns = profile.behaviour.access_ns;
        let chip = run_on(&script, &profile.name, access_ns, |s| Mpu401::new(profile, s));
        let slow = run_on(&script, &profile.name, access_ns, |s| Reference::new(profile, s));
        assert_eq!(chip.verdict(), Verdict::Passed, "{chip}");
        assert_eq!(slow.to_string(), chip.to_string());
    }
}
