//! Reads the steps of a scenario.
//!
//! Finds out what each step does, and which pin and card it means.

use std::sync::Arc;

use hw_mpu401::Fault as CardFault;
use portcls_emulator::Irql;
use portcls_emulator::choice::Choice;
use portcls_midi_file::Song;
use portcls_port::ks::KsState;

use super::error::{Fault, Way, advice};
use super::file::{FormatWord, PnpWord, StateWord, StepTable, UseWord};
use super::plan::{Action, Fault as KernelFault, PinName, Refill, Since, Start, Step};
use super::read::Reader;
use super::values::Wait;
use crate::midi_pin::PinUse;
use crate::pin_choice::PinChoice;
use crate::pin_format::PinFormat;

/// How long a step waits at most, if the step itself does not say how long, in ns.
const WITHIN_NS: u64 = 10_000_000_000;

/// The most bytes that one step `cable` or `cable-notes` sends. Assumed: a scenario written by hand
/// needs no more.
const MOST_CABLE_BYTES: usize = 1 << 20;

/// The most read requests of one step. Assumed: no application has more at once.
const MOST_REQUESTS: u32 = 1_000;

/// The keys that go with each verb, beside at, absolute and status.
const VERBS: [(&str, &[&str]); 20] = [
    ("open", &["id", "card", "filter", "format"]),
    ("state", &["pin"]),
    ("mark", &[]),
    ("write", &["pin", "due"]),
    ("notes", &["pin", "due"]),
    ("messages", &["pin"]),
    ("file", &["pin"]),
    ("cable", &["card", "every", "times", "pace", "wire"]),
    ("cable-notes", &["card", "every", "times", "pace", "wire"]),
    ("cable-file", &["card", "wire"]),
    ("requests", &["pin", "refill"]),
    ("read", &["pin", "within"]),
    ("cancel", &["pin"]),
    ("close", &[]),
    ("hold", &["for", "end-mark"]),
    ("wait", &["pin", "within"]),
    ("pnp", &["card"]),
    ("power", &["card"]),
    ("vanish", &["card"]),
    ("fault", &["answer", "skip", "times", "card"]),
];

impl StepTable {
    /// The keys of the step, without at, absolute and status.
    fn keys(&self) -> Vec<&'static str> {
        let keys = [
            ("open", self.open.is_some()),
            ("state", self.state.is_some()),
            ("mark", self.mark.is_some()),
            ("write", self.write.is_some()),
            ("notes", self.notes.is_some()),
            ("messages", self.messages.is_some()),
            ("file", self.file.is_some()),
            ("cable", self.cable.is_some()),
            ("cable-notes", self.cable_notes.is_some()),
            ("cable-file", self.cable_file.is_some()),
            ("requests", self.requests.is_some()),
            ("read", self.read.is_some()),
            ("cancel", self.cancel.is_some()),
            ("close", self.close.is_some()),
            ("hold", self.hold.is_some()),
            ("wait", self.wait.is_some()),
            ("pnp", self.pnp.is_some()),
            ("power", self.power.is_some()),
            ("vanish", self.vanish.is_some()),
            ("fault", self.fault.is_some()),
            ("id", self.id.is_some()),
            ("pin", self.pin.is_some()),
            ("card", self.card.is_some()),
            ("filter", self.filter.is_some()),
            ("format", self.format.is_some()),
            ("due", self.due.is_some()),
            ("every", self.every.is_some()),
            ("times", self.times.is_some()),
            ("pace", self.pace.is_some()),
            ("wire", self.wire.is_some()),
            ("for", self.r#for.is_some()),
            ("end-mark", self.end_mark.is_some()),
            ("refill", self.refill),
            ("within", self.within.is_some()),
            ("answer", self.answer.is_some()),
            ("skip", self.skip.is_some()),
        ];
        keys.into_iter().filter(|(_, is_there)| *is_there).map(|(key, _)| key).collect()
    }
}

/// Reads the steps. Returns when the driver starts, the steps, and the pins that they open.
pub(super) fn read_steps(
    reader: &Reader<'_>,
    tables: &[StepTable],
    cards: usize,
) -> Result<(Start, Vec<Step>, Vec<PinName>), Fault> {
    let mut steps = Steps { reader, cards, pins: Vec::new() };
    let read = |(index, table)| steps.read(index, table);
    let read: Vec<Step> = tables.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    // A fault may come before the step that starts the driver.
    let first = tables.iter().find(|table| table.fault.is_none());
    let starts = first.is_some_and(|table| table.pnp == Some(PnpWord::Start));
    let start = if starts { Start::FirstStep } else { Start::BeforeSteps };
    let pins = steps.pins.into_iter().map(|pin| pin.name).collect();
    Ok((start, read, pins))
}

