//! Reads a register script, line by line.

use hw_mpu401::CARD_NAMES;

use super::action::{Action, CardAction, Cost};
use super::error::{Fault, OpsError};
use super::expectation::Expectation;
use super::ground::{Ground, Strength};
use super::script::{
    ACCESS_LIMIT, Block, Like, MIDI_IN_LIMIT, Remark, RemarkKind, STEP_LIMIT, Scenario, Script,
    Step, TIME_LIMIT_NS,
};
use super::words::{Word, Words};

const TITLE_FIRST: &str = "write it between title: and the first init";
const LIKE: &str = "write like CARD: OTHER... before the first title";
const SOURCE: &str = "write source: TEXT, or source STRENGTH CARD...: TEXT, where STRENGTH is \
                      measured, sheet, driver, log or assumed";
const DIFFERS: &str = "write differs CARD...: WHY, or differs STRENGTH CARD...: WHY";
const OPEN: &str = "write open CARD...: WHY";
const OVERRIDE: &str = "write @CARD -> RESULT, with one card or several, below what it is about";

impl Script {
    /// Reads a script; `file` is the name of its file in messages.
    ///
    /// # Errors
    /// [`OpsError`] at the first line with a mistake. A mistake that only the end of the text
    /// shows, such as a missing `end`, comes last.
    pub fn parse(file: &str, text: &str) -> Result<Self, OpsError> {
        Self::parse_for(file, text, &[])
    }

    /// Reads a script that may also name `other_cards`, which this program does not know.
    ///
    /// # Errors
    /// [`OpsError`] at the first line with a mistake.
    pub fn parse_for(file: &str, text: &str, other_cards: &[&str]) -> Result<Self, OpsError> {
        let mut reader = Reader {
            other_cards,
            likes: Vec::new(),
            scenarios: Vec::new(),
            block: None,
            used: Used::NONE,
        };
        let mut number = 0;
        for line in text.trim_start_matches('\u{FEFF}').lines() {
            number += 1;
            reader.line(file, line, number).map_err(|fault| fault.place(file, number))?;
        }
        reader.finish(number).map_err(|(line, fault)| fault.place(file, line))?;
        reader.spread();
        let Reader { likes, scenarios, .. } = reader;
        Ok(Script { file: file.to_owned(), likes, scenarios })
    }

    /// Finds the first title in the text of a script. `None` if no line has a title. This does not
    /// read the accesses, so a list of many scripts takes little time.
    #[must_use]
    pub fn first_title(text: &str) -> Option<String> {
        text.trim_start_matches('\u{FEFF}').lines().find_map(|line| {
            let title = Words::new(line).next().filter(|first| first.text == "title:")?;
            text_behind(line, title).ok()
        })
    }
}

/// What the lines of a scenario may need at most, summed over the lines read so far.
struct Used {
    steps: u64,
    accesses: u64,
    time_ns: u64,
    input: u64,
}

impl Used {
    const NONE: Self = Self { steps: 0, accesses: 0, time_ns: 0, input: 0 };
}

/// The `repeat` whose `end` has not come yet.
struct OpenBlock {
    line: usize,
    block: Block,
}

struct Reader<'o> {
    other_cards: &'o [&'o str],
    likes: Vec<Like>,
    scenarios: Vec<Scenario>,
    block: Option<OpenBlock>,
    used: Used,
}

