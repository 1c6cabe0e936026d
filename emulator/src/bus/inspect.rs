//! What the devices on the bus say of themselves.

use super::Attached;
use crate::inspection::{Inspection, Moment};
use crate::interrupt::LineState;
use crate::kernel::Kernel;

impl Kernel {
    /// The state of each device on the bus, in the order in which the devices were attached. If
    /// there is no device, the list has one text, which says this.
    ///
    /// A debugger and a report may call this, even after a stop. The call is not an access, takes
    /// no time and is in no trace. IRQL: any.
    #[must_use]
    pub fn inspect_devices(&self) -> Vec<Inspection> {
        let devices = self.state.bus.devices.borrow();
        if devices.is_empty() {
            return vec![Inspection::new("no device is on the bus".to_owned())];
        }
        devices.iter().map(|attached| attached.inspect(self.now_ns())).collect()
    }
}

impl Attached {
    fn inspect(&self, now_ns: u64) -> Inspection {
        let mut told = Inspection::new(self.title());
        if !self.present.get() {
            told.tell("bus", "it was pulled off: its ports read FF");
            return told;
        }
        match self.device.try_borrow() {
            Ok(device) => device.inspect(now_ns, &mut told),
            Err(_) => told.tell("state", "in the middle of an access"),
        }
        if told.facts().next().is_none() {
            told.tell("state", "this device tells nothing of itself");
        }
        if self.line.is_some() {
            let words = match self.line_state.get() {
                LineState::Up => "up",
                LineState::Down => "down",
            };
            told.tell("interrupt line", words);
        }
        told.tell("next event", Moment(self.next_event_ns.get()));
        told
    }

    fn title(&self) -> String {
        let Attached { first_port, last_port, .. } = self;
        let line = self.line.map_or_else(String::new, |line| format!(", irq {line}"));
        if first_port == last_port {
            return format!("the device at port {first_port:X}{line}");
        }
        format!("the device at ports {first_port:X} to {last_port:X}{line}")
    }
}
