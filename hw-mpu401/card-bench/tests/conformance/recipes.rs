//! Recipes for real cards, run on a model of a card.
//!
//! The tests read back what a recipe prints on the model, and texts that no recipe prints.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use hw_mpu401::{CardProfile, CardTiming, InitialState, Mpu401, Register, card, cards};
use mpu401_card_bench::ops::{Comparison, RecipeHost, RecipePorts, Results, Script, recipe};
use portcls_test_tools::has_program;
use proptest::prelude::*;

const PORTS: RecipePorts = RecipePorts { data: 0x330, status: 0x331 };

/// A regular expression for the words of results in any order.
const NEARLY_RESULTS: &str = "([0-9A-FRPD \n-]|portcls-emu results 1 |0005  0005\n)*";

const HOSTS: [RecipeHost; 2] = [RecipeHost::Dos, RecipeHost::Linux];

/// A script with each action that a recipe does, and with some that it leaves out.
const SCRIPT: &str = "\
title: The version, and \"quotes\" \\ in a title
source: s
init idle
W C AC
P S 80 00 1000 10 -> ok
  @smsc-superio @clone-dumb -> timeout
irq -> up
R D -> FE
wait 5000
drain 8 -> 15
title: UART mode
source: s
init uart
R S -> 80/C0
repeat 2
W D 90
P S 40 00 1000 10 -> ok
end
wire -> 90 90
drain 8 -> none
in 90
R S -> 00/C0
title: Not for software
source: s
init power-on
R S -> 00/C0
init uart
wait 100
R S -> not FF
";

fn script() -> Script {
    Script::parse("recipe.ops", SCRIPT).expect("the script is valid")
}

/// The model in the place of a real card.
struct Card {
    chip: Mpu401,
    now_ns: u64,
}

impl Card {
    fn new(profile: &CardProfile) -> Card {
        Card { chip: Mpu401::new(profile, InitialState::Idle), now_ns: 0 }
    }

    fn pass(&mut self, time_ns: u64) {
        self.now_ns += time_ns;
        self.chip.advance(self.now_ns);
    }

    fn read(&mut self, port: u16) -> u8 {
        self.pass(1_000);
        self.chip.read(register(port), self.now_ns)
    }

    fn write(&mut self, port: u16, byte: u8) {
        self.pass(1_000);
        self.chip.write(register(port), byte, self.now_ns);
    }
}

fn register(port: u16) -> Register {
    match port {
        0x330 => Register::Data,
        0x331 => Register::Command,
        _ => panic!("a recipe stays on the ports of the card, not {port:X}"),
    }
}

/// All that DEBUG shows on the screen during this recipe.
fn debug(recipe: &str, card: &mut Card) -> String {
    let hex = |word: &str| u32::from_str_radix(word, 16).expect("a hexadecimal number");
    let mut screen = String::new();
    let (mut cx, mut dx) = (0, 0);
    let mut lines = recipe.split_terminator("\r\n");
    while let Some(line) = lines.next() {
        // A command takes DEBUG a while.
        card.pass(700_000);
        screen += &format!("-{line}\r\n");
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["a", at] => {
                let body = lines.by_ref().take_while(|line| !line.is_empty());
                body.for_each(|line| screen += &format!("0C5F:0{at} {line}\r\n"));
                screen += "0C5F:0106 \r\n";
            }
            ["h", one, other] => {
                let (one, other) = (hex(one), hex(other));
                let (sum, difference) = (one + other, one.wrapping_sub(other));
                screen += &format!("{:04X}  {:04X}\r\n", sum & 0xFFFF, difference & 0xFFFF);
            }
            ["i", port] => screen += &format!("{:02X}\r\n", card.read(hex(port) as u16)),
            ["o", port, byte] => card.write(hex(port) as u16, hex(byte) as u8),
            [register @ ("rcx" | "rdx")] => {
                let value = lines.next().expect("the value of the register");
                let place = if *register == "rcx" { &mut cx } else { &mut dx };
                screen += &format!("{} {place:04X}\r\n:{value}\r\n", register[1..].to_uppercase());
                *place = hex(value);
            }
            ["g=100"] => {
                card.pass(u64::from(cx << 16 | dx) * 1_000);
                screen += &format!(
                    "\r\nAX=8600  BX=0000  CX={cx:04X}  DX={dx:04X}  SP=FFEE  BP=0000  SI=0000\r\n\
                     DS=0C5F  ES=0C5F  SS=0C5F  CS=0C5F  IP=0104   NV UP EI PL NZ NA PO NC\r\n\
                     0C5F:0104 CC            INT     3\r\n"
                );
            }
            ["q"] => return screen,
            _ => panic!("DEBUG has no command '{line}'"),
        }
    }
    panic!("the recipe does not leave DEBUG");
}

