//! The resources that the machine gives its device, in their order.
//!
//! Owns: the raw and the translated list of a start request, the ports that are not modelled, and
//! the lines that are wired. This file never knows how a user names a resource.

use mpu401_card_bench::resources::{
    Answers, CardResource, MPU401_PORTS, OwnPlaces, PortRange, check,
};
use portcls_emulator::{InterruptLine, Irql, Resource, Share, TriggerMode};

use crate::error::MachineError;

/// How an interrupt line of the device is wired, and whether other devices may share the line.
#[derive(Clone, Copy)]
pub(crate) struct OwnLine {
    pub number: u8,
    pub trigger: TriggerMode,
    pub share: Share,
}

/// The resources of the device.
pub(crate) struct Granted {
    /// The resources as the driver uses them.
    pub translated: Vec<Resource>,
    /// The resources as the bus numbers them.
    pub raw: Vec<Resource>,
    /// The ports that are not the MPU-401's registers.
    pub ranges: Vec<PortRange>,
    /// The line of the MPU-401, even if the list leaves it out, and the other lines of the list.
    pub lines: Vec<InterruptLine>,
}

impl Granted {
    /// Makes the resources from a list. An empty list gives the MPU-401's ports and its line.
    ///
    /// If DATA and STATUS are neighbours, they are one range. Otherwise DATA and STATUS are two
    /// resources of one port each, so a driver need not know how far they are apart.
    /// Assumed: the ports between DATA and STATUS belong to other devices.
    ///
    /// # Errors
    /// [`MachineError::BadPort`] when DATA or STATUS would lie above FFFF;
    /// [`MachineError::BadResource`] for a list that no device can have.
    pub fn new(
        listed: &[CardResource],
        port: u16,
        status_offset: u16,
        line: OwnLine,
    ) -> Result<Granted, MachineError> {
        let own = OwnPlaces { port, status_offset, line: Some(line.number) };
        let last = port.checked_add(status_offset.max(1));
        let last = last.ok_or(MachineError::BadPort { port: port.into() })?;
        check(listed, own).map_err(|bad| MachineError::BadResource {
            resource: listed.get(bad.index).map(CardResource::to_string),
            what: bad.what,
            hint: bad.hint,
        })?;
        let lines = vec![InterruptLine { number: line.number, trigger: line.trigger }];
        let (translated, raw) = (Vec::new(), Vec::new());
        let mut granted = Granted { translated, raw, ranges: Vec::new(), lines };
        let usual = [CardResource::Mpu401 { length: None }, CardResource::Mpu401Line];
        for resource in if listed.is_empty() { &usual[..] } else { listed } {
            match resource {
                CardResource::Mpu401 { .. } if status_offset > 1 => {
                    granted.add_ports(port, 1);
                    granted.add_ports(last, 1);
                }
                CardResource::Mpu401 { length } => {
                    let length = length.unwrap_or(MPU401_PORTS);
                    granted.add_ports(port, length);
                    if length > MPU401_PORTS {
                        granted.ranges.push(PortRange {
                            start: port + MPU401_PORTS,
                            length: length - MPU401_PORTS,
                            answers: Answers::Nothing,
                        });
                    }
                }
                CardResource::Mpu401Line => granted.add_line(line),
                CardResource::Ports(range) => {
                    granted.add_ports(range.start, range.length);
                    granted.ranges.push(range.clone());
                }
                CardResource::Line(number) => granted.add_line(other_line(*number, line)),
                CardResource::Dma(channel) => {
                    granted.add(Resource::Dma { channel: u32::from(*channel), port: 0 });
                }
                CardResource::Memory { start, length } => {
                    granted.add(Resource::Memory { start: *start, length: *length });
                }
            }
        }
        Ok(granted)
    }

    /// Adds a resource that is the same in both lists.
    fn add(&mut self, resource: Resource) {
        self.translated.push(resource);
        self.raw.push(resource);
    }

    fn add_ports(&mut self, start: u16, length: u16) {
        self.add(Resource::Port { start: start.into(), length: length.into() });
    }

