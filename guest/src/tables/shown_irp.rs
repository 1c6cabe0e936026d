//! An IRP in guest memory: its request, and how far the driver is with it.

use portcls_emulator::Irp;

use super::origin::Origin;

/// An IRP in guest memory.
pub(crate) struct ShownIrp {
    pub irp: Irp,
    pub address: u64,
    /// The address of the driver's stack location.
    pub location: u64,
    /// The memory blocks of the IRP and of its parameters, with their lengths.
    pub blocks: Vec<(u64, usize)>,
    /// The driver's routine that got the IRP.
    pub routine: u64,
    /// The routine has not returned yet.
    pub is_in_routine: bool,
    /// The driver has sent the IRP to the driver below, and the IRP has not come back.
    pub is_below: bool,
    /// The routine returned the `STATUS_PENDING` of the driver below without marking its own
    /// location. The driver's completion routine must mark the location later.
    pub owes_mark: bool,
    /// The leak report lists the IRP if the request was never completed. False when the report
    /// lists the request under another name.
    pub is_listed: bool,
}

impl ShownIrp {
    /// Whether the memory of the IRP may be freed: the request is complete, and the driver's
    /// routine has returned.
    pub fn is_over(&self) -> bool {
        self.irp.is_completed() && !self.is_in_routine
    }

    /// The entry of the leak report, if the request was never completed.
    pub fn left(&self) -> Option<(&'static str, Option<Origin>)> {
        let origin = Origin::Argument { routine: self.routine };
        let is_left = self.is_listed && !self.irp.is_completed();
        is_left.then_some(("IRPs that were never completed", Some(origin)))
    }
}
