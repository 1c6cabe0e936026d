//! Power: notices to a miniport or stream, and requests to an adapter driver.
//!
//! The adapter's interface has three versions. A later version has the methods of the earlier
//! versions and tells the driver more about a change of the state.

use portcls_emulator::{DeviceCapabilities, DevicePowerState, Kernel, NtStatus, SystemPowerState};

use crate::com::IUnknown;
use crate::ks::wire_enum;

/// Receives notice when the device changes its power state. A miniport or a stream need not have
/// this interface.
///
/// The driver implements this interface, and the port calls it.
#[doc(alias = "PPOWERNOTIFY")]
pub trait IPowerNotify: IUnknown {
    /// Tells the driver that the device changes its power state.
    ///
    /// On the way down PortCls has paused the streams before this call. After this call, PortCls
    /// calls the adapter's object once, if the adapter driver has registered an object. On the way
    /// up PortCls has called the adapter's object before this call, and in D0 the streams go on
    /// after this call. A change from D3 to D1 or D2 is also a way up. On the way up a miniport
    /// gets its call before its streams, and on the way down after them. The driver may use the
    /// hardware inside the call. The state at the start is D0.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IPowerNotify::PowerChangeNotify.
    #[doc(alias = "IPowerNotify::PowerChangeNotify")]
    fn power_change_notify(&self, kernel: &Kernel, state: DevicePowerState);
}

/// Power management of an adapter driver, version 1.
///
/// The adapter driver implements this interface and registers its object with
/// `PcRegisterAdapterPowerManagement`. PortCls calls the methods. PortCls asks the object for
/// version 3 first, then for 2, then for 1, and uses the first version that it gets. For a change
/// of the state PortCls calls only the method of this version.
/// `Assumed:` the order of the queries, because the pages do not give it. `Assumed:` PortCls calls
/// only one method, because a published driver of version 3 does no work in the methods of the
/// earlier versions.
#[doc(alias = "PADAPTERPOWERMANAGEMENT")]
pub trait IAdapterPowerManagement: IUnknown {
    /// Puts the device into a power state before the method returns. The driver cannot refuse.
    ///
    /// On the way up PortCls calls `power_change_notify` after this call, on the way down before
    /// this call: once on each miniport and on each open stream that has `IPowerNotify`.
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
    ///   the request to the bus. No `power_change_state` follows from this query.
    #[doc(alias = "IAdapterPowerManagement::QueryPowerChangeState")]
    fn query_power_change_state(
        &self,
        kernel: &Kernel,
        state: DevicePowerState,
    ) -> Result<(), NtStatus>;

    /// Lets the driver deepen the power states that the bus reported.
    ///
    /// PortCls calls this after AddDevice and before StartDevice, so only a driver that registered
    /// in AddDevice gets the call.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IAdapterPowerManagement::QueryDeviceCapabilities.
    ///
    /// # Errors
    /// - Any failure: the capabilities stay as the bus reported them, and the request ends with
    ///   the status of the bus. `Assumed:` this, because the page does not say what follows.
    #[doc(alias = "IAdapterPowerManagement::QueryDeviceCapabilities")]
    fn query_device_capabilities(
        &self,
        kernel: &Kernel,
        capabilities: &mut DeviceCapabilities,
    ) -> Result<(), NtStatus>;
}

/// Power management of an adapter driver, version 2: at a change of the state, PortCls also tells
/// the driver the state of the system.
#[doc(alias = "PADAPTERPOWERMANAGEMENT2")]
pub trait IAdapterPowerManagement2: IAdapterPowerManagement {
    /// Puts the device into a power state before the method returns. PortCls calls this method in
    /// the place of [`power_change_state`](IAdapterPowerManagement::power_change_state).
    ///
    /// `system` is the state that the system has, or that it goes to.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails.
    /// Source: WDK, IAdapterPowerManagement2::PowerChangeState2.
    #[doc(alias = "IAdapterPowerManagement2::PowerChangeState2")]
    fn power_change_state_2(
        &self,
        kernel: &Kernel,
        device: DevicePowerState,
        system: SystemPowerState,
    );
}

/// Power management of an adapter driver, version 3: at a change of the state, PortCls also tells
/// the driver how long the device may take to leave D3.
#[doc(alias = "PADAPTERPOWERMANAGEMENT3")]
pub trait IAdapterPowerManagement3: IAdapterPowerManagement2 {
    /// Puts the device into a power state before the method returns. PortCls calls this method in
    /// the place of the methods of the earlier versions.
    ///
    /// `latency` says how long the device may take. Here the latency is always
    /// [`PcExitLatency::Instant`]. On Windows it is `Instant` for a change that does not begin in
    /// D3.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails.
    /// Source: WDK, IAdapterPowerManagement3::PowerChangeState3.
    #[doc(alias = "IAdapterPowerManagement3::PowerChangeState3")]
    fn power_change_state_3(
        &self,
        kernel: &Kernel,
        device: DevicePowerState,
        system: SystemPowerState,
        latency: PcExitLatency,
    );

    /// Tells a device in D3 how long it may take to leave D3.
    ///
    /// PortCls never calls this method here. On Windows the runtime power framework tells PortCls
    /// how long a device may take. This program has no such framework. The time is always
    /// [`PcExitLatency::Instant`].
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IAdapterPowerManagement3::D3ExitLatencyChanged.
    ///
    /// # Errors
    /// - Any failure.
    #[doc(alias = "IAdapterPowerManagement3::D3ExitLatencyChanged")]
    fn d3_exit_latency_changed(
        &self,
        kernel: &Kernel,
        latency: PcExitLatency,
    ) -> Result<(), NtStatus>;
}

wire_enum! {
    /// How long a device may take to leave D3. Source: portcls.h.
    #[doc(alias = "PC_EXIT_LATENCY")]
    pub enum PcExitLatency {
        /// No time.
        #[doc(alias = "PcExitLatencyInstant")]
        Instant = 0,
        /// 10 ms.
        #[doc(alias = "PcExitLatencyFast")]
        Fast = 1,
        /// 200 ms.
        #[doc(alias = "PcExitLatencyResponsive")]
        Responsive = 2,
    }
}