impl Reader<'_> {
    fn line(&mut self, file: &str, line: &str, number: usize) -> Result<(), Fault> {
        let mut words = Words::new(line);
        let Some(first) = words.next() else {
            return Ok(());
        };
        match first.text {
            "title:" => self.begin(text_behind(line, first)?, number, first),
            "like" => self.like(first, &mut words),
            "source:" | "source" | "cards:" | "differs" | "open" => {
                self.tag(line, first, &mut words)
            }
            "repeat" => self.open_block(first, &mut words, number),
            "end" => self.close_block(first, &mut words),
            text if text.starts_with('@') => self.of_cards(first, &mut words),
            _ => {
                let action = Action::parse(first, &mut words)?;
                let expectation = Expectation::parse_end(&action, &mut words)?;
                if self.scenarios.is_empty() {
                    self.begin(file.to_owned(), number, first)?;
                }
                self.step(first, Step { line: number, action, expectation, of_cards: Vec::new() })
            }
        }
    }

    fn begin(&mut self, title: String, line: usize, word: Word<'_>) -> Result<(), Fault> {
        if let Some(open) = &self.block {
            let what = format!("the repeat of line {} is still open", open.line);
            return Err(Fault::new(word.column, what, "write end behind its last line"));
        }
        self.scenarios.push(Scenario { title, line, ..Scenario::default() });
        self.used = Used::NONE;
        Ok(())
    }

    /// Reads `like CARD: OTHER...` before the first scenario.
    fn like(&mut self, word: Word<'_>, words: &mut Words<'_>) -> Result<(), Fault> {
        if !self.scenarios.is_empty() {
            return Err(word.fault("expected here", LIKE));
        }
        let name = words.need("the card that is known", LIKE)?;
        let Some(known) = name.text.strip_suffix(':') else {
            return Err(name.fault("a card with : behind it", LIKE));
        };
        let known = known_card(Word { text: known, ..name }, self.other_cards)?;
        let mut others = vec![words.need("a card that is like it", LIKE)?];
        others.extend(std::iter::from_fn(|| words.next()));
        let others: Result<Vec<_>, _> =
            others.into_iter().map(|other| known_card(other, self.other_cards)).collect();
        self.likes.push(Like { known, others: others? });
        Ok(())
    }

    /// Gives each card that is like a known card the expectations of that known card, except where
    /// the script names the card itself.
    fn spread(&mut self) {
        let blocks = self.scenarios.iter_mut().flat_map(|scenario| &mut scenario.blocks);
        for step in blocks.flat_map(|block| &mut block.steps) {
            for like in &self.likes {
                let said = step.of_cards.iter().find(|(name, _)| *name == like.known);
                let Some((_, expectation)) = said.cloned() else {
                    continue;
                };
                for other in &like.others {
                    if !step.of_cards.iter().any(|(name, _)| name == other) {
                        step.of_cards.push((other.clone(), expectation.clone()));
                    }
                }
            }
        }
    }

    /// Reads a line about the scenario as a whole.
    fn tag(&mut self, line: &str, word: Word<'_>, words: &mut Words<'_>) -> Result<(), Fault> {
        let other_cards = self.other_cards;
        let scenario = self.scenarios.last_mut().filter(|scenario| scenario.blocks.is_empty());
        let Some(scenario) = scenario else {
            return Err(word.fault("expected here", TITLE_FIRST));
        };
        match word.text {
            "source:" => {
                let text = text_behind(line, word)?;
                scenario.sources.push(Ground { strength: None, cards: Vec::new(), text });
            }
            "source" => scenario.sources.push(read_ground(line, words, other_cards, SOURCE)?),
            "cards:" => {
                let first = words.need("a card", "write cards: CARD...")?;
                scenario.cards.push(known_card(first, other_cards)?);
                while let Some(name) = words.next() {
                    scenario.cards.push(known_card(name, other_cards)?);
                }
            }
            kind => {
                let (kind, hint) = match kind {
                    "differs" => (RemarkKind::Differs, DIFFERS),
                    _ => (RemarkKind::Open, OPEN),
                };
                let ground = read_ground(line, words, other_cards, hint)?;
                let is_whole = !ground.cards.is_empty()
                    && (kind == RemarkKind::Differs || ground.strength.is_none());
                if !is_whole {
                    return Err(word.fault("complete", hint));
                }
                scenario.remarks.push(Remark { kind, ground });
            }
        }
        Ok(())
    }

    fn open_block(
        &mut self,
        word: Word<'_>,
        words: &mut Words<'_>,
        line: usize,
    ) -> Result<(), Fault> {
        let times = words.need("the number of times", "write repeat 17")?.number(STEP_LIMIT)?;
        words.end("end the line here, or begin a comment with #")?;
        if self.block.is_some() {
            return Err(word.fault("expected inside a repeat", "write end before it"));
        }
        let times = u32::try_from(times).expect("the limit fits");
        self.block = Some(OpenBlock { line, block: Block { times, steps: Vec::new() } });
        Ok(())
    }

    fn close_block(&mut self, word: Word<'_>, words: &mut Words<'_>) -> Result<(), Fault> {
        words.end("end the line here, or begin a comment with #")?;
        let open = self.block.take();
        match (open.filter(|open| !open.block.steps.is_empty()), self.scenarios.last_mut()) {
            (Some(open), Some(scenario)) => scenario.blocks.push(open.block),
            _ => return Err(word.fault("expected here", "write repeat and some lines before it")),
        }
        Ok(())
    }

    fn step(&mut self, word: Word<'_>, step: Step) -> Result<(), Fault> {
        let scenario = self.scenarios.last_mut().expect("a step belongs to a scenario");
        let is_init = matches!(step.action, Action::Card(CardAction::Init(_)));
        if scenario.blocks.is_empty() && !is_init {
            let what = "the card has no state yet";
            return Err(Fault::new(word.column, what, "begin with a line like init idle"));
        }
        self.used.add(
            word,
            &step.action,
            self.block.as_ref().map_or(1, |open| open.block.times),
        )?;
        match &mut self.block {
            Some(open) => open.block.steps.push(step),
            None => scenario.blocks.push(Block { times: 1, steps: vec![step] }),
        }
        Ok(())
    }

    /// Reads `@CARD... -> RESULT` after a step.
    fn of_cards(&mut self, first: Word<'_>, words: &mut Words<'_>) -> Result<(), Fault> {
        let mut cards = Vec::new();
        let mut next = Some(first);
        while let Some(word) = next.filter(|word| word.text != "->") {
            let Some(name) = word.text.strip_prefix('@') else {
                return Err(word.fault("the name of a card behind @", OVERRIDE));
            };
            let place = Word { text: name, column: word.column + 1 };
            cards.push((place, known_card(place, self.other_cards)?));
            next = Some(words.need("->", OVERRIDE)?);
        }
        let other_cards = self.other_cards;
        let step = self.last_step().and_then(|step| Some((step.action.result_kind()?, step)));
        let Some((kind, step)) = step else {
            return Err(first.fault("expected here", OVERRIDE));
        };
        let expectation = Expectation::parse(kind, words)?;
        for (place, card) in cards {
            if step.of_cards.iter().any(|(name, _)| *name == card) {
                return Err(place.fault("named for the first time", card_hint(other_cards)));
            }
            step.of_cards.push((card, expectation.clone()));
        }
        Ok(())
    }

    fn last_step(&mut self) -> Option<&mut Step> {
        match &mut self.block {
            Some(open) => open.block.steps.last_mut(),
            None => self.scenarios.last_mut()?.blocks.last_mut()?.steps.last_mut(),
        }
    }

    fn finish(&self, lines: usize) -> Result<(), (usize, Fault)> {
        if let Some(open) = &self.block {
            let fault = Fault::new(1, "this repeat has no end", "write end behind its last line");
            return Err((open.line, fault));
        }
        if let Some(empty) = self.scenarios.iter().find(|scenario| scenario.blocks.is_empty()) {
            let fault = Fault::new(1, "this scenario does nothing", "write init and accesses");
            return Err((empty.line, fault));
        }
        if self.scenarios.is_empty() {
            let fault = Fault::new(1, "the script is empty", "write init and accesses");
            return Err((lines.max(1), fault));
        }
        Ok(())
    }
}

