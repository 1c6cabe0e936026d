//! Any text as the output of a recipe: an error, or a comparison with a model.
//!
//! The first byte chooses a script, and whether the text gets the head that a recipe for Linux or
//! for DOS prints. The rest is the text.

use std::sync::LazyLock;

use portcls_machine::card_bench::ops::{RecipeHost, RecipePorts, Results, Script, recipe};
use portcls_machine::chip::{CardTiming, cards};

use crate::place::check_place;
use crate::seeds::Seed;

/// The scripts: reads, polls, drains, repeated lines, several scenarios.
const TEXTS: [&str; 3] = [
    "init idle\nW C FF\nP S 80 00 50 10\nR D -> FE\nR S -> C0/C0\n",
    "init uart\nrepeat 3\nR D\ndrain 10 -> none\nend\nwait 500\nR S\n",
    "title: one\ninit uart\nR S\ntitle: two\ninit idle\nW C AC\nwait 100\ndrain 5\nR D\n",
];

/// A script with the first lines of its results.
struct Known {
    script: Script,
    /// No head, the head of Linux, the head of DOS.
    heads: [String; 3],
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let known = |text: &&str| {
        let script = Script::parse("small.ops", text).expect("a good script");
        let ports = RecipePorts { data: 0x330, status: 0x331 };
        let linux = recipe(&script, RecipeHost::Linux, ports);
        let (_, mark) = linux.split_once("MARK = \"").expect("a recipe has the script's mark");
        let number = u16::from_str_radix(&mark[..4], 16).expect("four digits");
        // DEBUG prints the sum and the difference of the mark and 1.
        let [sum, difference] = [number.wrapping_add(1), number.wrapping_sub(1)];
        let heads = [
            String::new(),
            format!("portcls-emu results 1 {}\n", &mark[..4]),
            format!("-h {number:X} 1\n{sum:04X}  {difference:04X}\n"),
        ];
        Known { script, heads }
    };
    TEXTS.iter().map(known).collect()
});

/// Reads the text, and compares the results with a model.
pub fn run(input: &[u8]) {
    let Some((&first, text)) = input.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let Known { script, heads } = &KNOWN[usize::from(first & 0x0F) % KNOWN.len()];
    let text = format!("{}{text}", heads[usize::from(first >> 4) % heads.len()]);
    match Results::parse("results.txt", &text, script) {
        Err(error) => check_place(&text, error.line, error.column, &error.to_string()),
        Ok(results) => {
            let compared = results.compare(script, &cards()[0], CardTiming::Typical);
            assert!(compared.unlike_model() <= compared.lines().count());
            assert!(compared.lines().all(|line| !line.hardware.contains('\n')));
        }
    }
}

/// What a card may have answered, for each script in both forms. Also a head with a wrong mark.
pub fn seeds() -> Vec<Seed> {
    let texts = [
        (0x10, "3 P 2 40\n4 R FE\n5 R BF\n"),
        (0x11, "3 R FE\n4 D\n3 R 00\n4 D 90 3C\n3 R 00\n4 D\n7 R BF\n"),
        (0x12, "3 R BF\n7 D FE 15\n8 R 15\n"),
        (0x20, "-h 3 0\n0003  0003\n-i 331\n80\n-i 331\n40\n-h 4 0\n0004  0004\n-i 330\nFE\n"),
        (0x21, "0003  0003\nFE\n0004  0004\n80\nFE\n0003  0003\n00\n"),
        (0x22, "0003  0003\nBF\n0007  0007\n3F\nFE\n3F\n15\nBF\n0008  0008\n15\n"),
        (0x00, "portcls-emu results 1 0000\n"),
    ];
    let seed = |(first, text): &(u8, &str)| {
        (format!("{first:02x}.txt"), [&[*first], text.as_bytes()].concat())
    };
    texts.iter().map(seed).collect()
}