/// What this recipe prints under Python. The test gives it the ports and the time of the card.
fn python(recipe: &str, card: &mut Card) -> String {
    let program = format!("{}\n{recipe}", include_str!("recipe.py"));
    let pipe = || Stdio::piped();
    let mut child = Command::new("python3")
        .args(["-c", &program])
        .stdin(pipe())
        .stdout(pipe())
        .stderr(pipe())
        .spawn()
        .expect("python3 runs");
    let mut answers = child.stdin.take().expect("a pipe");
    for question in BufReader::new(child.stderr.take().expect("a pipe")).lines() {
        let question = question.expect("text");
        let words: Vec<&str> = question.split(' ').collect();
        let number = |index: usize| -> u64 { words[index].parse().expect(&question) };
        let answer = match words[0] {
            "R" => card.read(number(1) as u16).into(),
            "W" => {
                card.write(number(1) as u16, number(2) as u8);
                0
            }
            "S" => {
                card.pass(number(1));
                0
            }
            "T" => {
                card.pass(1_000);
                card.now_ns
            }
            _ => panic!("python3 says: {question}"),
        };
        writeln!(answers, "{answer}").expect("python3 reads");
    }
    let mut printed = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut printed).expect("text");
    assert!(child.wait().expect("python3 ends").success());
    printed
}

/// What the recipe prints on this card; `None` if python3 is missing.
fn run(host: RecipeHost, script: &Script, profile: &CardProfile) -> Option<String> {
    let text = recipe(script, host, PORTS);
    let mut card = Card::new(profile);
    match host {
        RecipeHost::Dos => Some(debug(&text, &mut card)),
        RecipeHost::Linux => {
            let is_there = has_program("python3", "--version", "the recipe for Linux needs it");
            is_there.then(|| python(&text, &mut card))
        }
    }
}

fn compare(text: &str, on: &str) -> Comparison {
    let results = Results::parse("results.txt", text, &script()).expect("the results of a recipe");
    results.compare(&script(), card(on).expect("a known card"), CardTiming::Typical)
}

#[test]
fn what_a_recipe_prints_on_a_card_is_what_the_model_of_the_card_does() {
    for host in HOSTS {
        for name in ["roland-mpu401", "smsc-superio"] {
            let profile = card(name).expect("a known card");
            let Some(printed) = run(host, &script(), profile) else { return };
            let comparison = compare(&printed, name);
            let lines: Vec<usize> = comparison.lines().map(|line| line.line).collect();
            assert_eq!(lines, [5, 8, 10, 14, 17, 17, 20, 29], "{host:?} {name}\n{printed}");
            assert_eq!(comparison.unlike_model(), 0, "{host:?} {comparison:#?}\n{printed}");
        }
    }
}

#[test]
fn the_results_of_another_card_differ_from_the_model_and_from_the_script() {
    for host in HOSTS {
        let roland = card("roland-mpu401").expect("a known card");
        let Some(printed) = run(host, &script(), roland) else { return };
        let comparison = compare(&printed, "smsc-superio");
        assert!(comparison.unlike_model() > 0, "{comparison:#?}");
        let poll = comparison.lines().next().expect("the poll");
        assert_eq!((poll.hardware.as_str(), poll.model.as_str()), ("ok", "timeout"));
        assert_eq!(poll.is_as_expected, Some(false));
        assert_eq!(compare(&printed, "roland-mpu401").expectations(), (8, 0));
    }
}

