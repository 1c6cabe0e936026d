//! The run loop: blocks of operations until something ends the run, counted exactly.

use std::ops::RangeInclusive;

use crate::blocks::Block;
use crate::cpu::Cpu;
use crate::decode;
use crate::machine::Exit;
use crate::operation::Operation;
use crate::stop::{Access, Fault, FaultKind, Stop};

impl Cpu {
    /// Runs at most `budget` instructions and says why it ended.
    ///
    /// The processor is at an instruction boundary then, whatever the reason, and `registers`,
    /// `memory_mut` and the `finish_` calls may be used before the next run. A breakpoint that
    /// was reported is passed when the next run starts at its address.
    pub fn run(&mut self, budget: u64) -> Stop {
        let mut left = budget;
        self.reported_breakpoint = self.reported_breakpoint.filter(|&at| at == self.machine.rip);
        let stop = loop {
            if self.machine.memory.wants_attention()
                && let Some(stop) = self.serve_memory()
            {
                break stop;
            }
            if left == 0 {
                break Stop::Budget;
            }
            let block = match self.blocks.recent(self.machine.rip) {
                Some(block) => block,
                None => match self.enter(self.machine.rip) {
                    Ok(block) => block,
                    Err(stop) => break stop,
                },
            };
            if let Err(stop) = self.execute(block, &mut left) {
                break stop;
            }
        };
        self.instruction_count += budget - left;
        self.reported_breakpoint = match stop {
            Stop::Breakpoint { address } => Some(address),
            _ => None,
        };
        stop
    }

    /// Runs one instruction, or one iteration of a repeated string instruction.
    pub fn step(&mut self) -> Stop {
        self.run(1)
    }

    /// Runs a block, or as much of it as the budget allows.
    #[inline(always)]
    fn execute(&mut self, block: Block, left: &mut u64) -> Result<(), Stop> {
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
                return self.leave(block, operation, before, exit, left);
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

    /// Accounts for an operation that did not simply end, `before` others having retired.
    #[cold]
    #[inline(never)]
    fn leave(
        &mut self,
        block: Block,
        operation: Operation,
        before: u64,
        exit: Exit,
        left: &mut u64,
    ) -> Result<(), Stop> {
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
        match exit {
            Exit::Finished | Exit::Unfinished => Ok(()),
            Exit::Fault | Exit::FaultInRepeat => Err(self.fault_stop(at)),
            Exit::Unsupported => Err(self.unsupported_stop(at)),
            Exit::Accusation | Exit::Request | Exit::UnfinishedRequest => {
                Err(machine.stop.take().expect("the operation has said why it stops"))
            }
        }
    }

    fn fault_stop(&mut self, at: u64) -> Stop {
        let unknown = Fault { address: at, access: Access::Read, kind: FaultKind::NotMapped };
        Stop::Fault(self.machine.memory.take_fault().unwrap_or(unknown))
    }

    fn unsupported_stop(&self, address: u64) -> Stop {
        let text = self.disassemble(address).map(|instruction| instruction.text);
        Stop::Unsupported { address, text: text.unwrap_or_default() }
    }

    /// Finds or decodes the block at an address that was not entered recently.
    #[cold]
    #[inline(never)]
    fn enter(&mut self, address: u64) -> Result<Block, Stop> {
        if is_stop_address(&self.stop_addresses, address) {
            return Err(Stop::Reached { address });
        }
        if self.breakpoints.contains(&address) {
            if self.reported_breakpoint.take() != Some(address) {
                return Err(Stop::Breakpoint { address });
            }
            return self.decode_single(address).map_err(Stop::Fault);
        }
        if let Some(block) = self.blocks.find(address) {
            return Ok(block);
        }
        self.decode(address).map_err(Stop::Fault)
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

    /// Decodes the one instruction under a breakpoint, without keeping it.
    fn decode_single(&mut self, address: u64) -> Result<Block, Fault> {
        let (memory, mode) = (&self.machine.memory, self.machine.mode);
        self.blocks.add_passing(address, |operations| {
            decode::block(memory, mode, address, operations, |_| true)
        })
    }

    /// Sees to what the memory noticed: stale code and watchpoints.
    #[cold]
    fn serve_memory(&mut self) -> Option<Stop> {
        let (stale_pages, hit) = self.machine.memory.take_attention();
        for page in stale_pages {
            self.blocks.remove_page(page);
        }
        hit.map(|(address, access)| Stop::Watchpoint { address, access })
    }
}

fn is_stop_address(ranges: &[RangeInclusive<u64>], address: u64) -> bool {
    ranges.iter().any(|range| range.contains(&address))
}
