//! The state of the interrupt lines in words, for a debugger or a report.

use super::LINES;
use crate::irql::Irql;
use crate::kernel::Kernel;

impl Kernel {
    /// The wired lines in words.
    pub(crate) fn describe_lines(&self) -> Vec<String> {
        let controller = &self.state.interrupts;
        let wired = (0..LINES).filter(|&index| controller.lines[index].wired.get().is_some());
        let describe = |index: usize| {
            let line = &controller.lines[index];
            let connected = line.connected.borrow();
            let level = if line.sources.get() == 0 { "down" } else { "up" };
            let asks = match controller.requested.get() & 1 << index {
                0 => "asks for nothing",
                _ if connected.is_empty() => "asks for service",
                _ if Irql::of_line(index as u8) > self.current_irql() => "asks for service",
                _ => "asks for service and is masked",
            };
            let routines = match connected.len() {
                0 => "no service routine".to_owned(),
                1 => "1 service routine".to_owned(),
                count => format!("{count} service routines"),
            };
            let is_held = connected.iter().any(|interrupt| interrupt.0.held.get());
            let lock = if is_held { ", its lock is held" } else { "" };
            format!("irq {index} is {level}, {asks}, {routines}{lock}")
        };
        wired.map(describe).collect()
    }
}
