//! Choices: what could go either way is asked here, and nowhere else.
//!
//! Owns: the one function through which the kernel, the port and the machine ask
//! ([`Kernel::choose`]), the oracle that answers, and the count of the questions. The register of
//! what can be asked is `register.rs`; what is asked at a preemption point is `point.rs`. It never
//! knows why an oracle answers as it does.
//!
//! # Questions and answers
//!
//! Each [`Choice`] has answers with numbers, and 0 is what happens when nobody is asked: a run
//! without an oracle, and a run whose oracle always answers 0, have the same trace, byte for byte.
//! A question is numbered among those of its choice: the third allocation stays the third one,
//! whatever else is asked, and a new choice does not renumber the old ones.
//!
//! Every other answer than 0 is an event of the trace. [`Answers`] takes them out of one, and
//! [`Replay`] is the oracle that gives them again: the run is then the same, byte for byte.
//!
//! # Where a preemption point is wanted
//!
//! While an oracle is registered every preemption point asks it, also those at which nothing
//! waits. A compiled driver has one at least at each port access, call and deadline;
//! [`Kernel::at`] with a callback that does nothing makes a deadline, and so a preemption point at
//! any time, which for a compiled driver is an instruction boundary.
//!
//! # Adding a choice
//!
//! A line in the table of `register.rs`, and `kernel.choose(Choice::...)` where it is decided. An
//! answer that is new is an enumeration there.

mod answers;
mod point;
mod random;
mod register;
mod replay;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub use answers::{Answered, Answers, AnswersError, MOST_ANSWERS};
pub use point::PointQuestion;
pub(crate) use point::When;
pub use random::RandomOracle;
pub use register::{Answer, Begin, Cancel, Choice, Delivery, Fate, Happens, Power, Refusal};
pub use replay::Replay;

use crate::irp::Irp;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::trace::Event;

/// One question, as an oracle gets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    /// What is asked.
    pub choice: Choice,
    /// The number of the question among those of its choice in this run, from 1.
    pub ordinal: u64,
}

/// Answers what could go either way.
pub trait Oracle {
    /// The number of an answer, below the count of [`Choice::answers`]; 0 is what happens when
    /// nobody is asked.
    ///
    /// IRQL: any. It may look at the kernel's time, IRQL and trace; it must change nothing there
    /// and call no driver, for it is asked in the middle of things. A number without an answer is
    /// a mistake of the oracle: an assertion.
    fn answer(&self, kernel: &Kernel, question: &Question) -> u32;
}

impl<F: Fn(&Kernel, &Question) -> u32> Oracle for F {
    fn answer(&self, kernel: &Kernel, question: &Question) -> u32 {
        self(kernel, question)
    }
}

/// The attention of a kernel whose oracle wants to be asked: above every IRQL there is.
pub(crate) const ALWAYS: Irql = Irql(u8::MAX);

/// Who is asked, and how often.
#[derive(Default)]
pub(crate) struct Choices {
    oracle: RefCell<Option<Rc<dyn Oracle>>>,
    point_questions: RefCell<Vec<PointQuestion>>,

    /// There is an oracle.
    is_asked: Cell<bool>,
    /// Questions so far, by choice.
    asked: [Cell<u64>; Choice::ALL.len()],
    /// Times in a row that an interrupt or a DPC was put off.
    put_off: Cell<u32>,
    /// Requests of applications that are not complete, oldest first.
    requests: RefCell<Vec<Irp>>,
}

impl Choices {
    /// Lets the oracle go, and what was kept for it.
    pub fn clear(&self) {
        self.is_asked.set(false);
        drop((self.oracle.take(), self.point_questions.take(), self.requests.take()));
    }
}

impl Kernel {
    /// Has an oracle asked from now on, in the place of the one before, if there was one.
    ///
    /// A machine around this kernel may have a door of its own, through which its devices ask as
    /// well. It is asked about requests that are sent from now on. Whoever wants to repeat a run
    /// registers its oracle at the same moment of it, best before anything has run.
    pub fn set_oracle(&self, oracle: Rc<dyn Oracle>) {
        let choices = &self.state.choices;
        *choices.oracle.borrow_mut() = Some(oracle);
        choices.is_asked.set(true);
        self.want_attention(ALWAYS);
    }

    /// True while an oracle is asked.
    #[inline]
    #[must_use]
    pub fn has_oracle(&self) -> bool {
        self.state.choices.is_asked.get()
    }

    /// What happens: the oracle's answer, or what happens when nobody is asked. IRQL: any.
    #[inline]
    #[must_use]
    pub fn choose<A: Answer>(&self, choice: Choice) -> A {
        debug_assert!(choice.answers() == A::WORDS, "{choice:?} has other answers");
        if self.has_oracle() { A::ALL[self.ask(choice) as usize] } else { A::ALL[0] }
    }

    /// Asks the oracle; an answer other than 0 goes into the trace.
    #[cold]
    fn ask(&self, choice: Choice) -> u32 {
        let choices = &self.state.choices;
        let oracle = choices.oracle.borrow().clone();
        let Some(oracle) = oracle.filter(|_| !self.is_frozen()) else { return 0 };
        let asked = &choices.asked[choice as usize];
        asked.set(asked.get() + 1);
        let ordinal = asked.get();
        let answer = oracle.answer(self, &Question { choice, ordinal });
        let words = choice.answers();
        let Some(word) = words.get(answer as usize) else {
            panic!("{choice:?} has {} answers, the oracle gave number {answer}", words.len());
        };
        if answer != 0 {
            let (choice, word) = (self.trace().name(choice.id()), self.trace().name(word));
            self.record(self.state.names.kernel, Event::Choice { choice, ordinal, answer, word });
        }
        answer
    }

    /// How often a choice was asked about so far.
    #[must_use]
    pub fn asked(&self, choice: Choice) -> u64 {
        self.state.choices.asked[choice as usize].get()
    }
}
