//! The processor as gdb's target: registers, memory and breakpoints.

use std::collections::BTreeSet;
use std::convert::Infallible;

use cpu_x86::{Access, Watchpoint};
use gdbstub::arch::Arch;
use gdbstub::common::Signal;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::reverse_exec::{
    ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps,
};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint, HwWatchpointOps,
    SwBreakpoint, SwBreakpointOps, WatchKind,
};
use gdbstub::target::ext::exec_file::ExecFileOps;
use gdbstub::target::ext::host_info::HostInfoOps;
use gdbstub::target::ext::libraries::LibrariesOps;
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps, outputln};
use gdbstub::target::ext::section_offsets::SectionOffsetsOps;
use gdbstub::target::ext::target_description_xml_override::TargetDescriptionXmlOverrideOps;
use gdbstub::target::{Target, TargetError, TargetResult};

use super::architecture::Architecture;
use crate::debugger::Debuggee;
use crate::memory::to_end_of_page;

/// How gdb wants the run to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Continue,
    Step,
    ReverseContinue,
    ReverseStep,
}

/// The processor as gdb sees it. This object outlives the processor, because the caller builds a
/// new processor when gdb goes back.
pub(super) struct Guest<A: Architecture> {
    pub(super) debuggee: Debuggee,
    breakpoints: BTreeSet<u64>,
    watchpoints: Vec<Watchpoint>,
    pub(super) request: Request,
    architecture: std::marker::PhantomData<A>,
}

impl<A: Architecture> Guest<A> {
    pub(super) fn new(debuggee: Debuggee) -> Guest<A> {
        Guest {
            debuggee,
            breakpoints: BTreeSet::new(),
            watchpoints: Vec::new(),
            request: Request::Continue,
            architecture: std::marker::PhantomData,
        }
    }

    /// Replaces the processor, and gives the new processor the same breakpoints and watchpoints.
    pub(super) fn move_to(&mut self, debuggee: Debuggee) {
        self.debuggee = debuggee;
        let mut cpu = self.debuggee.cpu.borrow_mut();
        for &address in &self.breakpoints {
            cpu.add_breakpoint(address);
        }
        for &watchpoint in &self.watchpoints {
            cpu.memory_mut().add_watchpoint(watchpoint);
        }
    }

    /// Removes all breakpoints and watchpoints, because gdb has left.
    pub(super) fn clear(&mut self) {
        let mut cpu = self.debuggee.cpu.borrow_mut();
        for address in std::mem::take(&mut self.breakpoints) {
            cpu.remove_breakpoint(address);
        }
        for watchpoint in std::mem::take(&mut self.watchpoints) {
            cpu.memory_mut().remove_watchpoint(watchpoint);
        }
    }

    /// The number of retired instructions.
    pub(super) fn count(&self) -> u64 {
        self.debuggee.cpu.borrow().instruction_count()
    }

    fn add_breakpoint(&mut self, address: u64) -> bool {
        self.breakpoints.insert(address);
        self.debuggee.cpu.borrow_mut().add_breakpoint(address);
        true
    }

    fn remove_breakpoint(&mut self, address: u64) -> bool {
        self.breakpoints.remove(&address);
        self.debuggee.cpu.borrow_mut().remove_breakpoint(address)
    }
}

/// The processor's watchpoints for one watchpoint of gdb.
fn watchpoints(address: u64, length: u64, kind: WatchKind) -> impl Iterator<Item = Watchpoint> {
    let accesses: &[Access] = match kind {
        WatchKind::Write => &[Access::Write],
        WatchKind::Read => &[Access::Read],
        WatchKind::ReadWrite => &[Access::Read, Access::Write],
    };
    accesses.iter().map(move |&access| Watchpoint { address, length, access })
}

impl<A: Architecture> Target for Guest<A> {
    type Arch = A;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, A, Infallible> {
        BaseOps::SingleThread(self)
    }

    /// Breakpoints are in the processor and change no byte of the guest.
    fn guard_rail_implicit_sw_breakpoints(&self) -> bool {
        true
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }

    fn support_host_info(&mut self) -> Option<HostInfoOps<'_, Self>> {
        Some(self)
    }

    fn support_exec_file(&mut self) -> Option<ExecFileOps<'_, Self>> {
        Some(self)
    }

    fn support_section_offsets(&mut self) -> Option<SectionOffsetsOps<'_, Self>> {
        Some(self)
    }

    fn support_libraries(&mut self) -> Option<LibrariesOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }
}

impl<A: Architecture> SingleThreadBase for Guest<A> {
    fn read_registers(&mut self, registers: &mut A::Registers) -> TargetResult<(), Self> {
        let cpu = self.debuggee.cpu.borrow();
        *registers = A::to_gdb(&cpu.registers(), &cpu.x87());
        Ok(())
    }