#[test]
fn a_recipe_says_what_it_leaves_out() {
    let wanted = [
        "line 7, 'irq', is not done: software cannot see the interrupt line",
        "line 19, 'wire', is not done: software cannot see MIDI OUT",
        "line 21, 'in 90', is not done, and neither are the lines up to the next init: software \
         cannot send to MIDI IN",
        "line 25, 'init power-on', is not done, and neither are the lines up to the next init: \
         software cannot switch the card off and on",
    ];
    for host in HOSTS {
        let text = recipe(&script(), host, PORTS);
        for note in wanted {
            assert!(text.contains(note), "{host:?} {note}\n{text}");
        }
    }
    let polls_data = Script::parse("t.ops", "init idle\nP D FF FE 9 1 -> ok").expect("valid");
    assert!(recipe(&polls_data, RecipeHost::Dos, PORTS).contains("DEBUG cannot stop"));
    let far = Script::parse("t.ops", &format!("{}init idle\nR S", "\n".repeat(0xFFFE)));
    let text = recipe(&far.expect("valid"), RecipeHost::Dos, PORTS);
    assert!(text.contains("\r\nh FFFF 0\r\n"), "line FFFF is marked");
    assert!(text.contains("; line 65536, 'R S', is not done"), "{text}");
}

#[test]
fn results_that_do_not_fit_the_script_are_refused_with_their_place() {
    let first = recipe(&script(), RecipeHost::Linux, PORTS);
    let (_, mark) = first.split_once("MARK = \"").expect("the mark");
    let head = format!("portcls-emu results 1 {}\n", &mark[..4]);
    let give = "give what a recipe of `ops --record` for this script printed";
    let cases = [
        (String::new(), format!("r.txt:1:1: these are not the results of a recipe; {give}")),
        (
            "portcls-emu results 1 0000\n".to_owned(),
            "r.txt:1:23: these are the results of another script, or of one that was changed \
             since; make the recipe again, and run it again"
                .to_owned(),
        ),
        (
            "1111  110F\n".to_owned(),
            "r.txt:1:1: these are the results of another script, or of one that was changed \
             since; make the recipe again, and run it again"
                .to_owned(),
        ),
        (format!("{head}4 R 80\n"), format!("r.txt:2:1: '4' is not line 5 of the script; {give}")),
        (
            format!("{head}5 R 80\n"),
            format!("r.txt:2:3: 'R' is not what line 5, 'P S 80 00 1000 10', prints; {give}"),
        ),
        (
            format!("{head}5 P 3 0\n"),
            "r.txt:2:7: '0' is not a byte; a byte is two hexadecimal digits, like 3F".to_owned(),
        ),
    ];
    for (text, wanted) in cases {
        let error = Results::parse("r.txt", &text, &script()).expect_err("not results");
        assert_eq!(error.to_string(), wanted);
    }
    let short = Results::parse("r.txt", &format!("{head}5 P 3 00\n"), &script());
    let short = short.expect("results may end early");
    let profile = card("roland-mpu401").expect("a known card");
    let lines = short.compare(&script(), profile, CardTiming::Typical);
    assert_eq!(lines.lines().count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_of_results_panic(text in NEARLY_RESULTS) {
        let _ = Results::parse("r.txt", &text, &script());
    }

    #[test]
    fn damaged_results_are_refused_or_compared(
        at in any::<prop::sample::Index>(),
        letter in "[0-9A-F \n-]",
    ) {
        let text = run(RecipeHost::Dos, &script(), &cards()[0]).expect("DEBUG is in this file");
        let at = at.index(text.len());
        let damaged = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
        if let Ok(results) = Results::parse("r.txt", &damaged, &script()) {
            let comparison = results.compare(&script(), &cards()[0], CardTiming::Typical);
            prop_assert!(comparison.lines().count() <= 8);
        }
    }
}
