//! Whether the code at RIP runs in a circle that it cannot leave by itself.
//!
//! This file looks ahead: it runs the next instructions, and then puts everything back.

use crate::cpu::Cpu;
use crate::memory::Watchpoint;
use crate::stop::{Access, Stop};

/// What the next instructions of a processor do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repetition {
    /// No circle was found within the limit, or an instruction ended the run or wrote to memory.
    Unknown,
    /// The instructions run in a circle: they come back to an address with the same registers. They
    /// read and write no memory. Only a change of registers or code from outside ends this circle.
    Forever,
    /// The instructions run in a circle: they come back to an address with the same registers. They
    /// read memory and do not write to it. A change of the memory may end this circle.
    WhileMemoryStays,
}

/// A watchpoint on all addresses but the last one.
const EVERYWHERE: Watchpoint = Watchpoint { address: 0, length: u64::MAX, access: Access::Write };

impl Cpu {
    /// Looks at most `longest` instructions ahead. Afterwards registers, memory and counts are as
    /// before. If an instruction ends the run with a stop, as a port access does, the answer is
    /// `Unknown`. If an instruction writes to memory, the answer is also `Unknown`, even if the
    /// write does not change the value.
    pub fn repetition(&mut self, longest: u64) -> Repetition {
        let reported = self.reported_breakpoint;
        let (count, before) = (self.instruction_count, self.snapshot());
        let mut runs_in_circle = |access| {
            let found = self.runs_in_circle(longest, access);
            self.restore(&before);
            found
        };
        let found = match (runs_in_circle(Access::Write), runs_in_circle(Access::Read)) {
            (false, _) => Repetition::Unknown,
            (true, true) => Repetition::Forever,
            (true, false) => Repetition::WhileMemoryStays,
        };
        (self.instruction_count, self.reported_breakpoint) = (count, reported);
        found
    }

    /// Runs until all registers are as they were at an earlier instruction. Returns `false` if a
    /// stop comes first, if an access to memory of the kind `access` comes first, or if `longest`
    /// instructions are not enough.
    ///
    /// Source: Brent's algorithm. The code keeps the state after 0, 1, 2, 4, 8... steps, always
    /// only the latest. At last the kept state lies in the circle, and the run comes back to this
    /// state.
    fn runs_in_circle(&mut self, longest: u64, access: Access) -> bool {
        let watchpoint = Watchpoint { access, ..EVERYWHERE };
        let state = |cpu: &Cpu| (cpu.registers(), cpu.x87());
        self.memory_mut().add_watchpoint(watchpoint);
        let mut earlier = state(self);
        let mut is_back = false;
        for steps in 1..=longest {
            if self.step() != Stop::Budget {
                break;
            }
            is_back = state(self) == earlier;
            if is_back {
                break;
            }
            if steps.is_power_of_two() {
                earlier = state(self);
            }
        }
        self.memory_mut().remove_watchpoint(watchpoint);
        is_back
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, PAGE_BYTES, Register, Rights};

    const CODE: u64 = 0x1000;
    const DATA: u64 = 0x2000;

    fn cpu(code: &[u8]) -> Cpu {
        let mut cpu = Cpu::new(Mode::Bits64);
        let page = PAGE_BYTES as u64;
        let memory = cpu.memory_mut();
        memory.map(CODE, page, Rights::READ | Rights::EXECUTE).unwrap();
        memory.map(DATA, page, Rights::READ | Rights::WRITE).unwrap();
        memory.poke(CODE, code).unwrap();
        cpu.set_rip(CODE);
        cpu.set_register(Register::Rcx, DATA);
        cpu
    }

    #[test]
    fn a_circle_is_told_by_what_can_end_it() {
        for (code, expected) in [
            // jmp to itself
            (&[0xEB, 0xFE][..], Repetition::Forever),
            // nop; xor eax, eax; jmp back
            (&[0x90, 0x31, 0xC0, 0xEB, 0xFB], Repetition::Forever),
            // inc eax; jmp to itself: the circle begins later
            (&[0xFF, 0xC0, 0xEB, 0xFE], Repetition::Forever),
            // cmp byte [rcx], 0; je back
            (&[0x80, 0x39, 0, 0x74, 0xFB], Repetition::WhileMemoryStays),
            // inc eax; jmp back: EAX gets its first value again, but not within the limit
            (&[0xFF, 0xC0, 0xEB, 0xFC], Repetition::Unknown),
            // mov [rcx], eax; jmp back
            (&[0x89, 0x01, 0xEB, 0xFC], Repetition::Unknown),
            // lock xadd [rcx], eax; jmp back: it reads and writes
            (&[0xF0, 0x0F, 0xC1, 0x01, 0xEB, 0xFA], Repetition::Unknown),
            // in al, dx; jmp back
            (&[0xEC, 0xEB, 0xFD], Repetition::Unknown),
            // rdtsc; jmp back
            (&[0x0F, 0x31, 0xEB, 0xFC], Repetition::Unknown),
            // call the next instruction: the stack is not mapped
            (&[0xE8, 0, 0, 0, 0], Repetition::Unknown),
        ] {
            assert_eq!(cpu(code).repetition(100), expected, "{code:02X?}");
        }
    }

    #[test]
    fn looking_ahead_changes_nothing() {
        // inc dword [rcx]; jmp back
        let mut cpu = cpu(&[0xFF, 0x01, 0xEB, 0xFC]);
        assert_eq!(cpu.run(4), Stop::Budget);
        let before = (cpu.registers(), cpu.instruction_count());
        assert_eq!(cpu.repetition(100), Repetition::Unknown);
        assert_eq!((cpu.registers(), cpu.instruction_count()), before);
        assert_eq!(cpu.run(2), Stop::Budget);
        let mut value = [0; 4];
        cpu.memory_mut().read(DATA, &mut value).unwrap();
        assert_eq!(u32::from_le_bytes(value), 3);
    }
}
