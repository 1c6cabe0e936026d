//! Requests to open filters and pins: control codes, pin states, the reset.

use super::wire_enum;

wire_enum! {
    /// Device control codes of kernel streaming, each with METHOD_NEITHER.
    ///
    /// Source: WDK ks.h.
    pub enum KsIoctl {
        /// Gets or sets a property.
        #[doc(alias = "IOCTL_KS_PROPERTY")]
        Property = 0x002F_0003,
        /// Enables an event.
        #[doc(alias = "IOCTL_KS_ENABLE_EVENT")]
        EnableEvent = 0x002F_0007,
        /// Disables an event.
        #[doc(alias = "IOCTL_KS_DISABLE_EVENT")]
        DisableEvent = 0x002F_000B,
        /// Calls a method.
        #[doc(alias = "IOCTL_KS_METHOD")]
        Method = 0x002F_000F,
        /// Gives buffers to a render pin.
        #[doc(alias = "IOCTL_KS_WRITE_STREAM")]
        WriteStream = 0x002F_8013,
        /// Gives buffers to a capture pin to fill.
        #[doc(alias = "IOCTL_KS_READ_STREAM")]
        ReadStream = 0x002F_4017,
        /// Begins or ends a reset of a pin. The input is a [`KsReset`].
        #[doc(alias = "IOCTL_KS_RESET_STATE")]
        ResetState = 0x002F_001B,
    }
}

wire_enum! {
    /// Whether a reset begins or ends.
    #[doc(alias = "KSRESET")]
    pub enum KsReset {
        /// The pin cancels the queued requests, and refuses further requests for data.
        #[doc(alias = "KSRESET_BEGIN")]
        Begin = 0,
        /// The pin accepts requests for data again.
        #[doc(alias = "KSRESET_END")]
        End = 1,
    }
}

wire_enum! {
    /// The state of a pin and its stream; the numbers rise from STOP to RUN.
    ///
    /// Source: WDK, KSSTATE.
    #[doc(alias = "KSSTATE")]
    #[derive(PartialOrd, Ord)]
    pub enum KsState {
        /// Holds no resources.
        #[doc(alias = "KSSTATE_STOP")]
        Stop = 0,
        /// Takes resources.
        #[doc(alias = "KSSTATE_ACQUIRE")]
        Acquire = 1,
        /// Holds data back.
        #[doc(alias = "KSSTATE_PAUSE")]
        Pause = 2,
        /// Moves data.
        #[doc(alias = "KSSTATE_RUN")]
        Run = 3,
    }
}

impl KsState {
    /// The neighbouring state on the way to another state. `None` when the two states are the same.
    ///
    /// A client may ask for any state, but a stream moves only to a neighbouring state. So the port
    /// calls this function before each step.
    #[must_use]
    pub const fn step_towards(self, target: KsState) -> Option<KsState> {
        let (from, to) = (self.value(), target.value());
        if from < to {
            KsState::from_u32(from + 1)
        } else if from > to {
            KsState::from_u32(from - 1)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(mut state: KsState, target: KsState) -> Vec<KsState> {
        let mut steps = Vec::new();
        while let Some(next) = state.step_towards(target) {
            steps.push(next);
            state = next;
        }
        steps
    }

    #[test]
    fn a_jump_is_walked_through_the_neighbours() {
        use KsState::{Acquire, Pause, Run, Stop};
        assert_eq!(walk(Stop, Run), [Acquire, Pause, Run]);
        assert_eq!(walk(Run, Stop), [Pause, Acquire, Stop]);
        assert_eq!(walk(Pause, Pause), []);
    }

    #[test]
    fn control_codes_are_those_of_the_header() {
        // CTL_CODE(device 2F, access, function, METHOD_NEITHER 3): device << 16 | access << 14 |
        // function << 2 | method; writing is access 2, reading is access 1.
        assert_eq!(KsIoctl::WriteStream.value(), 0x2F << 16 | 2 << 14 | 4 << 2 | 3);
        assert_eq!(KsIoctl::ReadStream.value(), 0x2F << 16 | 1 << 14 | 5 << 2 | 3);
        assert_eq!(KsIoctl::from_u32(0x002F_0003), Some(KsIoctl::Property));
        assert_eq!(KsIoctl::from_u32(0x002F_0000), None);
    }
}
