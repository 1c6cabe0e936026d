//! Time as drivers ask PortCls for it.

use portcls_emulator::Kernel;

/// Returns the time since `since_100ns` in 100 ns units. With 0 the time counts from the year 1601.
///
/// The routine only subtracts. For a point in the future the result is the negative interval as an
/// unsigned number.
///
/// IRQL: any. Source: WDK, PcGetTimeInterval.
#[doc(alias = "PcGetTimeInterval")]
#[must_use]
pub fn pc_get_time_interval(kernel: &Kernel, since_100ns: u64) -> u64 {
    kernel.system_time_100ns().wrapping_sub(since_100ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcls_emulator::KernelConfig;

    #[test]
    fn an_interval_from_the_future_is_negative() {
        let kernel = Kernel::new(KernelConfig::default());
        let now_100ns = pc_get_time_interval(&kernel, 0);
        assert_eq!(pc_get_time_interval(&kernel, now_100ns), 0);
        assert_eq!(pc_get_time_interval(&kernel, now_100ns + 3) as i64, -3);
    }
}
