//! What an INF gives a machine: registry values and resources.
//!
//! This file owns the choice among the values that an INF offers. It never reads a file.

use mpu401_card_bench::resources::{Answers, CardResource, MPU401_PORTS, PortRange};
use mpu401_card_bench::shown;
use portcls_emulator::registry::{RegistryValue, ValueType};
use portcls_inf_file::{Configuration, Installation, RangeChoice, Root, Wanted, WantedResource};

use crate::error::{InfRemedy, MachineError};
use crate::installation::{Installed, RegistryPlace};

/// The most places that the machine tries for a range.
const MOST_PLACES: usize = 4_096;

/// The resources of a device, from a configuration of an INF or from the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Taken {
    pub resources: Vec<CardResource>,
    /// The port and the line of the MPU-401.
    pub port: u16,
    pub irq: u8,
}

/// The places of the MPU-401 that the user chose, and the default places.
#[derive(Clone, Copy)]
pub(crate) struct Places {
    /// The port that the user chose; `None` for the card's usual port.
    pub port: Option<u16>,
    pub usual_port: u16,
    /// The line that the user chose; `None` for the usual line.
    pub irq: Option<u8>,
    pub usual_irq: u8,
    pub status_offset: u16,
}

/// The registry entries of an installation, as the machine installs them.
pub(crate) fn installed(installation: &Installation) -> impl Iterator<Item = Installed> {
    installation.values.iter().map(|entry| Installed {
        place: match entry.root {
            Root::Driver => RegistryPlace::Driver,
            Root::Device => RegistryPlace::Device,
            Root::Service => RegistryPlace::Service,
            Root::Machine => RegistryPlace::Machine,
        },
        subkey: entry.subkey.clone(),
        value: entry.value.as_ref().map(|value| RegistryValue {
            name: value.name.clone(),
            kind: ValueType(value.kind),
            data: value.data.clone(),
        }),
    })
}

/// The resources of the first configuration that has room for the MPU-401 and whose other resources
/// do not overlap. `None` without a configuration.
///
/// # Errors
/// [`MachineError::InfResources`] when no configuration can be taken, with the reason why the first
/// one cannot.
pub(crate) fn take(
    configurations: &[Configuration],
    places: Places,
) -> Result<Option<Taken>, MachineError> {
    let mut first = None;
    for configuration in configurations {
        match take_one(configuration, places) {
            Ok(taken) => return Ok(Some(taken)),
            Err(error) => first = first.or(Some(error)),
        }
    }
    first.map_or(Ok(None), Err)
}

fn take_one(configuration: &Configuration, places: Places) -> Result<Taken, MachineError> {
    let fault = |line: Option<usize>, what: String, remedy| MachineError::InfResources {
        section: shown(&configuration.section),
        line,
        what,
        remedy,
    };
    if places.status_offset > 1 {
        let what = "the registers of the card are no neighbours, so they lie in no range of it";
        return Err(fault(None, what.to_owned(), InfRemedy::Resources));
    }
    let resources = &configuration.resources;
    let (own, port) = own_range(resources, places).ok_or_else(|| {
        let port = places.port.unwrap_or(places.usual_port);
        let what = format!("no IOConfig has room for the MPU-401 at port {port:X}");
        fault(None, what, InfRemedy::PortOrResources)
    })?;
    let own_line = own_line(resources, places).map_err(|irq| {
        let what = format!("no IRQConfig has line {irq}");
        fault(None, what, InfRemedy::LineOrResources)
    })?;
    let mut room = Room::default();
    room.take_range(&resources[own], port.into());
    room.lines.extend(own_line.map(|(_, line)| line));
    let mut found = Vec::new();
    for (index, resource) in resources.iter().enumerate() {
        let line = Some(resource.line);
        found.push(if index == own {
            let length = own_length(resource, port);
            CardResource::Mpu401 { length: (length > MPU401_PORTS).then_some(length) }
        } else if own_line.is_some_and(|(own, _)| own == index) {
            CardResource::Mpu401Line
        } else {
            room.place(&resource.wanted).ok_or_else(|| {
                let what = "none of its values is free".to_owned();
                fault(line, what, InfRemedy::Resources)
            })?
        });
    }
    let irq = own_line.map_or(places.irq.unwrap_or(places.usual_irq), |(_, line)| line);
    Ok(Taken { resources: found, port, irq })
}

