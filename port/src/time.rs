//! Time as drivers ask PortCls for it.

use portcls_emulator::Kernel;

/// Returns the time since `since_100ns` in 100 ns units; with 0, since the year 1601.
///
/// An interval that would be negative is 0.
///
/// IRQL: any. Source: WDK, PcGetTimeInterval.
#[doc(alias = "PcGetTimeInterval")]
#[must_use]
pub fn pc_get_time_interval(kernel: &Kernel, since_100ns: u64) -> u64 {
    kernel.system_time_100ns().saturating_sub(since_100ns)
}