/// A pin that a step opened.
struct Pin {
    name: PinName,
    is_open: bool,
}

struct Steps<'r, 't> {
    reader: &'r Reader<'t>,
    cards: usize,
    pins: Vec<Pin>,
}

/// The place of a step in the file.
#[derive(Clone, Copy)]
struct Place<'r, 't> {
    reader: &'r Reader<'t>,
    index: usize,
}

impl Place<'_, '_> {
    fn fault(self, key: &str, words: &str) -> Fault {
        self.reader.fault(&[Way::Key("step"), Way::Index(self.index), Way::Key(key)], words)
    }
}

impl Steps<'_, '_> {
    fn read(&mut self, index: usize, table: &StepTable) -> Result<Step, Fault> {
        let place = Place { reader: self.reader, index };
        let verb = verb_of(place, table)?;
        let line = self.reader.line(&[Way::Key("step"), Way::Index(index), Way::Key(verb)]);
        let since = if table.absolute { Since::PowerOn } else { Since::Mark };
        if table.absolute && table.at.is_none() {
            return Err(place.fault("absolute", "absolute says how at counts; write at too"));
        }
        Ok(Step {
            line,
            verb,
            at: table.at.as_ref().map(|time| (time.0, since)),
            status: table.status.as_ref().map(|status| status.0),
            action: self.action(place, verb, table)?,
        })
    }

    fn action(
        &mut self,
        place: Place<'_, '_>,
        verb: &'static str,
        table: &StepTable,
    ) -> Result<Action, Fault> {
        if let Some(pin_use) = table.open {
            return self.open(place, pin_use, table);
        }
        if let Some(name) = &table.close {
            let pin = self.pin(place, "close", Some(name), None)?;
            self.pins[pin].is_open = false;
            return Ok(Action::Close { pin });
        }
        if let Some(words) = &table.mark {
            return Ok(Action::Mark(words.clone()));
        }
        match verb {
            "write" | "notes" | "messages" | "file" => self.write(place, table),
            "cable" | "cable-notes" | "cable-file" => self.cable(place, table),
            "state" | "requests" | "read" | "cancel" => self.pin_action(place, verb, table),
            "hold" => hold(place, table),
            "wait" => self.wait(place, table),
            "fault" => self.fault(place, table),
            _ => self.device_action(place, table),
        }
    }

    fn open(
        &mut self,
        place: Place<'_, '_>,
        pin_use: UseWord,
        table: &StepTable,
    ) -> Result<Action, Fault> {
        let pin_use = match pin_use {
            UseWord::Render => PinUse::Render,
            UseWord::Capture => PinUse::Capture,
        };
        let id = table.id.clone().unwrap_or_else(|| pin_use.word().to_owned());
        if self.pins.iter().any(|pin| pin.name.id == id && pin.is_open) {
            let key = if table.id.is_some() { "id" } else { "open" };
            let words = format!("a pin '{id}' is open already; give this one an id of its own");
            return Err(place.fault(key, &words));
        }
        let choice = table.filter.as_ref().map(|text| {
            text.parse::<PinChoice>().map_err(|error| {
                place.fault("filter", &format!("'{text}' names no filter; {error}"))
            })
        });
        let format = match table.format {
            None | Some(FormatWord::Midi) => PinFormat::Midi,
            Some(FormatWord::Directmusic) => PinFormat::DirectMusic,
        };
        let card = self.card(place, table)?;
        let name = PinName { id, pin_use };
        // A step may open a pin again after its close. With the same use it is the same pin of the
        // scenario, and keeps its earlier results.
        let known = self.pins.iter().position(|pin| pin.name == name);
        let pin = known.unwrap_or(self.pins.len());
        match known {
            Some(index) => self.pins[index].is_open = true,
            None => self.pins.push(Pin { name, is_open: true }),
        }
        Ok(Action::Open { pin, card, choice: choice.transpose()?, format })
    }