/// The index of the MPU-401's range and the base port: the first range that has room for the
/// MPU-401 at the port that the user chose, or else at the card's usual port.
///
/// Assumed: an INF does not say which range belongs to the MPU-401. If no range has room at the
/// usual port, and the user chose no port, the machine takes the range that has exactly two ports,
/// at its lowest port. There must be only one such range.
fn own_range(resources: &[WantedResource], places: Places) -> Option<(usize, u16)> {
    let port = places.port.unwrap_or(places.usual_port);
    let ranges = || {
        resources.iter().enumerate().filter_map(|(index, one)| match &one.wanted {
            Wanted::Ports(choices) => Some((index, choices)),
            _ => None,
        })
    };
    let fits = |choice: &&RangeChoice| {
        choice.length >= u64::from(MPU401_PORTS) && choice.may_begin_at(port.into())
    };
    let at_port = ranges().find(|(_, choices)| choices.iter().any(|choice| fits(&choice)));
    if let Some((index, _)) = at_port {
        return Some((index, port));
    }
    if places.port.is_some() {
        return None;
    }
    let is_pair = |choices: &&[RangeChoice]| {
        choices.first().is_some_and(|choice| choice.length == u64::from(MPU401_PORTS))
    };
    let mut pairs = ranges().filter(|(_, choices)| is_pair(&&choices[..]));
    let (index, choices) = pairs.next()?;
    let port = u16::try_from(choices.first()?.lowest()?).ok()?;
    pairs.next().is_none().then_some((index, port))
}

/// The length of the MPU-401's range, which begins at `port`.
fn own_length(resource: &WantedResource, port: u16) -> u16 {
    let Wanted::Ports(choices) = &resource.wanted else { return MPU401_PORTS };
    let at_port = choices.iter().find(|choice| choice.may_begin_at(port.into()));
    at_port.map_or(MPU401_PORTS, |choice| u16::try_from(choice.length).unwrap_or(u16::MAX))
}

/// The index of the MPU-401's interrupt and its line; `None` if the configuration has no line for
/// the MPU-401.
///
/// Assumed: of the interrupts that allow the line of the card, the last is the MPU-401's, because
/// sound cards name their own interrupt first. The line of the card is the line that the user
/// chose, or 9. When no interrupt allows the line and the user chose none, the machine takes the
/// first line of the last interrupt, except lines 0 and 1.
///
/// # Errors
/// The line that the user chose, when the device has interrupts and none of them allows this line.
fn own_line(resources: &[WantedResource], places: Places) -> Result<Option<(usize, u8)>, u8> {
    let lines = resources.iter().enumerate().rev().filter_map(|(index, one)| match &one.wanted {
        Wanted::Lines(lines) => Some((index, lines)),
        _ => None,
    });
    let lines: Vec<(usize, &Vec<u8>)> = lines.collect();
    let wanted = places.irq.unwrap_or(places.usual_irq);
    let has = |lines: &[u8]| lines.iter().any(|line| pc_line(*line) == wanted);
    if let Some((index, _)) = lines.iter().find(|(_, lines)| has(lines)) {
        return Ok(Some((*index, wanted)));
    }
    let Some((index, lines)) = lines.first() else { return Ok(None) };
    if let Some(chosen) = places.irq {
        return Err(chosen);
    }
    let other = lines.iter().map(|line| pc_line(*line)).find(|line| *line >= 3);
    Ok(other.map(|line| (*index, line)))
}

/// Line 2 means 9, as on a PC.
fn pc_line(line: u8) -> u8 {
    if line == 2 { 9 } else { line }
}

/// The ports, addresses, lines and channels that are taken already.
#[derive(Default)]
struct Room {
    /// First and last port.
    ports: Vec<(u64, u64)>,
    /// First and last address.
    memory: Vec<(u64, u64)>,
    lines: Vec<u8>,
    channels: Vec<u8>,
}

impl Room {
    fn take_range(&mut self, resource: &WantedResource, start: u64) {
        let length = own_length(resource, start as u16);
        self.ports.push((start, start + u64::from(length) - 1));
    }

