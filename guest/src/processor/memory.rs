//! Access to guest memory from outside, with the rights of the guest.

use cpu_x86::Fault;

use super::vm::Vm;

impl Vm {
    /// Reads bytes.
    ///
    /// # Errors
    /// The fault that the processor would get. `bytes` may hold the bytes before the fault.
    #[inline]
    pub fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        self.settle_irql();
        self.cpu.borrow().memory().read(address, bytes)
    }

    /// Reads a pointer.
    ///
    /// # Errors
    /// The errors of [`Vm::read`].
    #[inline(always)]
    pub fn read_word(&self, address: u64) -> Result<u64, Fault> {
        let mut bytes = [0; 8];
        match self.pointer_bytes() {
            8 => self.read(address, &mut bytes)?,
            _ => self.read(address, &mut bytes[..4])?,
        }
        Ok(u64::from_le_bytes(bytes))
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// The fault that the processor would get.
    #[inline]
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        self.settle_irql();
        self.cpu.borrow_mut().memory_mut().write(address, bytes)
    }
}
