//! Choices on a whole machine: other answers, and how a run is repeated.

#[path = "choices/card.rs"]
mod card;
#[path = "choices/machine.rs"]
mod machine;
#[path = "choices/repetition.rs"]
mod repetition;

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use portcls_machine::emulator::Kernel;
use portcls_machine::emulator::choice::{Choice, Oracle, Question};
use portcls_machine::{Application, Driver, GuestOptions, Machine, MachineBuilder, MachineError};

/// An oracle that gives one unusual answer when the test has set it, and 0 at all other times.
struct Once {
    choice: Choice,
    answer: Cell<u32>,
}

impl Once {
    /// Sets an oracle for this choice on a machine.
    fn of(machine: &Machine, choice: Choice) -> Rc<Once> {
        let once = Rc::new(Once { choice, answer: Cell::new(0) });
        machine.set_oracle(Rc::clone(&once) as Rc<dyn Oracle>);
        once
    }

    /// Sets the answer to the next question about the choice.
    fn give(&self, answer: u32) {
        self.answer.set(answer);
    }
}

impl Oracle for Once {
    fn answer(&self, _kernel: &Kernel, question: &Question) -> u32 {
        if question.choice == self.choice { self.answer.take() } else { 0 }
    }
}

/// A machine with the reference driver.
fn machine(card: &str) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    builder.build().expect("the machine can be built")
}

/// A machine with a compiled driver.
fn compiled(card: &str, build: &str) -> Machine {
    let place = format!("../guest/drivers/bin/{build}.sys");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
    let file = std::fs::read(&path).expect("the test drivers are part of the project");
    let driver = Driver::from_sys(build, &file, GuestOptions::default()).expect("a good file");
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    builder.driver(driver).build().expect("the machine can be built")
}

/// A whole life: start, some bytes out and in, unload. The life ends at the first error.
fn live(machine: &Machine) -> Result<(), MachineError> {
    machine.start()?;
    let application = Application::new(machine);
    let output = application.open_render()?;
    let input = application.open_capture()?;
    output.run()?;
    input.run()?;
    for _ in 0..4 {
        input.queue_read()?;
    }
    output.write_now(&[0x90, 0x3C, 0x40])?;
    machine.cable().send(&[0x80, 0x3C, 0x00]);
    machine.run_for_ns(20_000_000)?;
    output.close()?;
    input.close()?;
    machine.unload()?;
    Ok(())
}