    /// Takes the first of the wanted values that is free.
    fn place(&mut self, wanted: &Wanted) -> Option<CardResource> {
        match wanted {
            Wanted::Ports(choices) => {
                let (start, length) = place(choices, &mut self.ports)?;
                let (start, length) = (u16::try_from(start).ok()?, u16::try_from(length).ok()?);
                let answers = answers(start, length);
                Some(CardResource::Ports(PortRange { start, length, answers }))
            }
            Wanted::Memory(choices) => {
                let (start, length) = place(choices, &mut self.memory)?;
                Some(CardResource::Memory { start, length: u32::try_from(length).ok()? })
            }
            Wanted::Lines(lines) => {
                let free = |line: &u8| *line >= 3 && !self.lines.contains(line);
                let line = lines.iter().map(|line| pc_line(*line)).find(free)?;
                self.lines.push(line);
                Some(CardResource::Line(line))
            }
            Wanted::Channels(channels) => {
                let free = |channel: &&u8| **channel != 4 && !self.channels.contains(channel);
                let channel = *channels.iter().find(free)?;
                self.channels.push(channel);
                Some(CardResource::Dma(channel))
            }
        }
    }
}

/// The base ports that a Sound Blaster can have, and the number of its ports.
/// Source: Sound Blaster Series Hardware Programming Guide.
const SOUND_BLASTERS: [u16; 4] = [0x220, 0x240, 0x260, 0x280];
const SOUND_BLASTER_PORTS: u16 = 16;

/// What answers in a range of an INF. The INF itself names no answers.
///
/// Assumed: 16 ports or more at a Sound Blaster's place belong to a Sound Blaster, or to a card
/// that can stand for a Sound Blaster.
fn answers(start: u16, length: u16) -> Answers {
    if SOUND_BLASTERS.contains(&start) && length >= SOUND_BLASTER_PORTS {
        return Answers::SoundBlasterDsp;
    }
    Answers::Nothing
}

