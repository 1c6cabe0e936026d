//! `portcls.sys`: the port class driver.

mod connection;
mod device;
mod object;

use portcls_emulator::Irql;

use super::module::Module;
use crate::com::automation::complete_pending_property_request;
use crate::routine::Routine;

pub(crate) use device::DISPATCH;

/// The table.
///
/// Source: the order of arguments is that of portcls.h; what each does is in `portcls-port`.
pub(super) static MODULE: Module = Module {
    names: &["portcls.sys"],
    routines: &[
        Routine::stdcall("PcAddAdapterDevice", 5, ANY, device::add_adapter_device),
        Routine::stdcall("PcCompleteIrp", 3, ANY, device::complete_irp),
        Routine::stdcall(
            "PcCompletePendingPropertyRequest",
            2,
            ANY,
            complete_pending_property_request,
        ),
        Routine::stdcall("PcDispatchIrp", 2, ANY, device::dispatch_irp),
        Routine::stdcall("PcForwardIrpSynchronous", 2, ANY, device::forward_irp_synchronous),
        Routine::stdcall("PcGetDeviceProperty", 5, ANY, device::get_device_property),
        Routine::stdcall("PcGetPhysicalDeviceObject", 2, ANY, device::get_physical_device_object),
        Routine::stdcall("PcGetTimeInterval", 2, ANY, object::get_time_interval),
        Routine::stdcall("PcInitializeAdapterDriver", 3, ANY, device::initialize_adapter_driver),
        Routine::stdcall("PcNewInterruptSync", 5, ANY, object::new_interrupt_sync),
        Routine::stdcall("PcNewMiniport", 2, ANY, object::new_miniport),
        Routine::stdcall("PcNewPort", 2, ANY, object::new_port),
        Routine::stdcall("PcNewRegistryKey", 9, ANY, object::new_registry_key),
        Routine::stdcall("PcNewResourceList", 5, ANY, object::new_resource_list),
        Routine::stdcall("PcNewResourceSublist", 5, ANY, object::new_resource_sublist),
        Routine::stdcall("PcNewServiceGroup", 2, ANY, object::new_service_group),
        Routine::stdcall("PcRegisterAdapterPowerManagement", 2, ANY, device::register_power),
        Routine::stdcall("PcRegisterIoTimeout", 3, ANY, device::register_io_timeout),
        Routine::stdcall("PcRegisterPhysicalConnection", 5, ANY, connection::register),
        Routine::stdcall(
            "PcRegisterPhysicalConnectionFromExternal",
            5,
            ANY,
            connection::register_from_external,
        ),
        Routine::stdcall(
            "PcRegisterPhysicalConnectionToExternal",
            5,
            ANY,
            connection::register_to_external,
        ),
        Routine::stdcall("PcRegisterSubdevice", 3, ANY, device::register_subdevice),
        Routine::stdcall("PcRequestNewPowerState", 2, ANY, device::request_new_power_state),
        Routine::stdcall("PcUnregisterAdapterPowerManagement", 1, ANY, device::unregister_power),
        Routine::stdcall("PcUnregisterIoTimeout", 3, ANY, device::unregister_io_timeout),
    ],
    variables: &[],
};

/// The port checks the IRQL of its routines itself.
const ANY: Irql = Irql::HIGH_LEVEL;