    fn pin_action(
        &self,
        place: Place<'_, '_>,
        verb: &'static str,
        table: &StepTable,
    ) -> Result<Action, Fault> {
        let wanted = matches!(verb, "requests" | "read").then_some(PinUse::Capture);
        let pin = self.pin(place, verb, table.pin.as_ref(), wanted)?;
        if let Some(state) = table.state {
            let state = match state {
                StateWord::Stop => KsState::Stop,
                StateWord::Acquire => KsState::Acquire,
                StateWord::Pause => KsState::Pause,
                StateWord::Run => KsState::Run,
            };
            return Ok(Action::State { pin, state });
        }
        if let Some(count) = table.requests {
            if count == 0 || count > MOST_REQUESTS {
                let words =
                    format!("{count} requests are not possible; write 1 to {MOST_REQUESTS}");
                return Err(place.fault("requests", &words));
            }
            let refill = if table.refill { Refill::Yes } else { Refill::No };
            return Ok(Action::Requests { pin, count, refill });
        }
        match table.read {
            Some(count) => {
                Ok(Action::Read { pin, count: count as usize, within_ns: within(table) })
            }
            None => Ok(Action::Cancel { pin }),
        }
    }

    fn write(&self, place: Place<'_, '_>, table: &StepTable) -> Result<Action, Fault> {
        let verb = verb_of(place, table)?;
        let pin = self.pin(place, verb, table.pin.as_ref(), Some(PinUse::Render))?;
        if let Some(name) = &table.file {
            let song =
                self.reader.folder.song(name).map_err(|words| place.fault("file", &words))?;
            return Ok(Action::Play { pin, song: Arc::new(song) });
        }
        if let Some(messages) = &table.messages {
            let messages: Vec<(u64, Vec<u8>)> =
                messages.iter().map(|message| (message.at.0, message.bytes.0.clone())).collect();
            let is_empty =
                messages.is_empty() || messages.iter().any(|(_, bytes)| bytes.is_empty());
            if is_empty || !messages.is_sorted_by_key(|(at_ns, _)| *at_ns) {
                let words = "these are no messages in order of time; write { at = \"1ms\", \
                             bytes = \"90 3C 40\" }, the earliest first";
                return Err(place.fault("messages", words));
            }
            return Ok(Action::WriteBuffer { pin, messages });
        }
        let bytes = bytes_of(place, verb, &table.write, &table.notes)?;
        Ok(match &table.due {
            None => Action::WriteNow { pin, bytes },
            Some(due) => Action::WriteBuffer { pin, messages: vec![(due.0, bytes)] },
        })
    }

    fn cable(&self, place: Place<'_, '_>, table: &StepTable) -> Result<Action, Fault> {
        let card = self.card(place, table)?;
        let sender = table.wire.as_ref().map(|wire| wire.0).unwrap_or_default();
        if let Some(name) = &table.cable_file {
            let song = self.reader.folder.song(name);
            let song = song.map_err(|words| place.fault("cable-file", &words))?;
            return Ok(Action::SendSong { card, sender, song: Arc::new(song) });
        }
        let verb = verb_of(place, table)?;
        let bytes = bytes_of(place, verb, &table.cable, &table.cable_notes)?;
        let times = table.times.unwrap_or(1);
        let pace_ns = match table.pace.as_deref() {
            None | Some("wire") => None,
            Some(text) => Some(crate::settings::parse_ns(text).map_err(|error| {
                let words = format!("'{text}' is no pace; write wire or a time: {error}");
                place.fault("pace", &words)
            })?),
        };
        if times > 1 && table.every.is_none() {
            return Err(place.fault("times", "times needs a distance; write every = \"1ms\" too"));
        }
        let count = bytes.len().saturating_mul(times as usize);
        if times == 0 || count > MOST_CABLE_BYTES {
            let words = format!("{count} bytes are not possible; write 1 to {MOST_CABLE_BYTES}");
            return Err(place.fault("times", &words));
        }
        if times == 1 && pace_ns.is_none() {
            return Ok(Action::Send { card, sender, bytes });
        }
        let every_ns = table.every.as_ref().map_or(0, |every| every.0);
        let mut song = Song::new();
        for time in 0..u64::from(times) {
            let start_ns = time.saturating_mul(every_ns);
            match pace_ns {
                None => song.push(start_ns, &bytes),
                Some(pace_ns) => {
                    for (index, byte) in bytes.iter().enumerate() {
                        let after_ns = (index as u64).saturating_mul(pace_ns);
                        song.push(start_ns.saturating_add(after_ns), &[*byte]);
                    }
                }
            }
        }
        Ok(Action::SendSong { card, sender, song: Arc::new(song) })
    }

