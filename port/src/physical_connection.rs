//! Physical connections: from a bridge pin to a place outside its filter.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, Irql, Kernel, NtStatus};

use crate::adapter::{AdapterDevice, subdevice_name};
use crate::com::{IUnknown, query};
use crate::rules::require_irql_at_most;
use crate::subdevice::ISubdevice;

/// The filter at one end of a connection.
#[derive(Clone)]
pub enum ConnectionEnd {
    /// A subdevice of the adapter.
    Subdevice(Rc<dyn IUnknown>),
    /// A filter outside the adapter, by its symbolic link.
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
    /// Finds the filter that has the pin. A subdevice's object is queried for its port. `None` when
    /// this object is not a port.
    ///
    /// The query can run code of the driver, and this code may register connections. So the caller
    /// must not hold a borrow of the adapter's connections.
    fn resolve(&self) -> Option<KnownPin> {
        let end = match &self.end {
            ConnectionEnd::Subdevice(object) => KnownEnd::Port(query(object).ok()?),
            ConnectionEnd::External(link) => KnownEnd::External(link.clone()),
        };
        Some(KnownPin { end, pin: self.pin })
    }
}

/// The filter at one end of a connection, after the query for its port.
#[derive(Clone)]
enum KnownEnd {
    Port(Rc<dyn ISubdevice>),
    External(String),
}

/// A pin at which a connection begins or ends, after the query for its port.
#[derive(Clone)]
struct KnownPin {
    end: KnownEnd,
    pin: u32,
}

impl KnownPin {
    /// Whether both are the same pin of the same filter.
    fn is(&self, other: &KnownPin) -> bool {
        let same_filter = match (&self.end, &other.end) {
            (KnownEnd::Port(one), KnownEnd::Port(two)) => Rc::ptr_eq(one, two),
            (KnownEnd::External(one), KnownEnd::External(two)) => one.eq_ignore_ascii_case(two),
            _ => false,
        };
        same_filter && self.pin == other.pin
    }
}

/// One registered connection: data flows from the pin `from` to the pin `to`.
pub(crate) struct PhysicalConnection {
    from: KnownPin,
    to: KnownPin,
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
    let from = from.resolve().ok_or(NtStatus::INVALID_PARAMETER)?;
    let to = to.resolve().ok_or(NtStatus::INVALID_PARAMETER)?;
    let mut inside = 0;
    for end in [&from.end, &to.end] {
        if let KnownEnd::Port(port) = end {
            subdevice_name(device, port).ok_or(NtStatus::INVALID_PARAMETER)?;
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
    let from = from.resolve().ok_or(NtStatus::NOT_FOUND)?;
    let to = to.resolve().ok_or(NtStatus::NOT_FOUND)?;
    let mut connections = adapter.connections.borrow_mut();
    let wanted = |known: &PhysicalConnection| known.from.is(&from) && known.to.is(&to);
    let position = connections.iter().position(wanted).ok_or(NtStatus::NOT_FOUND)?;
    let gone = connections.remove(position);
    // The connection may have the last reference to a port. The port's destructor can run code of
    // the driver, so the borrow of the connections ends first.
    drop(connections);
    drop(gone);
    Ok(())
}

/// The other end of a pin's connection: the symbolic link of the other filter, and the number of
/// the pin there. `None` for a pin without a connection.
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
    // A port that was unregistered has no connections any more.
    subdevice_name(device, port)?;
    let mine = KnownPin { end: KnownEnd::Port(Rc::clone(port)), pin };
    let connections = adapter.connections.borrow();
    let other = connections.iter().find_map(|connection| match connection {
        PhysicalConnection { from, to } if from.is(&mine) => Some(to),
        PhysicalConnection { from, to } if to.is(&mine) => Some(from),
        _ => None,
    });
    let KnownPin { end, pin } = other.cloned()?;
    drop(connections);
    let link = match end {
        KnownEnd::External(link) => link,
        KnownEnd::Port(port) => {
            let name = subdevice_name(device, &port)?;
            kernel.device_interface_link(device, &name)?
        }
    };
    Some((link, pin))
}

/// The bytes of KSPIN_PHYSICALCONNECTION: size, pin, and the link with its null.
pub(crate) fn wire_form(link: &str, pin: u32) -> Vec<u8> {
    let text: Vec<u8> = link.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let size = u32::try_from(8 + text.len()).unwrap_or(u32::MAX);
    [&size.to_le_bytes()[..], &pin.to_le_bytes(), &text].concat()
}