    fn write_registers(&mut self, changed: &A::Registers) -> TargetResult<(), Self> {
        let mut cpu = self.debuggee.cpu.borrow_mut();
        let (mut registers, mut x87) = (cpu.registers(), cpu.x87());
        A::from_gdb(changed, &mut registers, &mut x87);
        cpu.set_registers(&registers);
        cpu.set_x87(&x87);
        Ok(())
    }

    fn read_addrs(&mut self, start: A::Usize, data: &mut [u8]) -> TargetResult<usize, Self> {
        let (cpu, start) = (self.debuggee.cpu.borrow(), A::address(start));
        let mut done = 0;
        while done < data.len() {
            let address = start.wrapping_add(done as u64);
            let room = to_end_of_page(address);
            let end = data.len().min(done + room);
            if cpu.memory().peek(address, &mut data[done..end]).is_err() {
                break;
            }
            done = end;
        }
        if done == 0 && !data.is_empty() { Err(TargetError::NonFatal) } else { Ok(done) }
    }

    fn write_addrs(&mut self, start: A::Usize, data: &[u8]) -> TargetResult<(), Self> {
        let mut cpu = self.debuggee.cpu.borrow_mut();
        cpu.memory_mut().poke(A::address(start), data).map_err(|_| TargetError::NonFatal)
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl<A: Architecture> SingleThreadResume for Guest<A> {
    fn resume(&mut self, _signal: Option<Signal>) -> Result<(), Infallible> {
        self.request = Request::Continue;
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, (), Self>> {
        Some(self)
    }

    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, (), Self>> {
        Some(self)
    }
}

impl<A: Architecture> SingleThreadSingleStep for Guest<A> {
    fn step(&mut self, _signal: Option<Signal>) -> Result<(), Infallible> {
        self.request = Request::Step;
        Ok(())
    }
}

impl<A: Architecture> ReverseStep<()> for Guest<A> {
    fn reverse_step(&mut self, _thread: ()) -> Result<(), Infallible> {
        self.request = Request::ReverseStep;
        Ok(())
    }
}

impl<A: Architecture> ReverseCont<()> for Guest<A> {
    fn reverse_cont(&mut self) -> Result<(), Infallible> {
        self.request = Request::ReverseContinue;
        Ok(())
    }
}

impl<A: Architecture> Breakpoints for Guest<A> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl<A: Architecture> SwBreakpoint for Guest<A> {
    fn add_sw_breakpoint(&mut self, address: A::Usize, _: usize) -> TargetResult<bool, Self> {
        Ok(self.add_breakpoint(A::address(address)))
    }

    fn remove_sw_breakpoint(&mut self, address: A::Usize, _: usize) -> TargetResult<bool, Self> {
        Ok(self.remove_breakpoint(A::address(address)))
    }
}

impl<A: Architecture> HwBreakpoint for Guest<A> {
    fn add_hw_breakpoint(&mut self, address: A::Usize, _: usize) -> TargetResult<bool, Self> {
        Ok(self.add_breakpoint(A::address(address)))
    }

    fn remove_hw_breakpoint(&mut self, address: A::Usize, _: usize) -> TargetResult<bool, Self> {
        Ok(self.remove_breakpoint(A::address(address)))
    }
}

impl<A: Architecture> HwWatchpoint for Guest<A> {
    fn add_hw_watchpoint(
        &mut self,
        address: <A as Arch>::Usize,
        length: <A as Arch>::Usize,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        for watchpoint in watchpoints(A::address(address), A::address(length), kind) {
            self.watchpoints.push(watchpoint);
            self.debuggee.cpu.borrow_mut().memory_mut().add_watchpoint(watchpoint);
        }
        Ok(true)
    }

    fn remove_hw_watchpoint(
        &mut self,
        address: <A as Arch>::Usize,
        length: <A as Arch>::Usize,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        let mut was_there = false;
        for watchpoint in watchpoints(A::address(address), A::address(length), kind) {
            self.watchpoints.retain(|held| *held != watchpoint);
            was_there |= self.debuggee.cpu.borrow_mut().memory_mut().remove_watchpoint(watchpoint);
        }
        Ok(was_there)
    }
}

impl<A: Architecture> MonitorCmd for Guest<A> {
    fn handle_monitor_cmd(
        &mut self,
        command: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), Infallible> {
        let command = String::from_utf8_lossy(command);
        match (self.debuggee.facts)(command.trim()) {
            Some(answer) => outputln!(out, "{}", answer.trim_end()),
            None => outputln!(out, "unknown command; 'monitor help' lists the commands"),
        }
        Ok(())
    }
}
