//! Physical connections: from a bridge pin to a place outside its filter.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, Irql, Kernel, NtStatus};

use crate::adapter::{AdapterDevice, subdevice_name};
use crate::com::{IUnknown, query};
use crate::rules::require_irql_at_most;
use crate::subdevice::ISubdevice;

/// The other end of a connection.
#[derive(Clone)]
pub enum ConnectionEnd {
    /// A pin of another subdevice of the adapter.
    Subdevice(Rc<dyn IUnknown>),
    /// A pin of a filter elsewhere, by its symbolic link.
    External(String),
}

/// A pin at which a connection begins or ends.
#[derive(Clone)]
pub struct ConnectedPin {
    /// The filter that has the pin.
    pub end: ConnectionEnd,
    /// The number of the pin.
    pub pin: u32,
}

impl ConnectedPin {
    /// Whether both are the same pin of the same filter. A subdevice is itself under each of its
    /// interfaces.
    fn is(&self, other: &ConnectedPin) -> bool {
        let same_filter = match (&self.end, &other.end) {
            (ConnectionEnd::Subdevice(one), ConnectionEnd::Subdevice(two)) => {
                let ports = (query::<dyn ISubdevice>(one), query::<dyn ISubdevice>(two));
                matches!(ports, (Ok(one), Ok(two)) if Rc::ptr_eq(&one, &two))
            }
            (ConnectionEnd::External(one), ConnectionEnd::External(two)) => {
                one.eq_ignore_ascii_case(two)
            }
            _ => false,
        };
        same_filter && self.pin == other.pin
    }
}

/// One registered connection: data flows from the first to the second.
pub(crate) struct PhysicalConnection {
    from: ConnectedPin,
    to: ConnectedPin,
}

/// Registers a connection. Clients can read the connection as a property of its pins.
///
/// `PcRegisterPhysicalConnection` has a subdevice at both ends. `...ToExternal` and
/// `...FromExternal` have a subdevice at one end.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcRegisterPhysicalConnection.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the device does not belong to an adapter driver, an end is not a
///   registered subdevice, or both ends are external.
#[doc(alias = "PcRegisterPhysicalConnection")]
#[doc(alias = "PcRegisterPhysicalConnectionToExternal")]
#[doc(alias = "PcRegisterPhysicalConnectionFromExternal")]
pub fn pc_register_physical_connection(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    from: ConnectedPin,
    to: ConnectedPin,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcRegisterPhysicalConnection");
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let mut inside = 0;
    for end in [&from.end, &to.end] {
        if let ConnectionEnd::Subdevice(object) = end {
            name_of(device, object).ok_or(NtStatus::INVALID_PARAMETER)?;
            inside += 1;
        }
    }
    if inside == 0 {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    adapter.connections.borrow_mut().push(PhysicalConnection { from, to });
    Ok(())
}

/// Takes a registered connection away.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the device is not an adapter's.
/// - `STATUS_NOT_FOUND`: there is no such connection.
pub(crate) fn unregister_connection(
    device: &Rc<DeviceObject>,
    from: &ConnectedPin,
    to: &ConnectedPin,
) -> Result<(), NtStatus> {
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let mut connections = adapter.connections.borrow_mut();
    let wanted = |known: &PhysicalConnection| known.from.is(from) && known.to.is(to);
    let position = connections.iter().position(wanted).ok_or(NtStatus::NOT_FOUND)?;
    let gone = connections.remove(position);
    // The connection may have had the last reference to a port.
    drop(connections);
    drop(gone);
    Ok(())
}

fn name_of(device: &Rc<DeviceObject>, object: &Rc<dyn IUnknown>) -> Option<String> {
    subdevice_name(device, &query::<dyn ISubdevice>(object).ok()?)
}

/// The other end of a pin's connection: the symbolic link of the other filter, and its pin.
///
/// Assumed: the link of a filter of the same adapter is the link of the filter's first category.
/// The pages do not say which link they mean.
pub(crate) fn connected_to(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    port: &Rc<dyn ISubdevice>,
    pin: u32,
) -> Option<(String, u32)> {
    let adapter = device.extension::<AdapterDevice>()?;
    let mine = subdevice_name(device, port)?;
    let is_mine = |end: &ConnectedPin| match &end.end {
        ConnectionEnd::Subdevice(object) => {
            end.pin == pin && name_of(device, object).as_deref() == Some(mine.as_str())
        }
        ConnectionEnd::External(_) => false,
    };
    let connections = adapter.connections.borrow();
    let other = connections.iter().find_map(|connection| match connection {
        PhysicalConnection { from, to } if is_mine(from) => Some(to),
        PhysicalConnection { from, to } if is_mine(to) => Some(from),
        _ => None,
    })?;
    let link = match &other.end {
        ConnectionEnd::External(link) => link.clone(),
        ConnectionEnd::Subdevice(object) => {
            let name = name_of(device, object)?;
            kernel.device_interface_link(device, &name)?
        }
    };
    Some((link, other.pin))
}

/// The bytes of KSPIN_PHYSICALCONNECTION: size, pin, and the link with its null.
pub(crate) fn wire_form(link: &str, pin: u32) -> Vec<u8> {
    let text: Vec<u8> = link.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let size = u32::try_from(8 + text.len()).unwrap_or(u32::MAX);
    [&size.to_le_bytes()[..], &pin.to_le_bytes(), &text].concat()
}
