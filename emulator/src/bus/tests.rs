//! Signals, replies that nothing has changed, and accesses to no device.

use super::{Answer, BusDevice, DeviceReply, Outputs, UnclaimedAccesses};
use crate::trace::Event;
use crate::{Kernel, KernelConfig, LineState};

/// A lamp with the level that was written last. The lamp goes off 5 us after the last write.
struct Lamp {
    level: u8,
    off_ns: u64,
}

impl Lamp {
    fn reply(&self) -> DeviceReply {
        let outputs =
            Outputs { line: LineState::Down, next_event_ns: self.off_ns, has_serial: true };
        DeviceReply::Changed(Answer { value: 0, note: 0 }, outputs)
    }
}

impl BusDevice for Lamp {
    fn notes(&self) -> &'static [&'static str] {
        &[]
    }

    fn signals(&self) -> &'static [&'static str] {
        &["lamp", "level"]
    }

    fn signal(&self, index: usize) -> u32 {
        [u32::from(self.level > 0), u32::from(self.level)][index]
    }

    fn read(&mut self, _offset: u16, now_ns: u64) -> DeviceReply {
        self.advance(now_ns)
    }

    fn write(&mut self, _offset: u16, value: u8, now_ns: u64) -> DeviceReply {
        (self.level, self.off_ns) = (value, now_ns + 5_000);
        self.reply()
    }

    fn advance(&mut self, now_ns: u64) -> DeviceReply {
        if now_ns >= self.off_ns {
            (self.level, self.off_ns) = (0, u64::MAX);
        }
        self.reply()
    }
}

#[test]
fn a_signal_is_traced_at_first_and_when_it_changes_at_the_time_it_does() {
    let kernel = Kernel::new(KernelConfig::default());
    let lamp = Box::new(Lamp { level: 0, off_ns: u64::MAX });
    kernel.attach_device(0x330, 1, None, lamp);
    for level in [7, 9] {
        kernel.write_port_u8(0x330, level);
        let _ = kernel.read_port_u8(0x330);
    }
    kernel.stall_us(20);
    let log = kernel.trace().log();
    let signals = log.events().filter_map(|event| match event.event {
        Event::Signal { signal, value } => Some((event.time_ns, log.name(signal), value)),
        _ => None,
    });
    let expected = [
        (0, "lamp", 0),
        (0, "level", 0),
        (1_000, "lamp", 1),
        (1_000, "level", 7),
        (3_000, "level", 9),
        (8_000, "lamp", 0),
        (8_000, "level", 0),
    ];
    assert_eq!(signals.collect::<Vec<_>>(), expected);
}

/// An alarm that rings 5 us after a write. A read replies that nothing has changed.
struct Alarm {
    due_ns: u64,
}

impl Alarm {
    fn outputs(&self, line: LineState) -> DeviceReply {
        let outputs = Outputs { line, next_event_ns: self.due_ns, has_serial: false };
        DeviceReply::Changed(Answer { value: 0, note: 0 }, outputs)
    }
}

impl BusDevice for Alarm {
    fn notes(&self) -> &'static [&'static str] {
        &[]
    }

    fn read(&mut self, _offset: u16, _now_ns: u64) -> DeviceReply {
        DeviceReply::Same(Answer { value: 7, note: 0 })
    }

    fn write(&mut self, _offset: u16, _value: u8, now_ns: u64) -> DeviceReply {
        self.due_ns = now_ns + 5_000;
        self.outputs(LineState::Down)
    }

    fn advance(&mut self, now_ns: u64) -> DeviceReply {
        if now_ns < self.due_ns {
            return self.outputs(LineState::Down);
        }
        self.due_ns = u64::MAX;
        self.outputs(LineState::Up)
    }
}

#[test]
fn a_device_that_says_the_same_keeps_its_line_and_its_deadline() {
    let kernel = Kernel::new(KernelConfig::default());
    kernel.attach_device(0x330, 1, None, Box::new(Alarm { due_ns: u64::MAX }));
    let line = || kernel.state.bus.devices.borrow()[0].line_state.get();
    kernel.write_port_u8(0x330, 0);
    assert_eq!(kernel.read_port_u8(0x330), 7);
    assert_eq!(line(), LineState::Down);
    kernel.stall_us(5);
    assert_eq!(line(), LineState::Up, "the read has not put the alarm off");
    assert_eq!(kernel.read_port_u16(0x330), 0xFF07);
    assert_eq!(line(), LineState::Up, "the read has not let the line fall");
}

#[test]
fn accesses_to_ports_that_no_device_has_are_counted() {
    let kernel = Kernel::new(KernelConfig::default());
    assert_eq!(kernel.unclaimed_accesses(), None);
    assert_eq!(kernel.read_port_u8(0x300), 0xFF);
    kernel.write_port_u8(0x301, 1);
    assert_eq!(kernel.read_port_u16(0x302), 0xFFFF);
    let seen = UnclaimedAccesses { count: 3, first_port: 0x300 };
    assert_eq!(kernel.unclaimed_accesses(), Some(seen));
}