    /// Reads a fault: an unusual answer to a choice of the kernel, or a fault of a card.
    fn fault(&self, place: Place<'_, '_>, table: &StepTable) -> Result<Action, Fault> {
        let id = table.fault.as_ref().expect("the verb is fault");
        let times = table.times.unwrap_or(1);
        if times == 0 {
            return Err(place.fault("times", "a fault that never happens is none; write 1 or more"));
        }
        let is_of_card = |fault: &&CardFault| fault.word() == id.as_str();
        if let Some(fault) = CardFault::ALL.iter().find(is_of_card) {
            let kernel_keys = [("answer", table.answer.is_some()), ("skip", table.skip.is_some())];
            if let Some((key, _)) = kernel_keys.into_iter().find(|(_, is_there)| *is_there) {
                let words =
                    format!("{key} does not go with the fault {id} of a card; leave it out");
                return Err(place.fault(key, &words));
            }
            let card = self.card(place, table)?;
            return Ok(Action::CardFault { card, fault: *fault, bytes: times });
        }
        if table.card.is_some() {
            let words = format!("card does not go with the fault {id}; leave it out");
            return Err(place.fault("card", &words));
        }
        kernel_fault(place, table, times)
    }

    fn wait(&self, place: Place<'_, '_>, table: &StepTable) -> Result<Action, Fault> {
        let wait = table.wait.as_ref().expect("the verb is wait").0;
        if matches!(wait, Wait::Time(_)) && table.within.is_some() {
            let words = "a wait for a time has no limit; leave out within";
            return Err(place.fault("within", words));
        }
        let pin = match (wait, &table.pin) {
            (Wait::Requests, name) => Some(self.pin(place, "wait", name.as_ref(), None)?),
            (_, Some(_)) => {
                let words = "this wait is for no pin; leave out pin, or wait for requests";
                return Err(place.fault("pin", words));
            }
            (_, None) => None,
        };
        Ok(Action::Wait { wait, pin, within_ns: within(table) })
    }

    fn device_action(&self, place: Place<'_, '_>, table: &StepTable) -> Result<Action, Fault> {
        let card = self.card(place, table)?;
        if let Some(request) = table.pnp {
            if request == PnpWord::Unload && table.card.is_some() {
                let words = "unload is for all cards; leave out card, or write pnp = \"remove\"";
                return Err(place.fault("card", words));
            }
            return Ok(Action::Pnp { card, request });
        }
        if let Some(state) = table.power {
            return Ok(Action::Power { card, state });
        }
        let in_ns = table.vanish.as_ref().expect("no other verb is left").0;
        Ok(Action::Vanish { card, in_ns })
    }

    fn card(&self, place: Place<'_, '_>, table: &StepTable) -> Result<usize, Fault> {
        let number = table.card.unwrap_or(1) as usize;
        if number == 0 || number > self.cards {
            let words = format!("there is no card {number}; the machine has {}", self.cards);
            return Err(place.fault("card", &words));
        }
        Ok(number - 1)
    }

    /// Finds the open pin with this name. Without a name, finds the only open pin. With `wanted`,
    /// only pins of this use count.
    fn pin(
        &self,
        place: Place<'_, '_>,
        verb: &str,
        name: Option<&String>,
        wanted: Option<PinUse>,
    ) -> Result<usize, Fault> {
        let fits =
            |pin: &&Pin| pin.is_open && wanted.is_none_or(|wanted| pin.name.pin_use == wanted);
        let open: Vec<&str> =
            self.pins.iter().filter(fits).map(|pin| pin.name.id.as_str()).collect();
        let kind = wanted.map_or("", PinUse::word);
        let words = match (name, &open[..]) {
            (_, []) => format!("no {kind} pin is open here; write a step with open before"),
            (Some(name), _) if open.contains(&name.as_str()) => {
                let found = self.pins.iter().rposition(|pin| pin.name.id == *name);
                return Ok(found.expect("an open pin is in the list"));
            }
            (Some(name), _) => {
                format!("no {kind} pin '{name}' is open here; {}", advice(name, &open))
            }
            (None, [only]) => {
                let found = self.pins.iter().rposition(|pin| pin.name.id == *only);
                return Ok(found.expect("an open pin is in the list"));
            }
            (None, _) => {
                format!("several pins are open; write pin = \"{}\"", open.join("\" or \""))
            }
        };
        let key = if name.is_some() && verb != "close" { "pin" } else { verb };
        Err(place.fault(key, &words.replace("  ", " ")))
    }
}

