//! The functions that WebAssembly exports: numbers in and out, no imports.
//!
//! The page asks for room ([`lab_room`]), writes a file or a job there, and says which of the two
//! it wrote ([`lab_file`], [`lab_run`]). Then the page asks for the outputs by their number. The
//! output `result` is always one of them. The only `unsafe` here is the exported names: the linker
//! could confuse them with other names.

use std::cell::RefCell;
use std::ptr;

use crate::answer::{Answer, Output};
use crate::files::MOST_FILE_BYTES;
use crate::own_fault::guarded;
use crate::{Exit, Lab};

/// The version of these exports.
const VERSION: u32 = 1;

/// How much of the room the name of a file may take, in bytes. [`Lab::put`] allows only shorter
/// names.
const MOST_NAME_BYTES: usize = 4_096;

thread_local! {
    static LAB: RefCell<Lab> = RefCell::default();
    static ROOM: RefCell<Vec<u8>> = RefCell::default();
    static ANSWER: RefCell<Answer> = RefCell::default();
}

/// The version of these exports, 1.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_version() -> u32 {
    VERSION
}

/// Makes room for `length` bytes and returns its address; null if `length` is above the limit or
/// if there is no memory.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_room(length: usize) -> *mut u8 {
    ROOM.with_borrow_mut(|room| {
        *room = Vec::new();
        if length > MOST_FILE_BYTES + MOST_NAME_BYTES || room.try_reserve_exact(length).is_err() {
            return ptr::null_mut();
        }
        room.resize(length, 0);
        room.as_mut_ptr()
    })
}

/// Takes the bytes in the room as a file: first its name of `name_length` bytes, then its content.
/// Returns an exit code. If the file is refused, the output `result` says why.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_file(name_length: usize) -> u32 {
    let mut name = ROOM.take();
    let content = name.split_off(name_length.min(name.len()));
    let name = String::from_utf8_lossy(&name).into_owned();
    let answer = guarded(|| LAB.with_borrow_mut(|lab| lab.put(&name, content)));
    let answer = match answer {
        Ok(Ok(())) => Answer::new(Exit::Good),
        Ok(Err(refusal)) => Answer::refused(refusal),
        Err(fault) => Answer::refused(fault),
    };
    give(answer.finish("file"))
}

/// Forgets all files, all kept traces and the outputs.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_forget() {
    LAB.with_borrow_mut(Lab::forget);
    ROOM.take();
    ANSWER.take();
}

/// Takes the bytes in the room as a job, and does the job. Returns the exit code that the program
/// would have.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_run() -> u32 {
    let job = ROOM.take();
    // The old outputs are dropped first, because the new outputs may need the memory.
    ANSWER.take();
    let answer = guarded(|| LAB.with_borrow_mut(|lab| lab.run(&job)));
    give(answer.unwrap_or_else(|fault| Answer::refused(fault).finish("")))
}

/// How many outputs the last call of [`lab_run`] or [`lab_file`] made.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output_count() -> usize {
    ANSWER.with_borrow(|answer| answer.outputs.len())
}

/// The address of the name of an output; null if no output has this number.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output_name(index: usize) -> *const u8 {
    of_output(index, ptr::null(), |output| output.name.as_ptr())
}

/// How many bytes the name of an output has.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output_name_length(index: usize) -> usize {
    of_output(index, 0, |output| output.name.len())
}

/// The address of the content of an output; null if no output has this number.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output(index: usize) -> *const u8 {
    of_output(index, ptr::null(), |output| output.bytes.as_ptr())
}

/// How many bytes the content of an output has.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output_length(index: usize) -> usize {
    of_output(index, 0, |output| output.bytes.len())
}

/// A fact of an output; `missing` if no output has this number.
fn of_output<F>(index: usize, missing: F, fact: impl FnOnce(&Output) -> F) -> F {
    ANSWER.with_borrow(|answer| answer.outputs.get(index).map_or(missing, fact))
}

fn give(answer: Answer) -> u32 {
    let exit = answer.exit as u32;
    ANSWER.set(answer);
    exit
}
