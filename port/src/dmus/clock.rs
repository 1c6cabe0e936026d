//! The master clock of a port: it gives the time for all DirectMusic events.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use crate::answer_query;
use crate::com::{IUnknown, Interface};
use crate::guid::Guid;
use crate::interfaces::IMasterClock;

/// The clock. The clock has no state, because it never pauses and takes its time from the system.
pub(super) struct MasterClock;

impl MasterClock {
    /// The system time now, in units of 100 ns.
    pub fn time_100ns(kernel: &Kernel) -> i64 {
        i64::try_from(kernel.system_time_100ns()).unwrap_or(i64::MAX)
    }
}

impl IUnknown for MasterClock {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMasterClock)
    }
}

impl IMasterClock for MasterClock {
    fn get_time(&self, kernel: &Kernel) -> Result<i64, NtStatus> {
        Ok(MasterClock::time_100ns(kernel))
    }
}
