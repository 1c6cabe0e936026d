//! The master clock of a port: the time that all DirectMusic events are meant by.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use crate::answer_query;
use crate::com::{IUnknown, Interface};
use crate::guid::Guid;
use crate::interfaces::IMasterClock;

/// The clock; it has no state, for it never pauses and the system keeps its time.
pub(super) struct MasterClock;

impl MasterClock {
    /// The time in 100 ns.
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
