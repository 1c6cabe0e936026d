//! Power: what a miniport or stream is told, and what an adapter is asked.
//!
//! Version 1 of the adapter's interface; versions 2 and 3 come with idle power management and
//! are left out until then.

use portcls_emulator::{DeviceCapabilities, DevicePowerState, Kernel, NtStatus};

use crate::com::IUnknown;

/// Wants to know when the power of the device changes; optional on a miniport and on a stream.
///
/// Implemented by the driver, called by the port.
#[doc(alias = "PPOWERNOTIFY")]
pub trait IPowerNotify: IUnknown {
    /// The device changes its power state.
    ///
    /// Going down: the port has paused the streams, and the adapter's `power_change_state`
    /// follows. Going up: the adapter has been called, and the streams go on afterwards. The
    /// hardware may be used inside the call. The state at the start is D0.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IPowerNotify::PowerChangeNotify.
    #[doc(alias = "IPowerNotify::PowerChangeNotify")]
    fn power_change_notify(&self, kernel: &Kernel, state: DevicePowerState);
}

/// Power management of an adapter driver, version 1.
///
/// Implemented by the adapter driver, given to PortCls by `PcRegisterAdapterPowerManagement`.
#[doc(alias = "PADAPTERPOWERMANAGEMENT")]
pub trait IAdapterPowerManagement: IUnknown {
    /// Puts the device into a power state before it returns; cannot be refused.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IAdapterPowerManagement::PowerChangeState.
    #[doc(alias = "IAdapterPowerManagement::PowerChangeState")]
    fn power_change_state(&self, kernel: &Kernel, state: DevicePowerState);

    /// Asks whether the device could go to a state; not every change is asked for first.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IAdapterPowerManagement::QueryPowerChangeState.
    ///
    /// # Errors
    /// Any failure is a veto and the status of the query.
    #[doc(alias = "IAdapterPowerManagement::QueryPowerChangeState")]
    fn query_power_change_state(
        &self,
        kernel: &Kernel,
        state: DevicePowerState,
    ) -> Result<(), NtStatus>;

    /// Lets the driver deepen the power states that the bus reported.
    ///
    /// Asked before StartDevice, so only a driver that registered in AddDevice sees it.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IAdapterPowerManagement::QueryDeviceCapabilities.
    ///
    /// # Errors
    /// Whatever the driver returns; the capabilities then stay as the bus reported them
    /// (`Assumed:` the page is silent).
    #[doc(alias = "IAdapterPowerManagement::QueryDeviceCapabilities")]
    fn query_device_capabilities(
        &self,
        kernel: &Kernel,
        capabilities: &mut DeviceCapabilities,
    ) -> Result<(), NtStatus>;
}
