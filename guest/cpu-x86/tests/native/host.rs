//! The reference: the host's own processor executes one instruction.
//!
//! The reference maps executable memory at a low address. A stub loads every register and jumps to
//! the instruction. A signal handler turns a fault into a result. All this needs unsafe code. The
//! unsafe code is only in this file; the library has no unsafe code.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

use cpu_x86::{Mode, RFlags, Registers, X87Registers};

/// The pages that the instruction may touch: code, data and stack, one after the other.
pub const CODE_PAGES: u64 = 1;
pub const DATA_PAGES: u64 = 2;
pub const STACK_PAGES: u64 = 1;
pub const PAGE: u64 = 0x1000;

/// The offset of the instruction in its page.
pub const INSTRUCTION_OFFSET: u64 = 0x800;

/// Offsets of the stub's own data in the first page of the mapping.
const GENERAL: u64 = 0;
const FLAGS: u64 = 0x80;
const HOST_STACK: u64 = 0x88;
const LANDING: u64 = 0x90;
const CONTROL: u64 = 0x98;
const HOST_CONTROL: u64 = 0x9C;
const FAR_POINTER: u64 = 0xA0;
const XMM: u64 = 0x100;
const X87: u64 = 0x200;

/// Offsets of the stubs in the mapping. The stubs are in the second page.
const ENTRY_64: u64 = PAGE;
const ENTRY_32: u64 = PAGE + 0x400;
const LANDING_STUBS: u64 = PAGE + 0x800;
const FIRST_GUEST_PAGE: u64 = 2 * PAGE;
const MAPPING_BYTES: u64 = (2 + CODE_PAGES + DATA_PAGES + STACK_PAGES) * PAGE;

/// Code segment selectors of Linux for 64-bit and for 32-bit programs, and its data segment.
const CODE_64: u16 = 0x33;
const CODE_32: u16 = 0x23;
const DATA_SEGMENT: u32 = 0x2B;

static SIGNAL: AtomicI32 = AtomicI32::new(0);
static MAPPING: AtomicU64 = AtomicU64::new(0);
static RUNNING: AtomicBool = AtomicBool::new(false);

/// How the instruction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Execution continued at the landing place with this number.
    Landed(usize),
    /// The processor raised a fault that arrived as this signal.
    Signal(i32),
}

/// The host's processor, with memory for one instruction at a time.
pub struct Host {
    base: u64,
}

impl Host {
    /// The one host of this process. The caller holds the lock while it uses the host.
    pub fn lock() -> MutexGuard<'static, Host> {
        static HOST: OnceLock<Mutex<Host>> = OnceLock::new();
        HOST.get_or_init(|| Mutex::new(Host::new()))
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The address of the code page; data and stack follow.
    pub fn code(&self) -> u64 {
        self.base + FIRST_GUEST_PAGE
    }

    /// The address of the data pages.
    pub fn data(&self) -> u64 {
        self.code() + CODE_PAGES * PAGE
    }

    /// The address of the stack page.
    pub fn stack(&self) -> u64 {
        self.data() + DATA_PAGES * PAGE
    }

    /// All bytes that the instruction may touch.
    pub fn guest_bytes(&mut self) -> &mut [u8] {
        let length = (CODE_PAGES + DATA_PAGES + STACK_PAGES) * PAGE;
        // SAFETY: only this host uses the mapping, and the mapping lives as long as the process.
        // The borrow of `self` keeps the instruction from running during that time.
        unsafe { std::slice::from_raw_parts_mut(self.code() as *mut u8, length as usize) }
    }

    /// Whether 32-bit code can run beside 64-bit code here.
    pub fn runs_32_bit_code(&mut self) -> bool {
        let next = self.code() + INSTRUCTION_OFFSET + 1;
        self.guest_bytes()[INSTRUCTION_OFFSET as usize] = 0x90;
        let mut registers = Registers::default();
        registers.general[4] = self.stack() + PAGE / 2;
        let mut x87 = X87Registers::default();
        self.execute(Mode::Bits32, &mut registers, &mut x87, &[next]) == Ending::Landed(0)
    }

