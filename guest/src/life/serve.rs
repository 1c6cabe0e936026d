//! Serves the processor's requests: runs routines, accuses the driver.

use super::fault::Culprit;
use super::routines::routine;
use crate::guest::Guest;
use crate::processor::outside::{Mistake, Outside};
use crate::processor::thunk::RoutineNumber;
use crate::routine::{Call, Checked};
use crate::rules;
use crate::tables::origin::Serving;

impl Outside for Guest {
    #[inline]
    fn serve_routine(&self, number: RoutineNumber) {
        let routine = routine(number);
        let (arguments, stack_pointer) = match self.0.vm.arguments(routine.convention) {
            Ok(found) => found,
            Err(fault) => return self.accuse(Mistake::AccessOfRoutine(fault)),
        };
        let serving = Serving { routine: number, return_address: arguments.return_address };
        let outer = self.0.serving.replace(Some(serving));
        self.0.call_site.set(Some(arguments.return_address));
        if let Checked::UpTo(limit) = routine.checked
            && self.kernel().current_irql() > limit
        {
            rules::report_high_irql(self.kernel(), limit, routine.name);
        }
        let result = (routine.serve)(&Call::new(self, routine, arguments));
        self.0.serving.set(outer);
        self.0.call_site.set(None);
        let back = arguments.return_address;
        self.0.vm.return_from_call(back, stack_pointer, || routine.stack_bytes(), result);
    }

    #[cold]
    fn reach_nothing(&self, address: u64) {
        let Some(name) = self.name_of_thunk(address) else {
            self.accuse(Mistake::Protection(&format!("{address:#x} was called")));
            return;
        };
        match self.0.vm.return_address() {
            Ok(return_address) => {
                let caller = self.describe_address(return_address);
                self.kernel().unsupported(&format!("{name}, called before {caller}"));
            }
            Err(fault) => self.accuse(Mistake::AccessOfRoutine(fault)),
        }
    }

    #[cold]
    fn accuse(&self, mistake: Mistake<'_>) {
        match mistake {
            Mistake::Access(fault) => self.accuse_of_access(fault, Culprit::Driver),
            Mistake::AccessOfRoutine(fault) => {
                self.accuse_of_access(fault, Culprit::Routine(self.name_of_serving()));
            }
            Mistake::Trap(stop) => self.accuse_of_trap(stop),
            Mistake::Protection(what) => self.accuse_of_protection(what),
        }
    }
}
