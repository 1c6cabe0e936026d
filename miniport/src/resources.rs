//! What a miniport takes out of its resources: registers and interrupt.
//!
//! This file owns the test whether a resource list fits an MPU-401, and the choice of the interrupt
//! sync object.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, Resource};
use portcls_port::com::{IUnknown, query};
use portcls_port::interfaces::{IInterruptSync, IResourceList, InterruptSyncMode, RoutinePosition};
use portcls_port::pc_new_interrupt_sync;

use crate::card::Card;
use crate::registers::{PORT_COUNT, Registers};

/// Finds the registers in the assigned resources.
///
/// An MPU-401 has one range of at least two ports, or one port for DATA and one for STATUS and
/// COMMAND. The card has at most one interrupt, and no memory or DMA channel. Other lists are
/// refused.
///
/// # Errors
/// `STATUS_DEVICE_CONFIGURATION_ERROR` for a list that does not fit.
pub(crate) fn assigned_registers(resources: &dyn IResourceList) -> Result<Registers, NtStatus> {
    let others = resources.number_of_dmas() + resources.number_of_memories();
    let registers = match [0, 1, 2].map(|index| resources.find_translated_port(index)) {
        _ if resources.number_of_interrupts() > 1 || others > 0 => None,
        [Some(Resource::Port { start, length }), None, None] if length >= PORT_COUNT => {
            Registers::new(start)
        }
        [
            Some(Resource::Port { start: data, length: 1 }),
            Some(Resource::Port { start: command, length: 1 }),
            None,
        ] => Registers::apart(data, command),
        _ => None,
    };
    registers.ok_or(NtStatus::DEVICE_CONFIGURATION_ERROR)
}

/// Who disconnects the interrupt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Disconnects {
    /// The miniport, which has connected the interrupt.
    Miniport,
    /// The adapter driver, which had connected the interrupt before.
    Adapter,
}

/// A connected interrupt that the service routine of a card serves.
pub(crate) struct Connection {
    sync: Rc<dyn IInterruptSync>,
    disconnects: Disconnects,
}

impl Connection {
    /// Connects the service routine of a card to its interrupt; `None` for a card without an
    /// interrupt.
    ///
    /// The adapter driver may hand over an interrupt sync object that it shares between its
    /// miniports; the resource list then need not have an interrupt. If the adapter driver hands
    /// over no object, the miniport makes an object for the interrupt in the list.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: the published SB16 and MPU-401 samples.
    ///
    /// # Errors
    /// The status of `PcNewInterruptSync`, or of a method of the interrupt sync object.
    pub fn new(
        kernel: &Kernel,
        card: &Rc<Card>,
        adapter: Option<&Rc<dyn IUnknown>>,
        resources: &Rc<dyn IResourceList>,
    ) -> Result<Option<Connection>, NtStatus> {
        let shared = adapter.and_then(|adapter| query::<dyn IInterruptSync>(adapter).ok());
        let sync = match shared {
            Some(sync) => sync,
            None if resources.number_of_interrupts() == 0 => return Ok(None),
            None => {
                let mode = InterruptSyncMode::Normal;
                pc_new_interrupt_sync(kernel, None, resources, 0, mode)?
            }
        };
        // The adapter driver's object may live longer than the miniport, and no method removes a
        // routine. So the routine holds only a weak reference to the card.
        let served = Rc::downgrade(card);
        let routine = Rc::new(move |kernel: &Kernel| {
            served.upgrade().map_or(NtStatus::UNSUCCESSFUL, |card| card.serve_interrupt(kernel))
        });
        sync.register_service_routine(kernel, routine, RoutinePosition::Head)?;
        // Assumed: the part of the driver that connects the interrupt also disconnects it. If a
        // miniport disconnected the adapter driver's interrupt, the other miniports would lose
        // their interrupt too.
        let disconnects = match sync.get_kinterrupt() {
            Some(_) => Disconnects::Adapter,
            None => Disconnects::Miniport,
        };
        sync.connect(kernel)?;
        Ok(Some(Connection { sync, disconnects }))
    }

    /// Runs a routine that the service routine cannot interrupt.
    pub fn synchronized(&self, kernel: &Kernel, routine: &mut dyn FnMut(&Kernel)) {
        let _ = self.sync.call_synchronized_routine(kernel, &mut |kernel| {
            routine(kernel);
            NtStatus::SUCCESS
        });
    }

    /// Disconnects the interrupt if the miniport has connected it. IRQL: PASSIVE_LEVEL.
    pub fn end(&self, kernel: &Kernel) {
        if self.disconnects == Disconnects::Miniport {
            self.sync.disconnect(kernel);
        }
    }
}
