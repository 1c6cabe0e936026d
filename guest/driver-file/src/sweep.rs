//! Finds instructions in a driver that the emulated processor does not have.
//!
//! The sweep also collects the constants that the code works with.
//!
//! The sweep looks at the code before the driver runs. A code section also holds data (jump tables,
//! constants, padding), so the sweep walks along branches and calls. It starts at the entry, the
//! exports, the functions of the exception table and every pointer into code. All that the walk
//! reaches counts as code. The sweep also reads the bytes that the walk did not reach. A refused
//! instruction there is [`Reach::Between`], because these bytes may be data, or code that only a
//! jump table leads to.

use std::collections::{BTreeSet, VecDeque};

use cpu_x86::{Cpu, Disassembly, MapError, Mode, Rights, Support};
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, OpKind};

use crate::image::{Image, Section};

/// The largest number of refusals that the sweep keeps; it only counts further refusals.
pub const REFUSALS_KEPT: usize = 1_000;

/// The longest instruction. Source: Intel SDM volume 2, 2.3.11.
const INSTRUCTION_BYTES: usize = 15;

/// The result of a sweep over a driver's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// The number of instructions that the walk reached.
    pub reached: u64,
    /// The instructions that would end a run, in order of address, at most [`REFUSALS_KEPT`].
    pub refusals: Vec<Refusal>,
    /// The number of further refusals.
    pub more: u64,
    /// The constants in the reached code and in the relocated pointers.
    pub constants: Constants,
}

/// The constants in the reached code and in the relocated pointers of the image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Constants {
    /// The addresses that an instruction or a relocated pointer names, relative to the base of the
    /// image.
    pub addresses: BTreeSet<u32>,
    /// The immediate operands of 32 and 64 bits. An operand that the processor extends from 32 to
    /// 64 bits is left out.
    pub numbers: BTreeSet<u64>,
}

/// An instruction that would end the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The address.
    pub rva: u32,
    /// The instruction in Intel syntax.
    pub text: String,
    /// Whether the walk along the code reached the instruction.
    pub reach: Reach,
}

/// How the sweep found an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The sweep followed branches and calls from the driver's known functions.
    Reached,
    /// The walk did not reach the bytes. They may be data.
    Between,
}

/// Sweeps all sections that the driver has the right to execute.
///
/// # Errors
/// When the image does not fit into the address space at its present base.
pub fn sweep(image: &Image) -> Result<Sweep, MapError> {
    let mut walk = Walk::new(image)?;
    walk.add_known_functions();
    while let Some(rva) = walk.queue.pop_front() {
        walk.follow(rva);
    }
    for index in 0..walk.codes.len() {
        walk.read_between(index);
    }
    let Walk { mut refusals, reached, constants, .. } = walk;
    refusals.sort_by_key(|refusal| refusal.rva);
    let more = refusals.len().saturating_sub(REFUSALS_KEPT) as u64;
    refusals.truncate(REFUSALS_KEPT);
    Ok(Sweep { reached, refusals, more, constants })
}

struct Walk<'a> {
    image: &'a Image,
    cpu: Cpu,
    codes: Vec<Code<'a>>,

    queue: VecDeque<u32>,
    refusals: Vec<Refusal>,
    reached: u64,
    constants: Constants,
}

/// One section of code, with a mark for each byte.
struct Code<'a> {
    section: &'a Section,
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unknown,
    Start,
    Inside,
}

