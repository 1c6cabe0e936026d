//! An interrupt sync object of the driver's own, as a Rust trait.
//!
//! An adapter's `QueryInterface` hands such an object to a miniport of the system. The miniport's
//! routines then run when the driver's object calls them. The object chooses the IRQL and the lock.

use portcls_emulator::{Interrupt, Kernel, NtStatus};
use portcls_port::guid::iid;
use portcls_port::interfaces::{IInterruptSync, RoutinePosition, ServiceRoutine};

use super::GuestObject;

/// The slots of `IInterruptSync`. Source: portcls.h.
const CALL_SYNCHRONIZED_ROUTINE: u64 = 3;
const GET_KINTERRUPT: u64 = 4;
const CONNECT: u64 = 5;
const DISCONNECT: u64 = 6;
const REGISTER_SERVICE_ROUTINE: u64 = 7;

impl IInterruptSync for GuestObject {
    fn call_synchronized_routine(
        &self,
        _kernel: &Kernel,
        routine: &mut dyn FnMut(&Kernel) -> NtStatus,
    ) -> NtStatus {
        let answer = self.guest.with_lent_routine(routine, |words| {
            NtStatus(self.call(&iid::INTERRUPT_SYNC, CALL_SYNCHRONIZED_ROUTINE, &words) as u32)
        });
        answer.unwrap_or(NtStatus::UNSUCCESSFUL)
    }

    /// The interrupt behind the driver's PKINTERRUPT. `Assumed:` an object of the driver's own gets
    /// this pointer from an object of the port. Any other pointer counts as no interrupt.
    fn get_kinterrupt(&self) -> Option<Interrupt> {
        let pointer = self.call(&iid::INTERRUPT_SYNC, GET_KINTERRUPT, &[]);
        self.guest.bound::<Interrupt>(pointer).map(|interrupt| (*interrupt).clone())
    }

    fn connect(&self, _kernel: &Kernel) -> Result<(), NtStatus> {
        self.call_for_status(&iid::INTERRUPT_SYNC, CONNECT, &[])?;
        self.connections.set(self.connections.get().saturating_add(1));
        Ok(())
    }

    /// Disconnects the interrupt. The last disconnection takes the service routines back.
    /// `Assumed:` after that the object calls no routine. An object that several miniports share
    /// may count its connections, so it calls the routines until the last disconnection.
    fn disconnect(&self, _kernel: &Kernel) {
        self.call(&iid::INTERRUPT_SYNC, DISCONNECT, &[]);
        let connections = self.connections.get().saturating_sub(1);
        self.connections.set(connections);
        if connections == 0 {
            self.guest.take_service_routines_back(self.identity);
        }
    }

    fn register_service_routine(
        &self,
        _kernel: &Kernel,
        routine: ServiceRoutine,
        position: RoutinePosition,
    ) -> Result<(), NtStatus> {
        let [address, context] = self.guest.lend_service_routine(self.identity, routine);
        let first = u64::from(position == RoutinePosition::Head);
        let words = [address, context, first];
        self.call_for_status(&iid::INTERRUPT_SYNC, REGISTER_SERVICE_ROUTINE, &words)
            .inspect_err(|_| self.guest.take_service_routine_back(context))
    }
}