    fn add_line(&mut self, line: OwnLine) {
        let interrupt = |level: u32, vector: u32| Resource::Interrupt {
            level,
            vector,
            affinity: 1,
            trigger: line.trigger,
            share: line.share,
        };
        let (number, irql) = (u32::from(line.number), Irql::of_line(line.number));
        self.translated.push(interrupt(irql.0.into(), InterruptLine::vector_of(line.number)));
        self.raw.push(interrupt(number, number));
        let wired = InterruptLine { number: line.number, trigger: line.trigger };
        if !self.lines.contains(&wired) {
            self.lines.push(wired);
        }
    }
}

/// How the line with this number is wired. If this is the line of the MPU-401, it is wired as the
/// MPU-401 needs it.
///
/// Assumed: the other parts of the card are on the ISA bus. So any other line remembers an edge and
/// is not shared.
fn other_line(number: u8, own: OwnLine) -> OwnLine {
    let number = if number == 2 { 9 } else { number };
    if number == own.number {
        return own;
    }
    OwnLine { number, trigger: TriggerMode::Latched, share: Share::Exclusive }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: OwnLine = OwnLine { number: 9, trigger: TriggerMode::Level, share: Share::Shared };

    fn granted(list: &str, status_offset: u16) -> Result<Granted, MachineError> {
        let list: Vec<CardResource> =
            list.split_whitespace().map(|word| word.parse().expect(word)).collect();
        Granted::new(&list, 0x330, status_offset, LINE)
    }

    #[test]
    fn a_device_without_a_list_has_the_ports_and_the_line_of_the_mpu_401() {
        let found = granted("", 1).expect("it is usual");
        assert_eq!(found.translated[0], Resource::Port { start: 0x330, length: 2 });
        assert!(matches!(
            (found.translated[1], found.raw[1]),
            (Resource::Interrupt { vector: 0x39, .. }, Resource::Interrupt { vector: 9, .. })
        ));
        assert_eq!((found.translated.len(), found.ranges.len(), found.lines.len()), (2, 0, 1));
    }

    #[test]
    fn the_lists_keep_the_order_and_the_other_line_is_an_isa_line() {
        let list = "port:388+4 port:220+16 mpu401+4 dma:1 irq:5 memory:D0000+16 irq:2";
        let found = granted(list, 1).expect("it is good");
        assert_eq!(found.translated[2], Resource::Port { start: 0x330, length: 4 });
        assert_eq!(found.translated[3], Resource::Dma { channel: 1, port: 0 });
        assert_eq!(found.raw[5], Resource::Memory { start: 0xD0000, length: 16 });
        let lines = found.raw.iter().filter_map(|one| match one {
            Resource::Interrupt { vector, trigger, share, .. } => Some((*vector, *trigger, *share)),
            _ => None,
        });
        let (edge, level) = (TriggerMode::Latched, TriggerMode::Level);
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [(5, edge, Share::Exclusive), (9, level, Share::Shared)]
        );
        let ranges: Vec<String> = found.ranges.iter().map(PortRange::to_string).collect();
        assert_eq!(ranges, ["388+4", "220+16", "332+2"]);
        assert_eq!(found.lines.len(), 2);
    }

    #[test]
    fn registers_that_are_no_neighbours_get_a_port_each_at_the_place_of_the_mpu_401() {
        let found = granted("port:388+4 mpu401 dma:1", 2).expect("it is good");
        assert_eq!(found.raw[1], Resource::Port { start: 0x330, length: 1 });
        assert_eq!(found.raw[2], Resource::Port { start: 0x332, length: 1 });
        assert_eq!(found.raw.len(), 4);
    }

    #[test]
    fn a_bad_list_names_the_resource() {
        let error = granted("mpu401 port:331+1", 1).err().expect("they overlap").to_string();
        assert_eq!(
            error,
            "the resource port:331+1: the ports 330 to 331 and 331 to 331 overlap; move one of \
             the ranges, or leave it out"
        );
        let error = granted("port:220+1", 1).err().expect("none is the card's").to_string();
        assert!(error.starts_with("the list of resources: no range of the list is"), "{error}");
    }
}
