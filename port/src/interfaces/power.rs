//! Power: notices to a miniport or stream, and requests to an adapter driver.
//!
//! The adapter's interface is version 1. Versions 2 and 3 belong to idle power management, which
//! is not offered yet.

use portcls_emulator::{DeviceCapabilities, DevicePowerState, Kernel, NtStatus};

use crate::com::IUnknown;

/// Receives notice when the device changes its power state; optional on a miniport and on a
/// stream.
///
/// The driver implements this interface, and the port calls it.
#[doc(alias = "PPOWERNOTIFY")]
pub trait IPowerNotify: IUnknown {
    /// Tells the driver that the device changes its power state.
    ///
    /// On the way down the port has paused the streams before this call, and exactly one call of
    /// the adapter's `power_change_state` follows. On the way up the port has called the adapter
    /// before this call, and in D0 the streams go on after this call. A change from D3 to D1 or D2
    /// is also a way up: the port calls the adapter before the miniport, and the miniport before
    /// its streams. The driver may use the hardware inside the call. The state at the start is D0.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IPowerNotify::PowerChangeNotify.
    #[doc(alias = "IPowerNotify::PowerChangeNotify")]
    fn power_change_notify(&self, kernel: &Kernel, state: DevicePowerState);
}

/// Power management of an adapter driver, version 1.
///
/// The adapter driver implements this interface and registers it with
/// `PcRegisterAdapterPowerManagement`. PortCls calls the interface.
#[doc(alias = "PADAPTERPOWERMANAGEMENT")]
pub trait IAdapterPowerManagement: IUnknown {
    /// Puts the device into a power state before it returns; the driver cannot refuse.
    ///
    /// On the way up exactly one `power_change_notify` to the miniport and to each open stream with
    /// `IPowerNotify` follows; on the way down those calls came before.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IAdapterPowerManagement::PowerChangeState.
    #[doc(alias = "IAdapterPowerManagement::PowerChangeState")]
    fn power_change_state(&self, kernel: &Kernel, state: DevicePowerState);

    /// Asks whether the device could go to a state. A change can also come without this question.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IAdapterPowerManagement::QueryPowerChangeState.
    ///
    /// # Errors
    /// - Any failure is a veto: the query request ends with that status, and PortCls does not pass
    ///   it to the bus. No `power_change_state` follows from this query.
    #[doc(alias = "IAdapterPowerManagement::QueryPowerChangeState")]
    fn query_power_change_state(
        &self,
        kernel: &Kernel,
        state: DevicePowerState,
    ) -> Result<(), NtStatus>;

    /// Lets the driver deepen the power states that the bus reported.
    ///
    /// PortCls calls this before StartDevice, so only a driver that registered in AddDevice gets
    /// the call.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IAdapterPowerManagement::QueryDeviceCapabilities.
    ///
    /// # Errors
    /// - Any failure: the capabilities stay as the bus reported them, and the request ends with
    ///   the status of the bus (`Assumed:` the page is silent).
    #[doc(alias = "IAdapterPowerManagement::QueryDeviceCapabilities")]
    fn query_device_capabilities(
        &self,
        kernel: &Kernel,
        capabilities: &mut DeviceCapabilities,
    ) -> Result<(), NtStatus>;
}
