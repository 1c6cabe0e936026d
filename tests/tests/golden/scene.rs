//! The scenes with which the goldens begin.
//!
//! A scene is a started machine, an open pin, or a processor that other work keeps busy.

pub use portcls_machine::chip::CARD_NAMES as CARDS;
use portcls_machine::chip::InitialState;
use portcls_machine::emulator::{Irql, Kernel};
use portcls_machine::{Application, Machine, MachineBuilder, PinClient};

/// Longest stall in one call, in us. Source: WDK, KeStallExecutionProcessor.
const STALL_US: u32 = 50;

/// A machine with this card in this state, at power-on of the computer.
pub fn machine(card: &str, state: InitialState) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    builder.card_state(state).build().expect("the machine can be built")
}

/// A machine whose driver has been started.
pub fn started(card: &str) -> Machine {
    let machine = machine(card, InitialState::PowerOn);
    machine.start().expect("the driver starts");
    machine
}

/// A render pin in RUN.
pub fn render(machine: &Machine) -> PinClient<'_> {
    let pin = Application::new(machine).open_render().expect("there is a render pin");
    pin.run().expect("the pin runs");
    pin
}

/// A capture pin in RUN with some read requests queued.
pub fn capture(machine: &Machine, reads: usize) -> PinClient<'_> {
    let pin = Application::new(machine).open_capture().expect("there is a capture pin");
    pin.run().expect("the pin runs");
    for _ in 0..reads {
        pin.queue_read().expect("a read is queued");
    }
    pin
}

/// Sets a mark.
pub fn mark(machine: &Machine, words: &str) {
    machine.run(|kernel| kernel.mark(words)).expect("the machine runs");
}

/// Lets time pass.
pub fn wait_us(machine: &Machine, time_us: u64) {
    machine.run_for_ns(time_us * 1_000).expect("the machine runs");
}

/// Keeps the processor at an IRQL for a time, like the work of another driver. At the end of that
/// work this function calls `last`.
pub fn hold_irql(machine: &Machine, irql: Irql, time_us: u32, last: impl Fn(&Kernel)) {
    let work = |kernel: &Kernel| {
        let old = kernel.raise_irql(irql);
        for _ in 0..time_us / STALL_US {
            kernel.stall_us(STALL_US);
        }
        last(kernel);
        kernel.lower_irql(old);
    };
    machine.run(work).expect("the machine runs");
}