fn within(table: &StepTable) -> u64 {
    table.within.as_ref().map_or(WITHIN_NS, |time| time.0)
}

/// The verb of a step. Fails if the step has no verb or several, or if another key of the step does
/// not go with the verb.
fn verb_of(place: Place<'_, '_>, table: &StepTable) -> Result<&'static str, Fault> {
    let keys = table.keys();
    let verbs: Vec<&(&str, &[&str])> =
        VERBS.iter().filter(|(verb, _)| keys.contains(verb)).collect();
    let (verb, companions) = match verbs[..] {
        [(verb, companions)] => (*verb, *companions),
        [] => {
            let names: Vec<&str> = VERBS.iter().map(|(verb, _)| *verb).collect();
            let words = format!("the step does nothing; write one of {}", names.join(", "));
            return Err(place.fault("", &words));
        }
        [first, second, ..] => {
            let words = format!(
                "a step does one thing; put {} and {} into steps of their own",
                first.0, second.0
            );
            return Err(place.fault(second.0, &words));
        }
    };
    match keys.iter().find(|key| **key != verb && !companions.contains(key)) {
        None => Ok(verb),
        Some(key) => {
            let hint = match companions {
                [] => "leave it out".to_owned(),
                _ => format!("leave it out; with {verb} go {}", companions.join(", ")),
            };
            Err(place.fault(key, &format!("{key} does not go with {verb}; {hint}")))
        }
    }
}

/// The bytes of a step, from its key for bytes or from its key for notes.
fn bytes_of(
    place: Place<'_, '_>,
    verb: &str,
    bytes: &Option<super::values::Bytes>,
    notes: &Option<super::values::Notes>,
) -> Result<Vec<u8>, Fault> {
    let found = bytes.as_ref().map(|bytes| &bytes.0).or(notes.as_ref().map(|notes| &notes.0));
    match found {
        Some(bytes) if !bytes.is_empty() => Ok(bytes.clone()),
        _ => Err(place.fault(verb, "there are no bytes; write some, as in 90 3C 40")),
    }
}

fn hold(place: Place<'_, '_>, table: &StepTable) -> Result<Action, Fault> {
    let level: Irql = table.hold.as_ref().expect("the verb is hold").0;
    let Some(time) = &table.r#for else {
        return Err(place.fault("hold", "hold needs a time; write for = \"1ms\" too"));
    };
    if time.0 == 0 || time.0 % 1_000 != 0 {
        let words = "the processor is held for whole microseconds; write for = \"50us\" or more";
        return Err(place.fault("for", words));
    }
    Ok(Action::Hold { level, time_us: time.0 / 1_000, end_mark: table.end_mark.clone() })
}

fn kernel_fault(place: Place<'_, '_>, table: &StepTable, times: u32) -> Result<Action, Fault> {
    let id = table.fault.as_ref().expect("the verb is fault");
    let Some(choice) = Choice::from_id(id) else {
        let of_cards = CardFault::ALL.iter().map(|fault| fault.word());
        let ids: Vec<&str> = Choice::ALL.into_iter().map(Choice::id).chain(of_cards).collect();
        let words = format!("there is no fault '{id}'; {}", advice(id, &ids));
        return Err(place.fault("fault", &words));
    };
    let answers = choice.answers();
    let answer = match (&table.answer, answers) {
        (None, [_, _]) => 1,
        (None, _) => {
            let words = format!(
                "{id} can go in several ways; write answer = \"{}\"",
                answers[1..].join("\" or \"")
            );
            return Err(place.fault("fault", &words));
        }
        (Some(word), _) => answers.iter().position(|answer| answer == word).ok_or_else(|| {
            let words = format!("{id} has no answer '{word}'; {}", advice(word, answers));
            place.fault("answer", &words)
        })?,
    };
    let skip = table.skip.unwrap_or(0);
    Ok(Action::Fault(KernelFault { choice, answer: answer as u32, skip, times }))
}
