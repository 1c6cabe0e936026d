//! Signals of a device.

use super::{BusDevice, DeviceReply};
use crate::trace::Event;
use crate::{Kernel, KernelConfig, LineState};

/// A device that shows what was written to it last, and that it fell to 0 after 5 us.
struct Lamp {
    level: u8,
    off_ns: u64,
}

impl Lamp {
    fn reply(&self) -> DeviceReply {
        let next_event_ns = self.off_ns;
        DeviceReply { value: 0, note: 0, line: LineState::Down, next_event_ns, has_serial: true }
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
