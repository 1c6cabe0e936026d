//! `IUnregisterSubdevice` and `IUnregisterPhysicalConnection` of every port.
//!
//! This file owns the step from the two interfaces to the functions behind them. `adapter.rs` and
//! `physical_connection.rs` know what a registration is.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, Irql, Kernel, Need, NtStatus};

use crate::adapter::unregister_subdevice;
use crate::com::IUnknown;
use crate::interfaces::{IUnregisterPhysicalConnection, IUnregisterSubdevice};
use crate::physical_connection::{ConnectedPin, ConnectionEnd, unregister_connection};
use crate::port::{Kind, Port};
use crate::refusal::Told;
use crate::rules::require_irql_at_most;

/// The names of the methods.
const SUBDEVICE: &str = "IUnregisterSubdevice::UnregisterSubdevice";
const PLAIN: &str = "IUnregisterPhysicalConnection::UnregisterPhysicalConnection";
const TO: &str = "IUnregisterPhysicalConnection::UnregisterPhysicalConnectionToExternal";
const FROM: &str = "IUnregisterPhysicalConnection::UnregisterPhysicalConnectionFromExternal";

impl<K: Kind> IUnregisterSubdevice for Port<K> {
    fn unregister_subdevice(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        subdevice: Rc<dyn IUnknown>,
    ) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, SUBDEVICE);
        let result = unregister_subdevice(kernel, device, &subdevice);
        result
            .told(kernel, Need::Optional, SUBDEVICE, || "a port that is not registered".to_owned())
    }
}

impl<K: Kind> IUnregisterPhysicalConnection for Port<K> {
    fn unregister_physical_connection(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        from: (Rc<dyn IUnknown>, u32),
        to: (Rc<dyn IUnknown>, u32),
    ) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, PLAIN);
        disconnect(kernel, PLAIN, device, &inside(from), &inside(to))
    }

    fn unregister_physical_connection_to_external(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        from: (Rc<dyn IUnknown>, u32),
        to: (&str, u32),
    ) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, TO);
        disconnect(kernel, TO, device, &inside(from), &outside(to))
    }

    fn unregister_physical_connection_from_external(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        from: (&str, u32),
        to: (Rc<dyn IUnknown>, u32),
    ) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, FROM);
        disconnect(kernel, FROM, device, &outside(from), &inside(to))
    }
}

fn inside((subdevice, pin): (Rc<dyn IUnknown>, u32)) -> ConnectedPin {
    ConnectedPin { end: ConnectionEnd::Subdevice(subdevice), pin }
}

fn outside((link, pin): (&str, u32)) -> ConnectedPin {
    ConnectedPin { end: ConnectionEnd::External(link.to_owned()), pin }
}

/// Takes a connection away, and tells of a refusal.
fn disconnect(
    kernel: &Kernel,
    method: &str,
    device: &Rc<DeviceObject>,
    from: &ConnectedPin,
    to: &ConnectedPin,
) -> Result<(), NtStatus> {
    let result = unregister_connection(device, from, to);
    let what = || format!("the connection from pin {} to pin {}", from.pin, to.pin);
    result.told(kernel, Need::Optional, method, what)
}
