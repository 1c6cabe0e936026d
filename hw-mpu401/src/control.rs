//! What the rest of a card sets on its MPU-401, from outside the two ports.
//!
//! On many cards other registers hold bits that act on the MPU-401: enable bits of its interrupts,
//! a gate in front of the interrupt line, or the bit that activates a Plug and Play device. The
//! emulator of those registers tells the chip of each change. This file does not know where these
//! registers are.

use crate::answers::{Activation, InterruptCauses, InterruptGate};
use crate::behaviour::Behaviour;

/// A change that comes from outside the two ports, see [`Mpu401::control`](crate::Mpu401::control).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Control {
    /// From now on only these causes can raise the interrupt line.
    InterruptEnables(InterruptCauses),
    /// Opens or closes the gate between the interrupt and the line.
    InterruptGate(InterruptGate),
    /// Activates the device. This does nothing if the profile says that there is no card.
    Activate,
    /// Deactivates the device.
    ///
    /// Assumed: only the ports, MIDI IN and the interrupt line are cut off. The device keeps its
    /// state, and output that waits still leaves.
    Deactivate,
}

/// What the rest of the card has set.
#[derive(Clone, Copy)]
pub(crate) struct Controls {
    enables: InterruptCauses,
    gate: InterruptGate,
    activation: Activation,
}

impl Controls {
    /// The settings at power-on.
    pub(crate) fn of(card: &Behaviour) -> Self {
        Self {
            enables: card.interrupt_enables,
            gate: card.interrupt_gate,
            activation: card.activation,
        }
    }

    /// Makes a change.
    pub(crate) fn set(&mut self, control: Control) {
        match control {
            Control::InterruptEnables(causes) => self.enables = causes,
            Control::InterruptGate(gate) => self.gate = gate,
            Control::Activate if self.activation == Activation::Absent => {}
            Control::Activate => self.activation = Activation::Active,
            Control::Deactivate if self.activation == Activation::Absent => {}
            Control::Deactivate => self.activation = Activation::Inactive,
        }
    }

    /// Whether the card answers at its ports and hears MIDI IN.
    pub(crate) fn is_active(&self) -> bool {
        self.activation == Activation::Active
    }

    /// The causes that these settings let through to the interrupt line.
    pub(crate) fn causes_on_line(&self) -> InterruptCauses {
        match (self.activation, self.gate) {
            (Activation::Active, InterruptGate::Open) => self.enables,
            (_, InterruptGate::Closed) | (Activation::Inactive | Activation::Absent, _) => {
                InterruptCauses::empty()
            }
        }
    }
}