impl Used {
    fn add(&mut self, word: Word<'_>, action: &Action, times: u32) -> Result<(), Fault> {
        let times = u64::from(times);
        let Cost { accesses, time_ns, input } = action.cost();
        self.steps += times;
        self.accesses = self.accesses.saturating_add(accesses.saturating_mul(times));
        self.time_ns = self.time_ns.saturating_add(time_ns.saturating_mul(times));
        self.input = self.input.saturating_add(input.saturating_mul(times));
        let limits = [
            (self.steps, STEP_LIMIT, "steps"),
            (self.accesses, ACCESS_LIMIT, "accesses"),
            (self.time_ns / 1_000, TIME_LIMIT_NS / 1_000, "us of waiting"),
            (self.input, MIDI_IN_LIMIT, "bytes on MIDI IN"),
        ];
        match limits.iter().find(|(used, limit, _)| used > limit) {
            None => Ok(()),
            Some((_, limit, unit)) => Err(Fault::new(
                word.column,
                format!("with this line the scenario may need more than {limit} {unit}"),
                "split the scenario, or repeat and poll less often",
            )),
        }
    }
}

/// The free text of a line after this word, without the comment.
fn text_behind(line: &str, word: Word<'_>) -> Result<String, Fault> {
    let length = word.text.chars().count();
    let behind: String = line.chars().skip(word.column - 1 + length).collect();
    let text = behind.split('#').next().unwrap_or_default().trim();
    if text.is_empty() {
        let what = format!("the text behind {} is missing", word.text);
        return Err(Fault::new(word.column + length, what, "write it on the same line"));
    }
    Ok(text.to_owned())
}

/// Reads `STRENGTH CARD...: TEXT`. The strength and the cards may be missing.
fn read_ground(
    line: &str,
    words: &mut Words<'_>,
    other_cards: &[&str],
    hint: &str,
) -> Result<Ground, Fault> {
    let mut ground = Ground { strength: None, cards: Vec::new(), text: String::new() };
    let mut is_first = true;
    loop {
        let word = words.need("a text behind a :", hint)?;
        let (name, is_last) = match word.text.strip_suffix(':') {
            Some(name) => (name, true),
            None => (word.text, false),
        };
        match Strength::from_word(name) {
            Some(strength) if is_first => ground.strength = Some(strength),
            _ => ground.cards.push(known_card(Word { text: name, ..word }, other_cards)?),
        }
        if is_last {
            ground.text = text_behind(line, word)?;
            return Ok(ground);
        }
        is_first = false;
    }
}

fn known_card(word: Word<'_>, other_cards: &[&str]) -> Result<String, Fault> {
    let is_known = hw_mpu401::card(word.text).is_some() || other_cards.contains(&word.text);
    if is_known {
        Ok(word.text.to_owned())
    } else {
        let known = CARD_NAMES.iter().chain(other_cards).copied();
        Err(word.unknown("a card", known, &card_hint(other_cards)))
    }
}

fn card_hint(other_cards: &[&str]) -> String {
    let mut names: Vec<&str> = CARD_NAMES.to_vec();
    names.extend(other_cards);
    format!("name each card once; the cards are {}", names.join(", "))
}
