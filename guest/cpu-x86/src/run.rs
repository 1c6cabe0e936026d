//! The run loop: runs blocks until the run ends, with exact counts.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use crate::blocks::Block;
use crate::cpu::Cpu;
use crate::decode;
use crate::machine::Exit;
use crate::operation::Operation;
use crate::stop::{Fault, PortRead, PortTarget, Stop};

/// The run has ended; `Machine::stop` says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ended;

impl Cpu {
    /// Runs at most `budget` instructions and returns why the run ended.
    ///
    /// At the end the processor is always at an instruction boundary. The user may call
    /// `registers`, `memory_mut` and the `finish_` methods before the next run. A run that starts
    /// at a breakpoint does not stop there if the last run reported this breakpoint.
    #[inline]
    pub fn run(&mut self, budget: u64) -> Stop {
        self.run_blocks(budget);
        // The frequent stops are copied field by field. The operation has just stored these fields.
        // A load that is wider than the stores would wait until the stores have left the host's
        // store buffer.
        match self.machine.stop {
            Stop::Budget => Stop::Budget,
            Stop::PortRead(PortRead { port, width, target: PortTarget::Accumulator }) => {
                Stop::PortRead(PortRead { port, width, target: PortTarget::Accumulator })
            }
            Stop::PortWrite { port, width, value } => Stop::PortWrite { port, width, value },
            Stop::Reached { address } => Stop::Reached { address },
            other => other,
        }
    }

    #[inline(never)]
    fn run_blocks(&mut self, budget: u64) {
        let mut left = budget;
        if self.reported_breakpoint.is_some_and(|at| at != self.machine.rip) {
            self.reported_breakpoint = None;
        }
        self.machine.stop = Stop::Budget;
        while self.advance(&mut left).is_ok() {}
        self.instruction_count += budget - left;
    }

    /// Runs one instruction, or one iteration of a repeated string instruction.
    pub fn step(&mut self) -> Stop {
        self.run(1)
    }

    /// Runs the block at RIP.
    #[inline(always)]
    fn advance(&mut self, left: &mut u64) -> Result<(), Ended> {
        if self.machine.memory.wants_attention() {
            self.serve_memory()?;
        }
        if *left == 0 {
            return Err(Ended);
        }
        let block = match self.blocks.recent(self.machine.rip) {
            Some(block) => block,
            None => self.enter(self.machine.rip)?,
        };
        self.execute(block, left)
    }

    /// Runs a block, or the part of the block that the budget allows.
    #[inline(always)]
    fn execute(&mut self, block: Block, left: &mut u64) -> Result<(), Ended> {
        let machine = &mut self.machine;
        let all = self.blocks.operations(block);
        let mut end = u64::from(block.bytes);
        let mut operations = all;
        if *left < all.len() as u64 {
            operations = &all[..*left as usize];
            end = u64::from(all[operations.len()].start);
        }
        machine.rip = block.address.wrapping_add(end) & machine.address_mask;
        machine.iterations_allowed = *left;
        for (number, operation) in operations.iter().enumerate() {
            if let Err(exit) = (operation.run)(machine, operation) {
                let (operation, before) = (*operation, number as u64);
                // A port access ends an operation with `Request`, and a call out of the guest ends
                // it with `Accusation`. Both ends are frequent, so this code handles them without a
                // call of `leave`.
                let (retired, length) = match exit {
                    Exit::Request => (1, operation.length),
                    Exit::Accusation => (0, 0),
                    _ => return self.leave(block, operation, before, exit, left),
                };
                let at = block.address.wrapping_add(operation.start.into());
                machine.rip = at.wrapping_add(length.into()) & machine.address_mask;
                *left -= before + retired;
                debug_assert!(machine.stop != Stop::Budget, "{exit:?} must have a reason");
                return Err(Ended);
            }
            if machine.memory.wants_attention() {
                let done = number + 1;
                if let Some(next) = operations.get(done) {
                    let start = u64::from(next.start);
                    machine.rip = block.address.wrapping_add(start) & machine.address_mask;
                }
                *left -= done as u64;
                return Ok(());
            }
        }
        *left -= operations.len() as u64;
        Ok(())
    }

