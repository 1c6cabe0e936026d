//! IRQL: the level at which the processor runs, and raising and lowering it.

use core::fmt;

use crate::bug_check::BugCheckCode;
use crate::kernel::Kernel;
use crate::rule::Rule;
use crate::rules;
use crate::trace::Level;

/// An interrupt request level. A higher level masks everything at or below it.
///
/// The numbers are the numbers of x64: 0 passive, 1 APC, 2 dispatch, 3 to 11 devices, 15 high.
/// Source: public driver documentation, Managing Hardware Priorities.
#[doc(alias = "KIRQL")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Irql(pub u8);

impl Irql {
    /// Threads run at this level. No interrupt is masked.
    pub const PASSIVE_LEVEL: Irql = Irql(0);
    /// Asynchronous procedure calls are masked.
    pub const APC_LEVEL: Irql = Irql(1);
    /// The dispatcher and DPCs run here; code at this level must not wait.
    pub const DISPATCH_LEVEL: Irql = Irql(2);
    /// The lowest device level.
    pub const LOWEST_DEVICE_LEVEL: Irql = Irql(3);
    /// The highest device level.
    pub const HIGHEST_DEVICE_LEVEL: Irql = Irql(11);
    /// Everything is masked.
    pub const HIGH_LEVEL: Irql = Irql(15);

    /// The device level of interrupt line `line` of a PC. The lines have the numbers 0 to 15.
    ///
    /// Assumed: the levels from 11 down to 4, in the order of the two 8259 controllers (0, 1, 8 to
    /// 15, 3 to 7; line 2 has the level of line 9). A more urgent line never has a lower level than
    /// a less urgent line.
    #[must_use]
    pub fn of_line(line: u8) -> Irql {
        let rank = match line {
            0 | 1 => line,
            2 => 3,
            8..=15 => line - 6,
            _ => line + 7,
        };
        let device_levels = Self::HIGHEST_DEVICE_LEVEL.0 - Self::LOWEST_DEVICE_LEVEL.0;
        Irql(Self::HIGHEST_DEVICE_LEVEL.0 - rank.min(15) * device_levels / 15)
    }

    /// The level of an event in a trace at this IRQL. [`Level::Device`] is right only in a service
    /// routine; other code at a device IRQL has [`Level::Raised`].
    #[inline]
    #[must_use]
    pub fn level(self) -> Level {
        match self.0 {
            0 | 1 => Level::Passive,
            2 => Level::Dispatch,
            _ => Level::Device,
        }
    }
}

impl fmt::Display for Irql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("PASSIVE_LEVEL"),
            1 => f.write_str("APC_LEVEL"),
            2 => f.write_str("DISPATCH_LEVEL"),
            3..=11 => write!(f, "device level {}", self.0),
            15 => f.write_str("HIGH_LEVEL"),
            other => write!(f, "IRQL {other}"),
        }
    }
}

impl fmt::Debug for Irql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Kernel {
    /// The level at which the caller runs. IRQL: any.
    #[doc(alias = "KeGetCurrentIrql")]
    #[inline]
    #[must_use]
    pub fn current_irql(&self) -> Irql {
        self.state.irql.get()
    }

    /// Raises the IRQL and returns the old IRQL. The caller later gives the old IRQL to
    /// [`Kernel::lower_irql`].
    ///
    /// IRQL: any, up to the new level. Raising to a lower level is bug check
    /// DRIVER_VERIFIER_DETECTED_VIOLATION, subcode 30.
    #[doc(alias = "KeRaiseIrql")]
    pub fn raise_irql(&self, new: Irql) -> Irql {
        let old = self.current_irql();
        if self.is_frozen() {
            return old;
        }
        if new < old {
            let parameters = [0x30, u64::from(old.0), u64::from(new.0), 0];
            self.bug_check_with(
                BugCheckCode::DRIVER_VERIFIER_DETECTED_VIOLATION,
                parameters,
                &format!("KeRaiseIrql to {new} at {old}: the new level is lower"),
            );
            return old;
        }
        self.set_irql(new);
        old
    }

    /// Lowers the IRQL to a level that [`Kernel::raise_irql`] returned, then serves the interrupts
    /// and DPCs that waited.
    ///
    /// Lowering to a higher level is bug check DRIVER_VERIFIER_DETECTED_VIOLATION, subcode 31.
    #[doc(alias = "KeLowerIrql")]
    pub fn lower_irql(&self, new: Irql) {
        let old = self.current_irql();
        if self.is_frozen() {
            return;
        }
        if new > old {
            let parameters = [0x31, u64::from(old.0), u64::from(new.0), 0];
            self.bug_check_with(
                BugCheckCode::DRIVER_VERIFIER_DETECTED_VIOLATION,
                parameters,
                &format!("KeLowerIrql to {new} at {old}: the new level is higher"),
            );
            return;
        }
        self.set_irql(new);
        self.preemption_point();
    }

    /// Puts the IRQL back after a callback that returned at another level. Only code that calls
    /// drivers uses this function; a driver itself raises and lowers the IRQL.
    pub fn restore_irql(&self, irql: Irql) {
        if !self.is_frozen() {
            self.set_irql(irql);
            self.preemption_point();
        }
    }

    /// Notes a violation when the caller of a kernel routine runs above `limit`. The call goes on.
    pub fn require_irql_at_most(&self, limit: Irql, routine: &str) {
        if self.current_irql() > limit {
            self.report_high_irql(&[], limit, routine);
        }
    }

    /// Notes a violation: a caller above `limit` called a routine of a room. The violation names
    /// the first rule that is about this routine, from the registers of the room or else from the
    /// kernel's register. If no rule is about the routine, the violation names `irql-too-high`.
    #[cold]
    pub fn report_high_irql(&self, registers: &[&[&'static Rule]], limit: Irql, routine: &str) {
        let mut known = registers.iter().copied().chain([rules::RULES]).flatten();
        let rule = known.find(|rule| rule.covers(routine)).copied();
        let rule = rule.unwrap_or(&rules::IRQL_TOO_HIGH);
        let irql = self.current_irql();
        self.report_violation(rule, &format!("{routine} called at {irql}, allowed up to {limit}"));
    }

    /// Changes the IRQL without a preemption point. The watchdog runs while the IRQL is at
    /// DISPATCH_LEVEL or above.
    #[inline]
    pub(crate) fn set_irql(&self, irql: Irql) {
        let old = self.state.irql.replace(irql);
        self.settle_level();
        let was_high = old >= Irql::DISPATCH_LEVEL;
        let is_high = irql >= Irql::DISPATCH_LEVEL;
        if was_high != is_high {
            if is_high {
                self.restart_watchdog();
            } else {
                self.state.deadlines.set_watchdog(crate::clock::NEVER);
            }
        }
    }

    /// Restarts the watchdog: the code at DISPATCH_LEVEL and above gets its full time again.
    #[inline]
    pub(crate) fn restart_watchdog(&self) {
        let limit_ns = self.state.config.dpc_watchdog_ns;
        self.state.deadlines.set_watchdog(self.now_ns().saturating_add(limit_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::Irql;

    #[test]
    fn device_levels_follow_the_order_of_the_interrupt_controllers() {
        let order = [0u8, 1, 2, 8, 9, 10, 11, 12, 13, 14, 15, 3, 4, 5, 6, 7];
        let levels: Vec<Irql> = order.iter().map(|&line| Irql::of_line(line)).collect();
        assert!(levels.windows(2).all(|pair| pair[0] >= pair[1]), "{levels:?}");
        assert!(levels.iter().all(|level| (3..=11).contains(&level.0)));
    }
}