/// Finds a free place for a range, and takes it. Returns the start and the length of the range.
fn place(choices: &[RangeChoice], taken: &mut Vec<(u64, u64)>) -> Option<(u64, u64)> {
    let mut tries = 0;
    for choice in choices {
        let Some(mut start) = choice.lowest() else { continue };
        let step = 1_u64.checked_shl((!choice.mask).trailing_ones()).unwrap_or(1);
        while start <= choice.last && tries < MOST_PLACES {
            tries += 1;
            let end = start + (choice.length - 1);
            let is_free = taken.iter().all(|(first, last)| end < *first || start > *last);
            if is_free && choice.may_begin_at(start) {
                taken.push((start, end));
                return Some((start, choice.length));
            }
            start += step;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use portcls_inf_file::{Architecture, read_inf};

    use super::*;

    const PLACES: Places =
        Places { port: None, usual_port: 0x330, irq: None, usual_irq: 9, status_offset: 1 };

    fn taken(config: &str, places: Places) -> Result<Option<Taken>, MachineError> {
        let text = format!(
            "[Version]\n[Manufacturer]\nMe=M\n[M]\na=I\n[I]\nLogConfig=A,B\n[B]\n\
             IOConfig=300-301\nIRQConfig=5\n[A]\n{config}\n"
        );
        let found = read_inf("t.inf", text.as_bytes(), None, Architecture::X64);
        take(&found.expect("it is an INF").configurations, places)
    }

    fn words(taken: &Taken) -> String {
        let words: Vec<String> = taken.resources.iter().map(CardResource::to_string).collect();
        format!("{} at {:X}, {}", words.join(" "), taken.port, taken.irq)
    }

    #[test]
    fn the_range_at_the_port_of_the_card_is_the_mpu_401s_wherever_it_stands() {
        let config = "IOConfig=4@388-38B%FFFC\nIOConfig=10@220-28F%FFF0\n\
                      IOConfig=2@300-331%FFF0(3FF::)\nIRQConfig=5,7\nIRQConfig=5,2\nDMAConfig=1\n\
                      DMAConfig=D:1,5\nMemConfig=1000@C0000-DFFFF%FFFFF000";
        let found = taken(config, PLACES).expect("it fits").expect("there is one");
        let expected = "port:388+4 port:220+16,sb-dsp mpu401 irq:5 irq dma:1 dma:5 \
                        memory:C0000+0x1000 at 330, 9";
        assert_eq!(words(&found), expected);
        let places = Places { port: Some(0x320), irq: Some(7), ..PLACES };
        let found = taken(config, places).expect("it fits").expect("there is one");
        assert!(words(&found).starts_with("port:388+4 port:220+16,sb-dsp mpu401 irq irq:5"));
        assert!(words(&found).ends_with("at 320, 7"), "{}", words(&found));
    }

    #[test]
    fn a_message_shows_no_control_character_of_the_file_and_little_of_a_long_name() {
        for name in ["A\u{1B}[2J", &"A".repeat(300)] {
            let text = format!(
                "[Version]\n[Manufacturer]\nMe=M\n[M]\na=I\n[I]\nLogConfig={name}\n[{name}]\n\
                 IOConfig=388-38B\n"
            );
            let found = read_inf("t.inf", text.as_bytes(), None, Architecture::X64);
            let places = Places { port: Some(0x330), ..PLACES };
            let taken = take(&found.expect("it is an INF").configurations, places);
            let message = taken.expect_err("no range has room").to_string();
            assert!(message.contains('A'), "{message}");
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(!message.contains(&"A".repeat(100)), "{message}");
        }
    }

    #[test]
    fn an_inf_that_does_not_know_the_usual_places_chooses_its_own() {
        let config = "IOConfig=300-301,310-311\nIRQConfig=5,7";
        let found = taken(config, PLACES).expect("it fits").expect("there is one");
        assert_eq!(words(&found), "mpu401 irq at 300, 5");
    }

    #[test]
    fn a_range_moves_out_of_the_way_of_another() {
        let config = "IOConfig=8@330-33F%FFF8\nIOConfig=8@330-34F%FFF8\nIRQConfig=9";
        let found = taken(config, PLACES).expect("it fits").expect("there is one");
        assert_eq!(words(&found), "mpu401+8 port:338+8 irq at 330, 9");
    }

    #[test]
    fn a_device_without_an_irq_config_has_no_line_and_the_second_section_is_tried() {
        let found = taken("IOConfig=330-331", PLACES).expect("it fits").expect("there is one");
        assert_eq!(words(&found), "mpu401 at 330, 9");
        let found = taken("IRQConfig=9", PLACES).expect("B fits").expect("there is one");
        assert_eq!(words(&found), "mpu401 irq at 300, 5");
        assert_eq!(take(&[], PLACES), Ok(None));
    }

    #[test]
    fn a_configuration_that_does_not_fit_says_what_to_choose() {
        let places = Places { port: Some(0x340), ..PLACES };
        let error = taken("IOConfig=330-331", places).expect_err("no range is there").to_string();
        assert_eq!(
            error,
            "the INF's section [A]: no IOConfig has room for the MPU-401 at port 340; choose its \
             port, or name the resources of the device"
        );
        let one = "IOConfig=330-331\nIRQConfig=9\nIRQConfig=9\n";
        let places = Places { port: Some(0x330), ..PLACES };
        let error = taken(one, places).expect_err("the line is taken").to_string();
        assert_eq!(
            error,
            "the INF's section [A], line 13: none of its values is free; name the resources of the \
             device"
        );
        let places = Places { irq: Some(11), ..PLACES };
        let error = taken("IOConfig=330-331\nIRQConfig=5,7", places).expect_err("11 is in none");
        assert_eq!(
            error.to_string(),
            "the INF's section [A]: no IRQConfig has line 11; choose its line, or name the \
             resources of the device"
        );
        let places = Places { irq: Some(9), ..PLACES };
        let found = taken("IOConfig=330-331\nIRQConfig=5,2", places).expect("2 means 9");
        assert_eq!(words(&found.expect("there is one")), "mpu401 irq at 330, 9");
        let apart = Places { status_offset: 2, ..PLACES };
        assert!(taken("IOConfig=330-331", apart).is_err());
        let whole = Places { port: Some(0), ..PLACES };
        let found = taken("IOConfig=0-FFFF", whole).expect("it fits").expect("there is one");
        assert_eq!(words(&found), "mpu401+65535 at 0, 9");
    }
}