    /// Whether the processor says that AMD is its maker.
    pub fn is_amd(&self) -> bool {
        let leaf = std::arch::x86_64::__cpuid(0);
        [leaf.ebx, leaf.edx, leaf.ecx].map(u32::to_le_bytes).concat() == b"AuthenticAMD"
    }

    /// Executes the instruction at `INSTRUCTION_OFFSET` with `registers` and `x87`, and puts the
    /// new values into both. If the instruction does not fault, execution must continue at one of
    /// the `landings`.
    pub fn execute(
        &mut self,
        mode: Mode,
        registers: &mut Registers,
        x87: &mut X87Registers,
        landings: &[u64],
    ) -> Ending {
        for (number, &landing) in landings.iter().enumerate() {
            self.write_landing(mode, landing, number);
        }
        for (number, value) in (0..).zip(registers.general) {
            self.put(GENERAL + 8 * number, &value.to_le_bytes());
        }
        for (number, value) in (0..).zip(registers.xmm) {
            self.put(XMM + 16 * number, &value.to_le_bytes());
        }
        let flags = registers.flags.bits() | RFlags::ALWAYS_ONE;
        self.put(FLAGS, &flags.to_le_bytes());
        self.put(CONTROL, &registers.mxcsr.to_le_bytes());
        self.put(X87, &x87_image(x87));
        SIGNAL.store(0, Ordering::SeqCst);
        let entry = self.base
            + match mode {
                Mode::Bits32 => ENTRY_32,
                Mode::Bits64 => ENTRY_64,
            };
        // SAFETY: the stub at this address follows the C calling convention: it saves and
        // restores what a callee must, and its memory is executable.
        unsafe {
            let run: extern "sysv64" fn() = std::mem::transmute(entry as *const ());
            RUNNING.store(true, Ordering::SeqCst);
            run();
            RUNNING.store(false, Ordering::SeqCst);
        }
        for (number, value) in (0..).zip(&mut registers.general) {
            *value = u64::from_le_bytes(self.get(GENERAL + 8 * number));
        }
        for (number, value) in (0..).zip(&mut registers.xmm) {
            *value = u128::from_le_bytes(self.get(XMM + 16 * number));
        }
        registers.flags = RFlags::from_bits_truncate(u64::from_le_bytes(self.get(FLAGS)));
        registers.mxcsr = u32::from_le_bytes(self.get(CONTROL));
        *x87 = from_x87_image(&self.get(X87));
        match SIGNAL.load(Ordering::SeqCst) {
            0 => Ending::Landed(u64::from_le_bytes(self.get(LANDING)) as usize),
            signal => Ending::Signal(signal),
        }
    }

