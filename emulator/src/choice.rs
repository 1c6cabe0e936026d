//! Choices: the code asks here about everything with several outcomes.
//!
//! This file owns [`Kernel::choose`], the oracle that answers, and the counts of the questions. All
//! rooms ask only through [`Kernel::choose`]. The choices are listed in `register.rs`. The
//! questions at a preemption point are in `point.rs`.
//!
//! # Questions and answers
//!
//! Each [`Choice`] has numbered answers. Answer 0 is what happens without an oracle. So a run
//! without an oracle and a run whose oracle always answers 0 have the same trace, byte for byte.
//! Questions are numbered per choice: the third question about an allocation is number 3, even when
//! the kernel asks more questions about other choices. When the program gets a new choice, the
//! questions about the old choices keep their numbers.
//!
//! Each answer other than 0 is an event of the trace. [`Answers`] takes these answers out of a
//! trace, and [`Replay`] is the oracle that gives them again. With these answers the second run has
//! the same trace as the first run, byte for byte.
//!
//! # Where a preemption point is wanted
//!
//! While an oracle is registered, questions can come at every preemption point, even when no
//! interrupt and no DPC waits there. A compiled driver has a preemption point at each port access,
//! call and deadline, and perhaps at other times. To get a preemption point at a certain time, call
//! [`Kernel::at`] with a callback that does nothing. The callback makes a deadline. A compiled
//! driver then has the preemption point at the instruction boundary of the deadline.
//!
//! # Adding a choice
//!
//! Add a line to the table of `register.rs`, and call `kernel.choose(Choice::...)` at the place of
//! the decision. A new type of answer is an enumeration in `register.rs`.

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

/// One question to an oracle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    /// The choice.
    pub choice: Choice,
    /// The number of the question among the questions of this choice in this run, from 1.
    pub ordinal: u64,
}

/// An oracle decides what can happen in several ways.
pub trait Oracle {
    /// Answers a question with a number below the count of [`Choice::answers`]; 0 is what happens
    /// without an oracle.
    ///
    /// IRQL: any. The oracle may read the kernel's time, IRQL and trace. The oracle must change
    /// nothing in the kernel and call no driver, because the kernel asks in the middle of its work.
    /// A number without an answer is a mistake of the oracle, and the kernel panics.
    fn answer(&self, kernel: &Kernel, question: &Question) -> u32;
}

impl<F: Fn(&Kernel, &Question) -> u32> Oracle for F {
    fn answer(&self, kernel: &Kernel, question: &Question) -> u32 {
        self(kernel, question)
    }
}

/// The attention level while there is an oracle. It is above every IRQL, so no preemption point is
/// skipped.
pub(crate) const ALWAYS: Irql = Irql(u8::MAX);

/// The oracle and the counts of its questions.
#[derive(Default)]
pub(crate) struct Choices {
    oracle: RefCell<Option<Rc<dyn Oracle>>>,
    point_questions: RefCell<Vec<PointQuestion>>,

    /// True when there is an oracle.
    is_asked: Cell<bool>,
    /// The count of questions so far, for each choice.
    asked: [Cell<u64>; Choice::ALL.len()],
    /// How many times in a row an interrupt or a DPC was put off.
    put_off: Cell<u32>,
    /// Control requests that are not complete, the oldest first. The oracle may cancel them.
    requests: RefCell<Vec<Irp>>,
}

impl Choices {
    /// Drops the oracle, the questions of [`Kernel::ask_at_points`] and the requests. The counts
    /// stay.
    pub fn clear(&self) {
        self.is_asked.set(false);
        drop((self.oracle.take(), self.point_questions.take(), self.requests.take()));
    }
}

impl Kernel {
    /// Registers the oracle that the kernel asks from now on, in place of any earlier oracle.
    ///
    /// A machine around this kernel may have a function of its own that also gives the oracle to
    /// its devices. The kernel asks the oracle only about requests that are sent from now on. To
    /// repeat a run, register the oracle at the same moment as in the first run. The best moment is
    /// before the run begins.
    pub fn set_oracle(&self, oracle: Rc<dyn Oracle>) {
        let choices = &self.state.choices;
        *choices.oracle.borrow_mut() = Some(oracle);
        choices.is_asked.set(true);
        self.want_attention(ALWAYS);
    }

    /// True while there is an oracle.
    #[inline]
    #[must_use]
    pub fn has_oracle(&self) -> bool {
        self.state.choices.is_asked.get()
    }

    /// Decides a choice by the oracle's answer. Without an oracle, and on a frozen kernel, answer 0
    /// decides. IRQL: any.
    #[inline]
    #[must_use]
    pub fn choose<A: Answer>(&self, choice: Choice) -> A {
        debug_assert!(choice.answers() == A::WORDS, "{choice:?} has other answers");
        if self.has_oracle() { A::ALL[self.ask(choice) as usize] } else { A::ALL[0] }
    }

    /// Asks the oracle; records an answer other than 0 in the trace.
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

    /// How many questions there were about a choice so far.
    #[must_use]
    pub fn asked(&self, choice: Choice) -> u64 {
        self.state.choices.asked[choice as usize].get()
    }
}