impl<'a> Walk<'a> {
    fn new(image: &'a Image) -> Result<Walk<'a>, MapError> {
        let mut cpu = Cpu::new(image.mode());
        for region in image.regions() {
            let address = image.base().wrapping_add(region.rva.into());
            cpu.memory_mut().map(address, region.size.into(), region.rights)?;
        }
        for (rva, bytes) in image.contents() {
            let address = image.base().wrapping_add(rva.into());
            cpu.memory_mut().poke(address, bytes).expect("the regions hold all contents");
        }
        let codes = image
            .sections()
            .iter()
            .filter(|section| section.rights.contains(Rights::EXECUTE))
            .map(|section| Code { section, marks: vec![Mark::Unknown; section.bytes.len()] })
            .collect();
        let (queue, refusals, constants) = (VecDeque::new(), Vec::new(), Constants::default());
        Ok(Walk { image, cpu, codes, queue, refusals, reached: 0, constants })
    }

    fn add_known_functions(&mut self) {
        self.queue.push_back(self.image.entry_rva());
        self.queue.extend(self.image.exports().iter().map(|export| export.rva));
        self.queue.extend(self.image.unwind_functions().iter().map(|function| function.start));
        let pointers = self.image.relocated_pointers();
        for &pointer in &pointers {
            let target = self.image.read_pointer(pointer);
            let target = target.and_then(|address| self.rva(address));
            self.constants.addresses.extend(target);
            // If a relocated pointer lies at the target, the target is not code, but a jump table
            // in the code.
            self.queue.extend(target.filter(|rva| pointers.binary_search(rva).is_err()));
        }
    }

    fn rva(&self, address: u64) -> Option<u32> {
        u32::try_from(address.checked_sub(self.image.base())?).ok()
    }

    fn mark(&mut self, rva: u32) -> Option<&mut Mark> {
        let holds = |code: &&mut Code<'_>| code.section.contains(rva, 1);
        let code = self.codes.iter_mut().find(holds)?;
        code.marks.get_mut((rva - code.section.rva) as usize)
    }

    fn decode(&self, rva: u32) -> Option<(Instruction, Disassembly)> {
        let section = self.image.section_at(rva)?;
        let bytes = section.bytes.get((rva - section.rva) as usize..)?;
        let bytes = &bytes[..bytes.len().min(INSTRUCTION_BYTES)];
        let bits = if self.image.mode() == Mode::Bits64 { 64 } else { 32 };
        let address = self.image.base().wrapping_add(rva.into());
        // The decoder reads prefixes like an AMD processor. The decoder of the interpreter does the
        // same.
        let instruction = Decoder::with_ip(bits, bytes, address, DecoderOptions::AMD).decode();
        if instruction.is_invalid() {
            return None;
        }
        Some((instruction, self.cpu.disassemble(address)?))
    }

    /// Walks from an address until the path ends, or until it reaches code that the walk has
    /// reached before.
    fn follow(&mut self, mut rva: u32) {
        while self.mark(rva).is_some_and(|mark| *mark == Mark::Unknown) {
            // Bytes that are no instruction of any processor are data, such as the data after a
            // call that does not return.
            let Some((instruction, text)) = self.decode(rva) else { return };
            for offset in 0..text.length as u32 {
                let mark = if offset == 0 { Mark::Start } else { Mark::Inside };
                self.mark(rva + offset).into_iter().for_each(|place| *place = mark);
            }
            self.reached += 1;
            self.add_code_pointer(&instruction);
            self.add_constants(&instruction);
            let refused = text.support == Support::Refused;
            let length = text.length as u32;
            if refused {
                self.refusals.push(Refusal { rva, text: text.text, reach: Reach::Reached });
            }
            match instruction.flow_control() {
                FlowControl::ConditionalBranch | FlowControl::Call => {
                    self.queue.extend(self.rva(instruction.near_branch_target()));
                }
                FlowControl::UnconditionalBranch => {
                    self.queue.extend(self.rva(instruction.near_branch_target()));
                    return;
                }
                FlowControl::IndirectBranch
                | FlowControl::Return
                | FlowControl::Interrupt
                | FlowControl::Exception => return,
                _ => {}
            }
            rva += length;
        }
    }

    /// Queues the address that a `lea` relative to RIP loads. At this address there may be a
    /// function, which other code calls by the loaded pointer.
    fn add_code_pointer(&mut self, instruction: &Instruction) {
        let is_lea = instruction.mnemonic() == iced_x86::Mnemonic::Lea;
        if is_lea
            && instruction.op1_kind() == OpKind::Memory
            && instruction.is_ip_rel_memory_operand()
        {
            self.queue.extend(self.rva(instruction.ip_rel_memory_address()));
        }
    }

    /// Adds the address that an instruction of x64 names, and the numbers in an instruction. An
    /// address in an instruction of x86 is a relocated pointer, and `add_known_functions` has added
    /// it.
    fn add_constants(&mut self, instruction: &Instruction) {
        if instruction.is_ip_rel_memory_operand() {
            let address = self.rva(instruction.ip_rel_memory_address());
            self.constants.addresses.extend(address);
        }
        for operand in 0..instruction.op_count() {
            if let OpKind::Immediate32 | OpKind::Immediate64 = instruction.op_kind(operand) {
                self.constants.numbers.insert(instruction.immediate(operand));
            }
        }
    }

    /// Looks for refused instructions among those bytes of a section that the walk did not reach.
    /// The reading ends at the first table in the section that the headers name, because linkers
    /// put the import table of a driver after the code of INIT.
    fn read_between(&mut self, index: usize) {
        let section = self.codes[index].section;
        let start = section.rva;
        let table = self.image.first_table_in(section).unwrap_or(u32::MAX);
        let end = self.codes[index].marks.len().min((table - start) as usize);
        let mut at = 0;
        while at < end {
            if self.codes[index].marks[at] != Mark::Unknown {
                at += 1;
                continue;
            }
            let rva = start + at as u32;
            let Some((_, text)) = self.decode(rva) else {
                at += 1;
                continue;
            };
            if text.support == Support::Refused {
                self.refusals.push(Refusal { rva, text: text.text, reach: Reach::Between });
            }
            at += text.length;
        }
    }
}