    fn new() -> Host {
        // SAFETY: a new anonymous mapping touches no memory that this program uses.
        let pointer = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                MAPPING_BYTES as usize,
                libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT,
                -1,
                0,
            )
        };
        assert_ne!(pointer, libc::MAP_FAILED, "the host refuses executable memory");
        let mut host = Host { base: pointer as u64 };
        MAPPING.store(host.base, Ordering::SeqCst);
        host.write_stubs();
        catch_signals();
        host
    }

    fn write_stubs(&mut self) {
        let base = self.base;
        let data = |offset: u64| ((base + offset) as u32).to_le_bytes();
        self.put(HOST_CONTROL, &0x1F80u32.to_le_bytes());
        let mut load = Vec::new();
        // push rbx, rbp, r12 to r15; mov [HOST_STACK], rsp
        load.extend([0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57]);
        load.extend([0x48, 0x89, 0x24, 0x25]);
        load.extend(data(HOST_STACK));
        // mov eax, DATA_SEGMENT; mov ds, eax; mov es, eax: 32-bit code needs them
        load.push(0xB8);
        load.extend(DATA_SEGMENT.to_le_bytes());
        load.extend([0x8E, 0xD8, 0x8E, 0xC0]);
        // frstor [X87], which may leave an exception waiting
        load.extend([0xDD, 0x24, 0x25]);
        load.extend(data(X87));
        // ldmxcsr [CONTROL]; movdqu xmmN, [XMM + 16 N]; push [FLAGS]; popfq
        load.extend([0x0F, 0xAE, 0x14, 0x25]);
        load.extend(data(CONTROL));
        for number in 0..16 {
            load.extend(xmm_move(0x6F, number));
            load.extend(data(XMM + 16 * u64::from(number)));
        }
        load.extend([0xFF, 0x34, 0x25]);
        load.extend(data(FLAGS));
        load.push(0x9D);
        for number in 0..16 {
            load.extend(general_move(0x8B, number));
            load.extend(data(GENERAL + 8 * u64::from(number)));
        }
        self.put(ENTRY_64, &load);
        let from = ENTRY_64 + load.len() as u64;
        self.put(from, &jump(from, FIRST_GUEST_PAGE + INSTRUCTION_OFFSET));
        // jmp far [FAR_POINTER]
        self.put(ENTRY_32, &load);
        let mut far_jump = vec![0xFF, 0x2C, 0x25];
        far_jump.extend(data(FAR_POINTER));
        self.put(ENTRY_32 + load.len() as u64, &far_jump);
        let mut far_pointer = data(FIRST_GUEST_PAGE + INSTRUCTION_OFFSET).to_vec();
        far_pointer.extend(CODE_32.to_le_bytes());
        self.put(FAR_POINTER, &far_pointer);
        self.write_landing_stubs();
    }

    /// Writes the landing stubs. A stub notes its number, saves the registers and returns to the
    /// host.
    fn write_landing_stubs(&mut self) {
        let base = self.base;
        let data = |offset: u64| ((base + offset) as u32).to_le_bytes();
        for number in 0..2u32 {
            // mov qword [LANDING], number
            let mut save = vec![0x48, 0xC7, 0x04, 0x25];
            save.extend(data(LANDING));
            save.extend(number.to_le_bytes());
            for number in 0..16 {
                save.extend(general_move(0x89, number));
                save.extend(data(GENERAL + 8 * u64::from(number)));
                save.extend(xmm_move(0x7F, number));
                save.extend(data(XMM + 16 * u64::from(number)));
            }
            // mov rsp, [HOST_STACK]; pushfq; pop [FLAGS]; cld
            save.extend([0x48, 0x8B, 0x24, 0x25]);
            save.extend(data(HOST_STACK));
            save.extend([0x9C, 0x8F, 0x04, 0x25]);
            save.extend(data(FLAGS));
            save.push(0xFC);
            // fnsave [X87], which also initializes
            save.extend([0xDD, 0x34, 0x25]);
            save.extend(data(X87));
            // stmxcsr [CONTROL]; ldmxcsr [HOST_CONTROL]
            save.extend([0x0F, 0xAE, 0x1C, 0x25]);
            save.extend(data(CONTROL));
            save.extend([0x0F, 0xAE, 0x14, 0x25]);
            save.extend(data(HOST_CONTROL));
            // pop r15 to r12, rbp, rbx; ret
            save.extend([0x41, 0x5F, 0x41, 0x5E, 0x41, 0x5D, 0x41, 0x5C, 0x5D, 0x5B, 0xC3]);
            self.put(landing_stub(number as usize), &save);
        }
    }

    /// Puts a jump to a landing stub at a guest address.
    fn write_landing(&mut self, mode: Mode, address: u64, number: usize) {
        let offset = address - self.base;
        let stub = landing_stub(number);
        match mode {
            Mode::Bits64 => self.put(offset, &jump(offset, stub)),
            Mode::Bits32 => {
                // jmp far CODE_64:stub
                let mut bytes = vec![0xEA];
                bytes.extend(((self.base + stub) as u32).to_le_bytes());
                bytes.extend(CODE_64.to_le_bytes());
                self.put(offset, &bytes);
            }
        }
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) {
        assert!(offset + bytes.len() as u64 <= MAPPING_BYTES);
        // SAFETY: the place is inside the mapping, as just asserted, and no other code uses it now.
        unsafe {
            let target = (self.base + offset) as *mut u8;
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len());
        }
    }

    fn get<const N: usize>(&self, offset: u64) -> [u8; N] {
        assert!(offset + N as u64 <= MAPPING_BYTES);
        // SAFETY: the place is inside the mapping, as just asserted; bytes have no invalid values.
        unsafe { std::ptr::read_volatile((self.base + offset) as *const [u8; N]) }
    }
}

