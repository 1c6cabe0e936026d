//! Machine code of a thread's routine, for both bitnesses.

use cpu_x86::Mode;

use super::super::super::{Found, find};
use super::Bench;

/// A routine with one argument, like the routine of a thread or of a work item. A register keeps a
/// value over calls.
pub struct Program<'a> {
    bench: &'a Bench,
    code: Vec<u8>,
}

impl<'a> Program<'a> {
    pub fn new(bench: &'a Bench) -> Program<'a> {
        // On x64: sub rsp, 68h
        let code = if is_wide(bench) { vec![0x48, 0x83, 0xEC, 0x68] } else { Vec::new() };
        Program { bench, code }
    }

    /// Calls a routine of the kernel or of KS.
    pub fn call(&mut self, name: &str, words: &[u64]) {
        let thunk = self.thunk(name);
        if !is_wide(self.bench) {
            // push, from the last to the first; mov eax, thunk; call eax
            for word in words.iter().rev() {
                self.put(&[0x68]);
                self.put(&(*word as u32).to_le_bytes());
            }
            self.put(&[0xB8]);
            self.put(&(thunk as u32).to_le_bytes());
            self.put(&[0xFF, 0xD0]);
            return;
        }
        // The first four words: mov rcx, word; and in the same way rdx, r8 and r9. Each further
        // word: mov rax, word; mov [rsp+place], rax
        let registers: [[u8; 2]; 4] = [[0x48, 0xB9], [0x48, 0xBA], [0x49, 0xB8], [0x49, 0xB9]];
        for (index, word) in words.iter().enumerate() {
            self.put(registers.get(index).unwrap_or(&[0x48, 0xB8]));
            self.put(&word.to_le_bytes());
            if index >= registers.len() {
                self.put(&[0x48, 0x89, 0x44, 0x24, 8 * index as u8]);
            }
        }
        // mov rax, thunk; call rax
        self.put(&[0x48, 0xB8]);
        self.put(&thunk.to_le_bytes());
        self.put(&[0xFF, 0xD0]);
    }

    /// Calls a routine of the convention fastcall with one argument.
    pub fn call_fast(&mut self, name: &str, word: u64) {
        if is_wide(self.bench) {
            self.call(name, &[word]);
            return;
        }
        // mov ecx, word
        self.put(&[0xB9]);
        self.put(&(word as u32).to_le_bytes());
        self.call(name, &[]);
    }

    fn thunk(&self, name: &str) -> u64 {
        let modules = ["ntoskrnl.exe", "ks.sys"];
        let found = modules.iter().find_map(|module| find(module, name));
        let Some(Found::Routine(routine)) = found else { panic!("{name} is in no table") };
        self.bench.guest.thunk_of(routine)
    }

    /// Stores the lower 32 bits of the last result.
    pub fn store_result(&mut self, address: u64) {
        // mov [rdx], eax; or mov [address], eax
        self.access(address, &[0x89, 0x02], &[0xA3]);
    }

    /// Puts a value into the register that is kept.
    pub fn keep(&mut self, value: u32) {
        self.put(&[0xBB]);
        self.put(&value.to_le_bytes());
    }

    /// Stores the value of the register that is kept.
    pub fn store_kept(&mut self, address: u64) {
        self.access(address, &[0x89, 0x1A], &[0x89, 0x1D]);
    }

    /// Loads a value into the register that is kept.
    pub fn load_to_kept(&mut self, address: u64) {
        self.access(address, &[0x8B, 0x1A], &[0x8B, 0x1D]);
    }

    /// Stores what the control region names as the current thread, as inlined code reads it.
    pub fn store_current_thread(&mut self, address: u64) {
        // mov eax, fs:[124h], or mov rax, gs:[188h]
        let narrow = [0x64, 0xA1, 0x24, 1, 0, 0];
        let wide = [0x65, 0x48, 0x8B, 0x04, 0x25, 0x88, 1, 0, 0];
        if is_wide(self.bench) {
            self.put(&wide)
        } else {
            self.put(&narrow)
        }
        self.store_result(address);
    }

    /// Ends the routine with a return. The result is the address of the routine.
    pub fn finish(mut self) -> u64 {
        if is_wide(self.bench) {
            self.put(&[0x48, 0x83, 0xC4, 0x68, 0xC3]);
        } else {
            self.put(&[0xC2, 4, 0]);
        }
        self.bench.code_block(&self.code)
    }

    /// Appends an instruction that accesses an address. On x64 the address is in RDX. On x86 the
    /// address follows the first bytes of the instruction.
    fn access(&mut self, address: u64, wide: &[u8], narrow: &[u8]) {
        if is_wide(self.bench) {
            self.put(&[0x48, 0xBA]);
            self.put(&address.to_le_bytes());
            self.put(wide);
        } else {
            self.put(narrow);
            self.put(&(address as u32).to_le_bytes());
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.code.extend_from_slice(bytes);
    }
}

fn is_wide(bench: &Bench) -> bool {
    bench.guest.mode() == Mode::Bits64
}