    /// Sets RIP, the budget and the stop after an operation that did not end in the usual way.
    /// `before` operations of the block have retired before this operation.
    #[cold]
    #[inline(never)]
    fn leave(
        &mut self,
        block: Block,
        operation: Operation,
        before: u64,
        exit: Exit,
        left: &mut u64,
    ) -> Result<(), Ended> {
        let machine = &mut self.machine;
        let at = block.address.wrapping_add(operation.start.into()) & machine.address_mask;
        let behind = at.wrapping_add(operation.length.into()) & machine.address_mask;
        let (retired, rip) = match exit {
            Exit::Fault | Exit::Accusation | Exit::Unsupported => (0, at),
            Exit::Request => (1, behind),
            Exit::UnfinishedRequest => (1, at),
            Exit::Finished => (machine.iterations_done.max(1), behind),
            Exit::Unfinished | Exit::FaultInRepeat => (machine.iterations_done, at),
        };
        machine.rip = rip;
        *left -= before + retired;
        if matches!(exit, Exit::Unfinished | Exit::UnfinishedRequest) {
            // The run loop reports a breakpoint at a repeated instruction once, not at each
            // iteration.
            self.reported_breakpoint = Some(at);
        }
        let machine = &mut self.machine;
        match exit {
            Exit::Finished | Exit::Unfinished => return Ok(()),
            Exit::Fault | Exit::FaultInRepeat => {
                machine.stop = machine.memory.take_fault().map_or(Stop::Budget, Stop::Fault);
            }
            Exit::Unsupported => machine.stop = Stop::Unsupported { address: at },
            // The operation has set `stop`.
            Exit::Accusation | Exit::Request | Exit::UnfinishedRequest => {}
        }
        debug_assert!(self.machine.stop != Stop::Budget, "{exit:?} must have a reason");
        Err(Ended)
    }

    fn end(&mut self, stop: Stop) -> Result<Infallible, Ended> {
        self.machine.stop = stop;
        Err(Ended)
    }

    /// Finds or decodes the block at an address that was not run recently. Ends the run instead if
    /// there is a breakpoint to report, or if the code cannot be fetched.
    #[cold]
    #[inline(never)]
    fn enter(&mut self, address: u64) -> Result<Block, Ended> {
        let decoded = if let Some(block) = self.blocks.find(address) {
            return Ok(block);
        } else if is_stop_address(&self.stop_addresses, address) {
            Ok(self.blocks.add_stop_address(address))
        } else if self.breakpoints.contains(&address) {
            if self.reported_breakpoint.take() != Some(address) {
                self.reported_breakpoint = Some(address);
                self.end(Stop::Breakpoint { address })?;
            }
            self.decode_single(address)
        } else {
            self.decode(address)
        };
        match decoded {
            Ok(block) => Ok(block),
            Err(fault) => match self.end(Stop::Fault(fault))? {},
        }
    }

    fn decode(&mut self, address: u64) -> Result<Block, Fault> {
        let (memory, mode) = (&self.machine.memory, self.machine.mode);
        let block = self.blocks.add(address, |operations| {
            decode::block(memory, mode, address, operations, |next| {
                self.breakpoints.contains(&next) || is_stop_address(&self.stop_addresses, next)
            })
        })?;
        self.machine.memory.mark_code(address, block.bytes.into());
        Ok(block)
    }

    /// Decodes the one instruction at a breakpoint into a block that runs once.
    fn decode_single(&mut self, address: u64) -> Result<Block, Fault> {
        let (memory, mode) = (&self.machine.memory, self.machine.mode);
        self.blocks.add_passing(address, |operations| {
            decode::block(memory, mode, address, operations, |_| true)
        })
    }

    /// Handles what the memory has noted: stale code and watchpoints.
    #[cold]
    fn serve_memory(&mut self) -> Result<(), Ended> {
        let (stale_pages, hit) = self.machine.memory.take_attention();
        for page in stale_pages {
            self.blocks.remove_page(page);
        }
        if let Some((address, access)) = hit {
            self.end(Stop::Watchpoint { address, access })?;
        }
        Ok(())
    }
}

fn is_stop_address(ranges: &[RangeInclusive<u64>], address: u64) -> bool {
    ranges.iter().any(|range| range.contains(&address))
}
