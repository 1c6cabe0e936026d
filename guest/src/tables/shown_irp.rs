//! An IRP in guest memory: the request behind it, and who has it at present.

use portcls_emulator::Irp;

use super::origin::Origin;

/// An IRP in guest memory.
pub(crate) struct ShownIrp {
    pub irp: Irp,
    pub address: u64,
    /// The driver's stack location in it.
    pub location: u64,
    /// Its memory and that of its parameters, with their lengths.
    pub blocks: Vec<(u64, usize)>,
    /// The routine of the driver that it was handed to.
    pub routine: u64,
    /// The routine has not returned.
    pub is_in_routine: bool,
    /// The driver has sent it down, and it has not come back up.
    pub is_below: bool,
    /// The routine returned the `STATUS_PENDING` of the driver below without a mark of its own: its
    /// completion routine has to make up for it.
    pub owes_mark: bool,
    /// The driver has to complete it, and nothing else tells that it did not.
    pub is_listed: bool,
}

impl ShownIrp {
    /// Whether it is complete and its routine has returned: its memory may go.
    pub fn is_over(&self) -> bool {
        self.irp.is_completed() && !self.is_in_routine
    }

    /// What it is called when the driver is gone and it is not complete.
    pub fn left(&self) -> Option<(&'static str, Option<Origin>)> {
        let origin = Origin::Argument { routine: self.routine };
        let is_left = self.is_listed && !self.irp.is_completed();
        is_left.then_some(("IRPs that were never completed", Some(origin)))
    }
}