/// Bytes of the environment in front of the registers.
const X87_ENVIRONMENT: usize = 28;

/// The image of FRSTOR. It has the registers from ST(0) on.
fn x87_image(x87: &X87Registers) -> [u8; 108] {
    let tags =
        (0..8).map(|place| if x87.occupied >> place & 1 == 0 { 3 << (2 * place) } else { 0 });
    let words: [u32; 7] = [
        x87.control.into(),
        x87.status.into(),
        tags.sum(),
        x87.instruction_pointer as u32,
        u32::from(x87.opcode) << 16,
        x87.data_pointer as u32,
        0,
    ];
    let mut image = [0; 108];
    for (place, word) in image.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    let top = usize::from(x87.status >> 11 & 7);
    for (number, place) in image[X87_ENVIRONMENT..].chunks_exact_mut(10).enumerate() {
        place.copy_from_slice(&x87.registers[(top + number) % 8].to_le_bytes()[..10]);
    }
    image
}

/// The registers in an image of FNSAVE.
fn from_x87_image(image: &[u8; 108]) -> X87Registers {
    let word = |at: usize| u16::from_le_bytes([image[at], image[at + 1]]);
    let pointer = |at: usize| u64::from(word(at)) | u64::from(word(at + 2)) << 16;
    let mut x87 = X87Registers {
        registers: [0; 8],
        control: word(0),
        status: word(4),
        occupied: (0..8).filter(|place| word(8) >> (2 * place) & 3 != 3).map(|n| 1 << n).sum(),
        opcode: word(18) & 0x7FF,
        instruction_pointer: pointer(12),
        data_pointer: pointer(20),
    };
    let top = usize::from(x87.status >> 11 & 7);
    for (number, place) in image[X87_ENVIRONMENT..].chunks_exact(10).enumerate() {
        let mut bytes = [0; 16];
        bytes[..10].copy_from_slice(place);
        x87.registers[(top + number) % 8] = u128::from_le_bytes(bytes);
    }
    x87
}

fn landing_stub(number: usize) -> u64 {
    LANDING_STUBS + 0x400 * number as u64
}

/// MOV between a 64-bit register and [disp32], without the displacement.
fn general_move(opcode: u8, number: u8) -> [u8; 4] {
    [0x48 | (number >> 3) << 2, opcode, 0x04 | (number & 7) << 3, 0x25]
}

/// MOVDQU between an SSE register and [disp32], without the displacement.
fn xmm_move(opcode: u8, number: u8) -> [u8; 6] {
    [0xF3, 0x40 | (number >> 3) << 2, 0x0F, opcode, 0x04 | (number & 7) << 3, 0x25]
}

/// JMP rel32 between two offsets.
fn jump(from: u64, to: u64) -> [u8; 5] {
    let [a, b, c, d] = (to.wrapping_sub(from + 5) as u32).to_le_bytes();
    [0xE9, a, b, c, d]
}

/// Turns a fault of the instruction into a landing at stub 0; any other fault stays fatal.
extern "C" fn on_signal(signal: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let base = MAPPING.load(Ordering::SeqCst);
    // SAFETY: the kernel gives a valid context to a handler installed with SA_SIGINFO. The handler
    // only calls `signal` with the default action, which a handler is allowed to do.
    unsafe {
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        // The instruction may have jumped to any address, so RIP does not say which code faulted.
        if !RUNNING.load(Ordering::SeqCst) {
            libc::signal(signal, libc::SIG_DFL);
            return;
        }
        SIGNAL.store(signal, Ordering::SeqCst);
        registers[libc::REG_RIP as usize] = (base + landing_stub(0)) as i64;
        let segments = registers[libc::REG_CSGSFS as usize] as u64;
        registers[libc::REG_CSGSFS as usize] = (segments & !0xFFFF | u64::from(CODE_64)) as i64;
    }
}

fn catch_signals() {
    let signals = [libc::SIGSEGV, libc::SIGFPE, libc::SIGILL, libc::SIGBUS, libc::SIGTRAP];
    for signal in signals {
        // SAFETY: the structure is plain data; the comment in the handler says why the handler is
        // sound for these signals.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            assert_eq!(libc::sigaction(signal, &action, std::ptr::null_mut()), 0);
        }
    }
}
