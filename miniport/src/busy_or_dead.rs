//! Whether a card that takes no bytes is busy or dead.

use std::cell::Cell;

use portcls_emulator::Kernel;

use crate::hardware::{Hardware, Patience};

/// After this number of writes in a row from which the card took no byte, the card counts as dead.
///
/// While the card is in UART mode, each of these writes waits nearly 0.4 ms, so together they wait
/// nearly 80 ms. A card that works is busy for less time: it needs 34.7 ms to enter UART mode, and
/// 70.1 ms for its longest reset. Measured: Roland MPU-401, firmware 1.5A.
pub(crate) const DEAD_AFTER_WRITES: u32 = 200;

/// Counts the latest writes in a row from which the card took no byte, up to [`DEAD_AFTER_WRITES`].
#[derive(Default)]
pub(crate) struct BusyOrDead {
    fruitless_writes: Cell<u32>,
}

impl BusyOrDead {
    /// Whether the card counts as dead.
    pub fn is_dead(&self) -> bool {
        self.fruitless_writes.get() >= DEAD_AFTER_WRITES
    }

    /// Writes MIDI bytes at the speed of the card, and returns how many bytes the card took. On a
    /// dead card the driver looks for room only once, and does not wait. The card counts as alive
    /// again when it takes a byte.
    ///
    /// IRQL: DISPATCH_LEVEL. Time: at most 1 ms.
    pub fn write(&self, kernel: &Kernel, hardware: &Hardware, data: &[u8]) -> usize {
        let patience = if self.is_dead() { Patience::None } else { Patience::Full };
        let written = hardware.write(kernel, data, patience);
        if written > 0 {
            self.fruitless_writes.set(0);
        } else if !self.is_dead() {
            self.fruitless_writes.set(self.fruitless_writes.get() + 1);
            if self.is_dead() {
                let base = hardware.card().registers().base();
                kernel.debug_print(format_args!(
                    "MPU-401 at {base:X}: took nothing in {DEAD_AFTER_WRITES} writes, given up"
                ));
            }
        }
        written
    }
}
