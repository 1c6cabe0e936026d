//! The door to WebAssembly: numbers in, numbers out, no imports.
//!
//! The host asks for room ([`lab_room`]), fills it, and says what it is: a file ([`lab_file`]) or a
//! job ([`lab_run`]). Then it asks for the results by their number. There is no `unsafe` here but
//! in the names of the functions, which the linker could confuse with others.

use std::cell::RefCell;
use std::ptr;

use crate::answer::{Answer, Output};
use crate::files::MOST_FILE_BYTES;
use crate::own_fault::guarded;
use crate::{Exit, Lab};

/// The version of this door.
const VERSION: u32 = 1;

/// The longest name of a file, in bytes.
const MOST_NAME_BYTES: usize = 4_096;

thread_local! {
    static LAB: RefCell<Lab> = RefCell::default();
    static ROOM: RefCell<Vec<u8>> = RefCell::default();
    static ANSWER: RefCell<Answer> = RefCell::default();
}

/// The version of this door, 1.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_version() -> u32 {
    VERSION
}

/// Makes room for `length` bytes and says where it is; null if that is too long.
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

/// Takes what is in the room as a file: its name of `name_length` bytes, then its content. The
/// number is an exit code; the result says why a file was refused.
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

/// Forgets all files, all kept traces and the results.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_forget() {
    LAB.with_borrow_mut(Lab::forget);
    ROOM.take();
    ANSWER.take();
}

/// Takes what is in the room as a job, and does it. The number is an exit code, as the program's.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_run() -> u32 {
    let job = ROOM.take();
    // The old results go first: the new ones may need their memory.
    ANSWER.take();
    let answer = guarded(|| LAB.with_borrow_mut(|lab| lab.run(&job)));
    give(answer.unwrap_or_else(|fault| Answer::refused(fault).finish("")))
}

/// How many results the last job has.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output_count() -> usize {
    ANSWER.with_borrow(|answer| answer.outputs.len())
}

/// Where the name of a result is; null if there is none of this number.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output_name(index: usize) -> *const u8 {
    of_output(index, ptr::null(), |output| output.name.as_ptr())
}

/// How many bytes the name of a result has.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output_name_length(index: usize) -> usize {
    of_output(index, 0, |output| output.name.len())
}

/// Where a result is; null if there is none of this number.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output(index: usize) -> *const u8 {
    of_output(index, ptr::null(), |output| output.bytes.as_ptr())
}

/// How many bytes a result has.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn lab_output_length(index: usize) -> usize {
    of_output(index, 0, |output| output.bytes.len())
}

/// A fact of a result; `missing` if there is none of this number.
fn of_output<F>(index: usize, missing: F, fact: impl FnOnce(&Output) -> F) -> F {
    ANSWER.with_borrow(|answer| answer.outputs.get(index).map_or(missing, fact))
}

fn give(answer: Answer) -> u32 {
    let exit = answer.exit as u32;
    ANSWER.set(answer);
    exit
}
