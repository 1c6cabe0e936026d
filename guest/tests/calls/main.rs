//! Calls into a driver's code, their effects, and how each mistake ends.

#[path = "../../driver-file/tests/image/builder.rs"]
#[allow(dead_code, reason = "shared with the tests of the image")]
mod builder;
mod mistakes;
mod results;
mod time;

use builder::Builder;
use cpu_x86::Mode;
use portcls_driver_file::image::Image;
use portcls_emulator::{Kernel, KernelConfig, Stop};
use portcls_guest::{Guest, GuestOptions};

/// Both bitnesses.
pub const BOTH: [Mode; 2] = [Mode::Bits32, Mode::Bits64];

/// The offset of a test's code in the image.
pub const CODE: u64 = 0x1000;

/// A guest on a new kernel, whose code section begins with `code`. The guest imports `wanted` from
/// ntoskrnl.exe. The pointer to the routine is at offset 2040 of the image.
pub fn guest_with(mode: Mode, code: &[u8], wanted: &str, options: GuestOptions) -> Guest {
    let mut builder = Builder::driver(mode);
    builder.put(0x1000, code);
    builder.put(0x4262, wanted.as_bytes());
    builder.put(0x4262 + wanted.len() as u32, &[0]);
    let image = Image::parse(&builder.build()).expect("a good image");
    Guest::new(&Kernel::new(KernelConfig::default()), &image, options).expect("it fits")
}

/// The guest that [`guest_with`] makes with the import DbgPrint and the usual options.
pub fn guest(mode: Mode, code: &[u8]) -> Guest {
    guest_with(mode, code, "DbgPrint", GuestOptions::default())
}

/// Calls the function at the beginning of the code section.
pub fn call(guest: &Guest, words: &[u64]) -> Result<u64, Stop> {
    let function = guest.loaded().base + CODE;
    guest.kernel().clone().enter(|_| guest.call(function, words))
}

/// The code, parameters and message of the bug check in which a call ends.
pub fn bug_check(guest: &Guest, words: &[u64]) -> (u32, [u64; 4], String) {
    match call(guest, words) {
        Err(Stop::BugCheck(bug)) => (bug.code.number(), bug.parameters, bug.message),
        other => panic!("no bug check: {other:?}"),
    }
}
