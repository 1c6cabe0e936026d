//! The oracle of a scenario.
//!
//! A step with a fault of the kernel names a choice. The step says how the oracle answers the next
//! questions about this choice. Faults of a card do not come here.

use std::cell::RefCell;

use portcls_emulator::Kernel;
use portcls_emulator::choice::{Oracle, Question};

use super::plan::Fault;

/// Answers by the faults of the steps so far. For each choice, the oldest fault that is not used up
/// decides. Without such a fault, and while the fault skips questions, the answer is the usual one.
#[derive(Default)]
pub(super) struct FaultOracle {
    faults: RefCell<Vec<Fault>>,
}

impl FaultOracle {
    pub fn add(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }
}

impl Oracle for FaultOracle {
    fn answer(&self, _: &Kernel, question: &Question) -> u32 {
        let mut faults = self.faults.borrow_mut();
        let Some(index) = faults.iter().position(|fault| fault.choice == question.choice) else {
            return 0;
        };
        let fault = &mut faults[index];
        if fault.skip > 0 {
            fault.skip -= 1;
            return 0;
        }
        let answer = fault.answer;
        fault.times -= 1;
        if fault.times == 0 {
            faults.remove(index);
        }
        answer
    }
}
